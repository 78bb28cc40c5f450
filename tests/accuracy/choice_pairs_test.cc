// The benchmark's own path to a verdict gives what the product gives, whatever the number of threads.
#include "bench/accuracy/choice_pairs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "pinchbeck/signal/evidence.h"
#include "src/signal/choice_comparison.h"
#include "tests/signal/observations.h"

namespace pinchbeck::accuracy {
namespace {

std::vector<ModelRecording> Recordings() {
  std::vector<ModelRecording> recordings;
  int number = 0;
  for (const double power : {0.0, 2.0, 6.0}) {
    ++number;
    std::vector<Observation> answers = RandomChoices(1, 120, power, static_cast<std::uint64_t>(number), "p");
    for (Observation& answer : answers) answer.request.max_tokens.reset();
    recordings.push_back({"model " + std::to_string(number), std::move(answers)});
  }
  return recordings;
}

TEST(ChoiceDataTest, SamplesAreThoseOfTheProduct) {
  const auto recordings = Recordings();
  const auto data = MakeChoiceData(recordings);
  ASSERT_TRUE(data.ok()) << data.status();
  ASSERT_EQ(data->models.size(), 3u);
  for (std::size_t m = 0; m < 3; ++m) {
    const SampleSet expected = Build(recordings[m].observations);
    const SampleSet sample = data->SampleOf(CountAnswers(data->models[m].answers, data->categories()));
    EXPECT_EQ(sample.probes.begin()->first, expected.probes.begin()->first);
    EXPECT_EQ(sample.probes.begin()->second.choices, expected.probes.begin()->second.choices);
    EXPECT_EQ(sample.probes.begin()->second.conditions, expected.probes.begin()->second.conditions);
  }
}

TEST(ChoiceDataTest, RefusesLongAnswersAndSeveralProbes) {
  EXPECT_EQ(MakeChoiceData({{"m", RandomChoices(2, 5, 1, 1)}}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(MakeChoiceData({{"m", {TextAnswer("p", "a text that is much too long", 7)}}}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(RandomSplitTest, CutsEveryAnswerOnceAndFollowsTheSeed) {
  const auto data = MakeChoiceData(Recordings());
  ASSERT_TRUE(data.ok());
  const ChoiceSplit split = RandomSplit(*data, 1, 50, 3, 4);
  EXPECT_EQ(Total(split.reference), 50);
  EXPECT_EQ(split.rest.size(), 70u);
  Counts together = CountAnswers(split.rest, data->categories());
  for (std::size_t k = 0; k < together.size(); ++k) together[k] += split.reference[k];
  EXPECT_EQ(together, CountAnswers(data->models[1].answers, data->categories()));
  EXPECT_EQ(RandomSplit(*data, 1, 50, 3, 4).rest, split.rest);
  EXPECT_NE(RandomSplit(*data, 1, 50, 3, 5).rest, split.rest);
  EXPECT_NE(RandomSplit(*data, 1, 50, 4, 4).rest, split.rest);
}

TEST(ChoicePValueTest, EqualsTheSignalForEverySubsetOfTheLibrary) {
  const SampleSet reference = Build(RandomChoices(3, 30, 1, 1)),
                  observed = Build(RandomChoices(3, 12, 1.6, 2));
  const std::vector<SampleSet> stored = {Build(RandomChoices(3, 30, 2, 3)), Build(RandomChoices(2, 30, 0, 4)),
                                         Build(RandomChoices(3, 30, 3, 5))};
  SignalOptions options;
  options.permutations = 499;
  options.seed = 11;
  for (const SampleSet& sample : stored) options.alternatives.push_back(&sample);
  const auto comparison = pinchbeck::internal::CompareChoices(reference, observed, options);
  ASSERT_TRUE(comparison.ok()) << comparison.status();
  for (const std::vector<std::size_t>& subset :
       {std::vector<std::size_t>{}, {0}, {2}, {0, 1}, {1, 2}, {0, 1, 2}}) {
    options.alternatives.clear();
    for (const std::size_t i : subset) options.alternatives.push_back(&stored[i]);
    const SignalEvidence evidence = EvaluateChoice(reference, observed, options);
    ASSERT_TRUE(evidence.p_value.has_value());
    EXPECT_EQ(pinchbeck::internal::ChoicePValue(*comparison, subset), *evidence.p_value) << subset.size();
  }
}

Row Judge(const ChoiceData& data, int threads) {
  RowContext context;
  context.threads = threads;
  context.permutations = 199;
  const PairPlan plan{.n_reference = 60, .n_library = 60, .settings = 2, .draws = 3, .row = 1, .claimed = {}};
  const auto tallies =
      JudgePairs(data, plan, context, 0.05,
                 [](std::span<const ChoiceSplit> splits, std::size_t, std::size_t served, std::size_t setting,
                    stats::CounterRng&) {
                   const std::vector<int>& rest = splits[served].rest;
                   return std::vector<int>(rest.begin(), rest.begin() + (setting == 0 ? 8 : 50));
                 });
  Row row;
  for (std::size_t i = 0; i < tallies.size(); ++i) {
    tallies[i].Report(static_cast<double>(i), 0.05, {true, false, true}, row);
    tallies[i].ReportScores(static_cast<double>(i), true, row);
  }
  return row;
}

TEST(JudgePairsTest, DoesNotDependOnTheThreadCount) {
  const auto data = MakeChoiceData(Recordings());
  ASSERT_TRUE(data.ok());
  const Row one = Judge(*data, 1), three = Judge(*data, 3);
  ASSERT_EQ(one.measurements.size(), three.measurements.size());
  for (std::size_t i = 0; i < one.measurements.size(); ++i) {
    EXPECT_EQ(one.measurements[i].value, three.measurements[i].value) << one.measurements[i].contestant;
    EXPECT_EQ(one.measurements[i].not_scoreable, three.measurements[i].not_scoreable);
    EXPECT_EQ(one.measurements[i].reporting_half, three.measurements[i].reporting_half);
  }
}

TEST(JudgePairsTest, CountsPairsDrawsAndAnswersThatCannotBeScored) {
  const auto data = MakeChoiceData(Recordings());
  ASSERT_TRUE(data.ok());
  const Row row = Judge(*data, 1);
  for (const Measurement& m : row.measurements) {
    if (m.metric != "power") continue;
    EXPECT_EQ(m.pairs, 6);
    EXPECT_EQ(m.draws_per_pair, 3);
    const bool too_few = m.contestant == ChoiceContestantName(kBayesFactor) && m.x == 0;
    EXPECT_EQ(m.not_scoreable, too_few ? 18 : 0) << m.contestant;
    EXPECT_EQ(m.false_alarms.has_value(), !too_few) << m.contestant;
  }
  // Fifty answers tell these models apart.
  const auto ours = std::find_if(row.measurements.begin(), row.measurements.end(), [](const Measurement& m) {
    return m.contestant == ChoiceContestantName(kOurs) && m.x == 1 && m.metric == "power";
  });
  ASSERT_NE(ours, row.measurements.end());
  EXPECT_GT(ours->value, 0.7);
}

}  // namespace
}  // namespace pinchbeck::accuracy
