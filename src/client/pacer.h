// Decides when the next request of a collection may leave.
#ifndef PINCHBECK_SRC_CLIENT_PACER_H_
#define PINCHBECK_SRC_CLIENT_PACER_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "pinchbeck/client/http.h"
#include "pinchbeck/client/rate_limit.h"
#include "src/client/budget.h"
#include "src/client/generator.h"

namespace pinchbeck::internal {

struct PacerOptions {
  RateLimits limits;
  // Time over which the first attempts are spread; zero: as fast as the limits allow.
  absl::Duration spread;
  // How many there are.
  std::size_t tasks = 0;
  std::uint64_t seed = 1;
  // A server cannot hold requests back for longer than this at a time.
  absl::Duration max_server_delay;
};

// All times are those of the monotonic clock.
class Pacer {
 public:
  Pacer(const PacerOptions& options, absl::Duration start);

  // When a request of this size may leave; not later than `now` means at once. `fresh`: it is the first
  // attempt of the next task, whose turn the spreading decides, too.
  [[nodiscard]] absl::Duration NextStart(const TokenUse& likely, bool fresh, absl::Duration now);
  void OnStart(const TokenUse& likely, bool fresh, absl::Duration now);
  // `head` is that of the answer, with status 0 when there was none. `used` counts up to the likely use and
  // twice the output limit more.
  void OnEnd(const TokenUse& likely, const TokenUse& used, const ResponseHead& head, absl::Time calendar_now,
             absl::Duration now);

 private:
  // What the latest answers said about one limit of the server.
  struct Announced {
    std::optional<std::int64_t> remaining;
    absl::Duration until;
    // Requests may have left since: the count of an answer is of the time when its request arrived.
    void Update(const ServerLimit& limit, std::int64_t in_flight, std::int64_t each, absl::Duration now,
                absl::Duration max_delay);
    [[nodiscard]] absl::Duration NextStart(std::int64_t amount, absl::Duration now) const;
  };

  PacerOptions options_;
  absl::Duration start_;
  std::optional<TokenBucket> requests_;
  std::optional<TokenBucket> tokens_;
  Announced server_requests_;
  Announced server_tokens_;
  std::int64_t in_flight_ = 0;
  Generator generator_;
  std::size_t next_index_ = 0;
  std::optional<absl::Duration> turn_;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_PACER_H_
