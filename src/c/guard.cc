#include "src/c/guard.h"

#include <cstdlib>
#include <cstring>
#include <memory>

#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/version.h"

struct pinchbeck_error {
  pinchbeck_code code = PINCHBECK_INTERNAL;
  std::string message;
};

namespace pinchbeck::c {
namespace {

// A longer line is an error, as in recordings.
constexpr std::size_t kMaxLineBytes = std::size_t{16} << 20;

// There may be no memory to say so. Never freed; its message fits into the string itself.
pinchbeck_error& OutOfMemory() {
  static pinchbeck_error error{PINCHBECK_OUT_OF_MEMORY, "out of memory"};
  return error;
}

pinchbeck_code CodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return PINCHBECK_INVALID_ARGUMENT;
    case absl::StatusCode::kNotFound:
      return PINCHBECK_NOT_FOUND;
    case absl::StatusCode::kPermissionDenied:
      return PINCHBECK_PERMISSION_DENIED;
    case absl::StatusCode::kFailedPrecondition:
      return PINCHBECK_FAILED_PRECONDITION;
    case absl::StatusCode::kResourceExhausted:
      return PINCHBECK_RESOURCE_EXHAUSTED;
    case absl::StatusCode::kDataLoss:
      return PINCHBECK_DATA_LOSS;
    default:
      return PINCHBECK_INTERNAL;
  }
}

pinchbeck_code SetError(pinchbeck_code code, std::string_view message, pinchbeck_error** error) noexcept {
  if (error == nullptr) return code;
  try {
    *error = new pinchbeck_error{code, std::string(message)};
    return code;
  } catch (...) {
    *error = &OutOfMemory();
    return PINCHBECK_OUT_OF_MEMORY;
  }
}

}  // namespace

pinchbeck_code Fail(const absl::Status& status, pinchbeck_error** error) noexcept {
  return SetError(CodeOf(status), internal::ToStd(status.message()), error);
}

pinchbeck_code FailOutOfMemory(pinchbeck_error** error) noexcept {
  if (error != nullptr) *error = &OutOfMemory();
  return PINCHBECK_OUT_OF_MEMORY;
}

pinchbeck_code FailInternal(const char* what, pinchbeck_error** error) noexcept {
  return SetError(PINCHBECK_INTERNAL, what, error);
}

absl::Status NullArgument(std::string_view name) {
  return absl::InvalidArgumentError(std::string(name) + " is NULL");
}

char* CopyText(std::string_view text) {
  char* const copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy == nullptr) throw std::bad_alloc();
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  return copy;
}

absl::Status ForEachObservation(std::string_view lines,
                                const std::function<absl::Status(const Observation&)>& visit) {
  for (std::int64_t number = 1; !lines.empty(); ++number) {
    const std::size_t end = lines.find('\n');
    std::string_view line = lines.substr(0, end);
    lines = end == std::string_view::npos ? std::string_view() : lines.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    const std::string at = "line " + std::to_string(number);
    if (line.size() > kMaxLineBytes) {
      return absl::InvalidArgumentError(at + ": longer than " + std::to_string(kMaxLineBytes) + " bytes");
    }
    const absl::StatusOr<Observation> observation = ParseObservation(line);
    const absl::Status status = observation.ok() ? visit(*observation) : observation.status();
    if (!status.ok()) return internal::Annotate(status, at);
  }
  return absl::OkStatus();
}

}  // namespace pinchbeck::c

extern "C" {

const char* pinchbeck_version(void) {
  // A literal, so that a zero follows it.
  return pinchbeck::kVersion.data();
}

pinchbeck_code pinchbeck_error_code(const pinchbeck_error* error) {
  return error == nullptr ? PINCHBECK_OK : error->code;
}

const char* pinchbeck_error_message(const pinchbeck_error* error) {
  return error == nullptr ? "" : error->message.c_str();
}

void pinchbeck_error_free(pinchbeck_error* error) {
  if (error != &pinchbeck::c::OutOfMemory()) delete error;
}

void pinchbeck_string_free(char* text) { std::free(text); }

}  // extern "C"
