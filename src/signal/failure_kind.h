// Failed requests by kind.
#ifndef PINCHBECK_SRC_SIGNAL_FAILURE_KIND_H_
#define PINCHBECK_SRC_SIGNAL_FAILURE_KIND_H_

#include <cstdint>
#include <map>
#include <string>

#include "pinchbeck/core/observation.h"

namespace pinchbeck::internal {

// Whether text of an answer came all the same. An application may have gone by it, while nothing is compared.
[[nodiscard]] bool FailedAfterText(const Observation& observation);

// "http 429", "timeout", "network", "protocol", and these with " after text". The observation has an error.
[[nodiscard]] std::string FailureKind(const Observation& observation);

// How many of the failures by kind came after text.
[[nodiscard]] std::int64_t CountAfterText(const std::map<std::string, std::int64_t>& failures);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_FAILURE_KIND_H_
