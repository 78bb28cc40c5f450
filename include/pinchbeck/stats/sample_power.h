// Power of any two-sample test of numbers, by resampling two stored references.
#ifndef PINCHBECK_STATS_SAMPLE_POWER_H_
#define PINCHBECK_STATS_SAMPLE_POWER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/power.h"
#include "pinchbeck/stats/two_sample.h"

namespace pinchbeck::stats {

struct SamplePowerOptions {
  PowerOptions simulation = {};
  // Values of the claimed model that a simulated audit compares with.
  std::int64_t n_reference = 250;
  // Share of the observed values that the substitute gives, in (0, 1].
  double share = 1;
};

// p-value of a two-sample test, for instance a lambda around MannWhitney(). An error ends the simulation.
using SampleTest = std::function<absl::StatusOr<double>(std::span<const double> reference,
                                                        std::span<const double> observed)>;

namespace internal {

[[nodiscard]] inline absl::Status CheckSamplePower(std::span<const double> claimed,
                                                   std::span<const double> substitute,
                                                   std::int64_t n_observed, const SampleTest& test,
                                                   const SamplePowerOptions& options) {
  constexpr std::int64_t kLargestDraw = std::int64_t{1} << 24;
  PINCHBECK_RETURN_IF_ERROR(CheckSample(claimed, "claimed"));
  PINCHBECK_RETURN_IF_ERROR(CheckSample(substitute, "substitute"));
  if (!test) return absl::InvalidArgumentError("test is empty; give a function");
  if (!(options.share > 0 && options.share <= 1)) {
    return absl::InvalidArgumentError("share is " + std::to_string(options.share) +
                                      "; it lies above 0 and is at most 1");
  }
  if (n_observed < 1 || n_observed > kLargestDraw || options.n_reference < 1 ||
      options.n_reference > kLargestDraw) {
    return absl::InvalidArgumentError("n_observed is " + std::to_string(n_observed) + " and n_reference " +
                                      std::to_string(options.n_reference) + "; give sizes from 1 to 2^24");
  }
  return absl::OkStatus();
}

}  // namespace internal

// Power of `test` against a substitute that gives a share of the observed values.
//
// One simulated audit draws n_reference values from `claimed`, and n_observed ones of which each comes from
// `substitute` with chance `share`, else from `claimed`; all with replacement. Both samples are taken for the
// truth: with few values in them they differ by chance and the power comes out too high. A test that relabels
// at random should take its seed from elsewhere; one seed for all audits does no harm to the mean.
//
// InvalidArgument: a sample that is empty or not finite, no test, share outside (0, 1], sizes outside 1 ..
// 2^24, and what EstimatePower() refuses; errors of the test are passed on.
//
// Cost: `runs` tests, and runs x (n_reference + n_observed) draws.
//
// Reference: Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter 16.
[[nodiscard]] inline absl::StatusOr<PowerEstimate> SamplePower(std::span<const double> claimed,
                                                               std::span<const double> substitute,
                                                               std::int64_t n_observed,
                                                               const SampleTest& test,
                                                               const SamplePowerOptions& options = {}) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckSamplePower(claimed, substitute, n_observed, test, options));
  std::vector<double> reference(static_cast<std::size_t>(options.n_reference)),
      observed(static_cast<std::size_t>(n_observed));
  return EstimatePower(
      [&](std::uint64_t seed) {
        const auto draw = [](std::span<const double> from, CounterRng& rng) {
          return from[rng.Below(static_cast<std::uint32_t>(from.size()))];
        };
        CounterRng for_reference(seed, 0), for_observed(seed, 1);
        for (double& value : reference) value = draw(claimed, for_reference);
        for (double& value : observed) {
          const bool substituted = for_observed.Uniform() < options.share;
          value = draw(substituted ? substitute : claimed, for_observed);
        }
        return test(reference, observed);
      },
      options.simulation);
}

// Smallest number of observed values with which `test` reaches the target power; see RequiredSampleSize() and
// SamplePower(). `search.seed` replaces the simulation's seed.
[[nodiscard]] inline absl::StatusOr<SampleSizeResult> RequiredTestSampleSize(
    std::span<const double> claimed, std::span<const double> substitute, const SampleTest& test,
    const SampleSizeOptions& search = {}, const SamplePowerOptions& options = {}) {
  return RequiredSampleSize(
      [&](std::int64_t n, std::uint64_t seed) {
        SamplePowerOptions simulation = options;
        simulation.simulation.seed = seed;
        return SamplePower(claimed, substitute, n, test, simulation);
      },
      search);
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_SAMPLE_POWER_H_
