// Random draws of the benchmark: all from counter-based generators, so that a result depends on the seed
// only, never on the order of work.
#ifndef PINCHBECK_BENCH_ACCURACY_RANDOM_H_
#define PINCHBECK_BENCH_ACCURACY_RANDOM_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck::accuracy {

// A seed for one place of the benchmark, from its coordinates (row, pair, draw, ...).
template <class... Coordinates>
[[nodiscard]] std::uint64_t SeedFor(std::uint64_t seed, Coordinates... coordinates) {
  ((seed = stats::MixSeed(seed, static_cast<std::uint64_t>(coordinates))), ...);
  return seed;
}

// Brings a random subset into random order to the front: items[0 .. count) are drawn without replacement.
template <class T>
void ShuffleFront(std::vector<T>& items, std::size_t count, stats::CounterRng& rng) {
  for (std::size_t i = 0; i < std::min(count, items.size()) && i + 1 < items.size(); ++i) {
    std::swap(items[i], items[i + rng.Below(static_cast<std::uint32_t>(items.size() - i))]);
  }
}

// Standard normal (Box & Muller 1958).
[[nodiscard]] inline double Normal(stats::CounterRng& rng) {
  const double radius = std::sqrt(-2 * std::log(1 - rng.Uniform()));
  return radius * std::cos(6.283185307179586 * rng.Uniform());
}

// Gamma with scale 1 (Marsaglia & Tsang 2000, doi:10.1145/358407.358414). Requires shape > 0.
[[nodiscard]] inline double Gamma(double shape, stats::CounterRng& rng) {
  if (shape < 1) return Gamma(shape + 1, rng) * std::pow(1 - rng.Uniform(), 1 / shape);
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = Normal(rng), v = std::pow(1 + c * x, 3);
    if (v > 0 && std::log(1 - rng.Uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

// Index drawn with the probabilities behind a running total.
[[nodiscard]] inline std::size_t DrawIndex(std::span<const double> cumulative, stats::CounterRng& rng) {
  const auto it = std::upper_bound(cumulative.begin(), cumulative.end(), rng.Uniform() * cumulative.back());
  return std::min(static_cast<std::size_t>(it - cumulative.begin()), cumulative.size() - 1);
}

}  // namespace pinchbeck::accuracy

#endif  // PINCHBECK_BENCH_ACCURACY_RANDOM_H_
