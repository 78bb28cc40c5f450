#include "pinchbeck/client/retry.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/time/time.h"
#include "pinchbeck/internal/absl_strings.h"

namespace pinchbeck {
namespace {

// Codes of OpenAI, Anthropic and common relays for an account that cannot pay.
constexpr std::array<std::string_view, 10> kQuotaCodes = {"pre_consume_token_quota_failed",
                                                          "insufficient_quota",
                                                          "insufficient_user_quota",
                                                          "insufficient_balance",
                                                          "insufficient_credits",
                                                          "billing_error",
                                                          "billing_hard_limit_reached",
                                                          "billing_not_active",
                                                          "account_deactivated",
                                                          "payment_required"};

// A number >= 0, or nothing.
std::optional<double> ParseAmount(std::string_view text) {
  double value = 0.0;
  if (!absl::SimpleAtod(internal::ToAbsl(text), &value)) return std::nullopt;
  if (!std::isfinite(value) || value < 0.0) return std::nullopt;
  return value;
}

// The three date forms of RFC 9110, all in GMT.
std::optional<absl::Time> ParseHttpDate(std::string_view text) {
  static constexpr std::array<const char*, 3> kFormats = {
      "%a, %d %b %E4Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %E4Y"};
  for (const char* format : kFormats) {
    absl::Time time;
    std::string error;
    if (absl::ParseTime(format, internal::ToAbsl(text), &time, &error)) return time;
  }
  return std::nullopt;
}

}  // namespace

bool IsOutOfQuota(const AttemptOutcome& outcome) {
  if (outcome.status == 402) return true;
  return std::find(kQuotaCodes.begin(), kQuotaCodes.end(), outcome.error_code) != kQuotaCodes.end();
}

bool IsRetryable(const AttemptOutcome& outcome) {
  if (IsOutOfQuota(outcome)) return false;
  const std::string_view should_retry = outcome.head.Header("x-should-retry");
  if (should_retry == "true") return true;
  if (should_retry == "false") return false;
  if (outcome.connection_error) return true;
  if (!outcome.status.has_value()) return false;
  const int status = *outcome.status;
  return status == 408 || status == 409 || status == 429 || status >= 500;
}

std::optional<absl::Duration> ServerDelay(const ResponseHead& head, absl::Time now) {
  if (const auto milliseconds = ParseAmount(head.Header("retry-after-ms"))) {
    return absl::Milliseconds(*milliseconds);
  }
  const std::string_view text = head.Header("retry-after");
  if (text.empty()) return std::nullopt;
  if (const auto seconds = ParseAmount(text)) return absl::Seconds(*seconds);
  if (const auto date = ParseHttpDate(text)) return std::max(*date - now, absl::ZeroDuration());
  return std::nullopt;
}

absl::Duration BackoffDelay(int retry_index, double uniform, const RetryPolicy& policy) {
  absl::Duration delay = policy.initial_delay;
  for (int i = 0; i < retry_index && delay < policy.max_delay; ++i) delay *= 2;
  return std::min(delay, policy.max_delay) * (1.0 - policy.jitter * uniform);
}

RetryAdvice AdviseRetry(const AttemptOutcome& outcome, int retries_so_far, absl::Time now, double uniform,
                        const RetryPolicy& policy) {
  RetryAdvice advice;
  if (retries_so_far >= policy.max_retries || !IsRetryable(outcome)) return advice;
  std::optional<absl::Duration> server_delay = ServerDelay(outcome.head, now);
  if (!server_delay.has_value()) server_delay = outcome.body_delay;
  if (server_delay.has_value() && *server_delay > policy.max_server_delay) return advice;
  advice.retry = true;
  advice.delay = server_delay.value_or(BackoffDelay(retries_so_far, uniform, policy));
  return advice;
}

}  // namespace pinchbeck
