// Is a mean over probes larger than a margin? A test by betting, valid at every number of probes.
#ifndef PINCHBECK_STATS_MARGIN_TEST_H_
#define PINCHBECK_STATS_MARGIN_TEST_H_

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/two_sample.h"

namespace pinchbeck::stats {
namespace internal {

[[nodiscard]] inline absl::Status CheckBound(double value, const char* name) {
  if (value >= 0 && std::isfinite(value)) return absl::OkStatus();
  return absl::InvalidArgumentError(std::string(name) + " is " + std::to_string(value) +
                                    "; give a finite number of 0 or more");
}

}  // namespace internal

// p-value of H0: the mean of E d_i over probes i = 1..k is at most `margin`, for independent d_i >= -floor.
//
//   y_i = (d_i + floor) / (margin + floor),   e = mean over bets b of prod_i (1 - b + b y_i),   p = min(1,
//   1/e)
//
// with b in {1/4, 1/2, 3/4, 1}. Under H0 each product has an expectation of at most 1: it is the product of
// the factors' expectations, hence at most the k-th power of their mean (geometric and arithmetic mean), and
// that mean is at most 1. Probes may therefore differ in any way, and by Markov's inequality p is valid at
// every k and for every shape of d above the floor; skewness cannot exceed the level, as it does with a
// studentised mean or its bootstrap.
//
// `floor` and `margin` are >= 0; the floor must hold for every outcome, not only those seen. Values below it
// count as the floor. A mean of at most the margin gives 1, an empty list 1. Where margin and floor are both
// 0 any positive d refutes H0, and the smallest positive double is returned.
//
// InvalidArgument: a difference that is NaN or infinite; a margin or floor that is negative or not finite.
//
// Cost: O(k).
//
// The price of asking nothing of the shape: with all d_i equal, p = 4 (margin / d)^k roughly, so that 8
// probes must exceed the margin more than twofold to reach 0.01, 30 probes by a quarter. With floor 0 no
// valid test does better than (margin / d)^k there: a source of d and 0 with mean `margin` shows k times d
// that often. Checked in tests/stats/margin_calibration_test.cc.
//
// Reference: Waudby-Smith & Ramdas 2024, doi:10.1093/jrsssb/qkad009.
[[nodiscard]] inline absl::StatusOr<double> MeanAboveMarginPValue(std::span<const double> differences,
                                                                  double margin, double floor) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckBound(margin, "margin"));
  PINCHBECK_RETURN_IF_ERROR(internal::CheckBound(floor, "floor"));
  if (differences.empty()) return 1;
  PINCHBECK_RETURN_IF_ERROR(internal::CheckSample(differences, "differences"));
  double sum = 0;
  for (const double d : differences) sum += std::max(d, -floor);
  if (sum <= margin * static_cast<double>(differences.size())) return 1;
  if (margin + floor <= 0) return std::numeric_limits<double>::min();
  constexpr std::array<double, 4> kBets = {0.25, 0.5, 0.75, 1};
  std::array<double, kBets.size()> log_wealth{};
  for (const double d : differences) {
    const double y = std::max(0.0, (d + floor) / (margin + floor));
    for (std::size_t b = 0; b < kBets.size(); ++b) log_wealth[b] += std::log1p(kBets[b] * (y - 1));
  }
  const double largest = *std::max_element(log_wealth.begin(), log_wealth.end());
  double scaled = 0;
  for (const double value : log_wealth) scaled += std::exp(value - largest);
  const double log_e = largest + std::log(scaled / static_cast<double>(kBets.size()));
  return std::clamp(std::exp(-log_e), std::numeric_limits<double>::min(), 1.0);
}

// The smallest difference, equal in all k probes, at which the test above surely reaches `level`.
[[nodiscard]] inline double DetectableAboveMargin(double margin, double floor, double level, double probes) {
  return (margin + floor) * std::pow(4 / level, 1 / probes) - floor;
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_MARGIN_TEST_H_
