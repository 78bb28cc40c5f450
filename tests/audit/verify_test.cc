#include "pinchbeck/audit/verify.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "pinchbeck/audit/monitor.h"
#include "tests/signal/logprob_samples.h"
#include "tests/signal/observations.h"

namespace pinchbeck {
namespace {

using ::testing::HasSubstr;

Fingerprint Enrolled(const std::vector<Observation>& observations, const std::string& model = "claimed") {
  FingerprintBuilder builder(EnrollOptions{.model = model});
  for (const Observation& observation : observations) EXPECT_TRUE(builder.Add(observation, "default").ok());
  auto fingerprint = std::move(builder).Build();
  EXPECT_TRUE(fingerprint.ok()) << fingerprint.status();
  return *std::move(fingerprint);
}

SampleSet Observed(const Fingerprint& fingerprint, const std::vector<Observation>& observations) {
  SampleBuilder builder(fingerprint.plan);
  for (const Observation& observation : observations) EXPECT_TRUE(builder.Add(observation).ok());
  return std::move(builder).Finish(fingerprint.plan);
}

VerifyOptions Quick() {
  VerifyOptions options;
  options.permutations = 999;
  return options;
}

const SignalReport& Signal(const Report& report, std::string_view name) {
  for (const SignalReport& signal : report.signals) {
    if (signal.evidence.signal == name) return signal;
  }
  ADD_FAILURE() << name;
  return report.signals.front();
}

TEST(VerifyTest, SameSourceIsConsistentAndAnotherDiffers) {
  const Fingerprint fingerprint = Enrolled(RandomChoices(5, 200, 0, 1));
  const auto same = Verify(fingerprint, Observed(fingerprint, RandomChoices(5, 80, 0, 2)), Quick());
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_EQ(same->verdict, Verdict::kConsistent);
  EXPECT_EQ(same->n_reference, 1000);
  EXPECT_EQ(same->n_observed, 400);
  const auto other = Verify(fingerprint, Observed(fingerprint, RandomChoices(5, 80, 2, 3)), Quick());
  EXPECT_EQ(other->verdict, Verdict::kDiffers);
  EXPECT_EQ(Signal(*other, "choice").status, SignalStatus::kDiffers);
  EXPECT_DOUBLE_EQ(*other->p_value, *Signal(*other, "choice").adjusted_p_value);
}

TEST(VerifyTest, CertainButSmallDifferencesAreNotAccused) {
  const Fingerprint fingerprint = Enrolled(RandomChoices(5, 800, 0, 1));
  const SampleSet observed = Observed(fingerprint, RandomChoices(5, 400, 0.3, 2));
  const auto report = Verify(fingerprint, observed, Quick());
  EXPECT_EQ(report->verdict, Verdict::kInconclusive);
  EXPECT_EQ(*report->reason, "effect_below_gate");
  EXPECT_LE(*report->p_value, 0.01);
  VerifyOptions serving = Quick();
  serving.claim = Claim::kServing;
  EXPECT_EQ(Verify(fingerprint, observed, serving)->verdict, Verdict::kDiffers);
}

TEST(VerifyTest, FewAnswersAreInconclusiveWithTheNumberNeeded) {
  const Fingerprint fingerprint = Enrolled(RandomChoices(2, 100, 0, 1));
  const auto report = Verify(fingerprint, Observed(fingerprint, RandomChoices(2, 5, 0, 2)), Quick());
  EXPECT_EQ(report->verdict, Verdict::kInconclusive);
  EXPECT_EQ(*report->reason, "too_few_observations");
  ASSERT_TRUE(report->n_observed_needed.has_value());
  EXPECT_GT(*report->n_observed_needed, 10);
}

TEST(VerifyTest, WhatALogLeftOutAccusesNobody) {
  const Fingerprint fingerprint = Enrolled(RandomChoices(5, 200, 0, 1));
  const ErrorRecord cut{ErrorKind::kProtocol, std::nullopt, "the log does not hold the whole answer: cut"};
  // An honest endpoint's log without every answer that is a "1" or a "2", as if these were too long for the
  // tool.
  std::vector<Observation> selected = RandomChoices(5, 80, 0, 2);
  std::int64_t left_out = 0;
  for (Observation& observation : selected) {
    if (*observation.response.text != "1" && *observation.response.text != "2") continue;
    observation.error = cut;
    observation.response.text.reset();
    ++left_out;
  }
  ASSERT_GT(left_out, 20);
  const auto report = Verify(fingerprint, Observed(fingerprint, selected), Quick());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->verdict, Verdict::kInconclusive);
  EXPECT_EQ(report->reason, "answers_not_in_log");
  EXPECT_FALSE(report->attribution.has_value());
  for (const SignalReport& signal : report->signals) EXPECT_NE(signal.status, SignalStatus::kDiffers);
  // The same failures of a server excuse nothing.
  for (Observation& observation : selected) {
    if (observation.error) observation.error->message = "server says: " + cut.message;
  }
  EXPECT_EQ(Verify(fingerprint, Observed(fingerprint, selected), Quick())->verdict, Verdict::kDiffers);
  // 1 in 100 is no selection that matters.
  std::vector<Observation> other = RandomChoices(5, 80, 2, 3);
  for (std::size_t i = 0; i < 4; ++i) other[i].error = cut;
  EXPECT_EQ(Verify(fingerprint, Observed(fingerprint, other), Quick())->verdict, Verdict::kDiffers);
  other[4].error = cut;
  EXPECT_EQ(Verify(fingerprint, Observed(fingerprint, other), Quick())->verdict, Verdict::kInconclusive);
  // Nor is it a reference, or what a monitor may watch.
  FingerprintBuilder builder(EnrollOptions{.model = "m"});
  for (const Observation& observation : other) ASSERT_TRUE(builder.Add(observation, "default").ok());
  EXPECT_THAT(std::move(builder).Build().status().message(), HasSubstr("lacks 5 of 400 answers"));
  auto monitor = Monitor::Create(fingerprint);
  ASSERT_TRUE(monitor.ok());
  EXPECT_EQ(monitor->Step(other[0]).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(monitor->decision().observations, 0);
}

TEST(VerifyTest, ManyAnswersThatFailedAfterTheirTextAreNoAgreement) {
  const Fingerprint fingerprint = Enrolled(RandomChoices(5, 200, 0, 1));
  const struct {
    int failed;
    bool with_text;
    Verdict verdict;
  } cases[] = {{20, true, Verdict::kConsistent},
               {24, true, Verdict::kInconclusive},
               {300, true, Verdict::kInconclusive},
               {300, false, Verdict::kConsistent}};
  for (const auto& [failed, with_text, verdict] : cases) {
    std::vector<Observation> observations = RandomChoices(5, 80, 0, 2);
    for (int i = 0; i < failed; ++i) {
      Observation broken = observations[static_cast<std::size_t>(i)];
      if (!with_text) broken.response.text.reset();
      broken.error = ErrorRecord{ErrorKind::kProtocol, 200, "x"};
      observations.push_back(broken);
    }
    const auto report = Verify(fingerprint, Observed(fingerprint, observations), Quick());
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->verdict, verdict) << failed;
    EXPECT_EQ(report->n_failed, failed);
    EXPECT_EQ(report->reason.value_or(""),
              verdict == Verdict::kInconclusive ? "answers_failed_after_text" : "");
  }
  // They excuse nothing.
  std::vector<Observation> other = RandomChoices(5, 80, 2, 3);
  for (int i = 0; i < 100; ++i) {
    other.push_back(other[static_cast<std::size_t>(i)]);
    other.back().error = ErrorRecord{ErrorKind::kProtocol, 200, "x"};
  }
  EXPECT_EQ(Verify(fingerprint, Observed(fingerprint, other), Quick())->verdict, Verdict::kDiffers);
}

TEST(VerifyTest, NothingSharedIsNotMeasurable) {
  const Fingerprint fingerprint = Enrolled(RandomChoices(2, 20, 0, 1));
  const auto report =
      Verify(fingerprint, Observed(fingerprint, RandomChoices(2, 20, 0, 2, "elsewhere")), Quick());
  EXPECT_EQ(report->verdict, Verdict::kNotMeasurable);
  EXPECT_EQ(*report->reason, "nothing_comparable");
  EXPECT_FALSE(report->p_value.has_value());
}

std::vector<Observation> Append(std::vector<Observation> a, const std::vector<Observation>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::vector<Observation> Logprobs(double shift) {
  std::vector<Observation> observations;
  for (int p = 0; p < 10; ++p) {
    for (int i = 0; i < 4; ++i) {
      observations.push_back(LogprobAnswer("l" + std::to_string(p), shift * (1 + 0.01 * p), 1e-4 * (i % 2)));
    }
  }
  return observations;
}

TEST(VerifyTest, StrippedLogprobsStayInTheFamilyAndAreNoAgreement) {
  const Fingerprint fingerprint = Enrolled(Append(RandomChoices(5, 200, 0, 1), Logprobs(0)));
  std::vector<Observation> stripped = Logprobs(0);
  for (Observation& observation : stripped) observation.logprobs.clear();
  const auto report =
      Verify(fingerprint, Observed(fingerprint, Append(RandomChoices(5, 80, 2, 3), stripped)), Quick());
  EXPECT_EQ(Signal(*report, "logprob").status, SignalStatus::kNotMeasurable);
  // Two members in the family although one could be measured.
  const SignalReport& choice = Signal(*report, "choice");
  EXPECT_DOUBLE_EQ(*choice.adjusted_p_value, 2 * *choice.evidence.p_value);
}

TEST(VerifyTest, AgreeingLogprobsTurnOtherDifferencesIntoConfiguration) {
  const Fingerprint fingerprint = Enrolled(Append(RandomChoices(5, 200, 0, 1), Logprobs(0)));
  const auto report =
      Verify(fingerprint, Observed(fingerprint, Append(RandomChoices(5, 80, 2, 3), Logprobs(0))), Quick());
  EXPECT_EQ(report->verdict, Verdict::kInconclusive);
  EXPECT_EQ(*report->reason, "configuration");
  EXPECT_EQ(Signal(*report, "choice").status, SignalStatus::kConfigurationDiffers);
  const auto other =
      Verify(fingerprint, Observed(fingerprint, Append(RandomChoices(5, 80, 2, 3), Logprobs(2))), Quick());
  EXPECT_EQ(other->verdict, Verdict::kDiffers);
}

// Lists of five tokens, as they are or handed out in rising order.
std::vector<Observation> Lists(bool forged) {
  std::vector<Observation> observations;
  for (int p = 0; p < 30; ++p) {
    for (int i = 0; i < 4; ++i) {
      TokenValues list;
      for (int k = 0; k < 5; ++k)
        list.emplace_back(std::string(1, static_cast<char>('a' + k)), -0.6 - 0.05 * p - k - 1e-4 * (i % 2));
      const auto sampled = list[0];
      if (forged) std::reverse(list.begin(), list.end());
      observations.push_back(ListAnswer("l" + std::to_string(p), list, sampled));
    }
  }
  return observations;
}

TEST(VerifyTest, IncoherentLogprobsAreNoAgreementAndNoExcuse) {
  const Fingerprint fingerprint = Enrolled(Append(RandomChoices(5, 200, 0, 1), Lists(false)));
  const auto verify = [&](double power, bool forged) {
    return Verify(fingerprint, Observed(fingerprint, Append(RandomChoices(5, 80, power, 3), Lists(forged))),
                  Quick());
  };
  EXPECT_EQ(verify(2, false)->reason, "configuration");
  const auto unexcused = verify(2, true);
  ASSERT_TRUE(unexcused.ok()) << unexcused.status();
  EXPECT_EQ(unexcused->verdict, Verdict::kDiffers);
  EXPECT_EQ(Signal(*unexcused, "choice").status, SignalStatus::kDiffers);
  // They do not accuse either.
  const auto equal = verify(0, true);
  EXPECT_EQ(equal->verdict, Verdict::kConsistent);
  EXPECT_EQ(Signal(*equal, "logprob").status, SignalStatus::kInconclusive);
  EXPECT_THAT(Signal(*equal, "logprob").evidence.notes, ::testing::Contains(HasSubstr("may be made up")));
  EXPECT_EQ(Signal(*verify(0, false), "logprob").status, SignalStatus::kConsistent);
}

TEST(VerifyTest, IncoherentLogprobsDoNotMakeUpForMissingPower) {
  const Fingerprint fingerprint = Enrolled(Lists(false));
  EXPECT_EQ(Verify(fingerprint, Observed(fingerprint, Lists(false)), Quick())->verdict, Verdict::kConsistent);
  const auto report = Verify(fingerprint, Observed(fingerprint, Lists(true)), Quick());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->verdict, Verdict::kInconclusive);
  EXPECT_EQ(report->reason, "incoherent_log_probabilities");
}

TEST(VerifyTest, LogprobsSayWhichStoredModelTheyPointTo) {
  const Fingerprint fingerprint = Enrolled(Logprobs(0)), substitute = Enrolled(Logprobs(2), "substitute"),
                    other = Enrolled(Logprobs(-0.3), "other");
  VerifyOptions options = Quick();
  options.alternatives = {&other, &substitute};
  const auto report = Verify(fingerprint, Observed(fingerprint, Logprobs(2)), options);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->verdict, Verdict::kDiffers);
  EXPECT_THAT(Signal(*report, "logprob").evidence.notes,
              ::testing::Contains(HasSubstr("fit \"substitute\" best")));
}

