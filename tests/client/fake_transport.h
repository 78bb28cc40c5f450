// A transport and a clock for tests of the collecting loop: time passes only in Poll().
#ifndef PINCHBECK_TESTS_CLIENT_FAKE_TRANSPORT_H_
#define PINCHBECK_TESTS_CLIENT_FAKE_TRANSPORT_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "pinchbeck/client/clock.h"
#include "pinchbeck/client/transport.h"

namespace pinchbeck::testing {

class FakeClock final : public Clock {
 public:
  absl::Time Now() override { return start_ + elapsed_; }
  absl::Duration Monotonic() override {
    if (on_look) on_look();
    return elapsed_;
  }
  void Advance(absl::Duration duration) { elapsed_ += duration; }

  // Called before the time is told: lets a test do something in the middle of the loop.
  std::function<void()> on_look;

 private:
  absl::Time start_ = absl::FromCivil(absl::CivilSecond(2026, 11, 20, 8, 0, 0), absl::UTCTimeZone());
  absl::Duration elapsed_;
};

struct FakeAnswer {
  int status = 200;
  std::vector<HttpHeader> headers;
  std::string body;
  TransferFailure failure = TransferFailure::kNone;
  std::string message;
  absl::Duration duration = absl::Seconds(1);
};

struct SentRequest {
  TransferRequest request;
  absl::Duration at;
};

class FakeTransport final : public Transport {
 public:
  // Gets the request and its number, counted from 0.
  using Script = std::function<FakeAnswer(const TransferRequest&, int)>;

  FakeTransport(FakeClock& clock, Script script) : clock_(clock), script_(std::move(script)) {}

  absl::StatusOr<std::int64_t> Start(const TransferRequest& request, TransferHandler& handler) override {
    const auto id = static_cast<std::int64_t>(sent.size());
    sent.push_back({request, clock_.Monotonic()});
    FakeAnswer answer = script_(request, static_cast<int>(id));
    const absl::Duration due = clock_.Monotonic() + answer.duration;
    running_.emplace(id, Running{std::move(answer), &handler, clock_.Monotonic(), due});
    most_in_flight = std::max(most_in_flight, running_.size());
    return id;
  }

  void Cancel(std::int64_t id) override { cancelled += static_cast<int>(running_.erase(id)); }

  std::vector<TransferResult> Poll(absl::Duration max_wait) override {
    ++polls;
    auto next = std::min_element(running_.begin(), running_.end(),
                                 [](const auto& a, const auto& b) { return a.second.due < b.second.due; });
    if (next == running_.end() || next->second.due > clock_.Monotonic() + max_wait) {
      clock_.Advance(max_wait);
      return {};
    }
    clock_.Advance(std::max(next->second.due - clock_.Monotonic(), absl::ZeroDuration()));
    std::vector<TransferResult> results = {Finish(next->first, next->second)};
    running_.erase(next);
    return results;
  }

  std::vector<SentRequest> sent;
  std::size_t most_in_flight = 0;
  int cancelled = 0;
  int polls = 0;

 private:
  struct Running {
    FakeAnswer answer;
    TransferHandler* handler;
    absl::Duration start;
    absl::Duration due;
  };

  TransferResult Finish(std::int64_t id, const Running& running) {
    const FakeAnswer& answer = running.answer;
    TransferResult result;
    result.id = id;
    result.failure = answer.failure;
    result.message = answer.message;
    result.total_s = absl::ToDoubleSeconds(running.due - running.start);
    if (answer.status > 0) {
      result.head = {answer.status, answer.headers};
      running.handler->OnHead(result.head);
      if (!answer.body.empty()) (void)running.handler->OnBytes(answer.body, result.total_s);
    }
    return result;
  }

  FakeClock& clock_;
  Script script_;
  std::map<std::int64_t, Running> running_;
};

}  // namespace pinchbeck::testing

#endif  // PINCHBECK_TESTS_CLIENT_FAKE_TRANSPORT_H_
