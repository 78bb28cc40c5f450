// Statistics of one contingency table (cell) that are sums over categories, evaluated by table look-up.
//
// A category with c pooled answers of which x are the reference's contributes f(x), and x only takes values 0
// .. c, so all contributions of a cell are tabulated once and a relabeling costs one addition per category.
// Sums of the same table entries in the same order are equal to the last bit, so ties are exact.
#ifndef PINCHBECK_STATS_COUNT_STATISTICS_H_
#define PINCHBECK_STATS_COUNT_STATISTICS_H_

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "pinchbeck/stats/permutation.h"

namespace pinchbeck::stats {

// One cell: counts per category on both sides. Items are the answers, reference first, categories in order.
class CountCell {
 public:
  CountCell(std::span<const std::int64_t> reference, std::span<const std::int64_t> observed) {
    for (std::size_t k = 0; k < reference.size(); ++k) {
      category_.insert(category_.end(), static_cast<std::size_t>(reference[k]),
                       static_cast<std::uint32_t>(k));
      stratum_.n_reference += reference[k];
      pooled_.push_back(reference[k] + observed[k]);
    }
    for (std::size_t k = 0; k < observed.size(); ++k) {
      category_.insert(category_.end(), static_cast<std::size_t>(observed[k]), static_cast<std::uint32_t>(k));
      stratum_.n_observed += observed[k];
    }
    offsets_.resize(pooled_.size() + 1, 0);
    for (std::size_t k = 0; k < pooled_.size(); ++k) {
      offsets_[k + 1] = offsets_[k] + static_cast<std::size_t>(pooled_[k]) + 1;
    }
  }

  [[nodiscard]] const Stratum& stratum() const { return stratum_; }
  [[nodiscard]] std::span<const std::int64_t> pooled() const { return pooled_; }

  // Adds a statistic: contribution(category, reference count, observed count).
  void AddStatistic(const std::function<double(std::size_t, std::int64_t, std::int64_t)>& contribution) {
    std::vector<double> table(offsets_.back());
    for (std::size_t k = 0; k < pooled_.size(); ++k) {
      for (std::int64_t y = 0; y <= pooled_[k]; ++y) {
        table[offsets_[k] + static_cast<std::size_t>(y)] = contribution(k, pooled_[k] - y, y);
      }
    }
    tables_.push_back(std::move(table));
  }

  // Adds the Jensen-Shannon divergence in bits times `weight`:
  //   JSD = H((P+Q)/2) - (H(P) + H(Q)) / 2 with P, Q the two empirical distributions.
  void AddJensenShannon(double weight) {
    const double m = static_cast<double>(stratum_.n_reference), n = static_cast<double>(stratum_.n_observed);
    auto entropy_term = [](double p) { return p > 0 ? p * std::log2(p) : 0.0; };
    AddStatistic([=](std::size_t, std::int64_t x, std::int64_t y) {
      const double p = static_cast<double>(x) / m, q = static_cast<double>(y) / n;
      return weight * (0.5 * entropy_term(p) + 0.5 * entropy_term(q) - entropy_term(0.5 * (p + q)));
    });
  }

  // Adds every statistic of the cell to its row of `out`.
  void Accumulate(const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) const {
    std::vector<std::uint32_t> observed(pooled_.size());
    for (Eigen::Index b = 0; b < labels.cols(); ++b) {
      std::fill(observed.begin(), observed.end(), 0u);
      const std::uint8_t* label = labels.col(b).data();
      for (std::size_t i = 0; i < category_.size(); ++i) observed[category_[i]] += label[i];
      for (std::size_t t = 0; t < tables_.size(); ++t) {
        double sum = 0;
        for (std::size_t k = 0; k < observed.size(); ++k) sum += tables_[t][offsets_[k] + observed[k]];
        out(static_cast<Eigen::Index>(t), b) += sum;
      }
    }
  }

 private:
  Stratum stratum_;
  std::vector<std::int64_t> pooled_;
  std::vector<std::uint32_t> category_;
  std::vector<std::size_t> offsets_;
  std::vector<std::vector<double>> tables_;
};

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_COUNT_STATISTICS_H_
