// Power of a two-sample test of choices, by resampling two stored tables of counts.
#ifndef PINCHBECK_STATS_COUNT_POWER_H_
#define PINCHBECK_STATS_COUNT_POWER_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/e_process.h"
#include "pinchbeck/stats/power.h"

namespace pinchbeck::stats {

// Stored counts of one cell on the same categories.
struct CountPowerCell {
  std::vector<std::int64_t> claimed = {};
  std::vector<std::int64_t> substitute = {};
};

struct CountPowerOptions {
  PowerOptions simulation = {};
  // Share of the responses that the substitute gives, in (0,1].
  double share = 1;
  // Reference responses per cell in the planned audit; 0: as many as the claimed table holds.
  std::int64_t n_reference = 0;
  // Simulated audits of an honest endpoint, from which the critical value is taken.
  std::int64_t null_runs = 2000;
};

namespace internal {

// Draws categories in constant time (Vose 1991, doi:10.1109/32.92917).
class AliasTable {
 public:
  explicit AliasTable(std::vector<double> probability) : keep_(std::move(probability)), alias_(keep_.size()) {
    const double n = static_cast<double>(keep_.size());
    std::vector<std::uint32_t> small, large;
    for (std::size_t k = 0; k < keep_.size(); ++k) {
      keep_[k] *= n;
      alias_[k] = static_cast<std::uint32_t>(k);
      (keep_[k] < 1 ? small : large).push_back(static_cast<std::uint32_t>(k));
    }
    while (!small.empty() && !large.empty()) {
      const std::uint32_t poor = small.back(), rich = large.back();
      small.pop_back();
      alias_[poor] = rich;
      keep_[rich] -= 1 - keep_[poor];
      if (keep_[rich] < 1) {
        large.pop_back();
        small.push_back(rich);
      }
    }
    // What is left differs from 1 by rounding only.
    for (const std::uint32_t k : small) keep_[k] = 1;
  }

  std::uint32_t Draw(CounterRng& rng) const {
    const std::uint32_t k = rng.Below(static_cast<std::uint32_t>(keep_.size()));
    return static_cast<double>(rng.Next32()) * 0x1.0p-32 < keep_[k] ? k : alias_[k];
  }

 private:
  std::vector<double> keep_;
  std::vector<std::uint32_t> alias_;
};

// Simulates the G statistic of audits, up to terms that do not vary between audits of one size.
class CountAudit {
 public:
  CountAudit(std::span<const CountPowerCell> cells, std::int64_t n_observed, const CountPowerOptions& options)
      : n_observed_(n_observed) {
    std::int64_t largest = 0;
    for (const CountPowerCell& cell : cells) {
      double claimed_total = 0, substitute_total = 0;
      for (std::size_t k = 0; k < cell.claimed.size(); ++k) {
        claimed_total += static_cast<double>(cell.claimed[k]);
        substitute_total += static_cast<double>(cell.substitute[k]);
      }
      std::vector<double> claimed, mixture;
      for (std::size_t k = 0; k < cell.claimed.size(); ++k) {
        claimed.push_back(static_cast<double>(cell.claimed[k]) / claimed_total);
        mixture.push_back((1 - options.share) * claimed.back() +
                          options.share * static_cast<double>(cell.substitute[k]) / substitute_total);
      }
      const std::int64_t m =
          options.n_reference > 0 ? options.n_reference : static_cast<std::int64_t>(claimed_total);
      n_reference_.push_back(m);
      largest = std::max(largest, m + n_observed);
      categories_ = std::max(categories_, claimed.size());
      claimed_.emplace_back(std::move(claimed));
      mixture_.emplace_back(std::move(mixture));
    }
    for (std::int64_t x = 0; x <= largest; ++x) {
      const double value = static_cast<double>(x);
      x_log_x_.push_back(x > 0 ? value * std::log(value) : 0);
    }
  }

