// The key of an endpoint, read from the environment.
#ifndef PINCHBECK_SRC_CLI_COLLECT_KEY_H_
#define PINCHBECK_SRC_CLI_COLLECT_KEY_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "pinchbeck/client/api.h"
#include "pinchbeck/core/endpoint.h"

namespace pinchbeck::cli {

struct EndpointKey {
  // Empty: no key.
  Secret secret;
  // The variable's name.
  std::string source;
  // The variable is one that holds bearer tokens for an API whose keys have a header of their own.
  bool bearer = false;
};

// The value of an environment variable; empty when it is not set.
[[nodiscard]] std::string Environment(const char* name);

// Reads the named variable, or without a name the first that is set of those usual for the API. An empty name
// means no key. InvalidArgument: the named variable is not set; the message repeats it only if it looks like
// a name and not like a key.
[[nodiscard]] absl::StatusOr<EndpointKey> ReadKey(const std::optional<std::string>& variable, Api api);

// The battery key in the named variable, spaces at its ends cut. InvalidArgument: as ReadKey().
[[nodiscard]] absl::StatusOr<Secret> ReadBatteryKey(const std::string& variable);

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_COLLECT_KEY_H_
