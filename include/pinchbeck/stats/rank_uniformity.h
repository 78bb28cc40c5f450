// Rank uniformity ("RUT"): are the observed answers' scores spread evenly among their prompts' reference
// scores?
#ifndef PINCHBECK_STATS_RANK_UNIFORMITY_H_
#define PINCHBECK_STATS_RANK_UNIFORMITY_H_

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/cramer_von_mises_distribution.h"
#include "pinchbeck/stats/permutation.h"
#include "pinchbeck/stats/tie_groups.h"
#include "pinchbeck/stats/two_sample.h"
#include "pinchbeck/stats/van_elteren.h"

namespace pinchbeck::stats {

enum class RankUniformityMethod { kAuto, kAsymptotic, kPermutation };

struct RankUniformityOptions {
  RankUniformityMethod method = RankUniformityMethod::kAuto;
  // The seed also draws the randomised ranks.
  PermutationOptions permutation = {};
};

namespace internal {

// From so many prompts on the limit is the default for one observed answer each.
inline constexpr std::size_t kRankUniformityLimit = 200;

// Cramer-von Mises distance of n numbers from the uniform distribution on [0, 1]:
//   W2 = 1 / (12 n) + sum_i (u_(i) - (2 i - 1) / (2 n))^2.
// Sorts its argument.
inline double UniformityStatistic(std::span<double> u) {
  std::sort(u.begin(), u.end());
  const double n = static_cast<double>(u.size());
  double sum = 1 / (12 * n);
  for (std::size_t i = 0; i < u.size(); ++i) {
    const double gap = u[i] - (static_cast<double>(i) + 0.5) / n;
    sum += gap * gap;
  }
  return sum;
}

// Limit of P(W2 >= x) for many numbers, never 0.
inline double UniformityLimitTail(double x) {
  return std::max(CramerVonMisesUpperTail(x), std::numeric_limits<double>::min());
}

// (1 + #{W2* >= W2}) / (1 + B) over B draws of n independent uniform numbers, stopped early as in
// PermutationTest(): valid for every B.
inline double UniformityMonteCarlo(double statistic, std::size_t n, const PermutationOptions& options) {
  const std::uint64_t seed = MixSeed(options.seed, 1);
  std::vector<double> u(n);
  std::int64_t reached = 0;
  for (std::int64_t b = 0; b < options.permutations; ++b) {
    CounterRng rng(seed, static_cast<std::uint64_t>(b));
    for (double& value : u) value = rng.Uniform();
    reached += UniformityStatistic(u) >= statistic;
    if (options.stop_after > 0 && reached == options.stop_after) {
      return static_cast<double>(reached) / static_cast<double>(b + 1);
    }
  }
  return static_cast<double>(1 + reached) / static_cast<double>(1 + options.permutations);
}

// Reference scores below `value` and equal to it.
struct RankAmongReference {
  std::int64_t below = 0;
  std::int64_t equal = 0;
};

inline RankAmongReference RankOf(double value, std::span<const double> reference) {
  RankAmongReference rank;
  for (const double x : reference) {
    rank.below += x < value;
    rank.equal += x == value;
  }
  return rank;
}

// Ranks of all observed answers of a prompt. O(m + n) log m; O(m) for one answer.
inline std::vector<RankAmongReference> RanksOf(const StratumSample& prompt) {
  std::vector<RankAmongReference> ranks;
  if (prompt.observed.size() == 1) return {RankOf(prompt.observed[0], prompt.reference)};
  std::vector<double> sorted(prompt.reference.begin(), prompt.reference.end());
  std::sort(sorted.begin(), sorted.end());
  for (const double value : prompt.observed) {
    const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), value);
    ranks.push_back({first - sorted.begin(), last - first});
  }
  return ranks;
}

// One prompt with several observed answers, sorted once.
//
// A randomised rank (r + U (e + 1)) / (m + 1) is uniform under H0. Its chance to lie below a grid point, the
// mean over U, is added up instead of a draw of it: no noise, and the null mean of the sum is exactly the
// grid point.
class PromptRanks {
 public:
  static constexpr int kCells = 32;
  static constexpr int kPoints = kCells - 1;

