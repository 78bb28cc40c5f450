#include "src/signal/text_discriminant.h"

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/signal/evidence.h"
#include "tests/signal/random_texts.h"

namespace pinchbeck {
namespace {

using internal::TextCell;
using internal::TextDiscriminant;
using internal::TrainingCell;
using ::testing::HasSubstr;

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

}  // namespace
}  // namespace pinchbeck
