// How fast recordings are read and written, and that memory does not grow with their length.
#include <benchmark/benchmark.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "pinchbeck/core/observation.h"
#include "pinchbeck/core/recording.h"

namespace pinchbeck {
namespace {

// An answer of 50 tokens with 20 alternatives each and its timing: the longest lines that `collect` writes.
Observation TypicalObservation(std::uint64_t seed) {
  std::mt19937_64 bits(seed);
  const auto logprob = [&bits] { return -static_cast<double>(bits() % 20'000'000) / 1e6; };
  const auto token = [&bits] { return " tok" + std::to_string(bits() % 50'000); };
  Observation o;
  o.probe = "continuation/en/" + std::to_string(seed % 40);
  o.sample = static_cast<std::int64_t>(seed);
  o.session = "2026-11-20T08:00Z";
  o.time = "2026-11-20T08:03:12.345Z";
  o.endpoint = "https://relay.example/v1";
  o.request.model = "flagship-1";
  o.request.temperature = 1.0;
  o.request.max_tokens = 50;
  o.request.top_logprobs = 20;
  o.request.stream = true;
  o.response.text.emplace();
  o.usage.input_tokens = 31;
  o.usage.output_tokens = 50;
  for (int i = 0; i < 50; ++i) {
    o.timing.event_s.push_back(0.4 + 0.02 * i);
    PositionLogprobs& position = o.logprobs.emplace_back();
    position.sampled = {token(), std::nullopt, logprob()};
    *o.response.text += position.sampled.token;
    for (int k = 0; k < 20; ++k) position.top.push_back({token(), std::nullopt, logprob()});
  }
  return o;
}

// A recording in a folder that disappears afterwards.
class ScratchRecording {
 public:
  ScratchRecording(std::string_view name, std::int64_t observations) {
    std::string folder = (std::filesystem::temp_directory_path() / "pinchbeck-bench-XXXXXX").string();
    folder_ = ::mkdtemp(folder.data());
    path_ = (folder_ / name).string();
    gzFile gzip = name.ends_with(".gz") ? gzopen(path_.c_str(), "wb") : nullptr;
    std::FILE* plain = gzip == nullptr ? std::fopen(path_.c_str(), "wb") : nullptr;
    for (std::int64_t i = 0; i < observations; ++i) {
      const std::string line =
          SerializeObservation(TypicalObservation(static_cast<std::uint64_t>(i % 64))) + "\n";
      text_bytes_ += static_cast<std::int64_t>(line.size());
      if (gzip != nullptr) {
        gzwrite(gzip, line.data(), static_cast<unsigned>(line.size()));
      } else {
        std::fwrite(line.data(), 1, line.size(), plain);
      }
    }
    if (gzip != nullptr) gzclose(gzip);
    if (plain != nullptr) std::fclose(plain);
  }
  ScratchRecording(const ScratchRecording&) = delete;
  ScratchRecording& operator=(const ScratchRecording&) = delete;
  ~ScratchRecording() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  const std::string& path() const { return path_; }
  // Length of the content, before compression.
  std::int64_t text_bytes() const { return text_bytes_; }

 private:
  std::filesystem::path folder_;
  std::string path_;
  std::int64_t text_bytes_ = 0;
};

std::int64_t ReadAll(const std::string& path) {
  std::int64_t observations = 0;
  auto reader = RecordingReader::Open(path);
  if (!reader.ok()) std::abort();
  for (;;) {
    const auto next = reader->Next();
    if (!next.ok()) std::abort();
    if (!next->has_value()) return observations;
    benchmark::DoNotOptimize((*next)->logprobs.data());
    ++observations;
  }
}

std::int64_t PeakBytes() {
  rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  return std::int64_t{usage.ru_maxrss} * 1024;  // the system counts in KiB
}

// Reads a short recording, then one 16 times as long: the peak of the process must stay where it was. Stands
// before the other benchmarks because the system only knows the peak since the process started.
void BM_ReadRecordingPeakMemory(benchmark::State& state) {
  const ScratchRecording small("small.jsonl.gz", 64);
  const ScratchRecording large("large.jsonl.gz", 1024);
  std::int64_t growth = 0;
  for (auto _ : state) {
    ReadAll(small.path());
    const std::int64_t before = PeakBytes();
    ReadAll(large.path());
    growth = std::max(growth, PeakBytes() - before);
  }
  state.counters["peak_growth_bytes"] = static_cast<double>(growth);
  state.counters["large_bytes"] = static_cast<double>(large.text_bytes());
}
BENCHMARK(BM_ReadRecordingPeakMemory)->Iterations(1)->Unit(benchmark::kMillisecond);

void BM_ParseObservation(benchmark::State& state) {
  const std::string line = SerializeObservation(TypicalObservation(1));
  for (auto _ : state) {
    auto observation = ParseObservation(line);
    if (!observation.ok()) std::abort();
    benchmark::DoNotOptimize(observation->logprobs.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(line.size()));
  state.SetItemsProcessed(state.iterations());
  state.counters["line_bytes"] = static_cast<double>(line.size());
}
BENCHMARK(BM_ParseObservation);

void BM_SerializeObservation(benchmark::State& state) {
  const Observation observation = TypicalObservation(1);
  std::int64_t bytes = 0;
  for (auto _ : state) {
    const std::string line = SerializeObservation(observation);
    bytes += static_cast<std::int64_t>(line.size());
    benchmark::DoNotOptimize(line.data());
  }
  state.SetBytesProcessed(bytes);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_SerializeObservation);

void ReadRecording(benchmark::State& state, std::string_view name) {
  const ScratchRecording recording(name, 512);
  std::int64_t observations = 0;
  for (auto _ : state) observations += ReadAll(recording.path());
  state.SetBytesProcessed(state.iterations() * recording.text_bytes());
  state.SetItemsProcessed(observations);
}
BENCHMARK_CAPTURE(ReadRecording, plain, "r.jsonl")
    ->Name("BM_ReadRecording/plain")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(ReadRecording, gzip, "r.jsonl.gz")
    ->Name("BM_ReadRecording/gzip")
    ->Unit(benchmark::kMillisecond);

void AppendToRecording(benchmark::State& state, std::string_view name) {
  const ScratchRecording recording(name, 0);
  std::filesystem::remove(recording.path());
  const Observation observation = TypicalObservation(1);
  auto writer = RecordingWriter::Open(recording.path());
  if (!writer.ok()) std::abort();
  for (auto _ : state) {
    if (!writer->Append(observation).ok()) std::abort();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(AppendToRecording, plain, "r.jsonl")->Name("BM_AppendToRecording/plain")->Iterations(2000);
BENCHMARK_CAPTURE(AppendToRecording, gzip, "r.jsonl.gz")->Name("BM_AppendToRecording/gzip")->Iterations(500);

}  // namespace
}  // namespace pinchbeck
