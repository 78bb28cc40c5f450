// The C++ side of bench/peers/compare_python.py: five common calls on inputs that Python makes as well.
//
// The argument is the size of a sample; the counter "statistic" lets the script check that all sides computed
// the same thing. Every call repeats one input, on all sides: what is compared is the way in and out.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pinchbeck/stats/anderson_darling.h"
#include "pinchbeck/stats/contingency.h"
#include "pinchbeck/stats/cramer_von_mises.h"
#include "pinchbeck/stats/kolmogorov_smirnov.h"
#include "pinchbeck/stats/mann_whitney.h"
#include "pinchbeck/stats/two_sample.h"

namespace pinchbeck::stats {
namespace {

// As values() in compare_python.py.
std::vector<double> Values(std::size_t n, std::size_t factor, std::size_t modulus) {
  std::vector<double> values(n);
  for (std::size_t i = 0; i < n; ++i) {
    values[i] = static_cast<double>(i * factor % modulus) + static_cast<double>(i) * 0.001;
  }
  return values;
}

// As counts() there: `n` answers over twelve categories.
std::vector<std::int64_t> Counts(std::size_t n, std::size_t factor) {
  std::vector<std::int64_t> counts(12, 0);
  for (std::size_t i = 0; i < n; ++i) ++counts[i * i * factor % 97 % 12];
  return counts;
}

template <typename Test>
void Measure(benchmark::State& state, const Test& test) {
  absl::StatusOr<TwoSampleResult> result = test();
  if (!result.ok()) {
    state.SkipWithError(std::string(result.status().message()).c_str());
    return;
  }
  for (auto _ : state) {
    result = test();
    benchmark::DoNotOptimize(result);
  }
  state.counters["statistic"] = result->statistic;
}

template <typename Call>
void OfValues(benchmark::State& state, const Call& call) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const std::vector<double> reference = Values(n, 37, 101);
  const std::vector<double> observed = Values(n, 53, 97);
  Measure(state, [&] { return call(std::span(reference), std::span(observed)); });
}

using Sample = std::span<const double>;

void BM_KolmogorovSmirnov(benchmark::State& state) {
  OfValues(state,
           [](Sample a, Sample b) { return KolmogorovSmirnov(a, b, {.method = KsMethod::kAsymptotic}); });
}
void BM_MannWhitney(benchmark::State& state) {
  OfValues(state,
           [](Sample a, Sample b) { return MannWhitney(a, b, {.method = MannWhitneyMethod::kAsymptotic}); });
}
void BM_CramerVonMises(benchmark::State& state) {
  OfValues(state,
           [](Sample a, Sample b) { return CramerVonMises(a, b, {.method = CvmMethod::kAsymptotic}); });
}
void BM_AndersonDarling(benchmark::State& state) {
  OfValues(state, [](Sample a, Sample b) {
    return AndersonDarling(a, b, {.method = AndersonDarlingMethod::kAsymptotic});
  });
}
void BM_ChiSquare(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const std::vector<std::int64_t> reference = Counts(n, 5);
  const std::vector<std::int64_t> observed = Counts(n, 7);
  const CountSample cells[] = {{reference, observed}};
  Measure(state, [&] { return ChiSquareTest(cells, {.method = ContingencyMethod::kAsymptotic}); });
}

void Sizes(benchmark::internal::Benchmark* bench) { bench->Arg(50)->Arg(5'000); }
BENCHMARK(BM_KolmogorovSmirnov)->Apply(Sizes);
BENCHMARK(BM_MannWhitney)->Apply(Sizes);
BENCHMARK(BM_CramerVonMises)->Apply(Sizes);
BENCHMARK(BM_AndersonDarling)->Apply(Sizes);
BENCHMARK(BM_ChiSquare)->Apply(Sizes);

}  // namespace
}  // namespace pinchbeck::stats
