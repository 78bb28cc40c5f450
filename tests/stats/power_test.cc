// tests/golden/make_sequential_golden.py made the expected numbers.
#include "pinchbeck/stats/power.h"

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

TEST(ClopperPearsonTest, AgreesWithSciPy) {
  const auto golden = nlohmann::json::parse(
      std::ifstream(std::string(PINCHBECK_SOURCE_DIR) + "/tests/golden/sequential.json"));
  ASSERT_GE(golden["clopper_pearson"].size(), 6u);
  for (const auto& item : golden["clopper_pearson"]) {
    const auto interval = ClopperPearson(item["successes"], item["trials"], item["confidence"]);
    ASSERT_TRUE(interval.ok());
    // SciPy's quantiles are good to about 1e-10.
    EXPECT_NEAR(interval->low, item["lower"].get<double>(), 1e-9);
    EXPECT_NEAR(interval->high, item["upper"].get<double>(), 1e-9);
  }
}

// Bisection in exact rational arithmetic on the two binomial tails (python3, fractions and math.comb).
TEST(ClopperPearsonTest, EqualsExactArithmetic) {
  const struct {
    std::int64_t successes, trials;
    double confidence, low, high;
  } cases[] = {{0, 10, 0.95, 0.0, 0.30849710781873796},
               {3, 10, 0.95, 0.06673951117772958, 0.6524528500599729},
               {10, 10, 0.99, 0.5887040186524644, 1.0}};
  for (const auto& c : cases) {
    const auto interval = ClopperPearson(c.successes, c.trials, c.confidence);
    ASSERT_TRUE(interval.ok()) << interval.status();
    EXPECT_NEAR(interval->low, c.low, 1e-11);
    EXPECT_NEAR(interval->high, c.high, 1e-11);
  }
}

TEST(ClopperPearsonTest, CoversEveryChance) {
  constexpr std::int64_t kTrials = 11;
  for (double chance = 0.01; chance < 1; chance += 0.01) {
    double covered = 0;
    for (std::int64_t k = 0; k <= kTrials; ++k) {
      const auto interval = ClopperPearson(k, kTrials, 0.95);
      ASSERT_TRUE(interval.ok());
      if (interval->low > chance || interval->high < chance) continue;
      covered += BinomialUpperTail(k, kTrials, chance) - BinomialUpperTail(k + 1, kTrials, chance);
    }
    EXPECT_GE(covered, 0.95 - 1e-9) << chance;
  }
}

TEST(ClopperPearsonTest, BadInput) {
  const auto bad = absl::StatusCode::kInvalidArgument;
  EXPECT_EQ(ClopperPearson(0, 0, 0.95).status().code(), bad);
  EXPECT_EQ(ClopperPearson(-1, 5, 0.95).status().code(), bad);
  EXPECT_EQ(ClopperPearson(6, 5, 0.95).status().code(), bad);
  EXPECT_EQ(ClopperPearson(1, 5, 1).status().code(), bad);
  EXPECT_EQ(ClopperPearson(1, 5, std::nan("")).status().code(), bad);
}

// Rejects with a known chance.
absl::StatusOr<double> Coin(std::uint64_t seed, double chance) {
  return CounterRng(seed, 0).Uniform() < chance ? 0.01 : 0.5;
}

TEST(EstimatePowerTest, CoversAKnownPower) {
  const auto power = EstimatePower([](std::uint64_t seed) { return Coin(seed, 0.7); },
                                   {.alpha = 0.01, .runs = 4000, .seed = 3, .confidence = 0.999999});
  ASSERT_TRUE(power.ok());
  // Chance of failure 1e-6 for another seed.
  EXPECT_LT(power->low, 0.7);
  EXPECT_GT(power->high, 0.7);
  EXPECT_EQ(power->runs, 4000);
  EXPECT_EQ(power->power, static_cast<double>(power->rejections) / 4000);
  EXPECT_NEAR(power->monte_carlo_error, std::sqrt(0.7 * 0.3 / 4000), 2e-4);
  const auto again = EstimatePower([](std::uint64_t seed) { return Coin(seed, 0.7); },
                                   {.alpha = 0.01, .runs = 4000, .seed = 3});
  EXPECT_EQ(again->rejections, power->rejections);
}

TEST(EstimatePowerTest, ErrorIsNotZeroAtTheEnds) {
  for (const double chance : {0.0, 1.0}) {
    const auto power = EstimatePower([=](std::uint64_t seed) { return Coin(seed, chance); }, {.runs = 100});
    EXPECT_EQ(power->power, chance);
    EXPECT_GT(power->monte_carlo_error, 0);
    EXPECT_GT(power->high - power->low, 0.01);
  }
}

