// Synthetic observations for the tests of signals, fingerprints and audits.
#ifndef PINCHBECK_TESTS_SIGNAL_OBSERVATIONS_H_
#define PINCHBECK_TESTS_SIGNAL_OBSERVATIONS_H_

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/signal/sample_builder.h"
#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck {

inline Observation ChoiceAnswer(const std::string& probe, const std::string& answer) {
  Observation observation;
  observation.probe = probe;
  observation.request.temperature = 1.0;
  observation.request.max_tokens = 4;
  observation.response.text = answer;
  return observation;
}

// First-token log-probabilities of three tokens, shifted by `shift` nats and jittered by `noise`.
inline Observation LogprobAnswer(const std::string& probe, double shift, double noise = 0) {
  Observation observation;
  observation.probe = probe;
  observation.signals = {"logprob"};
  observation.request.temperature = 0.0;
  observation.request.max_tokens = 1;
  observation.response.text = "a";
  const std::vector<TokenLogprob> top = {{"a", std::nullopt, -0.5 - noise},
                                         {"b", std::nullopt, -2.0 + noise - shift},
                                         {"c", std::nullopt, -3.0 - shift}};
  observation.logprobs = {{top[0], top}};
  return observation;
}

inline Observation TextAnswer(const std::string& probe, const std::string& text, std::int64_t tokens) {
  Observation observation;
  observation.probe = probe;
  observation.signals = {"text", "token_length"};
  observation.request.temperature = 1.0;
  observation.request.max_tokens = 100;
  observation.response.text = text;
  observation.usage.output_tokens = tokens;
  return observation;
}

inline SampleSet Build(const std::vector<Observation>& observations) {
  SampleBuilder builder;
  for (const Observation& observation : observations) EXPECT_TRUE(builder.Add(observation).ok());
  const SignalPlan plan = SampleBuilder::DecidePlan({&builder});
  return std::move(builder).Finish(plan);
}

// `count` answers a probe to `probes` probes from categories 0 .. 9, answer k with weight (k + 1)^power.
inline std::vector<Observation> RandomChoices(int probes, int count, double power, std::uint64_t seed,
                                              const std::string& prefix = "p") {
  std::vector<Observation> observations;
  double total = 0;
  for (int k = 0; k < 10; ++k) total += std::pow(k + 1, power);
  for (int p = 0; p < probes; ++p) {
    stats::CounterRng rng(seed, static_cast<std::uint64_t>(p));
    for (int i = 0; i < count; ++i) {
      double position = rng.Uniform() * total;
      int k = 0;
      while (k < 9 && (position -= std::pow(k + 1, power)) > 0) ++k;
      observations.push_back(ChoiceAnswer(prefix + std::to_string(p), std::to_string(k)));
    }
  }
  return observations;
}

}  // namespace pinchbeck

#endif  // PINCHBECK_TESTS_SIGNAL_OBSERVATIONS_H_
