// Does an endpoint answer streamed requests like others?
#ifndef PINCHBECK_SRC_AUDIT_STREAM_CHECK_H_
#define PINCHBECK_SRC_AUDIT_STREAM_CHECK_H_

#include "absl/status/statusor.h"
#include "pinchbeck/audit/checks.h"
#include "src/audit/check_answers.h"
#include "src/audit/tested_check.h"

namespace pinchbeck::internal {

// The check "stream"; see EvaluateChecks(). Not measured without a choice that was answered in both ways.
[[nodiscard]] absl::StatusOr<Tested> TestStream(const StreamAnswers& answers, const ChecksOptions& options);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_AUDIT_STREAM_CHECK_H_
