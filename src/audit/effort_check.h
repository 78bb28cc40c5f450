// Does a model reason longer when it is asked to?
#ifndef PINCHBECK_SRC_AUDIT_EFFORT_CHECK_H_
#define PINCHBECK_SRC_AUDIT_EFFORT_CHECK_H_

#include "absl/status/statusor.h"
#include "pinchbeck/audit/checks.h"
#include "src/audit/check_answers.h"
#include "src/audit/tested_check.h"

namespace pinchbeck::internal {

// The check "effort"; see EvaluateChecks(). `reference` may be null. Not measured without problems that were
// answered at both levels with counts of reasoning tokens.
[[nodiscard]] absl::StatusOr<Tested> TestEffort(const EffortAnswers& observed, const EffortAnswers* reference,
                                                const ChecksOptions& options);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_AUDIT_EFFORT_CHECK_H_
