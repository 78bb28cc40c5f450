// Sequential test of exchangeability with a finite reference: a mixture of conformal power martingales.
#ifndef PINCHBECK_STATS_CONFORMAL_E_PROCESS_H_
#define PINCHBECK_STATS_CONFORMAL_E_PROCESS_H_

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
#include "pinchbeck/stats/conformal_cell.h"
#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/e_process.h"
#include "pinchbeck/stats/power_martingales.h"

namespace pinchbeck::stats {

struct ConformalOptions {
  // Exponents kappa of the power bets, each in (0,1). Small ones win fast on gross changes, those near 1 win
  // at all on slight ones.
  std::vector<double> exponents = {0.1, 0.3, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98};
  // Bins of a continuous cell, at least 2; fewer are used when the reference has fewer gaps.
  std::int64_t bins = 16;
  // Seed of the smoothing and of the tie breakers. Fix it before responses are read.
  std::uint64_t seed = 0;
};

// Everything that a restart needs besides cells and options. Plain data.
struct ConformalState {
  std::int64_t version = 1;
  // Identifies cells and options.
  std::uint64_t design = 0;
  std::int64_t observations = 0;
  double max_log_wealth = 0;
  // Categories or bins per cell, and their weights one cell after another.
  std::vector<std::int64_t> cell_sizes;
  std::vector<std::int64_t> weights;
  // Per score: number of bets, -sum log p, -sum log(1-p), and the log wealth of the two bets on both ends.
  std::vector<std::int64_t> bets;
  std::vector<double> minus_log_p;
  std::vector<double> minus_log_complement;
  std::vector<double> both_ends_quarter;
  std::vector<double> both_ends_full;
};

// Conformal e-process: do the observed responses come from the same distribution as the reference?
//
//   p_t = (#{strictly stranger} + U_t #{equally strange}) / #bag,    W_t = sum_j w_j prod_{s<=t} f_j(p_s)
//   f(p) = kappa p^(kappa-1),   f(1-p),   and  1 - l + l h(p) with h(p) = (p^(-1/2) + (1-p)^(-1/2)) / 4,
//                                                              l = 1/4 and 1
//
// over all exponents kappa (each f integrates to 1). Scores of strangeness, each with a bet of its own:
// rareness of the category in the bag; for continuous cells position and distance from the middle; for every
// stored alternative its frequency divided by the bag's; for cells with a held-out part the bag's frequency
// divided by that part's, which learns what the endpoint says too often. The first scores bet on both ends:
// an endpoint that always gives the most common answer makes p large. The other scores bet on small p only.
// Scores have equal weight, the alternatives together count as one score; within a score the ends have equal
// weight.
//
// H0: within each cell, reference and observed responses are exchangeable (in particular: independent draws
// of one distribution). Then the p-values are independent and uniform in every cell and across cells, W is a
// martingale and P(sup_t W_t >= 1/alpha) <= alpha, exactly, for every finite reference (Vovk, Nouretdinov &
// Gammerman 2003). Cells and their order are fixed beforehand or drawn at random,
// and may depend on earlier p-values and wealth; they must not be chosen by the reference or the answers, for
// example the cells with the most varied ones: given the bag a p-value is not uniform, and such a choice
// broke the level in tests/stats/calibration/e_process_calibration_test.cc. LikelihoodRatioEProcess with a
// bound per cell allows any choice. Repeats at temperature 0 within a session are one observation. Zero
// tolerance: an honest drift is a departure. Because later responses are compared with the earlier ones too,
// wealth stops growing when the observed far outnumber the reference.
//
// Ties are smoothed by U_t = the draw of (seed, observation index). A cell with one response or with all
// responses equal gives p = U_t: no evidence either way.
//
// Cost: O(categories x (1 + alternatives of the cell)) time per response; state O(cells x categories).
//
// Accuracy: wealth within 1e-9 of an independent Python implementation (tests/golden/sequential.json);
// crossing rates in tests/stats/calibration/e_process_calibration_test.cc.
//
// Reference: Vovk, Nouretdinov & Gammerman 2003, ICML, 768-775; Vovk, Gammerman & Shafer 2022,
// doi:10.1007/978-3-031-06649-8.
class ConformalEProcess {
 public:
  // InvalidArgument: no cell; a cell with both or neither kind of reference, an empty or negative one, a
  // score that is not finite, an alternative with other categories or in a continuous cell (bin such scores
  // on edges fixed beforehand and make the cell categorical); exponents outside (0,1) or none; bins below 2.
  [[nodiscard]] static absl::StatusOr<ConformalEProcess> Create(std::span<const ConformalCell> cells,
                                                                const ConformalOptions& options = {}) {
    PINCHBECK_RETURN_IF_ERROR(CheckOptions(cells, options));
    ConformalEProcess process(options);
    bool categorical = false, continuous = false, held_out = false;
    std::size_t alternatives = 0;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string name = "cells[" + std::to_string(i) + "]";
      PINCHBECK_RETURN_IF_ERROR(CheckKind(cells[i], name));
      const bool counts = !cells[i].reference_counts.empty();
      auto state = counts ? internal::ConformalCellState::Categorical(cells[i], name)
                          : internal::ConformalCellState::Continuous(
                                cells[i], name, options.bins, CounterRng(options.seed, kTieStream + i));
      if (!state.ok()) return state.status();
      process.cells_.push_back(*std::move(state));
      (counts ? categorical : continuous) = true;
      held_out = held_out || process.cells_.back().HasHeldOut();
      alternatives = std::max(alternatives, cells[i].alternative_counts.size());
    }
    process.design_ = Design(cells, options);
    process.MakeBets(categorical, continuous, held_out, alternatives);
    return process;
  }

