// The stratified permutation engine that every signal shares.
//
// Null hypothesis: within each stratum (probe) the pooled items are exchangeable between reference and
// observed. Labels are permuted within strata only, so the mix of probes can neither create nor hide a
// difference. When all relabelings are few they are enumerated and the p-value is exact; otherwise they are
// drawn at random and p = (1 + #{T* >= T}) / (1 + B) (Phipson & Smyth 2010, doi:10.2202/1544-6115.1585),
// which is valid for every B.
#ifndef PINCHBECK_STATS_PERMUTATION_H_
#define PINCHBECK_STATS_PERMUTATION_H_

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <numeric>
#include <span>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck::stats {

// Sizes of one stratum. Items are numbered with the reference first: 0 .. n_reference - 1, then the observed
// ones.
struct Stratum {
  std::int64_t n_reference = 0;
  std::int64_t n_observed = 0;
  [[nodiscard]] std::int64_t size() const { return n_reference + n_observed; }
};

struct PermutationOptions {
  // Number B of random relabelings. Enumeration replaces them when there are at most B + 1 relabelings in
  // all.
  std::int64_t permutations = 9999;
  std::uint64_t seed = 1;
  // Results do not depend on the number of threads.
  int threads = 1;
};

// One column per relabeling, one row per item of the stratum; 1 marks "observed".
using LabelMatrix = Eigen::Matrix<std::uint8_t, Eigen::Dynamic, Eigen::Dynamic>;

// Adds one stratum's part of every component statistic under a batch of relabelings:
// out(c, b) += component c of relabeling b. Called from several threads at once; must not keep state.
using Accumulate =
    std::function<void(std::size_t stratum, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out)>;

// Components under relabelings: one row per component. Column 0 is the observed labeling.
struct PermutationTable {
  Eigen::MatrixXd values;
  bool exact = false;
  [[nodiscard]] std::int64_t relabelings() const { return values.cols() - 1; }
};

namespace internal {

// n choose k, or nullopt-like max() when it exceeds `limit`.
inline std::int64_t BoundedBinomial(std::int64_t n, std::int64_t k, std::int64_t limit) {
  k = std::min(k, n - k);
  double value = 1;
  for (std::int64_t i = 1; i <= k; ++i) {
    value = value * static_cast<double>(n - k + i) / static_cast<double>(i);
    if (value > static_cast<double>(limit) * 2) return std::numeric_limits<std::int64_t>::max();
  }
  return static_cast<std::int64_t>(std::llround(value));
}

// Number of relabelings of each stratum, or empty when their product exceeds `limit`.
inline std::vector<std::int64_t> EnumerableCounts(std::span<const Stratum> strata, std::int64_t limit) {
  std::vector<std::int64_t> counts;
  std::int64_t total = 1;
  for (const Stratum& stratum : strata) {
    const std::int64_t count = BoundedBinomial(stratum.size(), stratum.n_observed, limit);
    if (count > limit || total > limit / count) return {};
    total *= count;
    counts.push_back(count);
  }
  return counts;
}

// The rank-th way to mark `chosen` of labels.size() items, in an order whose last entry marks the last items
// (the observed labeling).
inline void UnrankCombination(std::int64_t rank, std::int64_t chosen, std::span<std::uint8_t> labels) {
  const std::int64_t n = static_cast<std::int64_t>(labels.size());
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t rest = n - i - 1;
    // Labelings that mark item i come first.
    const std::int64_t marked =
        chosen == 0 ? 0 : BoundedBinomial(rest, chosen - 1, std::numeric_limits<std::int64_t>::max() / 4);
    if (rank < marked) {
      labels[static_cast<std::size_t>(i)] = 1;
      --chosen;
    } else {
      labels[static_cast<std::size_t>(i)] = 0;
      rank -= marked;
    }
  }
}

// Marks `n_observed` items chosen uniformly: a partial Fisher-Yates shuffle of the smaller group.
inline void DrawLabels(const Stratum& stratum, CounterRng& rng, std::vector<std::uint32_t>& scratch,
                       std::span<std::uint8_t> labels) {
  const auto n = static_cast<std::uint32_t>(stratum.size());
  const bool pick_observed = stratum.n_observed <= stratum.n_reference;
  const auto picks = static_cast<std::uint32_t>(pick_observed ? stratum.n_observed : stratum.n_reference);
  std::fill(labels.begin(), labels.end(), static_cast<std::uint8_t>(pick_observed ? 0 : 1));
  scratch.resize(n);
  std::iota(scratch.begin(), scratch.end(), 0u);
  for (std::uint32_t i = 0; i < picks; ++i) {
    const std::uint32_t j = i + rng.Below(n - i);
    std::swap(scratch[i], scratch[j]);
    labels[scratch[i]] = static_cast<std::uint8_t>(pick_observed ? 1 : 0);
  }
}

}  // namespace internal

