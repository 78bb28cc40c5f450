#include "src/cli/command.h"

#include <ostream>

#include "pinchbeck/internal/absl_strings.h"

namespace pinchbeck::cli {

void ReportError(const absl::Status& status, CommandContext& context) {
  context.err << "pinchbeck: " << internal::Message(status) << "\n";
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      context.exit_code = kExitNotMeasurable;
      break;
    case absl::StatusCode::kCancelled:
      context.exit_code = kExitInterrupted;
      break;
    default:
      context.exit_code = kExitInputError;
  }
}

}  // namespace pinchbeck::cli
