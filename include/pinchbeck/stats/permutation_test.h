// Permutation p-values of one or several statistics in memory that does not grow with the relabelings.
#ifndef PINCHBECK_STATS_PERMUTATION_TEST_H_
#define PINCHBECK_STATS_PERMUTATION_TEST_H_

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/internal/parallel_for.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/permutation_table.h"
#include "pinchbeck/stats/relabeling.h"

namespace pinchbeck::stats {

struct PermutationTestResult {
  // Observed value and p-value of each statistic.
  std::vector<double> statistics, p_values;
  // Of the largest studentised statistic; the p-value itself where there is one statistic.
  double maximum_p_value = 1;
  // All relabelings were enumerated.
  bool exact = false;
  // Relabelings planned besides the observed labeling, and those up to the last one that decided something.
  std::int64_t relabelings = 0;
  std::int64_t relabelings_used = 0;
};

// Turns the components of one batch of relabelings (rows) into statistics (rows), column by column. Called
// from several threads at once.
using Finish = std::function<void(const Eigen::Ref<const Eigen::MatrixXd>& components,
                                  Eigen::Ref<Eigen::MatrixXd> statistics)>;

namespace internal {

// Mean, standard deviation and largest absolute value of each statistic over columns. Sums are taken around a
// value of the same size, so that they do not cancel, and in units of a power of two near that size, so that
// squares neither overflow nor vanish; batches are added in their order.
class Moments {
 public:
  // `around`: a value for each statistic; `size`: the largest absolute value met so far.
  Moments(const Eigen::VectorXd& around, const Eigen::VectorXd& size)
      : around_(around),
        unit_(size.unaryExpr(&PowerOfTwoNear)),
        sum_(Eigen::VectorXd::Zero(around.size())),
        squares_(Eigen::VectorXd::Zero(around.size())),
        largest_(Eigen::VectorXd::Zero(around.size())) {}

  void Add(const Eigen::Ref<const Eigen::MatrixXd>& values) {
    for (Eigen::Index c = 0; c < values.cols(); ++c) {
      const auto centred = ((values.col(c) - around_).array() / unit_.array()).matrix().eval();
      sum_ += centred;
      squares_ += centred.cwiseAbs2();
      largest_ = largest_.cwiseMax(values.col(c).cwiseAbs());
    }
    count_ += static_cast<double>(values.cols());
  }
  void Merge(const Moments& other) {
    sum_ += other.sum_;
    squares_ += other.squares_;
    largest_ = largest_.cwiseMax(other.largest_);
    count_ += other.count_;
  }
  [[nodiscard]] Eigen::VectorXd Mean() const { return around_ + unit_.cwiseProduct(sum_ / count_); }
  [[nodiscard]] Eigen::VectorXd Deviation() const {
    const Eigen::VectorXd variance = (squares_ / count_ - (sum_ / count_).cwiseAbs2()).cwiseMax(0);
    return unit_.cwiseProduct(variance.cwiseSqrt());
  }
  [[nodiscard]] const Eigen::VectorXd& largest() const { return largest_; }

 private:
  // Dividing by a power of two loses nothing.
  static double PowerOfTwoNear(double size) {
    return size > 0 && std::isfinite(size) ? std::ldexp(1.0, std::clamp(std::ilogb(size), -1000, 1000)) : 1.0;
  }

