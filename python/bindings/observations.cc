#include "python/bindings/observations.h"

#include <pybind11/stl.h>

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "pinchbeck/core/recording.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/internal/utf8.h"
#include "pinchbeck/signal/sample_builder.h"
#include "python/bindings/status.h"
#include "src/core/seen_observations.h"

namespace pinchbeck::python {
namespace {

void WarnOfTail(const Recording& recording) {
  const std::string message = LabelOf(recording) + ": the last line is incomplete and was left out";
  if (PyErr_WarnEx(PyExc_UserWarning, message.c_str(), 1) != 0) throw py::error_already_set();
}

// What an iterator finds next.
struct Step {
  std::optional<Observation> observation;  // None at the end.
  bool first_at_tail = false;              // Whether this is the first to find an incomplete last line.
};

// Walks through a recording; a dict an observation. Python threads may share it: each observation goes to one
// of them.
class RecordingIterator {
 public:
  explicit RecordingIterator(Recording recording) : recording_(std::move(recording)) {
    if (recording_.observations == nullptr) {
      reader_.emplace(Call([&] { return RecordingReader::Open(recording_.name); }));
    }
  }
  RecordingIterator(const RecordingIterator&) = delete;
  RecordingIterator& operator=(const RecordingIterator&) = delete;

  py::dict Next() {
    const Step step = Call([&] {
      const std::lock_guard<std::mutex> lock(mutex_);
      return Take();
    });
    if (step.observation.has_value()) return ToDict(*step.observation);
    if (step.first_at_tail) WarnOfTail(recording_);
    throw py::stop_iteration();
  }

 private:
  absl::StatusOr<Step> Take() {
    Step step;
    if (!reader_.has_value()) {
      if (next_ < recording_.observations->size()) step.observation = (*recording_.observations)[next_++];
      return step;
    }
    PINCHBECK_ASSIGN_OR_RETURN(step.observation, reader_->Next());
    if (!step.observation.has_value() && reader_->truncated_tail()) {
      step.first_at_tail = !std::exchange(warned_, true);
    }
    return step;
  }

  Recording recording_;
  std::mutex mutex_;  // Guards what follows. Whoever waits for it does not hold the interpreter lock.
  std::optional<RecordingReader> reader_;
  std::size_t next_ = 0;
  bool warned_ = false;
};

Recording OpenRecording(const py::object& path) {
  Recording recording{PathOf(path), nullptr};
  // A missing or unreadable file is reported where it is named, not at its first use.
  static_cast<void>(Call([&] { return RecordingReader::Open(recording.name); }));
  return recording;
}

Recording FromDicts(const py::iterable& observations, const std::string& name) {
  auto list = std::make_shared<std::vector<Observation>>();
  for (const py::handle observation : observations) {
    list->push_back(FromDict(observation, name + "[" + std::to_string(list->size()) + "]"));
  }
  return {name, std::move(list)};
}

py::list ToDicts(const Recording& recording) {
  RecordingIterator iterator(recording);
  py::list list;
  while (true) {
    try {
      list.append(iterator.Next());
    } catch (const py::stop_iteration&) {
      return list;
    }
  }
}

// Appends all observations, duplicates too; gives whether an incomplete last line was left out.
absl::StatusOr<bool> Copy(const Recording& recording, RecordingWriter& writer) {
  if (recording.observations != nullptr) {
    for (const Observation& observation : *recording.observations) {
      PINCHBECK_RETURN_IF_ERROR(writer.Append(observation));
    }
    return false;
  }
  PINCHBECK_ASSIGN_OR_RETURN(RecordingReader reader, RecordingReader::Open(recording.name));
  while (true) {
    PINCHBECK_ASSIGN_OR_RETURN(const std::optional<Observation> observation, reader.Next());
    if (!observation.has_value()) return reader.truncated_tail();
    PINCHBECK_RETURN_IF_ERROR(writer.Append(*observation));
  }
}

// Writes a new or an empty file and leaves it so on an error: half a recording would look like a whole one.
absl::StatusOr<bool> WriteNew(const Recording& recording, const std::string& path) {
  std::error_code ignored;
  const bool existed = std::filesystem::exists(path, ignored);
  PINCHBECK_ASSIGN_OR_RETURN(RecordingWriter writer, RecordingWriter::Open(path));
  absl::StatusOr<bool> cut = Copy(recording, writer);
  if (const absl::Status closed = writer.Close(); cut.ok() && !closed.ok()) cut = closed;
  if (cut.ok() || !std::filesystem::is_regular_file(path, ignored)) return cut;
  if (existed) {
    std::filesystem::resize_file(path, 0, ignored);
  } else {
    std::filesystem::remove(path, ignored);
  }
  return cut;
}

void Save(const Recording& recording, const py::object& where) {
  const std::string path = PathOf(where);
  std::error_code error;
  if (std::filesystem::exists(path, error) && std::filesystem::file_size(path, error) > 0) {
    Raise(absl::AlreadyExistsError(path + ": the file already holds something; choose another name"));
  }
  if (Call([&] { return WriteNew(recording, path); })) WarnOfTail(recording);
}

bool AreSame(const Recording& a, const Recording& b) {
  if (a.observations != nullptr || b.observations != nullptr) return a.observations == b.observations;
  return a.name == b.name;
}

absl::Status CheckDistinct(const std::vector<Recording>& recordings) {
  for (std::size_t i = 0; i < recordings.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (!AreSame(recordings[i], recordings[j])) continue;
      return absl::InvalidArgumentError("recording " + std::to_string(i + 1) + " (" + recordings[i].name +
                                        ") is the same as recording " + std::to_string(j + 1) +
                                        "; give each once");
    }
  }
  return absl::OkStatus();
}

std::string ReprOfRecording(const Recording& recording) {
  const std::string name = py::repr(PathToPython(recording.name)).cast<std::string>();
  if (recording.observations == nullptr) return "Recording(" + name + ")";
  return "<Recording " + name + " in memory, " + std::to_string(recording.observations->size()) +
         " observations>";
}

}  // namespace

