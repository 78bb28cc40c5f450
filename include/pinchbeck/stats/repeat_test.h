// Are equal answers more frequent in the observed sample than in the reference?
#ifndef PINCHBECK_STATS_REPEAT_TEST_H_
#define PINCHBECK_STATS_REPEAT_TEST_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/contingency.h"
#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/hypergeometric.h"
#include "pinchbeck/stats/two_sample.h"

namespace pinchbeck::stats {

struct RepeatTestOptions {
  std::int64_t permutations = 9999;
  std::uint64_t seed = 1;
};

namespace internal {

// Share of the pairs of answers that are equal.
inline double PairShare(std::span<const std::int64_t> counts, std::int64_t total) {
  double equal = 0;
  for (const std::int64_t count : counts) {
    equal += 0.5 * static_cast<double>(count) * static_cast<double>(count - 1);
  }
  return equal / (0.5 * static_cast<double>(total) * static_cast<double>(total - 1));
}

// Draws tables of one cell with its margins.
struct RepeatCell {
  std::vector<std::int64_t> pooled;
  std::int64_t n_reference = 0, n_observed = 0;
  MultivariateHypergeometric draws;
};

[[nodiscard]] inline absl::StatusOr<RepeatCell> MakeRepeatCell(const CountSample& cell, std::size_t index) {
  const std::string name = "cells[" + std::to_string(index) + "]";
  if (cell.reference.size() != cell.observed.size()) {
    return absl::InvalidArgumentError(name + ": sides of different length");
  }
  std::vector<std::int64_t> pooled;
  std::int64_t m = 0, n = 0;
  for (std::size_t k = 0; k < cell.reference.size(); ++k) {
    if (cell.reference[k] < 0 || cell.observed[k] < 0) {
      return absl::InvalidArgumentError(name + ": a count is negative");
    }
    m += cell.reference[k];
    n += cell.observed[k];
    pooled.push_back(cell.reference[k] + cell.observed[k]);
  }
  if (m < 2 || n < 2) {
    return absl::InvalidArgumentError(name + ": " + std::to_string(m) + " reference and " +
                                      std::to_string(n) +
                                      " observed answers; repeats need at least two on each side");
  }
  PINCHBECK_ASSIGN_OR_RETURN(MultivariateHypergeometric draws, MultivariateHypergeometric::Make(pooled, n));
  return RepeatCell{std::move(pooled), m, n, std::move(draws)};
}

}  // namespace internal

// Permutation test of repeated answers.
//
//   T = mean over cells of (share of equal pairs, observed) - (share of equal pairs, reference)
//
// H0: in every cell both samples come from one distribution over the answers; answers are independent. Only
// more repeats in the observed sample count. Answers are relabeled within cells, p = (1 + #{T* >= T}) /
// (1 + B), which holds for every sample size and every number of ties. `effect` is T, from -1 to 1.
//
// A cell whose answers are all different, or all equal, on both sides adds nothing and takes part in the
// mean.
//
// InvalidArgument: no cell; sides of different length; a negative count; fewer than two answers on a side;
// fewer than one permutation. Cost: O(B x categories).
[[nodiscard]] inline absl::StatusOr<TwoSampleResult> RepeatTest(std::span<const CountSample> cells,
                                                                const RepeatTestOptions& options = {}) {
  if (cells.empty()) return absl::InvalidArgumentError("cells: the list is empty; give at least one");
  if (options.permutations < 1) {
    return absl::InvalidArgumentError("permutations is " + std::to_string(options.permutations) +
                                      "; give at least 1");
  }
  std::vector<internal::RepeatCell> prepared;
  TwoSampleResult result;
  const auto weight = 1 / static_cast<double>(cells.size());
  for (std::size_t c = 0; c < cells.size(); ++c) {
    PINCHBECK_ASSIGN_OR_RETURN(internal::RepeatCell cell, internal::MakeRepeatCell(cells[c], c));
    result.n_reference += cell.n_reference;
    result.n_observed += cell.n_observed;
    result.statistic += weight * (internal::PairShare(cells[c].observed, cell.n_observed) -
                                  internal::PairShare(cells[c].reference, cell.n_reference));
    prepared.push_back(std::move(cell));
  }
  std::int64_t reached = 0;
  std::vector<std::uint32_t> scratch, drawn;
  std::vector<std::int64_t> observed, reference;
  for (std::int64_t b = 0; b < options.permutations; ++b) {
    double statistic = 0;
    for (std::size_t c = 0; c < prepared.size(); ++c) {
      const internal::RepeatCell& cell = prepared[c];
      drawn.resize(cell.pooled.size());
      cell.draws.Draw(MixSeed(options.seed, c), static_cast<std::uint64_t>(b), 1, scratch, drawn);
      observed.assign(drawn.begin(), drawn.end());
      reference = cell.pooled;
      for (std::size_t k = 0; k < reference.size(); ++k) reference[k] -= observed[k];
      statistic += weight * (internal::PairShare(observed, cell.n_observed) -
                             internal::PairShare(reference, cell.n_reference));
    }
    // Slack for rounding can only raise the p-value.
    if (statistic >= result.statistic - 1e-12) ++reached;
  }
  result.p_value = static_cast<double>(1 + reached) / static_cast<double>(1 + options.permutations);
  result.effect = result.statistic;
  result.calibration = Calibration::kPermutation;
  result.method = "difference of the shares of equal pairs, relabeled within cells";
  return result;
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_REPEAT_TEST_H_
