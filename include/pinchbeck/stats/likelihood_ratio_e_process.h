// Sequential test against "within a declared tolerance of the reference", aimed at stored alternatives.
#ifndef PINCHBECK_STATS_LIKELIHOOD_RATIO_E_PROCESS_H_
#define PINCHBECK_STATS_LIKELIHOOD_RATIO_E_PROCESS_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/e_process.h"
#include "pinchbeck/stats/likelihood_ratio_tables.h"

namespace pinchbeck::stats {

// Everything that a restart needs besides cells and options. Plain data.
struct LikelihoodRatioState {
  std::int64_t version = 1;
  // Identifies cells and options.
  std::uint64_t design = 0;
  std::int64_t observations = 0;
  double max_log_wealth = 0;
  // By alternative, then fraction.
  std::vector<double> log_wealth;
};

// Drift-tolerant capped likelihood-ratio e-process.
//
//   W_t = average over (j, q) of prod_{s<=t} f_jq(y_s) / b_jq
//   b_jq >= E_P f_jq + delta (max f_jq - min f_jq),   delta = tolerance
//
// with f_jq a capped ratio of (1-q) P + q P_j to P, for every alternative j and fraction q; caps and stake
// are chosen on the build part for the largest growth after all charges, and a bet that would not grow is not
// made. P is known from a sample only, so E_P f_jq is replaced by an upper confidence bound from the bound
// part, at level alpha_reference divided by the number of bounds in use.
//
// H0: in every cell each response, given the past, comes from a distribution within total variation
// `tolerance` of P, possibly another one each time. Then P(ever W_t >= 1/alpha) <= alpha + alpha_reference
// over the draws of reference and observed together: FalseAlarmBound(), and p_value() includes
// alpha_reference. The stored alternatives may be any fixed tables; poor ones cost power only. Alternatives
// that share a reference and responses are dependent; averaging their wealths allows that.
//
// Growth: wealth grows exponentially, and power tends to 1 with the number of responses, wherever
// E_Q log(f/b) > 0 for some (j, q): ExpectedGrowth(). The tolerance is a fixed charge in the rate, so a
// longer audit is a stronger one as long as the rate stays positive. A mixture with q TV(P, P_j) <= tolerance
// is inside the null and must not be found: LargestToleratedShare() reports that q.
//
// Cost: creation O(cells x alternatives x fractions x categories), one update O(alternatives x fractions)
// additions; state O(alternatives x fractions), tables O(cells x categories x alternatives x fractions).
// Accuracy: log wealth within 1e-9 of an independent Python implementation (tests/golden/sequential.json);
// crossing rates and power: tests/stats/calibration/.
// Reference: Huber 1965, doi:10.1214/aoms/1177699803; Ramdas, Grunwald, Vovk & Shafer 2023,
// doi:10.1214/23-STS894.
class LikelihoodRatioEProcess {
 public:
  // InvalidArgument: no cell, no alternative, an empty or negative table, tables with different categories;
  // tolerance outside [0,1), alpha_reference outside (0,1), fractions outside (0,1] or none, cap not above 1,
  // cell_weights that are not one positive number per cell, round_length below 1.
  [[nodiscard]] static absl::StatusOr<LikelihoodRatioEProcess> Create(
      std::span<const LikelihoodRatioCell> cells, const LikelihoodRatioOptions& options = {}) {
    PINCHBECK_ASSIGN_OR_RETURN(internal::LikelihoodRatioTables tables,
                               internal::LikelihoodRatioTables::Create(cells, options));
    return LikelihoodRatioEProcess(std::move(tables));
  }

