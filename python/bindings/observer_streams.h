// Traffic as the module takes it: bodies, uses, and streams on their way.
#ifndef PINCHBECK_PYTHON_BINDINGS_OBSERVER_STREAMS_H_
#define PINCHBECK_PYTHON_BINDINGS_OBSERVER_STREAMS_H_

#include <pybind11/pybind11.h>

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/audit/observer.h"
#include "pinchbeck/client/exchange.h"
#include "python/bindings/status.h"

namespace pinchbeck::python {

namespace py = pybind11;

using OptionalText = std::optional<std::string>;
using OptionalSeconds = std::optional<double>;

// A function of `pinchbeck._traffic`, which is written in Python.
[[nodiscard]] py::object TrafficFunction(const char* name);

// A body as JSON text or as it is: dicts, objects of client libraries, str and bytes. `what` names it in
// errors.
[[nodiscard]] std::string BodyOf(const py::object& body, const char* what);
// The same of an answer or a piece of one, which a server makes: what cannot be written as JSON becomes text
// that is none, so that the answer counts as failed.
[[nodiscard]] std::string AnswerOf(const py::object& answer, const char* what);

[[nodiscard]] inline std::string NameOf(ObservationUse use) { return std::string(ObservationUseName(use)); }

// A stream that Python threads may share: calls wait for one another, and none holds the interpreter lock
// while it waits.
class SharedStream {
 public:
  explicit SharedStream(ObserverStream stream) : stream_(std::move(stream)) {}
  SharedStream(const SharedStream&) = delete;
  SharedStream& operator=(const SharedStream&) = delete;
  // Python drops objects with the interpreter lock, and the observer may be busy.
  ~SharedStream() {
    if (stream_.has_value()) Unlocked([this] { stream_.reset(); });
  }

  absl::Status Feed(absl::Status (ObserverStream::*feed)(std::string_view, OptionalSeconds),
                    std::string_view text, OptionalSeconds arrival_s) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!stream_.has_value()) return Closed();
    absl::Status status = ((*stream_).*feed)(text, arrival_s);
    // Given up: it must not count as open until Python drops the object.
    if (status.code() == absl::StatusCode::kResourceExhausted) stream_.reset();
    return status;
  }
  absl::StatusOr<ObservationUse> Finish(const ExchangeEnd& end) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!stream_.has_value()) return Closed();
    absl::StatusOr<ObservationUse> use = stream_->Finish(end);
    stream_.reset();
    return use;
  }
  void Close() {
    const std::lock_guard<std::mutex> lock(mutex_);
    stream_.reset();
  }

 private:
  static absl::Status Closed() {
    return absl::FailedPreconditionError("the stream is finished or given up; open another one");
  }

  std::mutex mutex_;
  std::optional<ObserverStream> stream_;
};

void BindObserverStream(py::module_& module);

}  // namespace pinchbeck::python

#endif  // PINCHBECK_PYTHON_BINDINGS_OBSERVER_STREAMS_H_
