// Null distributions of the two-sample Cramer-von Mises statistic: exact and limiting.
#ifndef PINCHBECK_STATS_CRAMER_VON_MISES_DISTRIBUTION_H_
#define PINCHBECK_STATS_CRAMER_VON_MISES_DISTRIBUTION_H_

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <numeric>
#include <vector>

#include "pinchbeck/stats/quadratic_form_tail.h"
#include "pinchbeck/stats/tie_groups.h"

namespace pinchbeck::stats {

// P(W >= x) of the limit W = integral of a squared Brownian bridge = sum_k Z_k^2 / (k pi)^2, whose moment
// generating function is (sqrt(2 s) / sin sqrt(2 s))^(1/2).
//
// 1 for x <= 0; NaN for NaN; below 1e-308 the result fades to 0.
// Accuracy: 1e-12 relative down to 1e-280, against Smirnov's integral in 40 digits (tests/golden/ecdf.json).
// Reference: Anderson & Darling 1952, doi:10.1214/aoms/1177729437, give a series of Bessel functions for the
// lower tail; this inverts the moment generating function, which keeps the upper tail.
[[nodiscard]] inline double CramerVonMisesUpperTail(double x) {
  // log sin w = -i w + log(1 - exp(2 i w)) + log(i / 2) is continuous where Im w >= 0.
  return internal::QuadraticFormUpperTail(
      x, std::numbers::pi * std::numbers::pi / 2, [](std::complex<double> s) {
        constexpr std::complex<double> kI(0, 1);
        const std::complex<double> w = std::sqrt(2.0 * s);
        const std::complex<double> log_sine =
            -kI * w + std::log(1.0 - std::exp(2.0 * kI * w)) + std::log(0.5 * kI);
        return 0.5 * (std::log(w) - log_sine);
      });
}

namespace internal {

// Exact null distribution of the midrank Cramer-von Mises statistic, given the ties.
//
// Over all equally likely labelings, the integer
//
//   V = sum over tie groups of 3 t (2 mid-gap)^2 + (N / gcd)^2 (a^3 - a + b^3 - b)
//
// is a sum along a lattice path. Its chance to reach a threshold is found group by group: for each number of
// reference items so far, the probability of every value of V. Values are kept as excess over the smallest
// one the rest of the path allows, divided by the common divisor of all steps; once the threshold is certain
// the probability is banked, once it is out of reach it is dropped. Probabilities are only added, so small
// tails keep their relative accuracy. The counting idea is Anderson's (1962), the algorithm for unequal sizes
// that of Xiao, Gordon & Yakovlev (2007); ties and the two-sided pruning are added here.
class CramerVonMisesNull {
 public:
  // Largest number of pooled values; above it the table of path costs alone becomes too large.
  static constexpr std::int64_t kMaxSize = 400;

  // Requires merged.size() <= kMaxSize. O(N m).
  explicit CramerVonMisesNull(const TieGroups& merged)
      : groups_(merged.groups),
        m_(merged.n_reference),
        n_(merged.n_observed),
        up_(merged.reference_step()),
        down_(merged.observed_step()),
        tie_weight_((up_ + down_) * (up_ + down_)) {
    starts_.push_back(0);
    for (const TieGroup& group : groups_) starts_.push_back(starts_.back() + group.size());
    rest_.resize(starts_.size());
    rest_.back().assign(1, {0, 0});
    for (std::size_t g = groups_.size(); g-- > 0;) FillRest(g);
    for (std::size_t g = 0; g < groups_.size(); ++g) MeasureSteps(g);
  }

  // Additions that any threshold can need, at most: depends on the sizes and ties only, so that choosing the
  // exact method by it does not look at the statistic.
  [[nodiscard]] double work() const { return work_; }

  // P(V >= threshold).
  [[nodiscard]] double UpperTail(std::int64_t threshold) const {
    const std::int64_t excess = threshold - rest_[0][0].low;
    if (excess <= 0) return 1;
    const std::int64_t target = (excess + divisor_ - 1) / divisor_;
    double reached = 0;
    std::vector<Cell> cells(1), next;
    cells[0].mass = {1.0};
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      next.assign(rest_[g + 1].size(), Cell{});
      for (std::size_t k = 0; k < next.size(); ++k) {
        next[k].low = std::max<std::int64_t>(0, target - rest_[g + 1][k].spread() / divisor_);
      }
      for (std::size_t k = 0; k < cells.size(); ++k) reached += Advance(g, k, target, cells[k], next);
      cells.swap(next);
    }
    return std::clamp(reached, std::numeric_limits<double>::min(), 1.0);
  }

 private:
  // Smallest and largest cost of the rest of a path.
  struct Range {
    std::int64_t low = 0;
    std::int64_t high = 0;
    [[nodiscard]] std::int64_t spread() const { return high - low; }
  };
  // Probabilities of the excess values low, low + 1, ...
  struct Cell {
    std::int64_t low = 0;
    std::vector<double> mass;
  };

  // A cell of group g is a number of reference items before the group: First(g), First(g) + 1, ...
  [[nodiscard]] std::int64_t First(std::size_t g) const { return std::max<std::int64_t>(0, starts_[g] - n_); }
  [[nodiscard]] std::int64_t Last(std::size_t g) const { return std::min(m_, starts_[g]); }
  // Fewest and most reference items that group g can take after i of them.
  [[nodiscard]] std::int64_t Fewest(std::size_t g, std::int64_t i) const {
    return std::max<std::int64_t>(0, First(g + 1) - i);
  }
  [[nodiscard]] std::int64_t Most(std::size_t g, std::int64_t i) const {
    return std::min<std::int64_t>(groups_[g].size(), m_ - i);
  }