TEST(VerifyTest, AlternativesAreAttributedAndTheClaimedModelsOwnIsIgnored) {
  const Fingerprint fingerprint = Enrolled(RandomChoices(5, 200, 0, 1));
  const Fingerprint own = Enrolled(RandomChoices(5, 200, 0, 1), "claimed");
  const Fingerprint sibling = Enrolled(RandomChoices(5, 200, 2, 2), "sibling");
  VerifyOptions options = Quick();
  options.alternatives = {&own, &sibling};
  const auto swapped = Verify(fingerprint, Observed(fingerprint, RandomChoices(5, 60, 2, 3)), options);
  EXPECT_EQ(swapped->verdict, Verdict::kDiffers);
  ASSERT_TRUE(swapped->attribution.has_value());
  EXPECT_EQ(swapped->attribution->model, "sibling");
  EXPECT_GT(swapped->attribution->p_value, options.alpha);
  ASSERT_TRUE(swapped->mixture.has_value());
  EXPECT_GT(swapped->mixture->low, 0.7);
  const auto honest = Verify(fingerprint, Observed(fingerprint, RandomChoices(5, 60, 0, 4)), options);
  EXPECT_EQ(honest->verdict, Verdict::kConsistent);
  EXPECT_TRUE(honest->not_ruled_out.empty());
  ASSERT_EQ(honest->largest_shares.size(), 1u);
  EXPECT_LT(honest->largest_shares[0].fraction, 0.4);
  // A third model is not named as the sibling.
  const auto third = Verify(fingerprint, Observed(fingerprint, RandomChoices(5, 60, -3, 5)), options);
  EXPECT_EQ(third->verdict, Verdict::kDiffers);
  EXPECT_FALSE(third->attribution.has_value());
}