  explicit PromptRanks(const StratumSample& sample)
      : stratum_{static_cast<std::int64_t>(sample.reference.size()),
                 static_cast<std::int64_t>(sample.observed.size())} {
    std::vector<double> values(sample.reference.begin(), sample.reference.end());
    values.insert(values.end(), sample.observed.begin(), sample.observed.end());
    order_.resize(values.size());
    std::iota(order_.begin(), order_.end(), 0u);
    std::sort(order_.begin(), order_.end(), [&](auto a, auto b) { return values[a] < values[b]; });
    for (std::size_t i = 0; i < order_.size(); ++i) {
      if (i + 1 == order_.size() || values[order_[i]] != values[order_[i + 1]]) group_ends_.push_back(i + 1);
    }
    for (std::int64_t g = 0; g < kPoints; ++g) {
      const std::int64_t point = (g + 1) * (stratum_.n_reference + 1);
      whole_.push_back(static_cast<std::size_t>(point / kCells));
      part_.push_back(static_cast<double>(point % kCells) / kCells);
    }
  }

  [[nodiscard]] const Stratum& stratum() const { return stratum_; }

  // Adds the number of observed answers expected below each grid point.
  void Accumulate(const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) const {
    // Answers expected in each of the m + 1 intervals that a rank can fall into.
    std::vector<double> expected(static_cast<std::size_t>(stratum_.n_reference + 1));
    for (Eigen::Index b = 0; b < labels.cols(); ++b) {
      Spread(labels.col(b).data(), expected);
      double below = 0;
      std::size_t g = 0;
      for (std::size_t r = 0; r < expected.size(); ++r) {
        for (; g < whole_.size() && whole_[g] == r; ++g) {
          out(static_cast<Eigen::Index>(g), b) += below + part_[g] * expected[r];
        }
        below += expected[r];
      }
    }
  }

 private:
  // An observed answer that e reference scores equal is spread over the e + 1 intervals it could stand in.
  void Spread(const std::uint8_t* label, std::vector<double>& expected) const {
    std::fill(expected.begin(), expected.end(), 0.0);
    std::size_t begin = 0, below = 0;
    for (const std::size_t end : group_ends_) {
      std::size_t marked = 0;
      for (std::size_t i = begin; i < end; ++i) marked += label[order_[i]];
      const std::size_t equal = end - begin - marked;
      if (marked > 0) {
        const double each = static_cast<double>(marked) / static_cast<double>(equal + 1);
        for (std::size_t r = below; r <= below + equal; ++r) expected[r] += each;
      }
      below += equal;
      begin = end;
    }
  }

  Stratum stratum_;
  std::vector<std::uint32_t> order_;
  std::vector<std::size_t> group_ends_;
  // A grid point times m + 1, as an interval and a part of it.
  std::vector<std::size_t> whole_;
  std::vector<double> part_;
};

inline absl::Status RankUniformityByRelabeling(std::span<const StratumSample> prompts,
                                               const PermutationOptions& options, TwoSampleResult& result) {
  std::vector<PromptRanks> ranks;
  std::vector<Stratum> strata;
  for (const StratumSample& prompt : prompts) strata.push_back(ranks.emplace_back(prompt).stratum());
  const double n = static_cast<double>(result.n_observed);
  const Eigen::VectorXd uniform = Eigen::VectorXd::LinSpaced(PromptRanks::kPoints, 1, PromptRanks::kPoints) /
                                  static_cast<double>(PromptRanks::kCells);
  const auto accumulate = [&](std::size_t s, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
    ranks[s].Accumulate(labels, out);
  };
  const auto finish = [&](const Eigen::Ref<const Eigen::MatrixXd>& below, Eigen::Ref<Eigen::MatrixXd> w2) {
    w2.row(0) = n / PromptRanks::kCells * ((below / n).colwise() - uniform).colwise().squaredNorm();
  };
  PINCHBECK_ASSIGN_OR_RETURN(const PermutationTestResult test,
                             PermutationTest(strata, PromptRanks::kPoints, accumulate, 1, finish, options));
  result.statistic = test.statistics[0];
  result.p_value = test.p_values[0];
  result.calibration = test.exact ? Calibration::kExact : Calibration::kPermutation;
  result.method = test.exact
                      ? "rank uniformity, Cramer-von Mises on a grid, all relabelings within prompts"
                      : "rank uniformity, Cramer-von Mises on a grid, random relabelings within prompts";
  return absl::OkStatus();
}

