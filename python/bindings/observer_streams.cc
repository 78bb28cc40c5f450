#include "python/bindings/observer_streams.h"

#include <pybind11/stl.h>

#include <memory>
#include <string>

#include "python/bindings/python_call.h"
#include "python/bindings/status.h"

namespace pinchbeck::python {
namespace {

std::string Written(const char* function, const py::object& value, const char* what) {
  return CallPython(TrafficFunction(function), value, what).cast<std::string>();
}

}  // namespace

py::object TrafficFunction(const char* name) {
  PyObject* module = nullptr;
  OrPark([&] { module = PyImport_ImportModule("pinchbeck._traffic"); });
  if (module == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(module).attr(name);
}

std::string BodyOf(const py::object& body, const char* what) { return Written("body", body, what); }
std::string AnswerOf(const py::object& answer, const char* what) { return Written("answer", answer, what); }

void BindObserverStream(py::module_& module) {
  const ExchangeEnd defaults;
  py::class_<SharedStream>(module, "ObserverStream",
                           R"(One streamed answer on its way; Observer.open() makes it.

As a context manager it is given up at the end of the block, unless finish() was called: an answer that nobody saw
the end of is no answer.
)")
      .def(
          "on_event",
          [](SharedStream& self, const py::object& event, OptionalSeconds arrival_s) {
            const std::string json = AnswerOf(event, "event");
            Check(Unlocked([&] { return self.Feed(&ObserverStream::OnEvent, json, arrival_s); }));
          },
          py::arg("event"), py::arg("arrival_s") = py::none(),
          R"(Takes one event, a dict, an object of a client, or its JSON, as the server sent it.

`arrival_s` are seconds since the request was sent; without them no times of the answer are recorded. Times that are
negative or not finite raise ValueError and have the same effect; the event counts. An event that cannot be written as
JSON makes the answer a failed one. OSError: the open streams have read max_stream_bytes, and this one is given up.
)")
      .def(
          "on_bytes",
          [](SharedStream& self, const py::object& data, OptionalSeconds arrival_s) {
            const std::string bytes = AnswerOf(data, "data");
            Check(Unlocked([&] { return self.Feed(&ObserverStream::OnBytes, bytes, arrival_s); }));
          },
          py::arg("data"), py::arg("arrival_s") = py::none(),
          "Takes a piece of the body as it was received, newlines included; see on_event().")
      .def(
          "finish",
          [](SharedStream& self, int status, bool complete, OptionalSeconds total_s,
             OptionalSeconds first_token_s, const OptionalText& redact) {
            const std::string secret = redact.value_or("");
            const ExchangeEnd end{status, complete, total_s, first_token_s, secret};
            return NameOf(Call([&] { return self.Finish(end); }));
          },
          py::kw_only(), py::arg("status") = defaults.status, py::arg("complete") = defaults.complete,
          py::arg("total_s") = py::none(), py::arg("first_token_s") = py::none(),
          py::arg("redact") = py::none(),
          "Hands the observation to the observer and gives its use, as Observer.observe() does. Once.")
      .def(
          "close", [](SharedStream& self) { Unlocked([&] { self.Close(); }); },
          "Gives the stream up, which counts as abandoned; does nothing after finish().")
      .def("__enter__", [](py::object self) { return self; })
      .def("__exit__",
           [](SharedStream& self, const py::args& /*error*/) { Unlocked([&] { self.Close(); }); });
}

}  // namespace pinchbeck::python