TEST(VerifyTest, AlternativesOfOtherConditionsAreLeftOut) {
  const Fingerprint fingerprint = Enrolled(RandomChoices(2, 50, 0, 1));
  std::vector<Observation> cold = RandomChoices(2, 50, 2, 2);
  for (Observation& observation : cold) observation.request.temperature = 0.2;
  const Fingerprint other = Enrolled(cold, "other");
  VerifyOptions options = Quick();
  options.alternatives = {&other};
  const auto report = Verify(fingerprint, Observed(fingerprint, RandomChoices(2, 20, 0, 3)), options);
  EXPECT_THAT(report->warnings.at(0), HasSubstr("left out"));
  EXPECT_EQ(report->power_against, "the default effect of each signal");
}

TEST(VerifyTest, AnHonestVariantIsNotAccused) {
  FingerprintBuilder builder(EnrollOptions{.model = "m"});
  for (const Observation& o : RandomChoices(5, 150, 0, 1)) ASSERT_TRUE(builder.Add(o, "provider-a").ok());
  for (const Observation& o : RandomChoices(5, 150, 2, 2)) ASSERT_TRUE(builder.Add(o, "provider-b").ok());
  const auto fingerprint = std::move(builder).Build();
  ASSERT_TRUE(fingerprint.ok());
  const auto report = Verify(*fingerprint, Observed(*fingerprint, RandomChoices(5, 60, 2, 3)), Quick());
  EXPECT_NE(report->verdict, Verdict::kDiffers);
  // Or a mixture that is nearly all of it.
  EXPECT_THAT(report->variant, HasSubstr("provider-b"));
  EXPECT_EQ(report->variants, 2u);
}

