// Likelihoods of output lengths under both sides pooled and under stored alternatives.
//
// A length v of a cell (probe) has the probability
//
//   P(cut) where the answer was cut at max_tokens, else
//   (1 - P(cut)) (w_0 e(v) + sum_h w_h K_h(v) + w_s s(v) + w_b b(v)),
//
//   e    share of the cell's lengths that are exactly v: atoms such as the one length of a deterministic
//        answer,
//   K_h  the cell's lengths smoothed by a normal kernel of width h = 0.03, 0.1, 0.3 in log(1 + v),
//   s    a normal shape in log(1 + v) around what the cell's centre leads to expect,
//   b    a wide normal shape common to all cells,
//
// with densities in log(1 + v) turned into probabilities of whole numbers by 1 / (1 + v). The weights
// maximise the likelihood of each length predicted from the others of its cell (deleted interpolation,
// Jelinek & Mercer 1980, by expectation maximisation), so that a model with few distinct lengths keeps its
// atoms and one with scattered lengths its shape. P(cut) is the cell's share shrunk to that of all cells.
#ifndef PINCHBECK_SRC_SIGNAL_LENGTH_DENSITY_H_
#define PINCHBECK_SRC_SIGNAL_LENGTH_DENSITY_H_

#include <Eigen/Core>
#include <optional>
#include <vector>

#include "pinchbeck/signal/sample.h"
#include "src/signal/length_cells.h"

namespace pinchbeck::internal {

// Log-probabilities by cell and item of its pool.
using ItemLogs = std::vector<Eigen::VectorXd>;

// Each item predicted from all other items of its cell, whichever side they are on: the claimed model under
// the null hypothesis that both sides are it. Labels do not enter, so that a relabeling leaves it as it is.
//
// Time: the distinct lengths of a cell times at most 500; above 256 of them the kernels stand on bins of
// 0.01.
[[nodiscard]] ItemLogs PooledLengthLogs(const std::vector<LengthCell>& cells);

// Each item under an alternative's stored lengths. For cells that it has not answered, and beside its own
// lengths for others, s stands for the regression of its lengths on the cell's centre: both sides pooled
// where the cell is tested, the reference elsewhere. Nothing where it shares no cell with the reference.
[[nodiscard]] std::optional<ItemLogs> AlternativeLengthLogs(const SampleSet& reference,
                                                            const SampleSet& alternative,
                                                            const std::vector<LengthCell>& cells);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_LENGTH_DENSITY_H_
