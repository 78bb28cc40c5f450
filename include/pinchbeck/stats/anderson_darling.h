// The Anderson-Darling test for two and for k samples.
#ifndef PINCHBECK_STATS_ANDERSON_DARLING_H_
#define PINCHBECK_STATS_ANDERSON_DARLING_H_

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/internal/parallel_for.h"
#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/permutation.h"
#include "pinchbeck/stats/quadratic_form_tail.h"
#include "pinchbeck/stats/tie_groups.h"
#include "pinchbeck/stats/two_sample.h"

namespace pinchbeck::stats {

// How the p-value is found.
//   kAuto:        permutation where values tie or the samples are small, else the limit.
//   kAsymptotic:  the limiting distribution, after matching mean and variance.
//   kPermutation: random relabelings, or all of them where they are few.
enum class AndersonDarlingMethod { kAuto, kAsymptotic, kPermutation };

struct AndersonDarlingOptions {
  AndersonDarlingMethod method = AndersonDarlingMethod::kAuto;
  PermutationOptions permutation = {};
};

struct KSampleResult {
  double statistic = 0;
  double p_value = 1;
  // In the test's own unit, named in its comment; 0 when the samples agree.
  double effect = 0;
  std::vector<std::int64_t> sizes;
  Calibration calibration = Calibration::kExact;
  // One line for a report. Points to static storage.
  std::string_view method;
};

// P(A >= x) of the limit of the k-sample statistic: A = sum_j C_j / (j (j + 1)) with independent chi-squares
// C_j of k - 1 degrees of freedom; its moment generating function is
// (-2 pi s / cos(pi/2 sqrt(1 + 8 s)))^((k-1)/2).
//
// 1 for x <= 0; NaN for NaN or k < 2; below 1e-308 the result fades to 0.
// Accuracy: 1e-12 relative down to 1e-280 for k = 2 and 3, against series and integrals in 40 digits
// (tests/golden/ecdf.json).
//
// Reference: Anderson & Darling 1952, doi:10.1214/aoms/1177729437 (k = 2); Scholz & Stephens 1987,
// doi:10.1080/01621459.1987.10478517, whose table of percentage points this replaces.
[[nodiscard]] inline double AndersonDarlingUpperTail(double x, std::int64_t k) {
  if (k < 2) return std::numeric_limits<double>::quiet_NaN();
  // log cos w = -i w - log 2 + log(1 + exp(2 i w)) is continuous where Im w >= 0, and off by -i pi on the
  // real axis between the first two zeros, where the cosine is negative.
  const double power = 0.5 * static_cast<double>(k - 1);
  return internal::QuadraticFormUpperTail(x, 1.0, [power](std::complex<double> s) {
    constexpr std::complex<double> kI(0, 1);
    const std::complex<double> w = std::numbers::pi / 2 * std::sqrt(1.0 + 8.0 * s);
    const std::complex<double> log_cosine = -kI * w - std::log(2.0) + std::log(1.0 + std::exp(2.0 * kI * w));
    return power * (std::log(2 * std::numbers::pi * s) - log_cosine - kI * std::numbers::pi);
  });
}

namespace internal {

// Sizes from which kAuto trusts the limit: in all, and of the smallest sample.
inline constexpr std::int64_t kAndersonDarlingLimitTotal = 200;
inline constexpr std::int64_t kAndersonDarlingLimitSample = 20;

// Standard deviation of A2 under the null without ties (Scholz & Stephens 1987, equation 4); 0 below four
// values, where the formula has no denominator. `inverse_sizes`: sum of 1 / n_i.
[[nodiscard]] inline double AndersonDarlingDeviation(double k, double inverse_sizes, std::int64_t size) {
  if (size < 4) return 0;
  const double n = static_cast<double>(size);
  // h = sum_{i<n} 1/i;  g = sum_{i<=n-2} sum_{i<j<n} 1/((n-i) j), by partial sums of 1/(n-1), 1/(n-2), ...
  double partial = 0, g = 0;
  for (std::int64_t i = 2; i < size; ++i) {
    partial += 1 / static_cast<double>(size + 1 - i);
    g += partial / static_cast<double>(i);
  }
  const double h = partial + 1;
  const double a = (4 * g - 6) * (k - 1) + (10 - 6 * g) * inverse_sizes;
  const double b = (2 * g - 4) * k * k + 8 * h * k + (2 * g - 14 * h - 4) * inverse_sizes - 8 * h + 4 * g - 6;
  const double c =
      (6 * h + 2 * g - 2) * k * k + (4 * h - 4 * g + 6) * k + (2 * h - 6) * inverse_sizes + 4 * h;
  const double d = (2 * h + 6) * k * k - 4 * h * k;
  const double variance = (((a * n + b) * n + c) * n + d) / ((n - 1) * (n - 2) * (n - 3));
  return variance > 0 ? std::sqrt(variance) : 0;
}

// (A2 - (k - 1)) / sigma; below four values, where there is no sigma, A2 - (k - 1).
[[nodiscard]] inline double NormalisedAndersonDarling(double a2, double k, double deviation) {
  return deviation > 0 ? (a2 - (k - 1)) / deviation : a2 - (k - 1);
}

[[nodiscard]] inline double AndersonDarlingLimitPValue(double statistic, std::int64_t k) {
  const double mean = static_cast<double>(k - 1);
  const double deviation = std::sqrt(2 * mean * (std::numbers::pi * std::numbers::pi / 3 - 3));
  return std::clamp(AndersonDarlingUpperTail(mean + statistic * deviation, k),
                    std::numeric_limits<double>::min(), 1.0);
}

// Weight of a distinct value with `tied` values after `below` smaller ones among n; 0 where all values are
// one.
[[nodiscard]] inline double AndersonDarlingWeight(double tied, double below, double n) {
  const double middle = below + tied / 2;
  const double denominator = middle * (n - middle) - n * tied / 4;
  return denominator > 0 ? tied / denominator : 0;
}

[[nodiscard]] inline bool AndersonDarlingRelabels(AndersonDarlingMethod method, bool ties, std::int64_t total,
                                                  std::int64_t smallest) {
  if (method != AndersonDarlingMethod::kAuto) return method == AndersonDarlingMethod::kPermutation;
  return ties || total < kAndersonDarlingLimitTotal || smallest < kAndersonDarlingLimitSample;
}

[[nodiscard]] inline std::string_view AndersonDarlingMethodName(Calibration calibration) {
  switch (calibration) {
    case Calibration::kExact:
      return "Anderson-Darling, all relabelings";
    case Calibration::kPermutation:
      return "Anderson-Darling, random relabelings";
    case Calibration::kAsymptotic:
      break;
  }
  return "Anderson-Darling, limiting distribution";
}

}  // namespace internal

// Squared gap between two empirical distribution functions, weighted towards the tails.
//
//   A2 = (N-1) m n / N sum_j l_j (F_ref(z_j) - F_obs(z_j))^2 / (B_j (N - B_j) - N l_j / 4)
//
// over the distinct values z_j with l_j ties, B_j the midrank position and F counting half of the values at
// z_j (Scholz & Stephens 1987, equation 7; SciPy's anderson_ksamp with midrank=True). Large values are
// against H0: both samples come from one distribution, and their N values are exchangeable.
//
// `statistic` is (A2 - 1) / sigma with the null mean 1 and the null standard deviation without ties, as SciPy
// gives it; for N < 4, where sigma does not exist, A2 - 1. `effect` is A2 / (N - 1) in [0, 1]: the share of
// the variance of the indicator "value below z" that lies between the samples, averaged over z; 0 when they
// agree.
//
// Limit: the limiting law itself, without clamping, where SciPy interpolates a table between 0.001 and 0.25
// (both agree there within 4%). Measured against 200,000 to 400,000 relabelings without ties: from 200 values
// with 20 in the smallest sample, where kAuto takes it, its p is 0.97 to 1.01 times the permutation one for p
// >= 0.01 and within 10% of it at 0.001, the noise of the measurement; at 20 + 20 it is 0.95 times it at 0.05
// and 1.14 times at 0.001. Smaller p-values are a ranking, not a level.
//
// Ties: permutation p-values keep their level; the limit is for values without ties, and kAuto never uses it
// with them. All values equal: A2 = 0, p = 1. Samples of one value are allowed; their p-value cannot be
// small.
//
// InvalidArgument: a sample is empty, longer than 2^30 or holds a NaN or an infinity; fewer than 1
// permutation or a negative stop_after.
//
// Cost: O(N log N), O(B N) for permutations.
//
// Accuracy: statistic within 1e-10 of SciPy (tests/golden/ecdf.json).
//
// Reference: Scholz & Stephens 1987, doi:10.1080/01621459.1987.10478517.
[[nodiscard]] inline absl::StatusOr<TwoSampleResult> AndersonDarling(
    std::span<const double> reference, std::span<const double> observed,
    const AndersonDarlingOptions& options = {}) {
  const absl::StatusOr<internal::TieGroups> merged = internal::MergeSamples(reference, observed);
  if (!merged.ok()) return merged.status();
  if (absl::Status status = internal::CheckPermutations(options.permutation); !status.ok()) return status;
  const double m = static_cast<double>(merged->n_reference), n = static_cast<double>(merged->n_observed);
  const double total = m + n, divisor = static_cast<double>(merged->divisor());
  std::vector<double> weights;
  weights.reserve(merged->groups.size());
  double below = 0;
  for (const internal::TieGroup& group : merged->groups) {
    weights.push_back(internal::AndersonDarlingWeight(group.size(), below, total));
    below += group.size();
  }
  // With gaps of (2 F - 2 F') m n / divisor: A2 = (N-1) / (4 N) divisor^2 / (m n) sum w gap^2.
  const double value = internal::SquaredMidGaps::Observed(*merged, weights, 0);
  const double a2 = (total - 1) / (4 * total) * (divisor / m) * (divisor / n) * value;

  TwoSampleResult result;
  result.n_reference = merged->n_reference;
  result.n_observed = merged->n_observed;
  result.statistic = internal::NormalisedAndersonDarling(
      a2, 2, internal::AndersonDarlingDeviation(2, 1 / m + 1 / n, merged->size()));
  result.effect = a2 / (total - 1);
  if (internal::AndersonDarlingRelabels(options.method, merged->has_ties(), merged->size(),
                                        std::min(merged->n_reference, merged->n_observed))) {
    const auto relabeled = internal::RelabelingPValue(
        merged->stratum(), internal::SquaredMidGaps(*merged, std::move(weights), 0), options.permutation);
    if (!relabeled.ok()) return relabeled.status();
    result.p_value = relabeled->p_value;
    result.calibration = relabeled->exact ? Calibration::kExact : Calibration::kPermutation;
  } else {
    result.p_value = internal::AndersonDarlingLimitPValue(result.statistic, 2);
    result.calibration = Calibration::kAsymptotic;
  }
  result.method = internal::AndersonDarlingMethodName(result.calibration);
  return result;
}

namespace internal {

// The pooled values of k samples in ascending order, reduced to what relabelings need.
class LabeledPool {
 public:
  // Requires checked samples. O(N log N).
  explicit LabeledPool(std::span<const std::span<const double>> samples) {
    std::vector<std::pair<double, std::uint32_t>> pooled;
    for (std::size_t s = 0; s < samples.size(); ++s) {
      sizes_.push_back(static_cast<std::int64_t>(samples[s].size()));
      for (const double value : samples[s]) pooled.emplace_back(value, static_cast<std::uint32_t>(s));
    }
    std::sort(pooled.begin(), pooled.end());
    const double n = static_cast<double>(pooled.size());
    labels_.reserve(pooled.size());
    for (std::size_t i = 0, begin = 0; i < pooled.size(); ++i) {
      labels_.push_back(pooled[i].second);
      if (i + 1 < pooled.size() && pooled[i + 1].first == pooled[i].first) continue;
      ends_.push_back(i + 1);
      weights_.push_back(
          AndersonDarlingWeight(static_cast<double>(i + 1 - begin), static_cast<double>(begin), n));
      begin = i + 1;
    }
  }

