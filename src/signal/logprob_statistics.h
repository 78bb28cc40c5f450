// Statistics of reported log-probabilities under relabelings, and how they become one.
#ifndef PINCHBECK_SRC_SIGNAL_LOGPROB_STATISTICS_H_
#define PINCHBECK_SRC_SIGNAL_LOGPROB_STATISTICS_H_

#include <Eigen/Core>
#include <cstddef>
#include <optional>
#include <vector>

#include "pinchbeck/signal/sample.h"
#include "pinchbeck/stats/gram_product.h"
#include "pinchbeck/stats/relabeling.h"
#include "src/signal/logprob_cells.h"

namespace pinchbeck::internal {

// Width of the shortest interval that holds half of the values (at least two), divided by 1.349: the standard
// deviation of normal values, and of the larger group alone where the values fall into two. 0 with fewer than
// two values, and where half of them agree. Reference: Rousseeuw & Leroy 1988,
// doi:10.1111/j.1467-9574.1988.tb01224.x.
[[nodiscard]] double ShortestHalfScale(std::vector<double> values);

// Sums over cells, a row each (X, Y: values of the reference's and the observed items under a relabeling):
//
//   0  mean over cells of the mean over columns of |mean Y - mean X|, in nats;
//   1  the same with every column divided by its noise sqrt(s_k^2 + (median_k s_k / 10)^2 + e^2), s_k
//      the ShortestHalfScale() of the pooled values, e = 1e-4 nats: columns that never vary count as
//      rounding;
//   2  energy distance of the listed tokens' vectors, 2 E|X - Y| - E|X - X'| - E|Y - Y'| (pairs of different
//      items), in units of the pooled items' mean distance;
//   3+ for every stored alternative the linear part of a Gaussian log-likelihood ratio,
//      sum over cells of mn / (m + n) (mean of S over Y - mean of S over X),
//      S(v) = mean over columns of (a_k - c_k) (v_k - c_k) / (noise_k^2 + h^2),
//      a the alternative's mean, c the pooled items' mean, h = 0.3 nats, what honest servings of one model
//      differ by: the shrinkage, so that differences below it weigh by their size and not by their precision.
//
// Everything but the labels is the same in every relabeling, so permutation p-values of any function of the
// rows are exact. Columns that only one side has under a relabeling are left out of it. Without distances
// that relabelings change (no lists, a single pair, more than 512 items, all items equal) a cell adds nothing
// to row 2.
class LogprobStatistics {
 public:
  static constexpr Eigen::Index kOmnibusRows = 3;

  // The cells may go, the alternatives too.
  LogprobStatistics(const std::vector<LogprobCell>& cells, const std::vector<const SampleSet*>& alternatives);

  [[nodiscard]] Eigen::Index rows() const { return kOmnibusRows + alternatives_; }
  // Alternatives that have a value in some cell.
  [[nodiscard]] std::size_t alternatives() const { return with_data_; }
  void Accumulate(std::size_t cell, const stats::LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) const;

  // One row out of the table of all rows: the omnibus rows' nonparametric combination and, where there are
  // alternatives, that with their studentised maximum.
  [[nodiscard]] Eigen::RowVectorXd Combine(const Eigen::MatrixXd& values) const;
  // The alternative with the largest studentised ratio, if its own permutation p-value is at most `level`
  // divided by their number.
  [[nodiscard]] std::optional<std::size_t> Closest(const Eigen::MatrixXd& values, double level) const;

 private:
  // Values without an offset per column, so that equal ones differ by exactly 0.
  struct Cell {
    stats::Stratum stratum;
    Eigen::MatrixXd listed, partial, known;
    Eigen::RowVectorXd listed_precision, partial_precision;
    Eigen::VectorXd partial_sum, partial_count;
    std::optional<stats::RelabelingGram> distances;
    Eigen::MatrixXd scores;
    double score_weight = 0;
  };
  void AddDifferences(const Cell& cell, const stats::LabelMatrix& labels,
                      Eigen::Ref<Eigen::MatrixXd> out) const;
  void AddScores(const LogprobCell& source, const std::vector<const SampleSet*>& alternatives, Cell& cell);

  Eigen::Index alternatives_ = 0;
  std::size_t with_data_ = 0;
  std::vector<bool> has_data_;
  std::vector<Cell> cells_;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_LOGPROB_STATISTICS_H_
