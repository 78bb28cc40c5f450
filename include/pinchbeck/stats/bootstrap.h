// The stratified two-sample bootstrap: an interval for any statistic of one or several probes.
#ifndef PINCHBECK_STATS_BOOTSTRAP_H_
#define PINCHBECK_STATS_BOOTSTRAP_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/internal/parallel_for.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/effect_estimate.h"
#include "pinchbeck/stats/permutation.h"
#include "pinchbeck/stats/special_functions.h"

namespace pinchbeck::stats {

// Which quantiles of the replicates bound the interval.
//   kPercentile: those at (1 - confidence) / 2 and (1 + confidence) / 2.
//   kBca:        corrected for median bias and for a standard deviation that changes with the value
//   (acceleration).
enum class BootstrapMethod { kPercentile, kBca };

struct BootstrapOptions {
  double confidence = 0.95;
  BootstrapMethod method = BootstrapMethod::kBca;
  std::int64_t replicates = 1999;
  std::uint64_t seed = 1;
  // Results do not depend on the number of threads.
  int threads = 1;
};

// One stratum's items in a resample: positions within the reference and within the observed sample, each from
// 0, with repeats.
struct ResampleView {
  std::span<const std::uint32_t> reference;
  std::span<const std::uint32_t> observed;
};

// The statistic of a resample, one view for each stratum. Called from several threads at once; must not keep
// state.
using ResampleStatistic = std::function<double(std::span<const ResampleView> strata)>;

namespace internal {

// Index lists of all strata, reference and observed in turn, and the views on them.
class Resample {
 public:
  explicit Resample(std::span<const Stratum> strata) : lists_(2 * strata.size()), views_(strata.size()) {
    for (std::size_t s = 0; s < strata.size(); ++s) {
      lists_[2 * s].resize(static_cast<std::size_t>(strata[s].n_reference));
      lists_[2 * s + 1].resize(static_cast<std::size_t>(strata[s].n_observed));
    }
    for (std::vector<std::uint32_t>& list : lists_) std::iota(list.begin(), list.end(), 0u);
  }
  [[nodiscard]] std::size_t groups() const { return lists_.size(); }
  std::vector<std::uint32_t>& list(std::size_t group) { return lists_[group]; }
  double Evaluate(const ResampleStatistic& statistic) {
    for (std::size_t s = 0; s < views_.size(); ++s) views_[s] = {lists_[2 * s], lists_[2 * s + 1]};
    return statistic(views_);
  }

