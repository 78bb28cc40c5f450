// tests/golden/make_sequential_golden.py made the expected numbers.
#include "pinchbeck/stats/change_detection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck::stats {
namespace {

using Json = nlohmann::json;

// Relative error of 60 products and sums, in the logarithm.
constexpr double kTolerance = 1e-9;

const Json& Golden() {
  static const Json golden =
      Json::parse(std::ifstream(std::string(PINCHBECK_SOURCE_DIR) + "/tests/golden/sequential.json"));
  return golden;
}

TEST(ChangeDetectorTest, AgreesWithTheDoubleSum) {
  ASSERT_GE(Golden()["detector"].size(), 3u);
  for (const Json& item : Golden()["detector"]) {
    SCOPED_TRACE(item["name"].get<std::string>());
    auto detector = ChangeDetector::Create(item["weights"].get<std::vector<double>>(), 0.01);
    ASSERT_TRUE(detector.ok());
    EXPECT_EQ(detector->log_statistic(), -std::numeric_limits<double>::infinity());
    EXPECT_EQ(detector->EstimatedChange(), 0);
    std::int64_t first_alarm = 0;
    for (std::size_t t = 0; t < item["e_values"].size(); ++t) {
      ASSERT_TRUE(detector->Update(item["e_values"][t].get<std::vector<double>>()).ok());
      const Json& expected = item["log_statistic"][t];
      if (expected.is_null()) {
        EXPECT_EQ(detector->log_statistic(), -std::numeric_limits<double>::infinity());
      } else {
        ASSERT_NEAR(detector->log_statistic(), expected.get<double>(), kTolerance) << t;
        if (first_alarm == 0 && expected.get<double>() >= std::log(100)) {
          first_alarm = static_cast<std::int64_t>(t) + 1;
        }
      }
      EXPECT_EQ(detector->EstimatedChange(), item["estimated_change"][t].get<std::int64_t>()) << t;
      EXPECT_EQ(detector->first_alarm(), first_alarm);
    }
  }
}

TEST(ChangeDetectorTest, ForgetsTheHonestPast) {
  // Wealth lost over 5,000 honest observations would need thousands to win back.
  auto detector = ChangeDetector::Create(std::vector<double>{1}, 0.001);
  CounterRng rng(1, 1);
  double log_wealth = 0;
  const auto feed = [&](double chance) {
    const double e = rng.Uniform() < chance ? 1.5 : 0.5;
    log_wealth += std::log(e);
    ASSERT_TRUE(detector->Update(std::vector<double>{e}).ok());
  };
  for (int t = 0; t < 5000 && detector->first_alarm() == 0; ++t) feed(0.5);
  detector->Reset();
  for (int t = 0; t < 1000; ++t) feed(0.45);
  EXPECT_EQ(detector->first_alarm(), 0);
  for (int t = 0; t < 200; ++t) feed(0.9);
  EXPECT_LT(log_wealth, 0);
  EXPECT_GT(detector->first_alarm(), 1000);
  EXPECT_NEAR(static_cast<double>(detector->EstimatedChange()), 1001, 15);
  EXPECT_TRUE(detector->alarm());
  EXPECT_NEAR(detector->MeanRunBound(), 1000, 1e-9);
}

TEST(ChangeDetectorTest, StableFarBeyondTheRangeOfDoubles) {
  auto detector = ChangeDetector::Create(std::vector<double>{1, 1}, 0.01);
  for (int t = 0; t < 1000; ++t) ASSERT_TRUE(detector->Update(std::vector<double>{1e300, 1e-300}).ok());
  EXPECT_NEAR(detector->log_statistic(), 1000 * std::log(1e300) - std::log(2), 1e-6);
  for (int t = 0; t < 999; ++t) ASSERT_TRUE(detector->Update(std::vector<double>{1e-300, 1}).ok());
  EXPECT_NEAR(detector->log_statistic(), std::log(1e300) - std::log(2), 1e-6);
  ASSERT_TRUE(detector->Update(std::vector<double>{0, 0}).ok());
  EXPECT_EQ(detector->log_statistic(), -std::numeric_limits<double>::infinity());
  ASSERT_TRUE(detector->Update(std::vector<double>{2, 2}).ok());
  EXPECT_NEAR(detector->log_statistic(), std::log(2), 1e-12);
}

TEST(ChangeDetectorTest, RestartContinuesIdentically) {
  for (const Json& item : Golden()["detector"]) {
    const auto weights = item["weights"].get<std::vector<double>>();
    auto whole = ChangeDetector::Create(weights, 0.01), first = whole, second = whole;
    for (std::size_t t = 0; t < item["e_values"].size(); ++t) {
      const auto e = item["e_values"][t].get<std::vector<double>>();
      ASSERT_TRUE(whole->Update(e).ok());
      ASSERT_TRUE((t < 6 ? first : second)->Update(e).ok());
      if (t == 5) {
        ASSERT_TRUE(second->Restore(first->state()).ok());
      }
    }
    EXPECT_EQ(whole->log_statistic(), second->log_statistic());
    EXPECT_EQ(whole->EstimatedChange(), second->EstimatedChange());
    EXPECT_EQ(whole->first_alarm(), second->first_alarm());
  }
}

TEST(ChangeDetectorTest, BadInput) {
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  const auto bad = absl::StatusCode::kInvalidArgument;
  for (const double alpha : {0.0, 1.0, -1.0, nan}) {
    const auto detector = ChangeDetector::Create(std::vector<double>{1}, alpha);
    EXPECT_EQ(detector.status().code(), bad);
    EXPECT_THAT(pinchbeck::internal::Message(detector.status()), testing::HasSubstr("alpha"));
  }
  for (const std::vector<double>& weights :
       {std::vector<double>{}, std::vector<double>{0, 0}, std::vector<double>{1, -1},
        std::vector<double>{nan}, std::vector<double>{infinity}, std::vector<double>{1e308, 1e308}}) {
    EXPECT_EQ(ChangeDetector::Create(weights, 0.05).status().code(), bad);
  }
  auto detector = ChangeDetector::Create(std::vector<double>{1, 2}, 0.05);
  for (const std::vector<double>& e : {std::vector<double>{1}, std::vector<double>{1, -1},
                                       std::vector<double>{nan, 1}, std::vector<double>{1, infinity}}) {
    EXPECT_EQ(detector->Update(e).code(), bad);
  }
  EXPECT_EQ(detector->observations(), 0);
}

TEST(ChangeDetectorTest, BrokenStatesAreRefused) {
  auto detector = ChangeDetector::Create(std::vector<double>{1, 2}, 0.05);
  ASSERT_TRUE(detector->Update(std::vector<double>{1, 2}).ok());
  const ChangeDetectorState intact = detector->state();
  const std::vector<std::function<void(ChangeDetectorState*)>> damages = {
      [](auto* s) { s->version = 7; },
      [](auto* s) { s->observations = -1; },
      [](auto* s) { s->first_alarm = 2; },
      [](auto* s) { s->sum.clear(); },
      [](auto* s) { s->sum[0] = std::nan(""); },
      [](auto* s) { s->sum[0] = -1; },
      [](auto* s) { s->sum_exponent[0] = -1; },
      [](auto* s) { s->product[1] = 1e300; },
      [](auto* s) { s->product_exponent[1] = std::numeric_limits<std::int64_t>::max(); },
      [](auto* s) { s->start[0] = 0; },
      [](auto* s) { s->start[0] = 2; }};
  for (std::size_t i = 0; i < damages.size(); ++i) {
    ChangeDetectorState state = intact;
    damages[i](&state);
    EXPECT_EQ(detector->Restore(state).code(), absl::StatusCode::kInvalidArgument) << i;
  }
  EXPECT_TRUE(detector->Restore(intact).ok());
}

TEST(ChangeDetectorTest, AComponentWithoutWeightHidesNoOther) {
  auto detector = ChangeDetector::Create(std::vector<double>{0, 1}, 0.01);
  ASSERT_TRUE(detector.ok());
  for (int t = 0; t < 30; ++t) ASSERT_TRUE(detector->Update(std::vector<double>{1e300, 1.5}).ok());
  // sum over starts of 1.5^k, k = 1 .. 30
  EXPECT_NEAR(detector->log_statistic(), std::log(3 * (std::pow(1.5, 30) - 1)), 1e-9);
  EXPECT_TRUE(detector->alarm());
  EXPECT_FALSE(ChangeDetector::Create(std::vector<double>{1e-101, 1}, 0.01).ok());
}

}  // namespace
}  // namespace pinchbeck::stats
