// No p-value of the log-probability signal rejects more often than its level where nothing differs.
//
// Answers are drawn from one source for both sides: lists with noise that tokens share, ties (values rounded
// to 0.1 nats), few answers, greedy paths that sometimes diverge; sessions that move all probes alike;
// sampled tokens drawn from what is reported. Each check of a correct method would fail with probability 1e-4
// for another seed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "pinchbeck/signal/evidence.h"
#include "src/signal/logprob_coherence.h"
#include "src/signal/logprob_sequences.h"
#include "tests/exact_binomial.h"
#include "tests/signal/logprob_samples.h"
#include "tests/signal/observations.h"

namespace pinchbeck {
namespace {

using PValues = std::map<std::string, std::vector<double>>;

void ExpectCalibrated(const PValues& values) {
  for (const auto& [name, p_values] : values) {
    for (const double level : {0.01, 0.05}) {
      const auto rejected =
          std::count_if(p_values.begin(), p_values.end(), [&](double p) { return p <= level; });
      std::printf("%-44s level %.2f: %lld of %zu\n", name.c_str(), level, static_cast<long long>(rejected),
                  p_values.size());
      EXPECT_GT(BinomialUpperTail(rejected, static_cast<std::int64_t>(p_values.size()), level),
                kCheckFailureChance)
          << name << " at level " << level;
    }
  }
}

double Rounded(double value, double step) { return step > 0 ? std::round(value / step) * step : value; }

// Lists of five of seven tokens; noise that all tokens of an answer share, and some of their own.
Observation NoisyList(int probe, double noise, double step, double shift, stats::CounterRng& rng) {
  const double common = noise * Normal(rng);
  TokenValues list;
  for (int k = 0; k < 7; ++k) {
    const double value = -0.6 - 0.5 * k - 0.1 * ((probe + k) % 3) + shift + common + noise * Normal(rng);
    list.emplace_back("t" + std::to_string(k), Rounded(std::min(0.0, value), step));
  }
  std::stable_sort(list.begin(), list.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  list.resize(5);
  return ListAnswer("l" + std::to_string(probe), list, list[0]);
}

// A greedy answer of six tokens that takes another way with some chance at every position.
Observation GreedyAnswer(int probe, stats::CounterRng& rng) {
  TokenValues tokens;
  std::string way = "a";
  for (int t = 0; t < 6; ++t) {
    if (rng.Uniform() < 0.1) way += "b";
    tokens.emplace_back(way + std::to_string(t), -0.5 - 0.1 * t - 0.05 * rng.Uniform());
  }
  return SampledAnswer("g" + std::to_string(probe), tokens, 0.0);
}

Observation LongAnswer(int probe, double shift, stats::CounterRng& rng) {
  TokenValues tokens;
  const std::uint32_t length = 2 + rng.Below(30);
  for (std::uint32_t t = 0; t < length; ++t)
    tokens.emplace_back("w" + std::to_string(rng.Below(9)),
                        -1 - 0.2 * probe + shift + 3 * std::log(1 - rng.Uniform()));
  return SampledAnswer("s" + std::to_string(probe), tokens, 1.0);
}

struct Sizes {
  const char* name;
  int probes, reference, observed;
  double step;
};
constexpr Sizes kSizes[] = {{"lists", 10, 6, 4, 0},
                            {"lists, ties", 6, 3, 5, 0.1},
                            {"lists, one observed", 8, 7, 1, 0},
                            {"lists, two and two", 3, 2, 2, 0}};

TEST(LogprobCalibrationTest, EqualityWithAndWithoutStoredModels) {
  constexpr std::uint64_t kRuns = 3000;
  PValues values;
  for (std::uint64_t run = 0; run < kRuns; ++run) {
    for (const Sizes& sizes : kSizes) {
      stats::CounterRng rng(77, run * 16 + static_cast<std::uint64_t>(&sizes - kSizes));
      std::vector<Observation> sides[2], other;
      for (int p = 0; p < sizes.probes; ++p) {
        for (int i = 0; i < sizes.reference + sizes.observed; ++i) {
          auto& side = sides[i < sizes.reference ? 0 : 1];
          side.push_back(NoisyList(p, 0.2, sizes.step, 0, rng));
          side.push_back(GreedyAnswer(p, rng));
        }
        for (int i = 0; i < 5; ++i) other.push_back(NoisyList(p, 0.2, sizes.step, 0.3 * (p % 2), rng));
      }
      const SampleSet reference = Build(sides[0]), observed = Build(sides[1]), alternative = Build(other);
      SignalOptions options;
      options.permutations = 199;
      options.seed = run;
      options.decision_only = true;
      const std::string name = sizes.name;
      values[name].push_back(*EvaluateLogprob(reference, observed, options).equality_p_value);
      options.alternatives = {&alternative};
      values[name + ", a stored model"].push_back(
          *EvaluateLogprob(reference, observed, options).equality_p_value);
    }
  }
  ExpectCalibrated(values);
}

TEST(LogprobCalibrationTest, SampledTokensOfLongerAnswers) {
  constexpr std::uint64_t kRuns = 3000;
  PValues values;
  for (std::uint64_t run = 0; run < kRuns; ++run) {
    stats::CounterRng rng(78, run);
    for (const auto& [m, n] : {std::pair{8, 3}, {2, 2}, {1, 9}}) {
      std::vector<Observation> sides[2];
      for (int p = 0; p < 4; ++p) {
        for (int i = 0; i < m + n; ++i) sides[i < m ? 0 : 1].push_back(LongAnswer(p, 0, rng));
      }
      SignalOptions options;
      options.permutations = 199;
      options.seed = run;
      options.claim = Claim::kServing;
      options.decision_only = true;
      const SampleSet reference = Build(sides[0]), observed = Build(sides[1]);
      const std::string name = "sampled tokens " + std::to_string(m) + " vs " + std::to_string(n);
      values[name].push_back(internal::CompareSequences(reference, observed, options, 0.01)->p_value);
      values[name + ", serving"].push_back(*EvaluateLogprob(reference, observed, options).p_value);
    }
  }
  ExpectCalibrated(values);
}

// Sessions of one serving differ; the observed one is another of them. A difference counts when its p-value
// and its effect say so.
TEST(LogprobCalibrationTest, AnotherSessionOfTheSameServing) {
  constexpr std::uint64_t kRuns = 1500;
  PValues values;
  for (std::uint64_t run = 0; run < kRuns; ++run) {
    for (const int sessions : {2, 3, 6}) {
      stats::CounterRng rng(79, run * 16 + static_cast<std::uint64_t>(sessions));
      std::vector<SampleSet> parts;
      for (int s = 0; s <= sessions; ++s) {
        const double shift = -std::abs(0.05 * Normal(rng)), longer = 0.5 * Normal(rng);
        std::vector<Observation> observations;
        for (int p = 0; p < 8; ++p) {
          for (int i = 0; i < 3; ++i) {
            observations.push_back(NoisyList(p, 0.002, 0, shift, rng));
            observations.push_back(LongAnswer(p, longer, rng));
          }
        }
        parts.push_back(Build(observations));
      }
      std::vector<const SampleSet*> reference;
      for (int s = 0; s < sessions; ++s) reference.push_back(&parts[static_cast<std::size_t>(s)]);
      SignalOptions options;
      options.permutations = 199;
      options.seed = run;
      options.claim = Claim::kServing;
      options.decision_only = true;
      for (const double level : {0.01, 0.05}) {
        options.level = level;
        const SignalEvidence evidence = EvaluateLogprob(MergeSamples(reference), parts.back(), options);
        const bool counts = std::abs(*evidence.effect) > evidence.effect_gate;
        values[std::to_string(sessions) + " sessions, limit at " + std::to_string(level)].push_back(
            counts ? *evidence.p_value : 1.0);
      }
    }
  }
  for (auto& [name, p_values] : values) {
    const double level = name.find("0.01") != std::string::npos ? 0.01 : 0.05;
    const auto rejected =
        std::count_if(p_values.begin(), p_values.end(), [&](double p) { return p <= level; });
    std::printf("%-44s %lld of %zu\n", name.c_str(), static_cast<long long>(rejected), p_values.size());
    // Two parts, the lists and the sampled tokens, share the level.
    EXPECT_GT(BinomialUpperTail(rejected, static_cast<std::int64_t>(p_values.size()), level),
              kCheckFailureChance)
        << name;
  }
}

TEST(LogprobCalibrationTest, FrequenciesOfSampledTokens) {
  constexpr std::uint64_t kRuns = 2000;
  PValues values;
  for (std::uint64_t run = 0; run < kRuns; ++run) {
    for (const auto& [probes, count] : {std::pair{1, 1}, {1, 4}, {5, 3}, {3, 25}}) {
      const SampleSet sample = Build(DrawnAnswers(probes, count, 1, 1000 + run));
      values["frequencies, " + std::to_string(probes * count) + " answers"].push_back(
          internal::CheckSampledFrequencies(sample, run)->p_value);
    }
  }
  ExpectCalibrated(values);
}

}  // namespace
}  // namespace pinchbeck
