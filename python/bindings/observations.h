// Recordings as the module takes them: files, objects in memory, or several of both.
#ifndef PINCHBECK_PYTHON_BINDINGS_OBSERVATIONS_H_
#define PINCHBECK_PYTHON_BINDINGS_OBSERVATIONS_H_

#include <pybind11/pybind11.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pinchbeck/core/observation.h"
#include "pinchbeck/core/recording_set.h"
#include "pinchbeck/fingerprint/builder.h"
#include "pinchbeck/signal/sample.h"

namespace pinchbeck::python {

namespace py = pybind11;

// A recording in a file, read anew each time, or in memory.
struct Recording {
  // The file's path, or what messages call the recording in memory.
  std::string name;
  std::shared_ptr<const std::vector<Observation>> observations;  // Null for a file.
};

// A Recording, a path, or a list of these.
struct RecordingArgument {
  std::vector<Recording> recordings;
};

// A path-like object as the file system's string, and back. Names that are not UTF-8 survive as in
// os.fsdecode().
[[nodiscard]] std::string PathOf(const py::object& path);
[[nodiscard]] py::object PathToPython(const std::string& path);

// The name as valid UTF-8, for labels and messages.
[[nodiscard]] std::string LabelOf(const Recording& recording);

// Plain Python data as JSON text and back. `what` names the value in errors.
[[nodiscard]] std::string DumpJson(const py::handle& value, const char* what);
[[nodiscard]] py::object LoadJson(const std::string& text);

// An observation as a dict with the names of docs/design/0001-formats.md, and back.
[[nodiscard]] py::dict ToDict(const Observation& observation);
[[nodiscard]] Observation FromDict(const py::handle& observation, const std::string& where);

// As ReadRecordings(), for recordings in memory too: what was read before is left out, wherever it was. One
// recording that is given twice is refused, since answers without an identity would count twice.
[[nodiscard]] absl::StatusOr<RecordingSetSummary> Visit(
    const std::vector<Recording>& recordings, const std::function<absl::Status(const Observation&)>& visit);
// As ReadObserved().
[[nodiscard]] absl::StatusOr<ObservedSample> ReadSample(const std::vector<Recording>& recordings,
                                                        const SignalPlan& plan);

void BindRecordings(py::module_& module);

}  // namespace pinchbeck::python

namespace pybind11::detail {

template <>
struct type_caster<pinchbeck::python::RecordingArgument> {
  PYBIND11_TYPE_CASTER(pinchbeck::python::RecordingArgument, const_name("Recordings"));
  bool load(handle source, bool convert);
};

}  // namespace pybind11::detail

#endif  // PINCHBECK_PYTHON_BINDINGS_OBSERVATIONS_H_
