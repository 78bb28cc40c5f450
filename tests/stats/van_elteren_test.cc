#include "pinchbeck/stats/van_elteren.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/stats/early_stopping.h"

namespace pinchbeck::stats {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;
using Values = std::vector<double>;

// Sums of a few hundred terms in another order.
constexpr double kTolerance = 1e-10;

const Json& Golden() {
  static const Json golden =
      Json::parse(std::ifstream(std::string(PINCHBECK_SOURCE_DIR) + "/tests/golden/rank.json"));
  return golden;
}

struct Side {
  const char* name;
  Alternative alternative;
};
constexpr Side kSides[] = {{"two_sided", Alternative::kTwoSided},
                           {"observed_greater", Alternative::kObservedGreater},
                           {"observed_less", Alternative::kObservedLess}};

// Keeps the numbers that the spans point to.
struct Strata {
  std::vector<Values> values;
  std::vector<StratumSample> samples;
  void Add(const Values& reference, const Values& observed) {
    values.push_back(reference);
    values.push_back(observed);
    samples.push_back({values[values.size() - 2], values.back()});
  }
};

TEST(VanElterenTest, AgreesWithItsDefinition) {
  ASSERT_GE(Golden()["van_elteren"].size(), 10u);
  for (const Json& item : Golden()["van_elteren"]) {
    SCOPED_TRACE(item["name"].get<std::string>());
    Strata strata;
    for (const Json& s : item["strata"]) strata.Add(s[0].get<Values>(), s[1].get<Values>());
    for (const Side& side : kSides) {
      const auto normal = VanElteren(
          strata.samples, {.method = VanElterenMethod::kAsymptotic, .alternative = side.alternative});
      ASSERT_TRUE(normal.ok()) << normal.status();
      const double statistic = item["statistic"], effect = item["effect"];
      EXPECT_NEAR(normal->statistic, statistic, kTolerance * (1 + std::abs(statistic)));
      EXPECT_NEAR(normal->effect, effect, kTolerance);
      if (item.contains("normal")) {
        const double p = item["normal"][side.name];
        EXPECT_NEAR(normal->p_value, p, kTolerance * p) << side.name;
      }
      if (item.contains("enumerated")) {
        const auto listed = VanElteren(strata.samples, {.alternative = side.alternative});
        ASSERT_TRUE(listed.ok());
        EXPECT_EQ(listed->calibration, Calibration::kExact);
        EXPECT_NEAR(listed->p_value, item["enumerated"][side.name].get<double>(), 1e-12) << side.name;
      }
    }
  }
}

TEST(VanElterenTest, OneStratumOrdersRelabelingsAsMannWhitneyDoes) {
  Strata strata;
  strata.Add({1, 4, 4, 6, 9, 11}, {2, 4, 5, 12});
  for (const Side& side : kSides) {
    const auto stratified = VanElteren(strata.samples, {.alternative = side.alternative});
    const auto plain = MannWhitney(strata.values[0], strata.values[1], {.alternative = side.alternative});
    ASSERT_TRUE(stratified.ok() && plain.ok());
    EXPECT_EQ(stratified->p_value, plain->p_value) << side.name;
    EXPECT_NEAR(stratified->effect, plain->effect, 1e-14);
  }
}

// Probes at very different levels: pooling them would hide the shift, and an unequal mix would create one.
TEST(VanElterenTest, TheMixOfStrataNeitherCreatesNorHidesADifference) {
  Strata shifted, mixed;
  for (int s = 0; s < 8; ++s) {
    const double level = 1000.0 * s;
    shifted.Add({level + 1, level + 2, level + 3}, {level + 4, level + 5, level + 6});
  }
  mixed.Add({1, 2, 3, 4, 5, 6, 7, 8}, {4.5});
  mixed.Add({1005}, {1001, 1002, 1003, 1004, 1006, 1007, 1008, 1009});
  const auto found = VanElteren(shifted.samples), none = VanElteren(mixed.samples);
  ASSERT_TRUE(found.ok() && none.ok());
  EXPECT_LT(found->p_value, 0.001);
  EXPECT_EQ(found->effect, 1);
  EXPECT_GT(none->p_value, 0.5);
}

TEST(VanElterenTest, StrataOfOnePairAreASignTest) {
  Strata strata;
  for (int s = 0; s < 6; ++s) strata.Add({static_cast<double>(s)}, {s + 0.5});
  const auto result = VanElteren(strata.samples);
  ASSERT_TRUE(result.ok());
  EXPECT_NEAR(result->statistic, 1, 1e-14);
  EXPECT_EQ(result->p_value, 2.0 / 64);
}

TEST(VanElterenTest, MonotoneTransformsWithinAStratumChangeNothing) {
  Strata plain, transformed;
  plain.Add({-1, 0, 2, 2}, {0, 3});
  plain.Add({5, 6}, {6, 7, 8});
  transformed.Add({std::exp(-1), 1, std::exp(2), std::exp(2)}, {1, std::exp(3)});
  transformed.Add({125, 216}, {216, 343, 512});
  const auto a = VanElteren(plain.samples), b = VanElteren(transformed.samples);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->statistic, b->statistic);
  EXPECT_EQ(a->p_value, b->p_value);
}

