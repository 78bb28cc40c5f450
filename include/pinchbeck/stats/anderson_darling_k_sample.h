// The Anderson-Darling test for any number of samples.
#ifndef PINCHBECK_STATS_ANDERSON_DARLING_K_SAMPLE_H_
#define PINCHBECK_STATS_ANDERSON_DARLING_K_SAMPLE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/internal/parallel_for.h"
#include "pinchbeck/stats/anderson_darling.h"
#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/permutation.h"
#include "pinchbeck/stats/two_sample.h"

namespace pinchbeck::stats {

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
    result.p_value = a2 > 0 ? internal::AndersonDarlingLimitPValue(result.statistic, k) : 1;
    result.calibration = Calibration::kAsymptotic;
  }
  result.method = internal::AndersonDarlingMethodName(result.calibration);
  return result;
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_ANDERSON_DARLING_K_SAMPLE_H_
