// Which endpoint the flags mean, and how it is reached.
#ifndef PINCHBECK_SRC_CLI_COLLECT_ENDPOINT_H_
#define PINCHBECK_SRC_CLI_COLLECT_ENDPOINT_H_

#include <string>

#include "absl/status/statusor.h"
#include "pinchbeck/client/api.h"
#include "pinchbeck/client/transport.h"
#include "pinchbeck/core/endpoint.h"
#include "src/cli/collect_flags.h"

namespace pinchbeck::cli {

struct SelectedEndpoint {
  Endpoint endpoint;
  Api api = Api::kOpenAiChat;
  DialectOptions dialect;
  // "no key", or "key from VARIABLE".
  std::string key_text;
};

// Reads the key from the environment. Errors: as DetectApi(), ReadKey() and ValidateEndpoint().
[[nodiscard]] absl::StatusOr<SelectedEndpoint> SelectEndpoint(const CollectFlags& flags);

[[nodiscard]] CurlTransportOptions TransportOptionsOf(const CollectFlags& flags);
[[nodiscard]] TransferTimeouts TimeoutsOf(const CollectFlags& flags);

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_COLLECT_ENDPOINT_H_
