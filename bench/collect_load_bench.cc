// Many streams at once: what the client adds to the arrival of an event, whether events are lost, and what a
// stream costs in memory and time, next to the same work with Python's asyncio.
//
// The relay (bench/load_relay.h) is a process of its own, one for all runs, and writes into every event when
// it was sent; relay and client share the monotonic clock. The client's side is all of Collect(): transport,
// decoder, collector and a sink that serialises. Each side is held to one processor where there are two.
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/load_relay.h"
#include "pinchbeck/client/client.h"
#include "pinchbeck/client/openai_chat.h"

namespace pinchbeck::bench {
namespace {

struct Delays {
  std::vector<double> ms;
  std::int64_t out_of_order = 0;
};

// Reads the stamps of a stream before the real decoder gets its bytes.
class StampedDecoder final : public ResponseDecoder {
 public:
  StampedDecoder(std::unique_ptr<ResponseDecoder> real, Delays& delays)
      : real_(std::move(real)), delays_(delays) {}
  void OnHead(const ResponseHead& head) override { real_->OnHead(head); }
  absl::Status OnBytes(std::string_view bytes, double arrival_s) override {
    const std::int64_t now = MonotonicNs();
    rest_.append(bytes);
    std::string_view text = rest_;
    LoadStamp stamp;
    while (TakeStamp(text, stamp)) {
      if (stamp.number != next_++) ++delays_.out_of_order;
      delays_.ms.push_back(static_cast<double>(now - stamp.sent_ns) / 1e6);
    }
    rest_ = std::string(text);
    return real_->OnBytes(bytes, arrival_s);
  }
  DecodeNotes Finish(const ResponseEnd& end, Observation& observation) override {
    return real_->Finish(end, observation);
  }

 private:
  std::unique_ptr<ResponseDecoder> real_;
  Delays& delays_;
  std::string rest_;
  std::int64_t next_ = 0;
};

class StampedDialect final : public Dialect {
 public:
  explicit StampedDialect(Delays& delays) : delays_(delays) {}
  std::string_view name() const override { return real_.name(); }
  absl::StatusOr<HttpRequest> BuildRequest(const Endpoint& endpoint, const Probe& probe,
                                           std::optional<std::int64_t> seed) const override {
    return real_.BuildRequest(endpoint, probe, seed);
  }
  std::unique_ptr<ResponseDecoder> MakeDecoder(bool streaming) const override {
    return std::make_unique<StampedDecoder>(real_.MakeDecoder(streaming), delays_);
  }

 private:
  OpenAiChatDialect real_;
  Delays& delays_;
};

class CountingSink final : public RecordingSink {
 public:
  absl::Status Append(const Observation& observation) override {
    bytes += static_cast<std::int64_t>(SerializeObservation(observation).size());
    events += static_cast<std::int64_t>(observation.timing.event_s.size());
    return absl::OkStatus();
  }
  std::int64_t bytes = 0;
  std::int64_t events = 0;
};

double Quantile(std::vector<double>& sorted, double share) {
  if (sorted.empty()) return 0.0;
  const auto at = static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1));
  return sorted[at];
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Resident bytes now, and the peak since the last reset where the system can reset it.
std::int64_t StatusKb(std::string_view field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.compare(0, field.size(), field) == 0)
      return std::strtol(line.c_str() + field.size() + 1, nullptr, 10);
  }
  return 0;
}
void ResetPeak() { std::ofstream("/proc/self/clear_refs") << "5"; }

void PinTo(int processor) {
  cpu_set_t all;
  if (sched_getaffinity(0, sizeof(all), &all) != 0 || CPU_COUNT(&all) < 2) return;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &all) || processor-- > 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof(one), &one);
    return;
  }
}

void RaiseFileLimit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void PrintRow(const char* client, int streams, std::int64_t requests, double seconds, double cpu_s,
              std::int64_t events, std::int64_t lost, std::vector<double> ms, double kb_per_stream) {
  std::sort(ms.begin(), ms.end());
  std::printf("%-10s %7d %8lld %7.2f %8.0f %7.1f %9lld %6lld %8.3f %8.3f %8.3f %8.3f %9.1f\n", client,
              streams, static_cast<long long>(requests), seconds, static_cast<double>(requests) / seconds,
              1e6 * cpu_s / static_cast<double>(std::max<std::int64_t>(events, 1)),
              static_cast<long long>(events), static_cast<long long>(lost), Quantile(ms, 0.5),
              Quantile(ms, 0.9), Quantile(ms, 0.99), ms.empty() ? 0.0 : ms.back(), kb_per_stream);
  std::fflush(stdout);
}