  // sum over cells and categories of x log x + y log y - (x+y) log(x+y).
  [[nodiscard]] double Statistic(bool honest, std::uint64_t seed, std::uint64_t run) const {
    CounterRng rng(seed, run);
    std::vector<std::size_t> x(categories_), y(categories_);
    double sum = 0;
    for (std::size_t i = 0; i < claimed_.size(); ++i) {
      std::fill(x.begin(), x.end(), std::size_t{0});
      std::fill(y.begin(), y.end(), std::size_t{0});
      for (std::int64_t r = 0; r < n_reference_[i]; ++r) ++x[claimed_[i].Draw(rng)];
      const AliasTable& served = honest ? claimed_[i] : mixture_[i];
      for (std::int64_t r = 0; r < n_observed_; ++r) ++y[served.Draw(rng)];
      for (std::size_t k = 0; k < categories_; ++k)
        sum += x_log_x_[x[k]] + x_log_x_[y[k]] - x_log_x_[x[k] + y[k]];
    }
    return sum;
  }

  // Differences below this are rounding.
  [[nodiscard]] double slack() const { return 1e-9 * x_log_x_.back() * static_cast<double>(claimed_.size()); }

 private:
  std::int64_t n_observed_;
  std::size_t categories_ = 0;
  std::vector<std::int64_t> n_reference_;
  std::vector<AliasTable> claimed_;
  std::vector<AliasTable> mixture_;
  std::vector<double> x_log_x_;
};

[[nodiscard]] inline absl::Status CheckCountPower(std::span<const CountPowerCell> cells,
                                                  std::int64_t n_observed, const CountPowerOptions& options) {
  // The largest audit of one cell that is simulated response by response.
  constexpr std::int64_t kLargestSample = std::int64_t{1} << 24;
  PINCHBECK_RETURN_IF_ERROR(CheckPowerOptions(options.simulation));
  if (cells.empty()) return absl::InvalidArgumentError("cells: the list is empty; give at least one cell");
  if (!(options.share > 0 && options.share <= 1)) {
    return absl::InvalidArgumentError("share is " + std::to_string(options.share) +
                                      "; give a number above 0 and up to 1");
  }
  if (n_observed < 1 || n_observed > kLargestSample || options.n_reference < 0 ||
      options.n_reference > kLargestSample) {
    return absl::InvalidArgumentError("n_observed is " + std::to_string(n_observed) + " and n_reference " +
                                      std::to_string(options.n_reference) +
                                      "; give sizes per cell from 1 to 2^24");
  }
  if (options.null_runs < 1 || options.null_runs > kLargestSample ||
      options.simulation.alpha * (1 + static_cast<double>(options.null_runs)) < 1) {
    return absl::InvalidArgumentError("null_runs is " + std::to_string(options.null_runs) +
                                      "; give at least 1/alpha - 1 and at most 2^24");
  }
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string name = "cells[" + std::to_string(i) + "]";
    if (cells[i].claimed.size() != cells[i].substitute.size()) {
      return absl::InvalidArgumentError(
          name + ".substitute has " + std::to_string(cells[i].substitute.size()) +
          " categories but claimed has " + std::to_string(cells[i].claimed.size()) +
          "; count both on the same categories");
    }
    PINCHBECK_ASSIGN_OR_RETURN(const std::int64_t claimed, CheckedTotal(cells[i].claimed, name + ".claimed"));
    PINCHBECK_RETURN_IF_ERROR(CheckedTotal(cells[i].substitute, name + ".substitute").status());
    if (claimed > kLargestSample) {
      return absl::InvalidArgumentError(name + ".claimed has " + std::to_string(claimed) +
                                        " responses; at most 2^24 are resampled");
    }
  }
  return absl::OkStatus();
}

}  // namespace internal

