// Adjusting p-values for several tests of one claim.
#ifndef PINCHBECK_STATS_MULTIPLICITY_H_
#define PINCHBECK_STATS_MULTIPLICITY_H_

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

namespace pinchbeck::stats {

// Holm's step-down adjustment: rejecting every adjusted value <= alpha keeps the chance of any false
// rejection at alpha under every dependence between the tests.
//
//   adjusted_(i) = max_{j <= i} min(1, (m - j + 1) p_(j)),   p_(1) <= ... <= p_(m)
//
// `family_size` may exceed the number of p-values when members of the family could not be measured; they
// count as 1. Reference: Holm 1979, Scandinavian Journal of Statistics 6, 65-70.
[[nodiscard]] inline std::vector<double> HolmAdjust(std::span<const double> p_values,
                                                    std::size_t family_size) {
  const std::size_t m = std::max(family_size, p_values.size());
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  double running = 0;
  for (std::size_t j = 0; j < order.size(); ++j) {
    running = std::max(running, std::min(1.0, static_cast<double>(m - j) * p_values[order[j]]));
    adjusted[order[j]] = running;
  }
  return adjusted;
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_MULTIPLICITY_H_