  // The next response.
  //
  // InvalidArgument: unknown cell or category; nothing changes then.
  [[nodiscard]] absl::Status Update(std::size_t cell, std::size_t category) {
    if (cell >= tables_.cells()) {
      return absl::InvalidArgumentError("cell " + std::to_string(cell) + " is unknown; there are " +
                                        std::to_string(tables_.cells()));
    }
    if (category >= tables_.categories(cell)) {
      return absl::InvalidArgumentError("category " + std::to_string(category) + ": cell " +
                                        std::to_string(cell) + " has " +
                                        std::to_string(tables_.categories(cell)) +
                                        " categories; count unknown answers in a category of their own");
    }
    last_row_ = tables_.Row(cell, category);
    const std::span<const double> step = tables_.LogEValues(last_row_);
    double top = -std::numeric_limits<double>::infinity();
    for (std::size_t c = 0; c < log_wealth_.size(); ++c) {
      log_wealth_[c] += step[c];
      top = std::max(top, log_wealth_[c]);
    }
    ++observations_;
    // The average is at most the largest component, so it is computed only when it may be a new maximum.
    if (top > max_log_wealth_ && observations_ % tables_.options().round_length == 0) {
      max_log_wealth_ = std::max(max_log_wealth_, log_wealth());
    }
    return absl::OkStatus();
  }

  // Natural logarithm of the present wealth.
  [[nodiscard]] double log_wealth() const {
    const double top = *std::max_element(log_wealth_.begin(), log_wealth_.end());
    double sum = 0;
    for (const double value : log_wealth_) sum += std::exp(value - top);
    return top + std::log(sum / static_cast<double>(log_wealth_.size()));
  }
  [[nodiscard]] double max_log_wealth() const { return max_log_wealth_; }
  [[nodiscard]] std::int64_t observations() const { return observations_; }

  // min(1, 1 / largest wealth + alpha_reference): P(ever p <= level) <= level under H0, the reference's draw
  // included. Never below alpha_reference.
  [[nodiscard]] double p_value() const {
    return std::min(1.0, AnytimePValue(max_log_wealth_) + tables_.options().alpha_reference);
  }
  // The chance of a false alarm of the rule "largest wealth >= 1/alpha" over the whole run.
  // InvalidArgument: alpha outside (0,1).
  [[nodiscard]] absl::StatusOr<double> FalseAlarmBound(double alpha) const {
    PINCHBECK_RETURN_IF_ERROR(internal::CheckOpenUnit(alpha, "alpha"));
    return std::min(1.0, alpha + tables_.options().alpha_reference);
  }

  // Equal weights, and the e-values of the last response alone (all 1 before the first): what a change
  // detector takes (change_detection.h). With complete rounds instead of random cells, multiply the e-values
  // of a round before passing them on.
  [[nodiscard]] std::vector<double> ComponentWeights() const {
    return std::vector<double>(log_wealth_.size(), 1 / static_cast<double>(log_wealth_.size()));
  }
  [[nodiscard]] std::span<const double> StepEValues() const { return tables_.EValues(last_row_); }

  // Expected growth of the log wealth per response when a share of the alternative is served, of the best
  // bet: max over (j, q) of sum_cells weight * E_Q log(f/b), in nats. P and P_j are the build part's and the
  // alternative's smoothed frequencies, so the figure is an estimate. Cells without data of the alternative
  // are taken as served honestly.
  //
  // InvalidArgument: unknown alternative, share outside [0,1].
  [[nodiscard]] absl::StatusOr<double> ExpectedGrowth(std::size_t alternative, double share) const {
    if (alternative >= tables_.alternatives()) {
      return absl::InvalidArgumentError("alternative " + std::to_string(alternative) +
                                        " is unknown; there are " + std::to_string(tables_.alternatives()));
    }
    if (!(share >= 0 && share <= 1)) {
      return absl::InvalidArgumentError("share is " + std::to_string(share) + "; give a number from 0 to 1");
    }
    const std::vector<double> growth = tables_.ExpectedGrowth(alternative, share);
    return *std::max_element(growth.begin(), growth.end());
  }

  [[nodiscard]] LikelihoodRatioState state() const {
    return {.design = tables_.design(),
            .observations = observations_,
            .max_log_wealth = max_log_wealth_,
            .log_wealth = log_wealth_};
  }

