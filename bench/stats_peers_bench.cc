// The tasks of bench/peers: what NumPy and SciPy users would otherwise compute, on the same inputs.
//
// --peer_inputs=DIR writes the inputs to DIR before anything is timed; bench/peers/stats_peers.py reads them
// and bench/peers/compare_stats.py runs both sides. Every iteration goes from the raw samples to the p-value.
// The counters "statistic" and "p_value" let the script check that both sides computed the same thing.
#include <benchmark/benchmark.h>

#include <Eigen/Core>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/stats_peers_inputs.h"
#include "pinchbeck/stats/anderson_darling.h"
#include "pinchbeck/stats/conformal_e_process.h"
#include "pinchbeck/stats/count_statistics.h"
#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/cramer_von_mises.h"
#include "pinchbeck/stats/energy_distance.h"
#include "pinchbeck/stats/gram_product.h"
#include "pinchbeck/stats/kernel_statistics.h"
#include "pinchbeck/stats/kernels.h"
#include "pinchbeck/stats/kolmogorov_smirnov.h"
#include "pinchbeck/stats/likelihood_ratio_e_process.h"
#include "pinchbeck/stats/logprob_difference.h"
#include "pinchbeck/stats/mann_whitney.h"
#include "pinchbeck/stats/permutation.h"
#include "pinchbeck/stats/permutation_test.h"
#include "pinchbeck/stats/two_sample.h"

