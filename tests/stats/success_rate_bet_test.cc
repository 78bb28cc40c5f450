#include "pinchbeck/stats/success_rate_bet.h"

#include <gtest/gtest.h>

#include <cmath>

#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck::stats {
namespace {

TEST(SuccessRateBetTest, IsTheMeanOfTheProducts) {
  auto bet = SuccessRateBet::Create(0.8);
  ASSERT_TRUE(bet.ok());
  const bool outcomes[] = {false, true, false, false, true, false};
  double products[] = {1, 1, 1, 1, 1};
  const double fractions[] = {0.05, 0.1, 0.25, 0.5, 0.9};
  for (const bool success : outcomes) {
    bet->Update(success);
    double mean = 0;
    for (int b = 0; b < 5; ++b) {
      products[b] *= 1 + fractions[b] / 0.2 * (0.8 - (success ? 1 : 0));
      mean += products[b] / 5;
    }
    EXPECT_NEAR(std::exp(bet->wealth().log_wealth), mean, 1e-12 * mean);
  }
}

// As the comment of the class states; after four the wealth is (4.6^4 + 3^4 + 2^4 + 1.4^4 + 1.2^4) / 5 = 110.
TEST(SuccessRateBetTest, FailuresInARowDecideAndOneDoesNot) {
  auto bet = SuccessRateBet::Create(0.8);
  ASSERT_TRUE(bet.ok());
  bet->Update(false);
  EXPECT_GT(bet->p_value(), 0.3);
  for (int i = 0; i < 2; ++i) bet->Update(false);
  EXPECT_GT(bet->p_value(), 0.01);
  bet->Update(false);
  EXPECT_LE(bet->p_value(), 0.01);
}

// Expected share of runs that ever fall to 0.05 within 200 answers at the promised rate: at most 0.05. 4,000
// runs have a standard deviation of 0.0034, so a valid test fails with a chance below 1e-5.
TEST(SuccessRateBetTest, KeepsItsLevelAtEveryStoppingTime) {
  for (const double promised : {0.5, 0.8, 0.95}) {
    int rejected = 0;
    constexpr int kRuns = 4000;
    for (int run = 0; run < kRuns; ++run) {
      CounterRng rng(17, static_cast<std::uint64_t>(run));
      auto bet = SuccessRateBet::Create(promised);
      ASSERT_TRUE(bet.ok());
      for (int i = 0; i < 200; ++i) bet->Update(rng.Uniform() < promised);
      rejected += bet->p_value() <= 0.05 ? 1 : 0;
    }
    EXPECT_LE(rejected, kRuns * (0.05 + 4.5 * 0.0034)) << promised;
  }
}

TEST(SuccessRateBetTest, ForgedSuccessesLoseWealthAndLateFailuresStillCount) {
  auto bet = SuccessRateBet::Create(0.8);
  ASSERT_TRUE(bet.ok());
  for (int i = 0; i < 30; ++i) bet->Update(true);
  EXPECT_EQ(bet->p_value(), 1.0);
  for (int i = 0; i < 60; ++i) bet->Update(false);
  EXPECT_LE(bet->p_value(), 0.01);
}

TEST(SuccessRateBetTest, TheRateIsAProperShare) {
  for (const double bad : {0.0, 1.0, -0.5, std::nan("")}) {
    EXPECT_EQ(SuccessRateBet::Create(bad).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace pinchbeck::stats