TEST(EstimatePowerTest, BadInput) {
  const auto bad = absl::StatusCode::kInvalidArgument;
  const auto fine = [](std::uint64_t) -> absl::StatusOr<double> { return 1; };
  EXPECT_EQ(EstimatePower(fine, {.alpha = 0}).status().code(), bad);
  EXPECT_EQ(EstimatePower(fine, {.runs = 0}).status().code(), bad);
  EXPECT_EQ(EstimatePower(fine, {.confidence = 1}).status().code(), bad);
  EXPECT_EQ(EstimatePower(nullptr).status().code(), bad);
  for (const double p : {-0.1, 1.1, std::nan("")}) {
    EXPECT_EQ(EstimatePower([=](std::uint64_t) -> absl::StatusOr<double> { return p; }).status().code(), bad);
  }
  const auto failing = [](std::uint64_t) -> absl::StatusOr<double> { return absl::UnavailableError("away"); };
  EXPECT_EQ(EstimatePower(failing).status().code(), absl::StatusCode::kUnavailable);
}

// Power 1 - exp(-n / 100): 0.9 is reached at 230.3.
absl::StatusOr<PowerEstimate> Known(std::int64_t n, std::uint64_t seed) {
  return EstimatePower([n](std::uint64_t s) { return Coin(s, 1 - std::exp(-static_cast<double>(n) / 100)); },
                       {.runs = 4000, .seed = seed});
}

TEST(RequiredSampleSizeTest, FindsTheKnownSize) {
  const auto result = RequiredSampleSize(Known, {.seed = 5});
  ASSERT_TRUE(result.ok());
  ASSERT_TRUE(result->n.has_value());
  // Slope .001 per response, error .0047: off by about 5, so 25 is five standard deviations.
  EXPECT_NEAR(static_cast<double>(*result->n), 230, 25);
  EXPECT_TRUE(result->monotone);
  EXPECT_LE(result->n_low, *result->n);
  ASSERT_TRUE(result->n_high.has_value());
  EXPECT_GE(*result->n_high, *result->n);
  EXPECT_LE(result->steps.size(), 20u);
  EXPECT_NEAR(result->power.power, 0.9, 0.03);
  for (std::size_t i = 1; i < result->steps.size(); ++i)
    EXPECT_LT(result->steps[i - 1].n, result->steps[i].n);
}

TEST(RequiredSampleSizeTest, SmallestAndUnreachable) {
  const auto easy = RequiredSampleSize(Known, {.smallest = 2000});
  EXPECT_EQ(easy->n, 2000);
  const auto hard = RequiredSampleSize(Known, {.largest = 100});
  EXPECT_FALSE(hard->n.has_value());
  EXPECT_FALSE(hard->n_high.has_value());
  EXPECT_NEAR(hard->power.power, 1 - std::exp(-1), 0.05);
  EXPECT_EQ(hard->steps.back().n, 100);
}

TEST(RequiredSampleSizeTest, FallingPowerIsReported) {
  const auto falling = [](std::int64_t n, std::uint64_t seed) {
    return EstimatePower([n](std::uint64_t s) { return Coin(s, 1.0 / static_cast<double>(n + 1)); },
                         {.seed = seed});
  };
  const auto result = RequiredSampleSize(falling, {.largest = 64});
  ASSERT_TRUE(result.ok());
  EXPECT_FALSE(result->monotone);
}

TEST(RequiredSampleSizeTest, BadInput) {
  const auto bad = absl::StatusCode::kInvalidArgument;
  EXPECT_EQ(RequiredSampleSize(Known, {.target_power = 1}).status().code(), bad);
  EXPECT_EQ(RequiredSampleSize(Known, {.smallest = 0}).status().code(), bad);
  EXPECT_EQ(RequiredSampleSize(Known, {.smallest = 5, .largest = 4}).status().code(), bad);
  EXPECT_EQ(RequiredSampleSize(Known, {.largest = std::numeric_limits<std::int64_t>::max()}).status().code(),
            bad);
  EXPECT_EQ(RequiredSampleSize(nullptr).status().code(), bad);
  const auto failing = [](std::int64_t, std::uint64_t) -> absl::StatusOr<PowerEstimate> {
    return absl::UnavailableError("away");
  };
  const auto result = RequiredSampleSize(failing);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(pinchbeck::internal::Message(result.status()), testing::HasSubstr("away"));
}

}  // namespace
}  // namespace pinchbeck::stats