namespace pinchbeck::stats {
namespace {

using bench::Data;
using bench::Inputs;
using bench::kCategories;
using bench::kCells;
using bench::kCharacters;
using bench::kLarge;
using bench::kPairs;
using bench::kStrata;
using bench::kStream;
using bench::kStreams;
using bench::kTokens;
using bench::MakeCounts;
using bench::MakeValues;

// --- Tasks -------------------------------------------------------------------------------------------------

// Times `task(i)` for i from 0 to `calls` - 1, a function that returns StatusOr<TwoSampleResult>, and reports
// what the last call found. An iteration is all calls; the counter "calls" says how many.
template <typename Task>
void Measure(benchmark::State& state, const Task& task, std::size_t calls = 1) {
  TwoSampleResult last;
  for (auto _ : state) {
    for (std::size_t i = 0; i < calls; ++i) {
      absl::StatusOr<TwoSampleResult> result = task(i);
      if (!result.ok()) {
        state.SkipWithError(std::string(result.status().message()).c_str());
        return;
      }
      last = *std::move(result);
      benchmark::DoNotOptimize(last);
    }
  }
  state.counters["calls"] = static_cast<double>(calls);
  state.counters["statistic"] = last.statistic;
  state.counters["p_value"] = last.p_value;
}

PermutationOptions Relabelings(std::int64_t permutations, int threads = 1) {
  return {.permutations = permutations, .seed = 1, .threads = threads};
}

// The p-value of the first statistic.
absl::StatusOr<TwoSampleResult> FirstOf(const absl::StatusOr<PermutationTestResult>& test) {
  if (!test.ok()) return test.status();
  TwoSampleResult result;
  result.statistic = test->statistics[0];
  result.p_value = test->p_values[0];
  return result;
}

// Mean MMD^2 of the strata; the kernel is the share of equal characters.
absl::StatusOr<TwoSampleResult> HammingMmd(const std::vector<std::uint8_t>& texts, std::size_t n_strata,
                                           const PermutationOptions& options) {
  const std::string_view characters(reinterpret_cast<const char*>(texts.data()), texts.size());
  const std::size_t n = texts.size() / kCharacters / n_strata;
  std::vector<Stratum> strata;
  std::vector<RelabelingGram> products;
  std::vector<std::string_view> views(n);
  for (std::size_t s = 0; s < n_strata; ++s) {
    for (std::size_t i = 0; i < n; ++i) views[i] = characters.substr((s * n + i) * kCharacters, kCharacters);
    const absl::StatusOr<Eigen::MatrixXd> gram = HammingGram(views, kCharacters);
    if (!gram.ok()) return gram.status();
    absl::StatusOr<RelabelingGram> product = RelabelingGram::Make(*gram);
    if (!product.ok()) return product.status();
    products.push_back(*std::move(product));
    strata.push_back({static_cast<std::int64_t>(n / 2), static_cast<std::int64_t>(n - n / 2)});
  }
  const double weight = 1 / static_cast<double>(n_strata * kCharacters);
  const auto accumulate = [&](std::size_t s, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
    Eigen::RowVectorXd row = Eigen::RowVectorXd::Zero(out.cols());
    AccumulateMmd(products[s], strata[s], weight, labels, row);
    out.row(0) += row;
  };
  return FirstOf(PermutationTest(strata, 1, accumulate, options));
}

void BM_HammingStrata(benchmark::State& state) {
  Measure(state, [](std::size_t) { return HammingMmd(Data().hamming_strata, kStrata, Relabelings(1'000)); });
}
BENCHMARK(BM_HammingStrata)->Unit(benchmark::kMillisecond);

void BM_HammingOne(benchmark::State& state) {
  Measure(state, [](std::size_t) { return HammingMmd(Data().hamming_one, 1, Relabelings(1'000)); });
}
BENCHMARK(BM_HammingOne)->Unit(benchmark::kMillisecond);

absl::StatusOr<TwoSampleResult> KsPermutation(const PermutationOptions& options) {
  return KolmogorovSmirnov(Data().sample_reference, Data().sample_observed,
                           {.method = KsMethod::kPermutation, .permutation = options});
}

void BM_KsPermutation(benchmark::State& state) {
  Measure(state, [](std::size_t) { return KsPermutation(Relabelings(1'000)); });
}
BENCHMARK(BM_KsPermutation)->Unit(benchmark::kMillisecond);

void BM_EnergyPermutation(benchmark::State& state) {
  Measure(state, [](std::size_t) {
    return EnergyDistance(Data().sample_reference, Data().sample_observed,
                          {.permutation = Relabelings(1'000)});
  });
}
BENCHMARK(BM_EnergyPermutation)->Unit(benchmark::kMillisecond);

void BM_LogprobDifference(benchmark::State& state) {
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const auto matrix = [](const std::vector<double>& values) {
    return Eigen::MatrixXd(Eigen::Map<const RowMajor>(
        values.data(), static_cast<Eigen::Index>(values.size() / kTokens), Eigen::Index{kTokens}));
  };
  const std::vector<LogprobStratum> strata = {
      {matrix(Data().logprob_reference), matrix(Data().logprob_observed)}};
  Measure(state, [&](std::size_t) { return LogprobDifference(strata, {.permutation = Relabelings(1'000)}); });
}
BENCHMARK(BM_LogprobDifference)->Unit(benchmark::kMillisecond);

// From counts to a p-value, as the choice signal does it.
absl::StatusOr<TwoSampleResult> ChoiceDivergence(const PermutationOptions& options) {
  const std::span<const std::int64_t> reference = Data().choice_reference, observed = Data().choice_observed;
  std::vector<CountCell> cells;
  for (std::size_t s = 0; s < kCells; ++s) {
    CountCell& cell = cells.emplace_back(reference.subspan(s * kCategories, kCategories),
                                         observed.subspan(s * kCategories, kCategories));
    cell.AddJensenShannon(1 / static_cast<double>(kCells));
  }
  return FirstOf(CountPermutationTest(cells, options));
}

void BM_ChoiceDivergence(benchmark::State& state) {
  Measure(state, [](std::size_t) { return ChoiceDivergence(Relabelings(9'999)); });
}
BENCHMARK(BM_ChoiceDivergence)->Unit(benchmark::kMillisecond);

// --- Large samples, limiting distributions -----------------------------------------------------------------

using Sample = std::span<const double>;

absl::StatusOr<TwoSampleResult> Ks(Sample x, Sample y) {
  return KolmogorovSmirnov(x, y, {.method = KsMethod::kAsymptotic});
}
absl::StatusOr<TwoSampleResult> Cvm(Sample x, Sample y) {
  return CramerVonMises(x, y, {.method = CvmMethod::kAsymptotic});
}
absl::StatusOr<TwoSampleResult> Ad(Sample x, Sample y) {
  return AndersonDarling(x, y, {.method = AndersonDarlingMethod::kAsymptotic});
}
absl::StatusOr<TwoSampleResult> Mw(Sample x, Sample y) {
  return MannWhitney(x, y, {.method = MannWhitneyMethod::kAsymptotic});
}

template <absl::StatusOr<TwoSampleResult> (*kTest)(Sample, Sample)>
void BM_Large(benchmark::State& state) {
  const Sample x = Data().large_reference, y = Data().large_observed;
  Measure(
      state,
      [&](std::size_t i) { return kTest(x.subspan(i * kLarge, kLarge), y.subspan(i * kLarge, kLarge)); },
      kPairs);
}
BENCHMARK_TEMPLATE(BM_Large, Ks)->Unit(benchmark::kMillisecond)->Name("BM_KolmogorovSmirnov");
BENCHMARK_TEMPLATE(BM_Large, Cvm)->Unit(benchmark::kMillisecond)->Name("BM_CramerVonMises");
BENCHMARK_TEMPLATE(BM_Large, Ad)->Unit(benchmark::kMillisecond)->Name("BM_AndersonDarling");

// Cost against n, the size of each sample; an iteration always sorts the same number of values.
template <absl::StatusOr<TwoSampleResult> (*kTest)(Sample, Sample)>
void BM_Growth(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  constexpr std::size_t kTotal = 1'000'000;
  const std::vector<double> all_x = MakeValues(13, kTotal, 0), all_y = MakeValues(14, kTotal, 0);
  const Sample x = all_x, y = all_y;
  Measure(
      state, [&](std::size_t i) { return kTest(x.subspan(i * n, n), y.subspan(i * n, n)); }, kTotal / n);
}
void Sizes(benchmark::internal::Benchmark* bench) {
  bench->Unit(benchmark::kMillisecond)->Arg(10'000)->Arg(100'000)->Arg(1'000'000);
}
BENCHMARK_TEMPLATE(BM_Growth, Ks)->Apply(Sizes)->Name("BM_GrowthKolmogorovSmirnov");
BENCHMARK_TEMPLATE(BM_Growth, Cvm)->Apply(Sizes)->Name("BM_GrowthCramerVonMises");
BENCHMARK_TEMPLATE(BM_Growth, Ad)->Apply(Sizes)->Name("BM_GrowthAndersonDarling");
BENCHMARK_TEMPLATE(BM_Growth, Mw)->Apply(Sizes)->Name("BM_GrowthMannWhitney");

// --- Cost against relabelings and threads ------------------------------------------------------------------

absl::StatusOr<TwoSampleResult> HammingOne(const PermutationOptions& options) {
  return HammingMmd(Data().hamming_one, 1, options);
}

template <absl::StatusOr<TwoSampleResult> (*kTest)(const PermutationOptions&)>
void BM_Relabelings(benchmark::State& state) {
  Measure(state, [&](std::size_t) { return kTest(Relabelings(state.range(0))); });
}
void Permutations(benchmark::internal::Benchmark* bench) {
  bench->Unit(benchmark::kMillisecond)->Arg(1'000)->Arg(10'000)->Arg(100'000);
}
BENCHMARK_TEMPLATE(BM_Relabelings, KsPermutation)->Apply(Permutations)->Name("BM_RelabelingsKs");
BENCHMARK_TEMPLATE(BM_Relabelings, ChoiceDivergence)->Apply(Permutations)->Name("BM_RelabelingsChoice");
BENCHMARK_TEMPLATE(BM_Relabelings, HammingOne)->Apply(Permutations)->Name("BM_RelabelingsHamming");

// The argument is the number of threads; the result must be that of one thread to the last bit.
template <absl::StatusOr<TwoSampleResult> (*kTest)(const PermutationOptions&)>
void BM_Threads(benchmark::State& state) {
  const int threads = static_cast<int>(state.range(0));
  const auto one = kTest(Relabelings(10'000)), several = kTest(Relabelings(10'000, threads));
  if (!one.ok() || !several.ok() || one->p_value != several->p_value ||
      one->statistic != several->statistic) {
    state.SkipWithError("the number of threads changes the result");
    return;
  }
  Measure(state, [&](std::size_t) { return kTest(Relabelings(10'000, threads)); });
}
void Threads(benchmark::internal::Benchmark* bench) {
  bench->Unit(benchmark::kMillisecond)->Arg(1)->Arg(2)->UseRealTime();
}
BENCHMARK_TEMPLATE(BM_Threads, KsPermutation)->Apply(Threads)->Name("BM_ThreadsKs");
BENCHMARK_TEMPLATE(BM_Threads, ChoiceDivergence)->Apply(Threads)->Name("BM_ThreadsChoice");
BENCHMARK_TEMPLATE(BM_Threads, HammingOne)->Apply(Threads)->Name("BM_ThreadsHamming");

// --- Sequential --------------------------------------------------------------------------------------------

std::vector<std::int64_t> CellCounts(const std::vector<std::int64_t>& counts, std::size_t cell) {
  const auto begin = counts.begin() + static_cast<std::ptrdiff_t>(cell * kCategories);
  return {begin, begin + kCategories};
}

// Feeds every stream to a copy of `start`; "calls" counts the updates of an iteration. With `changed` the
// endpoint gives only the rarest answer, so that the wealth grows with every response.
template <typename Process>
void FeedStreams(benchmark::State& state, const absl::StatusOr<Process>& start, bool changed) {
  if (!start.ok()) {
    state.SkipWithError(std::string(start.status().message()).c_str());
    return;
  }
  const Inputs& in = Data();
  double log_wealth = 0, p_value = 1;
  for (auto _ : state) {
    for (std::size_t s = 0; s < kStreams; ++s) {
      Process process = *start;
      for (std::size_t t = 0; t < kStream; ++t) {
        const std::int64_t category = changed ? kCategories - 1 : in.stream_categories[s * kStream + t];
        if (!process.Update(static_cast<std::size_t>(in.stream_cells[t]), static_cast<std::size_t>(category))
                 .ok()) {
          state.SkipWithError("a response was refused");
          return;
        }
      }
      log_wealth = process.log_wealth();
      p_value = process.p_value();
      benchmark::DoNotOptimize(p_value);
    }
  }
  state.counters["statistic"] = log_wealth;
  state.counters["p_value"] = p_value;
  state.counters["calls"] = static_cast<double>(kStreams * kStream);
}

// `alternatives` stored models in every cell.
absl::StatusOr<ConformalEProcess> Conformal(std::size_t alternatives) {
  std::vector<ConformalCell> cells(kCells);
  for (std::size_t i = 0; i < kCells; ++i) {
    cells[i].reference_counts = CellCounts(Data().stream_reference, i);
    for (std::size_t j = 0; j < alternatives; ++j) {
      cells[i].alternative_counts.push_back(CellCounts(MakeCounts(20 + j), i));
    }
  }
  return ConformalEProcess::Create(cells);
}

void BM_EProcess(benchmark::State& state) { FeedStreams(state, Conformal(0), false); }
BENCHMARK(BM_EProcess)->Unit(benchmark::kMicrosecond);

void BM_EProcessChanged(benchmark::State& state) { FeedStreams(state, Conformal(0), true); }
BENCHMARK(BM_EProcessChanged)->Unit(benchmark::kMicrosecond);

void BM_EProcessAlternatives(benchmark::State& state) { FeedStreams(state, Conformal(5), false); }
BENCHMARK(BM_EProcessAlternatives)->Unit(benchmark::kMicrosecond);

// Five alternatives at the default fractions, read after complete rounds of cells.
void BM_EProcessLikelihoodRatio(benchmark::State& state) {
  std::vector<LikelihoodRatioCell> cells(kCells);
  for (std::size_t i = 0; i < kCells; ++i) {
    cells[i].build_counts = CellCounts(Data().stream_reference, i);
    cells[i].bound_counts = CellCounts(MakeCounts(19), i);
    for (std::size_t j = 0; j < 5; ++j) {
      cells[i].alternative_counts.push_back(CellCounts(MakeCounts(20 + j), i));
    }
  }
  const LikelihoodRatioOptions options = {.scope = BoundScope::kPooled, .round_length = kCells};
  FeedStreams(state, LikelihoodRatioEProcess::Create(cells, options), false);
}
BENCHMARK(BM_EProcessLikelihoodRatio)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace pinchbeck::stats

int main(int argc, char** argv) {
  constexpr std::string_view kOption = "--peer_inputs=";
  benchmark::Initialize(&argc, argv);
  int rest = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (!argument.starts_with(kOption)) {
      argv[rest++] = argv[i];
      continue;
    }
    const std::string folder(argument.substr(kOption.size()));
    if (!pinchbeck::bench::WriteInputs(folder)) {
      std::fprintf(stderr, "stats_peers_bench: %s: cannot write the inputs there\n", folder.c_str());
      return 1;
    }
  }
  if (benchmark::ReportUnrecognizedArguments(rest, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