  [[nodiscard]] const std::vector<std::int64_t>& sizes() const { return sizes_; }
  // The sample of each value, in ascending order of the values.
  [[nodiscard]] const std::vector<std::uint32_t>& labels() const { return labels_; }
  [[nodiscard]] bool has_ties() const { return ends_.size() < labels_.size(); }

  // A2 of a labeling. O(N + k d) for d distinct values. `below`: scratch.
  [[nodiscard]] double Statistic(std::span<const std::uint32_t> labels, std::vector<double>& below) const {
    const double n = static_cast<double>(labels.size());
    // Twice the midrank count of each sample: a value counts once before and once behind its group.
    below.assign(sizes_.size(), 0.0);
    double sum = 0;
    std::size_t begin = 0;
    for (std::size_t g = 0; g < ends_.size(); ++g) {
      const double twice_middle = static_cast<double>(begin + ends_[g]);
      for (std::size_t i = begin; i < ends_[g]; ++i) below[labels[i]] += 1;
      double squares = 0;
      for (std::size_t s = 0; s < sizes_.size(); ++s) {
        const double size = static_cast<double>(sizes_[s]), gap = n * below[s] - size * twice_middle;
        squares += gap * gap / size;
      }
      sum += weights_[g] * squares;
      for (std::size_t i = begin; i < ends_[g]; ++i) below[labels[i]] += 1;
      begin = ends_[g];
    }
    return (n - 1) / (4 * n * n) * sum;
  }

