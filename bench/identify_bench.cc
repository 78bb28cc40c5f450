// Ranking stored models: 10,000 fingerprints, a recording of 200 answers to one probe or 1,000 to 25. Loading
// the library (from memory) has a figure of its own.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pinchbeck/audit/identify.h"
#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck {
namespace {

constexpr std::int64_t kNumbers = 355;

// Answers of a model that prefers some of the numbers, a little differently for every model.
SampleSet RandomSample(std::uint64_t model, std::uint64_t draw, std::int64_t probes, int answers) {
  SampleSet sample;
  for (std::int64_t p = 0; p < probes; ++p) {
    ProbeSample& probe = sample.probes["number/" + std::to_string(p)];
    stats::CounterRng taste(stats::MixSeed(model, 1), static_cast<std::uint64_t>(p));
    const double exponent = 1 + 6 * taste.Uniform();
    const auto offset = static_cast<std::int64_t>(taste.Below(kNumbers));
    stats::CounterRng rng(stats::MixSeed(model, 100 + draw), static_cast<std::uint64_t>(p));
    for (int i = 0; i < answers; ++i) {
      const auto rank = static_cast<std::int64_t>(kNumbers * std::pow(rng.Uniform(), exponent));
      ++probe.choices[std::to_string(1 + (offset + 37 * rank) % kNumbers)];
    }
    probe.usable = answers;
    sample.usable += answers;
  }
  return sample;
}

std::vector<Fingerprint> Fingerprints(std::int64_t models, std::int64_t probes) {
  std::vector<Fingerprint> fingerprints;
  for (std::int64_t j = 0; j < models; ++j) {
    Fingerprint fingerprint;
    fingerprint.model = "model-" + std::to_string(j);
    for (std::int64_t p = 0; p < probes; ++p) {
      fingerprint.plan["number/" + std::to_string(p)] = ProbePlan{.choice = true};
    }
    fingerprint.parts.push_back(
        {"default", "", std::nullopt, std::nullopt,
         RandomSample(static_cast<std::uint64_t>(j), 0, probes, probes == 1 ? 240 : 40)});
    fingerprints.push_back(std::move(fingerprint));
  }
  return fingerprints;
}

void BM_RankModels(benchmark::State& state) {
  const std::int64_t models = state.range(0), probes = state.range(1);
  const auto library = IdentifyLibrary::Make(Fingerprints(models, probes));
  const SampleSet observed = RandomSample(7, 1, probes, probes == 1 ? 200 : 40);
  for (auto _ : state) benchmark::DoNotOptimize(ScoreModels(*library, observed));
  state.counters["models/s"] =
      benchmark::Counter(static_cast<double>(models), benchmark::Counter::kIsIterationInvariantRate);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  state.counters["peak_MiB"] = static_cast<double>(usage.ru_maxrss) / 1024;
}
BENCHMARK(BM_RankModels)->Args({17, 1})->Args({10000, 1})->Args({10000, 25})->Unit(benchmark::kMillisecond);

void BM_MakeLibrary(benchmark::State& state) {
  const std::vector<Fingerprint> fingerprints = Fingerprints(state.range(0), state.range(1));
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<Fingerprint> copy = fingerprints;
    state.ResumeTiming();
    benchmark::DoNotOptimize(IdentifyLibrary::Make(std::move(copy)));
  }
}
BENCHMARK(BM_MakeLibrary)->Args({10000, 1})->Iterations(1)->Unit(benchmark::kMillisecond);

// With the tests that the verdict needs, one thread.
void BM_Identify(benchmark::State& state) {
  const auto library = IdentifyLibrary::Make(Fingerprints(state.range(0), 1));
  const SampleSet observed = RandomSample(7, 1, 1, 200);
  IdentifyOptions options;
  options.tested = 1;
  for (auto _ : state) benchmark::DoNotOptimize(Identify(*library, observed, options));
}
BENCHMARK(BM_Identify)->Arg(17)->Arg(10000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pinchbeck
