#include <gmock/gmock.h>

#include <cmath>

#include "pinchbeck/signal/evidence.h"
#include "tests/signal/observations.h"

namespace pinchbeck {
namespace {

using ::testing::HasSubstr;

SignalOptions Quick(Claim claim = Claim::kWeights) {
  SignalOptions options;
  options.claim = claim;
  options.permutations = 999;
  return options;
}

std::vector<Observation> Logprobs(int probes, int repeats, double shift) {
  std::vector<Observation> observations;
  for (int p = 0; p < probes; ++p) {
    for (int i = 0; i < repeats; ++i) {
      observations.push_back(LogprobAnswer("l" + std::to_string(p), shift * (1 + 0.02 * p), 1e-4 * (i % 3)));
    }
  }
  return observations;
}

std::vector<Observation> Texts(int probes, int count, const std::string& word, std::uint64_t seed) {
  std::vector<Observation> observations;
  for (int p = 0; p < probes; ++p) {
    stats::CounterRng rng(seed, static_cast<std::uint64_t>(p));
    for (int i = 0; i < count; ++i) {
      std::string text = "answer";
      const std::uint32_t words = 5 + rng.Below(20);
      for (std::uint32_t w = 0; w < words; ++w) text += " " + word + std::to_string(rng.Below(9));
      observations.push_back(TextAnswer("t" + std::to_string(p), text, words));
    }
  }
  return observations;
}

TEST(ChoiceTest, EqualAndDifferentSources) {
  const SampleSet a = Build(RandomChoices(4, 50, 0, 1)), b = Build(RandomChoices(4, 50, 0, 2)),
                  c = Build(RandomChoices(4, 50, 2, 3));
  const SignalEvidence same = EvaluateChoice(a, b, Quick()), other = EvaluateChoice(a, c, Quick());
  EXPECT_GT(*same.p_value, 0.05);
  EXPECT_LT(std::abs(*same.effect), 0.03);
  EXPECT_DOUBLE_EQ(*other.p_value, 0.001);
  EXPECT_GT(*other.effect, 0.05);
  EXPECT_LT(*other.effect_low, *other.effect);
  EXPECT_EQ(other.n_observed, 200);
}

TEST(ChoiceTest, TheMixOfProbesAloneIsNoDifference) {
  // p0 and p1 answer differently; the sides ask them in other proportions.
  std::vector<Observation> x, y;
  for (int i = 0; i < 90; ++i) x.push_back(ChoiceAnswer("p0", std::to_string(i % 2)));
  for (int i = 0; i < 10; ++i) x.push_back(ChoiceAnswer("p1", std::to_string(5 + i % 2)));
  for (int i = 0; i < 10; ++i) y.push_back(ChoiceAnswer("p0", std::to_string(i % 2)));
  for (int i = 0; i < 90; ++i) y.push_back(ChoiceAnswer("p1", std::to_string(5 + i % 2)));
  EXPECT_GT(*EvaluateChoice(Build(x), Build(y), Quick()).p_value, 0.5);
}

TEST(ChoiceTest, IdenticalAnswersAndSharedNothing) {
  const SampleSet same = Build({ChoiceAnswer("p", "7"), ChoiceAnswer("p", "7")});
  const SignalEvidence evidence = EvaluateChoice(same, same, Quick());
  EXPECT_DOUBLE_EQ(*evidence.p_value, 1);
  EXPECT_NEAR(*evidence.effect, 0, 1e-12);
  const SignalEvidence nothing = EvaluateChoice(same, Build({ChoiceAnswer("q", "7")}), Quick());
  EXPECT_FALSE(nothing.measurable);
  EXPECT_NE(nothing.reason, "");
}

TEST(ChoiceTest, StoredAlternativesAddPower) {
  const SampleSet alternative = Build(RandomChoices(3, 300, 0.5, 50));
  int without = 0, with = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const SampleSet reference = Build(RandomChoices(3, 60, 0, 100 + seed));
    const SampleSet observed = Build(RandomChoices(3, 25, 0.5, 200 + seed));
    SignalOptions options = Quick();
    options.permutations = 199;
    without += *EvaluateChoice(reference, observed, options).p_value <= 0.05;
    options.alternatives = {&alternative};
    with += *EvaluateChoice(reference, observed, options).p_value <= 0.05;
  }
  EXPECT_GT(with, without + 4) << with << " against " << without;
}

TEST(ChoiceTest, GateIsHigherWhereTheTemperatureIsLowOrUnknown) {
  auto gate = [](std::optional<double> temperature) {
    std::vector<Observation> observations = RandomChoices(1, 20, 0, 1);
    for (Observation& observation : observations) observation.request.temperature = temperature;
    const SampleSet sample = Build(observations);
    return EvaluateChoice(sample, sample, Quick()).effect_gate;
  };
  EXPECT_LT(gate(1.0), gate(0.0));
  EXPECT_DOUBLE_EQ(gate(0.0), gate(std::nullopt));
}

TEST(ChoiceTest, ThreadsDoNotChangeTheResult) {
  const SampleSet a = Build(RandomChoices(3, 40, 0, 1)), b = Build(RandomChoices(3, 40, 0.5, 2));
  SignalOptions options = Quick();
  const SignalEvidence one = EvaluateChoice(a, b, options);
  options.threads = 4;
  const SignalEvidence four = EvaluateChoice(a, b, options);
  EXPECT_EQ(*one.p_value, *four.p_value);
  EXPECT_EQ(*one.statistic, *four.statistic);
}

TEST(LogprobTest, SmallCertainDifferencesStayWithinTheMargin) {
  const SampleSet a = Build(Logprobs(12, 6, 0)), b = Build(Logprobs(12, 6, 0.05));
  const SignalEvidence weights = EvaluateLogprob(a, b, Quick());
  EXPECT_DOUBLE_EQ(*weights.equality_p_value, 0.001);
  EXPECT_DOUBLE_EQ(*weights.p_value, 1);
  const SignalEvidence serving = EvaluateLogprob(a, b, Quick(Claim::kServing));
  EXPECT_LE(*serving.p_value, 0.002);
}

TEST(LogprobTest, LargeDifferencesReject) {
  const SignalEvidence evidence =
      EvaluateLogprob(Build(Logprobs(12, 6, 0)), Build(Logprobs(12, 6, 2)), Quick());
  EXPECT_LE(*evidence.p_value, 0.002);
  // Two of three tokens are shifted by 2 to 2.44 nats.
  EXPECT_NEAR(*evidence.effect, 2.22 * 2 / 3, 0.05);
}

TEST(LogprobTest, ConstantEndpointsDoNotDivideByZero) {
  std::vector<Observation> constant;
  for (int p = 0; p < 10; ++p) {
    for (int i = 0; i < 3; ++i) constant.push_back(LogprobAnswer("l" + std::to_string(p), 0));
  }
  const SampleSet sample = Build(constant);
  const SignalEvidence evidence = EvaluateLogprob(sample, sample, Quick(Claim::kServing));
  EXPECT_DOUBLE_EQ(*evidence.p_value, 1);
  EXPECT_DOUBLE_EQ(*evidence.effect, 0);
}

TEST(LogprobTest, FewProbesMustDifferByFarMoreThanTheMargin) {
  const SampleSet reference = Build(Logprobs(3, 9, 0));
  const SignalEvidence near = EvaluateLogprob(reference, Build(Logprobs(3, 9, 1)), Quick());
  EXPECT_GT(*near.effect, near.effect_gate);
  EXPECT_GT(*near.p_value, 0.01);
  EXPECT_DOUBLE_EQ(*near.equality_p_value, 0.001);
  const SignalEvidence far = EvaluateLogprob(reference, Build(Logprobs(3, 9, 30)), Quick());
  EXPECT_LE(*far.p_value, 0.01);
}

TEST(LogprobTest, WithoutRepeatedAnswersTheMarginCannotBeTested) {
  const SignalEvidence evidence =
      EvaluateLogprob(Build(Logprobs(9, 1, 0)), Build(Logprobs(9, 1, 3)), Quick());
  EXPECT_DOUBLE_EQ(*evidence.p_value, 1);
  ASSERT_FALSE(evidence.notes.empty());
  EXPECT_THAT(evidence.notes.front(), HasSubstr("cannot reject"));
}

TEST(TextTest, EqualAndDifferentSources) {
  const SampleSet a = Build(Texts(3, 12, "lorem", 1)), b = Build(Texts(3, 12, "lorem", 2)),
                  c = Build(Texts(3, 12, "ipsum", 3));
  EXPECT_GT(*EvaluateText(a, b, Quick()).p_value, 0.05);
  const SignalEvidence other = EvaluateText(a, c, Quick());
  EXPECT_DOUBLE_EQ(*other.p_value, 0.001);
  EXPECT_GT(*other.effect, other.effect_gate);
}

TEST(TextTest, OneAnswerAProbeIsComparedAsPairs) {
  const SampleSet a = Build(Texts(40, 1, "lorem", 1)), b = Build(Texts(40, 1, "lorem", 2)),
                  c = Build(Texts(40, 1, "ipsum", 3));
  const SignalEvidence same = EvaluateText(a, b, Quick()), other = EvaluateText(a, c, Quick());
  EXPECT_GT(*same.p_value, 0.05);
  EXPECT_DOUBLE_EQ(*other.p_value, 0.001);
  EXPECT_THAT(other.method, HasSubstr("pairs"));
}

TEST(TokenLengthTest, LongerAnswersAndCappedTies) {
  std::vector<Observation> x, y;
  for (int i = 0; i < 30; ++i) {
    x.push_back(TextAnswer("t", "words and words", 20 + i));
    y.push_back(TextAnswer("t", "words and words", 45 + i));
  }
  const SignalEvidence longer = EvaluateTokenLength(Build(x), Build(y), Quick());
  EXPECT_DOUBLE_EQ(*longer.p_value, 0.001);
  EXPECT_GT(*longer.effect, 0.5);
  std::vector<Observation> capped(20, TextAnswer("t", "words and words", 100));
  const SignalEvidence ties = EvaluateTokenLength(Build(capped), Build(capped), Quick());
  EXPECT_DOUBLE_EQ(*ties.p_value, 1);
}

TEST(LatencyTest, IsReportedButNeverCounted) {
  std::vector<Observation> x, y;
  for (int i = 0; i < 20; ++i) {
    Observation observation = TextAnswer("t", "words and words", 20);
    observation.signals = {"latency"};
    observation.timing.first_token_s = 0.1 + 0.001 * i;
    x.push_back(observation);
    observation.timing.first_token_s = 0.2 + 0.001 * i;
    y.push_back(observation);
  }
  const SignalEvidence evidence = EvaluateLatency(Build(x), Build(y), Quick());
  EXPECT_FALSE(evidence.counted);
  // Five runs of four requests a side, all relabelings, two of which are as extreme.
  EXPECT_DOUBLE_EQ(*evidence.p_value, 2.0 / 252);
  EXPECT_NEAR(*evidence.effect, 1.91, 0.05);
}

// Requests that overlap share their delays: 20 slow ones may be one slow moment.
TEST(LatencyTest, OneSlowMomentIsNotManyObservations) {
  std::vector<Observation> x, y;
  for (int i = 0; i < 60; ++i) {
    Observation observation = TextAnswer("t", "words and words", 20);
    observation.signals = {"latency"};
    observation.time = i < 40 ? "2026-01-01T00:00:30Z" : "2026-01-01T00:01:30Z";
    observation.timing.first_token_s = 0.1 + 0.0001 * i;
    x.push_back(observation);
    observation.time = "2026-01-01T09:00:30Z";
    observation.timing.first_token_s = 0.2 + 0.0001 * i;
    y.push_back(observation);
  }
  // Two minutes against one.
  EXPECT_GE(*EvaluateLatency(Build(x), Build(y), Quick()).p_value, 1.0 / 3);
}

TEST(LatencyTest, DecodingSpeedIsSeenWhereTheFirstTokenComesAtTheSameTime) {
  std::vector<Observation> x, y;
  for (int i = 0; i < 60; ++i) {
    Observation observation = TextAnswer("t", "words and words", 101);
    observation.signals = {"latency"};
    observation.timing.first_token_s = 0.1 + 0.001 * ((i * 37) % 60);
    observation.timing.total_s = *observation.timing.first_token_s + 5 + 0.01 * (i % 7);
    x.push_back(observation);
    observation.timing.total_s = *observation.timing.first_token_s + 2 + 0.01 * (i % 7);
    y.push_back(observation);
  }
  const SignalEvidence evidence = EvaluateLatency(Build(x), Build(y), Quick());
  EXPECT_LE(*evidence.p_value, 0.002);
  EXPECT_NEAR(*evidence.effect, 1, 0.01);
  EXPECT_THAT(evidence.notes,
              ::testing::Contains(::testing::AllOf(::testing::HasSubstr("time per output token: 0.40"),
                                                   ::testing::HasSubstr("faster 0.0010"))));
}

TEST(TokenizerTest, ConstantShiftIsAHiddenPrompt) {
  std::vector<Observation> x, y;
  for (int p = 0; p < 12; ++p) {
    Observation observation = ChoiceAnswer("p" + std::to_string(p), "1");
    observation.signals = {"tokenizer"};
    observation.usage.input_tokens = 10 + p;
    x.push_back(observation);
    observation.usage.input_tokens = 47 + p;
    y.push_back(observation);
  }
  const SignalEvidence evidence = EvaluateTokenizer(Build(x), Build(y), Quick());
  EXPECT_DOUBLE_EQ(*evidence.effect, 37);
  EXPECT_DOUBLE_EQ(*evidence.statistic, 1);
  EXPECT_THAT(evidence.notes.back(), HasSubstr("hidden system prompt"));
  EXPECT_FALSE(evidence.counted);
}

TEST(DeclarationTest, PrefixesAndDatesAreNoMismatchAndAbsentIsNotDeclared) {
  Observation a = ChoiceAnswer("p", "1"), b = a;
  a.response.model = "openai/GPT-X-2026-05-01";
  b.response.model = "gpt-x-20260802";
  const SignalEvidence evidence = EvaluateDeclaration(Build({a}), Build({b}), Quick());
  EXPECT_FALSE(evidence.counted);
  EXPECT_EQ(evidence.notes.at(0), "model: match");
  EXPECT_EQ(evidence.notes.at(1), "id form: not declared");
  b.response.model = "other";
  EXPECT_THAT(EvaluateDeclaration(Build({a}), Build({b}), Quick()).notes.at(0), HasSubstr("differs (other)"));
}

}  // namespace
}  // namespace pinchbeck
