// Permutation p-values of statistics that are written in Python.
#include <pybind11/stl.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/stats/nonparametric_combination.h"
#include "pinchbeck/stats/permutation.h"
#include "python/bindings/arrays.h"
#include "python/bindings/python_call.h"
#include "python/bindings/result.h"
#include "python/bindings/stats.h"
#include "python/bindings/stats_options.h"
#include "python/bindings/status.h"

namespace pinchbeck::python {

template <>
struct EnumWords<stats::CombiningFunction> {
  static constexpr std::string_view kWhat = "function";
  static constexpr EnumName<stats::CombiningFunction> kNames[] = {
      {stats::CombiningFunction::kSquaredLogs, "squared_logs"},
      {stats::CombiningFunction::kFisher, "fisher"}};
};

namespace {

using StratumSizes = std::vector<std::pair<std::int64_t, std::int64_t>>;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::vector<stats::Stratum> StrataOf(const StratumSizes& sizes) {
  std::vector<stats::Stratum> strata;
  for (const auto& [reference, observed] : sizes) strata.push_back({reference, observed});
  return strata;
}

// A copy, since Python code may keep the array.
py::array_t<std::uint8_t> LabelArray(const stats::LabelMatrix& labels) {
  constexpr py::ssize_t kSize = sizeof(std::uint8_t);
  return py::array_t<std::uint8_t>({labels.rows(), labels.cols()}, {kSize, kSize * labels.rows()},
                                   labels.data());
}

// The values that a Python function returned, as `rows` x `columns`; a list stands for a single row.
Matrix MatrixOf(const py::object& given, Eigen::Index rows, Eigen::Index columns, const char* what) {
  Matrix matrix;
  if (!LoadNumbers(given, matrix.array)) {
    PyErr_Format(PyExc_TypeError, "%s returned something else than numbers", what);
    throw py::error_already_set();
  }
  if (matrix.array.ndim() == 1) matrix.array = matrix.array.reshape({py::ssize_t{1}, matrix.array.shape(0)});
  if (matrix.array.ndim() != 2 || matrix.array.shape(0) != rows || matrix.array.shape(1) != columns) {
    PyErr_Format(PyExc_ValueError,
                 "%s returned another shape than (%zd, %zd), a row per value and a column "
                 "per relabeling",
                 what, static_cast<Py_ssize_t>(rows), static_cast<Py_ssize_t>(columns));
    throw py::error_already_set();
  }
  return matrix;
}

stats::Accumulate AccumulateOf(const py::function& function, CallbackError& error) {
  return [&function, &error](std::size_t stratum, const stats::LabelMatrix& labels,
                             Eigen::Ref<Eigen::MatrixXd> out) {
    const bool done = error.Run([&] {
      const Matrix added =
          MatrixOf(CallPython(function, stratum, LabelArray(labels)), out.rows(), out.cols(), "accumulate()");
      out += added.values("accumulate()");
    });
    // Not finite: the library ends the test with an error, which Rethrow() replaces.
    if (!done) out.setConstant(kNan);
  };
}

stats::Finish FinishOf(const py::function& function, CallbackError& error) {
  return [&function, &error](const Eigen::Ref<const Eigen::MatrixXd>& components,
                             Eigen::Ref<Eigen::MatrixXd> statistics) {
    const bool done = error.Run([&] {
      const Matrix values = MatrixOf(CallPython(function, ToArray(Eigen::MatrixXd(components))),
                                     statistics.rows(), statistics.cols(), "finish()");
      statistics = values.values("finish()");
    });
    if (!done) statistics.setConstant(kNan);
  };
}

stats::PermutationTestResult PermutationTest(const StratumSizes& sizes, const py::function& accumulate,
                                             int components, const std::optional<py::function>& finish,
                                             std::optional<int> statistics, std::int64_t permutations,
                                             std::uint64_t seed, int threads, std::int64_t stop_after) {
  if (finish.has_value() != statistics.has_value()) {
    throw py::value_error("finish and statistics belong together: the function and how many values it gives");
  }
  const std::vector<stats::Stratum> strata = StrataOf(sizes);
  const stats::PermutationOptions options{permutations, seed, threads, stop_after};
  CallbackError error;
  const stats::Accumulate sum = AccumulateOf(accumulate, error);
  absl::StatusOr<stats::PermutationTestResult> result = Unlocked([&] {
    if (!finish.has_value()) return stats::PermutationTest(strata, components, sum, options);
    return stats::PermutationTest(strata, components, sum, *statistics, FinishOf(*finish, error), options);
  });
  error.Rethrow();
  return Value(std::move(result));
}

py::tuple EvaluateRelabelings(const StratumSizes& sizes, const py::function& accumulate, int components,
                              std::int64_t permutations, std::uint64_t seed, int threads,
                              std::int64_t stop_after) {
  const std::vector<stats::Stratum> strata = StrataOf(sizes);
  CallbackError error;
  const stats::Accumulate sum = AccumulateOf(accumulate, error);
  absl::StatusOr<stats::PermutationTable> table = Unlocked([&] {
    return stats::EvaluateRelabelings(strata, components, sum, {permutations, seed, threads, stop_after});
  });
  error.Rethrow();
  stats::PermutationTable value = Value(std::move(table));
  return py::make_tuple(ToArray(std::move(value.values)), value.exact);
}

Eigen::RowVectorXd RowOf(const Vector& row) {
  const auto values = row.values("row");
  if (values.empty()) throw py::value_error("row is empty; its first entry is the observed value");
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      throw py::value_error("row[" + std::to_string(i) +
                            "] is NaN or infinite; a relabeling has no such statistic");
    }
  }
  return Eigen::Map<const Eigen::RowVectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
}

