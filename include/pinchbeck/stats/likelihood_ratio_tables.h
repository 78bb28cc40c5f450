// The e-values of every response, cell, alternative and fraction of a likelihood-ratio e-process.
#ifndef PINCHBECK_STATS_LIKELIHOOD_RATIO_TABLES_H_
#define PINCHBECK_STATS_LIKELIHOOD_RATIO_TABLES_H_

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
#include "pinchbeck/stats/capped_ratio.h"
#include "pinchbeck/stats/e_process.h"
#include "pinchbeck/stats/mean_bound.h"

namespace pinchbeck::stats {

// One cell: the reference's counts in two disjoint parts, and the stored alternatives' counts on the same
// categories. Split the reference before counting, at random or by order of arrival. Categories must not be
// chosen by looking at the bound part; a last category for everything else is fine.
struct LikelihoodRatioCell {
  // From these the ratio is built.
  std::vector<std::int64_t> build_counts = {};
  // From these its expectation under the reference is bounded.
  std::vector<std::int64_t> bound_counts = {};
  // One list per alternative, empty where it has no data for this cell.
  std::vector<std::vector<std::int64_t>> alternative_counts = {};
};

// What the reference's confidence bound covers.
enum class BoundScope {
  // A bound for every cell: valid whatever decides which cell is asked next. Needs a large reference in every
  // cell (hundreds of responses).
  kPerCell,
  // One bound for the average over cells, in which the cells' sampling errors cancel. Valid when every
  // observation's cell is drawn at random with `cell_weights`, independently of the past; or, with equal
  // weights, when cells are asked in complete rounds and the wealth is read at the end of rounds only
  // (`round_length` = number of cells): the expected product over a round is at most the power of the mean.
  kPooled,
};

struct LikelihoodRatioOptions {
  // Largest total variation distance from the reference that is declared harmless, per cell; in [0,1). The
  // reference's estimation error does not belong here, alpha_reference covers it.
  double tolerance = 0;
  // Chance that a bound computed from the reference fails.
  double alpha_reference = 0.01;
  // Substituted shares that are bet on.
  std::vector<double> fractions = {0.05, 0.1, 0.25, 0.5, 1};
  // Largest likelihood ratio that is used, above 1.
  double cap = 50;
  MeanBoundMethod bound = MeanBoundMethod::kBetting;
  BoundScope scope = BoundScope::kPerCell;
  // Chance of each cell, for kPooled and for expected growth; empty: equal.
  std::vector<double> cell_weights = {};
  // The running maximum is taken after every round_length-th observation.
  std::int64_t round_length = 1;
};

namespace internal {

// A row per (cell, category), a column per component (alternative, then fraction): f / b, where
// b >= E_P f + tolerance (max f - min f) holds for all entries together with chance 1 - alpha_reference.
class LikelihoodRatioTables {
 public:
  [[nodiscard]] static absl::StatusOr<LikelihoodRatioTables> Create(
      std::span<const LikelihoodRatioCell> cells, const LikelihoodRatioOptions& options) {
    PINCHBECK_RETURN_IF_ERROR(CheckOptions(cells.size(), options));
    LikelihoodRatioTables tables;
    tables.options_ = options;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      PINCHBECK_RETURN_IF_ERROR(CheckCell(cells[i], "cells[" + std::to_string(i) + "]"));
      tables.alternatives_ = std::max(tables.alternatives_, cells[i].alternative_counts.size());
    }
    if (tables.alternatives_ == 0) {
      return absl::InvalidArgumentError("alternative_counts: there is no alternative; give at least one");
    }
    tables.SetUp(cells);
    PINCHBECK_RETURN_IF_ERROR(tables.FillTables(cells));
    tables.design_ = Design(cells, options);
    return tables;
  }

  [[nodiscard]] const LikelihoodRatioOptions& options() const { return options_; }
  [[nodiscard]] std::size_t cells() const { return categories_.size(); }
  [[nodiscard]] std::size_t categories(std::size_t cell) const { return categories_[cell]; }
  [[nodiscard]] std::size_t alternatives() const { return alternatives_; }
  [[nodiscard]] std::size_t components() const { return components_; }
  [[nodiscard]] std::uint64_t design() const { return design_; }

