// What every effect size of this folder returns.
#ifndef PINCHBECK_STATS_EFFECT_ESTIMATE_H_
#define PINCHBECK_STATS_EFFECT_ESTIMATE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace pinchbeck::stats {

// An effect with a two-sided confidence interval. The unit is named in the function's comment; the effect is
// that of the observed sample against the reference.
struct EffectEstimate {
  double value = 0;
  // Ends of the interval; infinite where the sizes allow none at this confidence.
  double low = 0;
  double high = 0;
  // That with which the interval covers, as asked for.
  double confidence = 0;
  // One line for a report: how the interval was found. Points to static storage.
  std::string_view method;
};

struct IntervalOptions {
  // Chance that the interval covers, inside (0, 1).
  double confidence = 0.95;
};

namespace internal {

[[nodiscard]] inline absl::Status CheckConfidence(double confidence) {
  if (confidence > 0 && confidence < 1) return absl::OkStatus();
  return absl::InvalidArgumentError("confidence is " + std::to_string(confidence) +
                                    "; it must lie inside (0, 1)");
}

}  // namespace internal
}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_EFFECT_ESTIMATE_H_