// Runs `streams` streams at a time, twice over. False when events were lost.
bool MeasureClient(int port, int streams, const LoadScript& script) {
  constexpr int kRounds = 2;
  Delays delays;
  delays.ms.reserve(static_cast<std::size_t>(streams) * kRounds * static_cast<std::size_t>(script.events));
  const StampedDialect dialect(delays);
  Probe probe;
  probe.id = "load";
  probe.messages = {{"user", "Go on."}};
  probe.sampling.stream = true;
  probe.sampling.max_tokens = script.events;
  Battery battery;
  battery.name = "load";
  battery.version = "1";
  battery.probes.push_back(probe);
  CollectOptions options;
  options.samples_per_probe = std::int64_t{streams} * kRounds;
  options.concurrency = streams;
  const absl::StatusOr<std::unique_ptr<Transport>> transport = MakeCurlTransport();
  const std::unique_ptr<Clock> clock = MakeSystemClock();
  CountingSink sink;
  const Endpoint endpoint{"http://127.0.0.1:" + std::to_string(port) + "/v1", "m", Secret()};
  ResetPeak();
  const std::int64_t before_kb = StatusKb("VmRSS");
  const double cpu = CpuSeconds();
  const std::int64_t start = MonotonicNs();
  const absl::StatusOr<CollectSummary> summary =
      Collect(endpoint, battery, options, {dialect, **transport, *clock, sink});
  const double seconds = static_cast<double>(MonotonicNs() - start) / 1e9;
  if (!summary.ok()) {
    std::fprintf(stderr, "collect_load_bench: %s\n", std::string(summary.status().message()).c_str());
    return false;
  }
  const std::int64_t expected = options.samples_per_probe * script.events;
  const std::int64_t lost = expected - sink.events + delays.out_of_order + summary->failed;
  PrintRow("pinchbeck", streams, summary->ok, seconds, CpuSeconds() - cpu, sink.events, lost, delays.ms,
           static_cast<double>(StatusKb("VmHWM") - before_kb) / streams);
  return lost == 0;
}

// The same work by bench/peers/collect_load.py, which prints one line of numbers and then its delays.
void MeasurePython(int port, int streams, const LoadScript& script) {
  const std::string command = "/usr/bin/python3 " PINCHBECK_SOURCE_DIR "/bench/peers/collect_load.py " +
                              std::to_string(port) + " " + std::to_string(streams) + " 2 " +
                              std::to_string(script.events);
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return;
  long long requests = 0;
  long long events = 0;
  long long lost = 0;
  double seconds = 0.0;
  double cpu_s = 0.0;
  double kb = 0.0;
  std::vector<double> ms;
  if (std::fscanf(pipe, "%lld %lf %lf %lld %lld %lf", &requests, &seconds, &cpu_s, &events, &lost, &kb) ==
      6) {
    for (double delay = 0.0; std::fscanf(pipe, "%lf", &delay) == 1;) ms.push_back(delay);
  }
  const bool good = pclose(pipe) == 0 && requests > 0;
  if (good) {
    PrintRow("asyncio", streams, requests, seconds, cpu_s, events, lost, std::move(ms), kb);
  } else {
    std::puts("asyncio: not measured (/usr/bin/python3 is missing or failed)");
  }
}

int Main() {
  RaiseFileLimit();
  const struct {
    int streams;
    LoadScript script;
  } runs[] = {{200, {50, 20'000'000}}, {1000, {50, 50'000'000}}};
  std::printf("%-10s %7s %8s %7s %8s %7s %9s %6s %8s %8s %8s %8s %9s\n", "client", "streams", "requests", "s",
              "req/s", "us/ev", "events", "lost", "p50 ms", "p90 ms", "p99 ms", "max ms", "KiB/strm");
  bool good = true;
  for (const auto& run : runs) {
    int port = 0;
    const int listener = LoadRelay::Listen(port);
    if (listener == 0) return 1;
    const pid_t relay = fork();
    if (relay == 0) {
      PinTo(1);
      LoadRelay::Serve(listener, run.script);
      _exit(0);
    }
    close(listener);
    PinTo(0);
    good = MeasureClient(port, run.streams, run.script) && good;
    MeasurePython(port, run.streams, run.script);
    kill(relay, SIGKILL);
    waitpid(relay, nullptr, 0);
  }
  return good ? 0 : 1;
}

}  // namespace
}  // namespace pinchbeck::bench

int main(int argc, char**) {
  if (argc > 1) {
    std::puts("collect_load_bench knows no arguments: left out");
    return 0;
  }
  return pinchbeck::bench::Main();
}