TEST(VanElterenTest, EqualValuesGivePOne) {
  Strata strata;
  strata.Add({2, 2}, {2});
  strata.Add({5}, {5, 5, 5});
  for (const VanElterenMethod method : {VanElterenMethod::kAsymptotic, VanElterenMethod::kPermutation}) {
    const auto result = VanElteren(strata.samples, {.method = method});
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->p_value, 1);
    EXPECT_EQ(result->effect, 0);
  }
}

TEST(VanElterenTest, DefaultMethod) {
  auto calibration = [](std::size_t n, std::size_t tied) {
    Values x(n), y(n);
    for (std::size_t i = 0; i < n; ++i) {
      x[i] = i < tied ? 0 : static_cast<double>(i);
      y[i] = i < tied ? 0 : static_cast<double>(i) + 0.5;
    }
    Strata strata;
    strata.Add(x, y);
    const auto result = VanElteren(strata.samples, {.permutation = {.permutations = 99}});
    EXPECT_TRUE(result.ok());
    return result->calibration;
  };
  EXPECT_EQ(calibration(500, 0), Calibration::kPermutation);
  EXPECT_EQ(calibration(501, 0), Calibration::kAsymptotic);
  EXPECT_EQ(calibration(501, 460), Calibration::kPermutation);
}

// The statistic of many small strata moves in steps that the normal limit does not see: of 502 pairs with 273
// won it makes .0496 where the sign test has .0550.
TEST(VanElterenTest, ManySmallStrataAreRelabeled) {
  Strata strata;
  for (int i = 0; i < 502; ++i) strata.values.push_back({0}), strata.values.push_back({i < 273 ? 1.0 : -1.0});
  for (std::size_t i = 0; i < strata.values.size(); i += 2) {
    strata.samples.push_back({strata.values[i], strata.values[i + 1]});
  }
  const auto result = VanElteren(strata.samples, {.permutation = {.permutations = 99'999}});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->calibration, Calibration::kPermutation);
  // Two binomial tails; the tolerance is four standard deviations of the draws.
  EXPECT_NEAR(result->p_value, 0.0550, 0.003);
  EXPECT_NEAR(VanElteren(strata.samples, {.method = VanElterenMethod::kAsymptotic})->p_value, 0.0496, 0.0001);
}

TEST(VanElterenTest, OneSeedGivesOnePValueForEveryThreadCount) {
  Strata strata;
  strata.Add({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, {3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  strata.Add({1, 2, 3, 4, 5}, {2, 3, 4, 9, 9});
  const auto one = VanElteren(strata.samples, {.permutation = {.permutations = 999, .threads = 1}});
  const auto three = VanElteren(strata.samples, {.permutation = {.permutations = 999, .threads = 3}});
  ASSERT_TRUE(one.ok() && three.ok());
  EXPECT_EQ(one->calibration, Calibration::kPermutation);
  EXPECT_EQ(one->p_value, three->p_value);
}

TEST(VanElterenTest, BadInput) {
  const Values good = {1, 2}, empty, bad = {1, std::numeric_limits<double>::quiet_NaN()};
  struct Case {
    std::vector<StratumSample> strata;
    VanElterenOptions options;
    const char* message;
  };
  const Case cases[] = {{{}, {}, "strata"},
                        {{{good, good}, {empty, good}}, {}, "strata[1].reference"},
                        {{{good, empty}}, {}, "strata[0].observed"},
                        {{{good, bad}}, {}, "strata[0].observed[1] is NaN"},
                        {{{good, good}}, {.permutation = {.permutations = 0}}, "permutations"}};
  for (const Case& c : cases) {
    const auto result = VanElteren(c.strata, c.options);
    EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument) << c.message;
    EXPECT_THAT(std::string(result.status().message()), HasSubstr(c.message));
  }
}

TEST(VanElterenTest, StopsEarlyAtTheAskedNumberOfRelabelings) {
  const Values x = UniformSample(20, 1, 0), y = UniformSample(25, 2, 0), far = UniformSample(25, 2, 9);
  for (const Alternative alternative : {Alternative::kTwoSided, Alternative::kObservedGreater}) {
    ExpectStopsEarly([&](bool different, const PermutationOptions& options) {
      const StratumSample strata[] = {{x, different ? far : y}, {y, different ? far : x}};
      return VanElteren(strata, {.alternative = alternative, .permutation = options});
    });
  }
}

}  // namespace
}  // namespace pinchbeck::stats
