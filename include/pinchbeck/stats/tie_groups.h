// Two samples merged into their distinct values: what every test on empirical distribution functions starts
// from.
#ifndef PINCHBECK_STATS_TIE_GROUPS_H_
#define PINCHBECK_STATS_TIE_GROUPS_H_

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/stats/permutation.h"
#include "pinchbeck/stats/sort_doubles.h"
#include "pinchbeck/stats/two_sample.h"

namespace pinchbeck::stats::internal {

// One distinct value of the pooled sample: how often each side holds it.
struct TieGroup {
  std::uint32_t reference = 0;
  std::uint32_t observed = 0;
  [[nodiscard]] std::uint32_t size() const { return reference + observed; }
};

// The distinct values in ascending order. With i reference and j observed values counted, the gap between the
// two empirical distribution functions is i / m - j / n = (reference_step * i - observed_step * j) / lcm(m,
// n): an integer over one common denominator, so that gaps compare without rounding.
struct TieGroups {
  std::int64_t n_reference = 0;
  std::int64_t n_observed = 0;
  std::vector<TieGroup> groups;

  [[nodiscard]] std::int64_t size() const { return n_reference + n_observed; }
  [[nodiscard]] bool has_ties() const { return static_cast<std::int64_t>(groups.size()) < size(); }
  [[nodiscard]] std::int64_t divisor() const { return std::gcd(n_reference, n_observed); }
  [[nodiscard]] std::int64_t reference_step() const { return n_observed / divisor(); }
  [[nodiscard]] std::int64_t observed_step() const { return n_reference / divisor(); }
  [[nodiscard]] Stratum stratum() const { return {n_reference, n_observed}; }
};

// Checks, sorts and merges.
[[nodiscard]] inline absl::StatusOr<TieGroups> MergeSamples(std::span<const double> reference,
                                                            std::span<const double> observed) {
  if (absl::Status status = CheckSample(reference, "reference"); !status.ok()) return status;
  if (absl::Status status = CheckSample(observed, "observed"); !status.ok()) return status;
  std::vector<double> x(reference.begin(), reference.end()), y(observed.begin(), observed.end());
  SortDoubles(x);
  SortDoubles(y);
  TieGroups merged{static_cast<std::int64_t>(x.size()), static_cast<std::int64_t>(y.size()),
                   std::vector<TieGroup>()};
  merged.groups.reserve(x.size() + y.size());
  for (std::size_t i = 0, j = 0; i < x.size() || j < y.size();) {
    const double value = j == y.size() || (i < x.size() && x[i] < y[j]) ? x[i] : y[j];
    TieGroup group;
    for (; i < x.size() && x[i] == value; ++i) ++group.reference;
    for (; j < y.size() && y[j] == value; ++j) ++group.observed;
    merged.groups.push_back(group);
  }
  return merged;
}

// InvalidArgument for settings that no calibration could use, whether or not this call draws relabelings: an
// error that only appears with ties would surprise.
[[nodiscard]] inline absl::Status CheckPermutations(const PermutationOptions& options) {
  if (options.permutations < 1 || options.permutations > kMaxPermutations) {
    return absl::InvalidArgumentError("options.permutation.permutations is " +
                                      std::to_string(options.permutations) + "; give 1 to 2^48");
  }
  if (options.stop_after < 0) {
    return absl::InvalidArgumentError("options.permutation.stop_after is " +
                                      std::to_string(options.stop_after) + "; give 0, for never, or more");
  }
  return absl::OkStatus();
}

// The items of the pooled sample in ascending order, with each side numbered by its own order (all items are
// exchangeable, so the numbering within a side is free): p-values do not depend on the order of the input.
class MergedItems {
 public:
  explicit MergedItems(const TieGroups& merged) {
    items_.reserve(static_cast<std::size_t>(merged.size()));
    std::uint32_t next_reference = 0, next_observed = static_cast<std::uint32_t>(merged.n_reference);
    for (const TieGroup& group : merged.groups) {
      for (std::uint32_t i = 0; i < group.reference; ++i) items_.push_back(next_reference++);
      for (std::uint32_t i = 0; i < group.observed; ++i) items_.push_back(next_observed++);
      ends_.push_back(static_cast<std::uint32_t>(items_.size()));
    }
  }

  [[nodiscard]] std::span<const std::uint32_t> items() const { return items_; }
  // One past the last item of each tie group.
  [[nodiscard]] std::span<const std::uint32_t> ends() const { return ends_; }

