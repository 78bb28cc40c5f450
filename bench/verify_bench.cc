// Verifying 1,000 observations against 1,000: 25 probes x 40, 50 tokens each with the 20 most likely of every
// position, all signals, 9,999 relabelings, one thread, from files on disk.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <cstdio>
#include <string>

#include "pinchbeck/audit/verify.h"
#include "pinchbeck/core/recording.h"
#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck {
namespace {

constexpr int kProbes = 25, kSamples = 40, kTokens = 50, kTop = 20;

PositionLogprobs Position(stats::CounterRng& rng) {
  PositionLogprobs position;
  for (int k = 0; k < kTop; ++k) {
    position.top.push_back({"tok" + std::to_string(k), std::nullopt, -0.5 - 0.3 * k - 1e-3 * rng.Uniform()});
  }
  position.sampled = position.top[rng.Below(4)];
  return position;
}

std::string WriteRecording(const std::string& path, std::uint64_t seed) {
  std::remove(path.c_str());
  auto writer = RecordingWriter::Open(path);
  for (int p = 0; p < kProbes; ++p) {
    stats::CounterRng rng(seed, static_cast<std::uint64_t>(p));
    for (int i = 0; i < kSamples; ++i) {
      Observation observation;
      observation.probe = "text/" + std::to_string(p);
      observation.signals = {"choice", "logprob", "text", "token_length", "latency", "tokenizer"};
      observation.sample = i;
      observation.request.temperature = 1.0;
      observation.request.max_tokens = 64;
      std::string text;
      double now = 0.1 + 0.05 * rng.Uniform();
      for (int t = 0; t < kTokens; ++t) {
        observation.logprobs.push_back(Position(rng));
        text += " word" + std::to_string(rng.Below(300));
        observation.timing.event_s.push_back(now);
        now += 0.01 * rng.Uniform();
      }
      observation.timing.first_token_s = observation.timing.event_s.front();
      observation.timing.total_s = now;
      observation.response.text = text;
      observation.usage.output_tokens = kTokens - static_cast<std::int64_t>(rng.Below(20));
      observation.usage.input_tokens = 20 + p;
      if (!writer.ok() || !writer->Append(observation).ok()) return "";
    }
  }
  return path;
}

void BM_Verify1000x1000(benchmark::State& state) {
  const std::string reference = WriteRecording("bench-reference.jsonl", 1);
  const std::string observed = WriteRecording("bench-observed.jsonl", 2);
  auto enrolled = Enroll({reference}, {.model = "bench"});
  if (!enrolled.ok() || !SaveFingerprint(enrolled->fingerprint, "bench-fingerprint.json").ok()) {
    state.SkipWithError("the recordings could not be written");
    return;
  }
  for (auto _ : state) {
    const auto fingerprint = LoadFingerprint("bench-fingerprint.json");
    const auto report = VerifyRecordings(*fingerprint, {observed});
    if (!report.ok()) state.SkipWithError("verify failed");
    benchmark::DoNotOptimize(report);
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  state.counters["peak_MiB"] = static_cast<double>(usage.ru_maxrss) / 1024;
  for (const char* file : {"bench-reference.jsonl", "bench-observed.jsonl", "bench-fingerprint.json"})
    std::remove(file);
}
BENCHMARK(BM_Verify1000x1000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pinchbeck
