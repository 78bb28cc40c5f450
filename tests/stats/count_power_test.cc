// tests/golden/make_sequential_golden.py made the expected numbers.
#include "pinchbeck/stats/count_power.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pinchbeck/internal/absl_strings.h"

namespace pinchbeck::stats {
namespace {

TEST(CountPowerTest, AgreesWithEnumeration) {
  const auto golden = nlohmann::json::parse(
      std::ifstream(std::string(PINCHBECK_SOURCE_DIR) + "/tests/golden/sequential.json"));
  ASSERT_GE(golden["power"].size(), 2u);
  for (const auto& item : golden["power"]) {
    CountPowerOptions options;
    options.simulation = {.alpha = item["alpha"], .runs = 5000, .seed = 11, .confidence = 0.999999};
    options.share = item["share"];
    options.n_reference = item["n_reference"];
    options.null_runs = 50000;
    const auto power = CountPower(std::vector<CountPowerCell>{{item["claimed"], item["substitute"]}},
                                  item["n_observed"].get<std::int64_t>(), options);
    ASSERT_TRUE(power.ok()) << power.status();
    // The interval fails with chance 1e-6 for another seed.
    EXPECT_LT(power->low, item["power"].get<double>());
    EXPECT_GT(power->high, item["power"].get<double>());
    EXPECT_LT(power->monte_carlo_error, 0.03);
  }
}

std::vector<CountPowerCell> Cells() {
  return {{{50, 30, 20, 0}, {20, 20, 40, 20}}, {{10, 90}, {30, 70}}, {{7}, {3}}};
}

TEST(CountPowerTest, GrowsWithSizeAndShare) {
  double last = 0;
  for (const std::int64_t n : {5, 20, 80}) {
    const auto power = CountPower(Cells(), n, {.share = 0.5});
    ASSERT_TRUE(power.ok());
    EXPECT_GT(power->power, last);
    last = power->power;
  }
  EXPECT_LT(CountPower(Cells(), 80, {.share = 0.2})->power, last);
}

TEST(CountPowerTest, HonestSubstituteIsRejectedAtTheLevelOnly) {
  const auto power = CountPower(std::vector<CountPowerCell>{{{50, 30, 20}, {50, 30, 20}}}, 50,
                                {.simulation = {.alpha = 0.05, .runs = 4000}, .null_runs = 20000});
  EXPECT_NEAR(power->power, 0.05, 5 * std::sqrt(0.05 * 0.95 / 4000));
}

TEST(CountPowerTest, OneCategoryNeverRejects) {
  EXPECT_EQ(CountPower(std::vector<CountPowerCell>{{{7}, {3}}}, 50)->power, 0);
}

TEST(CountPowerTest, RequiredSampleSize) {
  const auto result = RequiredCountSampleSize(Cells(), {.target_power = 0.8});
  ASSERT_TRUE(result.ok());
  ASSERT_TRUE(result->n.has_value());
  EXPECT_GT(CountPower(Cells(), *result->n + *result->n / 2)->power, 0.8);
  EXPECT_LT(CountPower(Cells(), *result->n - *result->n / 2)->power, 0.8);
  EXPECT_EQ(RequiredCountSampleSize(Cells(), {.target_power = 0.8})->n, result->n);
}

TEST(CountPowerTest, BadInput) {
  struct Case {
    const char* message;
    std::vector<CountPowerCell> cells;
    std::int64_t n = 10;
    CountPowerOptions options = {};
  };
  const std::int64_t huge = std::numeric_limits<std::int64_t>::max();
  const std::vector<CountPowerCell> good = {{{1, 2}, {2, 1}}};
  const std::vector<Case> cases = {{"cells", {}},
                                   {"claimed", {{{0, 0}, {2, 1}}}},
                                   {"substitute", {{{1, 2}, {0, 0}}}},
                                   {"substitute[0]", {{{1, 2}, {-1, 2}}}},
                                   {"categories", {{{1, 2}, {1, 2, 3}}}},
                                   {"claimed", {{{1 << 25, 2}, {2, 1}}}},
                                   {"n_observed", good, 0},
                                   {"n_observed", good, huge},
                                   {"n_reference", good, 10, {.n_reference = -1}},
                                   {"n_reference", good, 10, {.n_reference = huge}},
                                   {"share", good, 10, {.share = 0}},
                                   {"share", good, 10, {.share = std::nan("")}},
                                   {"null_runs", good, 10, {.null_runs = 0}},
                                   {"null_runs", good, 10, {.null_runs = 18}},
                                   {"null_runs", good, 10, {.null_runs = huge}},
                                   {"alpha", good, 10, {.simulation = {.alpha = 1}}},
                                   {"runs", good, 10, {.simulation = {.runs = 0}}}};
  for (const Case& item : cases) {
    const auto power = CountPower(item.cells, item.n, item.options);
    ASSERT_EQ(power.status().code(), absl::StatusCode::kInvalidArgument) << item.message;
    EXPECT_THAT(pinchbeck::internal::Message(power.status()), testing::HasSubstr(item.message));
  }
}

}  // namespace
}  // namespace pinchbeck::stats
