// The one place where the standard string view meets Abseil's, which is a type of its own in some packaged
// builds.
#ifndef PINCHBECK_INTERNAL_ABSL_STRINGS_H_
#define PINCHBECK_INTERNAL_ABSL_STRINGS_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace pinchbeck::internal {

inline absl::string_view ToAbsl(std::string_view text) { return absl::string_view(text.data(), text.size()); }
inline std::string_view ToStd(absl::string_view text) { return std::string_view(text.data(), text.size()); }
inline std::string Message(const absl::Status& status) { return std::string(ToStd(status.message())); }

// The same status with "context: " put before its message.
inline absl::Status Annotate(const absl::Status& status, std::string_view context) {
  std::string text(context);
  text += ": ";
  text += Message(status);
  return absl::Status(status.code(), text);
}

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_INTERNAL_ABSL_STRINGS_H_
