// Van Elteren's test: Mann-Whitney over strata (probes).
#ifndef PINCHBECK_STATS_VAN_ELTEREN_H_
#define PINCHBECK_STATS_VAN_ELTEREN_H_

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/mann_whitney.h"
#include "pinchbeck/stats/permutation.h"
#include "pinchbeck/stats/two_sample.h"

namespace pinchbeck::stats {

// The two samples of one stratum.
struct StratumSample {
  std::span<const double> reference;
  std::span<const double> observed;
};

enum class VanElterenMethod { kAuto, kAsymptotic, kPermutation };

struct VanElterenOptions {
  VanElterenMethod method = VanElterenMethod::kAuto;
  Alternative alternative = Alternative::kTwoSided;
  // Used by kPermutation only.
  PermutationOptions permutation = {};
};

namespace internal {

// Up to so many pooled values relabelings are the default.
inline constexpr std::int64_t kVanElterenAutoPermutation = 1'000;
// The normal limit ignores that T moves in steps. Half a step of this many standard deviations makes a level
// of .05 or .001 larger by at most 1.5%.
inline constexpr double kVanElterenHalfStep = 0.004;

// InvalidArgument, naming stratum and side, when there is no stratum or a sample is empty or not finite.
inline absl::Status CheckStrata(std::span<const StratumSample> strata) {
  if (strata.empty())
    return absl::InvalidArgumentError("strata: the list is empty; give at least one stratum");
  for (std::size_t s = 0; s < strata.size(); ++s) {
    const std::string name = "strata[" + std::to_string(s) + "].";
    PINCHBECK_RETURN_IF_ERROR(CheckSample(strata[s].reference, (name + "reference").c_str()));
    PINCHBECK_RETURN_IF_ERROR(CheckSample(strata[s].observed, (name + "observed").c_str()));
  }
  return absl::OkStatus();
}

// Ranks of all strata and what the statistic needs of them.
struct VanElterenTable {
  std::vector<DoubledMidranks> midranks;
  std::vector<Stratum> strata;
  double statistic = 0;
  double variance = 0;
  // Largest possible |statistic|.
  double range = 0;
  // Largest weight of a stratum: the coarsest step of the statistic.
  double step = 0;
  // Values of the smaller samples expected outside their stratum's largest group of equal values.
  double untied = 0;
};

inline VanElterenTable RankStrata(std::span<const StratumSample> samples) {
  VanElterenTable table;
  for (const StratumSample& sample : samples) {
    const Stratum stratum{static_cast<std::int64_t>(sample.reference.size()),
                          static_cast<std::int64_t>(sample.observed.size())};
    DoubledMidranks midranks = RankPooled(sample.reference, sample.observed);
    const double m = static_cast<double>(stratum.n_reference), n = static_cast<double>(stratum.n_observed);
    const double weight = 1 / (m + n + 1);
    table.statistic += 0.5 * weight * static_cast<double>(CentredRankSum(midranks, stratum.n_observed));
    table.variance += weight * weight * RankSumVariance(midranks, stratum.n_reference, stratum.n_observed);
    table.range += 0.5 * weight * m * n;
    table.step = std::max(table.step, weight);
    table.untied += std::min(m, n) * (1 - static_cast<double>(midranks.largest_group) / (m + n));
    table.strata.push_back(stratum);
    table.midranks.push_back(std::move(midranks));
  }
  return table;
}

inline absl::Status VanElterenPermutation(const VanElterenTable& ranked, const VanElterenOptions& options,
                                          TwoSampleResult& result) {
  PINCHBECK_ASSIGN_OR_RETURN(
      const PermutationTestResult test,
      PermutationTest(
          ranked.strata, 1,
          [&](std::size_t s, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
            const double weight = 0.5 / static_cast<double>(ranked.strata[s].size() + 1);
            for (Eigen::Index b = 0; b < labels.cols(); ++b) {
              out(0, b) +=
                  weight * static_cast<double>(CentredRankSum(ranked.midranks[s], ranked.strata[s].n_observed,
                                                              labels.col(b).data()));
            }
          },
          1,
          // The sign is chosen after the strata are added up.
          [&](const Eigen::Ref<const Eigen::MatrixXd>& sums, Eigen::Ref<Eigen::MatrixXd> statistics) {
            for (Eigen::Index b = 0; b < sums.cols(); ++b) {
              statistics(0, b) = TowardsAlternative(sums(0, b), options.alternative);
            }
          },
          options.permutation));
  result.p_value = test.p_values[0];
  result.calibration = test.exact ? Calibration::kExact : Calibration::kPermutation;
  result.method = test.exact ? "van Elteren's stratified rank sum, all relabelings"
                             : "van Elteren's stratified rank sum, random relabelings within strata";
  return absl::OkStatus();
}

inline bool VanElterenLimitIsTrusted(const VanElterenTable& ranked, std::int64_t size) {
  return size > kVanElterenAutoPermutation && ranked.untied >= kMinUntiedForNormal &&
         0.5 * ranked.step <= kVanElterenHalfStep * std::sqrt(ranked.variance);
}

inline double VanElterenNormalPValue(const VanElterenTable& ranked, Alternative alternative) {
  if (ranked.variance <= 0) return 1;
  return NormalPValue(TowardsAlternative(ranked.statistic, alternative) / std::sqrt(ranked.variance),
                      alternative);
}

}  // namespace internal

// Van Elteren's stratified rank test.
//
//   T = sum_s (W_s - n_s (N_s + 1) / 2) / (N_s + 1),   W_s: sum of the observed items' midranks in stratum s
//
// H0: within every stratum both samples come from one distribution; strata may differ in any way. The weights
// are those with the best power against one shift in all strata.
//
// `effect` is Cliff's delta P(y > x) - P(y < x) averaged over strata with weights m_s n_s / (N_s + 1), from
// -1 to 1: positive where observed values are larger.
//
// Methods. kPermutation relabels within strata and holds for every sample. kAsymptotic takes T / sd(T), with
// tie correction, for standard normal. kAuto: permutation up to 1,000 pooled values; where the smaller
// samples expect fewer than 50 values outside their strata's largest groups of equal ones; and where half a
// step of T is above 0.004 standard deviations, as with many small strata (62,500 of 1 + 1, 245 of 8 + 8),
// whose normal p-values would be too small by up to a tenth. Else normal, where no excess over .05, .01 and
// .001 was found in 4,000 runs (tests/stats/calibration/rank_calibration_test.cc).
//
// Ties share midranks. A stratum of equal values contributes 0; when all do, the p-value is 1. Strata of 1 +
// 1 are allowed: with only those, T is half the difference of the numbers of larger and smaller observed
// values, divided by 3.
//
// InvalidArgument: no stratum; a sample is empty or holds a NaN or an infinity; fewer than one permutation
// or a negative stop_after where relabelings are drawn.
//
// Cost: O(N log N), and O(B N) for kPermutation.
//
// Accuracy: T, effect and normal p-value within 1e-10 relative of the definition evaluated in NumPy and R,
// and enumerated p-values within 1e-12 (tests/golden/rank.json).
//
// Reference: van Elteren 1960, Bulletin of the International Statistical Institute 37, 351-361.
[[nodiscard]] inline absl::StatusOr<TwoSampleResult> VanElteren(std::span<const StratumSample> strata,
                                                                const VanElterenOptions& options = {}) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckStrata(strata));
  const internal::VanElterenTable ranked = internal::RankStrata(strata);
  TwoSampleResult result;
  for (const Stratum& stratum : ranked.strata) {
    result.n_reference += stratum.n_reference;
    result.n_observed += stratum.n_observed;
  }
  result.statistic = ranked.statistic;
  result.effect = ranked.statistic / ranked.range;
  if (options.method == VanElterenMethod::kPermutation ||
      (options.method == VanElterenMethod::kAuto &&
       !internal::VanElterenLimitIsTrusted(ranked, result.n_reference + result.n_observed))) {
    PINCHBECK_RETURN_IF_ERROR(internal::VanElterenPermutation(ranked, options, result));
    return result;
  }
  result.p_value = internal::VanElterenNormalPValue(ranked, options.alternative);
  result.calibration = Calibration::kAsymptotic;
  result.method = "van Elteren's stratified rank sum, normal limit with tie correction";
  return result;
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_VAN_ELTEREN_H_
