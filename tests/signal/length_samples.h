// Samples that hold counts of tokens or times only, for the tests of lengths, reasoning and latency.
#ifndef PINCHBECK_TESTS_SIGNAL_LENGTH_SAMPLES_H_
#define PINCHBECK_TESTS_SIGNAL_LENGTH_SAMPLES_H_

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/signal/sample.h"
#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/special_functions.h"

namespace pinchbeck {

using Lengths = std::vector<double>;

inline std::vector<OutputLength> Uncut(const Lengths& lengths) {
  std::vector<OutputLength> result;
  for (const double length : lengths) result.push_back({length, false});
  return result;
}

// Probes p0, p1, ... with these output lengths, at temperature 1.
inline SampleSet LengthSample(const std::vector<Lengths>& probes) {
  SampleSet sample;
  for (std::size_t p = 0; p < probes.size(); ++p) {
    ProbeSample& probe = sample.probes["p" + std::to_string(p)];
    probe.conditions.temperature = 1.0;
    probe.usable = static_cast<std::int64_t>(probes[p].size());
    probe.lengths = Uncut(probes[p]);
  }
  return sample;
}

// The same with reasoning tokens.
inline SampleSet ReasoningSample(const std::vector<Lengths>& probes) {
  SampleSet sample = LengthSample(probes);
  for (auto& entry : sample.probes) std::swap(entry.second.lengths, entry.second.reasoning);
  return sample;
}

inline double DrawNormal(stats::CounterRng& rng) {
  return stats::NormalQuantile(std::fmin(1 - 1e-12, std::fmax(1e-12, rng.Uniform())));
}

// `count` lengths a probe around exp(3 + probe / 5 + shift), with this spread in the logarithm. Probes differ
// far more than answers.
inline std::vector<Lengths> DrawLengths(std::size_t probes, std::size_t count, double shift, double spread,
                                        std::uint64_t seed) {
  stats::CounterRng rng(seed, 0);
  std::vector<Lengths> lengths(probes);
  for (std::size_t p = 0; p < probes; ++p) {
    for (std::size_t i = 0; i < count; ++i) {
      const double log = 3 + 0.2 * static_cast<double>(p % 10) + shift + spread * DrawNormal(rng);
      lengths[p].push_back(std::floor(std::exp(log)));
    }
  }
  return lengths;
}

inline SignalOptions QuickOptions(std::int64_t permutations = 999) {
  SignalOptions options;
  options.permutations = permutations;
  return options;
}

}  // namespace pinchbeck

#endif  // PINCHBECK_TESTS_SIGNAL_LENGTH_SAMPLES_H_
