// The Mann-Whitney U test: does one sample tend to hold larger values than the other?
#ifndef PINCHBECK_STATS_MANN_WHITNEY_H_
#define PINCHBECK_STATS_MANN_WHITNEY_H_

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/permutation.h"
#include "pinchbeck/stats/sort_doubles.h"
#include "pinchbeck/stats/special_functions.h"
#include "pinchbeck/stats/two_sample.h"

namespace pinchbeck::stats {

enum class MannWhitneyMethod { kAuto, kExact, kAsymptotic, kPermutation };

struct MannWhitneyOptions {
  MannWhitneyMethod method = MannWhitneyMethod::kAuto;
  Alternative alternative = Alternative::kTwoSided;
  // Used by kPermutation only.
  PermutationOptions permutation = {};
};

namespace internal {

// Up to this m * n the exact distribution is the default where no values are tied.
inline constexpr std::int64_t kMannWhitneyAutoExact = 10'000;
// Up to this m * n it can be asked for: half a second and four megabytes.
inline constexpr std::int64_t kMannWhitneyMaxExact = 100'000;
// The normal limit is the default with ties only where the smaller sample expects so many values outside the
// largest group of equal ones; below, rank sums are skewed.
inline constexpr double kMinUntiedForNormal = 50;

// Midranks of the pooled values times two, which makes them integers: reference items first, then observed
// ones, each side in ascending order.
struct DoubledMidranks {
  std::vector<std::int64_t> ranks;
  // Sum of t^3 - t over the groups of t equal values.
  double tie_sum = 0;
  std::int64_t largest_group = 0;
};

inline DoubledMidranks RankPooled(std::span<const double> reference, std::span<const double> observed) {
  std::vector<double> x(reference.begin(), reference.end()), y(observed.begin(), observed.end());
  SortDoubles(x);
  SortDoubles(y);
  DoubledMidranks result;
  result.ranks.resize(x.size() + y.size());
  for (std::size_t i = 0, j = 0; i < x.size() || j < y.size();) {
    const double value = j == y.size() || (i < x.size() && x[i] <= y[j]) ? x[i] : y[j];
    std::size_t i_end = i, j_end = j;
    while (i_end < x.size() && x[i_end] == value) ++i_end;
    while (j_end < y.size() && y[j_end] == value) ++j_end;
    const auto group = static_cast<std::int64_t>(i_end - i + j_end - j);
    const std::int64_t rank = 2 * static_cast<std::int64_t>(i + j) + group + 1;
    std::fill(result.ranks.data() + i, result.ranks.data() + i_end, rank);
    std::fill(result.ranks.data() + x.size() + j, result.ranks.data() + x.size() + j_end, rank);
    const double t = static_cast<double>(group);
    result.tie_sum += t * (t * t - 1);
    result.largest_group = std::max(result.largest_group, group);
    i = i_end;
    j = j_end;
  }
  return result;
}

// Twice (the observed items' rank sum minus its null mean n (N + 1) / 2), an integer; positive where observed
// values are larger.
inline std::int64_t CentredRankSum(const DoubledMidranks& midranks, std::int64_t n_observed,
                                   const std::uint8_t* label) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < midranks.ranks.size(); ++i) {
    sum += midranks.ranks[i] & -static_cast<std::int64_t>(label[i]);
  }
  return sum - n_observed * (static_cast<std::int64_t>(midranks.ranks.size()) + 1);
}

// The same for the labeling as sampled.
inline std::int64_t CentredRankSum(const DoubledMidranks& midranks, std::int64_t n_observed) {
  return std::accumulate(midranks.ranks.end() - n_observed, midranks.ranks.end(), std::int64_t{0}) -
         n_observed * (static_cast<std::int64_t>(midranks.ranks.size()) + 1);
}

// Null variance of the rank sum, ties taken into account; 0 when all values are equal.
inline double RankSumVariance(const DoubledMidranks& midranks, std::int64_t n_reference,
                              std::int64_t n_observed) {
  const double m = static_cast<double>(n_reference), n = static_cast<double>(n_observed), total = m + n;
  if (midranks.largest_group == n_reference + n_observed) return 0;
  return m * n / 12 * (total + 1 - midranks.tie_sum / (total * (total - 1)));
}

// The number that is large where the alternative holds.
template <typename Number>
Number TowardsAlternative(Number centred, Alternative alternative) {
  if (alternative == Alternative::kTwoSided) return centred < 0 ? -centred : centred;
  return alternative == Alternative::kObservedGreater ? centred : -centred;
}

