// E-values: evidence that may be averaged under any dependence and multiplied along time.
//
// An e-value is a value E >= 0 with expectation at most 1 under the null hypothesis; a large one speaks
// against it, and P(E >= 1 / alpha) <= alpha (Markov). Infinity is allowed and has probability 0 under the
// null.
//
// Common to all: InvalidArgument when a list is empty, an e-value is NaN or negative, a p-value is NaN or
// outside [0, 1]; the message names the value and, in a list, its index.
//
// Reference: Vovk & Wang 2021, doi:10.1214/20-AOS2020.
#ifndef PINCHBECK_STATS_E_VALUES_H_
#define PINCHBECK_STATS_E_VALUES_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/combination.h"

namespace pinchbeck::stats {
namespace internal {

[[nodiscard]] inline absl::Status CheckEValues(std::span<const double> e_values) {
  if (e_values.empty()) return absl::InvalidArgumentError("e_values: the list is empty; give at least one");
  for (std::size_t i = 0; i < e_values.size(); ++i) {
    if (!(e_values[i] >= 0)) {
      return absl::InvalidArgumentError("e_values[" + std::to_string(i) + "] is " +
                                        std::to_string(e_values[i]) + "; an e-value is >= 0");
    }
  }
  return absl::OkStatus();
}

[[nodiscard]] inline absl::Status CheckLogEValues(std::span<const double> log_e_values) {
  if (log_e_values.empty()) {
    return absl::InvalidArgumentError("log_e_values: the list is empty; give at least one");
  }
  for (std::size_t i = 0; i < log_e_values.size(); ++i) {
    if (std::isnan(log_e_values[i])) {
      return absl::InvalidArgumentError("log_e_values[" + std::to_string(i) +
                                        "] is NaN; give the logarithm of an e-value");
    }
  }
  return absl::OkStatus();
}

[[nodiscard]] inline absl::Status CheckPValue(double p_value) {
  if (p_value >= 0 && p_value <= 1) return absl::OkStatus();
  return absl::InvalidArgumentError("p_value is " + std::to_string(p_value) + "; a p-value lies in [0, 1]");
}

}  // namespace internal

// log of the e-value kappa p^(kappa - 1); valid for every fixed kappa in (0, 1), because its integral over
// [0, 1] is 1 and it decreases. Small kappa favours very small p-values. Infinity at p = 0.
//
// InvalidArgument also: kappa outside (0, 1).
[[nodiscard]] inline absl::StatusOr<double> LogPowerCalibrator(double p_value, double kappa) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckPValue(p_value));
  if (!(kappa > 0 && kappa < 1)) {
    return absl::InvalidArgumentError("kappa is " + std::to_string(kappa) + "; it must lie inside (0, 1)");
  }
  return std::log(kappa) + (kappa - 1) * std::log(p_value);
}

// The e-value kappa p^(kappa - 1); see LogPowerCalibrator(). Infinity where it overflows.
[[nodiscard]] inline absl::StatusOr<double> PowerCalibrator(double p_value, double kappa) {
  PINCHBECK_ASSIGN_OR_RETURN(const double log_e, LogPowerCalibrator(p_value, kappa));
  return std::exp(log_e);
}

// log of the mixture of the power calibrators over kappa uniform on (0, 1):
//
//   integral_0^1 kappa p^(kappa - 1) d kappa = (1 - p + p log p) / (p (log p)^2).
//
// An e-value without a parameter to choose; 1/2 at p = 1, infinity at p = 0.
[[nodiscard]] inline absl::StatusOr<double> LogMixtureCalibrator(double p_value) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckPValue(p_value));
  if (p_value == 0) return std::numeric_limits<double>::infinity();
  // With l = -log p it is (e^l - 1 - l) / l^2; near p = 1 by its series sum l^k / (k + 2)!.
  const double l = -std::log(p_value);
  if (l > 1) return l + std::log1p(-(1 + l) * p_value) - 2 * std::log(l);
  double term = 0.5, sum = 0.5;
  for (int k = 1; k < 20; ++k) {
    term *= l / (k + 2);
    sum += term;
  }
  return std::log(sum);
}

// The e-value of LogMixtureCalibrator(). Infinity where it overflows.
[[nodiscard]] inline absl::StatusOr<double> MixtureCalibrator(double p_value) {
  PINCHBECK_ASSIGN_OR_RETURN(const double log_e, LogMixtureCalibrator(p_value));
  return std::exp(log_e);
}