  [[nodiscard]] std::size_t Row(std::size_t cell, std::size_t category) const {
    return first_row_[cell] + category;
  }
  // A row of ones after all others.
  [[nodiscard]] std::size_t NeutralRow() const { return rows_; }
  [[nodiscard]] std::span<const double> EValues(std::size_t row) const {
    return std::span(e_values_).subspan(row * components_, components_);
  }
  [[nodiscard]] std::span<const double> LogEValues(std::size_t row) const {
    return std::span(log_e_values_).subspan(row * components_, components_);
  }

  // Per component the sum over cells of weight * E_Q log(f/b), Q the mixture with a share of an alternative.
  [[nodiscard]] std::vector<double> ExpectedGrowth(std::size_t alternative, double share) const {
    std::vector<double> growth(components_, 0);
    for (std::size_t i = 0; i < categories_.size(); ++i) {
      const std::vector<double>& other = alternative_p_[i][alternative];
      for (std::size_t k = 0; k < categories_[i]; ++k) {
        const double p = reference_p_[i][k];
        const double q = cell_weights_[i] * (other.empty() ? p : (1 - share) * p + share * other[k]);
        const std::span<const double> step = LogEValues(Row(i, k));
        for (std::size_t c = 0; c < components_; ++c) growth[c] += q * step[c];
      }
    }
    return growth;
  }

 private:
  using Ratios = std::vector<std::vector<CappedRatio>>;  // [cell][component]

  static absl::Status CheckOptions(std::size_t cells, const LikelihoodRatioOptions& options) {
    if (cells == 0) return absl::InvalidArgumentError("cells: the list is empty; give at least one cell");
    if (!(options.tolerance >= 0 && options.tolerance < 1)) {
      return absl::InvalidArgumentError("tolerance is " + std::to_string(options.tolerance) +
                                        "; give a number from 0 to below 1");
    }
    PINCHBECK_RETURN_IF_ERROR(CheckOpenUnit(options.alpha_reference, "alpha_reference"));
    if (options.fractions.empty()) {
      return absl::InvalidArgumentError("fractions: the list is empty; give at least one");
    }
    for (const double q : options.fractions) {
      if (!(q > 0 && q <= 1)) {
        return absl::InvalidArgumentError("fractions holds " + std::to_string(q) +
                                          "; give numbers above 0 and up to 1");
      }
    }
    if (!(options.cap > 1) || std::isinf(options.cap)) {
      return absl::InvalidArgumentError("cap is " + std::to_string(options.cap) +
                                        "; give a finite number above 1");
    }
    if (options.round_length < 1) {
      return absl::InvalidArgumentError("round_length is " + std::to_string(options.round_length) +
                                        "; give at least 1");
    }
    bool weights = options.cell_weights.empty() || options.cell_weights.size() == cells;
    for (const double w : options.cell_weights) weights = weights && w > 0 && std::isfinite(w);
    if (weights) return absl::OkStatus();
    return absl::InvalidArgumentError("cell_weights: give one positive finite number per cell, or none");
  }

  static absl::Status CheckCell(const LikelihoodRatioCell& cell, const std::string& name) {
    const auto check = [&](const std::vector<std::int64_t>& counts, const std::string& what) {
      if (counts.size() != cell.build_counts.size()) {
        return absl::InvalidArgumentError(
            name + what + " has " + std::to_string(counts.size()) + " categories but build_counts has " +
            std::to_string(cell.build_counts.size()) + "; count all on the same categories");
      }
      return absl::Status(CheckedTotal(counts, name + what).status());
    };
    PINCHBECK_RETURN_IF_ERROR(check(cell.build_counts, ".build_counts"));
    PINCHBECK_RETURN_IF_ERROR(check(cell.bound_counts, ".bound_counts"));
    for (std::size_t j = 0; j < cell.alternative_counts.size(); ++j) {
      if (cell.alternative_counts[j].empty()) continue;
      PINCHBECK_RETURN_IF_ERROR(
          check(cell.alternative_counts[j], ".alternative_counts[" + std::to_string(j) + "]"));
    }
    return absl::OkStatus();
  }