TEST(VerifyTest, OtherConditionsAreRefusedUnlessRankingOnly) {
  const Fingerprint fingerprint = Enrolled(RandomChoices(2, 30, 0, 1));
  std::vector<Observation> cold = RandomChoices(2, 30, 2, 2);
  for (Observation& observation : cold) observation.request.temperature = 0.2;
  const SampleSet observed = Observed(fingerprint, cold);
  const auto refused = Verify(fingerprint, observed, Quick());
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("probe \"p1\": temperature is 0.2"));
  VerifyOptions ranking = Quick();
  ranking.ranking_only = true;
  EXPECT_EQ(Verify(fingerprint, observed, ranking)->verdict, Verdict::kInconclusive);
}

TEST(VerifyTest, ReportedSignalsNeverDecideAndNeverReadAsAgreement) {
  std::vector<Observation> reference = RandomChoices(5, 200, 0, 1), observed = RandomChoices(5, 80, 0, 2);
  for (Observation& observation : reference) observation.response.model = "one";
  for (Observation& observation : observed) observation.response.model = "two";
  const Fingerprint fingerprint = Enrolled(reference);
  const auto report = Verify(fingerprint, Observed(fingerprint, observed), Quick());
  EXPECT_EQ(report->verdict, Verdict::kConsistent);
  EXPECT_EQ(Signal(*report, "declaration").status, SignalStatus::kInconclusive);
}

