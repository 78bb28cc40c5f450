// How long a monitor takes for one observation.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/audit/monitor.h"
#include "pinchbeck/fingerprint/builder.h"
#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck {
namespace {

// Answers to 20 probes, each out of `categories`, the k-th with a chance that falls as 1 / (k + shift).
std::vector<Observation> Answers(std::size_t count, std::uint32_t categories, double shift,
                                 std::uint64_t seed) {
  stats::CounterRng rng(seed, 0);
  std::vector<double> cumulative(1, 0);
  for (std::uint32_t k = 0; k < categories; ++k) cumulative.push_back(cumulative.back() + 1 / (k + shift));
  std::vector<Observation> answers;
  for (std::size_t i = 0; i < count; ++i) {
    const double at = rng.Uniform() * cumulative.back();
    const auto it = std::upper_bound(cumulative.begin(), cumulative.end(), at);
    Observation answer;
    answer.probe = "p" + std::to_string(i % 20);
    answer.request.temperature = 1.0;
    answer.request.max_tokens = 4;
    answer.response.text = std::to_string(it - cumulative.begin());
    answers.push_back(std::move(answer));
  }
  return answers;
}

Fingerprint Enrolled(const std::vector<Observation>& answers, const std::string& model) {
  FingerprintBuilder builder(EnrollOptions{.model = model});
  for (const Observation& answer : answers) builder.Add(answer, "default").IgnoreError();
  return *std::move(builder).Build();
}

// Arguments: categories of a probe, stored alternatives, tolerance in thousandths.
void BM_MonitorStep(benchmark::State& state) {
  const auto categories = static_cast<std::uint32_t>(state.range(0));
  const Fingerprint fingerprint = Enrolled(Answers(4000, categories, 1, 1), "claimed");
  std::vector<Fingerprint> stored;
  for (int j = 0; j < state.range(1); ++j) {
    stored.push_back(
        Enrolled(Answers(4000, categories, 2 + j, static_cast<std::uint64_t>(j) + 2), std::to_string(j)));
  }
  MonitorOptions options;
  options.tolerance = static_cast<double>(state.range(2)) / 1000;
  for (const Fingerprint& alternative : stored) options.alternatives.push_back(&alternative);
  auto monitor = Monitor::Create(fingerprint, options);
  const std::vector<Observation> observed = Answers(4000, categories, 1, 99);
  std::size_t i = 0;
  for (auto _ : state) {
    if (!monitor.ok() || !monitor->Step(observed[i]).ok()) {
      state.SkipWithError("the monitor failed");
      break;
    }
    i = (i + 1) % observed.size();
  }
  // Items are observations.
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_MonitorStep)
    ->ArgNames({"categories", "alternatives", "tolerance"})
    ->Args({10, 0, 0})
    ->Args({100, 0, 0})
    ->Args({100, 4, 0})
    ->Args({100, 16, 0})
    ->Args({100, 4, 50})
    ->Args({100, 16, 50});

}  // namespace
}  // namespace pinchbeck
