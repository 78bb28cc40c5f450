// Features of random texts for tests that need many of them quickly.
#ifndef PINCHBECK_TESTS_SIGNAL_RANDOM_TEXTS_H_
#define PINCHBECK_TESTS_SIGNAL_RANDOM_TEXTS_H_

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "pinchbeck/signal/sample.h"
#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck {

// A text of 40 "3-grams" of 80 kinds, kind k with weight 1 + tilt * k / 80.
inline TextFeatures RandomText(double tilt, stats::CounterRng& rng) {
  constexpr std::uint32_t kKinds = 80;
  std::vector<std::uint32_t> counts(kKinds, 0);
  for (int i = 0; i < 40;) {
    const std::uint32_t kind = rng.Below(kKinds);
    if (rng.Uniform() * (1 + std::abs(tilt)) > 1 + tilt * kind / kKinds) continue;
    ++counts[kind];
    ++i;
  }
  TextFeatures text;
  for (std::uint32_t kind = 0; kind < kKinds; ++kind) {
    if (counts[kind] > 0) text.trigrams.emplace_back(kind * 1000, counts[kind]);
  }
  return text;
}

// One answer a probe to probes first .. first + count - 1.
inline SampleSet OneEach(int first, int count, double tilt, std::uint64_t seed, int answers = 1) {
  SampleSet sample;
  for (int p = first; p < first + count; ++p) {
    stats::CounterRng rng(seed, static_cast<std::uint64_t>(p));
    for (int i = 0; i < answers; ++i)
      sample.probes["p" + std::to_string(1000 + p)].texts.push_back(RandomText(tilt, rng));
  }
  return sample;
}

}  // namespace pinchbeck

#endif  // PINCHBECK_TESTS_SIGNAL_RANDOM_TEXTS_H_