 private:
  std::vector<std::int64_t> sizes_;
  std::vector<std::uint32_t> labels_;
  std::vector<std::size_t> ends_;
  std::vector<double> weights_;
};

// Number of ways to label the values, or max() when it exceeds `limit`.
[[nodiscard]] inline std::int64_t BoundedMultinomial(std::span<const std::int64_t> sizes,
                                                     std::int64_t limit) {
  constexpr std::int64_t kTooMany = std::numeric_limits<std::int64_t>::max();
  std::int64_t total = 0, count = 1;
  for (const std::int64_t size : sizes) {
    total += size;
    const std::int64_t ways = BoundedBinomial(total, size, limit);
    if (ways > limit || count > limit / ways) return kTooMany;
    count *= ways;
  }
  return count;
}

// Columns begin .. begin + reached.size() - 1 of the random relabelings: reached[i] says whether A2 of column
// begin + i is at least `threshold`. Every column has its own generator.
inline void DrawRelabeledSamples(const LabeledPool& pool, const PermutationOptions& options, double threshold,
                                 std::int64_t begin, std::span<std::uint8_t> reached) {
  constexpr std::int64_t kTogether = 16;
  const auto count = static_cast<std::int64_t>(reached.size());
  pinchbeck::internal::ParallelFor((count + kTogether - 1) / kTogether, options.threads, [&](std::int64_t t) {
    std::vector<double> below;
    std::vector<std::uint32_t> shuffled;
    for (std::int64_t c = t * kTogether; c < std::min(count, (t + 1) * kTogether); ++c) {
      shuffled = pool.labels();
      CounterRng rng(MixSeed(options.seed, 0), static_cast<std::uint64_t>(begin + c));
      for (std::size_t i = shuffled.size(); i > 1; --i) {
        std::swap(shuffled[i - 1], shuffled[rng.Below(static_cast<std::uint32_t>(i))]);
      }
      reached[static_cast<std::size_t>(c)] = pool.Statistic(shuffled, below) >= threshold ? 1 : 0;
    }
  });
}

// p-value of A2 over relabelings into k samples: all of them where they are few, else drawn at random, in
// rounds, and stopped early as in PermutationTest(). Memory: O(N) a thread.
[[nodiscard]] inline RelabelingResult RelabelSamples(const LabeledPool& pool,
                                                     const PermutationOptions& options) {
  std::vector<double> scratch;
  const double observed = pool.Statistic(pool.labels(), scratch);
  const double threshold = observed - 1e-9 * observed;
  const std::int64_t arrangements = BoundedMultinomial(pool.sizes(), options.permutations + 1);
  std::int64_t reached = 0;
  if (arrangements < std::numeric_limits<std::int64_t>::max()) {
    std::vector<std::uint32_t> labels = pool.labels();
    std::sort(labels.begin(), labels.end());
    do {
      reached += pool.Statistic(labels, scratch) >= threshold;
    } while (std::next_permutation(labels.begin(), labels.end()));
    return {static_cast<double>(reached) / static_cast<double>(arrangements), true};
  }
  // Early stopping wastes what is left of a round, so that the first ones are short.
  constexpr std::int64_t kFirstRound = 128, kLongestRound = 16'384;
  std::vector<std::uint8_t> flags;
  std::int64_t round = options.stop_after > 0 ? kFirstRound : kLongestRound;
  for (std::int64_t begin = 1; begin <= options.permutations; round = std::min(2 * round, kLongestRound)) {
    flags.assign(static_cast<std::size_t>(std::min(round, options.permutations - begin + 1)), 0);
    DrawRelabeledSamples(pool, options, threshold, begin, flags);
    for (const std::uint8_t flag : flags) {
      reached += flag;
      if (options.stop_after > 0 && reached == options.stop_after) {
        return {static_cast<double>(reached) / static_cast<double>(begin), false};
      }
      ++begin;
    }
  }
  return {static_cast<double>(1 + reached) / (1 + static_cast<double>(options.permutations)), false};
}

[[nodiscard]] inline absl::Status CheckSamples(std::span<const std::span<const double>> samples) {
  if (samples.size() < 2) {
    return absl::InvalidArgumentError("samples: " + std::to_string(samples.size()) +
                                      " given; give at least 2");
  }
  std::size_t total = 0;
  for (std::size_t s = 0; s < samples.size(); ++s) {
    const std::string name = "samples[" + std::to_string(s) + "]";
    if (absl::Status status = CheckSample(samples[s], name.c_str()); !status.ok()) return status;
    total += samples[s].size();
    if (total > std::size_t{1} << 30) {
      return absl::InvalidArgumentError("samples: more than 2^30 values in all; give a random part of them");
    }
  }
  return absl::OkStatus();
}

}  // namespace internal

// Squared gaps between the empirical distribution functions of k samples and the pooled one, weighted towards
// the tails.
//
//   A2 = (N-1)/N sum_i 1/n_i sum_j (l_j/N) (N M_ij - n_i B_j)^2 / (B_j (N - B_j) - N l_j / 4)
//
// over samples i and distinct values j, with M_ij the midrank count of sample i. H0: all samples come from
// one distribution, and their N values are exchangeable; rejected for large A2. With k = 2 this is
// AndersonDarling.
//
// `statistic` is (A2 - (k - 1)) / sigma as in SciPy's anderson_ksamp(midrank=True); for N < 4, A2 - (k - 1).
// `effect` is A2 / (N - 1) in [0, 1], the share of variance between the samples as in AndersonDarling. Limit,
// ties, constant samples and samples of one value: as there; kAuto uses the same sizes for every k.
//
// InvalidArgument: fewer than two samples, a sample that is empty or holds a NaN or an infinity, more than
// 2^30 values, fewer than 1 permutation, a negative stop_after. The message names samples[i].
//
// Cost: O(N log N + k N), O(k B N) for permutations.
//
// Accuracy: statistic within 1e-10 of SciPy (tests/golden/ecdf.json).
//
// Reference: Scholz & Stephens 1987, doi:10.1080/01621459.1987.10478517.
[[nodiscard]] inline absl::StatusOr<KSampleResult> AndersonDarlingKSample(
    std::span<const std::span<const double>> samples, const AndersonDarlingOptions& options = {}) {
  if (absl::Status status = internal::CheckSamples(samples); !status.ok()) return status;
  if (absl::Status status = internal::CheckPermutations(options.permutation); !status.ok()) return status;
  KSampleResult result;
  for (const std::span<const double> sample : samples) {
    result.sizes.push_back(static_cast<std::int64_t>(sample.size()));
  }
  if (samples.size() == 2) {
    const absl::StatusOr<TwoSampleResult> two = AndersonDarling(samples[0], samples[1], options);
    if (!two.ok()) return two.status();
    result.statistic = two->statistic;
    result.p_value = two->p_value;
    result.effect = two->effect;
    result.calibration = two->calibration;
    result.method = two->method;
    return result;
  }
  const internal::LabeledPool pool(samples);
  const auto size = static_cast<std::int64_t>(pool.labels().size());
  const auto k = static_cast<std::int64_t>(samples.size());
  double inverse_sizes = 0;
  for (const std::int64_t n : result.sizes) inverse_sizes += 1 / static_cast<double>(n);
  std::vector<double> scratch;
  const double a2 = pool.Statistic(pool.labels(), scratch);
  result.statistic = internal::NormalisedAndersonDarling(
      a2, static_cast<double>(k),
      internal::AndersonDarlingDeviation(static_cast<double>(k), inverse_sizes, size));
  result.effect = a2 / static_cast<double>(size - 1);
  if (internal::AndersonDarlingRelabels(options.method, pool.has_ties(), size,
                                        *std::min_element(result.sizes.begin(), result.sizes.end()))) {
    const internal::RelabelingResult relabeled = internal::RelabelSamples(pool, options.permutation);
    result.p_value = relabeled.p_value;
    result.calibration = relabeled.exact ? Calibration::kExact : Calibration::kPermutation;
  } else {
    result.p_value = internal::AndersonDarlingLimitPValue(result.statistic, k);
    result.calibration = Calibration::kAsymptotic;
  }
  result.method = internal::AndersonDarlingMethodName(result.calibration);
  return result;
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_ANDERSON_DARLING_H_
