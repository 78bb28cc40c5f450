// Tests that compare empirical distribution functions.
#include <pybind11/stl.h>

#include <cstdint>
#include <span>
#include <vector>

#include "pinchbeck/stats/anderson_darling.h"
#include "pinchbeck/stats/anderson_darling_k_sample.h"
#include "pinchbeck/stats/cramer_von_mises.h"
#include "pinchbeck/stats/kolmogorov_smirnov.h"
#include "python/bindings/arrays.h"
#include "python/bindings/stats.h"
#include "python/bindings/stats_options.h"
#include "python/bindings/status.h"

namespace pinchbeck::python {

template <>
struct EnumWords<stats::KsMethod> {
  static constexpr std::string_view kWhat = "method";
  static constexpr EnumName<stats::KsMethod> kNames[] = {{stats::KsMethod::kAuto, "auto"},
                                                         {stats::KsMethod::kExact, "exact"},
                                                         {stats::KsMethod::kAsymptotic, "asymptotic"},
                                                         {stats::KsMethod::kPermutation, "permutation"}};
};

template <>
struct EnumWords<stats::CvmMethod> {
  static constexpr std::string_view kWhat = "method";
  static constexpr EnumName<stats::CvmMethod> kNames[] = {{stats::CvmMethod::kAuto, "auto"},
                                                          {stats::CvmMethod::kExact, "exact"},
                                                          {stats::CvmMethod::kAsymptotic, "asymptotic"},
                                                          {stats::CvmMethod::kPermutation, "permutation"}};
};

template <>
struct EnumWords<stats::AndersonDarlingMethod> {
  using Method = stats::AndersonDarlingMethod;
  static constexpr std::string_view kWhat = "method";
  static constexpr EnumName<Method> kNames[] = {
      {Method::kAuto, "auto"}, {Method::kAsymptotic, "asymptotic"}, {Method::kPermutation, "permutation"}};
};

namespace {

stats::TwoSampleResult KolmogorovSmirnov(const Vector& reference, const Vector& observed,
                                         stats::KsMethod method, stats::Alternative alternative,
                                         std::int64_t permutations, std::uint64_t seed, int threads,
                                         std::int64_t stop_after) {
  const auto x = reference.values("reference"), y = observed.values("observed");
  const stats::KsOptions options{method, alternative, {permutations, seed, threads, stop_after}};
  return Call([&] { return stats::KolmogorovSmirnov(x, y, options); });
}

stats::TwoSampleResult CramerVonMises(const Vector& reference, const Vector& observed,
                                      stats::CvmMethod method, std::int64_t permutations, std::uint64_t seed,
                                      int threads, std::int64_t stop_after) {
  const auto x = reference.values("reference"), y = observed.values("observed");
  const stats::CvmOptions options{method, {permutations, seed, threads, stop_after}};
  return Call([&] { return stats::CramerVonMises(x, y, options); });
}

stats::TwoSampleResult AndersonDarling(const Vector& reference, const Vector& observed,
                                       stats::AndersonDarlingMethod method, std::int64_t permutations,
                                       std::uint64_t seed, int threads, std::int64_t stop_after) {
  const auto x = reference.values("reference"), y = observed.values("observed");
  const stats::AndersonDarlingOptions options{method, {permutations, seed, threads, stop_after}};
  return Call([&] { return stats::AndersonDarling(x, y, options); });
}

stats::KSampleResult AndersonDarlingKSample(const std::vector<Vector>& samples,
                                            stats::AndersonDarlingMethod method, std::int64_t permutations,
                                            std::uint64_t seed, int threads, std::int64_t stop_after) {
  std::vector<std::span<const double>> spans;
  for (const Vector& sample : samples) spans.push_back(sample.values("a sample"));
  const stats::AndersonDarlingOptions options{method, {permutations, seed, threads, stop_after}};
  return Call([&] { return stats::AndersonDarlingKSample(spans, options); });
}

}  // namespace

void BindEmpiricalTests(py::module_& stats) {
  DefPermutation(stats, "kolmogorov_smirnov", &KolmogorovSmirnov,
                 R"(Largest gap between two empirical distribution functions.

The statistic is D, or D+ or D- for the one-sided alternatives; the effect is the gap with its sign, positive
where observed values are larger. Exact for up to a million pairs, ties included.

>>> from pinchbeck.stats import kolmogorov_smirnov
>>> kolmogorov_smirnov([0.9, 1.1, 1.2, 1.4], [1.6, 1.9, 2.1, 2.2]).p_value
0.02857142857142857
)",
                 py::arg("reference"), py::arg("observed"), py::kw_only(),
                 py::arg("method") = stats::KsOptions{}.method,
                 py::arg("alternative") = stats::KsOptions{}.alternative);
  DefPermutation(stats, "cramer_von_mises", &CramerVonMises,
                 R"(Mean squared gap between two empirical distribution functions.

Finds small differences along the whole range. The statistic is SciPy's T; the effect is the root mean square
gap.
)",
                 py::arg("reference"), py::arg("observed"), py::kw_only(),
                 py::arg("method") = stats::CvmOptions{}.method);
  DefPermutation(stats, "anderson_darling", &AndersonDarling,
                 R"(Squared gap between two empirical distribution functions, weighted towards the tails.

The statistic is normalised as in SciPy's anderson_ksamp with midranks; the effect is the share of the variance
of "value below z" that lies between the samples.
)",
                 py::arg("reference"), py::arg("observed"), py::kw_only(),
                 py::arg("method") = stats::AndersonDarlingOptions{}.method);
  DefPermutation(stats, "anderson_darling_k_sample", &AndersonDarlingKSample,
                 R"(The Anderson-Darling test for two or more samples.

>>> from pinchbeck.stats import anderson_darling_k_sample
>>> anderson_darling_k_sample([[1, 2, 3], [2, 3, 4], [7, 8, 9]]).sizes
(3, 3, 3)
)",
                 py::arg("samples"), py::kw_only(),
                 py::arg("method") = stats::AndersonDarlingOptions{}.method);
}

}  // namespace pinchbeck::python