  // The next response of a categorical cell.
  //
  // InvalidArgument: unknown cell or category, or a continuous cell.
  [[nodiscard]] absl::Status Update(std::size_t cell, std::size_t category) {
    PINCHBECK_RETURN_IF_ERROR(CheckCell(cell, true));
    internal::ConformalCellState& state = cells_[cell];
    if (category >= state.weights().size() + (state.open() ? 1 : 0)) {
      return absl::InvalidArgumentError(
          "category " + std::to_string(category) + ": cell " + std::to_string(cell) + " has " +
          std::to_string(state.weights().size()) + " categories; give a smaller index or make the cell open");
    }
    CounterRng rng(options_.seed, static_cast<std::uint64_t>(observations_));
    const double u = internal::OpenUniform(rng);
    state.Add(category);
    ForgetLastBets();
    bets_[rareness_].Bet(state.FrequencyPValue(category, u));
    if (state.HasHeldOut()) bets_[excess_].Bet(state.ExcessPValue(category, u));
    for (std::size_t j = 0; first_alternative_ + j < bets_.size(); ++j) {
      if (state.HasAlternative(j)) bets_[first_alternative_ + j].Bet(state.AlternativePValue(j, category, u));
    }
    Finish();
    return absl::OkStatus();
  }

  // The next response of a continuous cell.
  //
  // InvalidArgument: unknown cell, a categorical one, or a score that is not finite.
  [[nodiscard]] absl::Status UpdateScore(std::size_t cell, double score) {
    PINCHBECK_RETURN_IF_ERROR(CheckCell(cell, false));
    if (!std::isfinite(score)) {
      return absl::InvalidArgumentError("score is " + std::to_string(score) + "; leave missing values out");
    }
    CounterRng rng(options_.seed, static_cast<std::uint64_t>(observations_));
    const double u = internal::OpenUniform(rng), tie_breaker = internal::OpenUniform(rng);
    internal::ConformalCellState& state = cells_[cell];
    const std::size_t bin = state.BinOf(score, tie_breaker);
    ForgetLastBets();
    bets_[order_].Bet(state.OrderPValue(bin, u));
    bets_[outer_].Bet(state.OuterPValue(bin, u));
    state.Add(bin);
    Finish();
    return absl::OkStatus();
  }

  // Natural logarithm of the present wealth.
  [[nodiscard]] double log_wealth() const {
    const double top = LargestComponent();
    double sum = 0;
    VisitComponents(
        [&](double log_weight, double log_wealth) { sum += std::exp(log_weight + log_wealth - top); });
    return top + std::log(sum);
  }

  [[nodiscard]] double max_log_wealth() const { return max_log_wealth_; }
  // Valid whenever it is read; see AnytimePValue().
  [[nodiscard]] double p_value() const { return AnytimePValue(max_log_wealth_); }
  [[nodiscard]] std::int64_t observations() const { return observations_; }

  // The bets' weights, which add up to 1, and their e-values for the last response alone, in the same order:
  // what a change detector takes (change_detection.h). A bet that the response did not concern has e-value 1.
  [[nodiscard]] std::vector<double> ComponentWeights() const {
    std::vector<double> weights;
    VisitComponents([&](double log_weight, double) { weights.push_back(std::exp(log_weight)); });
    return weights;
  }
  [[nodiscard]] std::vector<double> StepEValues() const {
    std::vector<double> values;
    for (const internal::PowerMartingales& bets : bets_) bets.AppendStepEValues(&values);
    return values;
  }