// Power of the stratified G test against a substitute that answers a share of the requests.
//
//   G = 2 sum_cells sum_categories x log(x / E x) + y log(y / E y),   x reference, y observed counts
//
// One simulated audit draws, per cell, a reference from the claimed table and `n_observed` responses from
// (1 - share) claimed + share substitute, with replacement. It rejects when p = (1 + #{G0 >= G}) / (1 +
// null_runs) is at most alpha, G0 from audits of an honest endpoint. The tables are taken as the truth: with
// few responses in them two tables differ by chance, and the power comes out too high; prefer tables of
// hundreds of responses.
//
// Cells with one category add nothing. The interval and the standard error cover the simulated audits and the
// critical value: it is shifted by its own error (1.96 standard deviations of the number of null audits
// beyond it for the interval, 1 for the error).
//
// InvalidArgument: no cell, empty, negative or unequal tables, share outside (0,1], sizes outside 1 .. 2^24,
// fewer null runs than 1/alpha - 1, alpha or confidence outside (0,1).
// Cost: (runs + null_runs) x cells x (n_reference + n_observed) draws of about 10 ns.
// Accuracy: within simulation error of an enumerated case (tests/golden/sequential.json).
// Reference: Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter 16; Wilks 1935,
// doi:10.1214/aoms/1177732564.
[[nodiscard]] inline absl::StatusOr<PowerEstimate> CountPower(std::span<const CountPowerCell> cells,
                                                              std::int64_t n_observed,
                                                              const CountPowerOptions& options = {}) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckCountPower(cells, n_observed, options));
  const internal::CountAudit audit(cells, n_observed, options);
  const std::uint64_t null_seed = MixSeed(options.simulation.seed, 0),
                      seed = MixSeed(options.simulation.seed, 1);
  std::vector<double> null;
  for (std::int64_t run = 0; run < options.null_runs; ++run) {
    null.push_back(audit.Statistic(true, null_seed, static_cast<std::uint64_t>(run)));
  }
  std::sort(null.begin(), null.end(), std::greater<>());
  std::vector<double> statistics;
  for (std::int64_t run = 0; run < options.simulation.runs; ++run) {
    statistics.push_back(audit.Statistic(false, seed, static_cast<std::uint64_t>(run)));
  }
  const double alpha = options.simulation.alpha, runs = static_cast<double>(options.null_runs);
  // p <= alpha where at most `allowed` null statistics reach the observed one.
  const double allowed = std::floor(alpha * (1 + runs) * (1 + 1e-12)) - 1;
  const auto rejections = [&](double index) {
    const double critical = null[static_cast<std::size_t>(std::clamp(index, 0.0, runs - 1))] + audit.slack();
    return static_cast<std::int64_t>(
        std::count_if(statistics.begin(), statistics.end(), [&](double value) { return value > critical; }));
  };
  const double shift = std::sqrt(runs * alpha * (1 - alpha));
  PINCHBECK_ASSIGN_OR_RETURN(PowerEstimate result,
                             internal::MakePowerEstimate(rejections(allowed), options.simulation));
  PINCHBECK_ASSIGN_OR_RETURN(
      const PowerEstimate strict,
      internal::MakePowerEstimate(rejections(std::floor(allowed - 1.96 * shift)), options.simulation));
  PINCHBECK_ASSIGN_OR_RETURN(
      const PowerEstimate loose,
      internal::MakePowerEstimate(rejections(std::ceil(allowed + 1.96 * shift)), options.simulation));
  const auto difference =
      static_cast<double>(rejections(std::ceil(allowed + shift)) - rejections(std::floor(allowed - shift)));
  result.low = strict.low;
  result.high = loose.high;
  result.monte_carlo_error =
      std::hypot(result.monte_carlo_error, 0.5 * difference / static_cast<double>(options.simulation.runs));
  return result;
}

// Smallest number of observed responses per cell with which the G test reaches the target power; see
// RequiredSampleSize() and CountPower(). `search.seed` replaces the simulation's seed.
[[nodiscard]] inline absl::StatusOr<SampleSizeResult> RequiredCountSampleSize(
    std::span<const CountPowerCell> cells, const SampleSizeOptions& search = {},
    const CountPowerOptions& options = {}) {
  return RequiredSampleSize(
      [&](std::int64_t n, std::uint64_t seed) {
        CountPowerOptions simulation = options;
        simulation.simulation.seed = seed;
        return CountPower(cells, n, simulation);
      },
      search);
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_COUNT_POWER_H_