// min(1, 1 / E): a p-value, by Markov's inequality. No better conversion is valid for every e-value.
[[nodiscard]] inline absl::StatusOr<double> PValueFromEValue(double e_value) {
  if (!(e_value >= 0)) {
    return absl::InvalidArgumentError("e_value is " + std::to_string(e_value) + "; an e-value is >= 0");
  }
  return e_value <= 1 ? 1.0 : 1 / e_value;
}

// log of the mean of e-values given by their logarithms: again an e-value, under every dependence between
// them.
[[nodiscard]] inline absl::StatusOr<double> LogMeanEValue(std::span<const double> log_e_values) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckLogEValues(log_e_values));
  const double largest = *std::max_element(log_e_values.begin(), log_e_values.end());
  if (std::isinf(largest)) return largest;
  double sum = 0;
  for (const double value : log_e_values) sum += std::exp(value - largest);
  return largest + std::log(sum / static_cast<double>(log_e_values.size()));
}

// Mean of e-values: again an e-value, under every dependence between them. Infinity where a value is
// infinite.
[[nodiscard]] inline absl::StatusOr<double> MeanEValue(std::span<const double> e_values) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckEValues(e_values));
  // Divided first: the sum may overflow where the mean does not.
  const double count = static_cast<double>(e_values.size());
  double mean = 0;
  for (const double value : e_values) mean += value / count;
  return mean;
}

// log of the product of e-values given by their logarithms: an e-value when they are independent, or
// sequential (each has expectation at most 1 given the earlier ones). Under other dependence it is not; use
// LogMeanEValue().
//
// InvalidArgument also: a value of 0 and one of infinity together, whose product has no meaning.
[[nodiscard]] inline absl::StatusOr<double> LogProductEValue(std::span<const double> log_e_values) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckLogEValues(log_e_values));
  const double sum = std::accumulate(log_e_values.begin(), log_e_values.end(), 0.0);
  if (std::isnan(sum)) {
    return absl::InvalidArgumentError(
        "log_e_values: 0 and infinity together have no product; check the inputs");
  }
  return sum;
}

// Product of e-values: an e-value when they are independent or sequential; see LogProductEValue(). Infinity
// where it overflows, 0 where it underflows.
[[nodiscard]] inline absl::StatusOr<double> ProductEValue(std::span<const double> e_values) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckEValues(e_values));
  std::vector<double> logs;
  for (const double value : e_values) logs.push_back(std::log(value));
  PINCHBECK_ASSIGN_OR_RETURN(const double log_product, LogProductEValue(logs));
  return std::exp(log_product);
}

// The e-BH procedure: indices, increasing, of the hypotheses rejected at false discovery rate alpha.
//
//   k* = max {k : k e_[k] / m >= 1 / alpha},   e_[1] >= e_[2] >= ...;   rejected: those with the k* largest
//   e-values
//
// Valid under every dependence, unlike Benjamini and Hochberg's procedure, and at any stopping time when the
// e-values are e-processes on one filtration. `family_size` is the number of hypotheses planned, if larger
// than the list; those without an e-value count as 0. Equal e-values are rejected together or not at all.
//
// InvalidArgument also: alpha outside (0, 1).
//
// Cost: O(k log k).
//
// Reference: Wang & Ramdas 2022, doi:10.1111/rssb.12489.
[[nodiscard]] inline absl::StatusOr<std::vector<std::size_t>> EBenjaminiHochberg(
    std::span<const double> e_values, double alpha, std::size_t family_size = 0) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckEValues(e_values));
  if (!(alpha > 0 && alpha < 1)) {
    return absl::InvalidArgumentError("alpha is " + std::to_string(alpha) + "; it must lie inside (0, 1)");
  }
  std::vector<double> sorted(e_values.begin(), e_values.end());
  std::sort(sorted.rbegin(), sorted.rend());
  const double m = static_cast<double>(std::max(family_size, e_values.size()));
  std::vector<std::size_t> rejected;
  for (std::size_t k = sorted.size(); k > 0; --k) {
    if (static_cast<double>(k) * sorted[k - 1] * alpha < m) continue;
    for (std::size_t i = 0; i < e_values.size(); ++i) {
      if (e_values[i] >= sorted[k - 1]) rejected.push_back(i);
    }
    break;
  }
  return rejected;
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_E_VALUES_H_
