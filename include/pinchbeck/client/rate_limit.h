// How fast requests may leave: limits of the user's, and those that the server announces.
#ifndef PINCHBECK_CLIENT_RATE_LIMIT_H_
#define PINCHBECK_CLIENT_RATE_LIMIT_H_

#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "pinchbeck/client/http.h"

namespace pinchbeck {

// A token bucket: `per_minute` units flow in evenly, at most `capacity` are kept, and it starts full.
//
// In any stretch of t minutes at most per_minute * t + max(capacity, largest single amount) units are taken:
// an amount above the capacity is let through when the bucket is full and leaves it in debt. Times are those
// of a clock that never goes back; the caller supplies them.
class TokenBucket {
 public:
  // `per_minute` and `capacity` above 0.
  TokenBucket(double per_minute, double capacity, absl::Duration now);

  // How long to wait from `now` until `amount` may be taken; zero when it may be taken at once.
  [[nodiscard]] absl::Duration WaitFor(double amount, absl::Duration now) const;
  // Takes it, also when WaitFor() says that it is too early.
  void Take(double amount, absl::Duration now);
  // Gives back what was taken and turned out not to be used.
  void Return(double amount, absl::Duration now);

 private:
  [[nodiscard]] double LevelAt(absl::Duration now) const;

  double per_second_;
  double capacity_;
  double level_;
  absl::Duration at_;
};

// Limits that the user sets; absent means none.
struct RateLimits {
  // Requests started in a minute, retries included. They leave evenly spaced.
  std::optional<double> requests_per_minute;
  // Input and output tokens of a minute. A request counts as its likely input and its whole output limit when
  // it starts, and as what it used when it has ended.
  std::optional<double> tokens_per_minute;
  // Waits while the server's headers say that nothing is left.
  bool obey_server = true;
};

// One limit as a server announces it in the headers of an answer. What is missing or not usable is absent.
struct ServerLimit {
  std::optional<std::int64_t> limit;
  std::optional<std::int64_t> remaining;
  // Until the count starts anew; never negative.
  std::optional<absl::Duration> reset_in;
};

struct ServerLimits {
  ServerLimit requests;
  ServerLimit tokens;
};

// Reads x-ratelimit-{limit,remaining,reset}-{requests,tokens} (OpenAI and its copies),
// anthropic-ratelimit-{requests,tokens}-{limit,remaining,reset}, and for requests the plain
// x-ratelimit-{limit,remaining,reset} and ratelimit-*. A reset may be a duration ("6m0s", "12ms"), seconds,
// seconds or milliseconds since 1970, or an RFC 3339 time.
[[nodiscard]] ServerLimits ReadServerLimits(const ResponseHead& head, absl::Time now);

}  // namespace pinchbeck

#endif  // PINCHBECK_CLIENT_RATE_LIMIT_H_
