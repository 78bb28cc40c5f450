#include "src/signal/text_discriminant.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/stats/permutation.h"
#include "tests/exact_binomial.h"
#include "tests/signal/observations.h"

namespace pinchbeck {
namespace {

using internal::TextCell;
using internal::TextDiscriminant;
using internal::TrainingCell;
using ::testing::HasSubstr;

// A text of 40 "3-grams" of 80 kinds, kind k with weight 1 + tilt * k / 80.
TextFeatures RandomText(double tilt, stats::CounterRng& rng) {
  constexpr std::uint32_t kKinds = 80;
  std::vector<std::uint32_t> counts(kKinds, 0);
  for (int i = 0; i < 40;) {
    const std::uint32_t kind = rng.Below(kKinds);
    if (rng.Uniform() * (1 + std::abs(tilt)) > 1 + tilt * kind / kKinds) continue;
    ++counts[kind];
    ++i;
  }
  TextFeatures text;
  for (std::uint32_t kind = 0; kind < kKinds; ++kind) {
    if (counts[kind] > 0) text.trigrams.emplace_back(kind * 1000, counts[kind]);
  }
  return text;
}

// One answer a probe to probes first .. first + count - 1.
SampleSet OneEach(int first, int count, double tilt, std::uint64_t seed, int answers = 1) {
  SampleSet sample;
  for (int p = first; p < first + count; ++p) {
    stats::CounterRng rng(seed, static_cast<std::uint64_t>(p));
    for (int i = 0; i < answers; ++i)
      sample.probes["p" + std::to_string(1000 + p)].texts.push_back(RandomText(tilt, rng));
  }
  return sample;
}

TEST(TextDiscriminantTest, ScoresNewTextsByTheModelTheyAreLike) {
  const SampleSet claimed = OneEach(0, 200, 0, 1), alternative = OneEach(0, 200, 2, 2);
  std::vector<TrainingCell> cells;
  for (const auto& [id, probe] : claimed.probes)
    cells.push_back({{probe.texts.data()}, {alternative.probes.at(id).texts.data()}});
  const auto discriminant = TextDiscriminant::Train(cells);
  ASSERT_TRUE(discriminant);
  stats::CounterRng rng(3, 0);
  int right = 0;
  for (int i = 0; i < 200; ++i)
    right += discriminant->Score(RandomText(2, rng)) > discriminant->Score(RandomText(0, rng)) ? 1 : 0;
  EXPECT_GT(right, 140);
}

TEST(TextDiscriminantTest, NeedsTwoProbesThatDiffer) {
  const TextFeatures a = ExtractTextFeatures("one"), b = ExtractTextFeatures("two");
  EXPECT_FALSE(TextDiscriminant::Train(std::vector<TrainingCell>{}));
  EXPECT_FALSE(TextDiscriminant::Train(std::vector<TrainingCell>{{{&a}, {&b}}}));
  EXPECT_FALSE(TextDiscriminant::Train(std::vector<TrainingCell>{{{&a}, {&b}}, {{&a}, {}}}));
  EXPECT_FALSE(TextDiscriminant::Train(std::vector<TrainingCell>{{{&a}, {&a}}, {{&b}, {&b}}}));
  EXPECT_TRUE(TextDiscriminant::Train(std::vector<TrainingCell>{{{&a}, {&b}}, {{&a}, {&b}}}));
}

TEST(TextDiscriminantTest, StyleAloneIsEnough) {
  TextFeatures a, b;
  b.style[3] = 0.5;
  const auto discriminant = TextDiscriminant::Train(std::vector<TrainingCell>{{{&a}, {&b}}, {{&a}, {&b}}});
  ASSERT_TRUE(discriminant);
  EXPECT_GT(discriminant->Score(b), discriminant->Score(a) + 0.1);
}

// An exchange of reference and observed texts must leave every discriminant as it was: the scores move with
// their texts.
TEST(TextDiscriminantTest, ExchangesLeaveTheDiscriminantsUnchanged) {
  for (const int answers : {1, 3}) {
    SampleSet reference = OneEach(0, 12, 0, 1, answers), observed = OneEach(0, 12, 1, 2, answers);
    const SampleSet alternative = OneEach(0, 12, 1, 3, 2);
    const auto before =
        internal::DiscriminantScores(reference, alternative, internal::BuildTextCells(reference, observed));
    bool second = false;
    for (auto& [id, probe] : reference.probes) {
      if (second) std::swap(probe.texts, observed.probes.at(id).texts);
      second = !second;
    }
    const auto after =
        internal::DiscriminantScores(reference, alternative, internal::BuildTextCells(reference, observed));
    ASSERT_TRUE(before && after);
    const Eigen::Index cell = 2 * answers;
    for (Eigen::Index p = 0; p < 12; ++p) {
      const Eigen::VectorXd was = before->segment(p * cell, cell);
      Eigen::VectorXd now = after->segment(p * cell, cell);
      if (p % 2 == 1) now << after->segment(p * cell + answers, answers), after->segment(p * cell, answers);
      EXPECT_LT((was - now).cwiseAbs().maxCoeff(), 1e-9) << "probe " << p << ", answers " << answers;
    }
  }
}

TEST(TextDiscriminantTest, ThinningOfLargeProbesDoesNotDependOnTheSides) {
  // More texts than one discriminant is trained on.
  SampleSet reference = OneEach(0, 6, 0, 1, 200), observed = OneEach(0, 6, 0, 2, 200);
  const SampleSet alternative = OneEach(0, 6, 1, 3, 50);
  const auto cells = internal::BuildTextCells(reference, observed);
  const auto before = internal::DiscriminantScores(reference, alternative, cells);
  for (auto& [id, probe] : reference.probes) std::swap(probe.texts, observed.probes.at(id).texts);
  const auto swapped = internal::BuildTextCells(reference, observed);
  const auto after = internal::DiscriminantScores(reference, alternative, swapped);
  ASSERT_TRUE(before && after);
  for (Eigen::Index p = 0; p < 6; ++p)
    EXPECT_LT((before->segment(p * 400, 200) - after->segment(p * 400 + 200, 200)).cwiseAbs().maxCoeff(),
              1e-9);
}

TEST(TextDiscriminantTest, WithEnoughOtherPromptsTestedOnesTrainNothing) {
  const SampleSet reference = OneEach(0, 30, 0, 1), observed = OneEach(0, 10, 1, 2);
  const SampleSet alternative = OneEach(0, 30, 1, 3);
  SampleSet without = alternative;
  for (int p = 0; p < 10; ++p) without.probes.erase("p" + std::to_string(1000 + p));
  const auto cells = internal::BuildTextCells(reference, observed);
  const auto with_all = internal::DiscriminantScores(reference, alternative, cells);
  const auto with_rest = internal::DiscriminantScores(reference, without, cells);
  ASSERT_TRUE(with_all && with_rest);
  EXPECT_EQ(*with_all, *with_rest);
}

TEST(TextDiscriminantTest, AStoredAlternativeAddsPower) {
  const SampleSet reference = OneEach(0, 200, 0, 1), alternative = OneEach(0, 200, 1, 3),
                  other = OneEach(0, 200, -0.5, 4);
  int omnibus = 0, aware = 0;
  constexpr int kAudits = 40;
  for (int i = 0; i < kAudits; ++i) {
    const SampleSet observed = OneEach(0, 25, 1, 100 + static_cast<std::uint64_t>(i));
    SignalOptions options;
    options.permutations = 199;
    omnibus += *EvaluateText(reference, observed, options).p_value <= 0.05 ? 1 : 0;
    options.alternatives = {&other, &alternative};
    const SignalEvidence evidence = EvaluateText(reference, observed, options);
    EXPECT_THAT(evidence.method, HasSubstr("2 stored models"));
    aware += *evidence.p_value <= 0.05 ? 1 : 0;
  }
  EXPECT_GT(aware, omnibus + 5);
}

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
TEST(TextDiscriminantTest, OrdinaryCrossFittingExceedsItsLevelAndPoolingDoesNot) {
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
  RecordProperty("ordinary", static_cast<int>(ordinary));
  RecordProperty("pooled", static_cast<int>(pooled));
  constexpr auto kTotal = static_cast<std::int64_t>(kAudits);
  EXPECT_LT(BinomialUpperTail(ordinary, kTotal, 0.01), kCheckFailureChance) << ordinary;
  EXPECT_GT(BinomialUpperTail(pooled, kTotal, 0.01), kCheckFailureChance) << pooled;
}

}  // namespace
}  // namespace pinchbeck
