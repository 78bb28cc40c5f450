#include "pinchbeck/stats/sample_power.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/stats/mann_whitney.h"
#include "pinchbeck/stats/special_functions.h"

namespace pinchbeck::stats {
namespace {

using ::testing::HasSubstr;
using Values = std::vector<double>;

absl::StatusOr<double> RankTest(std::span<const double> reference, std::span<const double> observed) {
  const auto result = MannWhitney(reference, observed);
  if (!result.ok()) return result.status();
  return result->p_value;
}

Values Even(double from) {
  Values values;
  for (int i = 0; i < 1000; ++i) values.push_back(from + i / 1000.0);
  return values;
}

// A thousandth of the exact test's time.
absl::StatusOr<double> NormalRankTest(std::span<const double> reference, std::span<const double> observed) {
  const auto result = MannWhitney(reference, observed, {.method = MannWhitneyMethod::kAsymptotic});
  if (!result.ok()) return result.status();
  return result->p_value;
}

TEST(SamplePowerTest, EqualReferencesRejectAtTheLevelAndSeparateOnesAlways) {
  const Values claimed = Even(0);
  const SamplePowerOptions options{.simulation = {.alpha = 0.05, .runs = 2000, .seed = 3}, .n_reference = 60};
  const auto null = SamplePower(claimed, claimed, 40, NormalRankTest, options);
  ASSERT_TRUE(null.ok()) << null.status();
  // Ties between draws are rare; five standard deviations.
  EXPECT_NEAR(null->power, 0.05, 5 * std::sqrt(0.05 * 0.95 / 2000));
  EXPECT_EQ(SamplePower(claimed, Even(2), 40, NormalRankTest, options)->power, 1);
}

// Normal approximation of the rank test: power = Phi((theta - 1/2) / sd - 1.96) with theta = P(y > x).
TEST(SamplePowerTest, AgreesWithTheRankTestsPower) {
  const Values claimed = Even(0), shifted = Even(0.15);
  const SamplePowerOptions options{.simulation = {.alpha = 0.05, .runs = 2000, .seed = 4},
                                   .n_reference = 100};
  const auto power = SamplePower(claimed, shifted, 100, NormalRankTest, options);
  ASSERT_TRUE(power.ok());
  const double theta = 1 - 0.85 * 0.85 / 2, sd = std::sqrt(201.0 / (12 * 100 * 100));
  const double expected = NormalUpperTail(1.96 - (theta - 0.5) / sd);
  EXPECT_NEAR(power->power, expected, 0.05) << "the variance under the alternative is a little smaller";
  SamplePowerOptions half = options;
  half.share = 0.5;
  EXPECT_LT(SamplePower(claimed, shifted, 100, NormalRankTest, half)->power, power->power);
  EXPECT_EQ(SamplePower(claimed, shifted, 100, NormalRankTest, options)->rejections, power->rejections);
}

TEST(SamplePowerTest, FindsTheSmallestSize) {
  // All observed values beyond all 250 of the reference: 2 / C(250 + n, n) is at most 0.001 from n = 2 on.
  const auto size = RequiredTestSampleSize(Even(0), Even(2), RankTest, {.largest = 100},
                                           {.simulation = {.alpha = 0.001, .runs = 50}});
  ASSERT_TRUE(size.ok()) << size.status();
  EXPECT_EQ(size->n, 2);
}

TEST(SamplePowerTest, BadInput) {
  const Values good = {1, 2, 3}, bad = {1, std::numeric_limits<double>::quiet_NaN()};
  const auto message = [](const absl::StatusOr<PowerEstimate>& result) {
    EXPECT_FALSE(result.ok());
    return std::string(result.status().message());
  };
  EXPECT_THAT(message(SamplePower({}, good, 5, RankTest)), HasSubstr("claimed"));
  EXPECT_THAT(message(SamplePower(good, bad, 5, RankTest)), HasSubstr("substitute[1]"));
  EXPECT_THAT(message(SamplePower(good, good, 0, RankTest)), HasSubstr("n_observed is 0"));
  EXPECT_THAT(message(SamplePower(good, good, 5, nullptr)), HasSubstr("test is empty"));
  EXPECT_THAT(message(SamplePower(good, good, 5, RankTest, {.share = 0})), HasSubstr("share"));
  const auto fails = [](std::span<const double>, std::span<const double>) -> absl::StatusOr<double> {
    return absl::InternalError("no luck");
  };
  EXPECT_THAT(message(SamplePower(good, good, 5, fails)), HasSubstr("no luck"));
}

}  // namespace
}  // namespace pinchbeck::stats
