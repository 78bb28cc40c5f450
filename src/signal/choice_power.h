// What divergence could a comparison of short answers have found?
#ifndef PINCHBECK_SRC_SIGNAL_CHOICE_POWER_H_
#define PINCHBECK_SRC_SIGNAL_CHOICE_POWER_H_

#include <cstdint>
#include <optional>
#include <vector>

namespace pinchbeck::internal {

// One probe of the comparison.
struct PowerCell {
  const std::vector<std::int64_t>* reference = nullptr;
  std::int64_t n_observed = 0;
  double weight = 0;
};

// Shares that diverge by so many bits from `shares`, which fall and end with one of 0 for an answer never
// given: a mixture with a copy whose shares are handed on to the next answer; where that cannot diverge so
// far, with the new answer.
[[nodiscard]] std::vector<double> DivergingShares(const std::vector<double>& shares, double bits);

// Smallest of a rising list of divergences in bits that is found with power 0.9, or nullopt.
//
// By simulation: both samples are drawn again, the second from a model that diverges by so much in every
// probe (DivergingShares), so that answers change without new ones appearing where possible. `excess` is what
// the weighted divergence must exceed its null mean by to be rejected; the simulation's own null mean is
// taken off likewise, so that answers which nobody has seen yet cancel.
[[nodiscard]] std::optional<double> DetectableDivergence(const std::vector<PowerCell>& cells,
                                                         double default_bits, double excess,
                                                         std::uint64_t seed);

// Multiple of the observed answers at which `bits` would be found, from the chi-square approximation of the
// likelihood ratio: 8 ln 2 W bits = (z_level + z_power) sqrt(2 df) + (z_level + z_power)^2 with W the sum of
// mn / (m + n).
[[nodiscard]] double ChoiceSizeFactor(const std::vector<PowerCell>& cells, double bits, double total_weight);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_CHOICE_POWER_H_
