#include "bench/accuracy/choice_contestants.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "bench/accuracy/random.h"

namespace pinchbeck::accuracy {
namespace {

constexpr std::size_t kCategories = 40;

// Shares that fall with the category, turned by `shift`.
std::vector<int> Stream(std::size_t count, int shift, std::uint64_t seed) {
  std::vector<double> cumulative;
  double total = 0;
  for (std::size_t k = 0; k < kCategories; ++k)
    cumulative.push_back(total += 1.0 / static_cast<double>(k + 1));
  stats::CounterRng rng(seed, 0);
  std::vector<int> answers;
  for (std::size_t i = 0; i < count; ++i) {
    answers.push_back((static_cast<int>(DrawIndex(cumulative, rng)) + shift) % static_cast<int>(kCategories));
  }
  return answers;
}

Counts Sample(std::size_t count, int shift, std::uint64_t seed) {
  return CountAnswers(Stream(count, shift, seed), kCategories);
}

TEST(JensenShannonBitsTest, KnownValues) {
  EXPECT_NEAR(JensenShannonBits({10, 0}, {5, 0}), 0, 1e-15);
  EXPECT_NEAR(JensenShannonBits({10, 0}, {0, 7}), 1, 1e-15);
  // H(3/4, 1/4) - (0 + 1) / 2.
  EXPECT_NEAR(JensenShannonBits({8, 0}, {3, 3}), 0.8112781244591328 - 0.5, 1e-12);
}

TEST(BettingTestTest, ReachesItsThresholdOnlyForAnotherModel) {
  const BettingTest test(Sample(240, 0, 1), 240, 0.01, 3);
  EXPECT_GE(test.tolerance(), 0.005);
  EXPECT_LE(test.tolerance(), 0.5);
  EXPECT_LT(test.LargestWealth(Stream(240, 0, 2)), 1);
  EXPECT_GE(test.LargestWealth(std::vector<int>(240, 39)), 1);
}

TEST(BettingTestTest, WealthFollowsTheDefinition) {
  // One category in the reference: the support is it (10 answers) and the others (0.5).
  const BettingTest test({10, 0}, 1, 0.01, 3);
  const double p_other = 1.0 / 11.5;
  const double expected = std::log(0.5 + 0.5 * 0.5 / p_other) - test.tolerance();
  EXPECT_NEAR(test.LargestWealth(std::vector<int>{1}), expected / std::log(100), 1e-12);
}

TEST(BayesFactorTestTest, HasFourStates) {
  const Counts claimed = Sample(240, 0, 1), other = Sample(240, 6, 2), third = Sample(240, 13, 3);
  const std::vector<const Counts*> references = {&claimed, &other, &third};
  using State = BayesFactorTest::State;
  const BayesFactorTest test(references, 0, 100, 5);
  EXPECT_EQ(test.Run(Sample(100, 0, 4)).state, State::kSupported);
  EXPECT_EQ(test.Run(Sample(100, 6, 4)).state, State::kSuspectedKnown);
  EXPECT_GT(test.Run(Sample(100, 6, 4)).log_bayes_factor, 0);
  const BayesFactorTest small(references, 0, 20, 5);
  EXPECT_EQ(small.Run(Sample(20, 6, 4)).state, State::kInsufficient);
}

TEST(BayesFactorTestTest, CallsNoKnownModelAnAnomaly) {
  const Counts claimed = Sample(240, 0, 1);
  const std::vector<const Counts*> references = {&claimed};
  const BayesFactorTest test(references, 0, 100, 5);
  // Alone in the library the claimed model has all the posterior, and every excess is taken for drift.
  EXPECT_EQ(test.Run(Sample(100, 20, 4)).state, BayesFactorTest::State::kSupported);
  const Counts twin = Sample(240, 0, 9);
  const std::vector<const Counts*> twins = {&claimed, &twin};
  const BayesFactorTest open(twins, 0, 100, 5);
  // Half of what both know, half of what neither does.
  Counts strange = Sample(50, 0, 4);
  strange[37] += 50;
  const BayesFactorTest::Result result = open.Run(strange);
  EXPECT_NE(result.state, BayesFactorTest::State::kSupported);
}

}  // namespace
}  // namespace pinchbeck::accuracy
