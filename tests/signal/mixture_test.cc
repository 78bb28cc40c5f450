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

// The full check of the limit's error rate is in tests/calibration/gates_calibration_test.cc.
TEST(UnknownShareTest, LimitIsBelowTheShareAndNotFarBelow) {
  const SampleSet reference = Build(RandomChoices(6, 200, 0, 1));
  // Another model altogether: its answers 0 .. 9 are unlike the reference's.
  std::vector<Observation> foreign = RandomChoices(6, 80, 0, 2);
  for (Observation& observation : foreign) observation.response.text = "x" + *observation.response.text;
  EXPECT_GT(*LowerLimitOfUnknownShare(reference, Build(foreign)), 0.85);
  std::vector<Observation> half = RandomChoices(6, 80, 0, 3);
  for (std::size_t i = 0; i < half.size(); i += 2) half[i].response.text = "x";
  const double limit = *LowerLimitOfUnknownShare(reference, Build(half));
  EXPECT_GT(limit, 0.25);
  EXPECT_LT(limit, 0.5);
}

TEST(UnknownShareTest, EqualSamplesAndTooFewAnswers) {
  const SampleSet a = Build(RandomChoices(3, 40, 0, 1));
  EXPECT_LT(*LowerLimitOfUnknownShare(a, Build(RandomChoices(3, 40, 0, 2))), 0.05);
  EXPECT_FALSE(LowerLimitOfUnknownShare(a, Build(RandomChoices(3, 3, 0, 2))).has_value());
  EXPECT_FALSE(LowerLimitOfUnknownShare(a, Build(RandomChoices(3, 40, 0, 2, "elsewhere"))).has_value());
}

// Many small probes beside a large one: whole numbers of answers must not shift the proportions.
TEST(UnknownShareTest, SmallProbesBesideALargeOneDoNotCountAsAShare) {
  std::vector<Observation> x, y;
  for (int p = 0; p < 300; ++p) {
    const std::string probe = "s" + std::to_string(p);
    x.insert(x.end(), 4, ChoiceAnswer(probe, "a"));
    y.insert(y.end(), 4, ChoiceAnswer(probe, "a"));
  }
  for (int i = 0; i < 6000; ++i) {
    x.push_back(ChoiceAnswer("large", std::to_string(i % 3)));
    for (int k = 0; k < 3; ++k) y.push_back(ChoiceAnswer("large", std::to_string((i + k) % 3)));
  }
  EXPECT_EQ(*LowerLimitOfUnknownShare(Build(x), Build(y)), 0);
}

// Sides of very different and uneven sizes are compared in the same proportions.
TEST(UnknownShareTest, UnevenDesignsDoNotCountAsAShare) {
  std::vector<Observation> x, y;
  for (int p = 0; p < 4; ++p) {
    const auto answer = [&](int i) { return std::to_string(p) + (i % 2 == 0 ? "a" : "b"); };
    for (int i = 0; i < 20 + 100 * p; ++i) x.push_back(ChoiceAnswer("p" + std::to_string(p), answer(i)));
    for (int i = 0; i < 340 - 100 * p; ++i) y.push_back(ChoiceAnswer("p" + std::to_string(p), answer(i)));
  }
  EXPECT_LT(*LowerLimitOfUnknownShare(Build(x), Build(y)), 0.02);
}

}  // namespace
}  // namespace pinchbeck
