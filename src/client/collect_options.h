// What is wrong with the options of a collection.
#ifndef PINCHBECK_SRC_CLIENT_COLLECT_OPTIONS_H_
#define PINCHBECK_SRC_CLIENT_COLLECT_OPTIONS_H_

#include "absl/status/status.h"
#include "pinchbeck/client/client.h"
#include "pinchbeck/core/battery.h"

namespace pinchbeck::internal {

// InvalidArgument: no probes, a number out of range, or a limit on the cost without prices.
[[nodiscard]] absl::Status CheckCollectOptions(const Battery& battery, const CollectOptions& options);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_COLLECT_OPTIONS_H_
