// Forged log-probabilities give themselves away; recorded ones do not.
#include "src/signal/logprob_coherence.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>

#include "pinchbeck/core/recording_set.h"
#include "pinchbeck/signal/evidence.h"
#include "tests/signal/logprob_samples.h"
#include "tests/signal/observations.h"

namespace pinchbeck::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

LogprobCoherence Check(const std::vector<Observation>& observed,
                       const std::vector<Observation>& reference = DrawnAnswers(6, 20, 1, 1)) {
  return CheckLogprobCoherence(Build(reference), Build(observed), 1);
}

TEST(LogprobCoherenceTest, HonestAnswersPass) {
  const LogprobCoherence result = Check(DrawnAnswers(6, 60, 1, 2));
  EXPECT_THAT(result.Failures(), IsEmpty());
  EXPECT_EQ(result.lists.lists, 360);
  EXPECT_EQ(result.prompts, 6);
  ASSERT_TRUE(result.frequencies.has_value());
  EXPECT_EQ(result.frequencies->answers, 360);
  EXPECT_GT(result.frequencies->p_value, 0.01);
}

TEST(LogprobCoherenceTest, OneListForAllPromptsIsCopied) {
  std::vector<Observation> forged = DrawnAnswers(6, 10, 1, 2);
  for (Observation& o : forged) o.logprobs[0].top = forged[0].logprobs[0].top;
  const LogprobCoherence result = Check(forged);
  EXPECT_EQ(result.copied, 5);
  EXPECT_THAT(result.Failures(), ::testing::Contains(HasSubstr("5 of 6 prompts repeat another one's list")));
}

TEST(LogprobCoherenceTest, OneDuplicatedQuestionIsGrantedAndTwoOfTwentyAreNot) {
  for (const int pairs : {1, 2}) {
    std::vector<Observation> observed = DrawnAnswers(20, 1, 1, 2);
    for (int p = 0; p < pairs; ++p) {
      const auto first = static_cast<std::size_t>(2 * p);
      observed[first + 1].logprobs = observed[first].logprobs;
    }
    const LogprobCoherence result = Check(observed);
    EXPECT_EQ(result.prompts, 20);
    EXPECT_EQ(result.copied, pairs);
    EXPECT_EQ(result.Failures().size(), pairs == 1 ? 0u : 1u);
  }
}

TEST(LogprobCoherenceTest, TwoProbesOfOnePromptMayShareAList) {
  std::vector<Observation> observed = DrawnAnswers(2, 4, 1, 2);
  for (Observation& o : observed) {
    o.logprobs[0].top = observed[0].logprobs[0].top;
    o.request.prompt_sha256 = "same";
    o.request.temperature = 0;
  }
  EXPECT_EQ(Check(observed).copied, 0);
}

TEST(LogprobCoherenceTest, ShuffledListsAreOutOfOrder) {
  std::vector<Observation> forged = DrawnAnswers(6, 10, 1, 2);
  for (Observation& o : forged) std::reverse(o.logprobs[0].top.begin(), o.logprobs[0].top.end());
  EXPECT_THAT(Check(forged).Failures(),
              ElementsAre(HasSubstr("60 of 60 lists of log-probabilities are not")));
}

TEST(LogprobCoherenceTest, ProbabilitiesAboveOneAreImpossible) {
  std::vector<Observation> forged = DrawnAnswers(6, 10, 1, 2);
  for (Observation& o : forged) {
    for (TokenLogprob& token : o.logprobs[0].top) *token.logprob *= 0.2;
    o.request.temperature = 0;
  }
  EXPECT_THAT(Check(forged).Failures(), ElementsAre(HasSubstr("add up to more than 1")));
}

TEST(LogprobCoherenceTest, TokensOfAnotherTemperatureAreNotDrawnFromTheReportedProbabilities) {
  for (const double temperature : {0.5, 2.0}) {
    const LogprobCoherence result = Check(DrawnAnswers(6, 40, temperature, 2));
    EXPECT_THAT(result.Failures(), ElementsAre(HasSubstr("were not drawn from the reported"))) << temperature;
  }
}

TEST(LogprobCoherenceTest, ListsOfOtherPromptsAreNotWhatTheTokensWereDrawnFrom) {
  // The lists of probe p handed out for probe p + 1: in order, not shared, below 1.
  std::vector<Observation> forged = DrawnAnswers(6, 40, 1, 2);
  const std::vector<Observation> honest = forged;
  for (std::size_t i = 0; i < forged.size(); ++i)
    forged[i].logprobs[0].top = honest[(i + 40) % honest.size()].logprobs[0].top;
  EXPECT_THAT(Check(forged).Failures(), ::testing::Contains(HasSubstr("were not drawn from the reported")));
}

