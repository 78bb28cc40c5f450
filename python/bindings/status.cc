#include "python/bindings/status.h"

#include <array>
#include <string>
#include <string_view>

namespace pinchbeck::python {
namespace {

// Made once, when the module is imported, and never destroyed: the interpreter may be gone by then.
PyObject* endpoint_error = nullptr;
PyObject* budget_exceeded = nullptr;

PyObject* MakeException(py::module_& module, const char* name, const char* doc) {
  const std::string full = "pinchbeck." + std::string(name);
  const py::dict members;
  members["summary"] = py::none();
  PyObject* type = PyErr_NewExceptionWithDoc(full.c_str(), doc, PyExc_RuntimeError, members.ptr());
  if (type == nullptr) throw py::error_already_set();
  module.add_object(name, py::reinterpret_borrow<py::object>(type));
  return type;
}

PyObject* TypeOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kDataLoss:
      return PyExc_ValueError;
    case absl::StatusCode::kNotFound:
      return PyExc_KeyError;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return endpoint_error;
    case absl::StatusCode::kPermissionDenied:
      return PyExc_PermissionError;
    case absl::StatusCode::kAlreadyExists:
      return PyExc_FileExistsError;
    case absl::StatusCode::kResourceExhausted:
      return PyExc_OSError;
    default:
      return PyExc_RuntimeError;
  }
}

struct Wording {
  std::string_view cpp, python;
};

// What messages call things that have another name in Python; longer names before those that they contain.
constexpr std::array<Wording, 12> kWordings = {{
    {"options.permutation.", ""},
    {"options.method", "method"},
    {"kPermutation", "'permutation'"},
    {"kAsymptotic", "'asymptotic'"},
    {"kExact", "'exact'"},
    {"kAuto", "'auto'"},
    {"PermutationTest()", "permutation_test()"},
    {"use UpdateScore", "use update_score()"},
    {"use Update", "use update()"},
    {"(--ranking-only)", "(ranking_only=True)"},
    {"(--insecure-http)", "(allow_insecure_http=True)"},
    {"--claim serving", "claim='serving'"},
}};

std::string InPython(std::string_view message) {
  std::string text(message);
  for (const Wording& wording : kWordings) {
    for (std::size_t at = text.find(wording.cpp); at != std::string::npos;
         at = text.find(wording.cpp, at + wording.python.size())) {
      text.replace(at, wording.cpp.size(), wording.python);
    }
  }
  return text;
}

}  // namespace

void BindExceptions(py::module_& module) {
  endpoint_error = MakeException(module, "EndpointError",
                                 "The endpoint gives nothing usable.\n\n"
                                 "`summary` holds the numbers of the collection that ended so, or None.");
  budget_exceeded = MakeException(module, "BudgetExceeded",
                                  "A limit on requests, tokens, money or time ended a collection.\n\n"
                                  "What was recorded until then is kept; `summary` holds its numbers.");
}

py::object EndpointErrorType() { return py::reinterpret_borrow<py::object>(endpoint_error); }
py::object BudgetExceededType() { return py::reinterpret_borrow<py::object>(budget_exceeded); }

void Raise(const absl::Status& status) {
  // Messages may quote what a server or a file sent; they need not be valid UTF-8.
  const std::string message = InPython({status.message().data(), status.message().size()});
  const py::object text = py::reinterpret_steal<py::object>(
      PyUnicode_DecodeUTF8(message.data(), static_cast<Py_ssize_t>(message.size()), "replace"));
  if (!text) throw py::error_already_set();
  PyErr_SetObject(TypeOf(status.code()), text.ptr());
  throw py::error_already_set();
}

}  // namespace pinchbeck::python
