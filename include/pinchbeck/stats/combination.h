// One p-value from several.
//
// Every rule takes valid p-values: P(p <= u) <= u under their null hypotheses. Those of permutation tests are
// discrete, with P(p <= u) < u for most u; all rules here stay valid and only lose power. They differ in the
// dependence they allow; each comment says it. There is no mean of p-values: it is no p-value. With suitable
// dependence it falls below u with chance 2u (Vovk & Wang 2020, doi:10.1093/biomet/asaa027), among many
// independent ones it is hardly ever small whatever one of them says, and no threshold serves both.
//
// Common to all: InvalidArgument when the list is empty or a value is NaN or outside [0, 1]; the message
// gives its index and value. A single p-value is returned as it is, up to rounding.
//
// Cost: O(k) for k p-values.
#ifndef PINCHBECK_STATS_COMBINATION_H_
#define PINCHBECK_STATS_COMBINATION_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/special_functions.h"

namespace pinchbeck::stats {
namespace internal {

[[nodiscard]] inline absl::Status CheckPValues(std::span<const double> p_values) {
  if (p_values.empty()) return absl::InvalidArgumentError("p_values: the list is empty; give at least one");
  for (std::size_t i = 0; i < p_values.size(); ++i) {
    if (!(p_values[i] >= 0 && p_values[i] <= 1)) {
      return absl::InvalidArgumentError("p_values[" + std::to_string(i) + "] is " +
                                        std::to_string(p_values[i]) + "; a p-value lies in [0, 1]");
    }
  }
  return absl::OkStatus();
}

// Weights of the weighted rules: empty, or one finite value >= 0 for each p-value and not all 0.
[[nodiscard]] inline absl::Status CheckWeights(std::span<const double> weights, std::size_t count) {
  if (weights.empty()) return absl::OkStatus();
  if (weights.size() != count) {
    return absl::InvalidArgumentError("weights: " + std::to_string(weights.size()) + " given for " +
                                      std::to_string(count) + " p-values; give none or one for each");
  }
  bool positive = false;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (!(weights[i] >= 0 && std::isfinite(weights[i]))) {
      return absl::InvalidArgumentError("weights[" + std::to_string(i) + "] is " +
                                        std::to_string(weights[i]) + "; a weight is finite and >= 0");
    }
    positive = positive || weights[i] > 0;
  }
  if (!positive) return absl::InvalidArgumentError("weights: all are 0; give at least one above 0");
  return absl::OkStatus();
}

// The weights divided by their largest, so that no sum or square of them overflows; ones when there are none.
inline std::vector<double> ScaledWeights(std::span<const double> weights, std::size_t count) {
  if (weights.empty()) return std::vector<double>(count, 1.0);
  const double largest = *std::max_element(weights.begin(), weights.end());
  std::vector<double> scaled;
  for (const double weight : weights) scaled.push_back(weight / largest);
  return scaled;
}

// Whether a value of exactly 1 (or 0) takes part with a weight above 0.
inline bool HasValue(std::span<const double> p_values, std::span<const double> weights, double value) {
  for (std::size_t i = 0; i < p_values.size(); ++i) {
    if (p_values[i] == value && (weights.empty() || weights[i] > 0)) return true;
  }
  return false;
}

}  // namespace internal

// Fisher's combination: T = -2 sum log p_i, chi-square with 2k degrees of freedom when the p-values are
// independent and uniform.
//
// H0: every hypothesis is true. Valid for independent p-values only; positively dependent ones give results
// that are far too small. Discrete p-values make it conservative. A p-value of 0 gives 0.
//
// Accuracy: relative 1e-11 down to 1e-300 of SciPy 1.10 (tests/golden/combination.json).
//
// Reference: Fisher 1932, Statistical Methods for Research Workers, 4th edition, section 21.1.
[[nodiscard]] inline absl::StatusOr<double> FisherCombination(std::span<const double> p_values) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckPValues(p_values));
  if (internal::HasValue(p_values, {}, 0)) return 0.0;
  double sum = 0;
  for (const double p : p_values) sum -= std::log(p);
  return RegularizedGammaQ(static_cast<double>(p_values.size()), sum);
}