  [[nodiscard]] ConformalState state() const {
    ConformalState state;
    state.design = design_;
    state.observations = observations_;
    state.max_log_wealth = max_log_wealth_;
    for (const internal::ConformalCellState& cell : cells_) {
      state.cell_sizes.push_back(static_cast<std::int64_t>(cell.weights().size()));
      state.weights.insert(state.weights.end(), cell.weights().begin(), cell.weights().end());
    }
    for (const internal::PowerMartingales& bets : bets_) {
      const internal::PowerMartingales::Sums& sums = bets.sums();
      state.bets.push_back(sums.count);
      state.minus_log_p.push_back(sums.minus_log_p);
      state.minus_log_complement.push_back(sums.minus_log_complement);
      state.both_ends_quarter.push_back(sums.both_ends[0]);
      state.both_ends_full.push_back(sums.both_ends[1]);
    }
    return state;
  }

  // Continues where `state` was taken; the process must have been created from the same cells and options.
  // The continuation is identical to the uninterrupted one.
  //
  // InvalidArgument: another version or design, or a state that no stream can have produced; the process is
  // unchanged then.
  [[nodiscard]] absl::Status Restore(const ConformalState& state) {
    PINCHBECK_RETURN_IF_ERROR(CheckState(state));
    std::vector<internal::ConformalCellState> cells = cells_;
    std::size_t begin = 0;
    std::int64_t observed = 0;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      // The cast of a negative size is too large for the remaining weights.
      const auto size = static_cast<std::size_t>(state.cell_sizes[i]);
      if (size > state.weights.size() - begin ||
          !cells[i].SetWeights(std::span(state.weights).subspan(begin, size))) {
        return BrokenState("the weights of cell " + std::to_string(i) + " cannot belong to its reference");
      }
      begin += size;
      observed += cells[i].observed();
    }
    if (begin != state.weights.size() || observed != state.observations) {
      return BrokenState("the weights do not add up to the number of observations");
    }
    cells_ = std::move(cells);
    observations_ = state.observations;
    max_log_wealth_ = state.max_log_wealth;
    for (std::size_t s = 0; s < bets_.size(); ++s) {
      bets_[s].Restore({.count = state.bets[s],
                        .minus_log_p = state.minus_log_p[s],
                        .minus_log_complement = state.minus_log_complement[s],
                        .both_ends = {state.both_ends_quarter[s], state.both_ends_full[s]}});
    }
    log_wealth_bound_ = log_wealth();
    return absl::OkStatus();
  }

 private:
  // Streams of the tie breakers; observation indices stay below.
  static constexpr std::uint64_t kTieStream = std::uint64_t{1} << 63;

  explicit ConformalEProcess(const ConformalOptions& options) : options_(options) {}

  static absl::Status CheckOptions(std::span<const ConformalCell> cells, const ConformalOptions& options) {
    if (cells.empty()) return absl::InvalidArgumentError("cells: the list is empty; give at least one cell");
    if (options.exponents.empty()) {
      return absl::InvalidArgumentError("exponents: the list is empty; give at least one");
    }
    for (const double kappa : options.exponents) {
      PINCHBECK_RETURN_IF_ERROR(internal::CheckOpenUnit(kappa, "exponents"));
    }
    if (options.bins >= 2) return absl::OkStatus();
    return absl::InvalidArgumentError("bins is " + std::to_string(options.bins) + "; give at least 2");
  }

  static absl::Status CheckKind(const ConformalCell& cell, const std::string& name) {
    if (cell.reference_counts.empty() == cell.reference_scores.empty()) {
      return absl::InvalidArgumentError(name +
                                        ": give either reference_counts or reference_scores, not empty");
    }
    if (cell.reference_scores.empty() ||
        (cell.alternative_counts.empty() && cell.held_out_counts.empty() && !cell.open)) {
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(
        name + ": alternative_counts, held_out_counts and open need a categorical cell; bin the " +
        "scores on edges that do not depend on the reference");
  }

  static std::uint64_t Design(std::span<const ConformalCell> cells, const ConformalOptions& options) {
    internal::DesignHash hash;
    hash.Add(options.exponents);
    hash.Add(static_cast<std::uint64_t>(options.bins));
    hash.Add(options.seed);
    for (const ConformalCell& cell : cells) {
      hash.Add(cell.reference_counts);
      hash.Add(cell.reference_scores);
      hash.Add(std::uint64_t{cell.open});
      hash.Add(cell.alternative_counts.size());
      for (const std::vector<std::int64_t>& counts : cell.alternative_counts) hash.Add(counts);
      if (!cell.held_out_counts.empty()) hash.Add(cell.held_out_counts);
    }
    return hash.value();
  }

  // Scores of strangeness that no cell has are left out, so that they do not share the stake.
  void MakeBets(bool categorical, bool continuous, bool held_out, std::size_t alternatives) {
    const double shares =
        (categorical ? 1 : 0) + (continuous ? 2 : 0) + (held_out ? 1 : 0) + (alternatives > 0 ? 1 : 0);
    const auto add = [&](bool two_ended, double weight) {
      bets_.emplace_back(options_.exponents, two_ended, weight);
      return bets_.size() - 1;
    };
    if (categorical) rareness_ = add(true, 1 / shares);
    if (continuous) order_ = add(true, 1 / shares);
    if (continuous) outer_ = add(true, 1 / shares);
    if (held_out) excess_ = add(false, 1 / shares);
    first_alternative_ = bets_.size();
    for (std::size_t j = 0; j < alternatives; ++j) {
      add(false, 1 / (shares * static_cast<double>(alternatives)));
    }
  }

  [[nodiscard]] absl::Status CheckCell(std::size_t cell, bool categorical) const {
    if (cell >= cells_.size()) {
      return absl::InvalidArgumentError("cell " + std::to_string(cell) + " is unknown; there are " +
                                        std::to_string(cells_.size()));
    }
    if (cells_[cell].categorical() == categorical) return absl::OkStatus();
    return absl::InvalidArgumentError(
        "cell " + std::to_string(cell) + " is " +
        (categorical ? "continuous; use UpdateScore" : "categorical; use Update"));
  }

  void ForgetLastBets() {
    for (internal::PowerMartingales& bets : bets_) bets.Forget();
  }

  // The wealth grows at most by the largest e-value of the step, so the exact sum is only needed once this
  // bound may exceed the maximum. The slack is far above the bound's rounding.
  void Finish() {
    ++observations_;
    double step = 0;
    for (const internal::PowerMartingales& bets : bets_) step = std::max(step, bets.LargestLastLog());
    log_wealth_bound_ += step;
    if (log_wealth_bound_ < max_log_wealth_ - 1e-6) return;
    log_wealth_bound_ = log_wealth();
    max_log_wealth_ = std::max(max_log_wealth_, log_wealth_bound_);
  }

  template <typename Visit>
  void VisitComponents(Visit visit) const {
    for (const internal::PowerMartingales& bets : bets_) bets.VisitWealth(visit);
  }

  [[nodiscard]] double LargestComponent() const {
    double top = -std::numeric_limits<double>::infinity();
    VisitComponents(
        [&](double log_weight, double log_wealth) { top = std::max(top, log_weight + log_wealth); });
    return top;
  }

  static absl::Status BrokenState(const std::string& why) {
    return absl::InvalidArgumentError("state: " + why + "; start a new process or restore an intact copy");
  }

  [[nodiscard]] absl::Status CheckState(const ConformalState& state) const {
    if (state.version != 1) {
      return BrokenState("version " + std::to_string(state.version) + " is unknown to this release");
    }
    if (state.design != design_) return BrokenState("it belongs to other cells or options");
    const std::size_t n = bets_.size();
    if (state.cell_sizes.size() != cells_.size() || state.bets.size() != n || state.minus_log_p.size() != n ||
        state.minus_log_complement.size() != n || state.both_ends_quarter.size() != n ||
        state.both_ends_full.size() != n) {
      return BrokenState("a list has the wrong length");
    }
    bool sound = state.observations >= 0 && std::isfinite(state.max_log_wealth) && state.max_log_wealth >= 0;
    for (std::size_t s = 0; s < n; ++s) {
      // Sums of -log of probabilities are not negative.
      sound = sound && state.bets[s] >= 0 && state.bets[s] <= state.observations &&
              std::isfinite(state.minus_log_p[s]) && state.minus_log_p[s] >= 0 &&
              std::isfinite(state.minus_log_complement[s]) && state.minus_log_complement[s] >= 0 &&
              std::isfinite(state.both_ends_quarter[s]) && std::isfinite(state.both_ends_full[s]);
    }
    return sound ? absl::OkStatus() : BrokenState("a number is negative, too large or not finite");
  }

  ConformalOptions options_;
  std::vector<internal::ConformalCellState> cells_;
  // One entry per score in use, at these places.
  std::vector<internal::PowerMartingales> bets_;
  std::size_t rareness_ = 0, order_ = 0, outer_ = 0, excess_ = 0, first_alternative_ = 0;
  std::uint64_t design_ = 0;
  std::int64_t observations_ = 0;
  double max_log_wealth_ = 0;
  double log_wealth_bound_ = 0;
};

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_CONFORMAL_E_PROCESS_H_
