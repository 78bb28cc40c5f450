// What every two-sample test of this folder takes and returns.
#ifndef PINCHBECK_STATS_TWO_SAMPLE_H_
#define PINCHBECK_STATS_TWO_SAMPLE_H_

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace pinchbeck::stats {

// Which departures from equality count. The direction is that of the observed sample.
enum class Alternative {
  kTwoSided,
  kObservedGreater,
  kObservedLess,
};

// Where a p-value comes from.
//   kExact:       the null distribution of the statistic, counted or summed in full; never above its level.
//   kPermutation: random relabelings, p = (1 + #{T* >= T}) / (1 + B); never above its level for any B.
//   kAsymptotic:  a limit; the test's comment says where it may be trusted.
enum class Calibration { kExact, kPermutation, kAsymptotic };

struct TwoSampleResult {
  double statistic = 0;
  double p_value = 1;
  // In the test's own unit, named in its comment; 0 when the samples agree.
  double effect = 0;
  std::int64_t n_reference = 0;
  std::int64_t n_observed = 0;
  Calibration calibration = Calibration::kExact;
  // One line for a report: the statistic and how its p-value was found. Points to static storage.
  std::string_view method;
};

namespace internal {

// InvalidArgument above the sizes up to which positions and products of ranks fit their integer types.
[[nodiscard]] inline absl::Status CheckSize(std::size_t size, const char* name) {
  if (size <= std::size_t{1} << 30) return absl::OkStatus();
  return absl::InvalidArgumentError(std::string(name) + ": " + std::to_string(size) +
                                    " values; give at most 2^30, for instance a random part of the sample");
}

// InvalidArgument, naming the argument and the index, when a sample is empty, too large or holds a NaN or an
// infinity.
[[nodiscard]] inline absl::Status CheckSample(std::span<const double> sample, const char* name) {
  if (absl::Status status = CheckSize(sample.size(), name); !status.ok()) return status;
  if (sample.empty()) {
    return absl::InvalidArgumentError(std::string(name) + ": the sample is empty; give at least one value");
  }
  for (std::size_t i = 0; i < sample.size(); ++i) {
    if (!std::isfinite(sample[i])) {
      return absl::InvalidArgumentError(std::string(name) + "[" + std::to_string(i) + "] is " +
                                        (std::isnan(sample[i]) ? "NaN" : "infinite") +
                                        "; remove missing and unbounded values first");
    }
  }
  return absl::OkStatus();
}

}  // namespace internal
}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_TWO_SAMPLE_H_
