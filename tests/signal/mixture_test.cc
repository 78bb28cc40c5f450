#include "pinchbeck/signal/mixture.h"

#include <gtest/gtest.h>

#include "tests/signal/observations.h"

namespace pinchbeck {
namespace {

// Each answer from the alternative's distribution with probability q.
SampleSet Mixed(double q, std::uint64_t seed) {
  const std::vector<Observation> claimed = RandomChoices(6, 80, 0, seed),
                                 other = RandomChoices(6, 80, 2, seed + 1);
  stats::CounterRng rng(seed, 99);
  std::vector<Observation> mixed;
  for (std::size_t i = 0; i < claimed.size(); ++i) mixed.push_back(rng.Uniform() < q ? other[i] : claimed[i]);
  return Build(mixed);
}

TEST(MixtureTest, IntervalCoversTheTrueShare) {
  for (const double q : {0.0, 0.25, 0.5, 1.0}) {
    int covered = 0;
    double sum = 0;
    constexpr int kDraws = 60;
    for (std::uint64_t draw = 0; draw < kDraws; ++draw) {
      const SampleSet reference = Build(RandomChoices(6, 120, 0, 1000 + 10 * draw));
      const SampleSet alternative = Build(RandomChoices(6, 120, 2, 5000 + 10 * draw));
      const auto estimate = EstimateChoiceMixture(reference, Mixed(q, 9000 + 10 * draw), alternative);
      ASSERT_TRUE(estimate.has_value());
      covered += estimate->low <= q && q <= estimate->high;
      sum += estimate->fraction;
    }
    EXPECT_GE(covered, 51) << "of " << kDraws << " at q = " << q;
    EXPECT_NEAR(sum / kDraws, q, 0.05) << q;
  }
}

TEST(MixtureTest, ModelsThatCannotBeToldApartGiveNoEstimate) {
  const SampleSet a = Build(RandomChoices(3, 40, 0, 1)), b = Build(RandomChoices(3, 40, 0, 2));
  EXPECT_FALSE(EstimateChoiceMixture(a, a, b).has_value());
  EXPECT_FALSE(EstimateChoiceMixture(a, Build({ChoiceAnswer("elsewhere", "1")}), b).has_value());
}

}  // namespace
}  // namespace pinchbeck
