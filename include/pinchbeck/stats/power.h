// Planning: how often would a test reject, and how many responses does it need?
#ifndef PINCHBECK_STATS_POWER_H_
#define PINCHBECK_STATS_POWER_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/e_process.h"
#include "pinchbeck/stats/special_functions.h"

namespace pinchbeck::stats {

struct ProportionInterval {
  double low = 0;
  double high = 1;
};

// Exact confidence interval of a binomial proportion.
//
//   low: P(X >= k | low) = (1 - confidence) / 2,   high: P(X <= k | high) = (1 - confidence) / 2
//
// `successes` = 0 gives low 0, `successes` = `trials` gives high 1.
//
// InvalidArgument: trials below 1 or above 2^50, successes outside 0 .. trials, confidence outside (0,1).
//
// Cost: about 100 evaluations of the binomial tail.
//
// Accuracy: 1e-9 against SciPy (tests/golden/sequential.json), rounded outwards.
//
// Reference: Clopper & Pearson 1934, doi:10.1093/biomet/26.4.404.
[[nodiscard]] inline absl::StatusOr<ProportionInterval> ClopperPearson(std::int64_t successes,
                                                                       std::int64_t trials,
                                                                       double confidence) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckOpenUnit(confidence, "confidence"));
  if (trials < 1 || trials > internal::kLargestCount || successes < 0 || successes > trials) {
    return absl::InvalidArgumentError("successes is " + std::to_string(successes) + " of trials " +
                                      std::to_string(trials) +
                                      "; give 0 <= successes <= trials, trials >= 1");
  }
  const double tail = 0.5 * (1 - confidence);
  ProportionInterval interval;
  // Bisection from the outside; both tails are monotone in p.
  if (successes > 0) {
    double low = 0, high = static_cast<double>(successes) / static_cast<double>(trials);
    for (int step = 0; step < 52; ++step) {
      const double middle = 0.5 * (low + high);
      (BinomialUpperTail(successes, trials, middle) <= tail ? low : high) = middle;
    }
    interval.low = low;
  }
  if (successes < trials) {
    double low = static_cast<double>(successes) / static_cast<double>(trials), high = 1;
    for (int step = 0; step < 52; ++step) {
      const double middle = 0.5 * (low + high);
      (BinomialLowerTail(successes, trials, middle) <= tail ? high : low) = middle;
    }
    interval.high = high;
  }
  return interval;
}

struct PowerOptions {
  // Level of the test whose power is estimated.
  double alpha = 0.05;
  std::int64_t runs = 1000;
  std::uint64_t seed = 0;
  // Of the interval around the power.
  double confidence = 0.95;
};

struct PowerEstimate {
  double power = 0;
  // Confidence interval that covers the simulation's error only, not that of the stored references.
  double low = 0;
  double high = 1;
  // Standard error of the simulation.
  double monte_carlo_error = 0;
  std::int64_t runs = 0;
  std::int64_t rejections = 0;
};

// Simulates one audit from a seed and returns its p-value.
using SimulateAudit = std::function<absl::StatusOr<double>(std::uint64_t seed)>;

namespace internal {

[[nodiscard]] inline absl::StatusOr<PowerEstimate> MakePowerEstimate(std::int64_t rejections,
                                                                     const PowerOptions& options) {
  PINCHBECK_ASSIGN_OR_RETURN(const ProportionInterval interval,
                             ClopperPearson(rejections, options.runs, options.confidence));
  const double k = static_cast<double>(rejections), n = static_cast<double>(options.runs);
  // Standard deviation of the posterior under a uniform prior: unlike the plug-in it is not 0 at power 0
  // or 1.
  const double error = std::sqrt((k + 1) * (n - k + 1) / (n + 3)) / (n + 2);
  return PowerEstimate{.power = k / n,
                       .low = interval.low,
                       .high = interval.high,
                       .monte_carlo_error = error,
                       .runs = options.runs,
                       .rejections = rejections};
}

[[nodiscard]] inline absl::Status CheckPowerOptions(const PowerOptions& options) {
  PINCHBECK_RETURN_IF_ERROR(CheckOpenUnit(options.alpha, "alpha"));
  PINCHBECK_RETURN_IF_ERROR(CheckOpenUnit(options.confidence, "confidence"));
  if (options.runs >= 1 && options.runs <= kLargestCount) return absl::OkStatus();
  return absl::InvalidArgumentError("runs is " + std::to_string(options.runs) + "; give at least 1");
}

}  // namespace internal

// Share of simulated audits that reject at level alpha, i.e. whose p-value is at most alpha.
//
// Run r is given the seed MixSeed(options.seed, r), so that designs compared under one seed share their
// random numbers as far as the simulation uses them alike. The interval is Clopper and Pearson's.
//
// InvalidArgument: alpha or confidence outside (0,1), runs below 1, no simulation, a p-value outside [0,1] or
// NaN; an error of the simulation is passed on.
//
// Cost: `runs` simulations.
[[nodiscard]] inline absl::StatusOr<PowerEstimate> EstimatePower(const SimulateAudit& simulate,
                                                                 const PowerOptions& options = {}) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckPowerOptions(options));
  if (!simulate) return absl::InvalidArgumentError("simulate is empty; give a function");
  std::int64_t rejections = 0;
  for (std::int64_t run = 0; run < options.runs; ++run) {
    PINCHBECK_ASSIGN_OR_RETURN(const double p,
                               simulate(MixSeed(options.seed, static_cast<std::uint64_t>(run))));
    if (!(p >= 0 && p <= 1)) {
      return absl::InvalidArgumentError("simulate returned " + std::to_string(p) + " in run " +
                                        std::to_string(run) + "; a p-value is between 0 and 1");
    }
    rejections += p <= options.alpha ? 1 : 0;
  }
  return internal::MakePowerEstimate(rejections, options);
}

