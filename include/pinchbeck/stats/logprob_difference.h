// Mean log-probability difference ("LT"): do two samples report the same log-probabilities on average?
#ifndef PINCHBECK_STATS_LOGPROB_DIFFERENCE_H_
#define PINCHBECK_STATS_LOGPROB_DIFFERENCE_H_

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
#include "pinchbeck/stats/permutation.h"
#include "pinchbeck/stats/subset_sums.h"
#include "pinchbeck/stats/two_sample.h"

namespace pinchbeck::stats {

// One probe: items (answers) x tokens, natural logarithms; NaN marks a token that the answer does not report.
// Both sides have the same tokens in the same columns.
struct LogprobStratum {
  Eigen::MatrixXd reference;
  Eigen::MatrixXd observed;
};

struct LogprobDifferenceOptions {
  // Tokens compared per stratum: those with the largest pooled mean.
  std::int64_t max_tokens = 64;
  PermutationOptions permutation = {};
};

namespace internal {

// One stratum ready for relabelings.
class LogprobTable {
 public:
  // `values`: pooled items x tokens, complete.
  LogprobTable(const Eigen::MatrixXd& values, const Stratum& stratum)
      // Differences do not depend on an offset per token; taking the first item off makes identical items
      // exact.
      : LogprobTable(stratum, values.rowwise() - values.row(0).eval()) {}

  [[nodiscard]] const Stratum& stratum() const { return stratum_; }

  // Adds weight * mean over tokens of |mean observed - mean reference|, for each subset of observed items.
  void Accumulate(double weight, const RowSubsets& observed, Eigen::Ref<Eigen::MatrixXd> out) const {
    const double m = static_cast<double>(stratum_.n_reference), n = static_cast<double>(stratum_.n_observed);
    Eigen::RowVectorXd difference = Eigen::RowVectorXd::Zero(observed.count());
    SubsetSums::Buffer sums;
    for (std::int64_t t = 0; t < sums_.tiles(); ++t) {
      sums_.Sum(t, observed, sums);
      const SubsetSums::Tile total = totals_.segment<kSubsetTile>(t * kSubsetTile) / m;
      for (Eigen::Index b = 0; b < difference.size(); ++b) {
        const Eigen::Map<const SubsetSums::Tile> sum(sums.data() + b * kSubsetTile);
        difference(b) += ((1 / n + 1 / m) * sum - total).abs().sum();
      }
    }
    out.row(0) += weight / static_cast<double>(centred_.cols()) * difference;
  }

  // The same for labels of the items.
  void Accumulate(double weight, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) const {
    RowSubsets observed(stratum_.size(), labels.cols());
    for (Eigen::Index b = 0; b < labels.cols(); ++b) {
      observed.Set(
          b, std::span<const std::uint8_t>(labels.col(b).data(), static_cast<std::size_t>(labels.rows())));
    }
    Accumulate(weight, observed, out);
  }

  // Mean difference with the sampling noise taken out, token by token: the signed root of d^2 - v, where v
  // estimates the variance of the difference d of means. A side with one item borrows the other's variance.
  // Needs three items.
  [[nodiscard]] double CorrectedDifference() const {
    const double m = static_cast<double>(stratum_.n_reference), n = static_cast<double>(stratum_.n_observed);
    const auto x = centred_.topRows(stratum_.n_reference);
    const auto y = centred_.bottomRows(stratum_.n_observed);
    double sum = 0;
    for (Eigen::Index t = 0; t < centred_.cols(); ++t) {
      const double mean_x = x.col(t).mean(), mean_y = y.col(t).mean();
      double variance_x = (x.col(t).array() - mean_x).square().sum() / std::max(1.0, m - 1);
      double variance_y = (y.col(t).array() - mean_y).square().sum() / std::max(1.0, n - 1);
      if (m < 2) variance_x = variance_y;
      if (n < 2) variance_y = variance_x;
      const double d = mean_x - mean_y, square = d * d - variance_x / m - variance_y / n;
      sum += square < 0 ? -std::sqrt(-square) : std::sqrt(square);
    }
    return sum / static_cast<double>(centred_.cols());
  }

