// Smoothed conformal p-values of one cell: how strange is a new response among the reference and the earlier
// observed responses?
#ifndef PINCHBECK_STATS_CONFORMAL_CELL_H_
#define PINCHBECK_STATS_CONFORMAL_CELL_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/e_process.h"
#include "pinchbeck/stats/two_sample.h"

namespace pinchbeck::stats {

// The reference of one cell: either counts per category or continuous scores.
struct ConformalCell {
  // Categorical cell: responses of the reference per category. Zeros are allowed, not only zeros. The
  // categories must not be chosen by looking at this reference, unless `open` is set: a cell whose last
  // category means "anything that the reference never said" is not exchangeable, because a reference response
  // can never be in it, and rejects an honest endpoint.
  std::vector<std::int64_t> reference_counts = {};
  // Lets a new response found a category of its own (index = number of categories so far), named by the order
  // of first appearance. This is how free answers stay exact. List every answer that the reference or an
  // alternative has given; memory and time then grow with the number of distinct answers.
  bool open = false;
  // Categorical cell: counts of each stored alternative on the same categories; an empty list where the
  // alternative has no data for this cell.
  std::vector<std::vector<std::int64_t>> alternative_counts = {};

  // Categorical cell: a part of the reference that is not in reference_counts, on the same categories, or
  // empty. It is no part of the bag, so that what the observed responses give too often can be learned
  // against it.
  std::vector<std::int64_t> held_out_counts = {};

  // Continuous cell: the reference's scores, finite, ties allowed.
  std::vector<double> reference_scores = {};
};

namespace internal {

// p and 1 - p, both above 0.
struct SmoothedPValue {
  double p = 1;
  double complement = 0;
};

// p = (stranger + u * tied) / total with u in (0,1) and tied >= 1.
inline SmoothedPValue Smooth(std::int64_t stranger, std::int64_t tied, std::int64_t total, double u) {
  const double n = static_cast<double>(total), t = static_cast<double>(tied);
  return {(static_cast<double>(stranger) + u * t) / n,
          (static_cast<double>(total - stranger - tied) + (1 - u) * t) / n};
}

// Uniform on the open interval (0,1).
inline double OpenUniform(CounterRng& rng) {
  const double u = rng.Uniform();
  return u > 0 ? u : 0x1.0p-54;
}

// State and p-values of one cell.
//
// Categorical: the bag is reference, earlier observed responses and the new one; `weights` are its counts.
// Every score is a function of a response's category and of the bag only, hence symmetric in the bag.
//
// Continuous: m reference scores cut the line into m + 1 gaps. Under exchangeability the gap of the next
// response, given the gaps of the earlier ones, is Polya's urn: P(gap g) = (1 + n_g) / (m + 1 + n), whatever
// the distribution. Bins merge gaps, so that `weights` start as gaps per bin and P(bin b) = weight_b / total
// exactly. Bins cut at the reference's own quantiles and treated as categories would not be exact. Ties
// are broken at random once per reference value and once per response.
class ConformalCellState {
 public:
  [[nodiscard]] static absl::StatusOr<ConformalCellState> Categorical(const ConformalCell& cell,
                                                                      const std::string& name) {
    ConformalCellState state;
    PINCHBECK_ASSIGN_OR_RETURN(state.reference_total_,
                               CheckedTotal(cell.reference_counts, name + ".reference_counts"));
    state.total_ = state.reference_total_;
    state.categorical_ = true;
    state.open_ = cell.open;
    state.weights_ = cell.reference_counts;
    for (std::size_t j = 0; j < cell.alternative_counts.size(); ++j) {
      const std::vector<std::int64_t>& counts = cell.alternative_counts[j];
      const std::string label = name + ".alternative_counts[" + std::to_string(j) + "]";
      if (!counts.empty()) {
        if (counts.size() != cell.reference_counts.size()) {
          return absl::InvalidArgumentError(
              label + " has " + std::to_string(counts.size()) + " categories but the reference has " +
              std::to_string(cell.reference_counts.size()) + "; count both on the same categories");
        }
        if (absl::Status status = CheckedTotal(counts, label).status(); !status.ok()) return status;
      }
      std::vector<double> mass;
      for (const std::int64_t count : counts) mass.push_back(static_cast<double>(count) + kPriorCount);
      state.alternative_mass_.push_back(mass);
    }
    if (!cell.held_out_counts.empty()) {
      if (cell.held_out_counts.size() != cell.reference_counts.size()) {
        return absl::InvalidArgumentError(
            name + ".held_out_counts has " + std::to_string(cell.held_out_counts.size()) +
            " categories but the reference has " + std::to_string(cell.reference_counts.size()) +
            "; count both on the same categories");
      }
      const absl::Status status = CheckedTotal(cell.held_out_counts, name + ".held_out_counts").status();
      if (!status.ok()) return status;
      for (const std::int64_t count : cell.held_out_counts) {
        state.held_out_mass_.push_back(static_cast<double>(count) + kPriorCount);
      }
    }
    state.reference_weights_ = state.weights_;
    state.RefreshScores();
    return state;
  }