struct SampleSizeOptions {
  double target_power = 0.9;
  // Range of the search.
  std::int64_t smallest = 1;
  std::int64_t largest = 100000;
  // Seed of the search; the confirmation uses another one derived from it.
  std::uint64_t seed = 0;
};

struct SampleSizeStep {
  std::int64_t n = 0;
  PowerEstimate power;
};

struct SampleSizeResult {
  // Smallest size found and confirmed; empty when the power at the largest size stays below the target.
  std::optional<std::int64_t> n;
  // Estimate at n with fresh random numbers, so free of the search's optimism; at the largest size without n.
  PowerEstimate power;
  // What the simulation's error leaves open, among the sizes tried: one more than the largest size whose
  // interval lies below the target, and the smallest size whose interval lies above it.
  std::int64_t n_low = 1;
  std::optional<std::int64_t> n_high;
  // False when a larger size did worse than a smaller one by over 4 standard errors: bisection cannot be
  // trusted then, look at `steps`.
  bool monotone = true;
  // All sizes tried in the search, ascending.
  std::vector<SampleSizeStep> steps;
};

// Power of a design with n responses; the seed fixes all random numbers.
using PowerAtSize = std::function<absl::StatusOr<PowerEstimate>(std::int64_t n, std::uint64_t seed)>;

namespace internal {

inline void SummariseSearch(const std::map<std::int64_t, PowerEstimate>& tried, double target,
                            SampleSizeResult* result) {
  for (const auto& [n, power] : tried) {
    if (power.high < target) result->n_low = std::max(result->n_low, n + 1);
    if (power.low >= target && !result->n_high.has_value()) result->n_high = n;
    for (const SampleSizeStep& smaller : result->steps) {
      const double error = std::hypot(power.monte_carlo_error, smaller.power.monte_carlo_error);
      if (smaller.power.power - power.power > 4 * error) result->monotone = false;
    }
    result->steps.push_back({n, power});
  }
}

}  // namespace internal

// Smallest n at which a design reaches the target power.
//
// Doubling from `smallest` brackets the target, bisection narrows it, all with one seed; the size found is
// then simulated again with fresh random numbers and raised by 5% as long as that estimate lies below the
// target by more than two standard errors. The result is exact up to simulation error: with power rising by s
// per response around n, n is off by about monte_carlo_error / s. Assumes that power does not fall with n;
// `monotone` reports visible violations (small steps of a discrete test are not).
//
// InvalidArgument: target outside (0,1), smallest below 1, smallest > largest, no function; errors of the
// function are passed on.
//
// Cost: about 2 log2(n / smallest) + 2 power estimates.
[[nodiscard]] inline absl::StatusOr<SampleSizeResult> RequiredSampleSize(
    const PowerAtSize& power_at, const SampleSizeOptions& options = {}) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckOpenUnit(options.target_power, "target_power"));
  if (options.smallest < 1 || options.largest < options.smallest ||
      options.largest > internal::kLargestCount) {
    return absl::InvalidArgumentError("smallest is " + std::to_string(options.smallest) + " and largest " +
                                      std::to_string(options.largest) +
                                      "; give 1 <= smallest <= largest <= 2^50");
  }
  if (!power_at) return absl::InvalidArgumentError("power_at is empty; give a function");
  std::map<std::int64_t, PowerEstimate> tried;
  const auto reaches = [&](std::int64_t n) -> absl::StatusOr<bool> {
    PINCHBECK_ASSIGN_OR_RETURN(const PowerEstimate power, power_at(n, options.seed));
    tried[n] = power;
    return power.power >= options.target_power;
  };
  std::int64_t below = options.smallest - 1, n = options.smallest;
  SampleSizeResult result;
  for (;;) {
    PINCHBECK_ASSIGN_OR_RETURN(const bool enough, reaches(n));
    if (enough) break;
    if (n == options.largest) {
      result.power = tried[n];
      internal::SummariseSearch(tried, options.target_power, &result);
      return result;
    }
    below = n;
    n = std::min(2 * n, options.largest);
  }
  while (n - below > 1) {
    const std::int64_t middle = below + (n - below) / 2;
    PINCHBECK_ASSIGN_OR_RETURN(const bool enough, reaches(middle));
    (enough ? n : below) = middle;
  }
  for (std::uint64_t attempt = 0;; ++attempt) {
    PINCHBECK_ASSIGN_OR_RETURN(result.power, power_at(n, MixSeed(options.seed, attempt)));
    if (result.power.power + 2 * result.power.monte_carlo_error >= options.target_power) {
      result.n = n;
      break;
    }
    if (n == options.largest) break;
    n = std::min(options.largest, n + 1 + n / 20);
  }
  internal::SummariseSearch(tried, options.target_power, &result);
  return result;
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_POWER_H_