  // Continues where `state` was taken, identically; the process must have been created from the same cells
  // and options.
  //
  // InvalidArgument: another version or design, or numbers that no stream can have produced; the process is
  // unchanged then.
  [[nodiscard]] absl::Status Restore(const LikelihoodRatioState& state) {
    const auto broken = [](const std::string& why) {
      return absl::InvalidArgumentError("state: " + why + "; start a new process or restore an intact copy");
    };
    if (state.version != 1) return broken("version " + std::to_string(state.version) + " is unknown");
    if (state.design != tables_.design()) return broken("it belongs to other cells or options");
    if (state.log_wealth.size() != log_wealth_.size()) return broken("log_wealth has the wrong length");
    const bool finite = std::all_of(state.log_wealth.begin(), state.log_wealth.end(),
                                    [](double value) { return std::isfinite(value); });
    if (!finite || state.observations < 0 || !std::isfinite(state.max_log_wealth) ||
        state.max_log_wealth < 0) {
      return broken("a number is negative or not finite");
    }
    observations_ = state.observations;
    max_log_wealth_ = state.max_log_wealth;
    log_wealth_ = state.log_wealth;
    last_row_ = tables_.NeutralRow();
    return absl::OkStatus();
  }

 private:
  explicit LikelihoodRatioEProcess(internal::LikelihoodRatioTables tables)
      : tables_(std::move(tables)), log_wealth_(tables_.components(), 0), last_row_(tables_.NeutralRow()) {}

  internal::LikelihoodRatioTables tables_;
  std::vector<double> log_wealth_;
  std::size_t last_row_ = 0;
  std::int64_t observations_ = 0;
  double max_log_wealth_ = 0;
};

// Largest share of an alternative that the tolerance declares harmless in every cell: such a mixture lies
// inside the null hypothesis and cannot be found by any valid test.
//
//   q = min(1, tolerance / max over cells of TV(P, P_j))
//
// P is estimated from build and bound counts together. Plug-in distances are too large on average, so the
// true q is rather larger. Cells without data of the alternative do not count; 1 when the tables agree
// everywhere.
//
// InvalidArgument: no cell, tables that are empty, negative or of different lengths, no data of the
// alternative in any cell, tolerance outside [0,1). O(categories).
[[nodiscard]] inline absl::StatusOr<double> LargestToleratedShare(std::span<const LikelihoodRatioCell> cells,
                                                                  std::size_t alternative, double tolerance) {
  if (!(tolerance >= 0 && tolerance < 1)) {
    return absl::InvalidArgumentError("tolerance is " + std::to_string(tolerance) +
                                      "; give a number from 0 to below 1");
  }
  double largest = -1;
  for (const LikelihoodRatioCell& cell : cells) {
    if (alternative >= cell.alternative_counts.size()) continue;
    if (cell.alternative_counts[alternative].empty()) continue;
    const std::vector<std::int64_t>& other = cell.alternative_counts[alternative];
    if (cell.build_counts.size() != other.size() || cell.bound_counts.size() != other.size()) {
      return absl::InvalidArgumentError(
          "cells: tables have different categories; count all on the same ones");
    }
    PINCHBECK_ASSIGN_OR_RETURN(const std::int64_t build,
                               internal::CheckedTotal(cell.build_counts, "build_counts"));
    PINCHBECK_ASSIGN_OR_RETURN(const std::int64_t bound,
                               internal::CheckedTotal(cell.bound_counts, "bound_counts"));
    PINCHBECK_ASSIGN_OR_RETURN(const std::int64_t n, internal::CheckedTotal(other, "alternative_counts"));
    double distance = 0;
    for (std::size_t k = 0; k < other.size(); ++k) {
      distance += 0.5 * std::abs(static_cast<double>(cell.build_counts[k] + cell.bound_counts[k]) /
                                     static_cast<double>(build + bound) -
                                 static_cast<double>(other[k]) / static_cast<double>(n));
    }
    largest = std::max(largest, distance);
  }
  if (largest < 0) {
    return absl::InvalidArgumentError("alternative " + std::to_string(alternative) +
                                      " has no data in any cell; give its counts");
  }
  return largest > tolerance ? tolerance / largest : 1;
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_LIKELIHOOD_RATIO_E_PROCESS_H_