  [[nodiscard]] static absl::StatusOr<ConformalCellState> Continuous(const ConformalCell& cell,
                                                                     const std::string& name,
                                                                     std::int64_t bins, CounterRng rng) {
    const absl::Status status = CheckSample(cell.reference_scores, (name + ".reference_scores").c_str());
    if (!status.ok()) return status;
    std::vector<Edge> sorted;
    for (const double score : cell.reference_scores) sorted.push_back({score, 0});
    std::sort(sorted.begin(), sorted.end());
    // Drawn in sorted order, so that the input's order does not matter.
    for (Edge& edge : sorted) edge.tie_breaker = OpenUniform(rng);
    std::sort(sorted.begin(), sorted.end());
    ConformalCellState state;
    const auto gaps = static_cast<std::int64_t>(sorted.size()) + 1;
    const std::int64_t count = std::min(bins, gaps);
    // First gap of bin b. Split into quotient and remainder against overflow.
    const auto begin = [&](std::int64_t b) { return gaps / count * b + gaps % count * b / count; };
    for (std::int64_t b = 0; b < count; ++b) {
      state.weights_.push_back(begin(b + 1) - begin(b));
      if (b > 0) state.edges_.push_back(sorted[static_cast<std::size_t>(begin(b) - 1)]);
    }
    state.reference_total_ = state.total_ = gaps;
    state.reference_weights_ = state.weights_;
    return state;
  }

  [[nodiscard]] bool categorical() const { return categorical_; }
  [[nodiscard]] bool open() const { return open_; }
  [[nodiscard]] std::span<const std::int64_t> weights() const { return weights_; }
  [[nodiscard]] std::int64_t observed() const { return total_ - reference_total_; }
  [[nodiscard]] bool HasAlternative(std::size_t j) const {
    return j < alternative_mass_.size() && !alternative_mass_[j].empty();
  }

  [[nodiscard]] bool HasHeldOut() const { return !held_out_mass_.empty(); }

  // Replaces the weights by stored ones; false when they cannot have grown from this cell's reference.
  [[nodiscard]] bool SetWeights(std::span<const std::int64_t> weights) {
    const std::size_t known = reference_weights_.size();
    if (weights.size() < known || (weights.size() > known && !open_)) return false;
    std::int64_t total = 0;
    for (std::size_t k = 0; k < weights.size(); ++k) {
      // A category that the stream founded has at least its founder.
      const std::int64_t least = k < known ? reference_weights_[k] : 1;
      if (weights[k] < least || weights[k] > kLargestCount - total) return false;
      total += weights[k];
    }
    weights_.assign(weights.begin(), weights.end());
    total_ = total;
    for (std::vector<double>& mass : alternative_mass_) {
      if (!mass.empty()) mass.resize(known);
      if (!mass.empty()) mass.resize(weights_.size(), kPriorCount);
    }
    if (HasHeldOut()) {
      held_out_mass_.resize(known);
      held_out_mass_.resize(weights_.size(), kPriorCount);
    }
    if (categorical_) RefreshScores();
    return true;
  }

  // Puts a response into its category (an index equal to the number of categories founds one) or bin.
  void Add(std::size_t k) {
    if (k == weights_.size()) {
      weights_.push_back(0);
      if (HasHeldOut()) held_out_mass_.push_back(kPriorCount);
      for (std::size_t j = 0; j < alternative_mass_.size(); ++j) {
        if (alternative_mass_[j].empty()) continue;
        alternative_mass_[j].push_back(kPriorCount);
        scores_[j].push_back(0);
      }
    }
    ++weights_[k];
    ++total_;
    for (std::size_t j = 0; j < scores_.size(); ++j) {
      if (!scores_[j].empty()) scores_[j][k] = alternative_mass_[j][k] / static_cast<double>(weights_[k]);
    }
  }

