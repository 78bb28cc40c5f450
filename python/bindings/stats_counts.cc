// Tests over counts per category, and of two proportions.
#include <pybind11/stl.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "pinchbeck/stats/contingency.h"
#include "pinchbeck/stats/fisher_exact.h"
#include "python/bindings/arrays.h"
#include "python/bindings/stats.h"
#include "python/bindings/stats_options.h"
#include "python/bindings/status.h"

namespace pinchbeck::python {

template <>
struct EnumWords<stats::ContingencyMethod> {
  using Method = stats::ContingencyMethod;
  static constexpr std::string_view kWhat = "method";
  static constexpr EnumName<Method> kNames[] = {{Method::kAuto, "auto"},
                                                {Method::kExact, "exact"},
                                                {Method::kAsymptotic, "asymptotic"},
                                                {Method::kPermutation, "permutation"}};
};

namespace {

using CountPairs = std::vector<std::pair<Counts, Counts>>;

std::vector<stats::CountSample> CellsOf(const CountPairs& pairs) {
  std::vector<stats::CountSample> cells;
  for (const auto& [reference, observed] : pairs) {
    cells.push_back({reference.values("a cell's reference"), observed.values("a cell's observed")});
  }
  return cells;
}

stats::TwoSampleResult ChiSquareTest(const CountPairs& pairs, stats::ContingencyMethod method,
                                     std::int64_t permutations, std::uint64_t seed, int threads,
                                     std::int64_t stop_after) {
  const std::vector<stats::CountSample> cells = CellsOf(pairs);
  const stats::ContingencyOptions options{method, {permutations, seed, threads, stop_after}};
  return Call([&] { return stats::ChiSquareTest(cells, options); });
}

stats::TwoSampleResult LikelihoodRatioTest(const CountPairs& pairs, stats::ContingencyMethod method,
                                           std::int64_t permutations, std::uint64_t seed, int threads,
                                           std::int64_t stop_after) {
  const std::vector<stats::CountSample> cells = CellsOf(pairs);
  const stats::ContingencyOptions options{method, {permutations, seed, threads, stop_after}};
  return Call([&] { return stats::LikelihoodRatioTest(cells, options); });
}

using EventPair = std::pair<std::int64_t, std::int64_t>;

stats::EventCount CountOf(const EventPair& pair) { return {pair.first, pair.second}; }

double FisherExactGreater(const EventPair& reference, const EventPair& observed) {
  return Call([&] { return stats::FisherExactGreater(CountOf(reference), CountOf(observed)); });
}

double StratifiedFisherExactGreater(const std::vector<std::pair<EventPair, EventPair>>& pairs) {
  std::vector<stats::EventStratum> strata;
  for (const auto& [reference, observed] : pairs) strata.push_back({CountOf(reference), CountOf(observed)});
  return Call([&] { return stats::StratifiedFisherExactGreater(strata); });
}

}  // namespace

void BindCountTests(py::module_& stats) {
  DefPermutation(stats, "chi_square_test", &ChiSquareTest,
                 R"(Pearson's chi-square test of counts per category, summed over cells (probes).

Each cell is a pair (reference counts, observed counts) over the same categories. No continuity correction; the
effect is Cramer's V.

>>> from pinchbeck.stats import chi_square_test
>>> result = chi_square_test([([50, 30, 20], [30, 30, 40])])
>>> round(result.statistic, 4), result.calibration
(11.6667, 'asymptotic')
)",
                 py::arg("cells"), py::kw_only(), py::arg("method") = stats::ContingencyOptions{}.method);
  DefPermutation(stats, "likelihood_ratio_test", &LikelihoodRatioTest,
                 R"(The G test: as chi_square_test(), with the likelihood ratio as statistic.
)",
                 py::arg("cells"), py::kw_only(), py::arg("method") = stats::ContingencyOptions{}.method);
  stats.def("fisher_exact_greater", &FisherExactGreater, py::arg("reference"), py::arg("observed"),
            R"(p-value of Fisher's exact test against more events in the observed sample.

Both arguments are pairs (events, trials).

>>> from pinchbeck.stats import fisher_exact_greater
>>> round(fisher_exact_greater((1, 10), (8, 10)), 6)
0.002739
)");
  stats.def("stratified_fisher_exact_greater", &StratifiedFisherExactGreater, py::arg("strata"),
            R"(The same over several conditions: a stratum is a pair (reference, observed) of such pairs.

>>> from pinchbeck.stats import stratified_fisher_exact_greater
>>> round(stratified_fisher_exact_greater([((1, 10), (8, 10)), ((2, 10), (6, 10))]), 6)
0.000618
)");
}

}  // namespace pinchbeck::python
