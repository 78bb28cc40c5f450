#include <gmock/gmock.h>

#include "pinchbeck/signal/evidence.h"
#include "tests/signal/length_samples.h"
#include "tests/signal/observations.h"

namespace pinchbeck {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

TEST(ReasoningTest, FewerTokensRejectAndMoreDoNot) {
  const SampleSet reference = ReasoningSample(DrawLengths(8, 6, 1, 0.4, 1));
  const SampleSet fewer = ReasoningSample(DrawLengths(8, 4, 0, 0.4, 2));
  const SampleSet more = ReasoningSample(DrawLengths(8, 4, 2, 0.4, 3));
  const SignalEvidence reduced = EvaluateReasoning(reference, fewer, QuickOptions());
  EXPECT_EQ(reduced.signal, "reasoning");
  EXPECT_TRUE(reduced.counted);
  EXPECT_LE(*reduced.p_value, 0.002);
  EXPECT_LT(*reduced.effect, -0.5);
  EXPECT_GT(std::abs(*reduced.effect), reduced.effect_gate);
  EXPECT_THAT(reduced.notes, Contains(HasSubstr("one-sided: tests for fewer reasoning tokens only")));
  const SignalEvidence raised = EvaluateReasoning(reference, more, QuickOptions());
  EXPECT_GE(*raised.p_value, 0.5);
  EXPECT_GT(*raised.effect, 0.5);
  EXPECT_THAT(raised.notes, Contains(HasSubstr("two-sided p 0.00")));
}

TEST(ReasoningTest, OneAnswerAProbeIsEnough) {
  const SampleSet reference = ReasoningSample(DrawLengths(25, 1, 0.8, 0.3, 1));
  const SampleSet fewer = ReasoningSample(DrawLengths(25, 1, 0, 0.3, 2));
  EXPECT_LE(*EvaluateReasoning(reference, fewer, QuickOptions()).p_value, 0.005);
}

TEST(ReasoningTest, AbsentIsNotZero) {
  const SampleSet reference = ReasoningSample({{100, 200}}), without = LengthSample({{100, 200}});
  const SignalEvidence stripped = EvaluateReasoning(reference, without, QuickOptions());
  EXPECT_FALSE(stripped.measurable);
  EXPECT_FALSE(stripped.p_value);
  EXPECT_THAT(stripped.reason, HasSubstr("not the same as zero"));
  EXPECT_THAT(EvaluateReasoning(without, reference, QuickOptions()).reason,
              HasSubstr("the reference has no"));
  const SampleSet zero = ReasoningSample({{0, 0, 0, 0}});
  const SignalEvidence evidence =
      EvaluateReasoning(ReasoningSample({{100, 200, 150, 120}}), zero, QuickOptions());
  EXPECT_DOUBLE_EQ(*evidence.p_value, 1.0 / 70);
  EXPECT_DOUBLE_EQ(*evidence.effect, -1);
}

TEST(ReasoningTest, TiesAndSmallestSamples) {
  const SampleSet constant = ReasoningSample({{64, 64, 64}, {128}});
  EXPECT_DOUBLE_EQ(*EvaluateReasoning(constant, constant, QuickOptions()).p_value, 1);
  const SampleSet one = ReasoningSample({{500}}), less = ReasoningSample({{5}});
  EXPECT_DOUBLE_EQ(*EvaluateReasoning(one, less, QuickOptions()).p_value, 0.5);
}

Observation Reasoned(std::int64_t tokens) {
  Observation observation = TextAnswer("t", "words and words", 400);
  observation.usage.reasoning_tokens = tokens;
  return observation;
}

TEST(ReasoningTest, RecordedCountsArePlannedWhereTheReferenceReasons) {
  SampleBuilder builder;
  ASSERT_TRUE(builder.Add(Reasoned(0)).ok());
  EXPECT_FALSE(SampleBuilder::DecidePlan({&builder}).at("t").reasoning);
  ASSERT_TRUE(builder.Add(Reasoned(256)).ok());
  Observation cut = Reasoned(390);
  cut.response.text = "";
  cut.response.finish_reason = "length";
  ASSERT_TRUE(builder.Add(cut).ok());
  ASSERT_TRUE(builder.Add(TextAnswer("t", "no counts here", 9)).ok());
  const SignalPlan plan = SampleBuilder::DecidePlan({&builder});
  EXPECT_TRUE(plan.at("t").reasoning);
  const SampleSet sample = std::move(builder).Finish(plan);
  const std::vector<OutputLength>& counts = sample.probes.at("t").reasoning;
  ASSERT_EQ(counts.size(), 3u);
  EXPECT_EQ(counts[1].length, 256);
  EXPECT_FALSE(counts[1].capped);
  // It would have gone on: at least 390.
  EXPECT_TRUE(counts[2].capped);
}

TEST(ReasoningTest, ALimitOfTheRelaysOwnIsLessReasoning) {
  std::vector<Observation> observations;
  for (int i = 0; i < 6; ++i) {
    Observation cut = Reasoned(64);
    cut.usage.output_tokens = 64;
    cut.request.max_tokens = i < 5 ? std::optional<std::int64_t>(4096) : 64;
    cut.probe = i < 5 ? "t" : "u";
    cut.response.text = "";
    cut.response.finish_reason = "length";
    observations.push_back(cut);
  }
  const SampleSet observed = Build(observations);
  for (const OutputLength& count : observed.probes.at("t").reasoning) {
    EXPECT_FALSE(count.capped);
    EXPECT_EQ(count.length, 64);
  }
  EXPECT_TRUE(observed.probes.at("u").reasoning.at(0).capped);
  SampleSet reference;
  reference.probes["t"].reasoning = Uncut({300, 420, 350, 510, 390, 600});
  const SignalEvidence evidence = EvaluateReasoning(reference, observed, QuickOptions());
  EXPECT_LE(*evidence.p_value, 0.01);
  EXPECT_DOUBLE_EQ(*evidence.effect, -1);
}

TEST(ReasoningTest, DeclaredSignalsDecide) {
  Observation observation = Reasoned(256);
  for (const auto& [signals, planned] : std::vector<std::pair<std::vector<std::string>, bool>>{
           {{"text"}, false}, {{"text", "reasoning"}, true}, {{"token_length"}, true}, {{}, true}}) {
    observation.signals = signals;
    SampleBuilder builder;
    ASSERT_TRUE(builder.Add(observation).ok());
    EXPECT_EQ(SampleBuilder::DecidePlan({&builder}).at("t").reasoning, planned) << signals.size();
  }
}

}  // namespace
}  // namespace pinchbeck