  // After Add(k): a response is strange when its category is rare in the bag.
  [[nodiscard]] SmoothedPValue FrequencyPValue(std::size_t k, double u) const {
    const std::int64_t own = weights_[k];
    std::int64_t stranger = 0, tied = 0;
    for (const std::int64_t weight : weights_) {
      stranger += weight * static_cast<std::int64_t>(weight < own);
      tied += weight * static_cast<std::int64_t>(weight == own);
    }
    return Smooth(stranger, tied, total_, u);
  }

  // After Add(k): a response is strange when alternative j gives it often, measured by the bag.
  [[nodiscard]] SmoothedPValue AlternativePValue(std::size_t j, std::size_t k, double u) const {
    const std::vector<double>& scores = scores_[j];
    const double own = scores[k];
    std::int64_t stranger = 0, tied = 0;
    for (std::size_t c = 0; c < scores.size(); ++c) {
      stranger += weights_[c] * static_cast<std::int64_t>(scores[c] > own);
      tied += weights_[c] * static_cast<std::int64_t>(scores[c] == own);
    }
    return Smooth(stranger, tied, total_, u);
  }

  // After Add(k): a response is strange when the bag holds its category more often than the held-out part
  // does.
  [[nodiscard]] SmoothedPValue ExcessPValue(std::size_t k, double u) const {
    const double own_weight = static_cast<double>(weights_[k]), own_mass = held_out_mass_[k];
    std::int64_t stranger = 0, tied = 0;
    for (std::size_t c = 0; c < weights_.size(); ++c) {
      // weight_c / mass_c against weight_k / mass_k; these products are exact, so that ties are ties.
      const double left = static_cast<double>(weights_[c]) * own_mass, right = own_weight * held_out_mass_[c];
      stranger += weights_[c] * static_cast<std::int64_t>(left > right);
      tied += weights_[c] * static_cast<std::int64_t>(left == right);
    }
    return Smooth(stranger, tied, total_, u);
  }

  [[nodiscard]] std::size_t BinOf(double score, double tie_breaker) const {
    const Edge response{score, tie_breaker};
    return static_cast<std::size_t>(std::lower_bound(edges_.begin(), edges_.end(), response) -
                                    edges_.begin());
  }

  // Before Add(b): large scores are strange.
  [[nodiscard]] SmoothedPValue OrderPValue(std::size_t b, double u) const {
    std::int64_t stranger = 0;
    for (std::size_t c = b + 1; c < weights_.size(); ++c) stranger += weights_[c];
    return Smooth(stranger, weights_[b], total_, u);
  }

  // Before Add(b): scores in the outer bins, on either side, are strange.
  [[nodiscard]] SmoothedPValue OuterPValue(std::size_t b, double u) const {
    const std::size_t low = std::min(b, weights_.size() - 1 - b), high = weights_.size() - 1 - low;
    const std::int64_t tied = weights_[low] + (high > low ? weights_[high] : 0);
    std::int64_t stranger = 0;
    for (std::size_t c = 0; c < low; ++c) stranger += weights_[c] + weights_[weights_.size() - 1 - c];
    return Smooth(stranger, tied, total_, u);
  }

 private:
  // A reference score with its tie breaker; compared in that order.
  struct Edge {
    double value;
    double tie_breaker;
    bool operator<(const Edge& other) const {
      return value < other.value || (value == other.value && tie_breaker < other.tie_breaker);
    }
  };

  // Added to an alternative's counts, so that answers it never gave still have a chance.
  static constexpr double kPriorCount = 0.5;

  void RefreshScores() {
    scores_.assign(alternative_mass_.size(), {});
    for (std::size_t j = 0; j < scores_.size(); ++j) {
      for (std::size_t k = 0; k < alternative_mass_[j].size(); ++k) {
        // An empty category carries no weight, so its score is never looked at.
        const double weight = static_cast<double>(std::max<std::int64_t>(weights_[k], 1));
        scores_[j].push_back(alternative_mass_[j][k] / weight);
      }
    }
  }

  bool categorical_ = false;
  bool open_ = false;
  std::int64_t reference_total_ = 0;
  std::int64_t total_ = 0;
  std::vector<std::int64_t> reference_weights_;
  std::vector<std::int64_t> weights_;
  std::vector<double> held_out_mass_;
  std::vector<std::vector<double>> alternative_mass_;
  std::vector<std::vector<double>> scores_;
  std::vector<Edge> edges_;
};

}  // namespace internal
}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_CONFORMAL_CELL_H_
