#include "src/client/pacer.h"

#include <algorithm>
#include <cstdint>

#include "absl/time/time.h"

namespace pinchbeck::internal {
namespace {

// Keeps the turns independent of the order of the tasks and the jitter of retries.
constexpr std::uint64_t kTurnStream = 0xBB67AE8584CAA73BULL;

}  // namespace

Pacer::Pacer(const PacerOptions& options, absl::Duration start)
    : options_(options), start_(start), generator_(options.seed ^ kTurnStream) {
  const RateLimits& limits = options_.limits;
  // One request at a time: servers count in windows of their own, and an even flow fits any of them.
  if (limits.requests_per_minute.has_value()) requests_.emplace(*limits.requests_per_minute, 1.0, start);
  // A second's worth; larger requests leave a debt.
  if (limits.tokens_per_minute.has_value()) {
    tokens_.emplace(*limits.tokens_per_minute, *limits.tokens_per_minute / 60.0, start);
  }
}

absl::Duration Pacer::NextStart(const TokenUse& likely, bool fresh, absl::Duration now) {
  absl::Duration start = now;
  if (requests_.has_value()) start = std::max(start, now + requests_->WaitFor(1.0, now));
  if (tokens_.has_value()) {
    start = std::max(start, now + tokens_->WaitFor(static_cast<double>(Total(likely)), now));
  }
  if (options_.limits.obey_server) {
    start = std::max(start, server_requests_.NextStart(1, now));
    start = std::max(start, server_tokens_.NextStart(Total(likely), now));
  }
  if (!fresh || options_.spread <= absl::ZeroDuration()) return start;
  // One turn in each of equal parts of the time, at random within its part: even, and without a rhythm.
  if (!turn_.has_value()) {
    const double part = (static_cast<double>(next_index_) + generator_.NextUnit()) /
                        static_cast<double>(std::max<std::size_t>(options_.tasks, 1));
    turn_ = start_ + options_.spread * part;
  }
  return std::max(start, *turn_);
}

void Pacer::OnStart(const TokenUse& likely, bool fresh, absl::Duration now) {
  if (requests_.has_value()) requests_->Take(1.0, now);
  if (tokens_.has_value()) tokens_->Take(static_cast<double>(Total(likely)), now);
  if (server_requests_.remaining.has_value()) --*server_requests_.remaining;
  if (server_tokens_.remaining.has_value()) *server_tokens_.remaining -= Total(likely);
  ++in_flight_;
  if (!fresh) return;
  ++next_index_;
  turn_.reset();
}

void Pacer::OnEnd(const TokenUse& likely, const TokenUse& used, const ResponseHead& head,
                  absl::Time calendar_now, absl::Duration now) {
  --in_flight_;
  if (tokens_.has_value()) {
    // What a server says that an answer used may hold back the next requests, but not for ever.
    const std::int64_t most = SaturatingSum(Total(likely), SaturatingSum(likely.output, likely.output));
    tokens_->Return(static_cast<double>(Total(likely) - std::min(Total(used), most)), now);
  }
  if (head.status == 0) return;
  const ServerLimits limits = ReadServerLimits(head, calendar_now);
  server_requests_.Update(limits.requests, in_flight_, 1, now, options_.max_server_delay);
  server_tokens_.Update(limits.tokens, in_flight_, Total(likely), now, options_.max_server_delay);
}

void Pacer::Announced::Update(const ServerLimit& limit, std::int64_t in_flight, std::int64_t each,
                              absl::Duration now, absl::Duration max_delay) {
  if (!limit.remaining.has_value() || !limit.reset_in.has_value()) return;
  // Those in flight may not be counted yet.
  constexpr std::int64_t kPlenty = std::int64_t{1} << 40;
  remaining = std::min(*limit.remaining, kPlenty) - in_flight * std::min(each, kPlenty / 1024);
  until = now + std::min(*limit.reset_in, max_delay);
}

absl::Duration Pacer::Announced::NextStart(std::int64_t amount, absl::Duration now) const {
  if (!remaining.has_value() || until <= now) return now;
  // A request larger than the whole limit would wait for ever; what is left of a limit is all it can get.
  return *remaining >= amount ? now : until;
}

}  // namespace pinchbeck::internal