  static std::uint64_t Design(std::span<const LikelihoodRatioCell> cells,
                              const LikelihoodRatioOptions& options) {
    DesignHash hash;
    hash.Add(std::vector<double>{options.tolerance, options.alpha_reference, options.cap});
    hash.Add(options.fractions);
    hash.Add(options.cell_weights);
    hash.Add(static_cast<std::uint64_t>(options.bound));
    hash.Add(static_cast<std::uint64_t>(options.scope));
    hash.Add(static_cast<std::uint64_t>(options.round_length));
    for (const LikelihoodRatioCell& cell : cells) {
      hash.Add(cell.build_counts);
      hash.Add(cell.bound_counts);
      hash.Add(cell.alternative_counts.size());
      for (const std::vector<std::int64_t>& counts : cell.alternative_counts) hash.Add(counts);
    }
    return hash.value();
  }

  void SetUp(std::span<const LikelihoodRatioCell> cells) {
    cell_weights_ =
        options_.cell_weights.empty() ? std::vector<double>(cells.size(), 1) : options_.cell_weights;
    double total = 0;
    for (const double w : cell_weights_) total += w;
    for (double& w : cell_weights_) w /= total;
    std::size_t rows = 0;
    for (const LikelihoodRatioCell& cell : cells) {
      first_row_.push_back(rows);
      categories_.push_back(cell.build_counts.size());
      rows += cell.build_counts.size();
      reference_p_.push_back(SmoothedFrequencies(cell.build_counts));
      alternative_p_.emplace_back(alternatives_);
      for (std::size_t j = 0; j < cell.alternative_counts.size(); ++j) {
        alternative_p_.back()[j] = SmoothedFrequencies(cell.alternative_counts[j]);
      }
    }
    rows_ = rows;
    components_ = alternatives_ * options_.fractions.size();
    // A last row of ones: the step before the first response.
    log_e_values_.assign((rows + 1) * components_, 0);
    e_values_.assign((rows + 1) * components_, 1);
  }

  // Responses in the bound part, per cell and in all.
  static std::vector<double> BoundSizes(std::span<const LikelihoodRatioCell> cells) {
    std::vector<double> sizes;
    for (const LikelihoodRatioCell& cell : cells) {
      double n = 0;
      for (const std::int64_t count : cell.bound_counts) n += static_cast<double>(count);
      sizes.push_back(n);
    }
    return sizes;
  }

  [[nodiscard]] Ratios ChooseRatios(const std::vector<double>& sizes) const {
    const bool pooled = options_.scope == BoundScope::kPooled;
    double total = 0;
    for (const double n : sizes) total += n;
    // Before the choice every bound may be in use.
    const double bounds = static_cast<double>(components_) * (pooled ? 1 : static_cast<double>(sizes.size()));
    Ratios ratios(sizes.size());
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      for (std::size_t j = 0; j < alternatives_; ++j) {
        for (const double q : options_.fractions) {
          CappedRatio ratio;
          ratio.f.assign(categories_[i], 1);
          if (!alternative_p_[i][j].empty()) {
            ratio = ChooseCappedRatio({.reference = reference_p_[i],
                                       .alternative = alternative_p_[i][j],
                                       .fraction = q,
                                       .tolerance = options_.tolerance,
                                       .cap = options_.cap,
                                       .n_bound = pooled ? total : sizes[i],
                                       .log_inverse_level = std::log(bounds / options_.alpha_reference)});
          }
          ratios[i].push_back(std::move(ratio));
        }
      }
    }
    return ratios;
  }

  absl::Status FillTables(std::span<const LikelihoodRatioCell> cells) {
    const std::vector<double> sizes = BoundSizes(cells);
    const Ratios ratios = ChooseRatios(sizes);
    const bool pooled = options_.scope == BoundScope::kPooled;
    std::int64_t used = 0;
    for (std::size_t c = 0; c < components_; ++c) {
      std::int64_t bets = 0;
      for (const auto& cell : ratios) bets += cell[c].constant() ? 0 : 1;
      used += pooled ? std::min<std::int64_t>(bets, 1) : bets;
    }
    const double level = options_.alpha_reference / static_cast<double>(std::max<std::int64_t>(used, 1));
    for (std::size_t c = 0; c < components_; ++c) {
      if (pooled) {
        PINCHBECK_ASSIGN_OR_RETURN(const double bound, PooledBound(cells, ratios, sizes, c, level));
        double growth = 0;
        for (std::size_t i = 0; i < cells.size(); ++i)
          growth += cell_weights_[i] * Growth(i, c, ratios[i][c], bound);
        if (!(growth > 0)) continue;
        for (std::size_t i = 0; i < cells.size(); ++i) SetStep(i, c, ratios[i][c], bound);
        continue;
      }
      for (std::size_t i = 0; i < cells.size(); ++i) {
        if (ratios[i][c].constant()) continue;
        PINCHBECK_ASSIGN_OR_RETURN(const double bound, CellBound(cells[i], ratios[i][c], level));
        if (Growth(i, c, ratios[i][c], bound) > 0) SetStep(i, c, ratios[i][c], bound);
      }
    }
    return absl::OkStatus();
  }

