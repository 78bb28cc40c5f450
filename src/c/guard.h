// Keeps exceptions and statuses of C++ on this side of the C interface.
#ifndef PINCHBECK_SRC_C_GUARD_H_
#define PINCHBECK_SRC_C_GUARD_H_

#include <cstddef>
#include <functional>
#include <new>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "pinchbeck/c/pinchbeck.h"
#include "pinchbeck/core/observation.h"

namespace pinchbeck::c {

// Each sets *error where `error` is not null and returns its code. None throws.
pinchbeck_code Fail(const absl::Status& status, pinchbeck_error** error) noexcept;
pinchbeck_code FailOutOfMemory(pinchbeck_error** error) noexcept;
pinchbeck_code FailInternal(const char* what, pinchbeck_error** error) noexcept;

// Runs `body`, which returns an absl::Status, and turns whatever it ends with into a code.
template <class Body>
pinchbeck_code Guarded(pinchbeck_error** error, Body&& body) noexcept {
  if (error != nullptr) *error = nullptr;
  try {
    const absl::Status status = body();
    return status.ok() ? PINCHBECK_OK : Fail(status, error);
  } catch (const std::bad_alloc&) {
    return FailOutOfMemory(error);
  } catch (const std::exception& exception) {
    return FailInternal(exception.what(), error);
  } catch (...) {
    return FailInternal("unknown exception", error);
  }
}

[[nodiscard]] absl::Status NullArgument(std::string_view name);

// A copy for the caller, from malloc; throws std::bad_alloc.
[[nodiscard]] char* CopyText(std::string_view text);

// Parses each line that is not blank and calls back; errors name the line, counted from 1.
[[nodiscard]] absl::Status ForEachObservation(std::string_view lines,
                                              const std::function<absl::Status(const Observation&)>& visit);

}  // namespace pinchbeck::c

#endif  // PINCHBECK_SRC_C_GUARD_H_
