// Verdicts that rest on reasoning tokens, lengths and response times.
#include <gmock/gmock.h>

#include <cstdio>

#include "pinchbeck/audit/verify.h"
#include "pinchbeck/report/report_writers.h"
#include "tests/signal/observations.h"

namespace pinchbeck {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

struct Served {
  double mean_tokens = 200, mean_reasoning = 600, per_token_s = 0.02;
  // Minutes since the start of the day.
  int first_minute = 0;
};

std::vector<Observation> Answers(const Served& served, int probes, int count, std::uint64_t seed) {
  std::vector<Observation> observations;
  stats::CounterRng rng(seed, 0);
  for (int i = 0; i < probes * count; ++i) {
    Observation observation =
        TextAnswer("p" + std::to_string(i % probes), "",
                   static_cast<std::int64_t>(served.mean_tokens * (0.6 + 0.8 * rng.Uniform())));
    observation.signals = {"token_length", "latency", "reasoning"};
    observation.request.max_tokens = 4000;
    observation.usage.reasoning_tokens =
        static_cast<std::int64_t>(served.mean_reasoning * (0.6 + 0.8 * rng.Uniform()));
    const int minute = served.first_minute + i / probes;
    char time[32];
    std::snprintf(time, sizeof time, "2026-01-01T%02d:%02d:00Z", minute / 60, minute % 60);
    observation.time = time;
    observation.timing.first_token_s = 0.3 + 0.05 * rng.Uniform();
    observation.timing.total_s =
        *observation.timing.first_token_s + served.per_token_s * (0.9 + 0.2 * rng.Uniform()) *
                                                static_cast<double>(*observation.usage.output_tokens);
    observations.push_back(observation);
  }
  return observations;
}

Fingerprint Enrolled(const std::vector<Observation>& observations, const std::string& model) {
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

const SignalReport& Signal(const Report& report, std::string_view name) {
  for (const SignalReport& signal : report.signals) {
    if (signal.evidence.signal == name) return signal;
  }
  ADD_FAILURE() << name;
  return report.signals.front();
}

VerifyOptions Quick(Claim claim = Claim::kWeights, LatencyMode latency = LatencyMode::kAdvisory) {
  VerifyOptions options;
  options.permutations = 999;
  options.claim = claim;
  options.latency = latency;
  return options;
}

TEST(VerifyReasoningTest, ReducedReasoningIsAChangeOfTheServingAndMoreIsNone) {
  const Fingerprint fingerprint = Enrolled(Answers({}, 4, 20, 1), "claimed");
  Served less, more;
  less.mean_reasoning = 250;
  more.mean_reasoning = 1500;
  const SampleSet observed = Observed(fingerprint, Answers(less, 4, 12, 2));
  const auto reduced = Verify(fingerprint, observed, Quick(Claim::kServing));
  ASSERT_TRUE(reduced.ok()) << reduced.status();
  EXPECT_EQ(reduced->verdict, Verdict::kDiffers);
  EXPECT_EQ(Signal(*reduced, "reasoning").status, SignalStatus::kDiffers);
  // Effort is a setting: the weights may be the same.
  const auto weights = Verify(fingerprint, observed, Quick());
  EXPECT_EQ(weights->verdict, Verdict::kInconclusive);
  EXPECT_EQ(weights->reason, "configuration");
  EXPECT_EQ(weights->configuration->kind, "reasoning_effort");
  EXPECT_LE(*Signal(*weights, "reasoning").adjusted_p_value, 0.01);
  EXPECT_THAT(ReportToText(*reduced), HasSubstr("one-sided"));
  EXPECT_THAT(ReportToJson(*reduced), HasSubstr("\"signal\": \"reasoning\""));
  const auto raised = Verify(fingerprint, Observed(fingerprint, Answers(more, 4, 12, 3)), Quick());
  EXPECT_THAT(raised->verdict, ::testing::AnyOf(Verdict::kConsistent, Verdict::kInconclusive));
  EXPECT_GT(*Signal(*raised, "reasoning").adjusted_p_value, 0.5);
}

TEST(VerifyReasoningTest, AStoredModelWithLessReasoningIsNoSetting) {
  const Fingerprint fingerprint = Enrolled(Answers({}, 4, 20, 1), "claimed");
  Served less;
  less.mean_reasoning = 250;
  const Fingerprint small = Enrolled(Answers(less, 4, 20, 4), "small");
  VerifyOptions options = Quick();
  options.alternatives = {&small};
  const auto report = Verify(fingerprint, Observed(fingerprint, Answers(less, 4, 12, 2)), options);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->verdict, Verdict::kDiffers);
  ASSERT_TRUE(report->attribution.has_value());
  EXPECT_EQ(report->attribution->model, "small");
}

TEST(VerifyReasoningTest, CountsThatARelayLeavesOutAreNoAgreement) {
  const Fingerprint fingerprint = Enrolled(Answers({}, 4, 20, 1), "claimed");
  std::vector<Observation> stripped = Answers({}, 4, 12, 2);
  for (Observation& observation : stripped) observation.usage.reasoning_tokens.reset();
  const auto report = Verify(fingerprint, Observed(fingerprint, stripped), Quick());
  EXPECT_EQ(Signal(*report, "reasoning").status, SignalStatus::kNotMeasurable);
  EXPECT_THAT(ReportToText(*report), HasSubstr("reasoning: anything"));
}

TEST(VerifyReasoningTest, FingerprintsKeepTheCounts) {
  const Fingerprint fingerprint = Enrolled(Answers({}, 2, 5, 1), "claimed");
  const auto parsed = ParseFingerprint(SerializeFingerprint(fingerprint));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_TRUE(parsed->plan.at("p0").reasoning);
  const ProbeSample& before = fingerprint.parts[0].sample.probes.at("p0");
  const ProbeSample& after = parsed->parts[0].sample.probes.at("p0");
  ASSERT_EQ(after.reasoning.size(), before.reasoning.size());
  EXPECT_EQ(after.reasoning[3].length, before.reasoning[3].length);
  ASSERT_EQ(after.latencies.size(), before.latencies.size());
  EXPECT_EQ(after.latencies[2].total_per_token_s, before.latencies[2].total_per_token_s);
}

TEST(VerifyLatencyTest, SpeedAccusesNobodyUnderTheWeightsClaim) {
  const Fingerprint fingerprint = Enrolled(Answers({}, 4, 20, 1), "claimed");
  Served fast;
  fast.per_token_s = 0.002;
  fast.first_minute = 600;
  const SampleSet observed = Observed(fingerprint, Answers(fast, 4, 15, 2));
  const auto weights = Verify(fingerprint, observed, Quick(Claim::kWeights, LatencyMode::kStrict));
  EXPECT_NE(weights->verdict, Verdict::kDiffers);
  EXPECT_NE(weights->reason, "effect_below_gate");
  EXPECT_FALSE(Signal(*weights, "latency").evidence.counted);
  EXPECT_FALSE(Signal(*weights, "latency").adjusted_p_value);
  EXPECT_LE(*Signal(*weights, "latency").evidence.p_value, 0.01);
  EXPECT_EQ(Signal(*weights, "latency").status, SignalStatus::kInconclusive);
  const auto advisory = Verify(fingerprint, observed, Quick(Claim::kServing));
  EXPECT_NE(advisory->verdict, Verdict::kDiffers);
  EXPECT_FALSE(Signal(*advisory, "latency").adjusted_p_value);
}

TEST(VerifyLatencyTest, AChangedServingDiffersButSpeedNamesNoModel) {
  const Fingerprint fingerprint = Enrolled(Answers({}, 4, 20, 1), "claimed");
  Served fast;
  fast.per_token_s = 0.002;
  fast.first_minute = 600;
  const Fingerprint other = Enrolled(Answers(fast, 4, 20, 3), "small");
  const SampleSet observed = Observed(fingerprint, Answers(fast, 4, 15, 2));
  VerifyOptions options = Quick(Claim::kServing, LatencyMode::kStrict);
  options.alternatives = {&other};
  const auto report = Verify(fingerprint, observed, options);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->verdict, Verdict::kDiffers);
  EXPECT_EQ(Signal(*report, "latency").status, SignalStatus::kDiffers);
  EXPECT_FALSE(report->attribution);
  EXPECT_THAT(Signal(*report, "latency").evidence.notes, Contains(HasSubstr("fit \"small\" best")));
}

TEST(VerifyLengthTest, AlternativesWhoseLengthsCountSomethingElseAreLeftOut) {
  const Fingerprint fingerprint = Enrolled(Answers({}, 4, 20, 1), "claimed");
  Served longer;
  longer.mean_tokens = 320;
  Fingerprint other = Enrolled(Answers(longer, 4, 20, 2), "long");
  const SampleSet observed = Observed(fingerprint, Answers(longer, 4, 12, 3));
  VerifyOptions options = Quick();
  options.alternatives = {&other};
  const auto with = Verify(fingerprint, observed, options);
  EXPECT_THAT(Signal(*with, "token_length").evidence.method, HasSubstr("1 stored alternative;"));
  for (auto& entry : other.plan) entry.second.length_source = LengthSource::kCharacters;
  const auto without = Verify(fingerprint, observed, options);
  EXPECT_THAT(Signal(*without, "token_length").evidence.method, HasSubstr("no stored alternative"));
}

}  // namespace
}  // namespace pinchbeck
