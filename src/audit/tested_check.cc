#include "src/audit/tested_check.h"

#include <utility>

#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/power.h"

namespace pinchbeck::internal {
namespace {

constexpr double kConfidenceLevel = 0.05;

}  // namespace

Tested NotMeasured(std::string check, std::string why) {
  Tested tested;
  tested.result.check = std::move(check);
  tested.result.notes = {std::move(why)};
  return tested;
}

void FillCounts(const stats::EventCount& observed, CheckResult& result) {
  result.events = observed.events;
  result.trials = observed.trials;
  const auto interval = stats::ClopperPearson(observed.events, observed.trials, 1 - kConfidenceLevel);
  if (interval.ok()) {
    result.low = interval->low;
    result.high = interval->high;
  }
}

absl::Status TestAgainstReference(const stats::EventCount& observed, const stats::EventCount& reference,
                                  Tested& tested) {
  PINCHBECK_ASSIGN_OR_RETURN(tested.result.p_value, stats::FisherExactGreater(reference, observed));
  PINCHBECK_ASSIGN_OR_RETURN(tested.worst_p_value,
                             stats::FisherExactGreater(reference, {observed.trials, observed.trials}));
  tested.result.reference_events = reference.events;
  tested.result.reference_trials = reference.trials;
  tested.result.method = "Fisher's exact test, one-sided";
  return absl::OkStatus();
}

}  // namespace pinchbeck::internal
