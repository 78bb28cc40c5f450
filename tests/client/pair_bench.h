// Two endpoint scripts and everything else that CollectPair() needs, for tests.
#ifndef PINCHBECK_TESTS_CLIENT_PAIR_BENCH_H_
#define PINCHBECK_TESTS_CLIENT_PAIR_BENCH_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "pinchbeck/client/pair.h"
#include "tests/client/collect_bench.h"

namespace pinchbeck::testing {

inline constexpr const char* kTrusted = "https://vendor.example";
inline constexpr const char* kTested = "https://relay.example";

inline bool IsFor(const SentRequest& sent, const std::string& origin) {
  return sent.request.http.url.rfind(origin, 0) == 0;
}

struct PairBench {
  // Each script sees the requests of its side only, counted from 0.
  PairBench(FakeTransport::Script trusted, FakeTransport::Script tested)
      : transport(clock, [this, trusted = std::move(trusted), tested = std::move(tested)](
                             const TransferRequest& request, int) {
          const bool is_trusted = request.http.url.rfind(kTrusted, 0) == 0;
          return is_trusted ? trusted(request, number_a++) : tested(request, number_b++);
        }) {
    options.samples_per_probe = 3;
    options.session = "s";
  }

  absl::StatusOr<PairSummary> Run() {
    const PairSide side_a{a, dialect, sink_a, completed_a, price_a, price_a};
    const PairSide side_b{b, dialect, sink_b, completed_b, price_b, price_b};
    return CollectPair(side_a, side_b, battery, options, {transport, clock, progress, &stop});
  }

  // "A", "B" in the order in which the requests were sent.
  std::string Sides() const {
    std::string sides;
    for (const SentRequest& sent : transport.sent) sides += IsFor(sent, kTrusted) ? 'A' : 'B';
    return sides;
  }

  FakeClock clock;
  int number_a = 0, number_b = 0;
  FakeTransport transport;
  OpenAiChatDialect dialect;
  MemorySink sink_a, sink_b;
  StopFlag stop{0};
  ProgressObserver* progress = nullptr;
  Endpoint a{std::string(kTrusted) + "/v1", "gpt-x", Secret("key-of-the-vendor")};
  Endpoint b{std::string(kTested) + "/v1", "gpt-x", Secret("key-of-the-relay")};
  CompletedSamples completed_a, completed_b;
  std::optional<double> price_a, price_b;
  Battery battery = MakeBattery();
  CollectOptions options;
};

}  // namespace pinchbeck::testing

#endif  // PINCHBECK_TESTS_CLIENT_PAIR_BENCH_H_
