// One decision from several p-values or e-values.
#include <pybind11/stl.h>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "pinchbeck/stats/combination.h"
#include "pinchbeck/stats/e_process.h"
#include "pinchbeck/stats/e_values.h"
#include "pinchbeck/stats/multiplicity.h"
#include "python/bindings/arrays.h"
#include "python/bindings/stats.h"
#include "python/bindings/status.h"

namespace pinchbeck::python {
namespace {

using Combine = absl::StatusOr<double> (*)(std::span<const double>);
using CombineWeighted = absl::StatusOr<double> (*)(std::span<const double>, std::span<const double>);
using Adjust = absl::StatusOr<std::vector<double>> (*)(std::span<const double>, std::size_t);
using Convert = absl::StatusOr<double> (*)(double);

void DefCombine(py::module_& stats, const char* name, Combine combine, const char* argument,
                const char* doc) {
  stats.def(
      name, [=](const Vector& values) { return Value(combine(values.values(argument))); }, py::arg(argument),
      doc);
}

void DefCombine(py::module_& stats, const char* name, CombineWeighted combine, const char* doc) {
  stats.def(
      name,
      [=](const Vector& p_values, const std::optional<Vector>& weights) {
        return Value(combine(p_values.values("p_values"),
                             weights.has_value() ? weights->values("weights") : std::span<const double>()));
      },
      py::arg("p_values"), py::arg("weights") = py::none(), doc);
}

// Without a family size the family is what is given.
void DefAdjust(py::module_& stats, const char* name, Adjust adjust, const char* doc) {
  stats.def(
      name,
      [=](const Vector& p_values, std::optional<std::size_t> family_size) {
        const auto values = p_values.values("p_values");
        return ToArray(Value(adjust(values, family_size.value_or(values.size()))));
      },
      py::arg("p_values"), py::arg("family_size") = py::none(), doc);
}

void DefConvert(py::module_& stats, const char* name, Convert convert, const char* argument,
                const char* doc) {
  stats.def(
      name, [=](double value) { return Value(convert(value)); }, py::arg(argument), doc);
}

void BindPValues(py::module_& stats) {
  DefCombine(stats, "fisher_combination", &stats::FisherCombination, "p_values",
             R"(Fisher's combination of independent p-values.

>>> from pinchbeck.stats import fisher_combination
>>> round(fisher_combination([0.01, 0.2, 0.3]), 6)
0.021562
)");
  DefCombine(stats, "stouffer_combination", &stats::StoufferCombination,
             R"(Stouffer's combination of independent p-values, with weights fixed beforehand or equal ones.
)");
  DefCombine(stats, "cauchy_combination", &stats::CauchyCombination,
             R"(Cauchy combination: approximate under dependence, for small results.
)");
  DefCombine(stats, "bonferroni_minimum", &stats::BonferroniMinimum, "p_values",
             R"(The smallest p-value times their number: valid under every dependence.
)");
  DefCombine(stats, "intersection_union", &stats::IntersectionUnion, "p_values",
             R"(The largest p-value: small only if every hypothesis is false.
)");
  stats.def(
      "holm_adjust",
      [](const Vector& p_values, std::optional<std::size_t> family_size) {
        const auto values = p_values.values("p_values");
        return ToArray(stats::HolmAdjust(values, family_size.value_or(values.size())));
      },
      py::arg("p_values"), py::arg("family_size") = py::none(),
      R"(Holm's adjustment: compare the result with alpha directly.

`family_size` is the number of tests planned, where some could not be measured; without it, that of the p-values.
NaN counts as 1.

>>> from pinchbeck.stats import holm_adjust
>>> holm_adjust([0.01, 0.04, 0.03])
array([0.03, 0.06, 0.06])
)");
  DefAdjust(stats, "bonferroni_adjust", &stats::BonferroniAdjust,
            R"(Bonferroni's adjustment: p-values times the family's size, at most 1.
)");
  DefAdjust(
      stats, "benjamini_hochberg_adjust", &stats::BenjaminiHochbergAdjust,
      R"(Benjamini and Hochberg's adjustment: false discovery rate under independence or positive dependence.
)");
  DefAdjust(stats, "benjamini_yekutieli_adjust", &stats::BenjaminiYekutieliAdjust,
            R"(Benjamini and Yekutieli's adjustment: false discovery rate under every dependence.
)");
}

void BindEValues(py::module_& stats) {
  stats.def(
      "power_calibrator",
      [](double p_value, double kappa) { return Value(stats::PowerCalibrator(p_value, kappa)); },
      py::arg("p_value"), py::arg("kappa"),
      R"(The e-value kappa p^(kappa - 1), for a kappa in (0, 1) fixed beforehand.
)");
  stats.def(
      "log_power_calibrator",
      [](double p_value, double kappa) { return Value(stats::LogPowerCalibrator(p_value, kappa)); },
      py::arg("p_value"), py::arg("kappa"),
      R"(Natural logarithm of power_calibrator().
)");
  DefConvert(stats, "mixture_calibrator", &stats::MixtureCalibrator, "p_value",
             R"(The e-value of a p-value, averaged over the power calibrators.
)");
  DefConvert(stats, "log_mixture_calibrator", &stats::LogMixtureCalibrator, "p_value",
             R"(Natural logarithm of mixture_calibrator().
)");
  DefConvert(stats, "p_value_from_e_value", &stats::PValueFromEValue, "e_value",
             R"(min(1, 1 / e): the p-value of an e-value.
)");
  DefCombine(stats, "mean_e_value", &stats::MeanEValue, "e_values",
             R"(Mean of e-values: an e-value under every dependence.
)");
  DefCombine(stats, "log_mean_e_value", &stats::LogMeanEValue, "log_e_values",
             R"(Logarithm of the mean of e-values given by their logarithms.
)");
  DefCombine(stats, "product_e_value", &stats::ProductEValue, "e_values",
             R"(Product of independent or sequential e-values.
)");
  DefCombine(stats, "log_product_e_value", &stats::LogProductEValue, "log_e_values",
             R"(Logarithm of the product of e-values given by their logarithms.
)");
  stats.def(
      "e_benjamini_hochberg",
      [](const Vector& e_values, double alpha, std::optional<std::size_t> family_size) {
        const auto values = e_values.values("e_values");
        const std::vector<std::size_t> rejected =
            Value(family_size.has_value() ? stats::EBenjaminiHochberg(values, alpha, *family_size)
                                          : stats::EBenjaminiHochberg(values, alpha));
        return ToArray(std::vector<std::int64_t>(rejected.begin(), rejected.end()));
      },
      py::arg("e_values"), py::arg("alpha"), py::arg("family_size") = py::none(),
      R"(Indices of the hypotheses that the e-BH procedure rejects at false discovery rate alpha.

>>> from pinchbeck.stats import e_benjamini_hochberg
>>> e_benjamini_hochberg([100.0, 1.0, 50.0], 0.05)
array([0, 2])
)");
  DefCombine(stats, "average_log_wealth", &stats::AverageLogWealth, "log_wealths",
             R"(Logarithm of the average of e-processes that are read at the same time.
)");
  stats.def("anytime_p_value", &stats::AnytimePValue, py::arg("max_log_wealth"),
            R"(p-value that is valid at every stopping time, from the largest log wealth so far.
)");
}

}  // namespace

void BindCombination(py::module_& stats) {
  BindPValues(stats);
  BindEValues(stats);
}

}  // namespace pinchbeck::python
