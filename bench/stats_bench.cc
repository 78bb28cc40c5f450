// How many relabelings a second the statistics evaluate; one stratum each, one thread.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "pinchbeck/stats/count_statistics.h"
#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/kernel_statistics.h"
#include "pinchbeck/stats/permutation.h"
#include "pinchbeck/stats/rank_statistics.h"

namespace pinchbeck::stats {
namespace {

void Relabel(benchmark::State& state, const Stratum& stratum, const Accumulate& accumulate, int components) {
  const std::vector<Stratum> strata = {stratum};
  const PermutationOptions options;
  for (auto _ : state) {
    auto table = EvaluateRelabelings(strata, components, accumulate, options);
    if (!table.ok()) {
      state.SkipWithError("the relabelings could not be evaluated");
      break;
    }
    benchmark::DoNotOptimize(table->values.data());
  }
  // Items are relabelings.
  state.SetItemsProcessed(state.iterations() * options.permutations);
}

// A free-choice cell: 200 + 200 answers in 50 categories.
void BM_RelabelCountCell(benchmark::State& state) {
  CounterRng rng(1, 0);
  std::vector<std::int64_t> x(50, 0), y(50, 0);
  for (int i = 0; i < 200; ++i) {
    ++x[rng.Below(50)];
    ++y[rng.Below(50)];
  }
  CountCell cell(x, y);
  cell.AddJensenShannon(1.0);
  Relabel(
      state, cell.stratum(),
      [&](std::size_t, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
        cell.Accumulate(labels, out);
      },
      1);
}
BENCHMARK(BM_RelabelCountCell)->Unit(benchmark::kMillisecond);

// Output lengths: 40 + 40 values, rank sum and Anderson-Darling.
void BM_RelabelRankStratum(benchmark::State& state) {
  CounterRng rng(2, 0);
  std::vector<double> values(80);
  for (double& value : values) value = rng.Below(200);
  const RankedStratum ranked(values);
  Relabel(
      state, {40, 40},
      [&](std::size_t, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
        Eigen::RowVectorXd sum = Eigen::RowVectorXd::Zero(out.cols()), anderson = sum;
        ranked.AccumulateRankSum(labels, sum);
        ranked.AccumulateAndersonDarling(labels, anderson);
        out.row(0) += sum;
        out.row(1) += anderson;
      },
      2);
}
BENCHMARK(BM_RelabelRankStratum)->Unit(benchmark::kMillisecond);

// Texts: an 80 x 80 Gram matrix of 40 + 40 answers.
void BM_RelabelGram(benchmark::State& state) {
  CounterRng rng(3, 0);
  Eigen::MatrixXd f(80, 8);
  for (Eigen::Index i = 0; i < f.size(); ++i) f(i) = rng.Uniform();
  const Eigen::MatrixXd gram = f * f.transpose();
  const Stratum stratum{40, 40};
  Relabel(
      state, stratum,
      [&](std::size_t, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
        Eigen::RowVectorXd row = Eigen::RowVectorXd::Zero(out.cols());
        AccumulateMmd(gram, stratum, 1.0, labels, row);
        out.row(0) += row;
      },
      1);
}
BENCHMARK(BM_RelabelGram)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pinchbeck::stats
