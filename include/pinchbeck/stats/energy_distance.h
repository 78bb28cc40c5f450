// Energy distance between two samples, in one dimension and in many.
#ifndef PINCHBECK_STATS_ENERGY_DISTANCE_H_
#define PINCHBECK_STATS_ENERGY_DISTANCE_H_

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/permutation.h"
#include "pinchbeck/stats/two_sample.h"

namespace pinchbeck::stats {

struct EnergyDistanceOptions {
  PermutationOptions permutation = {};
};

namespace internal {

// The distance matrix of so many items takes 2 GiB.
inline constexpr Eigen::Index kMaxEnergyItems = 16'384;

// Pooled values of one dimension, sorted once. With c observed items among the first i + 1 and the gap g_i to
// the next value,
//
//   energy = 2 integral (F - G)^2 = 2 (N / (m n))^2 sum_i g_i ((i + 1) n / N - c)^2
//
// so a relabeling costs one pass over the items, and ties (gaps of 0) need no care.
class SortedGaps {
 public:
  // `values`: finite, with a finite range.
  explicit SortedGaps(const std::vector<double>& values) : order_(values.size()) {
    std::iota(order_.begin(), order_.end(), 0u);
    std::sort(order_.begin(), order_.end(), [&](auto a, auto b) { return values[a] < values[b]; });
    for (std::size_t i = 0; i + 1 < order_.size(); ++i) {
      gaps_.push_back(values[order_[i + 1]] - values[order_[i]]);
    }
  }

  // Adds the energy distance of each relabeling to the first row of `out`. Relabelings go through the items
  // side by side, which keeps several sums in flight.
  void Accumulate(const Stratum& stratum, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) const {
    const auto columns = static_cast<std::size_t>(labels.cols());
    for (std::size_t b = 0; b < columns; b += kLanes) {
      const std::size_t width = std::min(kLanes, columns - b);
      std::array<const std::uint8_t*, kLanes> column{};
      for (std::size_t w = 0; w < kLanes; ++w) {
        column[w] = labels.col(static_cast<Eigen::Index>(b + std::min(w, width - 1))).data();
      }
      const std::array<double, kLanes> energy = Energies(stratum, column);
      for (std::size_t w = 0; w < width; ++w) out(0, static_cast<Eigen::Index>(b + w)) += energy[w];
    }
  }

  // 2 E|X - Y| of the labeling as sampled: 2 integral F (1 - G) + G (1 - F).
  [[nodiscard]] double TwiceMeanBetween(const Stratum& stratum) const {
    const double m = static_cast<double>(stratum.n_reference), n = static_cast<double>(stratum.n_observed);
    double sum = 0, below_reference = 0, below_observed = 0;
    for (std::size_t i = 0; i < gaps_.size(); ++i) {
      order_[i] < stratum.n_reference ? ++below_reference : ++below_observed;
      sum += gaps_[i] * (below_reference / m * ((n - below_observed) / n) +
                         below_observed / n * ((m - below_reference) / m));
    }
    return 2 * sum;
  }

 private:
  static constexpr std::size_t kLanes = 8;

  [[nodiscard]] std::array<double, kLanes> Energies(
      const Stratum& stratum, const std::array<const std::uint8_t*, kLanes>& column) const {
    const double m = static_cast<double>(stratum.n_reference), n = static_cast<double>(stratum.n_observed);
    const double share = n / (m + n);
    std::array<std::int32_t, kLanes> observed{};
    std::array<double, kLanes> sum{};
    for (std::size_t i = 0; i < gaps_.size(); ++i) {
      const std::size_t item = order_[i];
      const double expected = static_cast<double>(i + 1) * share, gap = gaps_[i];
      for (std::size_t w = 0; w < kLanes; ++w) observed[w] += column[w][item];
      for (std::size_t w = 0; w < kLanes; ++w) {
        const double d = expected - static_cast<double>(observed[w]);
        sum[w] += gap * (d * d);
      }
    }
    const double scale = (m + n) / (m * n);
    for (double& value : sum) value *= 2 * scale * scale;
    return sum;
  }

