// The reported log-probabilities of one probe on both sides, item by item.
#ifndef PINCHBECK_SRC_SIGNAL_LOGPROB_CELLS_H_
#define PINCHBECK_SRC_SIGNAL_LOGPROB_CELLS_H_

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "pinchbeck/signal/sample.h"
#include "pinchbeck/stats/relabeling.h"

namespace pinchbeck::internal {

// Items (answers) in rows, the reference's first. Which columns there are follows from the pooled items
// alone, whichever side they are on, so relabelings do not change them.
struct LogprobCell {
  std::string probe;
  stats::Stratum stratum;
  // Tokens of the first position's lists, at most 64, the most likely of the pooled items. The same number of
  // entries is used of every item, and a token that an item does not list counts with the smallest of them.
  std::vector<std::string> tokens;
  Eigen::MatrixXd listed;
  // Entries used of every list, and of the reference's shortest list.
  std::size_t depth = 0, reference_depth = 0;
  // Answers of either side that have log-probabilities but not of the kind compared.
  std::int64_t reference_left_out = 0, observed_left_out = 0;
  // Columns whose value not every item has, in nats, 0 where unknown; `known` is 1 or 0. Either positions of
  // the common path from `first_position` on, or sampled tokens (`sampled_tokens`).
  Eigen::MatrixXd partial, known;
  // Greedy answers: the tokens that most of the pooled answers begin with. An answer has values up to its
  // first divergence; there its own token's value bounds the value of the common one and stands for it.
  std::vector<std::string> path;
  std::size_t first_position = 0;
  // Answers that report the sampled token only, at most 64 different ones, the most frequent of the pool.
  std::vector<std::string> sampled_tokens;
  // Session of each item; meaningful for the reference's.
  std::vector<std::uint32_t> sessions;

  [[nodiscard]] Eigen::Index columns() const { return listed.cols() + partial.cols(); }
};

// One cell a probe that both sides have. Lists of alternatives and greedy paths measure the same columns
// every time; sampled tokens alone are far noisier, so they are used only where the former are fewer than
// eight.
[[nodiscard]] std::vector<LogprobCell> BuildLogprobCells(const SampleSet& reference,
                                                         const SampleSet& observed);

// Mean of another model's values in the columns of a cell: what it lists, takes or samples there, with the
// same rules; of its lists no more entries count than of the cell's. `count` is 0 where the model has no
// value.
struct ColumnMeans {
  Eigen::RowVectorXd sum, count;
  [[nodiscard]] double mean(Eigen::Index column) const { return sum(column) / count(column); }
};
struct CellMeans {
  ColumnMeans listed, partial;
};
[[nodiscard]] CellMeans MeansInCell(const LogprobCell& cell, const ProbeSample& model);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_LOGPROB_CELLS_H_