  [[nodiscard]] std::int64_t Cost(std::size_t g, std::int64_t i, std::int64_t a) const {
    const std::int64_t size = groups_[g].size(), b = size - a;
    const std::int64_t mid_gap = up_ * (2 * i + a) - down_ * (2 * (starts_[g] - i) + b);
    return 3 * size * mid_gap * mid_gap + tie_weight_ * ((a * a - 1) * a + (b * b - 1) * b);
  }

  void FillRest(std::size_t g) {
    for (std::int64_t i = First(g); i <= Last(g); ++i) {
      Range range{std::numeric_limits<std::int64_t>::max(), 0};
      for (std::int64_t a = Fewest(g, i); a <= Most(g, i); ++a) {
        const Range& rest = rest_[g + 1][static_cast<std::size_t>(i + a - First(g + 1))];
        range.low = std::min(range.low, Cost(g, i, a) + rest.low);
        range.high = std::max(range.high, Cost(g, i, a) + rest.high);
      }
      rest_[g].push_back(range);
    }
  }

  // What a step adds to the excess.
  [[nodiscard]] std::int64_t Step(std::size_t g, std::int64_t i, std::int64_t a) const {
    return Cost(g, i, a) + rest_[g + 1][static_cast<std::size_t>(i + a - First(g + 1))].low -
           rest_[g][static_cast<std::size_t>(i - First(g))].low;
  }

  void MeasureSteps(std::size_t g) {
    for (std::int64_t i = First(g); i <= Last(g); ++i) {
      for (std::int64_t a = Fewest(g, i); a <= Most(g, i); ++a) common_ = std::gcd(common_, Step(g, i, a));
    }
    if (g + 1 < groups_.size()) return;
    divisor_ = std::max<std::int64_t>(1, common_);
    for (std::size_t h = 0; h < groups_.size(); ++h) {
      for (std::int64_t i = First(h); i <= Last(h); ++i) {
        const std::int64_t spread = rest_[h][static_cast<std::size_t>(i - First(h))].spread();
        const std::int64_t steps = 1 + spread / divisor_;
        work_ += static_cast<double>(Most(h, i) - Fewest(h, i) + 1) * static_cast<double>(steps);
      }
    }
  }

  // Moves one cell's mass through group g; returns the probability that is now certain to reach the target.
  [[nodiscard]] double Advance(std::size_t g, std::size_t k, std::int64_t target, const Cell& cell,
                               std::vector<Cell>& next) const {
    if (cell.mass.empty()) return 0;
    const std::int64_t i = First(g) + static_cast<std::int64_t>(k);
    double reached = 0, chance = FirstChance(g, i);
    for (std::int64_t a = Fewest(g, i); a <= Most(g, i); ++a) {
      Cell& to = next[static_cast<std::size_t>(i + a - First(g + 1))];
      const std::int64_t shift = Step(g, i, a) / divisor_;
      // Indices into cell.mass: from `begin` the target is still within reach, from `end` it is certain.
      const std::int64_t size = static_cast<std::int64_t>(cell.mass.size());
      const std::int64_t begin = std::clamp<std::int64_t>(to.low - shift - cell.low, 0, size);
      const std::int64_t end = std::clamp<std::int64_t>(target - shift - cell.low, begin, size);
      const std::int64_t offset = cell.low + shift - to.low;
      if (end > begin && static_cast<std::int64_t>(to.mass.size()) < end + offset) {
        to.mass.resize(static_cast<std::size_t>(end + offset), 0.0);
      }
      const double* const from = cell.mass.data();
      if (end > begin) {
        double* const into = to.mass.data() + offset;
        for (std::int64_t v = begin; v < end; ++v) into[v] += chance * from[v];
      }
      double certain = 0;
      for (std::int64_t v = end; v < size; ++v) certain += from[v];
      reached += chance * certain;
      chance *= NextChanceRatio(g, i, a);
    }
    return reached;
  }

  // Chance that the next t of r reference and o observed items hold a reference ones, for the fewest possible
  // a: either none, or all o observed items are among them.
  [[nodiscard]] double FirstChance(std::size_t g, std::int64_t i) const {
    const std::int64_t r = m_ - i, o = n_ - (starts_[g] - i), t = groups_[g].size();
    double chance = 1;
    if (t <= o) {
      for (std::int64_t k = 0; k < t; ++k)
        chance *= static_cast<double>(o - k) / static_cast<double>(r + o - k);
    } else {
      for (std::int64_t k = 0; k < r + o - t; ++k) {
        chance *= static_cast<double>(r - k) / static_cast<double>(r + o - k);
      }
    }
    return chance;
  }
  [[nodiscard]] double NextChanceRatio(std::size_t g, std::int64_t i, std::int64_t a) const {
    const std::int64_t r = m_ - i, o = n_ - (starts_[g] - i), t = groups_[g].size();
    return static_cast<double>((r - a) * (t - a)) / static_cast<double>((a + 1) * (o - t + a + 1));
  }

  std::vector<TieGroup> groups_;
  std::int64_t m_, n_, up_, down_, tie_weight_;
  std::vector<std::int64_t> starts_;
  std::vector<std::vector<Range>> rest_;
  std::int64_t common_ = 0;
  std::int64_t divisor_ = 1;
  double work_ = 0;
};

}  // namespace internal
}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_CRAMER_VON_MISES_DISTRIBUTION_H_
