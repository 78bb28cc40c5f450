#include "python/bindings/status.h"

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

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
    case absl::StatusCode::kPermissionDenied:
      return PyExc_PermissionError;
    case absl::StatusCode::kAlreadyExists:
      return PyExc_FileExistsError;
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnavailable:  // A local file: endpoints fail in the summary of their collection.
      return PyExc_OSError;
    default:
      return PyExc_RuntimeError;
  }
}

struct Wording {
  std::string_view cpp, python;
};

// What messages call things that have another name in Python; longer names before those that they contain.
constexpr std::array<Wording, 21> kWordings = {{
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
    {"verify --claim weights", "verify(claim='weights')"},
    {"--claim serving", "claim='serving'"},
    {"--input-tokens", "input_tokens"},
    {"--output-tokens", "output_tokens"},
    {"--max-answers", "max_answers"},
    {"`pinchbeck collect --battery`", "collect(battery=...)"},
    {"(--also-named)", "(also_named=...)"},
    {"(--model)", "(model=...)"},
    {"(--endpoint)", "(endpoint=...)"},
    {"(--parameters-complete)", "(parameters_complete=True)"},
}};

bool IsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Whether `cpp` stands at `at` as a word of its own, and not as a part of a path or another name.
bool StandsAt(std::string_view text, std::size_t at, std::string_view cpp) {
  if (text.substr(at, cpp.size()) != cpp) return false;
  // A message begins with the name of an argument or of a file.
  if (at == 0 && !cpp.starts_with("options.")) return false;
  if (at > 0 && text[at - 1] != ' ' && text[at - 1] != '(') return false;
  const std::string_view rest = text.substr(at + cpp.size());
  if (!IsWord(cpp.back()) || rest.empty()) return true;
  return !IsWord(rest[0]) &&
         !(rest.size() > 1 && std::string_view("./-").find(rest[0]) != std::string_view::npos &&
           IsWord(rest[1]));
}

const Wording* WordingAt(std::string_view text, std::size_t at) {
  for (const Wording& wording : kWordings) {
    if (StandsAt(text, at, wording.cpp)) return &wording;
  }
  return nullptr;
}

// Text in quotation marks is somebody else's: a server's, a file's.
std::string InPython(std::string_view message) {
  std::string text;
  bool quoted = false;
  for (std::size_t at = 0; at < message.size();) {
    if (message[at] == '"') quoted = !quoted;
    if (const Wording* wording = quoted ? nullptr : WordingAt(message, at)) {
      text += wording->python;
      at += wording->cpp.size();
    } else {
      text += message[at++];
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

py::object TextOf(std::string_view message) {
  const std::string text = InPython(message);
  // Messages may quote what a server or a file sent; they need not be valid UTF-8.
  PyObject* decoded = PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace");
  if (decoded == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(decoded);
}

void SayInPython(std::vector<std::string>& sentences) {
  for (std::string& sentence : sentences) sentence = InPython(sentence);
}

void Park() {
  for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
}

void Raise(const absl::Status& status) {
  const py::object text = TextOf({status.message().data(), status.message().size()});
  PyErr_SetObject(TypeOf(status.code()), text.ptr());
  throw py::error_already_set();
}

}  // namespace pinchbeck::python