  std::vector<std::uint32_t> order_;
  std::vector<double> gaps_;
};

// Euclidean distances between all pooled points, reference first, from differences (not from inner products,
// which cancel for close points), and their scale. Overflow and underflow of squares are avoided by dividing
// by the largest coordinate of the centred points.
struct DistanceMatrix {
  Eigen::MatrixXd scaled;
  double scale = 0;
};

inline DistanceMatrix PooledDistances(const Eigen::Ref<const Eigen::MatrixXd>& reference,
                                      const Eigen::Ref<const Eigen::MatrixXd>& observed) {
  Eigen::MatrixXd points(reference.cols(), reference.rows() + observed.rows());
  points << reference.transpose(), observed.transpose();
  const Eigen::VectorXd centre = points.col(0);
  points.colwise() -= centre;
  DistanceMatrix result;
  result.scaled = Eigen::MatrixXd::Zero(points.cols(), points.cols());
  result.scale = points.cwiseAbs().maxCoeff();
  if (!(result.scale > 0) || !std::isfinite(result.scale)) return result;
  points /= result.scale;
  for (Eigen::Index j = 0; j < points.cols(); ++j) {
    for (Eigen::Index i = 0; i < j; ++i) {
      result.scaled(i, j) = result.scaled(j, i) = (points.col(i) - points.col(j)).norm();
    }
  }
  return result;
}

// Adds scale * (2 mean between - mean within reference - mean within observed) of each relabeling to the
// first row of `out`; means over ordered pairs, items with themselves included. One matrix product.
inline void AccumulateEnergy(const DistanceMatrix& distances, const Stratum& stratum,
                             const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
  const double m = static_cast<double>(stratum.n_reference), n = static_cast<double>(stratum.n_observed);
  const Eigen::MatrixXd z = labels.cast<double>();
  const Eigen::MatrixXd product = distances.scaled * z;
  const Eigen::RowVectorXd within_observed = z.cwiseProduct(product).colwise().sum();
  const Eigen::RowVectorXd between = product.colwise().sum() - within_observed;
  const double total = distances.scaled.sum();
  const Eigen::RowVectorXd within_reference =
      (total - within_observed.array() - 2 * between.array()).matrix();
  out.row(0) +=
      distances.scale * (2 / (m * n) * between - within_observed / (n * n) - within_reference / (m * m));
}

inline absl::Status CheckPoints(const Eigen::Ref<const Eigen::MatrixXd>& points, const std::string& name) {
  if (points.rows() < 1 || points.cols() < 1) {
    return absl::InvalidArgumentError(name + " is " + std::to_string(points.rows()) + " x " +
                                      std::to_string(points.cols()) +
                                      "; give at least one row (item) and one column");
  }
  for (Eigen::Index j = 0; j < points.cols(); ++j) {
    for (Eigen::Index i = 0; i < points.rows(); ++i) {
      if (std::isfinite(points(i, j))) continue;
      return absl::InvalidArgumentError(name + "(" + std::to_string(i) + ", " + std::to_string(j) + ") is " +
                                        (std::isnan(points(i, j)) ? "NaN" : "infinite") +
                                        "; remove missing and unbounded values first");
    }
  }
  return absl::OkStatus();
}

// Fills in what both versions report.
inline TwoSampleResult EnergyResult(const Stratum& stratum, const PermutationTestResult& test,
                                    double twice_mean_between) {
  TwoSampleResult result;
  result.n_reference = stratum.n_reference;
  result.n_observed = stratum.n_observed;
  result.statistic = std::max(0.0, test.statistics[0]);
  result.p_value = test.p_values[0];
  result.effect = twice_mean_between > 0 ? std::clamp(result.statistic / twice_mean_between, 0.0, 1.0) : 0.0;
  result.calibration = test.exact ? Calibration::kExact : Calibration::kPermutation;
  result.method = test.exact ? "energy distance, all relabelings" : "energy distance, random relabelings";
  return result;
}

inline absl::Status RangeOverflow() {
  return absl::InvalidArgumentError(
      "reference and observed: the range of the pooled values overflows a double; rescale them");
}

}  // namespace internal

// Energy distance of two samples of numbers.
//
//   E = 2 E|X - Y| - E|X - X'| - E|Y - Y'| = 2 integral (F - G)^2,   F, G the empirical distribution
//   functions
//
// with all pairs counted, an item with itself as well (V-statistic): the square of SciPy's energy_distance.
// H0: both samples come from one distribution. Every difference is found with enough data.
//
// `effect` is the energy coefficient E / (2 E|X - Y|), from 0 (equal samples) to 1 (both constant, at
// different values); it has no unit. It grows with sampling noise, so compare it between samples of one size
// only.
//
// Values must be finite; their unit is that of the statistic. Ties need no care. When all values are equal
// the statistic is 0 and the p-value 1. Sizes of 1 are allowed. The p-value is from relabelings, all of them
// when they are few.
//
// InvalidArgument: a sample is empty or holds a NaN or an infinity; the pooled range overflows; fewer than
// one permutation or a negative stop_after.
//
// Cost: one sort, then O(N) per relabeling; memory O(N), whatever their number.
//
// Accuracy: statistic within 1e-10 relative of SciPy, enumerated p-values within 1e-12 of a direct
// enumeration (tests/golden/rank.json). Relabelings within 1e-9 of the scale count as ties.
//
// Reference: Szekely & Rizzo 2013, doi:10.1016/j.jspi.2013.03.018.
[[nodiscard]] inline absl::StatusOr<TwoSampleResult> EnergyDistance(
    std::span<const double> reference, std::span<const double> observed,
    const EnergyDistanceOptions& options = {}) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckSample(reference, "reference"));
  PINCHBECK_RETURN_IF_ERROR(internal::CheckSample(observed, "observed"));
  std::vector<double> pooled(reference.begin(), reference.end());
  pooled.insert(pooled.end(), observed.begin(), observed.end());
  const auto [smallest, largest] = std::minmax_element(pooled.begin(), pooled.end());
  if (!std::isfinite(*largest - *smallest)) return internal::RangeOverflow();
  const Stratum stratum{static_cast<std::int64_t>(reference.size()),
                        static_cast<std::int64_t>(observed.size())};
  const internal::SortedGaps gaps(pooled);
  const auto accumulate = [&](std::size_t, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
    gaps.Accumulate(stratum, labels, out);
  };
  PINCHBECK_ASSIGN_OR_RETURN(const PermutationTestResult test,
                             PermutationTest({&stratum, 1}, 1, accumulate, options.permutation));
  return internal::EnergyResult(stratum, test, gaps.TwiceMeanBetween(stratum));
}