Eigen::MatrixXd RowsOf(const Matrix& rows) {
  const Matrix::Map values = rows.values("rows");
  if (values.size() == 0) throw py::value_error("rows is empty; give a row per statistic");
  if (!values.allFinite()) throw py::value_error("rows holds a NaN or an infinity");
  return values;
}

py::array_t<double> RowArray(const Eigen::RowVectorXd& row) {
  return ToArray(std::span<const double>(row.data(), static_cast<std::size_t>(row.size())));
}

double RejectionThreshold(const Vector& row, double level) {
  if (!(level > 0 && level < 1)) {
    throw py::value_error("level is " + static_cast<std::string>(py::repr(py::float_(level))) +
                          "; it must lie in (0, 1)");
  }
  const Eigen::RowVectorXd values = RowOf(row);
  return Unlocked([&] { return stats::RejectionThreshold(values, level); });
}

// Without `function` the library chooses.
py::array_t<double> NonparametricCombination(const Matrix& rows,
                                             std::optional<stats::CombiningFunction> function) {
  const Eigen::MatrixXd values = RowsOf(rows);
  return RowArray(Unlocked([&]() -> Eigen::RowVectorXd {
    if (!function.has_value()) return stats::NonparametricCombination(values);
    return stats::NonparametricCombination(values, *function);
  }));
}

py::array_t<double> StudentisedMaximum(const Matrix& rows) {
  const Eigen::MatrixXd values = RowsOf(rows);
  return RowArray(Unlocked([&] { return stats::StudentisedMaximum(values); }));
}

void BindTables(py::module_& stats) {
  stats.def(
      "permutation_p_value", [](const Vector& row) { return stats::PermutationPValue(RowOf(row)); },
      py::arg("row"),
      R"(p-value of a row: the observed statistic first, then those of relabelings. Large values speak against H0.

>>> from pinchbeck.stats import permutation_p_value
>>> permutation_p_value([3.0, 1.0, 2.0, 0.5])
0.25
)");
  stats.def(
      "studentise", [](const Vector& row) { return RowArray(stats::Studentise(RowOf(row))); }, py::arg("row"),
      R"(The row with mean 0 and standard deviation 1 over all columns; zeros where it is constant.
)");
  stats.def("studentised_maximum", &StudentisedMaximum, py::arg("rows"),
            R"(Largest of the studentised rows in each column: one statistic out of several.
)");
  stats.def("nonparametric_combination", &NonparametricCombination, py::arg("rows"), py::kw_only(),
            py::arg("function") = py::none(),
            R"(Several statistics combined by their own permutation p-values, one value a column.

`function` is "squared_logs", which is what None stands for, or "fisher".
)");
  stats.def("rejection_threshold", &RejectionThreshold, py::arg("row"), py::arg("level"),
            R"(Smallest relabeled value at which the test rejects at `level`; infinity where it cannot.
)");
}

}  // namespace

void BindPermutation(py::module_& stats) {
  using stats::PermutationTestResult;
  ResultClass<PermutationTestResult>(stats, "PermutationTestResult", "What a permutation test found.")
      .Field("statistics", &PermutationTestResult::statistics, "Observed value of each statistic.")
      .Field("p_values", &PermutationTestResult::p_values, "p-value of each statistic.")
      .Field("maximum_p_value", &PermutationTestResult::maximum_p_value,
             "p-value of the largest studentised statistic.")
      .Field("exact", &PermutationTestResult::exact, "Whether all relabelings were enumerated.")
      .Field("relabelings", &PermutationTestResult::relabelings, "Relabelings planned.")
      .Field("relabelings_used", &PermutationTestResult::relabelings_used,
             "Relabelings up to the last one that decided something.");
  DefPermutation(stats, "permutation_test", &PermutationTest,
                 R"(Permutation p-values of statistics that you write yourself.

`strata` lists the sizes (n_reference, n_observed) of each stratum. accumulate(stratum, labels) gets a matrix of
labels, a row per item (reference first) and a column per relabeling, 1 for "observed"; it returns the stratum's
part of each of `components` statistics, a row each and a column per relabeling. finish(components), where given,
turns their sums into `statistics` values. Large values speak against H0. Python code runs under the interpreter
lock, so more threads do not help.

>>> import numpy as np
>>> from pinchbeck.stats import permutation_test
>>> values = np.array([1.0, 2.0, 3.0, 7.0, 8.0, 9.0])
>>> def mean_difference(stratum, labels):
...     observed = values @ labels
...     return (observed - (values.sum() - observed)) / 3
>>> result = permutation_test([(3, 3)], mean_difference)
>>> result.statistics, result.p_values, result.exact
((6.0,), (0.05,), True)
)",
                 py::arg("strata"), py::arg("accumulate"), py::kw_only(), py::arg("components") = 1,
                 py::arg("finish") = py::none(), py::arg("statistics") = py::none());
  DefPermutation(
      stats, "evaluate_relabelings", &EvaluateRelabelings,
      R"(The table behind permutation_test(): (values, exact), a row per component, observed column first.
)",
      py::arg("strata"), py::arg("accumulate"), py::kw_only(), py::arg("components") = 1);
  BindTables(stats);
}

}  // namespace pinchbeck::python
