// Null distributions of the two-sample Kolmogorov-Smirnov statistic: exact and limiting.
#ifndef PINCHBECK_STATS_KOLMOGOROV_SMIRNOV_DISTRIBUTION_H_
#define PINCHBECK_STATS_KOLMOGOROV_SMIRNOV_DISTRIBUTION_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <vector>

#include "pinchbeck/stats/tie_groups.h"
#include "pinchbeck/stats/two_sample.h"

namespace pinchbeck::stats {

// P(K >= z) of Kolmogorov's limit K = sup |Brownian bridge|.
//
//   z large: 2 sum_k (-1)^(k-1) exp(-2 k^2 z^2),
//   z small: 1 - sqrt(2 pi) / z sum_k exp(-(2k-1)^2 pi^2 / (8 z^2)),   k = 1, 2, ...
//
// 1 for z <= 0; NaN for NaN; below 1e-308 the result fades to 0.
// Accuracy: 1e-14 + 2 z^2 * 2^-52 relative, 3e-13 at p = 1e-300 (tests/golden/ecdf.json).
// Reference: Kolmogorov 1933, Giornale dell'Istituto Italiano degli Attuari 4, 83-91; the two series are
// Jacobi's theta function before and after its transformation.
[[nodiscard]] inline double KolmogorovUpperTail(double z) {
  if (std::isnan(z)) return z;
  // Below this, 1 - P is under the smallest double.
  if (z < 0.03) return 1;
  double sum = 0;
  if (z < 1) {
    for (int k = 1; k <= 9; k += 2)
      sum += std::exp(-k * k * std::numbers::pi * std::numbers::pi / (8 * z * z));
    return 1 - std::sqrt(2 * std::numbers::pi) / z * sum;
  }
  for (int k = 4; k >= 1; --k) sum = std::exp(-2.0 * k * k * z * z) - sum;
  return 2 * sum;
}

namespace internal {

// Which signs of the gap F_ref - F_obs count: observed values are larger where it is positive.
struct GapSides {
  bool positive = true;
  bool negative = true;
};

[[nodiscard]] inline GapSides SidesOf(Alternative alternative) {
  return {alternative != Alternative::kObservedLess, alternative != Alternative::kObservedGreater};
}

// P(largest counted gap >= `gap`) over all equally likely labelings of the pooled sample.
//
// A labeling is a lattice path; after s items it has passed i reference and s - i observed ones. With q(s, i)
// the chance that a path to that point has reached the gap at the end of some tie group,
//
//   q(s, i) = 1 where the gap is reached at a group's end, else i/s q(s-1, i-1) + (s-i)/s q(s-1, i),
//
// so every step averages probabilities: no counts that overflow, no subtraction, and small tails keep their
// relative accuracy. Without ties every item ends a group (Hodges 1958); with ties this is the conditional
// distribution given the ties (Schroeer & Trenkler 1995). All values of one s are updated side by side.
// `gap` >= 1 in units of 1 / lcm(m, n). O(m n) time, O(m) memory with m the smaller sample.
[[nodiscard]] inline double GapUpperTail(const TieGroups& merged, std::int64_t gap, GapSides sides) {
  const bool swap = merged.n_reference > merged.n_observed;
  const std::int64_t m = swap ? merged.n_observed : merged.n_reference;
  const std::int64_t n = swap ? merged.n_reference : merged.n_observed;
  const std::int64_t step = swap ? merged.observed_step() : merged.reference_step();
  const std::int64_t other_step = swap ? merged.reference_step() : merged.observed_step();
  if (swap) std::swap(sides.positive, sides.negative);
  // Two guard cells spare the edges i = 0 and i = s a branch: their weight there is 0.
  std::vector<double> q(static_cast<std::size_t>(m) + 2, 0.0), next(q);
  std::int64_t s = 0;
  for (const TieGroup& group : merged.groups) {
    for (std::uint32_t k = 0; k < group.size(); ++k) {
      ++s;
      const std::int64_t low = std::max<std::int64_t>(0, s - n), high = std::min(m, s);
      const double inverse = 1 / static_cast<double>(s), items = static_cast<double>(s);
      const double* const from = q.data();
      double* const to = next.data();
      for (std::int64_t i = low; i <= high; ++i) {
        const double left = static_cast<double>(i);
        to[i + 1] = (left * from[i] + (items - left) * from[i + 1]) * inverse;
      }
      q.swap(next);
    }
    // gap(i) = i (step + other_step) - s other_step grows with i, so reached cells lie at the two ends.
    const std::int64_t low = std::max<std::int64_t>(0, s - n), high = std::min(m, s);
    const std::int64_t slope = step + other_step, origin = s * other_step;
    if (sides.positive) {
      const std::int64_t first = std::max(low, (origin + gap + slope - 1) / slope);
      for (std::int64_t i = first; i <= high; ++i) q[static_cast<std::size_t>(i) + 1] = 1;
    }
    if (sides.negative && origin >= gap) {
      const std::int64_t last = std::min(high, (origin - gap) / slope);
      for (std::int64_t i = low; i <= last; ++i) q[static_cast<std::size_t>(i) + 1] = 1;
    }
  }
  return std::clamp(q[static_cast<std::size_t>(m) + 1], std::numeric_limits<double>::min(), 1.0);
}

}  // namespace internal
}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_KOLMOGOROV_SMIRNOV_DISTRIBUTION_H_
