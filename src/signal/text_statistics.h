// Statistics of texts under shared relabelings.
#ifndef PINCHBECK_SRC_SIGNAL_TEXT_STATISTICS_H_
#define PINCHBECK_SRC_SIGNAL_TEXT_STATISTICS_H_

#include <Eigen/Core>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "pinchbeck/signal/evidence.h"
#include "src/signal/text_cells.h"

namespace pinchbeck::internal {

// One row a statistic, one column a relabeling (column 0 observed). Large values speak against H0: within
// each cell the texts are exchangeable.
struct TextStatistics {
  // Kernel discrepancies within and over probes, of 3-grams and of the answers' beginnings (characters, and
  // token ids where both sides have them).
  Eigen::MatrixXd wording, beginnings;
  // Sum and maximum of the squared style differences, and that of the length.
  Eigen::MatrixXd style;
  // MMD^2 of the 3-gram kernel within probes, and over probes, where there are any such statistics.
  std::optional<Eigen::RowVectorXd> within_trigrams, across_trigrams;
  // MMD^2 of the 3-grams under the observed labeling in each cell with two answers or more on both sides, and
  // the cells' weights.
  std::vector<double> cell_effects, cell_weights;
  // Scores of the discriminants: one row an alternative.
  Eigen::MatrixXd discriminants;
  bool exact = false;
};

// `scores`: by alternative, one matrix for all cells' items in turn (a column an alternative); no column
// where there is no discriminant.
//
//   within probes:  sum over cells w_p MMD^2_p,   cells with more than two texts;
//   over probes:    sum over p != q <d_p, d_q> / ((sum h_p)^2 - sum h_p^2),   d_p = h_p (mean f(y_p) - mean
//                   f(x_p)), h_p = mn / (m + n): differences that point the same way in many probes. With one
//                   answer on each side this is the test for pairs (stats/mmd.h); for 3-grams also with
//                   BalancedTrigramGram();
//   style:          mean differences of aligned ranks (each feature minus its cell's mean, ranked over all
//                   texts), studentised; the sum and the maximum of their squares, and length alone.
[[nodiscard]] absl::StatusOr<TextStatistics> EvaluateTextStatistics(const std::vector<TextCell>& cells,
                                                                    const Eigen::MatrixXd& scores,
                                                                    const SignalOptions& options);

// The statistic of the text signal, a column a relabeling.
//
// Statistics of one family see much the same, the families different things: each family first becomes one
// statistic, then the three are added, so that a family does not gain weight by having more members. Beside
// them, where there are any, stands the best of the discriminants.
[[nodiscard]] Eigen::RowVectorXd CombineTextStatistics(const TextStatistics& statistics);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_TEXT_STATISTICS_H_
