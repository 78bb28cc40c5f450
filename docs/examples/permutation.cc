// The example of docs/methods/permutation.md.
#include "pinchbeck/stats/permutation.h"

#include <cmath>
#include <cstdio>
#include <vector>

#include "pinchbeck/stats/count_statistics.h"

int main() {
  using pinchbeck::stats::Accumulate;
  using pinchbeck::stats::CountCell;
  using pinchbeck::stats::CountPermutationTest;
  using pinchbeck::stats::Finish;
  using pinchbeck::stats::LabelMatrix;
  using pinchbeck::stats::PermutationTest;
  using pinchbeck::stats::PermutationTestResult;
  using pinchbeck::stats::Stratum;
  // [page
  // Two reference values 1, 2 and two observed ones 3, 4 in each probe; the rank sum's distance from its
  // mean.
  const Accumulate rank_sum = [](std::size_t, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
    const Eigen::RowVector4d ranks(1, 2, 3, 4);
    out.row(0) += ((ranks * labels.cast<double>()).array() - 5).matrix();
  };
  const Finish two_sided = [](const auto& sums, auto values) { values = sums.cwiseAbs(); };
  for (const std::size_t probes : {1, 3, 20}) {
    const std::vector<Stratum> strata(probes, {2, 2});
    const PermutationTestResult result =
        PermutationTest(strata, 1, rank_sum, 1, two_sided, {.permutations = 99999}).value();
    std::printf("probes %zu: p = %.6f, %s\n", probes, result.p_values[0], result.exact ? "exact" : "drawn");
  }

  // Counts are drawn as counts; the test stops when 20 relabelings have reached the observed divergence.
  CountCell cell(std::vector<std::int64_t>{30, 12, 8}, std::vector<std::int64_t>{27, 11, 12});
  cell.AddJensenShannon(1);
  const PermutationTestResult counts =
      CountPermutationTest({&cell, 1}, {.permutations = 99999, .stop_after = 20}).value();
  std::printf("counts: p = %.3f after %lld relabelings\n", counts.p_values[0],
              static_cast<long long>(counts.relabelings_used));

  // Fails: one answer on each side of five probes allows 32 labelings, so p is 1/32 or more.
  const Accumulate difference = [](std::size_t, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
    out.row(0) += labels.row(1).cast<double>();
  };
  const std::vector<Stratum> pairs(5, {1, 1});
  std::printf("five pairs: p = %.5f\n", PermutationTest(pairs, 1, difference)->p_values[0]);
  // page]
  return 0;
}
