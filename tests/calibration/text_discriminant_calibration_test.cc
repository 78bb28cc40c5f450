// The training rule of the text discriminants keeps the level, and ordinary cross-fitting would not.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <vector>

#include "pinchbeck/stats/permutation.h"
#include "src/signal/text_discriminant.h"
#include "tests/exact_binomial.h"
#include "tests/signal/random_texts.h"

namespace pinchbeck {
namespace {

using internal::TextCell;
using internal::TextDiscriminant;
using internal::TrainingCell;

// p-value of the largest studentised score difference over alternatives under random exchanges.
double SwapPValue(const Eigen::MatrixXd& differences, std::uint64_t seed) {
  constexpr Eigen::Index kSwaps = 499;
  Eigen::MatrixXd signs(differences.rows(), kSwaps + 1);
  stats::CounterRng rng(seed, 0);
  for (Eigen::Index c = 0; c < signs.cols(); ++c) {
    for (Eigen::Index r = 0; r < signs.rows(); ++r) signs(r, c) = c > 0 && rng.Below(2) == 1 ? -1 : 1;
  }
  return stats::PermutationPValue(stats::StudentisedMaximum(differences.transpose() * signs));
}

// Score differences, observed minus reference, with the reference alone as the claimed class of the other
// folds: what must not be done.
Eigen::VectorXd OrdinaryCrossFitting(const std::vector<TextCell>& cells, const SampleSet& alternative) {
  constexpr std::size_t kFolds = 5;
  Eigen::VectorXd differences(static_cast<Eigen::Index>(cells.size()));
  for (std::size_t fold = 0; fold < kFolds; ++fold) {
    std::vector<TrainingCell> training;
    for (std::size_t s = 0; s < cells.size(); ++s) {
      if (s % kFolds != fold)
        training.push_back({{cells[s].items[0]}, {alternative.probes.at(cells[s].probe).texts.data()}});
    }
    const auto discriminant = TextDiscriminant::Train(training);
    for (std::size_t s = fold; s < cells.size(); s += kFolds) {
      differences(static_cast<Eigen::Index>(s)) =
          discriminant->Score(*cells[s].items[1]) - discriminant->Score(*cells[s].items[0]);
    }
  }
  const double scale = std::sqrt(differences.squaredNorm() / static_cast<double>(differences.size()));
  return (differences.array() / scale).tanh();
}

// The reference draws the discriminant towards itself, and the exchange does not know: with the reference as
// the training class, a level of 1 % becomes 2 %. Pooling both sides keeps the level. Each bound fails by
// chance with probability 1e-4 for another seed.
TEST(TextDiscriminantCalibrationTest, OrdinaryCrossFittingExceedsItsLevelAndPoolingDoesNot) {
  constexpr std::uint64_t kAudits = 4000;
  constexpr int kProbes = 20, kAlternatives = 2;
  std::int64_t ordinary = 0, pooled = 0;
  for (std::uint64_t i = 0; i < kAudits; ++i) {
    const SampleSet reference = OneEach(0, kProbes, 0, 10 * i + 1),
                    observed = OneEach(0, kProbes, 0, 10 * i + 2);
    const std::vector<TextCell> cells = internal::BuildTextCells(reference, observed);
    Eigen::MatrixXd wrong(kProbes, kAlternatives), right(kProbes, kAlternatives);
    for (int a = 0; a < kAlternatives; ++a) {
      const SampleSet alternative = OneEach(0, kProbes, 0, 10 * i + 3 + static_cast<std::uint64_t>(a));
      wrong.col(a) = OrdinaryCrossFitting(cells, alternative);
      const Eigen::VectorXd scores = *internal::DiscriminantScores(reference, alternative, cells);
      for (Eigen::Index p = 0; p < kProbes; ++p) right(p, a) = scores(2 * p + 1) - scores(2 * p);
    }
    ordinary += SwapPValue(wrong, i) <= 0.01 ? 1 : 0;
    pooled += SwapPValue(right, i) <= 0.01 ? 1 : 0;
  }
  constexpr auto kTotal = static_cast<std::int64_t>(kAudits);
  std::printf("level 0.01, of %lld: reference alone as the claimed class %lld, both sides pooled %lld\n",
              static_cast<long long>(kTotal), static_cast<long long>(ordinary),
              static_cast<long long>(pooled));
  EXPECT_LT(BinomialUpperTail(ordinary, kTotal, 0.01), kCheckFailureChance) << ordinary;
  EXPECT_GT(BinomialUpperTail(pooled, kTotal, 0.01), kCheckFailureChance) << pooled;
}

}  // namespace
}  // namespace pinchbeck
