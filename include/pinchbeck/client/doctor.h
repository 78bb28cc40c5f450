// What an endpoint supports, found out with a few small requests before a collection is paid for.
#ifndef PINCHBECK_CLIENT_DOCTOR_H_
#define PINCHBECK_CLIENT_DOCTOR_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pinchbeck/client/adaptation.h"
#include "pinchbeck/client/client.h"
#include "pinchbeck/client/clock.h"
#include "pinchbeck/client/dialect.h"
#include "pinchbeck/client/http.h"
#include "pinchbeck/client/rate_limit.h"
#include "pinchbeck/client/transport.h"
#include "pinchbeck/core/endpoint.h"
#include "pinchbeck/core/observation.h"

namespace pinchbeck {

enum class Support {
  // Not tried, or the answer did not say.
  kUnknown,
  kYes,
  // Taken without an error, and not given.
  kIgnored,
  // Refused with an error.
  kRefused,
  // The API has no words for it.
  kNotInApi,
};

// "unknown", "yes", "ignored", "refused" or "not_in_api".
[[nodiscard]] std::string_view SupportName(Support support);

struct Capability {
  Support support = Support::kUnknown;
  // In words; text of the server in quotation marks. May be empty.
  std::string detail;
};

// How far the server's calendar time lies before (below 0) or after the local one. Its Date header has full
// seconds and the answer takes time, so that the offset is known as a range.
struct ClockOffset {
  absl::Duration low;
  absl::Duration high;
};

struct DoctorReport {
  // The first answer was a usable one; without it nothing else is known.
  bool usable = false;
  // Why not, and what to do.
  std::optional<ErrorRecord> error;
  std::string advice;

  std::string api;
  std::optional<std::string> served_model;
  std::optional<std::string> system_fingerprint;

  Capability streaming;
  Capability logprobs;
  // Alternatives per token that came when the most were asked for that the endpoint takes.
  std::optional<std::int64_t> top_logprobs;
  Capability usage;
  Capability usage_in_streams;
  Capability seed;
  Capability temperature_zero;
  // Whether the output limit is kept, under the name that the requests use and, where the API has two names,
  // under the other one.
  Capability token_limit;
  Capability other_token_limit;
  // "max_tokens", "max_completion_tokens" or empty where the API has one name only.
  std::string token_limit_name;

  std::optional<ClockOffset> clock;
  std::optional<TlsInfo> tls;
  std::string http_version;
  bool proxy_tunnel = false;
  ServerLimits limits;
  // Headers of limits, and those that relays, proxies and caches leave, as sent (cleaned and cut).
  std::vector<HttpHeader> limit_headers;
  std::vector<HttpHeader> relay_headers;

  // What requests to this endpoint have to do without.
  Adaptation adaptation;
  std::int64_t requests = 0;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  bool interrupted = false;
};

// The most that an examination may send.
struct DoctorPlan {
  std::int64_t requests = 0;
  std::int64_t max_requests = 0;
  // Estimated from the length of the prompts.
  std::int64_t input_tokens = 0;
  std::int64_t max_output_tokens = 0;
};
[[nodiscard]] DoctorPlan PlanExamination(const Dialect& dialect);

struct DoctorServices {
  const Dialect& dialect;
  Transport& transport;
  Clock& clock;
  const StopFlag* stop = nullptr;
};

// Sends at most PlanExamination().max_requests requests, one after the other. Requests that the endpoint
// refuses for a parameter are sent again without it, as in Collect(). Errors of the endpoint are part of the
// report.
// InvalidArgument: an unusable endpoint. PermissionDenied: see ValidateEndpoint().
[[nodiscard]] absl::StatusOr<DoctorReport> ExamineEndpoint(const Endpoint& endpoint,
                                                           const TransferTimeouts& timeouts,
                                                           const DoctorServices& services);

}  // namespace pinchbeck

#endif  // PINCHBECK_CLIENT_DOCTOR_H_
