#include "pinchbeck/client/rate_limit.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/time/time.h"
#include "pinchbeck/internal/absl_strings.h"

namespace pinchbeck {
namespace {

// Numbers from here on are moments, not durations: 2001 in seconds, and in milliseconds.
constexpr double kFirstEpochSeconds = 1e9;
constexpr double kFirstEpochMilliseconds = 1e12;

std::optional<std::int64_t> ParseCount(std::string_view text) {
  std::int64_t value = 0;
  if (!absl::SimpleAtoi(internal::ToAbsl(text), &value) || value < 0) return std::nullopt;
  return value;
}

absl::Duration Until(absl::Time moment, absl::Time now) {
  return std::max(moment - now, absl::ZeroDuration());
}

std::optional<absl::Duration> ParseReset(std::string_view text, absl::Time now) {
  if (text.empty()) return std::nullopt;
  double number = 0.0;
  if (absl::SimpleAtod(internal::ToAbsl(text), &number)) {
    // Some servers say -1 for "unknown".
    if (!std::isfinite(number) || number < 0.0) return std::nullopt;
    if (number >= kFirstEpochMilliseconds) {
      return Until(absl::UnixEpoch() + absl::Milliseconds(number), now);
    }
    if (number >= kFirstEpochSeconds) return Until(absl::UnixEpoch() + absl::Seconds(number), now);
    return absl::Seconds(number);
  }
  absl::Duration duration;
  if (absl::ParseDuration(internal::ToAbsl(text), &duration)) {
    if (duration < absl::ZeroDuration() || duration == absl::InfiniteDuration()) return std::nullopt;
    return duration;
  }
  absl::Time moment;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, internal::ToAbsl(text), &moment, &error) &&
      moment != absl::InfiniteFuture() && moment != absl::InfinitePast()) {
    return Until(moment, now);
  }
  return std::nullopt;
}

// The headers of one family of servers for one limit.
struct HeaderNames {
  const char* limit;
  const char* remaining;
  const char* reset;
};

// The first family whose count is there is taken as a whole, so that a reset never belongs to another count.
ServerLimit ReadLimit(const ResponseHead& head, absl::Time now, const std::vector<HeaderNames>& families) {
  for (const HeaderNames& names : families) {
    ServerLimit limit{ParseCount(head.Header(names.limit)), ParseCount(head.Header(names.remaining)),
                      ParseReset(head.Header(names.reset), now)};
    if (limit.limit.has_value() || limit.remaining.has_value()) return limit;
  }
  return {};
}

}  // namespace

TokenBucket::TokenBucket(double per_minute, double capacity, absl::Duration now)
    : per_second_(per_minute / 60.0), capacity_(capacity), level_(capacity), at_(now) {}

double TokenBucket::LevelAt(absl::Duration now) const {
  const double seconds = std::max(absl::ToDoubleSeconds(now - at_), 0.0);
  return std::min(capacity_, level_ + seconds * per_second_);
}

absl::Duration TokenBucket::WaitFor(double amount, absl::Duration now) const {
  // A rounding error must not make a full bucket look short of its capacity.
  const double missing = std::min(amount, capacity_) * (1.0 - 1e-12) - LevelAt(now);
  return missing <= 0.0 ? absl::ZeroDuration() : absl::Seconds(missing / per_second_);
}

void TokenBucket::Take(double amount, absl::Duration now) {
  level_ = LevelAt(now) - amount;
  at_ = std::max(at_, now);
}

void TokenBucket::Return(double amount, absl::Duration now) { Take(-amount, now); }

ServerLimits ReadServerLimits(const ResponseHead& head, absl::Time now) {
  static const std::vector<HeaderNames>* const kRequests = new std::vector<HeaderNames>{
      {"x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"},
      {"anthropic-ratelimit-requests-limit", "anthropic-ratelimit-requests-remaining",
       "anthropic-ratelimit-requests-reset"},
      {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"},
      {"ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"}};
  static const std::vector<HeaderNames>* const kTokens = new std::vector<HeaderNames>{
      {"x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"},
      {"anthropic-ratelimit-tokens-limit", "anthropic-ratelimit-tokens-remaining",
       "anthropic-ratelimit-tokens-reset"}};
  return {ReadLimit(head, now, *kRequests), ReadLimit(head, now, *kTokens)};
}

}  // namespace pinchbeck