  Eigen::VectorXd around_, unit_, sum_, squares_, largest_;
  double count_ = 0;
};

// (value - mean) / deviation of each statistic, and the largest of them.
class Studentiser {
 public:
  // Statistics that vary by rounding only become 0, as in Studentise().
  static Studentiser OfAll(const Moments& moments) {
    Studentiser result(moments);
    for (Eigen::Index j = 0; j < result.mean_.size(); ++j) {
      const double deviation = moments.Deviation()(j);
      const double noise = 1e-12 * (std::abs(result.mean_(j)) + moments.largest()(j));
      result.factor_(j) = deviation <= noise ? 0 : 1 / deviation;
    }
    return result;
  }
  // Of relabelings that are not tested themselves: there a statistic may be constant and vary elsewhere.
  static Studentiser OfOthers(const Moments& moments) {
    Studentiser result(moments);
    for (Eigen::Index j = 0; j < result.mean_.size(); ++j) {
      const double floor = std::max(1e-9 * moments.largest()(j), 1e-300);
      result.factor_(j) = 1 / std::max(moments.Deviation()(j), floor);
    }
    return result;
  }
  // False where a mean or deviation left the range of doubles: no maximum can be compared then.
  [[nodiscard]] bool finite() const { return mean_.allFinite() && factor_.allFinite(); }
  [[nodiscard]] Eigen::RowVectorXd Maximum(const Eigen::Ref<const Eigen::MatrixXd>& values) const {
    Eigen::RowVectorXd result(values.cols());
    for (Eigen::Index c = 0; c < values.cols(); ++c)
      result(c) = ((values.col(c) - mean_).array() * factor_.array()).maxCoeff();
    return result;
  }

 private:
  explicit Studentiser(const Moments& moments) : mean_(moments.Mean()), factor_(mean_.size()) {}
  Eigen::VectorXd mean_, factor_;
};

// One streamed test: batches of columns are evaluated, counted and forgotten. A round of batches runs on all
// threads; its results are added in the order of the batches.
class StreamedTest {
 public:
  // `evaluate` gives `statistics` rows.
  StreamedTest(const RelabelingPlan& plan, std::int64_t statistics, const EvaluateColumns& evaluate,
               const PermutationOptions& options)
      : plan_(plan), rows_(statistics), evaluate_(evaluate), options_(options) {}

  absl::StatusOr<PermutationTestResult> Run() {
    first_batch_ = Evaluate(0, Width(0));
    if (!first_batch_.allFinite()) return NotFiniteError();
    observed_ = first_batch_.col(0);
    // Any slack keeps the level; this one covers rounding in sums of the statistic's size.
    size_ = first_batch_.cwiseAbs().rowwise().maxCoeff();
    threshold_ = observed_ - 1e-9 * size_;
    around_ = (first_batch_ / static_cast<double>(first_batch_.cols())).rowwise().sum();
    const bool early = options_.stop_after > 0 && !plan_.exact();
    PermutationTestResult result;
    result.statistics.assign(observed_.data(), observed_.data() + rows_);
    result.exact = plan_.exact();
    result.relabelings = plan_.columns() - 1;
    if (early) {
      PINCHBECK_RETURN_IF_ERROR(RunSequential(result));
    } else {
      PINCHBECK_RETURN_IF_ERROR(RunAll(result));
    }
    return result;
  }

 private:
  // Values kept between the two passes of the studentised maximum: 8 MiB.
  static constexpr std::int64_t kMaxKept = std::int64_t{1} << 20;
  // Batches between two points where threads meet.
  static constexpr std::int64_t kMaxRound = 256;
  // Relabelings that only set the scale of the sequential maximum, far from any that is tested.
  static constexpr std::int64_t kScaleColumns = 256;
  static constexpr std::int64_t kFirstScaleColumn = std::int64_t{1} << 56;

  // Counts of one batch: columns that reach the observed value, per statistic and for the maximum.
  struct BatchCounts {
    std::vector<std::int64_t> reached;
    bool finite = true;
  };

  [[nodiscard]] Eigen::MatrixXd Evaluate(std::int64_t first, std::int64_t width) const {
    if (first == 0 && first_batch_.size() > 0) return first_batch_;
    Eigen::MatrixXd values = Eigen::MatrixXd::Zero(rows_, width);
    evaluate_(first, values);
    return values;
  }
  [[nodiscard]] std::int64_t Width(std::int64_t first) const {
    return std::min(plan_.batch(), plan_.columns() - first);
  }
  [[nodiscard]] std::int64_t Batches() const { return (plan_.columns() + plan_.batch() - 1) / plan_.batch(); }

