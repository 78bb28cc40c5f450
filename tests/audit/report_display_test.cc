#include "pinchbeck/audit/report_display.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "pinchbeck/audit/verify.h"
#include "tests/signal/observations.h"

namespace pinchbeck {
namespace {

using ::testing::DoubleEq;
using ::testing::DoubleNear;
using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::SizeIs;

SampleSet Lengths(const std::vector<std::pair<std::string, std::vector<std::int64_t>>>& probes) {
  std::vector<Observation> observations;
  for (const auto& [probe, lengths] : probes) {
    for (const std::int64_t length : lengths) observations.push_back(TextAnswer(probe, "some text", length));
  }
  return Build(observations);
}

TEST(DisplaySamplesTest, CountsTheMostFrequentAnswersAndPoolsTheRest) {
  std::vector<Observation> mine, theirs;
  for (int answer = 0; answer < 20; ++answer) {
    for (int i = 0; i <= answer; ++i) mine.push_back(ChoiceAnswer("p", "a" + std::to_string(answer)));
  }
  for (int i = 0; i < 10; ++i) theirs.push_back(ChoiceAnswer("p", "new"));
  const ReportDisplay display = DisplaySamples(Build(mine), Build(theirs));
  ASSERT_THAT(display.choices, SizeIs(1));
  const ChoiceCounts& counts = display.choices[0];
  EXPECT_EQ(counts.probe, "p");
  EXPECT_EQ(counts.n_reference, 210);
  EXPECT_EQ(counts.n_observed, 10);
  ASSERT_THAT(counts.shown, SizeIs(kShownAnswers));
  EXPECT_EQ(counts.shown[0].answer, "new");
  EXPECT_EQ(counts.shown[0].observed, 10);
  EXPECT_EQ(counts.shown[1].answer, "a19");
  EXPECT_EQ(counts.n_other, 21 - kShownAnswers);
  std::int64_t reference = counts.other.reference, observed = counts.other.observed;
  for (const AnswerCount& count : counts.shown) {
    reference += count.reference;
    observed += count.observed;
  }
  EXPECT_EQ(reference, 210);
  EXPECT_EQ(observed, 10);
}

TEST(DisplaySamplesTest, LongNamesAreCutBetweenCharacters) {
  // Characters of two bytes from an odd place on: the limit falls into one.
  std::string probe = "p";
  for (int i = 0; i < 1000; ++i) probe += "\xC3\xA9";
  const ReportDisplay display =
      DisplaySamples(Build({ChoiceAnswer(probe, "x")}), Build({ChoiceAnswer(probe, "y")}));
  ASSERT_THAT(display.choices, SizeIs(1));
  EXPECT_EQ(display.choices[0].probe, probe.substr(0, 399));
}

TEST(DisplaySamplesTest, ShowsTheProbesThatDifferMost) {
  std::vector<Observation> mine, theirs;
  for (int p = 0; p < 6; ++p) {
    for (int i = 0; i < 10; ++i) {
      mine.push_back(ChoiceAnswer("p" + std::to_string(p), "x"));
      theirs.push_back(ChoiceAnswer("p" + std::to_string(p), i < p ? "y" : "x"));
    }
  }
  const ReportDisplay display = DisplaySamples(Build(mine), Build(theirs));
  EXPECT_EQ(display.choice_probes, 6);
  ASSERT_THAT(display.choices, SizeIs(kShownChoiceProbes));
  EXPECT_EQ(display.choices[0].probe, "p5");
  EXPECT_EQ(display.choices[1].probe, "p4");
}

// A thousand answers to one prompt weigh as much as the one answer to the other.
TEST(DisplaySamplesTest, ProbesWeighTheSameOnBothSides) {
  const SampleSet reference = Lengths({{"short", std::vector<std::int64_t>(1000, 10)}, {"long", {90}}});
  const SampleSet observed = Lengths({{"short", {10}}, {"long", std::vector<std::int64_t>(1000, 90)}});
  const QuantityCurves curves = DisplaySamples(reference, observed).length;
  EXPECT_EQ(curves.reference, curves.observed);
  ASSERT_THAT(curves.reference, SizeIs(kShownQuantiles + 1));
  EXPECT_EQ(curves.reference[50], 10);
  EXPECT_EQ(curves.reference[51], 90);
  EXPECT_EQ(curves.n_reference, 1001);
  EXPECT_EQ(curves.probes, 2);
}

// The quantiles are those of the inverse distribution function, also with ties and one value.
TEST(DisplaySamplesTest, QuantilesInvertTheDistribution) {
  const QuantityCurves curves = DisplaySamples(Lengths({{"p", {4, 1, 3, 2}}}), Lengths({{"p", {7}}})).length;
  EXPECT_EQ(curves.reference[0], 1);
  EXPECT_EQ(curves.reference[25], 1);
  EXPECT_EQ(curves.reference[26], 2);
  EXPECT_EQ(curves.reference[50], 2);
  EXPECT_EQ(curves.reference[76], 4);
  EXPECT_EQ(curves.reference[100], 4);
  EXPECT_THAT(curves.observed, Each(7));
}

TEST(DisplaySamplesTest, ProbesOfOneSideAreLeftOut) {
  const ReportDisplay display =
      DisplaySamples(Lengths({{"a", {1}}, {"b", {2}}}), Lengths({{"b", {3}}, {"c", {4}}}));
  EXPECT_THAT(display.length.reference, Each(2));
  EXPECT_EQ(display.length.probes, 1);
  EXPECT_TRUE(DisplaySamples(Lengths({{"a", {1}}}), Lengths({{"c", {4}}})).length.empty());
  EXPECT_THAT(DisplaySamples(SampleSet{}, SampleSet{}).choices, IsEmpty());
}

TEST(DisplaySamplesTest, LogProbabilitiesAreMeansOfBothSidesAndBounded) {
  std::vector<Observation> mine, theirs;
  for (int p = 0; p < 100; ++p) {
    const std::string probe = "l" + std::to_string(p);
    mine.push_back(LogprobAnswer(probe, 0, 0.1));
    mine.push_back(LogprobAnswer(probe, 0, -0.1));
    theirs.push_back(LogprobAnswer(probe, 1));
  }
  const ReportDisplay display = DisplaySamples(Build(mine), Build(theirs));
  EXPECT_EQ(display.n_logprobs, 300);
  ASSERT_THAT(display.logprobs, SizeIs(kShownPoints));
  // The most likely first: "a" of every probe, then "b", which is shifted.
  EXPECT_EQ(display.logprobs[0].label, "a");
  EXPECT_THAT(display.logprobs[0].reference, DoubleNear(-0.5, 1e-12));
  EXPECT_THAT(display.logprobs[0].observed, DoubleEq(-0.5));
  EXPECT_EQ(display.logprobs[100].label, "b");
  EXPECT_THAT(display.logprobs[100].reference, DoubleNear(-2, 1e-12));
  EXPECT_THAT(display.logprobs[100].observed, DoubleEq(-3));
}

TEST(VerifyDisplayTest, TheReportShowsTheSamplesThatWereCompared) {
  FingerprintBuilder builder(EnrollOptions{.model = "m"});
  for (const Observation& observation : RandomChoices(5, 50, 0, 1))
    ASSERT_TRUE(builder.Add(observation, "default").ok());
  const auto fingerprint = std::move(builder).Build();
  ASSERT_TRUE(fingerprint.ok());
  VerifyOptions options;
  options.permutations = 99;
  const auto report = Verify(*fingerprint, Build(RandomChoices(3, 20, 0, 2)), options);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->display.choice_probes, 3);
  EXPECT_EQ(report->display.choices[0].n_reference, 50);
  EXPECT_EQ(report->display.choices[0].n_observed, 20);
  EXPECT_EQ(report->display.length_unit, "");
}

}  // namespace
}  // namespace pinchbeck
