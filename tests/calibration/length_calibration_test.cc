// Over 2,000 draws of equal sources no p-value of lengths, reasoning tokens or times rejects more often than
// its level. Each check of a correct method would fail with probability 1e-4 for another seed.
#include <gtest/gtest.h>

#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "pinchbeck/signal/evidence.h"
#include "tests/exact_binomial.h"
#include "tests/signal/length_samples.h"

namespace pinchbeck {
namespace {

constexpr std::int64_t kDraws = 2000;

struct Sides {
  SampleSet reference, observed;
};
using Draw = std::function<Sides(std::uint64_t)>;
using Evaluate = SignalEvidence (*)(const SampleSet&, const SampleSet&, const SignalOptions&);

void CheckLevels(const std::string& name, Evaluate evaluate, const Draw& draw, SignalOptions options) {
  std::int64_t rejected[2] = {0, 0};
  constexpr double kLevels[2] = {0.01, 0.05};
  for (std::int64_t run = 0; run < kDraws; ++run) {
    const Sides sides = draw(static_cast<std::uint64_t>(run));
    options.seed = static_cast<std::uint64_t>(run);
    options.permutations = 199;
    const SignalEvidence evidence = evaluate(sides.reference, sides.observed, options);
    ASSERT_TRUE(evidence.measurable) << name << ": " << evidence.reason;
    for (int l = 0; l < 2; ++l) rejected[l] += *evidence.p_value <= kLevels[l];
  }
  for (int l = 0; l < 2; ++l) {
    std::printf("%-44s level %.2f: %lld of %lld\n", name.c_str(), kLevels[l],
                static_cast<long long>(rejected[l]), static_cast<long long>(kDraws));
    EXPECT_GT(BinomialUpperTail(rejected[l], kDraws, kLevels[l]), kCheckFailureChance)
        << name << " at level " << kLevels[l];
  }
}

// Equal sources of several kinds: scattered lengths, one answer a side, atoms and cut answers, one probe with
// a single observed answer.
struct Kind {
  const char* name;
  Draw draw;
};

Lengths Atoms(std::size_t count, stats::CounterRng& rng) {
  Lengths lengths;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t k = rng.Below(4);
    lengths.push_back(k < 3 ? 20.0 + 5 * k : 20.0 + rng.Below(40));
  }
  return lengths;
}

void Cap(SampleSet& sample) {
  for (auto& [id, probe] : sample.probes) {
    for (OutputLength& length : probe.lengths) {
      if (length.length >= 30) length = {30, true};
    }
  }
}

std::vector<Kind> Kinds() {
  const auto sample = [](std::size_t probes, std::size_t count, std::uint64_t seed) {
    return LengthSample(DrawLengths(probes, count, 0, 0.3, seed));
  };
  return {{"scattered",
           [=](std::uint64_t run) {
             return Sides{sample(4, 6, 2 * run), sample(4, 3, 2 * run + 1)};
           }},
          {"pairs",
           [=](std::uint64_t run) {
             return Sides{sample(12, 1, 2 * run), sample(12, 1, 2 * run + 1)};
           }},
          {"one observed answer",
           [=](std::uint64_t run) {
             return Sides{sample(1, 150, 2 * run), sample(1, 1, 2 * run + 1)};
           }},
          {"atoms and cut answers", [](std::uint64_t run) {
             stats::CounterRng rng(run, 7);
             Sides sides{LengthSample({Atoms(7, rng), Atoms(5, rng)}),
                         LengthSample({Atoms(4, rng), Atoms(9, rng)})};
             Cap(sides.reference);
             Cap(sides.observed);
             return sides;
           }}};
}

TEST(LengthCalibrationTest, TokenLengthsHoldTheirLevel) {
  const SampleSet stored = LengthSample(DrawLengths(12, 8, 0.2, 0.3, 1u << 20));
  const SampleSet elsewhere = [] {
    SampleSet sample = LengthSample(DrawLengths(30, 1, -0.2, 0.4, 1u << 21));
    sample.probes.erase("p0");
    return sample;
  }();
  for (const Kind& kind : Kinds()) {
    SignalOptions options;
    CheckLevels(std::string("token_length, ") + kind.name, EvaluateTokenLength, kind.draw, options);
    options.alternatives = {&stored, &elsewhere};
    CheckLevels(std::string("with alternatives, ") + kind.name, EvaluateTokenLength, kind.draw, options);
  }
}

// Mixed signs of what the alternative is trained on: the observed answers themselves must not steer it.
TEST(LengthCalibrationTest, AlternativesLearntBesideTheTestedProbesHoldTheirLevel) {
  const Draw draw = [](std::uint64_t run) {
    Sides sides{LengthSample(DrawLengths(30, 1, 0, 0.3, 2 * run)), {}};
    SampleSet observed = LengthSample(DrawLengths(10, 1, 0, 0.3, 2 * run + 1));
    sides.observed = std::move(observed);
    return sides;
  };
  SampleSet stored = LengthSample(DrawLengths(30, 1, 0.15, 0.3, 1u << 22));
  for (int p = 0; p < 10; ++p) stored.probes.erase("p" + std::to_string(p));
  SignalOptions options;
  options.alternatives = {&stored};
  CheckLevels("alternative of other probes", EvaluateTokenLength, draw, options);
}

TEST(LengthCalibrationTest, ReasoningTokensHoldTheirLevel) {
  for (const Kind& kind : Kinds()) {
    const Draw draw = [&](std::uint64_t run) {
      Sides sides = kind.draw(run);
      for (SampleSet* sample : {&sides.reference, &sides.observed}) {
        for (auto& [id, probe] : sample->probes) std::swap(probe.lengths, probe.reasoning);
      }
      return sides;
    };
    CheckLevels(std::string("reasoning, ") + kind.name, EvaluateReasoning, draw, SignalOptions());
  }
}

// A queue: within a minute each request's delay follows the one before, so that a minute is slow or fast as a
// whole; the next minute starts afresh.
SampleSet Queue(int minutes, std::int64_t first, std::uint64_t seed) {
  constexpr int kRequests = 8;
  stats::CounterRng rng(seed, 3);
  SampleSet sample;
  for (int minute = 0; minute < minutes; ++minute) {
    double delay = DrawNormal(rng), load = DrawNormal(rng);
    for (int i = 0; i < kRequests; ++i) {
      delay = 0.95 * delay + 0.31 * DrawNormal(rng);
      load = 0.95 * load + 0.31 * DrawNormal(rng);
      Latency latency;
      latency.first_token_s = 0.3 * std::exp(0.4 * delay);
      latency.tokens_per_s = 50 * std::exp(-0.3 * load);
      latency.total_per_token_s = 1 / *latency.tokens_per_s + latency.first_token_s / 100;
      latency.median_gap_s = 0.9 / *latency.tokens_per_s;
      latency.input_tokens = 50 + 100 * (i % 3);
      GapShape shape;
      shape.dispersion = std::exp(0.3 * load + 0.05 * DrawNormal(rng));
      shape.burst_share = rng.Below(4) / 10.0;
      shape.autocorrelation = std::tanh(0.3 * load);
      // Some answers are too short for a shape.
      if (rng.Below(5) > 0) latency.gaps = shape;
      latency.minute = first + minute;
      sample.probes[i % 2 == 0 ? "p0" : "p1"].latencies.push_back(latency);
    }
  }
  return sample;
}

TEST(LengthCalibrationTest, LatencyHoldsItsLevelWhereRequestsOfAMinuteShareAQueue) {
  for (const int observed : {1, 2, 7}) {
    const Draw draw = [&](std::uint64_t run) {
      return Sides{Queue(12, 0, 2 * run), Queue(observed, 5000, 2 * run + 1)};
    };
    for (const LatencyMode mode : {LatencyMode::kAdvisory, LatencyMode::kShape, LatencyMode::kStrict}) {
      SignalOptions options;
      options.latency = mode;
      CheckLevels("latency, " + std::string(LatencyModeName(mode)) + ", minutes: " + std::to_string(observed),
                  EvaluateLatency, draw, options);
    }
  }
}

// Skewed times at `rate` requests a minute: one in ten is slower by 1.5 log-seconds.
SampleSet Skewed(int minutes, int rate, std::int64_t first, std::uint64_t seed) {
  stats::CounterRng rng(seed, 4);
  SampleSet sample;
  for (int i = 0; i < minutes * rate; ++i) {
    Latency latency;
    const double slow = rng.Below(10) == 0 ? 1.5 : 0;
    latency.first_token_s = 0.3 * std::exp(0.1 * DrawNormal(rng) + slow);
    latency.tokens_per_s = 50 * std::exp(0.1 * DrawNormal(rng) - slow);
    latency.total_per_token_s = 1 / *latency.tokens_per_s;
    latency.minute = first + i / rate;
    sample.probes["p"].latencies.push_back(latency);
  }
  return sample;
}

TEST(LengthCalibrationTest, LatencyDoesNotSeeTheRateOfRequests) {
  for (const auto& [reference, observed] : {std::pair{1, 20}, {20, 1}, {3, 20}}) {
    const Draw draw = [&](std::uint64_t run) {
      return Sides{Skewed(30, reference, 0, 2 * run), Skewed(30, observed, 5000, 2 * run + 1)};
    };
    SignalOptions options;
    options.latency = LatencyMode::kStrict;
    CheckLevels(
        "latency, requests a minute: " + std::to_string(reference) + " and " + std::to_string(observed),
        EvaluateLatency, draw, options);
  }
}

// The one-sided p-value of being faster is stated in a note where it is at most the level.
TEST(LengthCalibrationTest, SeemingFasterHoldsItsLevel) {
  std::int64_t rejected = 0;
  for (std::uint64_t run = 0; run < kDraws; ++run) {
    SignalOptions options;
    options.permutations = 199;
    options.seed = run;
    options.latency = LatencyMode::kStrict;
    options.level = 0.05;
    const SignalEvidence evidence =
        EvaluateLatency(Queue(12, 0, 2 * run), Queue(7, 5000, 2 * run + 1), options);
    for (const std::string& note : evidence.notes) {
      if (note.rfind("faster than the claimed model", 0) != 0) continue;
      ++rejected;
      ASSERT_LE(std::stod(note.substr(note.find_last_of(' '))), 0.05);
    }
  }
  std::printf("faster, level 0.05: %lld of %lld\n", static_cast<long long>(rejected),
              static_cast<long long>(kDraws));
  EXPECT_GT(BinomialUpperTail(rejected, kDraws, 0.05), kCheckFailureChance);
}

}  // namespace
}  // namespace pinchbeck
