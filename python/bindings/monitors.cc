// Monitor: watching an endpoint, one observation after the other.
#include <pybind11/stl.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/audit/monitor.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/report/monitor_writers.h"
#include "python/bindings/audit.h"
#include "python/bindings/observations.h"
#include "python/bindings/result.h"
#include "python/bindings/status.h"

namespace pinchbeck::python {

template <>
struct EnumWords<MonitorAlarm> {
  static constexpr std::string_view kWhat = "alarm";
  static constexpr EnumName<MonitorAlarm> kNames[] = {{MonitorAlarm::kEValue, "e_value"},
                                                      {MonitorAlarm::kEDetector, "e_detector"}};
};

namespace {

// A monitor that Python threads may share: calls wait for one another, and none holds the interpreter lock
// while it waits.
class SharedMonitor {
 public:
  explicit SharedMonitor(Monitor monitor) : monitor_(std::move(monitor)) {}

  template <typename Function>
  auto Use(const Function& function) {
    return Unlocked([&] {
      const std::lock_guard<std::mutex> lock(mutex_);
      return function(monitor_);
    });
  }

 private:
  std::mutex mutex_;
  Monitor monitor_;
};

std::unique_ptr<SharedMonitor> MakeMonitor(const Fingerprint& fingerprint,
                                           const std::optional<FingerprintsArgument>& alternatives,
                                           double alpha, double tolerance, double greedy_tolerance,
                                           std::uint64_t seed, std::optional<double> mean_run,
                                           std::vector<std::string> signals) {
  MonitorOptions options{alpha, tolerance, greedy_tolerance, seed, mean_run, {}, std::move(signals)};
  if (alternatives.has_value()) options.alternatives = alternatives->pointers();
  return std::make_unique<SharedMonitor>(Call([&] { return Monitor::Create(fingerprint, options); }));
}

MonitorDecision Decision(SharedMonitor& self) {
  return self.Use([](const Monitor& monitor) { return monitor.decision(); });
}

MonitorDecision Step(SharedMonitor& self, const py::object& given) {
  const Observation observation = FromDict(given, "observation");
  // Under one lock, so that no other thread's observation is in the decision.
  return Value(self.Use([&](Monitor& monitor) -> absl::StatusOr<MonitorDecision> {
    PINCHBECK_RETURN_IF_ERROR(monitor.Step(observation));
    return monitor.decision();
  }));
}

MonitorDecision Run(SharedMonitor& self, const RecordingArgument& recording) {
  return Value(self.Use([&](Monitor& monitor) -> absl::StatusOr<MonitorDecision> {
    const auto step = [&](const Observation& o) { return monitor.Step(o); };
    PINCHBECK_RETURN_IF_ERROR(Visit(recording.recordings, step).status());
    return monitor.decision();
  }));
}

py::dict ToleratedShares(SharedMonitor& self) {
  py::dict shares;
  for (const auto& share : self.Use([](const Monitor& monitor) { return monitor.tolerated_shares(); })) {
    shares[ToPython(share.model)] = share.share;
  }
  return shares;
}

void SaveState(SharedMonitor& self, const py::object& where, bool durable) {
  const std::string path = PathOf(where);
  Check(self.Use([&](const Monitor& monitor) { return monitor.SaveState(path, durable); }));
}

void LoadState(SharedMonitor& self, const py::object& where) {
  const std::string path = PathOf(where);
  Check(self.Use([&](Monitor& monitor) { return monitor.LoadState(path); }));
}

void RestoreState(SharedMonitor& self, const std::string& json) {
  Check(self.Use([&](Monitor& monitor) { return monitor.RestoreState(json); }));
}

py::dict Skipped(const MonitorDecision& decision) {
  py::dict dict;
  for (std::size_t i = 0; i < kMonitorSkips; ++i) {
    dict[py::str(std::string(MonitorSkipName(static_cast<MonitorSkip>(i))))] = decision.skipped[i];
  }
  return dict;
}

void BindDecision(py::module_& module) {
  ResultClass<MonitorDecision>(module, "MonitorDecision",
                               "What a monitor knows after the observations so far.")
      .Computed(
          "verdict",
          [](const MonitorDecision& d) { return d.alarm_at.has_value() ? "differs" : "inconclusive"; },
          "'differs' after an alarm, else 'inconclusive'.")
      .Field("observations", &MonitorDecision::observations, "Observations so far.")
      .Field("used", &MonitorDecision::used, "Those that were used.")
      .Computed("skipped", &Skipped, "Those that were not, by reason.")
      .Field("log10_e_value", &MonitorDecision::log10_e_value, "Evidence now.")
      .Field("log10_largest_e_value", &MonitorDecision::log10_largest_e_value, "The largest so far.")
      .Field("log10_e_detector", &MonitorDecision::log10_e_detector, "The e-detector, or None.")
      .Field("alarm_at", &MonitorDecision::alarm_at, "Observation that raised the alarm, or None.")
      .Field("alarm_by", &MonitorDecision::alarm_by, "'e_value', 'e_detector' or None.")
      .Field("change_at", &MonitorDecision::change_at, "Observation at which the change is put, or None.")
      .Field("change_near", &MonitorDecision::change_near, "Its recorded time, or None.");
}

}  // namespace

void BindMonitor(py::module_& module) {
  BindDecision(module);
  const MonitorOptions defaults;
  py::class_<SharedMonitor>(module, "Monitor", R"(A test of one endpoint that may be read after every answer.

With the defaults the chance of ever raising a false alarm is at most alpha.

>>> import pinchbeck
>>> answers = [{"probe": "p", "response": {"text": str(i % 10)}} for i in range(400)]
>>> fingerprint = pinchbeck.enroll(pinchbeck.Recording.from_dicts(answers), model="m").fingerprint
>>> monitor = pinchbeck.Monitor(fingerprint)
>>> for i in range(60):
...     decision = monitor.step({"probe": "p", "response": {"text": str(i % 2)}})
>>> decision.verdict
'differs'
)")
      .def(py::init(&MakeMonitor), py::arg("fingerprint"), py::arg("alternatives") = py::none(),
           py::kw_only(), py::arg("alpha") = defaults.alpha, py::arg("tolerance") = defaults.tolerance,
           py::arg("greedy_tolerance") = defaults.greedy_tolerance, py::arg("seed") = defaults.seed,
           py::arg("mean_run") = py::none(), py::arg("signals") = defaults.signals)
      .def("step", &Step, py::arg("observation"),
           "Takes the next observation, a dict, and gives the decision.")
      .def("run", &Run, py::arg("recording"), "Takes all observations of a recording and gives the decision.")
      .def_property_readonly("decision", &Decision, "What is known now.")
      .def_property_readonly(
          "model",
          [](SharedMonitor& self) { return ToPython(self.Use([](const Monitor& m) { return m.model(); })); },
          "Label of the fingerprint.")
      .def_property_readonly(
          "warnings",
          [](SharedMonitor& self) {
            std::vector<std::string> warnings = self.Use([](const Monitor& m) { return m.warnings(); });
            SayInPython(warnings);
            return ToPython(warnings);
          },
          "What the user should know about the design.")
      .def("tolerated_shares", &ToleratedShares,
           "Largest share of each alternative that the tolerance declares harmless.")
      .def(
          "serialize_state",
          [](SharedMonitor& self) { return self.Use([](const Monitor& m) { return m.SerializeState(); }); },
          "The state as a JSON document.")
      .def("restore_state", &RestoreState, py::arg("json"),
           "Goes on where the state was taken; the design must be the same.")
      .def("save_state", &SaveState, py::arg("path"), py::kw_only(), py::arg("durable") = true,
           "Writes the state; `durable` flushes it to stable storage.")
      .def("load_state", &LoadState, py::arg("path"), "Reads a state; KeyError where there is no such file.")
      .def(
          "to_dict",
          [](SharedMonitor& self) {
            return LoadJson(self.Use([](const Monitor& m) { return MonitorToJson(m); }));
          },
          "The decision as the command's --json prints it.")
      .def("__str__", [](SharedMonitor& self) {
        return ToPython(self.Use([](const Monitor& m) { return MonitorToText(m); }));
      });
}

}  // namespace pinchbeck::python