 private:
  LogprobTable(const Stratum& stratum, Eigen::MatrixXd centred)
      : stratum_(stratum),
        centred_(std::move(centred)),
        sums_(centred_),
        totals_(Eigen::ArrayXd::Zero(sums_.tiles() * kSubsetTile)) {
    totals_.head(centred_.cols()) = centred_.colwise().sum().transpose().array();
  }

  Stratum stratum_;
  Eigen::MatrixXd centred_;
  SubsetSums sums_;
  Eigen::ArrayXd totals_;
};

// Squares and sums of values up to this size stay finite.
inline constexpr double kMaxLogprobSize = 1e100;

// Smallest number of reported tokens over the rows, or an error that names the row.
inline absl::StatusOr<std::int64_t> ReportedDepth(const Eigen::MatrixXd& items, const std::string& name) {
  if (items.rows() < 1 || items.cols() < 1) {
    return absl::InvalidArgumentError(name + " is " + std::to_string(items.rows()) + " x " +
                                      std::to_string(items.cols()) +
                                      "; give at least one item (row) and one token (column)");
  }
  std::int64_t depth = items.cols();
  if (items.allFinite() && items.cwiseAbs().maxCoeff() <= kMaxLogprobSize) return depth;
  for (Eigen::Index i = 0; i < items.rows(); ++i) {
    std::int64_t reported = 0;
    for (Eigen::Index t = 0; t < items.cols(); ++t) {
      if (std::isinf(items(i, t))) {
        return absl::InvalidArgumentError(name + "(" + std::to_string(i) + ", " + std::to_string(t) +
                                          ") is infinite; mark a token that is not reported by NaN");
      }
      if (std::abs(items(i, t)) > kMaxLogprobSize) {
        return absl::InvalidArgumentError(name + "(" + std::to_string(i) + ", " + std::to_string(t) +
                                          ") is above 1e100 in size; give log-probabilities in nats");
      }
      reported += !std::isnan(items(i, t));
    }
    if (reported == 0) {
      return absl::InvalidArgumentError(name + " row " + std::to_string(i) +
                                        " is all NaN; leave out answers without log-probabilities");
    }
    depth = std::min(depth, reported);
  }
  return depth;
}

// Keeps every item's `depth` largest values, raises all others to the smallest of them, and says in which
// columns some item has a value of its own.
inline Eigen::MatrixXd RaiseUnused(const Eigen::MatrixXd& pooled, std::int64_t depth,
                                   std::vector<bool>& seen) {
  Eigen::MatrixXd all(pooled.rows(), pooled.cols());
  std::vector<double> reported;
  for (Eigen::Index i = 0; i < pooled.rows(); ++i) {
    reported.clear();
    for (Eigen::Index t = 0; t < pooled.cols(); ++t) {
      if (!std::isnan(pooled(i, t))) reported.push_back(pooled(i, t));
    }
    std::nth_element(reported.begin(), reported.begin() + (depth - 1), reported.end(), std::greater<>());
    const double smallest = reported[static_cast<std::size_t>(depth - 1)];
    for (Eigen::Index t = 0; t < pooled.cols(); ++t) {
      const bool own = pooled(i, t) >= smallest;  // false for NaN
      all(i, t) = own ? pooled(i, t) : smallest;
      if (own) seen[static_cast<std::size_t>(t)] = true;
    }
  }
  return all;
}

// The values to compare, of at most `max_tokens` columns: see LogprobDifference().
inline Eigen::MatrixXd Censor(Eigen::MatrixXd pooled, std::int64_t depth, std::int64_t max_tokens) {
  // Nothing is missing: every value is used.
  const bool complete = depth == pooled.cols();
  if (complete && depth <= max_tokens) return pooled;
  std::vector<bool> seen(static_cast<std::size_t>(pooled.cols()), complete);
  const Eigen::MatrixXd all = complete ? std::move(pooled) : RaiseUnused(pooled, depth, seen);
  std::vector<Eigen::Index> kept;
  for (Eigen::Index t = 0; t < all.cols(); ++t) {
    if (seen[static_cast<std::size_t>(t)]) kept.push_back(t);
  }
  if (static_cast<std::int64_t>(kept.size()) > max_tokens) {
    const Eigen::RowVectorXd means = all.colwise().mean();
    std::stable_sort(kept.begin(), kept.end(), [&](auto a, auto b) { return means(a) > means(b); });
    kept.resize(static_cast<std::size_t>(max_tokens));
  }
  return all(Eigen::all, kept);
}

inline absl::StatusOr<LogprobTable> BuildLogprobTable(const LogprobStratum& stratum,
                                                      const std::string& prefix, std::int64_t max_tokens) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::int64_t reference_depth,
                             ReportedDepth(stratum.reference, prefix + "reference"));
  PINCHBECK_ASSIGN_OR_RETURN(const std::int64_t observed_depth,
                             ReportedDepth(stratum.observed, prefix + "observed"));
  if (stratum.reference.cols() != stratum.observed.cols()) {
    return absl::InvalidArgumentError(
        prefix + "reference has " + std::to_string(stratum.reference.cols()) + " tokens and " + prefix +
        "observed " + std::to_string(stratum.observed.cols()) + "; give both sides the same columns");
  }
  const Stratum sizes{stratum.reference.rows(), stratum.observed.rows()};
  Eigen::MatrixXd pooled(sizes.size(), stratum.reference.cols());
  pooled << stratum.reference, stratum.observed;
  const Eigen::MatrixXd values =
      Censor(std::move(pooled), std::min(reference_depth, observed_depth), max_tokens);
  return LogprobTable(values, sizes);
}

