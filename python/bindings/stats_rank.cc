// Rank tests, and the test of mean log-probabilities.
#include <pybind11/stl.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "pinchbeck/stats/logprob_difference.h"
#include "pinchbeck/stats/mann_whitney.h"
#include "pinchbeck/stats/rank_uniformity.h"
#include "pinchbeck/stats/van_elteren.h"
#include "python/bindings/arrays.h"
#include "python/bindings/stats.h"
#include "python/bindings/stats_options.h"
#include "python/bindings/status.h"

namespace pinchbeck::python {

template <>
struct EnumWords<stats::MannWhitneyMethod> {
  using Method = stats::MannWhitneyMethod;
  static constexpr std::string_view kWhat = "method";
  static constexpr EnumName<Method> kNames[] = {{Method::kAuto, "auto"},
                                                {Method::kExact, "exact"},
                                                {Method::kAsymptotic, "asymptotic"},
                                                {Method::kPermutation, "permutation"}};
};

template <>
struct EnumWords<stats::VanElterenMethod> {
  using Method = stats::VanElterenMethod;
  static constexpr std::string_view kWhat = "method";
  static constexpr EnumName<Method> kNames[] = {
      {Method::kAuto, "auto"}, {Method::kAsymptotic, "asymptotic"}, {Method::kPermutation, "permutation"}};
};

template <>
struct EnumWords<stats::RankUniformityMethod> {
  using Method = stats::RankUniformityMethod;
  static constexpr std::string_view kWhat = "method";
  static constexpr EnumName<Method> kNames[] = {
      {Method::kAuto, "auto"}, {Method::kAsymptotic, "asymptotic"}, {Method::kPermutation, "permutation"}};
};

namespace {

using SamplePairs = std::vector<std::pair<Vector, Vector>>;

std::vector<stats::StratumSample> StrataOf(const SamplePairs& pairs) {
  std::vector<stats::StratumSample> strata;
  for (const auto& [reference, observed] : pairs) {
    strata.push_back({reference.values("a stratum's reference"), observed.values("a stratum's observed")});
  }
  return strata;
}

stats::TwoSampleResult MannWhitney(const Vector& reference, const Vector& observed,
                                   stats::MannWhitneyMethod method, stats::Alternative alternative,
                                   std::int64_t permutations, std::uint64_t seed, int threads,
                                   std::int64_t stop_after) {
  const auto x = reference.values("reference"), y = observed.values("observed");
  const stats::MannWhitneyOptions options{method, alternative, {permutations, seed, threads, stop_after}};
  return Call([&] { return stats::MannWhitney(x, y, options); });
}

stats::TwoSampleResult VanElteren(const SamplePairs& pairs, stats::VanElterenMethod method,
                                  stats::Alternative alternative, std::int64_t permutations,
                                  std::uint64_t seed, int threads, std::int64_t stop_after) {
  const std::vector<stats::StratumSample> strata = StrataOf(pairs);
  const stats::VanElterenOptions options{method, alternative, {permutations, seed, threads, stop_after}};
  return Call([&] { return stats::VanElteren(strata, options); });
}

stats::TwoSampleResult RankUniformity(const SamplePairs& pairs, stats::RankUniformityMethod method,
                                      std::int64_t permutations, std::uint64_t seed, int threads,
                                      std::int64_t stop_after) {
  const std::vector<stats::StratumSample> strata = StrataOf(pairs);
  const stats::RankUniformityOptions options{method, {permutations, seed, threads, stop_after}};
  return Call([&] { return stats::RankUniformity(strata, options); });
}

stats::TwoSampleResult LogprobDifference(const std::vector<std::pair<Matrix, Matrix>>& pairs,
                                         std::int64_t max_tokens, std::int64_t permutations,
                                         std::uint64_t seed, int threads, std::int64_t stop_after) {
  std::vector<stats::LogprobStratum> strata;
  for (const auto& [reference, observed] : pairs) {
    strata.push_back({reference.values("a stratum's reference"), observed.values("a stratum's observed")});
  }
  const stats::LogprobDifferenceOptions options{max_tokens, {permutations, seed, threads, stop_after}};
  return Call([&] { return stats::LogprobDifference(strata, options); });
}

}  // namespace

void BindRankTests(py::module_& stats) {
  DefPermutation(stats, "mann_whitney", &MannWhitney,
                 R"(Do the observed values tend to be larger or smaller?

The statistic is U of the reference, as SciPy's mannwhitneyu(reference, observed) gives it; the effect is
Cliff's delta, positive where observed values are larger.

>>> from pinchbeck.stats import mann_whitney
>>> result = mann_whitney([1, 2, 3, 4, 5], [6, 7, 8, 9, 10])
>>> result.statistic, result.effect, round(result.p_value, 6)
(0.0, 1.0, 0.007937)
)",
                 py::arg("reference"), py::arg("observed"), py::kw_only(),
                 py::arg("method") = stats::MannWhitneyOptions{}.method,
                 py::arg("alternative") = stats::MannWhitneyOptions{}.alternative);
  DefPermutation(stats, "van_elteren", &VanElteren,
                 R"(Mann-Whitney's test over strata (probes), each a pair (reference, observed).

Strata may differ in any way; only values of one stratum are compared.

>>> from pinchbeck.stats import van_elteren
>>> van_elteren([([1, 2, 3], [4, 5, 6]), ([10, 20, 30], [40, 50, 60])]).effect
1.0
)",
                 py::arg("strata"), py::kw_only(), py::arg("method") = stats::VanElterenOptions{}.method,
                 py::arg("alternative") = stats::VanElterenOptions{}.alternative);
  DefPermutation(stats, "rank_uniformity", &RankUniformity,
                 R"(Are observed scores spread evenly among the reference scores of their prompts?

Each stratum is a prompt's pair (reference scores, observed scores). Sees differences in spread, not only in position.
)",
                 py::arg("strata"), py::kw_only(), py::arg("method") = stats::RankUniformityOptions{}.method);
  DefPermutation(stats, "logprob_difference", &LogprobDifference,
                 R"(Mean difference of log-probabilities over probes, in nats.

Each stratum is a pair of matrices with a row per answer and a column per token, the same tokens on both sides;
NaN marks a token that an answer does not report.
)",
                 py::arg("strata"), py::kw_only(),
                 py::arg("max_tokens") = stats::LogprobDifferenceOptions{}.max_tokens);
}

}  // namespace pinchbeck::python