TEST(LogprobCoherenceTest, OtherSettingsAreNotCheckedForFrequencies) {
  const struct {
    const char* name;
    void (*change)(RequestRecord&);
  } cases[] = {{"temperature", [](RequestRecord& r) { r.temperature = 0.7; }},
               {"no temperature", [](RequestRecord& r) { r.temperature.reset(); }},
               {"top_p", [](RequestRecord& r) { r.top_p = 0.9; }},
               // A server's own default may cut the tail.
               {"no top_p", [](RequestRecord& r) { r.top_p.reset(); }},
               {"top_k", [](RequestRecord& r) { r.top_k = 40; }},
               {"min_p", [](RequestRecord& r) { r.min_p = 0.05; }}};
  for (const auto& item : cases) {
    std::vector<Observation> observed = DrawnAnswers(3, 20, 0.3, 2);
    for (Observation& o : observed) item.change(o.request);
    EXPECT_FALSE(Check(observed).frequencies.has_value()) << item.name;
  }
  // Switched off is not a setting.
  std::vector<Observation> off = DrawnAnswers(3, 20, 1, 2);
  for (Observation& o : off) {
    o.request.top_k = -1;
    o.request.min_p = 0;
  }
  EXPECT_TRUE(Check(off).frequencies.has_value());
}

TEST(LogprobCoherenceTest, AServerThatNeverReportsWhatItSamplesFromIsNotHeldToIt) {
  const LogprobCoherence result = Check(DrawnAnswers(6, 40, 0.5, 2), DrawnAnswers(6, 40, 0.5, 3));
  EXPECT_FALSE(result.frequencies.has_value());
  EXPECT_THAT(result.Failures(), IsEmpty());
}

TEST(LogprobCoherenceTest, OneAnswerIsEnoughForAPValue) {
  const auto check = CheckSampledFrequencies(Build(DrawnAnswers(1, 1, 1, 2)), 1);
  ASSERT_TRUE(check.has_value());
  EXPECT_GT(check->p_value, 0.001);
  EXPECT_LE(check->p_value, 1);
}

TEST(LogprobCoherenceTest, FailuresAreFindingsOfTheSignal) {
  std::vector<Observation> forged = DrawnAnswers(9, 10, 1, 2);
  for (Observation& o : forged) std::reverse(o.logprobs[0].top.begin(), o.logprobs[0].top.end());
  SignalOptions options;
  options.permutations = 199;
  const SampleSet reference = Build(DrawnAnswers(9, 10, 1, 1));
  const SignalEvidence evidence = EvaluateLogprob(reference, Build(forged), options);
  EXPECT_TRUE(evidence.incoherent);
  EXPECT_THAT(evidence.notes, ::testing::Contains(HasSubstr("may be made up")));
  EXPECT_DOUBLE_EQ(*evidence.p_value, 1);
  EXPECT_FALSE(EvaluateLogprob(reference, reference, options).incoherent);
}

// Recordings of real servers, where they are at hand.
class RecordedLogprobsTest : public ::testing::TestWithParam<const char*> {};

TEST_P(RecordedLogprobsTest, AreCoherent) {
  const std::string path = std::string(PINCHBECK_SOURCE_DIR) + "/../shared/data/" + GetParam() + ".jsonl.gz";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "the shared recordings are not at hand: " << path;
  SampleBuilder builder;
  ASSERT_TRUE(ReadRecordings({path}, [&](const Observation& o) { return builder.Add(o); }).ok());
  const SignalPlan plan = SampleBuilder::DecidePlan({&builder});
  const SampleSet sample = std::move(builder).Finish(plan);
  // With itself as the reference the frequencies could not fail.
  const LogprobCoherence result = CheckLogprobCoherence(SampleSet(), sample, 1);
  EXPECT_THAT(result.Failures(), IsEmpty());
  EXPECT_GT(result.lists.lists, 0);
  std::printf("%s: %lld lists, %lld out of order, %lld above 1, %lld of %lld prompts repeat one\n",
              GetParam(), static_cast<long long>(result.lists.lists),
              static_cast<long long>(result.lists.unsorted), static_cast<long long>(result.lists.above_one),
              static_cast<long long>(result.copied), static_cast<long long>(result.prompts));
}

INSTANTIATE_TEST_SUITE_P(Shared, RecordedLogprobsTest,
                         ::testing::Values("testbed/A-f16", "testbed/A-f16-run2", "testbed/A-f16-fa",
                                           "testbed/A-bf16", "testbed/A-Q8_0", "testbed/A-Q4_K_M",
                                           "testbed/B", "mmlu_logprobs/gpt4o", "mmlu_logprobs/llama3.1-8B",
                                           "trackllm_first_token/deepseek-chat-v3.1@gmicloud",
                                           "trackllm_first_token/magnum-v4-72b@mancer"),
                         [](const auto& name) {
                           std::string text = name.param;
                           std::replace_if(
                               text.begin(), text.end(), [](char c) { return std::isalnum(c) == 0; }, '_');
                           return text;
                         });

}  // namespace
}  // namespace pinchbeck::internal