// Energy distance of two samples of points: rows are items, columns coordinates; |.| is the Euclidean norm.
//
// Definition, hypotheses, effect and ties as in one dimension; the squared distance is the maximum mean
// discrepancy of the kernel -|x - y|, diagonal included. Coordinates are compared as they are: bring them to
// comparable units first.
//
// InvalidArgument: a matrix without rows or columns, different numbers of columns, a NaN or an infinity, a
// range that overflows, more than 16,384 items, fewer than one permutation or a negative stop_after.
//
// Cost: O(N^2 d) for the distances, 8 N^2 bytes, and a matrix product of O(N^2) per relabeling.
//
// Accuracy: within 1e-10 relative of the definition evaluated in NumPy (tests/golden/rank.json).
//
// Reference: Szekely & Rizzo 2013, doi:10.1016/j.jspi.2013.03.018.
[[nodiscard]] inline absl::StatusOr<TwoSampleResult> MultivariateEnergyDistance(
    const Eigen::Ref<const Eigen::MatrixXd>& reference, const Eigen::Ref<const Eigen::MatrixXd>& observed,
    const EnergyDistanceOptions& options = {}) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckPoints(reference, "reference"));
  PINCHBECK_RETURN_IF_ERROR(internal::CheckPoints(observed, "observed"));
  if (reference.cols() != observed.cols()) {
    return absl::InvalidArgumentError("reference has " + std::to_string(reference.cols()) +
                                      " columns and observed " + std::to_string(observed.cols()) +
                                      "; give both the same coordinates");
  }
  if (reference.rows() > internal::kMaxEnergyItems - observed.rows()) {
    return absl::InvalidArgumentError("reference and observed have " +
                                      std::to_string(reference.rows() + observed.rows()) +
                                      " rows together; the distance matrix takes at most " +
                                      std::to_string(internal::kMaxEnergyItems) + ", so draw a subsample");
  }
  const Stratum stratum{reference.rows(), observed.rows()};
  const internal::DistanceMatrix distances = internal::PooledDistances(reference, observed);
  if (!std::isfinite(distances.scale * distances.scaled.maxCoeff())) return internal::RangeOverflow();
  const auto accumulate = [&](std::size_t, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
    internal::AccumulateEnergy(distances, stratum, labels, out);
  };
  PINCHBECK_ASSIGN_OR_RETURN(const PermutationTestResult test,
                             PermutationTest({&stratum, 1}, 1, accumulate, options.permutation));
  const double between = distances.scaled.topRightCorner(reference.rows(), observed.rows()).mean();
  return internal::EnergyResult(stratum, test, 2 * distances.scale * between);
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_ENERGY_DISTANCE_H_
