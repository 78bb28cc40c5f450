// All statistics under all relabelings in one table, for callers that need more than p-values.
#ifndef PINCHBECK_STATS_PERMUTATION_TABLE_H_
#define PINCHBECK_STATS_PERMUTATION_TABLE_H_

#include <Eigen/Core>
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/internal/parallel_for.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/relabeling.h"

namespace pinchbeck::stats {

// Adds one stratum's part of every component statistic under a batch of relabelings:
// out(c, b) += component c of relabeling b. Called from several threads at once; must not keep state.
using Accumulate =
    std::function<void(std::size_t stratum, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out)>;

// Components under relabelings: one row per component. Column 0 is the observed labeling.
struct PermutationTable {
  Eigen::MatrixXd values;
  bool exact = false;
  [[nodiscard]] std::int64_t relabelings() const { return values.cols() - 1; }
};

namespace internal {

// Adds all strata's parts of the statistics of columns first .. first + out.cols() - 1 to `out`, which is
// zero. Called from several threads at once.
using EvaluateColumns = std::function<void(std::int64_t first, Eigen::Ref<Eigen::MatrixXd> out)>;

inline EvaluateColumns FromLabels(const RelabelingPlan& plan, const Accumulate& accumulate) {
  return [&plan, &accumulate](std::int64_t first, Eigen::Ref<Eigen::MatrixXd> out) {
    LabelMatrix labels;
    for (std::size_t s = 0; s < plan.strata().size(); ++s) {
      labels.resize(plan.strata()[s].size(), out.cols());
      plan.FillLabels(s, first, labels);
      accumulate(s, labels, out);
    }
  };
}

inline absl::Status NotFiniteError() {
  return absl::InvalidArgumentError("permutation test: a statistic is not finite; check the samples for NaN");
}

inline absl::Status CheckComponents(std::int64_t components) {
  if (components >= 1) return absl::OkStatus();
  return absl::InvalidArgumentError("permutation test: components is " + std::to_string(components) +
                                    "; there must be a statistic");
}

inline absl::StatusOr<PermutationTable> FillTable(const RelabelingPlan& plan, std::int64_t components,
                                                  const EvaluateColumns& evaluate, int threads) {
  PINCHBECK_RETURN_IF_ERROR(CheckComponents(components));
  constexpr std::int64_t kMaxTableValues = std::int64_t{1} << 31;
  if (plan.columns() > kMaxTableValues / components) {
    return absl::InvalidArgumentError(
        "permutation test: a table of " + std::to_string(components) + " statistics under " +
        std::to_string(plan.columns()) +
        " labelings does not fit; ask for fewer permutations or use PermutationTest()");
  }
  PermutationTable table;
  table.exact = plan.exact();
  table.values = Eigen::MatrixXd::Zero(components, plan.columns());
  std::atomic<bool> finite{true};
  const std::int64_t batches = (plan.columns() + plan.batch() - 1) / plan.batch();
  pinchbeck::internal::ParallelFor(batches, threads, [&](std::int64_t i) {
    const std::int64_t first = i * plan.batch();
    auto values = table.values.middleCols(first, std::min(plan.batch(), plan.columns() - first));
    evaluate(first, values);
    if (!values.allFinite()) finite = false;
  });
  if (!finite) return NotFiniteError();
  return table;
}

}  // namespace internal

// Evaluates component statistics under the observed labeling and under relabelings of all strata.
//
// Time: O(B * (N + cost of accumulate)); memory: components x (B + 1) doubles. PermutationTest() needs no
// table.
// InvalidArgument: no stratum, a stratum with an empty side or more than 2^27 items on one, B < 1, a table of
// more than 2^31 values, or a statistic that is not finite.
[[nodiscard]] inline absl::StatusOr<PermutationTable> EvaluateRelabelings(
    std::span<const Stratum> strata, int components, const Accumulate& accumulate,
    const PermutationOptions& options = {}) {
  PINCHBECK_ASSIGN_OR_RETURN(const RelabelingPlan plan, RelabelingPlan::Make(strata, options));
  return internal::FillTable(plan, components, internal::FromLabels(plan, accumulate), options.threads);
}

// p-value of a statistic given as a row: column 0 observed, the rest relabelings. Large values speak against
// the null. Rounding must not break ties, so T* counts as reaching T from 1e-9 times the row's scale below
// it. What is not finite counts as reaching T, and every T* reaches one that is not: it is no evidence.
[[nodiscard]] inline double PermutationPValue(const Eigen::Ref<const Eigen::RowVectorXd>& row) {
  const double threshold = row(0) - 1e-9 * row.cwiseAbs().maxCoeff();
  const auto below = (row.array() < threshold && row.array().isFinite()).count();
  return static_cast<double>(row.size() - below) / static_cast<double>(row.size());
}

// The row with mean and standard deviation over all columns, the observed one included (leaving it out
// exceeds the level at small B); zeros when the row is constant.
[[nodiscard]] inline Eigen::RowVectorXd Studentise(const Eigen::Ref<const Eigen::RowVectorXd>& row) {
  const double mean = row.mean();
  const Eigen::RowVectorXd centred = row.array() - mean;
  const double deviation = std::sqrt(centred.squaredNorm() / static_cast<double>(row.size()));
  // Differences that are only rounding must not be blown up to unit variance.
  if (deviation <= 1e-12 * (std::abs(mean) + row.cwiseAbs().maxCoeff())) {
    return Eigen::RowVectorXd::Zero(row.size());
  }
  return centred / deviation;
}

// Column-wise maximum of the studentised rows: one statistic that keeps the power of the best row, calibrated
// exactly because all rows saw the same relabelings.
[[nodiscard]] inline Eigen::RowVectorXd StudentisedMaximum(const Eigen::Ref<const Eigen::MatrixXd>& rows) {
  Eigen::RowVectorXd result = Studentise(rows.row(0));
  for (Eigen::Index i = 1; i < rows.rows(); ++i) result = result.cwiseMax(Studentise(rows.row(i)));
  return result;
}

// Smallest relabeled value at which the permutation test rejects at `level`, or infinity where it cannot:
// with few relabelings or heavy ties no value is reached rarely enough. Infinity too where a value is not
// finite.
[[nodiscard]] inline double RejectionThreshold(const Eigen::Ref<const Eigen::RowVectorXd>& row,
                                               double level) {
  // Values that are not finite have no order, and the search for runs would not end.
  if (!row.allFinite()) return std::numeric_limits<double>::infinity();
  std::vector<double> sorted(row.data(), row.data() + row.size());
  std::sort(sorted.begin(), sorted.end());
  const double n = static_cast<double>(sorted.size());
  // From the top: the run of equal values that still fits into level * n.
  double threshold = std::numeric_limits<double>::infinity();
  for (std::size_t end = sorted.size(); end > 0;) {
    const double slack = 1e-9 * std::abs(sorted[end - 1]);
    std::size_t begin = end;
    while (begin > 0 && sorted[begin - 1] >= sorted[end - 1] - slack) --begin;
    if (static_cast<double>(sorted.size() - begin) > level * n) break;
    threshold = sorted[begin];
    end = begin;
  }
  return threshold;
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_PERMUTATION_TABLE_H_
