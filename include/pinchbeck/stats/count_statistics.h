// Statistics of contingency tables (cells) that are sums over categories, evaluated by table look-up.
//
// A category with c pooled answers of which y are observed contributes f(y), and y only takes values 0 .. c,
// so all contributions of a cell are tabulated once and a relabeling costs one addition per statistic and
// category that has observed answers. Sums of the same table entries in the same order are equal to the last
// bit, so ties are exact.
#ifndef PINCHBECK_STATS_COUNT_STATISTICS_H_
#define PINCHBECK_STATS_COUNT_STATISTICS_H_

#include <Eigen/Core>
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
#include "pinchbeck/stats/hypergeometric.h"
#include "pinchbeck/stats/permutation.h"

namespace pinchbeck::stats {

// One cell: counts per category on both sides. Items are the answers, reference first, categories in order.
class CountCell {
 public:
  // Counts of 0 or more, one per category on both sides. Mistakes leave the cell empty and are told by
  // status(), which the tests below return.
  CountCell(std::span<const std::int64_t> reference, std::span<const std::int64_t> observed)
      : status_(Check(reference, observed)) {
    offsets_.resize(1, 0);
    if (!status_.ok()) return;
    for (std::size_t k = 0; k < reference.size(); ++k) {
      category_.insert(category_.end(), static_cast<std::size_t>(reference[k]),
                       static_cast<std::uint32_t>(k));
      stratum_.n_reference += reference[k];
      pooled_.push_back(reference[k] + observed[k]);
      observed_.push_back(static_cast<std::uint32_t>(observed[k]));
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

  // InvalidArgument: sides of different length, a negative count, or more than 2^27 answers on a side.
  [[nodiscard]] const absl::Status& status() const { return status_; }
  [[nodiscard]] const Stratum& stratum() const { return stratum_; }
  [[nodiscard]] std::span<const std::int64_t> pooled() const { return pooled_; }
  // Observed counts of the labeling as it came.
  [[nodiscard]] std::span<const std::uint32_t> observed() const { return observed_; }
  [[nodiscard]] Eigen::Index statistics() const { return none_observed_.size(); }

  // Adds a statistic: contribution(category, reference count, observed count).
  void AddStatistic(const std::function<double(std::size_t, std::int64_t, std::int64_t)>& contribution) {
    const Eigen::Index row = statistics();
    table_.conservativeResize(row + 1, static_cast<Eigen::Index>(offsets_.back()));
    none_observed_.conservativeResize(row + 1);
    none_observed_(row) = 0;
    for (std::size_t k = 0; k < pooled_.size(); ++k) {
      const double at_zero = contribution(k, pooled_[k], 0);
      none_observed_(row) += at_zero;
      for (std::int64_t y = 0; y <= pooled_[k]; ++y) {
        const auto column = static_cast<Eigen::Index>(offsets_[k]) + y;
        table_(row, column) = y == 0 ? 0 : contribution(k, pooled_[k] - y, y) - at_zero;
      }
    }
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

  // Adds every statistic to its entry of `sums`, for the given observed count of each category.
  void AddTo(std::span<const std::uint32_t> observed, double* sums) const {
    const auto rows = static_cast<std::size_t>(statistics());
    for (std::size_t i = 0; i < rows; ++i) sums[i] += none_observed_(static_cast<Eigen::Index>(i));
    const double* table = table_.data();
    for (std::size_t k = 0; k < observed.size(); ++k) {
      const double* entry = table + (offsets_[k] + observed[k]) * rows;
      if (rows == 1) {
        *sums += *entry;
      } else if (observed[k] != 0) {
        for (std::size_t i = 0; i < rows; ++i) sums[i] += entry[i];
      }
    }
  }

  // The same for labels of the items, one relabeling a column.
  void Accumulate(const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) const {
    std::vector<std::uint32_t> observed(pooled_.size());
    for (Eigen::Index b = 0; b < labels.cols(); ++b) {
      CountLabels({labels.col(b).data(), category_.size()}, observed);
      AddTo(observed, out.col(b).data());
    }
  }

  void CountLabels(std::span<const std::uint8_t> labels, std::span<std::uint32_t> observed) const {
    std::fill(observed.begin(), observed.end(), 0u);
    for (std::size_t i = 0; i < category_.size(); ++i) observed[category_[i]] += labels[i];
  }

 private:
  static absl::Status Check(std::span<const std::int64_t> reference, std::span<const std::int64_t> observed) {
    if (reference.size() != observed.size()) {
      return absl::InvalidArgumentError("cell: the reference has " + std::to_string(reference.size()) +
                                        " categories and the observed " + std::to_string(observed.size()) +
                                        "; give both sides the same categories in the same order");
    }
    for (const auto side : {reference, observed}) {
      std::int64_t total = 0;
      for (const std::int64_t count : side) {
        if (count < 0 || count > internal::kMaxSideItems - total) {
          return absl::InvalidArgumentError("cell: a category has " + std::to_string(count) +
                                            " answers; counts must be 0 or more and add up to at most 2^27");
        }
        total += count;
      }
    }
    return absl::OkStatus();
  }

  absl::Status status_;
  Stratum stratum_;
  std::vector<std::int64_t> pooled_;
  std::vector<std::uint32_t> observed_;
  std::vector<std::uint32_t> category_;
  std::vector<std::size_t> offsets_;
  // Statistics x (category, observed count): what the statistic changes by against no observed answers.
  Eigen::MatrixXd table_;
  Eigen::VectorXd none_observed_;
};

namespace internal {

inline std::vector<Stratum> StrataOf(std::span<const CountCell> cells) {
  std::vector<Stratum> strata;
  for (const CountCell& cell : cells) strata.push_back(cell.stratum());
  return strata;
}

[[nodiscard]] inline absl::Status CheckCells(std::span<const CountCell> cells) {
  if (cells.empty()) return absl::InvalidArgumentError("permutation test: no cell has answers on both sides");
  for (const CountCell& cell : cells) {
    PINCHBECK_RETURN_IF_ERROR(cell.status());
    if (cell.statistics() < 1 || cell.statistics() != cells[0].statistics()) {
      return absl::InvalidArgumentError(
          "permutation test: every cell needs the same number of statistics, at least one");
    }
  }
  return absl::OkStatus();
}

// Statistics summed over cells, their relabeled counts drawn directly.
inline EvaluateColumns ThroughCounts(const RelabelingPlan& plan, std::span<const CountCell> cells,
                                     std::span<const MultivariateHypergeometric> draws) {
  return [&plan, cells, draws](std::int64_t first, Eigen::Ref<Eigen::MatrixXd> out) {
    std::vector<std::uint32_t> counts, scratch;
    const auto columns = static_cast<std::size_t>(out.cols());
    for (std::size_t s = 0; s < cells.size(); ++s) {
      const std::size_t categories = draws[s].categories();
      counts.resize(categories * columns);
      draws[s].Draw(MixSeed(plan.seed(), s), static_cast<std::uint64_t>(first), columns, scratch, counts);
      if (first == 0) std::copy(cells[s].observed().begin(), cells[s].observed().end(), counts.begin());
      for (std::size_t c = 0; c < columns; ++c) {
        cells[s].AddTo({counts.data() + c * categories, categories},
                       out.col(static_cast<Eigen::Index>(c)).data());
      }
    }
  };
}

// Few relabelings are enumerated item by item, so that p-values are exact.
inline Accumulate ThroughItems(std::span<const CountCell> cells) {
  return [cells](std::size_t s, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
    cells[s].Accumulate(labels, out);
  };
}

// Calls run(plan, components, evaluate) for the statistics of `cells`.
template <class Result, class Run>
absl::StatusOr<Result> OverCells(std::span<const CountCell> cells, const PermutationOptions& options,
                                 Run run) {
  PINCHBECK_RETURN_IF_ERROR(CheckCells(cells));
  PINCHBECK_ASSIGN_OR_RETURN(const RelabelingPlan plan, RelabelingPlan::Make(StrataOf(cells), options));
  const auto components = static_cast<std::int64_t>(cells[0].statistics());
  if (plan.exact()) {
    const Accumulate accumulate = ThroughItems(cells);
    return run(plan, components, FromLabels(plan, accumulate));
  }
  std::vector<MultivariateHypergeometric> draws;
  for (const CountCell& cell : cells) {
    PINCHBECK_ASSIGN_OR_RETURN(MultivariateHypergeometric draw,
                               MultivariateHypergeometric::Make(cell.pooled(), cell.stratum().n_observed));
    draws.push_back(std::move(draw));
  }
  return run(plan, components, ThroughCounts(plan, cells, draws));
}

}  // namespace internal

// EvaluateRelabelings (permutation.h) for count statistics summed over cells: the relabeled counts of a cell
// are drawn from the multivariate hypergeometric distribution, its items are never shuffled. All cells hold
// the same statistics in the same order.
[[nodiscard]] inline absl::StatusOr<PermutationTable> EvaluateCountRelabelings(
    std::span<const CountCell> cells, const PermutationOptions& options = {}) {
  return internal::OverCells<PermutationTable>(
      cells, options,
      [&](const RelabelingPlan& plan, std::int64_t components, const internal::EvaluateColumns& evaluate) {
        return internal::FillTable(plan, components, evaluate, options.threads);
      });
}

// PermutationTest (permutation_test.h) for count statistics summed over cells, drawn in the same way.
[[nodiscard]] inline absl::StatusOr<PermutationTestResult> CountPermutationTest(
    std::span<const CountCell> cells, const PermutationOptions& options = {}) {
  return internal::OverCells<PermutationTestResult>(
      cells, options,
      [&](const RelabelingPlan& plan, std::int64_t components, const internal::EvaluateColumns& evaluate) {
        return internal::StreamedTest(plan, components, evaluate, options).Run();
      });
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_COUNT_STATISTICS_H_