  // Row j of the result: whether each column reaches statistic j; the last row, with a studentiser, the
  // maximum.
  [[nodiscard]] Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic> Reached(
      const Eigen::Ref<const Eigen::MatrixXd>& values, const Studentiser* studentiser) const {
    Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic> reached(rows_ + (studentiser != nullptr ? 1 : 0),
                                                               values.cols());
    for (Eigen::Index c = 0; c < values.cols(); ++c)
      reached.col(c).head(rows_) = values.col(c).array() >= threshold_.array();
    if (studentiser != nullptr)
      reached.row(rows_) = studentiser->Maximum(values).array() >= maximum_threshold_;
    return reached;
  }

  absl::Status SetMaximumThreshold(const Studentiser& studentiser) {
    const Eigen::RowVectorXd maxima = studentiser.Maximum(first_batch_);
    maximum_threshold_ = maxima(0) - 1e-9 * std::max(1.0, maxima.cwiseAbs().maxCoeff());
    // A threshold that is not a number would be reached by nothing and give a p-value of 0.
    return studentiser.finite() && std::isfinite(maximum_threshold_) ? absl::OkStatus() : NotFiniteError();
  }

  absl::Status RunAll(PermutationTestResult& result) {
    std::vector<std::int64_t> reached(static_cast<std::size_t>(rows_), 0);
    Moments moments(around_, size_);
    const bool keep = rows_ > 1 && plan_.columns() <= kMaxKept / rows_;
    Eigen::MatrixXd kept(rows_, keep ? plan_.columns() : 0);
    for (std::int64_t begin = 0; begin < Batches(); begin += kMaxRound) {
      const std::int64_t count = std::min(kMaxRound, Batches() - begin);
      std::vector<Moments> parts(static_cast<std::size_t>(count), Moments(around_, size_));
      std::vector<BatchCounts> counts(static_cast<std::size_t>(count));
      pinchbeck::internal::ParallelFor(count, options_.threads, [&](std::int64_t i) {
        const std::int64_t first = (begin + i) * plan_.batch();
        const Eigen::MatrixXd values = Evaluate(first, Width(first));
        parts[static_cast<std::size_t>(i)].Add(values);
        counts[static_cast<std::size_t>(i)] = Count(values, nullptr);
        if (keep) kept.middleCols(first, values.cols()) = values;
      });
      for (std::size_t i = 0; i < parts.size(); ++i) {
        if (!counts[i].finite) return NotFiniteError();
        moments.Merge(parts[i]);
        for (std::size_t j = 0; j < reached.size(); ++j) reached[j] += counts[i].reached[j];
      }
    }
    const double columns = static_cast<double>(plan_.columns());
    for (const std::int64_t r : reached) result.p_values.push_back(static_cast<double>(r) / columns);
    result.relabelings_used = result.relabelings;
    result.maximum_p_value = result.p_values.front();
    if (rows_ == 1) return absl::OkStatus();
    const Studentiser studentiser = Studentiser::OfAll(moments);
    PINCHBECK_RETURN_IF_ERROR(SetMaximumThreshold(studentiser));
    result.maximum_p_value = static_cast<double>(CountMaximum(studentiser, keep ? &kept : nullptr)) / columns;
    return absl::OkStatus();
  }

  [[nodiscard]] std::int64_t CountMaximum(const Studentiser& studentiser, const Eigen::MatrixXd* kept) const {
    std::int64_t reached = 0;
    for (std::int64_t begin = 0; begin < Batches(); begin += kMaxRound) {
      const std::int64_t count = std::min(kMaxRound, Batches() - begin);
      std::vector<std::int64_t> parts(static_cast<std::size_t>(count), 0);
      pinchbeck::internal::ParallelFor(count, options_.threads, [&](std::int64_t i) {
        const std::int64_t first = (begin + i) * plan_.batch();
        const Eigen::RowVectorXd maxima = kept != nullptr
                                              ? studentiser.Maximum(kept->middleCols(first, Width(first)))
                                              : studentiser.Maximum(Evaluate(first, Width(first)));
        parts[static_cast<std::size_t>(i)] = (maxima.array() >= maximum_threshold_).count();
      });
      for (const std::int64_t part : parts) reached += part;
    }
    return reached;
  }