// Evaluates component statistics under the observed labeling and under relabelings of all strata.
//
// Time: O(B * (N + cost of accumulate)); memory: components x (B + 1) doubles.
// InvalidArgument: no stratum, a stratum with an empty side, more than 2^31 items, or B < 1.
[[nodiscard]] inline absl::StatusOr<PermutationTable> EvaluateRelabelings(
    std::span<const Stratum> strata, int components, const Accumulate& accumulate,
    const PermutationOptions& options = {}) {
  if (strata.empty())
    return absl::InvalidArgumentError("permutation test: no stratum has data on both sides");
  if (options.permutations < 1)
    return absl::InvalidArgumentError("permutation test: permutations must be >= 1");
  for (const Stratum& stratum : strata) {
    if (stratum.n_reference < 1 || stratum.n_observed < 1 || stratum.size() > (std::int64_t{1} << 31)) {
      return absl::InvalidArgumentError(
          "permutation test: every stratum needs 1 to 2^31 items, some on each side");
    }
  }
  const std::vector<std::int64_t> counts = internal::EnumerableCounts(strata, options.permutations + 1);
  PermutationTable table;
  table.exact = !counts.empty();
  std::int64_t columns = options.permutations + 1;
  if (table.exact)
    columns = std::accumulate(counts.begin(), counts.end(), std::int64_t{1}, std::multiplies<>());
  table.values = Eigen::MatrixXd::Zero(components, columns);

  // Column c holds relabeling number c; column 0 is the observed labeling. In the enumeration it is the last
  // rank of every stratum, so rank = total - 1 - c.
  auto fill_labels = [&](std::size_t s, std::int64_t column, std::vector<std::uint32_t>& scratch,
                         std::span<std::uint8_t> labels) {
    const Stratum& stratum = strata[s];
    if (column == 0) {
      std::fill(labels.begin(), labels.begin() + stratum.n_reference, std::uint8_t{0});
      std::fill(labels.begin() + stratum.n_reference, labels.end(), std::uint8_t{1});
    } else if (table.exact) {
      std::int64_t rank = columns - 1 - column;
      for (std::size_t before = 0; before < s; ++before) rank /= counts[before];
      internal::UnrankCombination(rank % counts[s], stratum.n_observed, labels);
    } else {
      CounterRng rng(MixSeed(options.seed, s), static_cast<std::uint64_t>(column));
      internal::DrawLabels(stratum, rng, scratch, labels);
    }
  };

  constexpr std::int64_t kBatch = 128;
  auto run = [&](std::int64_t first_batch, std::int64_t step) {
    std::vector<std::uint32_t> scratch;
    LabelMatrix labels;
    for (std::int64_t begin = first_batch * kBatch; begin < columns; begin += step * kBatch) {
      const std::int64_t width = std::min(kBatch, columns - begin);
      for (std::size_t s = 0; s < strata.size(); ++s) {
        labels.resize(strata[s].size(), width);
        for (std::int64_t c = 0; c < width; ++c) {
          fill_labels(s, begin + c, scratch, {labels.col(c).data(), static_cast<std::size_t>(labels.rows())});
        }
        accumulate(s, labels, table.values.middleCols(begin, width));
      }
    }
  };
  const std::int64_t batches = (columns + kBatch - 1) / kBatch;
  const auto threads = std::clamp<std::int64_t>(options.threads, 1, batches);
  std::vector<std::thread> workers;
  for (std::int64_t t = 1; t < threads; ++t) workers.emplace_back(run, t, threads);
  run(0, threads);
  for (std::thread& worker : workers) worker.join();
  if (!table.values.allFinite()) {
    return absl::InvalidArgumentError(
        "permutation test: a statistic is not finite; check the samples for NaN");
  }
  return table;
}

// p-value of a statistic given as a row: column 0 observed, the rest relabelings. Large values speak against
// the null. Rounding must not break ties, so T* counts as reaching T from 1e-9 times the row's scale below
// it.
[[nodiscard]] inline double PermutationPValue(const Eigen::Ref<const Eigen::RowVectorXd>& row) {
  const double threshold = row(0) - 1e-9 * row.cwiseAbs().maxCoeff();
  const auto reached = (row.array() >= threshold).count();
  return static_cast<double>(reached) / static_cast<double>(row.size());
}

// The row with mean and standard deviation over all columns, the observed one included (leaving it out
// exceeds the level at small B); zeros when the row is constant.
[[nodiscard]] inline Eigen::RowVectorXd Studentise(const Eigen::Ref<const Eigen::RowVectorXd>& row) {
  const double mean = row.mean();
  const Eigen::RowVectorXd centred = row.array() - mean;
  const double deviation = std::sqrt(centred.squaredNorm() / static_cast<double>(row.size()));
  // Differences that are only rounding must not be blown up to unit variance.
  if (deviation <= 1e-12 * (std::abs(mean) + row.cwiseAbs().maxCoeff())) {
    return Eigen::RowVectorXd::Zero(row.size());
  }
  return centred / deviation;
}

// Column-wise maximum of the studentised rows: one statistic that keeps the power of the best row, calibrated
// exactly because all rows saw the same relabelings.
[[nodiscard]] inline Eigen::RowVectorXd StudentisedMaximum(const Eigen::Ref<const Eigen::MatrixXd>& rows) {
  Eigen::RowVectorXd result = Studentise(rows.row(0));
  for (Eigen::Index i = 1; i < rows.rows(); ++i) result = result.cwiseMax(Studentise(rows.row(i)));
  return result;
}

// Smallest relabeled value at which the permutation test rejects at `level`, or infinity where it cannot:
// with few relabelings or heavy ties no value is reached rarely enough.
[[nodiscard]] inline double RejectionThreshold(const Eigen::Ref<const Eigen::RowVectorXd>& row,
                                               double level) {
  std::vector<double> sorted(row.data(), row.data() + row.size());
  std::sort(sorted.begin(), sorted.end());
  const double n = static_cast<double>(sorted.size());
  // From the top: the run of equal values that still fits into level * n.
  double threshold = std::numeric_limits<double>::infinity();
  for (std::size_t end = sorted.size(); end > 0;) {
    const double slack = 1e-9 * std::abs(sorted[end - 1]);
    std::size_t begin = end;
    while (begin > 0 && sorted[begin - 1] >= sorted[end - 1] - slack) --begin;
    if (static_cast<double>(sorted.size() - begin) > level * n) break;
    threshold = sorted[begin];
    end = begin;
  }
  return threshold;
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_PERMUTATION_H_
