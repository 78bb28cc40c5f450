// Several statistics under the same relabelings combined into one by their own p-values.
#ifndef PINCHBECK_STATS_NONPARAMETRIC_COMBINATION_H_
#define PINCHBECK_STATS_NONPARAMETRIC_COMBINATION_H_

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

namespace pinchbeck::stats {

namespace internal {

// -log of the share of columns that reach each column, ties and rounding (1e-9 of the scale) counted as
// reaching.
inline Eigen::RowVectorXd NegativeLogRanks(const Eigen::Ref<const Eigen::RowVectorXd>& row) {
  std::vector<Eigen::Index> order(static_cast<std::size_t>(row.size()));
  std::iota(order.begin(), order.end(), Eigen::Index{0});
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return row(a) > row(b); });
  const double slack = 1e-9 * row.cwiseAbs().maxCoeff();
  Eigen::RowVectorXd result(row.size());
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && row(order[end]) >= row(order[end - 1]) - slack) ++end;
    const double value = -std::log(static_cast<double>(end) / static_cast<double>(order.size()));
    for (; begin < end; ++begin) result(order[begin]) = value;
  }
  return result;
}

}  // namespace internal

// What is summed of the statistics' own p-values lambda.
enum class CombiningFunction {
  // (log lambda)^2: lies between Fisher's sum and the smallest p-value.
  kSquaredLogs,
  // -log lambda, Fisher's sum: for statistics that are expected to move together.
  kFisher,
};

// One statistic out of several, a column a relabeling (column 0 observed):
//
//   lambda_c(b) = #{b' : T_c(b') >= T_c(b)} / (1 + B),   result(b) = sum_c (log lambda_c(b))^2,
//
// or sum_c -log lambda_c(b) with kFisher.
//
// H0 and calibration are those of the permutation test that made the rows: all of them saw the same
// relabelings, and the result treats all columns alike, so PermutationPValue() of it is valid whatever the
// dependence between the statistics. It needs no common scale of them, unlike the maximum of studentised
// rows. Fisher's sum favours many small effects, the smallest p-value one large effect. A row that does not
// vary adds nothing. Large values of every row speak against H0; rows are finite.
//
// Time O(C B log B). Checked: tests/stats/nonparametric_combination_test.cc (definition, level).
// Reference: Pesarin & Salmaso 2010, doi:10.1002/9780470689516, chapter 4.
[[nodiscard]] inline Eigen::RowVectorXd NonparametricCombination(
    const Eigen::Ref<const Eigen::MatrixXd>& rows,
    CombiningFunction function = CombiningFunction::kSquaredLogs) {
  Eigen::RowVectorXd result = Eigen::RowVectorXd::Zero(rows.cols());
  for (Eigen::Index c = 0; c < rows.rows(); ++c) {
    const Eigen::RowVectorXd row = rows.row(c);
    const Eigen::RowVectorXd logs = internal::NegativeLogRanks(row);
    result += function == CombiningFunction::kFisher ? logs : Eigen::RowVectorXd(logs.cwiseAbs2());
  }
  return result;
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_NONPARAMETRIC_COMBINATION_H_
