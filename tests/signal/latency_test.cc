#include <gmock/gmock.h>

#include <numeric>

#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/signal/sample_builder.h"
#include "tests/signal/length_samples.h"
#include "tests/signal/observations.h"

namespace pinchbeck {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;

// How one endpoint streams.
struct Speed {
  double delay_s = 0.2;
  double per_input_token_s = 0.001;
  double per_token_s = 0.02;
  // Standard deviation of gaps over their mean, roughly.
  double jitter = 0.2;
};

// Requests of `minutes` minutes, ten in each, with 20 to 290 input tokens, from minute `first` on.
SampleSet Stream(const Speed& speed, int minutes, std::int64_t first, std::uint64_t seed) {
  stats::CounterRng rng(seed, 0);
  SampleSet sample;
  ProbeSample& probe = sample.probes["t"];
  for (int i = 0; i < 10 * minutes; ++i) {
    Latency latency;
    latency.input_tokens = 20 + 30 * (i % 10);
    latency.first_token_s = speed.delay_s +
                            speed.per_input_token_s * static_cast<double>(*latency.input_tokens) +
                            0.01 * rng.Uniform();
    std::vector<double> gaps;
    for (int k = 0; k < 40; ++k) gaps.push_back(speed.per_token_s * std::exp(speed.jitter * DrawNormal(rng)));
    latency.gaps = ShapeOfGaps(gaps);
    const double decode = std::accumulate(gaps.begin(), gaps.end(), 0.0);
    latency.median_gap_s = gaps[20];
    latency.tokens_per_s = 40 / decode;
    latency.total_per_token_s = (latency.first_token_s + decode) / 41;
    latency.minute = first + i / 10;
    probe.latencies.push_back(latency);
  }
  return sample;
}

SignalOptions Mode(LatencyMode mode, Claim claim = Claim::kServing) {
  SignalOptions options = QuickOptions();
  options.latency = mode;
  options.claim = claim;
  options.level = 0.01;
  return options;
}

TEST(GapShapeTest, IsFreeOfScale) {
  const std::vector<double> regular(20, 0.02);
  const auto even = ShapeOfGaps(regular);
  ASSERT_TRUE(even);
  EXPECT_NEAR(even->dispersion, 0, 1e-12);
  EXPECT_DOUBLE_EQ(even->burst_share, 0);
  EXPECT_DOUBLE_EQ(even->autocorrelation, 0);
  // Pairs of events: every second gap is nothing.
  std::vector<double> pairs;
  for (int i = 0; i < 20; ++i) pairs.push_back(i % 2 == 0 ? 0.0 : 0.04);
  const auto bursts = ShapeOfGaps(pairs);
  EXPECT_DOUBLE_EQ(bursts->dispersion, 1);
  EXPECT_DOUBLE_EQ(bursts->burst_share, 0.5);
  EXPECT_DOUBLE_EQ(bursts->autocorrelation, -19.0 / 20);
  for (double& gap : pairs) gap *= 1e-5;
  EXPECT_NEAR(ShapeOfGaps(pairs)->dispersion, 1, 1e-12);
  EXPECT_FALSE(ShapeOfGaps(std::vector<double>(kLeastGaps - 1, 0.02)));
  EXPECT_FALSE(ShapeOfGaps(std::vector<double>(20, 0.0)));
}

TEST(LatencyModeTest, AConstantDelayIsNoDifferenceInShape) {
  Speed far;
  far.delay_s = 1.5;
  const SampleSet reference = Stream(Speed(), 20, 0, 1), observed = Stream(far, 12, 1000, 2);
  const SignalEvidence shape = EvaluateLatency(reference, observed, Mode(LatencyMode::kShape));
  EXPECT_TRUE(shape.counted);
  EXPECT_GT(*shape.p_value, 0.05);
  const SignalEvidence strict = EvaluateLatency(reference, observed, Mode(LatencyMode::kStrict));
  EXPECT_TRUE(strict.counted);
  EXPECT_LE(*strict.p_value, 0.005);
  EXPECT_THAT(strict.notes, Contains(HasSubstr("same network position")));
  const SignalEvidence advisory = EvaluateLatency(reference, observed, Mode(LatencyMode::kAdvisory));
  EXPECT_FALSE(advisory.counted);
  EXPECT_LE(*advisory.p_value, 0.005);
}

TEST(LatencyModeTest, ShapeSeesJitterAndPrefill) {
  const SampleSet reference = Stream(Speed(), 20, 0, 1);
  Speed uneven, slow_prefill;
  uneven.jitter = 0.6;
  slow_prefill.per_input_token_s = 0.003;
  for (const Speed& speed : {uneven, slow_prefill}) {
    const SampleSet observed = Stream(speed, 12, 1000, 2);
    const SignalEvidence evidence = EvaluateLatency(reference, observed, Mode(LatencyMode::kShape));
    EXPECT_LE(*evidence.p_value, 0.005);
    EXPECT_GT(*evidence.effect, evidence.effect_gate);
  }
}

TEST(LatencyModeTest, ShapeNeedsStreamsOrPromptsOfSeveralLengths) {
  SampleSet bare;
  for (int i = 0; i < 20; ++i) bare.probes["t"].latencies.emplace_back().first_token_s = 0.1 + 0.01 * i;
  const SignalEvidence evidence = EvaluateLatency(bare, bare, Mode(LatencyMode::kShape));
  EXPECT_FALSE(evidence.measurable);
  EXPECT_THAT(evidence.reason, HasSubstr("event_s"));
  // Gaps on one side only say nothing about the other.
  EXPECT_FALSE(EvaluateLatency(Stream(Speed(), 3, 0, 1), bare, Mode(LatencyMode::kShape)).measurable);
}

TEST(LatencyModeTest, WaitingIsNotSpeedAndNeitherIsABuffer) {
  const SampleSet reference = Stream(Speed(), 20, 0, 1);
  Speed fast;
  fast.per_token_s = 0.005;
  const auto faster = [&](const SampleSet& observed) {
    const auto notes = EvaluateLatency(reference, observed, Mode(LatencyMode::kStrict)).notes;
    for (const std::string& note : notes) {
      if (note.rfind("faster than the claimed model", 0) == 0)
        return std::stod(note.substr(note.find_last_of(' ')));
    }
    return -1.0;
  };
  EXPECT_LE(faster(Stream(fast, 12, 1000, 2)), 0.005);
  // A relay that holds the answer back and lets it out at once.
  SampleSet buffered = Stream(Speed(), 12, 1000, 3);
  for (Latency& latency : buffered.probes.at("t").latencies) latency.tokens_per_s = 1e5;
  // Nothing is said where it is not so.
  EXPECT_EQ(faster(buffered), -1);
  SampleSet padded = Stream(fast, 12, 1000, 4);
  for (Latency& latency : padded.probes.at("t").latencies) {
    latency.tokens_per_s = 45;
    latency.total_per_token_s = 0.03;
  }
  EXPECT_EQ(faster(padded), -1);
}

TEST(LatencyModeTest, FewBlocksCannotRejectAndSaySo) {
  Speed fast;
  fast.per_token_s = 0.001;
  const SignalEvidence evidence =
      EvaluateLatency(Stream(Speed(), 3, 0, 1), Stream(fast, 3, 1000, 2), Mode(LatencyMode::kStrict));
  EXPECT_GE(*evidence.p_value, 0.05);
  EXPECT_THAT(evidence.notes, Contains(HasSubstr("3 and 3 blocks of requests have 20 relabelings")));
  const SignalEvidence enough =
      EvaluateLatency(Stream(Speed(), 9, 0, 1), Stream(fast, 9, 1000, 2), Mode(LatencyMode::kStrict));
  EXPECT_THAT(enough.notes, Each(Not(HasSubstr("too few to reject"))));
}

TEST(LatencyModeTest, GatesFollowTheClaim) {
  const SampleSet a = Stream(Speed(), 9, 0, 1), b = Stream(Speed(), 9, 1000, 2);
  EXPECT_DOUBLE_EQ(EvaluateLatency(a, b, Mode(LatencyMode::kStrict, Claim::kWeights)).effect_gate, 1);
  EXPECT_DOUBLE_EQ(EvaluateLatency(a, b, Mode(LatencyMode::kStrict)).effect_gate, 0.5);
  SignalOptions known = Mode(LatencyMode::kStrict);
  // Two sessions back to back say less than is assumed without any.
  known.honest_spread = 0.2;
  EXPECT_DOUBLE_EQ(EvaluateLatency(a, b, known).effect_gate, 0.5);
  known.honest_spread = 0.7;
  EXPECT_DOUBLE_EQ(EvaluateLatency(a, b, known).effect_gate, 0.7);
}

TEST(LatencyModeTest, PowerIsStatedAgainstTheGate) {
  // Long recordings would find a default difference, short ones and closed gates would not.
  const SampleSet a = Stream(Speed(), 40, 0, 1), b = Stream(Speed(), 40, 1000, 2);
  const SignalEvidence enough = EvaluateLatency(a, b, Mode(LatencyMode::kStrict));
  EXPECT_GT(enough.default_effect, enough.effect_gate);
  ASSERT_TRUE(enough.detectable_effect);
  EXPECT_LE(*enough.detectable_effect, enough.default_effect);
  EXPECT_GT(*enough.detectable_effect, enough.effect_gate);
  EXPECT_FALSE(EvaluateLatency(a, b, Mode(LatencyMode::kStrict, Claim::kWeights)).detectable_effect);
  const SampleSet few = Stream(Speed(), 3, 1000, 2);
  EXPECT_FALSE(EvaluateLatency(few, few, Mode(LatencyMode::kStrict)).detectable_effect);
}

TEST(LatencyModeTest, ATimeOfOneSideIsNotCompared) {
  const SampleSet reference = Stream(Speed(), 20, 0, 1);
  SampleSet observed = Stream(Speed(), 12, 1000, 2);
  for (Latency& latency : observed.probes.at("t").latencies) latency.gaps.reset();
  SampleSet without = reference;
  for (Latency& latency : without.probes.at("t").latencies) latency.gaps.reset();
  const SignalEvidence evidence = EvaluateLatency(reference, observed, Mode(LatencyMode::kShape));
  EXPECT_DOUBLE_EQ(*evidence.p_value, *EvaluateLatency(without, observed, Mode(LatencyMode::kShape)).p_value);
  EXPECT_THAT(evidence.notes, Contains(HasSubstr("dispersion of gaps: recorded on one side only")));
}

TEST(LatencyModeTest, TheNearestAlternativeIsNamed) {
  Speed fast, faster;
  fast.per_token_s = 0.01;
  faster.per_token_s = 0.004;
  const SampleSet reference = Stream(Speed(), 8, 0, 1), one = Stream(fast, 8, 100, 2),
                  two = Stream(faster, 8, 200, 3);
  SignalOptions options = Mode(LatencyMode::kStrict);
  options.alternatives = {&one, &two};
  const auto best = [&](const SampleSet& observed) {
    return EvaluateLatency(reference, observed, options).closest_alternative;
  };
  EXPECT_EQ(best(Stream(faster, 8, 1000, 4)), std::size_t{1});
  EXPECT_EQ(best(Stream(fast, 8, 1000, 5)), std::size_t{0});
  EXPECT_FALSE(best(Stream(Speed(), 8, 1000, 6)));
  // A hair nearer to an alternative than to the reference is no difference.
  Speed hair;
  hair.per_token_s = 0.0199;
  const SampleSet near = Stream(hair, 8, 300, 7);
  options.alternatives = {&near};
  for (std::uint64_t seed = 10; seed < 20; ++seed) EXPECT_FALSE(best(Stream(Speed(), 8, 1000, seed)));
}

TEST(LatencyRecordingTest, ShapesAndWholeTimesAreKept) {
  Observation observation = TextAnswer("t", "words and words", 11);
  observation.signals = {"latency"};
  observation.usage.input_tokens = 55;
  observation.timing.connect_s = 0.1;
  observation.timing.first_token_s = 0.5;
  observation.timing.total_s = 1.2;
  for (int i = 0; i < 10; ++i) observation.timing.event_s.push_back(0.5 + 0.07 * i);
  SampleBuilder builder;
  ASSERT_TRUE(builder.Add(observation).ok());
  const SignalPlan plan = SampleBuilder::DecidePlan({&builder});
  const SampleSet sample = std::move(builder).Finish(plan);
  const Latency& latency = sample.probes.at("t").latencies.at(0);
  EXPECT_NEAR(*latency.total_per_token_s, 1.1 / 11, 1e-12);
  EXPECT_EQ(latency.input_tokens, 55);
  ASSERT_TRUE(latency.gaps);
  EXPECT_NEAR(latency.gaps->dispersion, 0, 1e-9);
}

}  // namespace
}  // namespace pinchbeck
