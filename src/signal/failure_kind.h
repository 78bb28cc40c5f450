// Failed requests by kind.
#ifndef PINCHBECK_SRC_SIGNAL_FAILURE_KIND_H_
#define PINCHBECK_SRC_SIGNAL_FAILURE_KIND_H_

#include <cstdint>
#include <map>
#include <string>

#include "pinchbeck/core/observation.h"
#include "pinchbeck/signal/sample.h"

namespace pinchbeck::internal {

// Whether text of an answer came all the same. An application may have gone by it, while nothing is compared.
[[nodiscard]] bool FailedAfterText(const Observation& observation);

// "http 429", "timeout", "network", "protocol", and these with " after text"; "not in log" where only a log
// lacks the answer. The observation has an error.
[[nodiscard]] std::string FailureKind(const Observation& observation);

// How many of the failures by kind came after text.
[[nodiscard]] std::int64_t CountAfterText(const std::map<std::string, std::int64_t>& failures);

// Whether a log lacks so many answers, more than 1 in 100, that the others may be a selection: tools cut
// answers for their length, so that what is left is shorter than what the model gave.
[[nodiscard]] bool IsSelectedByLog(const SampleSet& sample);
// How many it lacks.
[[nodiscard]] std::int64_t CountNotInLog(const SampleSet& sample);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_FAILURE_KIND_H_