  [[nodiscard]] BatchCounts Count(const Eigen::MatrixXd& values, const Studentiser* studentiser) const {
    BatchCounts counts;
    counts.finite = values.allFinite();
    const auto reached = Reached(values, studentiser);
    for (Eigen::Index j = 0; j < reached.rows(); ++j) counts.reached.push_back(reached.row(j).count());
    return counts;
  }

  absl::Status RunSequential(PermutationTestResult& result) {
    std::vector<Studentiser> scale;
    if (rows_ > 1) {
      Moments moments(around_, size_);
      for (std::int64_t c = 0; c < kScaleColumns; c += plan_.batch())
        moments.Add(Evaluate(kFirstScaleColumn + c, plan_.batch()));
      scale.push_back(Studentiser::OfOthers(moments));
      PINCHBECK_RETURN_IF_ERROR(SetMaximumThreshold(scale.front()));
    }
    const Studentiser* studentiser = scale.empty() ? nullptr : &scale.front();
    const std::size_t tests = static_cast<std::size_t>(rows_) + scale.size();
    std::vector<std::int64_t> reached(tests, 0), stopped(tests, 0);
    std::int64_t round = 1;
    for (std::int64_t begin = 0; begin < Batches() && std::count(stopped.begin(), stopped.end(), 0) > 0;) {
      const std::int64_t count = std::min(round, Batches() - begin);
      std::vector<BatchCounts> counts(static_cast<std::size_t>(count));
      pinchbeck::internal::ParallelFor(count, options_.threads, [&](std::int64_t i) {
        const std::int64_t first = (begin + i) * plan_.batch();
        counts[static_cast<std::size_t>(i)] = Count(Evaluate(first, Width(first)), studentiser);
      });
      for (std::int64_t i = 0; i < count; ++i) {
        const BatchCounts& batch = counts[static_cast<std::size_t>(i)];
        if (!batch.finite) return NotFiniteError();
        AddSequential((begin + i) * plan_.batch(), batch, studentiser, reached, stopped);
      }
      begin += count;
      round = std::min(2 * round, kMaxRound);
    }
    SetSequentialPValues(reached, stopped, result);
    return absl::OkStatus();
  }

  // Adds one batch's counts; where a statistic stops inside it, finds the relabeling.
  void AddSequential(std::int64_t first, const BatchCounts& batch, const Studentiser* studentiser,
                     std::vector<std::int64_t>& reached, std::vector<std::int64_t>& stopped) const {
    for (std::size_t j = 0; j < reached.size(); ++j) {
      if (stopped[j] != 0) continue;
      // The observed labeling reaches itself and is no relabeling.
      const std::int64_t own = first == 0 ? 1 : 0;
      if (reached[j] + batch.reached[j] - own < options_.stop_after) {
        reached[j] += batch.reached[j] - own;
        continue;
      }
      const auto flags = Reached(Evaluate(first, Width(first)), studentiser);
      for (Eigen::Index c = own; stopped[j] == 0; ++c) {
        reached[j] += flags(static_cast<Eigen::Index>(j), c) ? 1 : 0;
        if (reached[j] == options_.stop_after) stopped[j] = first + c;
      }
    }
  }

  void SetSequentialPValues(const std::vector<std::int64_t>& reached,
                            const std::vector<std::int64_t>& stopped, PermutationTestResult& result) const {
    for (std::size_t j = 0; j < reached.size(); ++j) {
      const auto g = static_cast<double>(reached[j]);
      result.p_values.push_back(stopped[j] > 0 ? g / static_cast<double>(stopped[j])
                                               : (1 + g) / static_cast<double>(plan_.columns()));
      result.relabelings_used =
          std::max(result.relabelings_used, stopped[j] > 0 ? stopped[j] : result.relabelings);
    }
    result.maximum_p_value = result.p_values.back();
    result.p_values.resize(static_cast<std::size_t>(rows_));
  }

