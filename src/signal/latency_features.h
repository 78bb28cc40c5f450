// What is compared of response times, and how samples differ in it.
#ifndef PINCHBECK_SRC_SIGNAL_LATENCY_FEATURES_H_
#define PINCHBECK_SRC_SIGNAL_LATENCY_FEATURES_H_

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/signal/sample.h"

namespace pinchbeck::internal {

// Times are in log seconds, the shapes of gaps as they are. kPrefill is the slope of the time to the first
// token against input tokens in seconds: a block of requests has it, no single one.
enum LatencyFeature : std::size_t {
  kFirstToken,
  kPerToken,
  kTotalPerToken,
  kGap,
  kDispersion,
  kBurst,
  kAutocorrelation,
  kPrefill,
  kLatencyFeatures
};
[[nodiscard]] std::string_view LatencyFeatureName(LatencyFeature feature);

// What a mode compares. Shape: what a constant delay on the way leaves unchanged.
[[nodiscard]] std::span<const LatencyFeature> FeaturesOf(LatencyMode mode);

using LatencyValues = std::array<std::optional<double>, kLatencyFeatures>;
[[nodiscard]] LatencyValues ValuesOf(const Latency& latency);

// Median slope over all pairs of requests with different input tokens (Theil 1950, Sen 1968), which a
// constant delay does not change and a single slow request hardly. Looks at the first kSlopeRequests
// requests; nothing where all have the same number of input tokens.
inline constexpr std::size_t kSlopeRequests = 64;
[[nodiscard]] std::optional<double> PrefillSlope(std::span<const Latency* const> requests);

// A probe that both sides answered, and the medians of what they share.
struct SharedProbe {
  std::string id;
  const ProbeSample* reference = nullptr;
  const ProbeSample* observed = nullptr;
  // Median of the pooled values, and observed median minus reference median.
  LatencyValues middle, shift;
};
[[nodiscard]] std::vector<SharedProbe> SharedProbes(const SampleSet& reference, const SampleSet& observed);

// Observed minus reference, the mean over probes.
[[nodiscard]] std::optional<double> MeanShift(const std::vector<SharedProbe>& probes, LatencyFeature feature);

// Another sample's median minus the pooled median, the mean over probes: labels do not enter.
[[nodiscard]] std::optional<double> ShiftFromPool(const std::vector<SharedProbe>& probes,
                                                  const SampleSet& other, LatencyFeature feature);

// Mean absolute shift over the features that both samples have; nothing where they share none.
[[nodiscard]] std::optional<double> LatencyDistance(const SampleSet& a, const SampleSet& b, LatencyMode mode);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_LATENCY_FEATURES_H_
