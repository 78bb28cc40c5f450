// Adjusting p-values for several tests of one claim.
//
// An adjusted p-value may be compared with alpha directly. `family_size` is the number of tests that were
// planned; it may exceed the number of p-values when some could not be measured: those count as 1, so a
// missing test makes no other result smaller.
#ifndef PINCHBECK_STATS_MULTIPLICITY_H_
#define PINCHBECK_STATS_MULTIPLICITY_H_

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/combination.h"

namespace pinchbeck::stats {
namespace internal {

// Positions of the values in increasing order; equal values keep their order.
inline std::vector<std::size_t> IncreasingOrder(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return values[a] < values[b]; });
  return order;
}

}  // namespace internal

// Holm's step-down adjustment: rejecting every adjusted value <= alpha keeps the chance of any false
// rejection at alpha under every dependence between the tests.
//
//   adjusted_(i) = max_{j <= i} min(1, (m - j + 1) p_(j)),   p_(1) <= ... <= p_(m)
//
// Anything that is no p-value (NaN, outside [0, 1]) counts as 1, like a test that could not be measured.
//
// Cost: O(k log k).
//
// Reference: Holm 1979, Scandinavian Journal of Statistics 6, 65-70.
[[nodiscard]] inline std::vector<double> HolmAdjust(std::span<const double> p_values,
                                                    std::size_t family_size) {
  std::vector<double> p(p_values.begin(), p_values.end());
  for (double& value : p) {
    if (!(value >= 0 && value <= 1)) value = 1;
  }
  const std::size_t m = std::max(family_size, p.size());
  const std::vector<std::size_t> order = internal::IncreasingOrder(p);
  std::vector<double> adjusted(p.size());
  double running = 0;
  for (std::size_t j = 0; j < order.size(); ++j) {
    running = std::max(running, std::min(1.0, static_cast<double>(m - j) * p[order[j]]));
    adjusted[order[j]] = running;
  }
  return adjusted;
}

// Bonferroni's adjustment min(1, m p_i): rejecting every adjusted value <= alpha keeps the chance of any
// false rejection at alpha under every dependence. HolmAdjust() promises the same and rejects at least as
// much; this one is for single tests whose result must not depend on the others.
//
// InvalidArgument: no p-value, or one that is NaN or outside [0, 1].
[[nodiscard]] inline absl::StatusOr<std::vector<double>> BonferroniAdjust(std::span<const double> p_values,
                                                                          std::size_t family_size) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckPValues(p_values));
  const double m = static_cast<double>(std::max(family_size, p_values.size()));
  std::vector<double> adjusted;
  for (const double p : p_values) adjusted.push_back(std::min(1.0, m * p));
  return adjusted;
}

// Benjamini and Hochberg's step-up adjustment: rejecting every adjusted value <= alpha keeps the false
// discovery rate, the expected share of false rejections among all rejections, at alpha.
//
//   adjusted_(i) = min_{j >= i} min(1, m p_(j) / j),   p_(1) <= ... <= p_(m)
//
// Valid for independent p-values and for positively dependent ones (PRDS); under other dependence only at
// level alpha (1 + 1/2 + ... + 1/m), which BenjaminiYekutieliAdjust() takes into account. It does not bound
// the chance of a single false rejection, so it is for surveys of many endpoints, not for one verdict.
//
// InvalidArgument: no p-value, or one that is NaN or outside [0, 1].
//
// Cost: O(k log k).
//
// Accuracy: equal to R's p.adjust to 1e-15 (tests/golden/combination.json).
//
// Reference: Benjamini & Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x; Benjamini & Yekutieli 2001,
// doi:10.1214/aos/1013699998.
[[nodiscard]] inline absl::StatusOr<std::vector<double>> BenjaminiHochbergAdjust(
    std::span<const double> p_values, std::size_t family_size) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckPValues(p_values));
  const double m = static_cast<double>(std::max(family_size, p_values.size()));
  const std::vector<std::size_t> order = internal::IncreasingOrder(p_values);
  std::vector<double> adjusted(p_values.size());
  double running = 1;
  for (std::size_t j = order.size(); j > 0; --j) {
    running = std::min(running, m / static_cast<double>(j) * p_values[order[j - 1]]);
    adjusted[order[j - 1]] = running;
  }
  return adjusted;
}

// Benjamini and Yekutieli's step-up adjustment: as BenjaminiHochbergAdjust(), with the false discovery rate
// at alpha under every dependence between the p-values.
//
//   adjusted_(i) = min_{j >= i} min(1, m h p_(j) / j),   h = 1 + 1/2 + ... + 1/m
//
// This is e-BH on e-values into which p-values are calibrated by a step function (Wang & Ramdas 2022);
// e-values that are not made from p-values go to EBenjaminiHochberg() directly.
//
// Errors, cost and accuracy: those of BenjaminiHochbergAdjust().
//
// Reference: Benjamini & Yekutieli 2001, doi:10.1214/aos/1013699998; Wang & Ramdas 2022,
// doi:10.1111/rssb.12489.
[[nodiscard]] inline absl::StatusOr<std::vector<double>> BenjaminiYekutieliAdjust(
    std::span<const double> p_values, std::size_t family_size) {
  PINCHBECK_ASSIGN_OR_RETURN(std::vector<double> adjusted, BenjaminiHochbergAdjust(p_values, family_size));
  double harmonic = 0;
  for (std::size_t k = std::max(family_size, p_values.size()); k > 0; --k) {
    harmonic += 1 / static_cast<double>(k);
  }
  for (double& p : adjusted) p = std::min(1.0, harmonic * p);
  return adjusted;
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_MULTIPLICITY_H_
