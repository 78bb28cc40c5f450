// import_log(): logs of ordinary traffic as recordings. Ctrl-C ends it between two records.
#include <pybind11/stl.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/audit/import_recording.h"
#include "python/bindings/audit.h"
#include "python/bindings/observations.h"
#include "python/bindings/result.h"
#include "python/bindings/status.h"

namespace pinchbeck::python {
namespace {

// A recording, which Python objects share, and what was read for it.
struct Imported {
  py::object recording;
  RecordingImportSummary summary;
};

// Lets Python's signal handlers run now and then; the one of Ctrl-C raises KeyboardInterrupt.
class SignalCheck {
 public:
  absl::Status Run() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return absl::OkStatus();
    next_ = now + std::chrono::milliseconds(50);
    const bool go_on = error_.Run([] {
      if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    });
    return go_on ? absl::OkStatus() : absl::CancelledError("interrupted");
  }
  void Rethrow() { error_.Rethrow(); }

 private:
  std::chrono::steady_clock::time_point next_;
  CallbackError error_;
};

LogFormat FormatOf(const std::string& name) {
  if (const std::optional<LogFormat> format = LogFormatFromName(name)) return *format;
  std::string known;
  for (const LogFormat format : AllLogFormats()) {
    known += (known.empty() ? "'" : ", '") + std::string(LogFormatName(format)) + "'";
  }
  throw py::value_error("format is '" + name + "'; give one of " + known);
}

std::vector<std::string> PathsOf(const py::object& paths) {
  if (py::isinstance<py::str>(paths) || py::isinstance<py::bytes>(paths) ||
      py::hasattr(paths, "__fspath__")) {
    return {PathOf(paths)};
  }
  std::vector<std::string> list;
  for (const py::handle path : paths) list.push_back(PathOf(py::reinterpret_borrow<py::object>(path)));
  return list;
}

std::string NameOf(const std::vector<std::string>& paths) {
  return paths.front() + (paths.size() > 1 ? " and " + std::to_string(paths.size() - 1) + " more" : "");
}

Imported ImportLogs(const std::string& format_name, const py::object& where, bool parameters_complete,
                    bool usage_reported, const std::optional<std::string>& model,
                    std::vector<std::string> also_named, const std::optional<std::string>& endpoint,
                    const std::optional<std::string>& session, const Fingerprint* fingerprint) {
  const LogFormat format = FormatOf(format_name);
  const std::vector<std::string> paths = PathsOf(where);
  SignalCheck signals;
  RecordingImportOptions options{model.value_or(""),   endpoint.value_or(""), std::move(also_named),
                                 session.value_or(""), fingerprint,           {}};
  options.log.parameters_complete = parameters_complete;
  options.log.usage_reported = usage_reported;
  options.log.before_record = [&] { return signals.Run(); };
  auto observations = std::make_shared<std::vector<Observation>>();
  const auto keep = [&](Observation observation) {
    observations->push_back(std::move(observation));
    return absl::OkStatus();
  };
  absl::StatusOr<RecordingImportSummary> summary =
      Unlocked([&] { return ImportRecording(format, paths, keep, options); });
  signals.Rethrow();
  RecordingImportSummary value = Value(std::move(summary));
  SayInPython(value.warnings);
  return {py::cast(Recording{NameOf(paths), std::move(observations)}), std::move(value)};
}

template <typename Member>
auto Summarised(Member RecordingImportSummary::*member) {
  return [member](const Imported& self) { return ToPython(self.summary.*member); };
}

py::dict DictOf(const Imported& self) {
  const auto plain = [](const std::vector<std::string>& texts) { return py::list(ToPython(texts)); };
  const RecordingImportSummary& summary = self.summary;
  py::dict dict;
  dict["recording"] = self.recording.attr("to_dicts")();
  dict["observations"] = summary.observations;
  dict["failed"] = summary.failed;
  dict["unanswered"] = summary.unanswered;
  dict["matched"] = summary.matched;
  dict["kinds"] = summary.kinds;
  dict["obstacles"] = ToPython(summary.obstacles);
  dict["skipped"] = ToPython(summary.skipped);
  dict["faults"] = summary.faults;
  dict["fault_examples"] = plain(summary.fault_examples);
  dict["warnings"] = plain(summary.warnings);
  return dict;
}

}  // namespace

void BindLogImport(py::module_& module) {
  using Summary = RecordingImportSummary;
  ResultClass<Imported>(module, "ImportResult", "A recording made of logs, and what was read for it.")
      .Computed(
          "recording", [](const Imported& self) { return self.recording; }, "The recording, in memory.")
      .Computed("observations", Summarised(&Summary::observations), "Requests that were imported.")
      .Computed("failed", Summarised(&Summary::failed), "Those of them that failed.")
      .Computed("unanswered", Summarised(&Summary::unanswered),
                "Those of the failed whose whole answer the log does not hold.")
      .Computed("matched", Summarised(&Summary::matched),
                "Those of them that were asked as a probe of the fingerprint.")
      .Computed("kinds", Summarised(&Summary::kinds), "Probes among them: prompts, each asked in one way.")
      .Computed("obstacles", Summarised(&Summary::obstacles), "Requests that can be no plain probe, by why.")
      .Computed("skipped", Summarised(&Summary::skipped), "Records left out, by why.")
      .Computed("faults", Summarised(&Summary::faults), "Records left out because they cannot be read.")
      .Computed("fault_examples", Summarised(&Summary::fault_examples), "What is wrong with the first few.")
      .Computed("warnings", Summarised(&Summary::warnings),
                "Of probes of the fingerprint that no request can match.")
      .Method("to_dict", &DictOf, "The fields as a dict, the recording as a list of dicts.");
  const LogImportOptions defaults;
  module.def("import_log", &ImportLogs, py::arg("format"), py::arg("paths"), py::kw_only(),
             py::arg("parameters_complete") = defaults.parameters_complete,
             py::arg("usage_reported") = defaults.usage_reported, py::arg("model") = py::none(),
             py::arg("also_named") = std::vector<std::string>(), py::arg("endpoint") = py::none(),
             py::arg("session") = py::none(), py::arg("fingerprint") = py::none(),
             R"(Makes a recording of logs, the same as the command `pinchbeck import` writes.

`format` is 'openai_jsonl', 'litellm', 'langfuse', 'helicone' or 'otel'; `paths` is a path or a list of these, which are
one log. `model` and `endpoint` choose among several, of which a log must otherwise hold one; `also_named` are further
names of the model, where a log gives the name in the answer. `session` is recorded instead of the log's. Requests that repeat a probe of `fingerprint` get its name, others one of their own.
`parameters_complete` says that each record lists all parameters that were sent (langfuse, otel), `usage_reported`
that token counts are the server's (litellm, langfuse, otel). See docs/guides/import.md.

ValueError: text that is no JSON, several models or endpoints, nothing that could be imported. KeyError: no such file.
Ctrl-C ends it. The recording is in memory; the command writes logs of any length to a file.
)");
}

}  // namespace pinchbeck::python
