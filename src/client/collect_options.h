// What is wrong with the options of a collection.
#ifndef PINCHBECK_SRC_CLIENT_COLLECT_OPTIONS_H_
#define PINCHBECK_SRC_CLIENT_COLLECT_OPTIONS_H_

#include "absl/status/status.h"
#include "pinchbeck/client/client.h"
#include "pinchbeck/client/dialect.h"
#include "pinchbeck/core/battery.h"

namespace pinchbeck::internal {

// InvalidArgument: a probe sets a reasoning effort and the API has no parameter for it. Sent without, the
// answers would say that the endpoint ignores it.
[[nodiscard]] absl::Status CheckEffort(const Battery& battery, const Dialect& dialect);

// InvalidArgument: no probes, a number out of range, a limit on the cost without prices, or as CheckEffort().
[[nodiscard]] absl::Status CheckCollectOptions(const Battery& battery, const CollectOptions& options,
                                               const Dialect& dialect);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_COLLECT_OPTIONS_H_