  const RelabelingPlan& plan_;
  std::int64_t rows_;
  const EvaluateColumns& evaluate_;
  const PermutationOptions& options_;
  Eigen::MatrixXd first_batch_;
  Eigen::VectorXd observed_, threshold_, around_, size_;
  double maximum_threshold_ = 0;
};

}  // namespace internal

// p-values of several statistics under the same relabelings, and of the largest of their studentised values.
//
//   p_j = (1 + #{T*_j >= T_j}) / (1 + B),   or #{T*_j >= T_j} / N when all N relabelings are enumerated;
//   maximum: the same for max_j (T_j - mean_j) / sd_j, mean and sd over all columns, the observed one
//   included.
//
// H0: within each stratum the items are exchangeable. Large values speak against it: for two-sided tests let
// `finish` take absolute values of the summed components. `accumulate` adds each stratum's part of
// `components` sums; `finish`, where given, makes `statistics` values of them.
//
// Early stopping (stop_after = h > 0, random relabelings only): each statistic stops at the relabeling l at
// which T* reaches T for the h-th time, with p = h / l; one that sees fewer than h in B relabelings has
// p = (1 + g) / (1 + B). P(p <= u) <= u holds for every h and B: under H0 p <= h / l needs T to be among the
// h largest of l exchangeable values, itself and the first l - 1 relabelings, ties counted against it (Besag
// & Clifford 1991, doi:10.1093/biomet/78.2.301). The maximum is then studentised by the mean and standard
// deviation of 256 further relabelings that are not tested, since those of all relabelings are not known when
// it stops; given these, the tested ones and the observed labeling are still exchangeable, so that it is
// valid too.
//
// Ties: T* counts as reaching T from 1e-9 of the largest absolute value among the first batch() columns below
// it, a scale that depends on neither threads nor the order of work; slack can only raise a p-value.
// Statistics that do not vary get p = 1 and take no part in the maximum.
//
// InvalidArgument: as EvaluateRelabelings(), and components or statistics below 1.
// Cost: O(B) evaluations, twice as many for the maximum where components x (B + 1) exceeds 2^20 (below, the
// values are kept between the passes); memory: at most 8 MiB and a batch of labels per thread for every B.
// Accuracy: equals enumeration over bit masks and the table's p-values (tests/stats/permutation_test.cc,
// brute_force_test.cc); level: tests/stats/calibration/permutation_calibration_test.cc.
// Reference: Phipson & Smyth 2010, doi:10.2202/1544-6115.1585.
[[nodiscard]] inline absl::StatusOr<PermutationTestResult> PermutationTest(
    std::span<const Stratum> strata, int components, const Accumulate& accumulate, int statistics,
    const Finish& finish, const PermutationOptions& options = {}) {
  PINCHBECK_ASSIGN_OR_RETURN(const RelabelingPlan plan, RelabelingPlan::Make(strata, options));
  PINCHBECK_RETURN_IF_ERROR(internal::CheckComponents(components));
  PINCHBECK_RETURN_IF_ERROR(internal::CheckComponents(statistics));
  const internal::EvaluateColumns sums = internal::FromLabels(plan, accumulate);
  const internal::EvaluateColumns evaluate = [&](std::int64_t first, Eigen::Ref<Eigen::MatrixXd> out) {
    Eigen::MatrixXd parts = Eigen::MatrixXd::Zero(components, out.cols());
    sums(first, parts);
    finish(parts, out);
  };
  return internal::StreamedTest(plan, statistics, evaluate, options).Run();
}

// The same with the summed components as statistics.
[[nodiscard]] inline absl::StatusOr<PermutationTestResult> PermutationTest(
    std::span<const Stratum> strata, int components, const Accumulate& accumulate,
    const PermutationOptions& options = {}) {
  PINCHBECK_ASSIGN_OR_RETURN(const RelabelingPlan plan, RelabelingPlan::Make(strata, options));
  PINCHBECK_RETURN_IF_ERROR(internal::CheckComponents(components));
  const internal::EvaluateColumns evaluate = internal::FromLabels(plan, accumulate);
  return internal::StreamedTest(plan, components, evaluate, options).Run();
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_PERMUTATION_TEST_H_
