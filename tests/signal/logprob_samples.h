// Made-up log-probabilities for the tests of that signal.
#ifndef PINCHBECK_TESTS_SIGNAL_LOGPROB_SAMPLES_H_
#define PINCHBECK_TESTS_SIGNAL_LOGPROB_SAMPLES_H_

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/core/observation.h"
#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck {

using TokenValues = std::vector<std::pair<std::string, double>>;

// One answer of one token, with the list as given; the sampled token may stand outside of it.
inline Observation ListAnswer(const std::string& probe, const TokenValues& list,
                              const std::pair<std::string, double>& sampled, double temperature = 0) {
  Observation observation;
  observation.probe = probe;
  observation.signals = {"logprob"};
  observation.request.temperature = temperature;
  observation.request.top_p = 1.0;
  observation.request.max_tokens = 1;
  observation.response.text = sampled.first;
  PositionLogprobs position;
  position.sampled = {sampled.first, std::nullopt, sampled.second};
  for (const auto& [token, value] : list) position.top.push_back({token, std::nullopt, value});
  observation.logprobs = {position};
  return observation;
}

// An answer of several tokens of which only the sampled ones are reported.
inline Observation SampledAnswer(const std::string& probe, const TokenValues& tokens, double temperature) {
  Observation observation;
  observation.probe = probe;
  observation.signals = {"logprob"};
  observation.request.temperature = temperature;
  observation.request.max_tokens = 50;
  observation.response.text = "text";
  for (const auto& [token, value] : tokens)
    observation.logprobs.push_back({{token, std::nullopt, value}, {}});
  return observation;
}

inline double Normal(stats::CounterRng& rng) {
  return std::sqrt(-2 * std::log(1 - rng.Uniform())) * std::cos(6.283185307179586 * rng.Uniform());
}

// Probabilities of `tokens` tokens, falling like those of a real model; which is which depends on the probe.
inline std::vector<double> Probabilities(int tokens, std::uint64_t probe, double temperature = 1) {
  stats::CounterRng rng(31, probe);
  std::vector<double> p;
  for (int k = 0; k < tokens; ++k) p.push_back(std::exp((-0.4 * k + Normal(rng)) / temperature));
  const double total = std::accumulate(p.begin(), p.end(), 0.0);
  for (double& value : p) value /= total;
  return p;
}

// The `listed` likeliest tokens with their values.
inline TokenValues ListOf(const std::vector<double>& p, std::size_t listed) {
  TokenValues list;
  for (std::size_t k = 0; k < p.size(); ++k) list.emplace_back("t" + std::to_string(k), std::log(p[k]));
  std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  list.resize(std::min(listed, list.size()));
  return list;
}

// `count` answers a probe at temperature 1: tokens drawn from `sampled`, lists of `reported`.
inline std::vector<Observation> DrawnAnswers(int probes, int count, double sampled_temperature,
                                             std::uint64_t seed) {
  std::vector<Observation> observations;
  for (int p = 0; p < probes; ++p) {
    const auto probe = static_cast<std::uint64_t>(p);
    const std::vector<double> reported = Probabilities(12, probe),
                              drawn = Probabilities(12, probe, sampled_temperature);
    const TokenValues list = ListOf(reported, 6);
    stats::CounterRng rng(seed, probe);
    for (int i = 0; i < count; ++i) {
      double left = rng.Uniform();
      std::size_t k = 0;
      while (k + 1 < drawn.size() && (left -= drawn[k]) >= 0) ++k;
      observations.push_back(
          ListAnswer("f" + std::to_string(p), list, {"t" + std::to_string(k), std::log(reported[k])}, 1.0));
    }
  }
  return observations;
}

}  // namespace pinchbeck

#endif  // PINCHBECK_TESTS_SIGNAL_LOGPROB_SAMPLES_H_