// The observed items of columns first .. first + observed.count() - 1 of a plan that draws: the relabelings
// of RelabelingPlan::FillLabels() without a byte for every item.
inline void DrawObserved(const RelabelingPlan& plan, std::size_t s, std::int64_t first,
                         RowSubsets& observed) {
  const Stratum& stratum = plan.strata()[s];
  std::vector<std::uint32_t> words(observed.words());
  for (std::int64_t c = 0; c < observed.count(); ++c) {
    if (first + c == 0) {
      for (std::int64_t i = stratum.n_reference; i < stratum.size(); ++i) {
        words[static_cast<std::size_t>(i / 32)] |= std::uint32_t{1} << i % 32;
      }
    } else {
      CounterRng rng(MixSeed(plan.seed(), s), static_cast<std::uint64_t>(first + c));
      DrawSubset(static_cast<std::uint32_t>(stratum.size()), static_cast<std::uint32_t>(stratum.n_observed),
                 rng, words);
    }
    observed.Set(c, words);
  }
}

// The mean over strata for each column of a plan.
inline EvaluateColumns MeanLogprobDifference(const RelabelingPlan& plan,
                                             std::span<const LogprobTable> tables) {
  return [&plan, tables](std::int64_t first, Eigen::Ref<Eigen::MatrixXd> out) {
    const double weight = 1 / static_cast<double>(tables.size());
    LabelMatrix labels;
    for (std::size_t s = 0; s < tables.size(); ++s) {
      const std::int64_t items = tables[s].stratum().size();
      // Enumeration and swaps of pairs have their own order.
      if (plan.exact() || items == 2) {
        labels.resize(items, out.cols());
        plan.FillLabels(s, first, labels);
        tables[s].Accumulate(weight, labels, out);
      } else {
        RowSubsets observed(items, out.cols());
        DrawObserved(plan, s, first, observed);
        tables[s].Accumulate(weight, observed, out);
      }
    }
  };
}

}  // namespace internal