  void SetStep(std::size_t cell, std::size_t component, const CappedRatio& ratio, double bound) {
    for (std::size_t k = 0; k < ratio.f.size(); ++k) {
      const std::size_t at = Row(cell, k) * components_ + component;
      e_values_[at] = ratio.f[k] / bound;
      log_e_values_[at] = std::log(e_values_[at]);
    }
  }

  // Expected log(f/bound) at the component's own fraction. A bet that does not grow at its actual bound is
  // left out: while the bounds hold, every choice among bets that looks at the reference only is valid.
  [[nodiscard]] double Growth(std::size_t cell, std::size_t component, const CappedRatio& ratio,
                              double bound) const {
    double growth = -std::log(bound);
    if (ratio.constant()) return growth;
    const double share = options_.fractions[component % options_.fractions.size()];
    const std::vector<double>& other = alternative_p_[cell][component / options_.fractions.size()];
    for (std::size_t k = 0; k < ratio.f.size(); ++k) {
      growth += ((1 - share) * reference_p_[cell][k] + share * other[k]) * std::log(ratio.f[k]);
    }
    return growth;
  }

  [[nodiscard]] absl::StatusOr<double> CellBound(const LikelihoodRatioCell& cell, const CappedRatio& ratio,
                                                 double level) const {
    PINCHBECK_ASSIGN_OR_RETURN(
        const double mean,
        UpperMeanBound(ratio.f, cell.bound_counts, ratio.smallest, ratio.largest,
                       {.method = options_.bound, .level = level, .variance_guess = ratio.variance}));
    return mean + options_.tolerance * ratio.range();
  }

  // Bound for sum_i weight_i E f_i. Every response of cell i stands for the term weight_i N / n_i f_i, so
  // that the average over all N responses estimates the sum.
  [[nodiscard]] absl::StatusOr<double> PooledBound(std::span<const LikelihoodRatioCell> cells,
                                                   const Ratios& ratios, const std::vector<double>& sizes,
                                                   std::size_t component, double level) const {
    double total = 0;
    for (const double n : sizes) total += n;
    std::vector<double> values;
    std::vector<std::int64_t> counts;
    double lower = std::numeric_limits<double>::infinity(), upper = 0, range = 0, mean = 0, square = 0;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const CappedRatio& ratio = ratios[i][component];
      const double scale = cell_weights_[i] * total / sizes[i];
      for (const double f : ratio.f) values.push_back(scale * f);
      counts.insert(counts.end(), cells[i].bound_counts.begin(), cells[i].bound_counts.end());
      lower = std::min(lower, scale * ratio.smallest);
      upper = std::max(upper, scale * ratio.largest);
      range += cell_weights_[i] * ratio.range();
      mean += sizes[i] / total * scale;
      square += sizes[i] / total * scale * scale * (1 + ratio.variance);
    }
    PINCHBECK_ASSIGN_OR_RETURN(const double bound,
                               UpperMeanBound(values, counts, lower, upper,
                                              {.method = options_.bound,
                                               .level = level,
                                               .variance_guess = std::max(0.0, square - mean * mean)}));
    return bound + options_.tolerance * range;
  }

  LikelihoodRatioOptions options_;
  std::size_t alternatives_ = 0;
  std::size_t components_ = 0;
  std::size_t rows_ = 0;
  std::uint64_t design_ = 0;
  std::vector<double> cell_weights_;
  std::vector<std::size_t> categories_;
  std::vector<std::size_t> first_row_;
  std::vector<std::vector<double>> reference_p_;
  std::vector<std::vector<std::vector<double>>> alternative_p_;  // [cell][alternative], empty without data
  std::vector<double> log_e_values_;                             // [row][component]
  std::vector<double> e_values_;
};

}  // namespace internal
}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_LIKELIHOOD_RATIO_TABLES_H_