 private:
  std::vector<std::vector<std::uint32_t>> lists_;
  std::vector<ResampleView> views_;
};

[[nodiscard]] inline absl::Status CheckBootstrap(std::span<const Stratum> strata,
                                                 const BootstrapOptions& options) {
  PINCHBECK_RETURN_IF_ERROR(CheckConfidence(options.confidence));
  if (strata.empty())
    return absl::InvalidArgumentError("strata: the list is empty; give at least one stratum");
  for (std::size_t s = 0; s < strata.size(); ++s) {
    constexpr std::int64_t kMost = std::int64_t{1} << 31;
    if (strata[s].n_reference < 1 || strata[s].n_observed < 1 || strata[s].n_reference > kMost ||
        strata[s].n_observed > kMost) {
      return absl::InvalidArgumentError(
          "strata[" + std::to_string(s) + "] has " + std::to_string(strata[s].n_reference) + " and " +
          std::to_string(strata[s].n_observed) + " items; each side needs 1 to 2^31");
    }
  }
  if (static_cast<double>(options.replicates) * (1 - options.confidence) < 2 ||
      options.replicates > 100'000'000) {
    return absl::InvalidArgumentError("replicates is " + std::to_string(options.replicates) +
                                      "; it must be at least 2 / (1 - confidence) and at most 1e8");
  }
  return absl::OkStatus();
}

// Replicates of the statistic. Replicate r draws from its own generators, one for each side of each stratum.
inline std::vector<double> BootstrapReplicates(std::span<const Stratum> strata,
                                               const ResampleStatistic& statistic,
                                               const BootstrapOptions& options) {
  std::vector<double> values(static_cast<std::size_t>(options.replicates));
  // Room for the positions is made once for so many replicates.
  constexpr std::int64_t kTogether = 32;
  const auto run = [&](std::int64_t part) {
    Resample resample(strata);
    for (std::int64_t r = part * kTogether; r < std::min(options.replicates, (part + 1) * kTogether); ++r) {
      const std::uint64_t seed = MixSeed(options.seed, static_cast<std::uint64_t>(r));
      for (std::size_t group = 0; group < resample.groups(); ++group) {
        CounterRng rng(seed, group);
        const auto size = static_cast<std::uint32_t>(resample.list(group).size());
        for (std::uint32_t& index : resample.list(group)) index = rng.Below(size);
      }
      values[static_cast<std::size_t>(r)] = resample.Evaluate(statistic);
    }
  };
  pinchbeck::internal::ParallelFor((options.replicates + kTogether - 1) / kTogether, options.threads, run);
  return values;
}

// Skewness of the statistic's influence, from leaving out one item at a time:
//   a = sum l^3 / n^3 / (6 (sum l^2 / n^2)^(3/2)),   l = (n - 1) (mean of the group's values - value without
//   the item),
// sums over all items of all sides of all strata, n the size of the item's side. Sides of one item cannot be
// left out and add nothing; 0 when nothing varies.
inline double Acceleration(std::span<const Stratum> strata, const ResampleStatistic& statistic) {
  double cubes = 0, squares = 0;
  Resample resample(strata);
  for (std::size_t group = 0; group < resample.groups(); ++group) {
    std::vector<std::uint32_t>& list = resample.list(group);
    const std::size_t size = list.size();
    if (size < 2) continue;
    const std::vector<std::uint32_t> all = list;
    std::vector<double> without(size);
    for (std::size_t i = 0; i < size; ++i) {
      list.assign(all.begin(), all.end());
      list.erase(list.begin() + static_cast<std::ptrdiff_t>(i));
      without[i] = resample.Evaluate(statistic);
    }
    list = all;
    const double n = static_cast<double>(size);
    const double mean = std::accumulate(without.begin(), without.end(), 0.0) / n;
    for (const double value : without) {
      const double influence = (n - 1) / n * (mean - value);
      squares += influence * influence;
      cubes += influence * influence * influence;
    }
  }
  return squares > 0 ? cubes / (6 * squares * std::sqrt(squares)) : 0;
}

// Quantile by linear interpolation between order statistics at (B - 1) share.
inline double SortedQuantile(const std::vector<double>& sorted, double share) {
  const double position = share * static_cast<double>(sorted.size() - 1);
  const auto index = std::min(static_cast<std::size_t>(position), sorted.size() - 1);
  const double fraction = position - static_cast<double>(index);
  if (fraction == 0) return sorted[index];
  return sorted[index] + fraction * (sorted[index + 1] - sorted[index]);
}

// The share of the replicates at which a BCa interval's end lies that is nominally at normal quantile z.
inline double BcaShare(double bias, double acceleration, double z) {
  const double shifted = bias + z, denominator = 1 - acceleration * shifted;
  if (denominator <= 0) return shifted > 0 ? 1 : 0;
  return NormalUpperTail(-(bias + shifted / denominator));
}

// Ends of the interval; sorts the replicates.
inline void SetInterval(std::vector<double>& replicates, BootstrapMethod method, double acceleration,
                        EffectEstimate& result) {
  std::sort(replicates.begin(), replicates.end());
  double low = (1 - result.confidence) / 2, high = 1 - low;
  if (method == BootstrapMethod::kBca) {
    const double count = static_cast<double>(replicates.size());
    const auto [first, last] = std::equal_range(replicates.begin(), replicates.end(), result.value);
    // Half of the ties; a value outside all replicates stands half a replicate from their end.
    const double below =
        static_cast<double>(first - replicates.begin()) + 0.5 * static_cast<double>(last - first);
    const double bias = NormalQuantile(std::clamp(below, 0.5, count - 0.5) / count);
    const double z = NormalQuantile(high);
    low = BcaShare(bias, acceleration, -z);
    high = BcaShare(bias, acceleration, z);
  }
  result.low = SortedQuantile(replicates, low);
  result.high = SortedQuantile(replicates, high);
}

}  // namespace internal

// Bootstrap interval of a statistic: items are redrawn with replacement within each side of each stratum.
//
// The items of a side must be independent draws; repeated measurements of one item are not. Approximate:
// the error of the coverage shrinks like 1 / n for kBca and 1 / sqrt(n) for kPercentile. Measured for a
// difference of means at confidence 0.95, kBca (tests/stats/calibration/interval_calibration_test.cc): normal
// values 0.90, 0.93, 0.94 at 8+8, 25+25, 100+100; exponential ones 0.88, 0.91 at 8+8, 25+25; kPercentile
// the same within 0.01. Statistics that are biased or cannot go below 0 (plug-in divergences) need the
// corrections of divergence.h instead.
//
// `statistic` sees positions within the samples (ResampleView). It is also called on the original items and,
// for kBca, on all resamples that leave out one item; it must be finite on all. Constant statistics give an
// interval of no width. A side with one item is always the same in every resample, so its own variation is
// not in the interval.
//
// InvalidArgument: no stratum, an empty side or more than 2^31 items, a confidence outside (0, 1), fewer than
// 2 / (1 - confidence) or more than 1e8 replicates, a statistic that is not finite.
//
// Cost: B + 1 evaluations, for kBca one more for each item; memory O(B + items x threads). A seed gives the
// same interval for every number of threads.
//
// Accuracy: given the same replicates, equal to SciPy's percentile and BCa intervals to 1e-12
// (tests/golden/effect.json).
//
// Reference: Efron 1987, doi:10.1080/01621459.1987.10478410; for several samples Davison & Hinkley 1997,
// doi:10.1017/CBO9780511802843, section 5.3.
[[nodiscard]] inline absl::StatusOr<EffectEstimate> Bootstrap(std::span<const Stratum> strata,
                                                              const ResampleStatistic& statistic,
                                                              const BootstrapOptions& options = {}) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckBootstrap(strata, options));
  EffectEstimate result;
  result.confidence = options.confidence;
  const bool bca = options.method == BootstrapMethod::kBca;
  result.method = bca ? "BCa bootstrap" : "percentile bootstrap";
  result.value = internal::Resample(strata).Evaluate(statistic);
  std::vector<double> replicates = internal::BootstrapReplicates(strata, statistic, options);
  const double acceleration = bca ? internal::Acceleration(strata, statistic) : 0;
  const auto finite = [](double value) { return std::isfinite(value); };
  if (!finite(result.value) || !finite(acceleration) ||
      !std::all_of(replicates.begin(), replicates.end(), finite)) {
    return absl::InvalidArgumentError(
        "statistic: its value on the sample or on a resample is not finite; give one that is defined for "
        "repeated "
        "items, or use more items");
  }
  internal::SetInterval(replicates, options.method, acceleration, result);
  return result;
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_BOOTSTRAP_H_
