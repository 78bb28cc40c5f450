// An endpoint script and everything else that Collect() needs, for tests.
#ifndef PINCHBECK_TESTS_CLIENT_COLLECT_BENCH_H_
#define PINCHBECK_TESTS_CLIENT_COLLECT_BENCH_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/client/client.h"
#include "pinchbeck/client/openai_chat.h"
#include "tests/client/fake_transport.h"

namespace pinchbeck::testing {

inline constexpr const char* kCanary = "canary-key-7f3a9c";

inline Probe MakeProbe(const std::string& id, const std::string& prompt = "Pick a number.") {
  Probe probe;
  probe.id = id;
  probe.group = "choice";
  probe.signals = {"choice"};
  probe.messages = {{"user", prompt}};
  return probe;
}

inline Battery MakeBattery(int probes = 2) {
  Battery battery;
  battery.name = "test";
  battery.version = "1";
  for (int i = 0; i < probes; ++i) battery.probes.push_back(MakeProbe("p" + std::to_string(i)));
  return battery;
}

inline FakeAnswer Good(const std::string& text = "42") {
  FakeAnswer answer;
  answer.body =
      R"({"id":"c","model":"served","choices":[{"index":0,"finish_reason":"stop","message":{"content":")" +
      text + R"("}}],"usage":{"prompt_tokens":12,"completion_tokens":3}})";
  return answer;
}

inline FakeAnswer Bad(int status, const std::string& message = "no", const std::string& code = "") {
  FakeAnswer answer;
  answer.status = status;
  answer.body = R"({"error":{"message":")" + message + R"(","code":")" + code + R"("}})";
  return answer;
}

inline FakeAnswer Broken(TransferFailure failure) {
  FakeAnswer answer;
  answer.status = 0;
  answer.failure = failure;
  answer.message = "broken";
  return answer;
}

struct MemorySink final : RecordingSink {
  std::vector<Observation> observations;
  absl::Status verdict;
  std::function<void()> on_append = [] {};
  absl::Status Append(const Observation& observation) override {
    observations.push_back(observation);
    on_append();
    return verdict;
  }
};

// Everything Collect() needs, with a script for the endpoint's answers.
struct Bench {
  explicit Bench(FakeTransport::Script script) : transport(clock, std::move(script)) {
    options.samples_per_probe = 3;
    options.session = "s";
  }
  absl::StatusOr<CollectSummary> Run() {
    return Collect(endpoint, battery, options, {dialect, transport, clock, sink, nullptr, &stop});
  }

  FakeClock clock;
  FakeTransport transport;
  OpenAiChatDialect dialect;
  MemorySink sink;
  StopFlag stop{0};
  Endpoint endpoint{"https://relay.example/v1/", "gpt-x", Secret(kCanary)};
  Battery battery = MakeBattery();
  CollectOptions options;
};

inline FakeTransport::Script Always(FakeAnswer answer) {
  return [answer = std::move(answer)](const TransferRequest&, int) { return answer; };
}

inline std::vector<std::string> Order(const MemorySink& sink) {
  std::vector<std::string> order;
  for (const Observation& o : sink.observations) order.push_back(o.probe + "#" + std::to_string(*o.sample));
  return order;
}

}  // namespace pinchbeck::testing

#endif  // PINCHBECK_TESTS_CLIENT_COLLECT_BENCH_H_
