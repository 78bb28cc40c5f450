// Planning: power by simulation, and the size that reaches it.
#include <pybind11/stl.h>

#include <cmath>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "pinchbeck/stats/count_power.h"
#include "pinchbeck/stats/power.h"
#include "pinchbeck/stats/sample_power.h"
#include "python/bindings/arrays.h"
#include "python/bindings/python_call.h"
#include "python/bindings/result.h"
#include "python/bindings/stats.h"
#include "python/bindings/status.h"

namespace pinchbeck::python {
namespace {

using CountPairs = std::vector<std::pair<Counts, Counts>>;

// The error that stands for a Python exception until Rethrow().
absl::Status CallbackFailed() { return absl::InternalError("a Python function failed"); }

std::vector<stats::CountPowerCell> PowerCells(const CountPairs& pairs) {
  std::vector<stats::CountPowerCell> cells;
  for (const auto& [claimed, substitute] : pairs) {
    cells.push_back({claimed.list("a cell's claimed"), substitute.list("a cell's substitute")});
  }
  return cells;
}

stats::SampleTest TestOf(const py::function& function, CallbackError& error) {
  return [&function, &error](std::span<const double> reference,
                             std::span<const double> observed) -> absl::StatusOr<double> {
    double p_value = 0;
    const bool done = error.Run(
        [&] { p_value = CallPython(function, ToArray(reference), ToArray(observed)).cast<double>(); });
    if (!done) return CallbackFailed();
    return p_value;
  };
}

stats::PowerEstimate EstimatePower(const py::function& simulate, double alpha, std::int64_t runs,
                                   std::uint64_t seed, double confidence) {
  CallbackError error;
  const auto call = [&](std::uint64_t run_seed) -> absl::StatusOr<double> {
    double p_value = 0;
    if (!error.Run([&] { p_value = CallPython(simulate, run_seed).cast<double>(); })) return CallbackFailed();
    return p_value;
  };
  auto power = Unlocked([&] { return stats::EstimatePower(call, {alpha, runs, seed, confidence}); });
  error.Rethrow();
  return Value(std::move(power));
}

stats::PowerEstimate SamplePower(const Vector& claimed, const Vector& substitute, std::int64_t n_observed,
                                 const py::function& test, double alpha, std::int64_t runs,
                                 std::uint64_t seed, double confidence, std::int64_t n_reference,
                                 double share) {
  const auto x = claimed.values("claimed"), y = substitute.values("substitute");
  CallbackError error;
  const stats::SampleTest call = TestOf(test, error);
  auto power = Unlocked([&] {
    return stats::SamplePower(x, y, n_observed, call, {{alpha, runs, seed, confidence}, n_reference, share});
  });
  error.Rethrow();
  return Value(std::move(power));
}

stats::SampleSizeResult RequiredTestSampleSize(const Vector& claimed, const Vector& substitute,
                                               const py::function& test, double target_power,
                                               std::int64_t smallest, std::int64_t largest,
                                               std::uint64_t seed, double alpha, std::int64_t runs,
                                               double confidence, std::int64_t n_reference, double share) {
  const auto x = claimed.values("claimed"), y = substitute.values("substitute");
  CallbackError error;
  const stats::SampleTest call = TestOf(test, error);
  auto size = Unlocked([&] {
    return stats::RequiredTestSampleSize(x, y, call, {target_power, smallest, largest, seed},
                                         {{alpha, runs, seed, confidence}, n_reference, share});
  });
  error.Rethrow();
  return Value(std::move(size));
}

stats::SampleSizeResult RequiredSampleSize(const py::function& power_at, double target_power,
                                           std::int64_t smallest, std::int64_t largest, std::uint64_t seed) {
  CallbackError error;
  const auto call = [&](std::int64_t n, std::uint64_t run_seed) -> absl::StatusOr<stats::PowerEstimate> {
    stats::PowerEstimate power;
    const bool called = error.Run([&] {
      const py::object returned = CallPython(power_at, n, run_seed);
      // None would be a null pointer, for which pybind11 has no error of its own kind.
      if (!py::isinstance<stats::PowerEstimate>(returned))
        throw py::type_error("power_at must return a PowerEstimate");
      power = returned.cast<const stats::PowerEstimate&>();
    });
    if (!called) return CallbackFailed();
    return power;
  };
  auto size = Unlocked([&] {
    return stats::RequiredSampleSize(call, {target_power, smallest, largest, seed});
  });
  error.Rethrow();
  return Value(std::move(size));
}

stats::PowerEstimate CountPower(const CountPairs& pairs, std::int64_t n_observed, double alpha,
                                std::int64_t runs, std::uint64_t seed, double confidence, double share,
                                std::int64_t n_reference, std::int64_t null_runs) {
  const std::vector<stats::CountPowerCell> cells = PowerCells(pairs);
  return Call([&] {
    return stats::CountPower(cells, n_observed,
                             {{alpha, runs, seed, confidence}, share, n_reference, null_runs});
  });
}

stats::SampleSizeResult RequiredCountSampleSize(const CountPairs& pairs, double target_power,
                                                std::int64_t smallest, std::int64_t largest,
                                                std::uint64_t seed, double alpha, std::int64_t runs,
                                                double confidence, double share, std::int64_t n_reference,
                                                std::int64_t null_runs) {
  const std::vector<stats::CountPowerCell> cells = PowerCells(pairs);
  return Call([&] {
    return stats::RequiredCountSampleSize(cells, {target_power, smallest, largest, seed},
                                          {{alpha, runs, seed, confidence}, share, n_reference, null_runs});
  });
}

void BindPowerResults(py::module_& stats) {
  using stats::PowerEstimate;
  using stats::SampleSizeResult;
  using stats::SampleSizeStep;
  ResultClass<PowerEstimate>(stats, "PowerEstimate", "Share of simulated audits that reject.")
      .Field("power", &PowerEstimate::power, "The share.")
      .Field("low", &PowerEstimate::low, "Lower end of an interval that covers the simulation's error only.")
      .Field("high", &PowerEstimate::high, "Its upper end.")
      .Field("monte_carlo_error", &PowerEstimate::monte_carlo_error, "Standard error of the simulation.")
      .Field("runs", &PowerEstimate::runs, "Simulated audits.")
      .Field("rejections", &PowerEstimate::rejections, "Those that reject.");
  ResultClass<SampleSizeStep>(stats, "SampleSizeStep", "A size that was tried.")
      .Field("n", &SampleSizeStep::n, "The size.")
      .Field("power", &SampleSizeStep::power, "Its power.");
  ResultClass<SampleSizeResult>(stats, "SampleSizeResult", "The smallest size that reaches a power.")
      .Field("n", &SampleSizeResult::n, "The size; None when the largest one stays below the target.")
      .Field("power", &SampleSizeResult::power, "Power there, from fresh random numbers.")
      .Field("n_low", &SampleSizeResult::n_low, "The smallest size that the simulation's error leaves open.")
      .Field("n_high", &SampleSizeResult::n_high, "The largest one, where there is one.")
      .Field("monotone", &SampleSizeResult::monotone, "False when a larger size did clearly worse.")
      .Field("steps", &SampleSizeResult::steps, "All sizes tried, ascending.");
}

}  // namespace

void BindPower(py::module_& stats) {
  BindPowerResults(stats);
  const stats::PowerOptions power;
  const stats::SampleSizeOptions size;
  const stats::SamplePowerOptions sample;
  const stats::CountPowerOptions count;
  stats.def("estimate_power", &EstimatePower, py::arg("simulate"), py::kw_only(),
            py::arg("alpha") = power.alpha, py::arg("runs") = power.runs, py::arg("seed") = power.seed,
            py::arg("confidence") = power.confidence,
            R"(Share of simulated audits that reject: simulate(seed) runs one and returns its p-value.
)");
  stats.def("required_sample_size", &RequiredSampleSize, py::arg("power_at"), py::kw_only(),
            py::arg("target_power") = size.target_power, py::arg("smallest") = size.smallest,
            py::arg("largest") = size.largest, py::arg("seed") = size.seed,
            R"(Smallest size that reaches the target: power_at(n, seed) returns a PowerEstimate.
)");
  stats.def(
      "sample_power", &SamplePower, py::arg("claimed"), py::arg("substitute"), py::arg("n_observed"),
      py::arg("test"), py::kw_only(), py::arg("alpha") = power.alpha, py::arg("runs") = power.runs,
      py::arg("seed") = power.seed, py::arg("confidence") = power.confidence,
      py::arg("n_reference") = sample.n_reference, py::arg("share") = sample.share,
      R"(Power of a two-sample test by resampling stored values: test(reference, observed) returns a p-value.

>>> import numpy as np
>>> from pinchbeck.stats import mann_whitney, sample_power
>>> claimed, substitute = np.arange(200.0), np.arange(200.0) + 150
>>> test = lambda x, y: mann_whitney(x, y).p_value
>>> sample_power(claimed, substitute, 30, test, runs=50, n_reference=50).power
1.0
)");
  stats.def(
      "required_test_sample_size", &RequiredTestSampleSize, py::arg("claimed"), py::arg("substitute"),
      py::arg("test"), py::kw_only(), py::arg("target_power") = size.target_power,
      py::arg("smallest") = size.smallest, py::arg("largest") = size.largest, py::arg("seed") = size.seed,
      py::arg("alpha") = power.alpha, py::arg("runs") = power.runs, py::arg("confidence") = power.confidence,
      py::arg("n_reference") = sample.n_reference, py::arg("share") = sample.share,
      R"(Smallest number of observed values with which `test` reaches the target power; see sample_power().
)");
  stats.def("count_power", &CountPower, py::arg("cells"), py::arg("n_observed"), py::kw_only(),
            py::arg("alpha") = power.alpha, py::arg("runs") = power.runs, py::arg("seed") = power.seed,
            py::arg("confidence") = power.confidence, py::arg("share") = count.share,
            py::arg("n_reference") = count.n_reference, py::arg("null_runs") = count.null_runs,
            R"(Power of the G test by resampling stored counts; cells are pairs (claimed, substitute).
)");
  stats.def("required_count_sample_size", &RequiredCountSampleSize, py::arg("cells"), py::kw_only(),
            py::arg("target_power") = size.target_power, py::arg("smallest") = size.smallest,
            py::arg("largest") = size.largest, py::arg("seed") = size.seed, py::arg("alpha") = power.alpha,
            py::arg("runs") = power.runs, py::arg("confidence") = power.confidence,
            py::arg("share") = count.share, py::arg("n_reference") = count.n_reference,
            py::arg("null_runs") = count.null_runs,
            R"(Smallest number of observed responses a cell with which the G test reaches the target power.
)");
}

}  // namespace pinchbeck::python
