// One check of what a relay does, tested.
#ifndef PINCHBECK_SRC_AUDIT_TESTED_CHECK_H_
#define PINCHBECK_SRC_AUDIT_TESTED_CHECK_H_

#include <string>

#include "absl/status/status.h"
#include "pinchbeck/audit/checks.h"
#include "pinchbeck/stats/fisher_exact.h"

namespace pinchbeck::internal {

// A result with the p-value that the worst outcome of this size would have had.
struct Tested {
  CheckResult result;
  double worst_p_value = 1;
  // What is missing to call the endpoint honest here, besides a test that could have failed; empty: nothing.
  std::string open = {};
};

[[nodiscard]] Tested NotMeasured(std::string check, std::string why);

// Events, trials and the interval.
void FillCounts(const stats::EventCount& observed, CheckResult& result);

// More events than at the reference? Fisher's exact test.
[[nodiscard]] absl::Status TestAgainstReference(const stats::EventCount& observed,
                                                const stats::EventCount& reference, Tested& tested);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_AUDIT_TESTED_CHECK_H_
