// Bounds of a mean and of a proportion, and the test against a margin.
#include <pybind11/stl.h>

#include <optional>
#include <span>
#include <vector>

#include "pinchbeck/stats/margin_test.h"
#include "pinchbeck/stats/mean_bound.h"
#include "pinchbeck/stats/power.h"
#include "python/bindings/arrays.h"
#include "python/bindings/result.h"
#include "python/bindings/stats.h"
#include "python/bindings/stats_mean_bound.h"
#include "python/bindings/status.h"

namespace pinchbeck::python {
namespace {

double UpperMeanBound(const Vector& values, const std::optional<Counts>& counts, double lower, double upper,
                      stats::MeanBoundMethod method, double level, double variance_guess) {
  const auto seen = values.values("values");
  const std::vector<std::int64_t> times =
      counts.has_value() ? counts->list("counts") : std::vector<std::int64_t>(seen.size(), 1);
  return Call([&] {
    return stats::UpperMeanBound(seen, times, lower, upper, {method, level, variance_guess});
  });
}

}  // namespace

void BindBounds(py::module_& stats) {
  stats.def(
      "mean_above_margin_p_value",
      [](const Vector& differences, double margin, double floor) {
        return Value(stats::MeanAboveMarginPValue(differences.values("differences"), margin, floor));
      },
      py::arg("differences"), py::arg("margin"), py::arg("floor"),
      R"(p-value of "the mean of the expected differences is at most `margin`", for differences of at least -`floor`.

>>> from pinchbeck.stats import mean_above_margin_p_value
>>> mean_above_margin_p_value([0.5] * 12, margin=0.1, floor=0.0) < 1e-6
True
)");
  stats.def("detectable_above_margin", &stats::DetectableAboveMargin, py::arg("margin"), py::arg("floor"),
            py::arg("level"), py::arg("probes"),
            R"(Smallest difference, equal in all probes, at which that test surely reaches `level`.
)");
  const stats::MeanBoundOptions bound;
  stats.def("upper_mean_bound", &UpperMeanBound, py::arg("values"), py::arg("counts") = py::none(),
            py::kw_only(), py::arg("lower"), py::arg("upper"), py::arg("method") = bound.method,
            py::arg("level") = bound.level, py::arg("variance_guess") = bound.variance_guess,
            R"(Upper confidence bound for the mean of variables with values in [lower, upper].

`counts` says how often each value was seen; without it once each.
)");
  using stats::ProportionInterval;
  ResultClass<ProportionInterval>(stats, "ProportionInterval", "Exact interval of a proportion.")
      .Field("low", &ProportionInterval::low, "Lower end.")
      .Field("high", &ProportionInterval::high, "Upper end.");
  stats.def(
      "clopper_pearson",
      [](std::int64_t successes, std::int64_t trials, double confidence) {
        return Call([&] { return stats::ClopperPearson(successes, trials, confidence); });
      },
      py::arg("successes"), py::arg("trials"), py::arg("confidence"),
      R"(Exact confidence interval of a binomial proportion.

>>> from pinchbeck.stats import clopper_pearson
>>> clopper_pearson(0, 10, 0.95)
ProportionInterval(low=0, high=0.308497)
)");
}

}  // namespace pinchbeck::python