// Stouffer's combination: Z = sum w_i z_i / sqrt(sum w_i^2) with z_i the upper-tail normal quantile of p_i,
// result P(N(0,1) >= Z).
//
// H0: every hypothesis is true. Valid for independent p-values only. `weights`: none for equal ones, or one
// for each, fixed before the data are seen (square roots of sample sizes are usual). A p-value of 1 with a
// weight above 0 gives 1, the limit; this is common with discrete p-values, for which FisherCombination()
// loses less. Otherwise a p-value of 0 gives 0.
//
// Accuracy: relative 1e-10 down to 1e-300 of SciPy 1.10 (tests/golden/combination.json).
//
// Reference: Stouffer et al. 1949, The American Soldier 1; Liptak 1958, Publ. Math. Inst. Hung. Acad. Sci. 3.
[[nodiscard]] inline absl::StatusOr<double> StoufferCombination(std::span<const double> p_values,
                                                                std::span<const double> weights = {}) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckPValues(p_values));
  PINCHBECK_RETURN_IF_ERROR(internal::CheckWeights(weights, p_values.size()));
  if (internal::HasValue(p_values, weights, 1)) return 1.0;
  if (internal::HasValue(p_values, weights, 0)) return 0.0;
  const std::vector<double> scaled = internal::ScaledWeights(weights, p_values.size());
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < p_values.size(); ++i) {
    if (scaled[i] == 0) continue;
    sum -= scaled[i] * NormalQuantile(p_values[i]);
    squares += scaled[i] * scaled[i];
  }
  return NormalUpperTail(sum / std::sqrt(squares));
}

// Cauchy combination: T = sum w_i tan(pi (1/2 - p_i)) with weights that sum to 1, result P(Cauchy >= T).
//
// H0: every hypothesis is true. Exact for independent uniform p-values (and for identical ones). Under
// dependence it is an approximation for small results: for test statistics that are pairwise bivariate
// normal, whatever their correlations, P(result <= u) / u -> 1 as u -> 0. At a given level it is no
// guarantee: one-sided tests on normal statistics with equal correlations of 0.2 to 0.99 rejected up to
// 0.065 at level 0.05 for k = 10 and 0.086 for k = 100, up to 0.015 at 0.01 and 0.0014 at 0.001
// (tests/stats/calibration/combination_calibration_test.cc). Where a guarantee under every dependence is
// needed use BonferroniMinimum().
//
// A p-value of 1 with a weight above 0 gives 1, the limit, so it suits continuous p-values; otherwise a
// p-value below 1e-308 counts as 0 and gives 0.
// Accuracy: relative 1e-13 of the definition in 60 digits (tests/golden/combination.json).
// Reference: Liu & Xie 2020, doi:10.1080/01621459.2018.1554485.
[[nodiscard]] inline absl::StatusOr<double> CauchyCombination(std::span<const double> p_values,
                                                              std::span<const double> weights = {}) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckPValues(p_values));
  PINCHBECK_RETURN_IF_ERROR(internal::CheckWeights(weights, p_values.size()));
  if (internal::HasValue(p_values, weights, 1)) return 1.0;
  const std::vector<double> scaled = internal::ScaledWeights(weights, p_values.size());
  double sum = 0, total = 0;
  for (std::size_t i = 0; i < p_values.size(); ++i) {
    const double p = p_values[i], weight = scaled[i];
    if (weight == 0) continue;
    // cot(pi p) from the nearer end, so that neither tail loses digits.
    const double cotangent =
        p <= 0.5 ? 1 / std::tan(std::numbers::pi * p) : -1 / std::tan(std::numbers::pi * (1 - p));
    sum += weight * cotangent;
    total += weight;
  }
  return std::atan2(1.0, sum / total) / std::numbers::pi;
}

// min(1, k min p_i): H0: every hypothesis is true. Valid under every dependence; the price is a loss of power
// when many p-values are moderately small together.
[[nodiscard]] inline absl::StatusOr<double> BonferroniMinimum(std::span<const double> p_values) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckPValues(p_values));
  const double smallest = *std::min_element(p_values.begin(), p_values.end());
  return std::min(1.0, static_cast<double>(p_values.size()) * smallest);
}

// max p_i: the intersection-union test of H0: at least one hypothesis is true. Rejecting means that every one
// of them is false. Valid under every dependence.
//
// Reference: Berger 1982, doi:10.1080/00401706.1982.10487790.
[[nodiscard]] inline absl::StatusOr<double> IntersectionUnion(std::span<const double> p_values) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckPValues(p_values));
  return *std::max_element(p_values.begin(), p_values.end());
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_COMBINATION_H_
