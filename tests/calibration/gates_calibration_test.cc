// Error rates of what stands between a rejection and an accusation: the tempered reference, the fitted
// mixture of honest servings, and the lower limit of an unknown substitute's share.
//
// Each check of a correct method would fail with probability 1e-4 for another seed.
#include <gtest/gtest.h>

#include <cstdio>

#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/signal/mixture.h"
#include "src/signal/tempered_choice.h"
#include "src/signal/variant_mixture.h"
#include "tests/exact_binomial.h"
#include "tests/signal/random_shares.h"

namespace pinchbeck {
namespace {

SampleSet Drawn(const Shares& shares, int probes, int count, std::uint64_t seed) {
  return Build(DrawAnswers(shares, probes, count, seed));
}

void ExpectAtMost(double level, std::int64_t hits, std::int64_t runs, const std::string& what) {
  std::printf("%-44s %.2f: %lld of %lld\n", what.c_str(), level, static_cast<long long>(hits),
              static_cast<long long>(runs));
  EXPECT_GT(BinomialUpperTail(hits, runs, level), kCheckFailureChance) << what;
}

// An honest serving at another temperature is taken for one at least as often as the level promises: dense
// cells, and one with more categories than answers in which most are seen once.
TEST(GatesCalibrationTest, TemperedReferenceIsRejectedAtMostAtTheLevel) {
  struct Case {
    double temperature;
    int probes, categories, reference, observed;
    std::uint64_t runs;
  };
  for (const Case& c : {Case{0.7, 3, 12, 100, 60, 600}, Case{1.3, 3, 12, 100, 60, 600},
                        Case{0.7, 1, 150, 240, 100, 200}, Case{1.3, 1, 150, 240, 100, 200}}) {
    std::int64_t at_5 = 0, at_1 = 0;
    for (std::uint64_t run = 0; run < c.runs; ++run) {
      const int model = static_cast<int>(run % 5);
      const auto cells = internal::TemperedCells(
          Drawn(ModelShares(model, 1, c.categories), c.probes, c.reference, 10000 + 2 * run),
          Drawn(ModelShares(model, c.temperature, c.categories), c.probes, c.observed, 10001 + 2 * run));
      const double p = internal::TestTempered(cells, 199, run).p_value;
      at_5 += p <= 0.05;
      at_1 += p <= 0.01;
    }
    const std::string what = "temperature " + std::to_string(c.temperature).substr(0, 3) + ", " +
                             std::to_string(c.categories) + " categories";
    ExpectAtMost(0.05, at_5, static_cast<std::int64_t>(c.runs), what);
    ExpectAtMost(0.01, at_1, static_cast<std::int64_t>(c.runs), what);
  }
}

// A load balancer over two honest servings, 30 to 70: weights and reference are made from the observed
// answers, and the permutation test against that reference still holds its level.
TEST(GatesCalibrationTest, MixturesOfHonestServingsAreRejectedAtMostAtTheLevel) {
  constexpr std::uint64_t kRuns = 1500;
  const Shares mixed = MixShares(ModelShares(1), ModelShares(2), 0.7);
  std::int64_t at_5 = 0, at_1 = 0;
  for (std::uint64_t run = 0; run < kRuns; ++run) {
    const SampleSet a = Drawn(ModelShares(1), 3, 60, 30000 + 3 * run),
                    b = Drawn(ModelShares(2), 3, 60, 30001 + 3 * run),
                    observed = Drawn(mixed, 3, 40, 30002 + 3 * run);
    const std::vector<const SampleSet*> variants = {&a, &b};
    const auto weights = internal::FitVariantWeights(variants, observed);
    ASSERT_TRUE(weights.has_value());
    SignalOptions options;
    options.permutations = 199;
    options.seed = run;
    options.decision_only = true;
    const SignalEvidence evidence =
        EvaluateChoice(internal::DrawVariantMixture(variants, *weights, run), observed, options);
    at_5 += *evidence.p_value <= 0.05;
    at_1 += *evidence.p_value <= 0.01;
  }
  ExpectAtMost(0.05, at_5, kRuns, "mixture of two servings, 30 to 70");
  ExpectAtMost(0.01, at_1, kRuns, "mixture of two servings, 30 to 70");
}

TEST(GatesCalibrationTest, LowerLimitsOfAnUnknownShareHold) {
  constexpr std::uint64_t kRuns = 1500;
  for (const double share : {0.0, 0.3, 0.7}) {
    const Shares served = MixShares(ModelShares(1), ModelShares(2), share);
    for (const int answers : {8, 60}) {
      std::int64_t above = 0;
      for (std::uint64_t run = 0; run < kRuns; ++run) {
        const auto limit = LowerLimitOfUnknownShare(Drawn(ModelShares(1), 3, 2 * answers, 50000 + 2 * run),
                                                    Drawn(served, 3, answers, 50001 + 2 * run), 0.05, run);
        ASSERT_TRUE(limit.has_value());
        above += *limit > share;
      }
      ExpectAtMost(
          0.05, above, kRuns,
          "share " + std::to_string(share).substr(0, 3) + ", " + std::to_string(answers) + " answers");
    }
  }
}

}  // namespace
}  // namespace pinchbeck
