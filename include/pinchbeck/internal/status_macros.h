// Early return on errors of absl::Status and absl::StatusOr.
#ifndef PINCHBECK_INTERNAL_STATUS_MACROS_H_
#define PINCHBECK_INTERNAL_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define PINCHBECK_RETURN_IF_ERROR(expression)                                                          \
  do {                                                                                                 \
    if (absl::Status pinchbeck_status = (expression); !pinchbeck_status.ok()) return pinchbeck_status; \
  } while (false)

#define PINCHBECK_INTERNAL_CONCAT2(a, b) a##b
#define PINCHBECK_INTERNAL_CONCAT(a, b) PINCHBECK_INTERNAL_CONCAT2(a, b)

#define PINCHBECK_ASSIGN_OR_RETURN(declaration, expression)                                      \
  PINCHBECK_INTERNAL_ASSIGN_OR_RETURN(PINCHBECK_INTERNAL_CONCAT(pinchbeck_status_or_, __LINE__), \
                                      declaration, expression)

#define PINCHBECK_INTERNAL_ASSIGN_OR_RETURN(temporary, declaration, expression) \
  auto temporary = (expression);                                                \
  if (!temporary.ok()) return temporary.status();                               \
  declaration = std::move(temporary).value()

#endif  // PINCHBECK_INTERNAL_STATUS_MACROS_H_