// Unsigned integers of a fixed number of 64-bit words, in one block; sums and differences wrap around.
class WideCounts {
 public:
  WideCounts(std::size_t count, std::size_t words_each) : width_(words_each), words_(count * words_each, 0) {
    words_[0] = 1;
  }
  void Add(std::size_t target, std::size_t source) {
    std::uint64_t carry = 0;
    for (std::size_t w = 0; w < width_; ++w) {
      std::uint64_t& a = words_[target * width_ + w];
      const std::uint64_t b = words_[source * width_ + w], sum = a + b, with_carry = sum + carry;
      carry = static_cast<std::uint64_t>(sum < b) | static_cast<std::uint64_t>(with_carry < sum);
      a = with_carry;
    }
  }
  void Subtract(std::size_t target, std::size_t source) {
    std::uint64_t borrow = 0;
    for (std::size_t w = 0; w < width_; ++w) {
      std::uint64_t& a = words_[target * width_ + w];
      const std::uint64_t b = words_[source * width_ + w], difference = a - b;
      const std::uint64_t with_borrow = difference - borrow;
      borrow = static_cast<std::uint64_t>(a < b) | static_cast<std::uint64_t>(difference < borrow);
      a = with_borrow;
    }
  }
  [[nodiscard]] double ToDouble(std::size_t index) const {
    double value = 0;
    for (std::size_t w = width_; w-- > 0;) {
      value = value * 0x1p64 + static_cast<double>(words_[index * width_ + w]);
    }
    return value;
  }

 private:
  std::size_t width_;
  std::vector<std::uint64_t> words_;
};

// P(U <= u) without ties. The number of labelings with U = v is the coefficient of q^v in
//   prod_{i=1..a} (1 - q^(b+i)) / (1 - q^i),   a = min(m, n), b = max(m, n).
// The factors are applied to whole integers modulo a power of 2 above the largest possible sum, so the
// differences lose nothing and a tail of any size has full relative accuracy. Time O(min(m, n) u) words.
inline double MannWhitneyLowerTail(std::int64_t u, std::int64_t m, std::int64_t n) {
  if (u < 0) return 0;
  if (u >= m * n) return 1;
  const auto a = static_cast<std::size_t>(std::min(m, n)), b = static_cast<std::size_t>(std::max(m, n));
  double labelings = 1;
  for (std::size_t i = 1; i <= a; ++i) {
    labelings = labelings * static_cast<double>(b + i) / static_cast<double>(i);
  }
  const auto last = static_cast<std::size_t>(u);
  WideCounts counts(last + 1, static_cast<std::size_t>(std::ilogb(labelings)) / 64 + 2);
  for (std::size_t i = 1; i <= a; ++i) {
    for (std::size_t v = last; v >= b + i; --v) counts.Subtract(v, v - b - i);
    for (std::size_t v = i; v <= last; ++v) counts.Add(v, v - i);
  }
  for (std::size_t v = 1; v <= last; ++v) counts.Add(0, v);
  return std::min(1.0, counts.ToDouble(0) / labelings);
}

// p-value from the exact distribution; `doubled` is 2 U - m n of the observed sample.
inline double MannWhitneyExactPValue(std::int64_t doubled, std::int64_t m, std::int64_t n,
                                     Alternative alternative) {
  // P(U >= u) = P(U <= m n - u); the tail that is summed is the one below the centre.
  const std::int64_t mirrored = (m * n - TowardsAlternative(doubled, alternative)) / 2;
  if (alternative == Alternative::kTwoSided) return std::min(1.0, 2 * MannWhitneyLowerTail(mirrored, m, n));
  if (2 * mirrored <= m * n) return MannWhitneyLowerTail(mirrored, m, n);
  return 1 - MannWhitneyLowerTail(m * n - mirrored - 1, m, n);
}

// p-value of a standard normal distance towards the alternative; an underflow does not make it 0.
inline double NormalPValue(double distance, Alternative alternative) {
  const double tail = std::max(NormalUpperTail(distance), std::numeric_limits<double>::min());
  return alternative == Alternative::kTwoSided ? std::min(1.0, 2 * tail) : tail;
}

inline double MannWhitneyNormalPValue(std::int64_t doubled, double variance, Alternative alternative) {
  if (variance <= 0) return 1;
  // Half a unit of U as continuity correction.
  const double distance = 0.5 * static_cast<double>(TowardsAlternative(doubled, alternative)) - 0.5;
  return NormalPValue(distance / std::sqrt(variance), alternative);
}

inline absl::Status MannWhitneyPermutation(const DoubledMidranks& midranks, const MannWhitneyOptions& options,
                                           TwoSampleResult& result) {
  const Stratum strata[] = {{result.n_reference, result.n_observed}};
  PINCHBECK_ASSIGN_OR_RETURN(
      const PermutationTestResult test,
      PermutationTest(
          strata, 1,
          [&](std::size_t, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
            for (Eigen::Index b = 0; b < labels.cols(); ++b) {
              const std::int64_t sum = CentredRankSum(midranks, result.n_observed, labels.col(b).data());
              out(0, b) += static_cast<double>(TowardsAlternative(sum, options.alternative));
            }
          },
          options.permutation));
  result.p_value = test.p_values[0];
  result.calibration = test.exact ? Calibration::kExact : Calibration::kPermutation;
  result.method = test.exact ? "Mann-Whitney U, all relabelings" : "Mann-Whitney U, random relabelings";
  return absl::OkStatus();
}