inline absl::Status RankUniformityByRandomisedRanks(std::span<const StratumSample> prompts,
                                                    const RankUniformityOptions& options,
                                                    TwoSampleResult& result) {
  PINCHBECK_RETURN_IF_ERROR(CheckPermutations(options.permutation));
  CounterRng rng(MixSeed(options.permutation.seed, 0), 0);
  std::vector<double> u;
  for (const StratumSample& prompt : prompts) {
    const RankAmongReference rank = RankOf(prompt.observed[0], prompt.reference);
    u.push_back((static_cast<double>(rank.below) + rng.Uniform() * static_cast<double>(rank.equal + 1)) /
                static_cast<double>(prompt.reference.size() + 1));
  }
  result.statistic = UniformityStatistic(u);
  const bool limit = options.method == RankUniformityMethod::kAsymptotic ||
                     (options.method == RankUniformityMethod::kAuto && u.size() >= kRankUniformityLimit);
  if (limit) {
    result.p_value = UniformityLimitTail(result.statistic);
    result.calibration = Calibration::kAsymptotic;
    result.method = "rank uniformity, Cramer-von Mises limit on randomised ranks";
  } else {
    result.p_value = UniformityMonteCarlo(result.statistic, u.size(), options.permutation);
    result.calibration = Calibration::kPermutation;
    result.method = "rank uniformity, Cramer-von Mises on randomised ranks, null distribution drawn";
  }
  return absl::OkStatus();
}

}  // namespace internal

// Rank uniformity test over prompts.
//
// With one observed answer per prompt, r_i of whose m_i reference scores lie below the observed score and e_i
// equal it,
//
//   u_i = (r_i + U_i (e_i + 1)) / (m_i + 1),   W2 = 1/(12 k) + sum_i (u_(i) - (2 i - 1)/(2 k))^2
//
// with independent uniform U_i from the seed. H0: at every prompt the observed score comes from the
// reference's distribution. Then the u_i are independent and exactly uniform, whatever the distributions,
// sizes and ties. The p-value is from B drawn sets of k uniform numbers, (1 + #{W2* >= W2}) / (1 + B), up to
// 199 prompts, and from the limit distribution (kAsymptotic) from there on: at 200 prompts it is above the
// exact tail by 0.2% at .05 and by 2% at .001, so it errs on the safe side.
//
// Where a prompt has several observed answers their ranks are dependent, so labels are permuted within
// prompts. The statistic is W2 with the empirical distribution of all answers' randomised ranks, averaged
// over U, on a grid of 1/32: n mean_g (F(g) - g)^2. Nothing is randomised then but the relabelings.
//
// `effect` is the mean over observed answers of P(x < y) + P(x = y)/2 - 1/2 within their prompts, from -1/2
// to 1/2: positive where observed scores are larger. It is 0 for a difference in spread only, which W2 sees.
//
// `strata` hold one reference and one observed sample each; one reference score is allowed. Scores that are
// all equal give u_i = U_i in the first case and the p-value 1 in the second. The randomised p-value depends
// on the seed: fix it before looking at the answers.
//
// InvalidArgument: no prompt; a sample is empty or holds a NaN or an infinity; kAsymptotic with several
// observed answers in a prompt; fewer than one permutation or a negative stop_after.
//
// Cost: O(N + B k log k) with one answer each; O(N log N + B N) else; memory O(N), whatever B.
//
// Accuracy: W2 within 1e-10 of SciPy's cramervonmises; the limit within 1e-10 relative of SciPy's series
// (tests/golden/rank.json).
//
// Reference: Zhu et al. 2025, arXiv:2506.06975; Csorgo & Faraway 1996,
// doi:10.1111/j.2517-6161.1996.tb02077.x.
[[nodiscard]] inline absl::StatusOr<TwoSampleResult> RankUniformity(
    std::span<const StratumSample> strata, const RankUniformityOptions& options = {}) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckStrata(strata));
  TwoSampleResult result;
  bool several = false;
  for (const StratumSample& prompt : strata) {
    several = several || prompt.observed.size() > 1;
    result.n_reference += static_cast<std::int64_t>(prompt.reference.size());
    result.n_observed += static_cast<std::int64_t>(prompt.observed.size());
    for (const internal::RankAmongReference& rank : internal::RanksOf(prompt)) {
      result.effect += (static_cast<double>(rank.below) + 0.5 * static_cast<double>(rank.equal)) /
                           static_cast<double>(prompt.reference.size()) -
                       0.5;
    }
  }
  result.effect /= static_cast<double>(result.n_observed);
  if (!several) {
    PINCHBECK_RETURN_IF_ERROR(internal::RankUniformityByRandomisedRanks(strata, options, result));
    return result;
  }
  if (options.method == RankUniformityMethod::kAsymptotic) {
    return absl::InvalidArgumentError(
        "method: kAsymptotic needs one observed answer per prompt; use kPermutation");
  }
  PINCHBECK_RETURN_IF_ERROR(internal::RankUniformityByRelabeling(strata, options.permutation, result));
  return result;
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_RANK_UNIFORMITY_H_
