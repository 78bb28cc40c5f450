#include "pinchbeck/signal/sample_builder.h"

#include <gmock/gmock.h>

#include "tests/signal/observations.h"

namespace pinchbeck {
namespace {

ProbePlan PlanOf(const std::vector<Observation>& observations) {
  SampleBuilder builder;
  for (const Observation& observation : observations) EXPECT_TRUE(builder.Add(observation).ok());
  return SampleBuilder::DecidePlan({&builder}).at(observations.front().probe);
}

Observation Plain(const std::string& text, std::optional<std::int64_t> max_tokens) {
  Observation observation;
  observation.probe = "p";
  observation.request.max_tokens = max_tokens;
  observation.response.text = text;
  return observation;
}

TEST(PlanTest, ShortAnswersAreChoicesAndLongOnesTexts) {
  EXPECT_TRUE(PlanOf({Plain("blue", std::nullopt)}).choice);
  EXPECT_TRUE(PlanOf({Plain("blue", std::nullopt)}).normalise_choice);
  const ProbePlan mixed =
      PlanOf({Plain("blue", std::nullopt), Plain("this is longer than sixteen", std::nullopt)});
  EXPECT_FALSE(mixed.choice);
  EXPECT_TRUE(mixed.text);
  const ProbePlan few_tokens = PlanOf({Plain("a surprisingly long token", 4)});
  EXPECT_TRUE(few_tokens.choice);
  EXPECT_FALSE(few_tokens.normalise_choice);
}

TEST(PlanTest, LengthsNeedACountAndRoomToVary) {
  Observation observation = Plain("this is longer than sixteen", 16);
  observation.usage.output_tokens = 9;
  EXPECT_FALSE(PlanOf({observation}).token_length);
  observation.request.max_tokens = 17;
  EXPECT_TRUE(PlanOf({observation}).token_length);
  observation.request.max_tokens.reset();
  EXPECT_TRUE(PlanOf({observation}).token_length);
  observation.usage.output_tokens.reset();
  EXPECT_FALSE(PlanOf({observation}).token_length);
}

TEST(PlanTest, OtherSignalsFollowTheirFields) {
  Observation observation = LogprobAnswer("p", 0);
  observation.signals.clear();
  observation.timing.total_s = 1;
  observation.usage.input_tokens = 5;
  const ProbePlan plan = PlanOf({observation});
  EXPECT_TRUE(plan.logprob);
  EXPECT_TRUE(plan.latency);
  EXPECT_TRUE(plan.tokenizer);
  const ProbePlan bare = PlanOf({Plain("x", 1)});
  EXPECT_FALSE(bare.logprob || bare.latency || bare.tokenizer);
}

TEST(PlanTest, DeclaredSignalsAreObeyed) {
  Observation observation = Plain("blue", 4);
  observation.signals = {"text"};
  const ProbePlan plan = PlanOf({observation});
  EXPECT_TRUE(plan.text);
  EXPECT_FALSE(plan.choice);
}

TEST(SampleBuilderTest, ConditionsMustNotChangeWithinAProbe) {
  SampleBuilder builder;
  ASSERT_TRUE(builder.Add(ChoiceAnswer("p", "1")).ok());
  Observation other = ChoiceAnswer("p", "1");
  other.request.temperature = 0.5;
  const absl::Status status = builder.Add(other);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("request.temperature"));
  other.request.temperature.reset();
  EXPECT_TRUE(builder.Add(other).ok());
}

TEST(SampleBuilderTest, FailuresAreCountedAndNeverData) {
  Observation failed = ChoiceAnswer("p", "poison");
  failed.error = ErrorRecord{ErrorKind::kHttp, 429, "slow down"};
  const SampleSet sample = Build({ChoiceAnswer("p", "1"), failed});
  EXPECT_EQ(sample.usable, 1);
  EXPECT_EQ(sample.failures.at("http 429 after text"), 1);
  failed.response.text.reset();
  EXPECT_EQ(Build({ChoiceAnswer("p", "1"), failed}).failures.at("http 429"), 1);
  EXPECT_EQ(sample.probes.at("p").failed, 1);
  EXPECT_EQ(sample.probes.at("p").choices.count("poison"), 0u);
}

TEST(SampleBuilderTest, CensoredLogprobsAreLeftOut) {
  Observation observation = LogprobAnswer("p", 0);
  observation.logprobs[0].top[1].logprob = -9999.0;
  observation.logprobs[0].top[2].logprob.reset();
  const SampleSet sample = Build({observation});
  EXPECT_EQ(sample.probes.at("p").logprobs.at(0).entries.size(), 1u);
  EXPECT_FALSE(sample.probes.at("p").logprobs.at(0).has_alternatives);
}

TEST(SampleBuilderTest, NonsenseNumbersAreLeftOut) {
  Observation observation = LogprobAnswer("p", 0);
  observation.signals = {"logprob", "tokenizer"};
  observation.logprobs[0].top[0].logprob = 5.0;
  observation.usage.input_tokens = std::int64_t{1} << 60;
  const SampleSet sample = Build({observation});
  EXPECT_EQ(sample.probes.at("p").logprobs.at(0).entries.size(), 2u);
  EXPECT_TRUE(sample.probes.at("p").input_tokens.empty());
}

TEST(SampleBuilderTest, EqualSpellingsKeepTheMostLikely) {
  Observation observation = LogprobAnswer("p", 0);
  observation.logprobs[0].top[2].token = "a";
  const SampleSet sample = Build({observation});
  const auto& entries = sample.probes.at("p").logprobs.at(0).entries;
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_DOUBLE_EQ(entries[0].second, -0.5);
}

TEST(SampleBuilderTest, AnswersAtTheCapAreTies) {
  Observation cut = TextAnswer("p", "some text", 100), by_reason = TextAnswer("p", "other text", 40);
  by_reason.response.finish_reason = "length";
  const SampleSet sample = Build({TextAnswer("p", "short", 40), cut, by_reason});
  const auto& lengths = sample.probes.at("p").lengths;
  EXPECT_FALSE(lengths.at(0).capped);
  EXPECT_TRUE(lengths.at(1).capped);
  EXPECT_TRUE(lengths.at(2).capped);
}

TEST(SampleBuilderTest, SpeedsWithoutATimeAndEndlessCountsAreLeftOut) {
  Observation observation = TextAnswer("p", "some text", 5);
  observation.signals = {"latency", "token_length"};
  observation.timing.first_token_s = 0.0;
  observation.timing.total_s = 1e-320;
  Observation endless = observation;
  endless.usage.output_tokens = std::int64_t{1} << 60;
  const SampleSet sample = Build({observation, endless});
  EXPECT_FALSE(sample.probes.at("p").latencies.at(0).tokens_per_s);
  EXPECT_EQ(sample.probes.at("p").lengths.size(), 1u);
}

TEST(MergeSamplesTest, EqualsOneSampleOfEverything) {
  const std::vector<Observation> a = RandomChoices(2, 5, 0, 1), b = RandomChoices(2, 7, 0, 2);
  std::vector<Observation> all = a;
  all.insert(all.end(), b.begin(), b.end());
  const SampleSet left = Build(a), right = Build(b), merged = MergeSamples({&left, &right}),
                  whole = Build(all);
  EXPECT_EQ(merged.usable, whole.usable);
  for (const auto& [id, probe] : whole.probes) EXPECT_EQ(merged.probes.at(id).choices, probe.choices);
}

TEST(MergeSamplesTest, TranslatesTokenTables) {
  Observation other = LogprobAnswer("p", 0);
  for (auto& token : other.logprobs[0].top) token.token += "x";
  other.logprobs[0].top[1].token = "a";
  const SampleSet left = Build({LogprobAnswer("p", 0)}), right = Build({other});
  const SampleSet merged = MergeSamples({&left, &right});
  const ProbeSample& probe = merged.probes.at("p");
  ASSERT_EQ(probe.logprobs.size(), 2u);
  EXPECT_EQ(probe.tokens.at(probe.logprobs[1].entries[1].first), "a");
}

}  // namespace
}  // namespace pinchbeck