// What kAuto stands for.
inline MannWhitneyMethod ResolveMannWhitneyMethod(const DoubledMidranks& midranks, std::int64_t m,
                                                  std::int64_t n) {
  const bool few = m <= kMannWhitneyAutoExact / n;
  if (midranks.largest_group == 1) {
    return few ? MannWhitneyMethod::kExact : MannWhitneyMethod::kAsymptotic;
  }
  const double largest_share = static_cast<double>(midranks.largest_group) / static_cast<double>(m + n);
  const double untied = static_cast<double>(std::min(m, n)) * (1 - largest_share);
  return few || untied < kMinUntiedForNormal ? MannWhitneyMethod::kPermutation
                                             : MannWhitneyMethod::kAsymptotic;
}

}  // namespace internal

// Mann-Whitney U test (Wilcoxon's rank sum test).
//
//   U = #{(i, j): x_i > y_j} + #{(i, j): x_i = y_j} / 2,   x reference, y observed
//
// H0: both samples come from one distribution. The two-sided p-value is P(|U - m n / 2| >= |u - m n / 2|).
// The test looks for values that tend to be larger or smaller; two distributions with another spread and the
// same centre are not told apart.
//
// `effect` is Cliff's delta P(y > x) - P(y < x) = 1 - 2 U / (m n), from -1 to 1: positive where observed
// values are larger. The probability of superiority is (1 + delta) / 2.
//
// Methods. kAuto without ties: exact for m n <= 10^4, else normal. kAuto with ties: permutation for m n <=
// 10^4, or where min(m, n) times the share of values outside the largest group of equal ones is below 50;
// else normal. kExact needs untied values and m n <= 10^5. kAsymptotic is the normal limit with tie and
// continuity corrections; where kAuto takes it, no excess over .05, .01 and .001 was found in 6,000 to 20,000
// runs (tests/stats/calibration/rank_calibration_test.cc); in smaller samples with many ties it is not to be
// trusted. kPermutation holds for every sample; rank sums are integers, so its ties are exact.
//
// Ties share midranks. When all values are equal U is m n / 2, the p-value 1 and the effect 0. Sizes of 1 are
// allowed: the smallest two-sided exact p-value is 2 / C(m + n, m).
//
// InvalidArgument: a sample is empty or holds a NaN or an infinity; kExact with ties or m n > 10^5; fewer
// than one permutation or a negative stop_after where relabelings are drawn.
//
// Cost: O(N log N), and O(min(m, n) U) for kExact (5 ms at 100 + 100), O(B N) for kPermutation.
//
// Accuracy: U, the exact and the normal p-value within 1e-10 relative of SciPy and R for m, n <= 500
// (tests/golden/rank.json); exact tails have full relative accuracy however small they are.
//
// Reference: Mann & Whitney 1947, doi:10.1214/aoms/1177730491; Cliff 1993, doi:10.1037/0033-2909.114.3.494.
[[nodiscard]] inline absl::StatusOr<TwoSampleResult> MannWhitney(std::span<const double> reference,
                                                                 std::span<const double> observed,
                                                                 const MannWhitneyOptions& options = {}) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckSample(reference, "reference"));
  PINCHBECK_RETURN_IF_ERROR(internal::CheckSample(observed, "observed"));
  TwoSampleResult result;
  const auto m = static_cast<std::int64_t>(reference.size()), n = static_cast<std::int64_t>(observed.size());
  result.n_reference = m;
  result.n_observed = n;
  const internal::DoubledMidranks midranks = internal::RankPooled(reference, observed);
  // 2 U' - m n with U' the observed sample's U; m n - U' is the reference's.
  const std::int64_t doubled = internal::CentredRankSum(midranks, n);
  const double pairs = static_cast<double>(m) * static_cast<double>(n);
  result.statistic = 0.5 * (pairs - static_cast<double>(doubled));
  result.effect = static_cast<double>(doubled) / pairs;
  MannWhitneyMethod method = options.method;
  if (method == MannWhitneyMethod::kAuto) method = internal::ResolveMannWhitneyMethod(midranks, m, n);
  if (method == MannWhitneyMethod::kPermutation) {
    PINCHBECK_RETURN_IF_ERROR(internal::MannWhitneyPermutation(midranks, options, result));
  } else if (method == MannWhitneyMethod::kExact) {
    if (midranks.largest_group > 1) {
      return absl::InvalidArgumentError(
          "method: kExact needs values without ties; use kPermutation, which enumerates where it can");
    }
    if (m > internal::kMannWhitneyMaxExact / n) {
      return absl::InvalidArgumentError(
          "method: kExact needs m * n <= " + std::to_string(internal::kMannWhitneyMaxExact) + ", got " +
          std::to_string(m) + " * " + std::to_string(n) + "; use kAsymptotic");
    }
    result.p_value = internal::MannWhitneyExactPValue(doubled, m, n, options.alternative);
    result.calibration = Calibration::kExact;
    result.method = "Mann-Whitney U, exact distribution";
  } else {
    result.p_value = internal::MannWhitneyNormalPValue(doubled, internal::RankSumVariance(midranks, m, n),
                                                       options.alternative);
    result.calibration = Calibration::kAsymptotic;
    result.method = "Mann-Whitney U, normal limit with tie and continuity correction";
  }
  return result;
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_MANN_WHITNEY_H_
