// Sequential tests, one answer after the other. Their states are dicts that json.dumps() takes.
#include <pybind11/stl.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/stats/change_detection.h"
#include "pinchbeck/stats/conformal_e_process.h"
#include "pinchbeck/stats/likelihood_ratio_e_process.h"
#include "pinchbeck/stats/restart_e_process.h"
#include "pinchbeck/stats/success_rate_bet.h"
#include "python/bindings/arrays.h"
#include "python/bindings/stats.h"
#include "python/bindings/stats_mean_bound.h"
#include "python/bindings/status.h"

namespace pinchbeck::python {

template <>
struct EnumWords<stats::BoundScope> {
  static constexpr std::string_view kWhat = "scope";
  static constexpr EnumName<stats::BoundScope> kNames[] = {{stats::BoundScope::kPerCell, "per_cell"},
                                                           {stats::BoundScope::kPooled, "pooled"}};
};

namespace {

using py::literals::operator""_a;

// A field of a state dict.
template <typename T>
void Read(const py::dict& state, const char* name, T& field) {
  if (!state.contains(name)) throw py::value_error("state has no field '" + std::string(name) + "'");
  try {
    field = state[name].cast<T>();
  } catch (const py::cast_error&) {
    throw py::value_error("state['" + std::string(name) + "'] has another type than state() gives it");
  }
}

// The categorical cells of both processes are plain structs; only these fields differ.
void BindCells(py::module_& stats) {
  using stats::ConformalCell;
  using stats::LikelihoodRatioCell;
  using List = std::vector<std::int64_t>;
  using Lists = std::vector<List>;
  py::class_<ConformalCell>(stats, "ConformalCell",
                            "The reference of one cell of a ConformalEProcess: counts or scores.\n\n"
                            "Lists are copied in; a field's value is a copy.")
      .def(py::init([](List reference_counts, bool open, Lists alternative_counts, List held_out_counts,
                       std::vector<double> reference_scores) {
             return ConformalCell{std::move(reference_counts), open, std::move(alternative_counts),
                                  std::move(held_out_counts), std::move(reference_scores)};
           }),
           py::kw_only(), "reference_counts"_a = List(), "open"_a = ConformalCell{}.open,
           "alternative_counts"_a = Lists(), "held_out_counts"_a = List(),
           "reference_scores"_a = std::vector<double>())
      .def_readonly("reference_counts", &ConformalCell::reference_counts, "Responses per category.")
      .def_readonly("open", &ConformalCell::open, "Whether new responses found categories of their own.")
      .def_readonly("alternative_counts", &ConformalCell::alternative_counts,
                    "Counts of stored alternatives.")
      .def_readonly("held_out_counts", &ConformalCell::held_out_counts, "A part of the reference held out.")
      .def_readonly("reference_scores", &ConformalCell::reference_scores, "Scores of a continuous cell.");
  py::class_<LikelihoodRatioCell>(
      stats, "LikelihoodRatioCell",
      "One cell of a LikelihoodRatioEProcess: two disjoint parts of the reference, "
      "and alternatives.")
      .def(py::init([](List build_counts, List bound_counts, Lists alternative_counts) {
             return LikelihoodRatioCell{std::move(build_counts), std::move(bound_counts),
                                        std::move(alternative_counts)};
           }),
           py::kw_only(), "build_counts"_a, "bound_counts"_a, "alternative_counts"_a)
      .def_readonly("build_counts", &LikelihoodRatioCell::build_counts, "From these the ratio is built.")
      .def_readonly("bound_counts", &LikelihoodRatioCell::bound_counts, "From these it is bounded.")
      .def_readonly("alternative_counts", &LikelihoodRatioCell::alternative_counts,
                    "Counts of each alternative.");
}

py::dict StateOf(const stats::ConformalEProcess& process) {
  const stats::ConformalState s = process.state();
  return py::dict("version"_a = s.version, "design"_a = s.design, "observations"_a = s.observations,
                  "max_log_wealth"_a = s.max_log_wealth, "cell_sizes"_a = s.cell_sizes,
                  "weights"_a = s.weights, "bets"_a = s.bets, "minus_log_p"_a = s.minus_log_p,
                  "minus_log_complement"_a = s.minus_log_complement,
                  "both_ends_quarter"_a = s.both_ends_quarter, "both_ends_full"_a = s.both_ends_full);
}

void Restore(stats::ConformalEProcess& process, const py::dict& state) {
  stats::ConformalState s;
  Read(state, "version", s.version);
  Read(state, "design", s.design);
  Read(state, "observations", s.observations);
  Read(state, "max_log_wealth", s.max_log_wealth);
  Read(state, "cell_sizes", s.cell_sizes);
  Read(state, "weights", s.weights);
  Read(state, "bets", s.bets);
  Read(state, "minus_log_p", s.minus_log_p);
  Read(state, "minus_log_complement", s.minus_log_complement);
  Read(state, "both_ends_quarter", s.both_ends_quarter);
  Read(state, "both_ends_full", s.both_ends_full);
  Check(process.Restore(s));
}

void BindConformal(py::module_& stats) {
  using Process = stats::ConformalEProcess;
  const stats::ConformalOptions defaults;
  py::class_<Process>(stats, "ConformalEProcess",
                      R"(Do observed responses come from the distribution of a finite reference?

The p-value may be read after every response and keeps its level however often that is done.

>>> from pinchbeck.stats import ConformalCell, ConformalEProcess
>>> process = ConformalEProcess([ConformalCell(reference_counts=[40, 40, 20])])
>>> for _ in range(30):
...     process.update(0, 2)
>>> process.observations, process.p_value < 0.01
(30, True)
)")
      .def(py::init([](const std::vector<stats::ConformalCell>& cells, std::vector<double> exponents,
                       std::int64_t bins, std::uint64_t seed) {
             const stats::ConformalOptions options{std::move(exponents), bins, seed};
             return Call([&] { return Process::Create(cells, options); });
           }),
           "cells"_a, py::kw_only(), "exponents"_a = defaults.exponents, "bins"_a = defaults.bins,
           "seed"_a = defaults.seed)
      .def(
          "update",
          [](Process& self, std::size_t cell, std::size_t category) { Check(self.Update(cell, category)); },
          "cell"_a, "category"_a, "The next response of a categorical cell.")
      .def(
          "update_score",
          [](Process& self, std::size_t cell, double score) { Check(self.UpdateScore(cell, score)); },
          "cell"_a, "score"_a, "The next response of a continuous cell.")
      .def_property_readonly("log_wealth", &Process::log_wealth, "Natural logarithm of the present wealth.")
      .def_property_readonly("max_log_wealth", &Process::max_log_wealth, "The largest so far.")
      .def_property_readonly("p_value", &Process::p_value, "Valid whenever it is read.")
      .def_property_readonly("observations", &Process::observations, "Responses so far.")
      .def(
          "component_weights", [](const Process& self) { return ToArray(self.ComponentWeights()); },
          "Weights of the bets, for a ChangeDetector.")
      .def(
          "step_e_values", [](const Process& self) { return ToArray(self.StepEValues()); },
          "e-values of the last response, in the order of the weights.")
      .def("state", py::overload_cast<const Process&>(&StateOf),
           "All that a restart needs besides cells and options.")
      .def("restore", py::overload_cast<Process&, const py::dict&>(&Restore), "state"_a,
           "Goes on where the state was taken; cells and options must be the same.");
}

py::dict StateOf(const stats::LikelihoodRatioEProcess& process) {
  const stats::LikelihoodRatioState s = process.state();
  return py::dict("version"_a = s.version, "design"_a = s.design, "observations"_a = s.observations,
                  "max_log_wealth"_a = s.max_log_wealth, "log_wealth"_a = s.log_wealth);
}

void Restore(stats::LikelihoodRatioEProcess& process, const py::dict& state) {
  stats::LikelihoodRatioState s;
  Read(state, "version", s.version);
  Read(state, "design", s.design);
  Read(state, "observations", s.observations);
  Read(state, "max_log_wealth", s.max_log_wealth);
  Read(state, "log_wealth", s.log_wealth);
  Check(process.Restore(s));
}

void BindLikelihoodRatio(py::module_& stats) {
  using Process = stats::LikelihoodRatioEProcess;
  const stats::LikelihoodRatioOptions defaults;
  py::class_<Process>(
      stats, "LikelihoodRatioEProcess",
      R"(Do responses stay within a declared distance of the reference? Aimed at stored alternatives.

>>> from pinchbeck.stats import LikelihoodRatioCell, LikelihoodRatioEProcess
>>> cell = LikelihoodRatioCell(build_counts=[400, 100], bound_counts=[400, 100], alternative_counts=[[100, 400]])
>>> process = LikelihoodRatioEProcess([cell], tolerance=0.05)
>>> for _ in range(40):
...     process.update(0, 1)
>>> process.p_value < 0.02
True
)")
      .def(py::init([](const std::vector<stats::LikelihoodRatioCell>& cells, double tolerance,
                       double alpha_reference, std::vector<double> fractions, double cap,
                       stats::MeanBoundMethod bound, stats::BoundScope scope,
                       std::vector<double> cell_weights, std::int64_t round_length) {
             const stats::LikelihoodRatioOptions options{
                 tolerance, alpha_reference, std::move(fractions),    cap,
                 bound,     scope,           std::move(cell_weights), round_length};
             return Call([&] { return Process::Create(cells, options); });
           }),
           "cells"_a, py::kw_only(), "tolerance"_a = defaults.tolerance,
           "alpha_reference"_a = defaults.alpha_reference, "fractions"_a = defaults.fractions,
           "cap"_a = defaults.cap, "bound"_a = defaults.bound, "scope"_a = defaults.scope,
           "cell_weights"_a = defaults.cell_weights, "round_length"_a = defaults.round_length)
      .def(
          "update",
          [](Process& self, std::size_t cell, std::size_t category) { Check(self.Update(cell, category)); },
          "cell"_a, "category"_a, "The next response.")
      .def_property_readonly("log_wealth", &Process::log_wealth, "Natural logarithm of the present wealth.")
      .def_property_readonly("max_log_wealth", &Process::max_log_wealth, "The largest so far.")
      .def_property_readonly("p_value", &Process::p_value, "Valid whenever it is read.")
      .def_property_readonly("observations", &Process::observations, "Responses so far.")
      .def(
          "false_alarm_bound",
          [](const Process& self, double alpha) { return Value(self.FalseAlarmBound(alpha)); }, "alpha"_a,
          "Chance of a false alarm of the rule that the largest wealth reaches 1 / alpha.")
      .def(
          "expected_growth",
          [](const Process& self, std::size_t alternative, double share) {
            return Value(self.ExpectedGrowth(alternative, share));
          },
          "alternative"_a, "share"_a, "Estimated growth of the log wealth a response at a substituted share.")
      .def(
          "component_weights", [](const Process& self) { return ToArray(self.ComponentWeights()); },
          "Weights of the bets, for a ChangeDetector.")
      .def(
          "step_e_values", [](const Process& self) { return ToArray(self.StepEValues()); },
          "e-values of the last response, in the order of the weights.")
      .def("state", py::overload_cast<const Process&>(&StateOf),
           "All that a restart needs besides cells and options.")
      .def("restore", py::overload_cast<Process&, const py::dict&>(&Restore), "state"_a,
           "Goes on where the state was taken; cells and options must be the same.");
  stats.def(
      "largest_tolerated_share",
      [](const std::vector<stats::LikelihoodRatioCell>& cells, std::size_t alternative, double tolerance) {
        return Call([&] { return stats::LargestToleratedShare(cells, alternative, tolerance); });
      },
      "cells"_a, "alternative"_a, "tolerance"_a,
      "Largest share of an alternative that the tolerance declares harmless in every cell.\n");
}

py::dict StateOf(const stats::ChangeDetector& detector) {
  const stats::ChangeDetectorState s = detector.state();
  return py::dict("version"_a = s.version, "observations"_a = s.observations, "first_alarm"_a = s.first_alarm,
                  "sum"_a = s.sum, "sum_exponent"_a = s.sum_exponent, "product"_a = s.product,
                  "product_exponent"_a = s.product_exponent, "start"_a = s.start);
}

void Restore(stats::ChangeDetector& detector, const py::dict& state) {
  stats::ChangeDetectorState s;
  Read(state, "version", s.version);
  Read(state, "observations", s.observations);
  Read(state, "first_alarm", s.first_alarm);
  Read(state, "sum", s.sum);
  Read(state, "sum_exponent", s.sum_exponent);
  Read(state, "product", s.product);
  Read(state, "product_exponent", s.product_exponent);
  Read(state, "start", s.start);
  Check(detector.Restore(s));
}

void BindChange(py::module_& stats) {
  using Detector = stats::ChangeDetector;
  py::class_<Detector>(
      stats, "ChangeDetector",
      R"(Has something changed lately? A Shiryaev-Roberts detector on the e-values of an e-process.

The mean number of observations to a false alarm is at least 1 / alpha.
)")
      .def(py::init([](const Vector& weights, double alpha) {
             return Value(Detector::Create(weights.values("weights"), alpha));
           }),
           "weights"_a, "alpha"_a)
      .def(
          "update",
          [](Detector& self, const Vector& values) { Check(self.Update(values.values("e_values"))); },
          "e_values"_a, "The e-values of the next observation, one a weight.")
      .def_property_readonly("log_statistic", &Detector::log_statistic, "Natural logarithm of the statistic.")
      .def_property_readonly("alarm", &Detector::alarm, "Whether the statistic is at the threshold now.")
      .def_property_readonly("first_alarm", &Detector::first_alarm,
                             "Observation of the first alarm, from 1; 0 while there was none.")
      .def_property_readonly("observations", &Detector::observations, "Observations so far.")
      .def_property_readonly("mean_run_bound", &Detector::MeanRunBound,
                             "Least mean number of observations to a false alarm.")
      .def_property_readonly("estimated_change", &Detector::EstimatedChange,
                             "First observation after the estimated change, from 1; 0 before any.")
      .def("reset", &Detector::Reset, "Starts again after an alarm was dealt with.")
      .def("state", py::overload_cast<const Detector&>(&StateOf),
           "All that a restart needs besides the weights.")
      .def("restore", py::overload_cast<Detector&, const py::dict&>(&Restore), "state"_a,
           "Goes on where the state was taken.");
}

py::dict StateOf(const stats::RestartEProcess& process) {
  const stats::RestartState s = process.state();
  return py::dict("version"_a = s.version, "observations"_a = s.observations, "wealth"_a = s.wealth,
                  "exponent"_a = s.exponent);
}

void Restore(stats::RestartEProcess& process, const py::dict& state) {
  stats::RestartState s;
  Read(state, "version", s.version);
  Read(state, "observations", s.observations);
  Read(state, "wealth", s.wealth);
  Read(state, "exponent", s.exponent);
  Check(process.Restore(s));
}

void BindRestart(py::module_& stats) {
  using Process = stats::RestartEProcess;
  py::class_<Process>(stats, "RestartEProcess",
                      R"(An e-process that may start late: finds a change after a long honest time.
)")
      .def(py::init([](const Vector& weights) { return Value(Process::Create(weights.values("weights"))); }),
           "weights"_a)
      .def(
          "update",
          [](Process& self, const Vector& values) { Check(self.Update(values.values("e_values"))); },
          "e_values"_a, "The e-values of the next observation, one a weight.")
      .def_property_readonly("log_wealth", &Process::log_wealth, "Natural logarithm of the present wealth.")
      .def_property_readonly("observations", &Process::observations, "Observations so far.")
      .def("state", py::overload_cast<const Process&>(&StateOf),
           "All that a restart needs besides the weights.")
      .def("restore", py::overload_cast<Process&, const py::dict&>(&Restore), "state"_a,
           "Goes on where the state was taken.");
}

void BindWealth(py::module_& stats) {
  using stats::RunningWealth;
  using stats::SuccessRateBet;
  py::class_<RunningWealth>(stats, "RunningWealth", "The running maximum of a wealth process.")
      .def(py::init<>())
      .def(
          "record", [](RunningWealth& self, double next) { Check(self.Record(next)); }, "next_log_wealth"_a,
          "Records the next reading.")
      .def_readonly("readings", &RunningWealth::readings, "Readings so far.")
      .def_readonly("log_wealth", &RunningWealth::log_wealth, "The last one.")
      .def_readonly("max_log_wealth", &RunningWealth::max_log_wealth, "The largest, at least 0.")
      .def_property_readonly("p_value", &RunningWealth::p_value, "Valid whenever it is read.");
  py::class_<SuccessRateBet>(stats, "SuccessRateBet",
                             R"(Does a yes-or-no answer succeed as often as promised?

>>> from pinchbeck.stats import SuccessRateBet
>>> bet = SuccessRateBet(0.8)
>>> for _ in range(4):
...     bet.update(False)
>>> bet.p_value < 0.01
True
)")
      .def(py::init([](double promised) { return Value(SuccessRateBet::Create(promised)); }), "promised"_a)
      .def("update", &SuccessRateBet::Update, "success"_a, "The next answer.")
      .def_property_readonly(
          "wealth", [](const SuccessRateBet& self) { return self.wealth(); }, "A copy of the wealth so far.")
      .def_property_readonly("p_value", &SuccessRateBet::p_value, "Valid whenever it is read.");
}

}  // namespace

void BindSequential(py::module_& stats) {
  BindCells(stats);
  BindConformal(stats);
  BindLikelihoodRatio(stats);
  BindChange(stats);
  BindRestart(stats);
  BindWealth(stats);
}

}  // namespace pinchbeck::python
