#include "src/cli/collect_endpoint.h"

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "pinchbeck/client/client.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/cli/collect_key.h"

namespace pinchbeck::cli {
namespace {

absl::StatusOr<Api> ApiOf(const CollectFlags& flags) {
  if (flags.api == kDetectApi) return DetectApi(flags.base_url);
  if (const std::optional<Api> api = ApiFromName(flags.api)) return *api;
  return absl::InvalidArgumentError(absl::StrCat("--api: unknown name '", flags.api, "'"));
}

}  // namespace

absl::StatusOr<SelectedEndpoint> SelectEndpoint(const CollectFlags& flags) {
  SelectedEndpoint selected;
  PINCHBECK_ASSIGN_OR_RETURN(selected.api, ApiOf(flags));
  PINCHBECK_ASSIGN_OR_RETURN(const EndpointKey key, ReadKey(flags.api_key_env, selected.api));
  selected.dialect = {flags.token_limit_field, key.bearer};
  selected.endpoint = {flags.base_url, flags.model, key.secret};
  selected.key_text = key.source.empty() ? "no key" : "key from " + key.source;
  PINCHBECK_RETURN_IF_ERROR(ValidateEndpoint(selected.endpoint, flags.insecure_http));
  return selected;
}

CurlTransportOptions TransportOptionsOf(const CollectFlags& flags) {
  CurlTransportOptions options;
  options.allow_insecure_http = flags.insecure_http;
  options.proxy_from_environment = true;
  options.ca_file = Environment("CURL_CA_BUNDLE");
  if (options.ca_file.empty()) options.ca_file = Environment("SSL_CERT_FILE");
  return options;
}

TransferTimeouts TimeoutsOf(const CollectFlags& flags) {
  TransferTimeouts timeouts;
  timeouts.connect = absl::Seconds(flags.connect_timeout_s);
  timeouts.total = absl::Seconds(flags.timeout_s);
  timeouts.idle = absl::Seconds(flags.idle_timeout_s.value_or(flags.timeout_s));
  timeouts.first_byte = timeouts.idle;
  return timeouts;
}

}  // namespace pinchbeck::cli