 private:
  std::vector<std::uint32_t> items_;
  std::vector<std::uint32_t> ends_;
};

// sum over tie groups of weight * (2 mid-gap)^2 + tie_weight * (a^3 - a + b^3 - b), in units of 1 / lcm(m,
// n): what the tests that integrate a squared gap compute for every relabeling. The mid-gap of a group with a
// reference and b observed items is the mean of the gaps before and behind it.
class SquaredMidGaps {
 public:
  // `weights`: one for each tie group.
  SquaredMidGaps(const TieGroups& merged, std::vector<double> weights, double tie_weight)
      : items_(merged),
        weights_(std::move(weights)),
        tie_weight_(tie_weight),
        up_(static_cast<double>(merged.reference_step())),
        both_(up_ + static_cast<double>(merged.observed_step())) {}

  // Of the samples as they are.
  [[nodiscard]] static double Observed(const TieGroups& merged, std::span<const double> weights,
                                       double tie_weight) {
    const double up = static_cast<double>(merged.reference_step());
    const double down = static_cast<double>(merged.observed_step());
    double gap = 0, sum = 0;
    for (std::size_t g = 0; g < merged.groups.size(); ++g) {
      const double a = merged.groups[g].reference, b = merged.groups[g].observed;
      const double change = up * a - down * b, mid_gap = 2 * gap + change;
      sum += weights[g] * (mid_gap * mid_gap);
      if (a + b > 1) sum += tie_weight * ((a * a - 1) * a + (b * b - 1) * b);
      gap += change;
    }
    return sum;
  }

  void operator()(std::size_t /*stratum*/, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) const {
    for (Eigen::Index first = 0; first < labels.cols(); first += kLanes) {
      const Eigen::Index width = std::min(kLanes, labels.cols() - first);
      // Lanes beyond the last column repeat it and are dropped.
      std::array<const std::uint8_t*, kLanes> columns;
      for (Eigen::Index c = 0; c < kLanes; ++c) {
        columns[static_cast<std::size_t>(c)] = labels.col(first + std::min(c, width - 1)).data();
      }
      const std::array<double, kLanes> sums = Sums(columns);
      for (Eigen::Index c = 0; c < width; ++c) out(0, first + c) += sums[static_cast<std::size_t>(c)];
    }
  }

 private:
  static constexpr Eigen::Index kLanes = 4;

  [[nodiscard]] std::array<double, kLanes> Sums(
      const std::array<const std::uint8_t*, kLanes>& columns) const {
    std::array<double, kLanes> gap{}, sum{};
    const std::span<const std::uint32_t> items = items_.items(), ends = items_.ends();
    std::size_t begin = 0;
    for (std::size_t g = 0; g < ends.size(); ++g) {
      std::array<std::uint32_t, kLanes> observed{};
      for (std::size_t k = begin; k < ends[g]; ++k) {
        for (std::size_t c = 0; c < kLanes; ++c) observed[c] += columns[c][items[k]];
      }
      const double size = static_cast<double>(ends[g] - begin);
      for (std::size_t c = 0; c < kLanes; ++c) {
        const double b = observed[c], a = size - b;
        const double change = up_ * size - both_ * b, mid_gap = 2 * gap[c] + change;
        sum[c] += weights_[g] * (mid_gap * mid_gap);
        if (size > 1) sum[c] += tie_weight_ * ((a * a - 1) * a + (b * b - 1) * b);
        gap[c] += change;
      }
      begin = ends[g];
    }
    return sum;
  }

  MergedItems items_;
  std::vector<double> weights_;
  double tie_weight_;
  double up_;
  double both_;
};

struct RelabelingResult {
  double p_value = 1;
  bool exact = false;
};

// p-value of one statistic, large values against the null, under relabelings of one stratum.
[[nodiscard]] inline absl::StatusOr<RelabelingResult> RelabelingPValue(const Stratum& stratum,
                                                                       const Accumulate& accumulate,
                                                                       const PermutationOptions& options) {
  const std::array<Stratum, 1> strata = {stratum};
  const auto test = PermutationTest(strata, 1, accumulate, options);
  if (!test.ok()) return test.status();
  return RelabelingResult{test->p_values[0], test->exact};
}

}  // namespace pinchbeck::stats::internal

#endif  // PINCHBECK_STATS_TIE_GROUPS_H_