TEST(VerifyTest, OptionsOutOfRange) {
  const Fingerprint fingerprint = Enrolled(RandomChoices(1, 10, 0, 1));
  const SampleSet observed = Observed(fingerprint, RandomChoices(1, 10, 0, 2));
  for (const double alpha : {0.0, -1.0, 0.6, std::nan("")}) {
    VerifyOptions options = Quick();
    options.alpha = alpha;
    EXPECT_EQ(Verify(fingerprint, observed, options).status().code(), absl::StatusCode::kInvalidArgument)
        << alpha;
  }
  VerifyOptions options = Quick();
  options.permutations = 10;
  EXPECT_EQ(Verify(fingerprint, observed, options).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(VerifyTest, SmallAlphaGetsEnoughRelabelingsAndThreadsDoNotMatter) {
  const Fingerprint fingerprint = Enrolled(RandomChoices(3, 40, 0, 1));
  const SampleSet observed = Observed(fingerprint, RandomChoices(3, 30, 0.4, 2));
  VerifyOptions options = Quick();
  options.alpha = 0.001;
  const auto one = Verify(fingerprint, observed, options);
  EXPECT_EQ(one->permutations, 20000);
  options.threads = 3;
  EXPECT_EQ(*Verify(fingerprint, observed, options)->p_value, *one->p_value);
}

}  // namespace
}  // namespace pinchbeck
