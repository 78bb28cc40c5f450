// Finite-sample upper confidence bounds for the mean of bounded variables.
#ifndef PINCHBECK_STATS_MEAN_BOUND_H_
#define PINCHBECK_STATS_MEAN_BOUND_H_

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/e_process.h"

namespace pinchbeck::stats {

enum class MeanBoundMethod {
  // Inverts a mixture of three bets; much the tighter one on small samples.
  kBetting,
  kEmpiricalBernstein,
};

struct MeanBoundOptions {
  MeanBoundMethod method = MeanBoundMethod::kBetting;
  // Chance that the bound fails.
  double level = 0.01;
  // Expected variance, from other data, by which the bets are sized. Any value keeps the bound valid; a good
  // one makes it tight. Not used by kEmpiricalBernstein.
  double variance_guess = 0.25;
};

namespace internal {

// Values scaled to [0,1] with multiplicities.
struct UnitSample {
  std::span<const double> values;
  std::span<const std::int64_t> counts;
  double n = 0;
  double scale_lower = 0, scale_width = 1;

  [[nodiscard]] double Value(std::size_t k) const {
    return std::clamp((values[k] - scale_lower) / scale_width, 0.0, 1.0);
  }
};

// log of the product over the sample of 1 + bet (m - x), with 0 <= bet <= 1.
inline double LogBet(const UnitSample& sample, double bet, double m) {
  double sum = 0;
  for (std::size_t k = 0; k < sample.values.size(); ++k) {
    if (sample.counts[k] == 0) continue;
    sum += static_cast<double>(sample.counts[k]) * std::log1p(bet * (m - sample.Value(k)));
  }
  return sum;
}

inline double BettingUpperBound(const UnitSample& sample, double mean, double level, double unit_variance) {
  const double best = std::sqrt(-2 * std::log(level) / (sample.n * std::max(unit_variance, 1e-300)));
  const std::array<double, 3> bets = {std::min(1.0, best / 2), std::min(1.0, best), std::min(1.0, 2 * best)};
  const auto excluded = [&](double m) {
    std::array<double, 3> logs{};
    for (std::size_t i = 0; i < 3; ++i) logs[i] = LogBet(sample, bets[i], m);
    const double top = *std::max_element(logs.begin(), logs.end());
    const double sum =
        std::exp(logs[0] - top) / 4 + std::exp(logs[1] - top) / 2 + std::exp(logs[2] - top) / 4;
    return top + std::log(sum) >= -std::log(level);
  };
  // The capital grows with m, so the means that are not excluded form an interval; its upper end is taken
  // from the excluded side.
  double low = mean, high = 1;
  if (!excluded(high)) return 1;
  for (int step = 0; step < 50; ++step) {
    const double middle = 0.5 * (low + high);
    (excluded(middle) ? high : low) = middle;
  }
  return high;
}

inline double BernsteinUpperBound(const UnitSample& sample, double mean, double level) {
  if (sample.n < 2) return 1;
  double squares = 0;
  for (std::size_t k = 0; k < sample.values.size(); ++k) {
    const double gap = sample.Value(k) - mean;
    squares += static_cast<double>(sample.counts[k]) * gap * gap;
  }
  const double log_term = std::log(2 / level);
  return std::min(1.0, mean + std::sqrt(2 * squares / (sample.n - 1) * log_term / sample.n) +
                           7 * log_term / (3 * (sample.n - 1)));
}

}  // namespace internal

// Upper confidence bound for the average of the expectations of independent variables with values in
// [lower, upper].
//
//   kBetting, on the scale [0,1]: the smallest m with sum_b w_b prod_i (1 + b (m - x_i)) >= 1/level
//   kEmpiricalBernstein:          mean + sqrt(2 V log(2/level) / n) + 7 log(2/level) / (3 (n-1))
//
// P(bound < mean of the expectations) <= level. The variables need not share one distribution: for fixed b
// the expectation of the product is prod_i (1 + b (m - mu_i)), which is at most (1 + b (m - mean of mu))^n by
// the inequality of the means, hence at most 1 at the true m. So strata may be pooled.
//
// `values` and `counts`: distinct values and how often each was seen; the range must be known beforehand, not
// read off the sample. Equal values give a bound above them that shrinks like log(1/level)/n; n = 1 gives
// `upper` for kEmpiricalBernstein. Never above `upper`.
//
// InvalidArgument: lists of different lengths, no observation, a negative count, a value outside the range or
// NaN, lower > upper, level outside (0,1), a variance that is negative or NaN.
// Cost: O(values) times 150 logarithms for kBetting, O(values) else.
// Accuracy: 1e-12 of the range, rounded upwards (tests/golden/sequential.json).
// Reference: Maurer & Pontil 2009, arXiv 0907.3740, theorem 11; Waudby-Smith & Ramdas 2024,
// doi:10.1093/jrsssb/qkad009.
[[nodiscard]] inline absl::StatusOr<double> UpperMeanBound(std::span<const double> values,
                                                           std::span<const std::int64_t> counts, double lower,
                                                           double upper,
                                                           const MeanBoundOptions& options = {}) {
  if (values.size() != counts.size()) {
    return absl::InvalidArgumentError("counts has " + std::to_string(counts.size()) + " entries but values " +
                                      std::to_string(values.size()) + "; give one count per value");
  }
  PINCHBECK_RETURN_IF_ERROR(internal::CheckOpenUnit(options.level, "level"));
  if (!(options.variance_guess >= 0)) {
    return absl::InvalidArgumentError("variance_guess is " + std::to_string(options.variance_guess) +
                                      "; give a number that is not negative");
  }
  if (!(lower <= upper) || !std::isfinite(lower) || !std::isfinite(upper)) {
    return absl::InvalidArgumentError("lower is " + std::to_string(lower) + " and upper " +
                                      std::to_string(upper) + "; give a finite range");
  }
  PINCHBECK_ASSIGN_OR_RETURN(const std::int64_t total, internal::CheckedTotal(counts, "counts"));
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (!(values[k] >= lower && values[k] <= upper)) {
      return absl::InvalidArgumentError("values[" + std::to_string(k) + "] is " + std::to_string(values[k]) +
                                        ", outside lower .. upper");
    }
  }
  if (lower == upper) return upper;
  const double width = upper - lower;
  const internal::UnitSample sample{values, counts, static_cast<double>(total), lower, width};
  double mean = 0;
  for (std::size_t k = 0; k < values.size(); ++k) {
    mean += static_cast<double>(counts[k]) / sample.n * sample.Value(k);
  }
  const double bound =
      options.method == MeanBoundMethod::kBetting
          ? internal::BettingUpperBound(sample, mean, options.level, options.variance_guess / (width * width))
          : internal::BernsteinUpperBound(sample, mean, options.level);
  return std::min(upper, lower + width * bound);
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_MEAN_BOUND_H_
