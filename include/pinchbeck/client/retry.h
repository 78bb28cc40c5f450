// When a failed request is tried again, and after how long.
//
// Pure functions: the caller supplies time and randomness.
#ifndef PINCHBECK_CLIENT_RETRY_H_
#define PINCHBECK_CLIENT_RETRY_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "pinchbeck/client/http.h"

namespace pinchbeck {

struct RetryPolicy {
  // Attempts after the first one.
  int max_retries = 2;
  absl::Duration initial_delay = absl::Milliseconds(500);
  absl::Duration max_delay = absl::Seconds(8);
  // Largest part of a delay that is taken off at random, in [0, 1].
  double jitter = 0.25;
  // When the server asks for a longer pause, the request is given up instead.
  absl::Duration max_server_delay = absl::Seconds(120);
};

// What a failed attempt came to.
struct AttemptOutcome {
  // The connection could not be made, or broke.
  bool connection_error = false;
  // Absent without an HTTP answer.
  std::optional<int> status;
  // The server's own name for the error, if it gave one.
  std::string error_code;
  // The parameter of the request that the error object names.
  std::string error_param;
  ResponseHead head;
  // The pause that the error object asked for; a header counts more.
  std::optional<absl::Duration> body_delay;
};

struct RetryAdvice {
  bool retry = false;
  absl::Duration delay;
};

// Whether another attempt makes sense: connection errors and the statuses 408, 409, 429 and >= 500, unless
// the header x-should-retry says otherwise; never for an account without money or quota.
[[nodiscard]] bool IsRetryable(const AttemptOutcome& outcome);

// Whether the error says that the account has no money or quota left: status 402 or a known code.
[[nodiscard]] bool IsOutOfQuota(const AttemptOutcome& outcome);

// The pause the server asked for: retry-after-ms, else retry-after as seconds (fractions allowed) or an HTTP
// date. Absent when there is no header or its value is not usable.
[[nodiscard]] std::optional<absl::Duration> ServerDelay(const ResponseHead& head, absl::Time now);

// Pause before retry `retry_index` (0 for the first): initial_delay doubled each time up to max_delay, less a
// share `uniform * jitter` with `uniform` in [0, 1).
[[nodiscard]] absl::Duration BackoffDelay(int retry_index, double uniform, const RetryPolicy& policy);

// Puts the rules together for a request that has already been retried `retries_so_far` times. The delay is
// the server's where it gave one, in a header or in the error object.
[[nodiscard]] RetryAdvice AdviseRetry(const AttemptOutcome& outcome, int retries_so_far, absl::Time now,
                                      double uniform, const RetryPolicy& policy);

}  // namespace pinchbeck

#endif  // PINCHBECK_CLIENT_RETRY_H_