// Mean log-probability difference over strata (probes).
//
//   LT = mean over strata of mean over tokens of | mean of reference items - mean of observed items |, in
//   nats
//
// H0: at every probe both samples' vectors come from one distribution, and answers are exchangeable. A
// p-value close to 0 says that something differs, however little: another attention kernel on the same
// weights is enough (docs/design/0004-effect-gates.md). Judge the effect against honest spread, or test a
// margin (margin_test.h).
//
// `effect` is the mean difference with sampling noise taken out, in nats: token by token the signed root of
// d^2 - v, with d the difference of means and v its estimated variance, averaged over tokens and the strata
// with at least three items. It is near LT when noise is negligible and errs low otherwise: by 0.2 standard
// deviations of d when nothing differs. Without such a stratum it is LT.
//
// Missing tokens (NaN) are censored: the same number of values is used of every item of a stratum, the
// smallest number that an item reports, so that a server that reports fewer is not thereby different; an
// item's other tokens get the smallest value used. Columns without a value of their own are dropped, and of
// the rest those with the largest pooled mean are kept, up to max_tokens; both choices look at pooled items
// only, so relabelings do not change them. Identical items give LT = 0 and the p-value 1 exactly. Sizes of 1
// are allowed.
//
// InvalidArgument: no stratum; a matrix without rows or columns; different numbers of columns; an infinite
// value; an item that is all NaN; max_tokens < 1; fewer than one permutation or a negative
// stop_after.
//
// Cost: per stratum, O(4 N tokens) time and 4 times the values' memory for a table of partial sums, then N /
// 4 additions a token and relabeling; memory does not grow with the relabelings.
//
// Accuracy: LT and effect within 1e-10 relative of the definition evaluated in NumPy, enumerated p-values
// within 1e-12 (tests/golden/rank.json). Relabelings within 1e-9 of the scale count as ties.
//
// Reference: Chauvin et al. 2025, arXiv:2512.03816.
[[nodiscard]] inline absl::StatusOr<TwoSampleResult> LogprobDifference(
    std::span<const LogprobStratum> strata, const LogprobDifferenceOptions& options = {}) {
  if (strata.empty())
    return absl::InvalidArgumentError("strata: the list is empty; give at least one stratum");
  if (options.max_tokens < 1) {
    return absl::InvalidArgumentError("max_tokens is " + std::to_string(options.max_tokens) +
                                      "; compare at least one token");
  }
  std::vector<internal::LogprobTable> tables;
  std::vector<Stratum> sizes;
  TwoSampleResult result;
  double effects = 0, measured = 0;
  for (std::size_t s = 0; s < strata.size(); ++s) {
    PINCHBECK_ASSIGN_OR_RETURN(
        internal::LogprobTable table,
        internal::BuildLogprobTable(strata[s], "strata[" + std::to_string(s) + "].", options.max_tokens));
    sizes.push_back(table.stratum());
    result.n_reference += table.stratum().n_reference;
    result.n_observed += table.stratum().n_observed;
    if (table.stratum().size() >= 3) {
      effects += table.CorrectedDifference();
      ++measured;
    }
    tables.push_back(std::move(table));
  }
  PINCHBECK_ASSIGN_OR_RETURN(const RelabelingPlan plan, RelabelingPlan::Make(sizes, options.permutation));
  const internal::EvaluateColumns evaluate = internal::MeanLogprobDifference(plan, tables);
  PINCHBECK_ASSIGN_OR_RETURN(const PermutationTestResult test,
                             internal::StreamedTest(plan, 1, evaluate, options.permutation).Run());
  result.statistic = test.statistics[0];
  result.effect = measured > 0 ? effects / measured : result.statistic;
  result.p_value = test.p_values[0];
  result.calibration = test.exact ? Calibration::kExact : Calibration::kPermutation;
  result.method = test.exact ? "mean absolute log-probability difference, all relabelings within strata"
                             : "mean absolute log-probability difference, random relabelings within strata";
  return result;
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_LOGPROB_DIFFERENCE_H_