std::string PathOf(const py::object& path) {
  const py::object text = py::module_::import("os").attr("fsencode")(path);
  std::string bytes = text.cast<std::string>();
  // The system would read the name up to there.
  if (bytes.find('\0') != std::string::npos) throw py::value_error("a path holds a null byte");
  return bytes;
}

py::object PathToPython(const std::string& path) {
  PyObject* text = PyUnicode_DecodeFSDefaultAndSize(path.data(), static_cast<Py_ssize_t>(path.size()));
  if (text == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(text);
}

std::string LabelOf(const Recording& recording) { return internal::ReplaceInvalidUtf8(recording.name); }

std::string DumpJson(const py::handle& value, const char* what) {
  try {
    return py::module_::import("json").attr("dumps")(value, py::arg("allow_nan") = false).cast<std::string>();
  } catch (py::error_already_set& error) {
    if (!error.matches(PyExc_TypeError) && !error.matches(PyExc_ValueError)) throw;
    py::raise_from(error, PyExc_ValueError, (std::string(what) + " cannot be written as JSON").c_str());
    throw py::error_already_set();
  }
}

py::object LoadJson(const std::string& text) {
  return py::module_::import("json").attr("loads")(py::bytes(text));
}

py::dict ToDict(const Observation& observation) { return LoadJson(SerializeObservation(observation)); }

Observation FromDict(const py::handle& observation, const std::string& where) {
  const std::string text = DumpJson(observation, where.c_str());
  absl::StatusOr<Observation> parsed = ParseObservation(text);
  if (!parsed.ok()) Raise(absl::InvalidArgumentError(where + ": " + std::string(parsed.status().message())));
  return *std::move(parsed);
}

absl::StatusOr<RecordingSetSummary> Visit(const std::vector<Recording>& recordings,
                                          const std::function<absl::Status(const Observation&)>& visit) {
  if (recordings.empty()) return absl::InvalidArgumentError("no recording given");
  PINCHBECK_RETURN_IF_ERROR(CheckDistinct(recordings));
  RecordingSetSummary summary;
  internal::SeenObservations seen;
  for (const Recording& recording : recordings) {
    PINCHBECK_RETURN_IF_ERROR(
        recording.observations == nullptr
            ? internal::VisitFile(recording.name, visit, seen, summary)
            : internal::VisitMemory(recording.name, *recording.observations, visit, seen, summary));
  }
  return summary;
}

absl::StatusOr<ObservedSample> ReadSample(const std::vector<Recording>& recordings, const SignalPlan& plan) {
  SampleBuilder builder(plan);
  ObservedSample observed;
  PINCHBECK_ASSIGN_OR_RETURN(observed.recordings,
                             Visit(recordings, [&](const Observation& o) { return builder.Add(o); }));
  observed.unplanned = builder.unplanned();
  observed.first_time = builder.first_time();
  observed.last_time = builder.last_time();
  observed.sample = std::move(builder).Finish(plan);
  return observed;
}

void BindRecordings(py::module_& module) {
  py::class_<RecordingIterator>(module, "RecordingIterator", "Walks through a recording.")
      .def("__iter__", [](py::object self) { return self; })
      .def("__next__", &RecordingIterator::Next);
  py::class_<Recording>(module, "Recording",
                        R"(Recorded answers: a JSON Lines file, plain or gzip, or dicts in memory.

Iterating gives one dict an observation; a file is read as a stream, anew each time. A line that is no observation
raises ValueError with file and line.

>>> import pinchbeck
>>> recording = pinchbeck.Recording.from_dicts([{"probe": "p", "response": {"text": "7"}}])
>>> [observation["response"]["text"] for observation in recording]
['7']
)")
      .def(py::init(&OpenRecording), py::arg("path"))
      .def_static("from_dicts", &FromDicts, py::arg("observations"), py::arg("name") = "recording",
                  "A recording in memory; `name` stands for it in messages.")
      .def("to_dicts", &ToDicts, "All observations as a list of dicts.")
      .def("save", &Save, py::arg("path"),
           "Writes the observations to a new file, compressed where its name ends in .gz.")
      .def_property_readonly(
          "path",
          [](const Recording& self) {
            return self.observations == nullptr ? PathToPython(self.name) : py::object(py::none());
          },
          "The file's path; None for a recording in memory.")
      .def("__iter__", [](const Recording& self) { return std::make_unique<RecordingIterator>(self); })
      .def("__repr__", &ReprOfRecording);
}

}  // namespace pinchbeck::python

namespace pybind11::detail {

bool type_caster<pinchbeck::python::RecordingArgument>::load(handle source, bool /*convert*/) {
  using pinchbeck::python::Recording;
  const auto add = [&](handle item) {
    if (isinstance<Recording>(item)) {
      value.recordings.push_back(item.cast<Recording>());
    } else if (isinstance<str>(item) || isinstance<bytes>(item) || hasattr(item, "__fspath__")) {
      value.recordings.push_back({pinchbeck::python::PathOf(reinterpret_borrow<object>(item)), nullptr});
    } else {
      return false;
    }
    return true;
  };
  value.recordings.clear();
  if (add(source)) return true;
  if (!isinstance<sequence>(source)) return false;
  for (const handle item : reinterpret_borrow<sequence>(source)) {
    if (!add(item)) return false;
  }
  return true;
}

}  // namespace pybind11::detail
