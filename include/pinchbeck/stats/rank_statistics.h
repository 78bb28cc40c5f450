// Rank statistics of one stratum under relabelings: van Elteren's rank sum and Anderson-Darling with ties.
#ifndef PINCHBECK_STATS_RANK_STATISTICS_H_
#define PINCHBECK_STATS_RANK_STATISTICS_H_

#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "pinchbeck/stats/permutation.h"

namespace pinchbeck::stats {

// Pooled values of one stratum, sorted once; every relabeling then costs O(n).
class RankedStratum {
 public:
  // `values`: reference first, then observed; finite.
  explicit RankedStratum(std::span<const double> values) : order_(values.size()), ranks_(values.size()) {
    std::iota(order_.begin(), order_.end(), 0u);
    std::sort(order_.begin(), order_.end(), [&](auto a, auto b) { return values[a] < values[b]; });
    for (std::size_t begin = 0; begin < order_.size();) {
      std::size_t end = begin + 1;
      while (end < order_.size() && values[order_[end]] == values[order_[begin]]) ++end;
      const double midrank = 0.5 * static_cast<double>(begin + 1 + end);
      for (std::size_t i = begin; i < end; ++i) ranks_[order_[i]] = midrank;
      group_ends_.push_back(end);
      begin = end;
    }
  }

  // Wilcoxon's sum of the observed items' midranks minus its null mean, divided by N + 1: summed over strata
  // this is van Elteren's statistic (van Elteren 1960, Bulletin of the ISI 37, 351-361). Positive: observed
  // values are larger.
  void AccumulateRankSum(const LabelMatrix& labels, Eigen::Ref<Eigen::RowVectorXd> out) const {
    const double n = static_cast<double>(ranks_.size());
    for (Eigen::Index b = 0; b < labels.cols(); ++b) {
      double sum = 0;
      std::int64_t observed = 0;
      for (std::size_t i = 0; i < ranks_.size(); ++i) {
        if (labels(static_cast<Eigen::Index>(i), b) != 0) {
          sum += ranks_[i];
          ++observed;
        }
      }
      out(b) += (sum - 0.5 * static_cast<double>(observed) * (n + 1)) / (n + 1);
    }
  }

  // Two-sample Anderson-Darling statistic with midranks:
  //   A2 = (N-1)/N sum_i 1/n_i sum_j (l_j/N) (N M_ij - n_i B_j)^2 / (B_j (N - B_j) - N l_j / 4)
  // over distinct values j with l_j ties (Scholz & Stephens 1987, doi:10.1080/01621459.1987.10478517). Strata
  // in which all values are equal contribute 0.
  void AccumulateAndersonDarling(const LabelMatrix& labels, Eigen::Ref<Eigen::RowVectorXd> out) const {
    if (group_ends_.size() < 2) return;
    const double n = static_cast<double>(order_.size());
    for (Eigen::Index b = 0; b < labels.cols(); ++b) {
      double observed_total = 0;
      for (std::size_t i = 0; i < order_.size(); ++i)
        observed_total += labels(static_cast<Eigen::Index>(i), b);
      const double reference_total = n - observed_total;
      double sum = 0, below = 0, observed_below = 0;
      std::size_t begin = 0;
      for (const std::size_t end : group_ends_) {
        double tied_observed = 0;
        for (std::size_t i = begin; i < end; ++i) tied_observed += labels(order_[i], b);
        const double tied = static_cast<double>(end - begin);
        const double middle = below + tied / 2;
        const double observed_middle = observed_below + tied_observed / 2;
        // N M - n B is the same number with opposite signs for the two samples.
        const double gap = n * observed_middle - observed_total * middle;
        const double denominator = middle * (n - middle) - n * tied / 4;
        if (denominator > 0) sum += tied / n * gap * gap / denominator;
        below += tied;
        observed_below += tied_observed;
        begin = end;
      }
      out(b) += (n - 1) / n * sum * (1 / observed_total + 1 / reference_total);
    }
  }

  // P(observed > reference) - P(observed < reference) of the observed labeling: Cliff's delta in [-1, 1].
  [[nodiscard]] double CliffDelta(const Stratum& stratum) const {
    double sum = 0;
    for (std::int64_t i = stratum.n_reference; i < stratum.size(); ++i)
      sum += ranks_[static_cast<std::size_t>(i)];
    const double m = static_cast<double>(stratum.n_reference), k = static_cast<double>(stratum.n_observed);
    return (sum - k * (k + 1) / 2) / (m * k) * 2 - 1;
  }

 private:
  std::vector<std::uint32_t> order_;
  std::vector<double> ranks_;
  std::vector<std::size_t> group_ends_;
};

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_RANK_STATISTICS_H_
