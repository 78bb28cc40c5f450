// Errors of the library as Python exceptions.
#ifndef PINCHBECK_PYTHON_BINDINGS_STATUS_H_
#define PINCHBECK_PYTHON_BINDINGS_STATUS_H_

#include <cxxabi.h>
#include <pybind11/pybind11.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pinchbeck::python {

namespace py = pybind11;

// Adds the exceptions `EndpointError` and `BudgetExceeded` to the module.
void BindExceptions(py::module_& module);
[[nodiscard]] py::object EndpointErrorType();
[[nodiscard]] py::object BudgetExceededType();

// Throws the exception that stands for a status that is not ok:
//
//   ValueError        InvalidArgument, FailedPrecondition, OutOfRange, DataLoss
//   KeyError          NotFound
//   PermissionError   PermissionDenied
//   FileExistsError   AlreadyExists
//   OSError           ResourceExhausted (a full disk), Unavailable (a file that cannot be read or written)
//   RuntimeError      everything else
//
// EndpointError, BudgetExceeded and KeyboardInterrupt come from the collection itself, which ends without an
// error there.
[[noreturn]] void Raise(const absl::Status& status);

// A message of the library as text, with the names that things have in Python. What it quotes stays as it is.
[[nodiscard]] py::object TextOf(std::string_view message);
// The same for sentences that a result holds.
void SayInPython(std::vector<std::string>& sentences);

inline void Check(const absl::Status& status) {
  if (!status.ok()) Raise(status);
}

template <typename T>
[[nodiscard]] T Value(absl::StatusOr<T> result) {
  if (!result.ok()) Raise(result.status());
  return *std::move(result);
}

// Keeps this thread where it is until the process ends.
[[noreturn]] void Park();

// Calls a function that may wait for the interpreter lock. While the interpreter ends it ends the daemon
// threads that ask for the lock, by pthread_exit(), which unwinds their stack: through destructors, where
// that aborts the process, or which drop Python objects without the lock. Such a thread is parked instead, as
// Python itself does it from 3.14 on.
template <typename Function>
void OrPark(const Function& function) {
#ifdef __GLIBCXX__
  try {
    function();
  } catch (abi::__forced_unwind&) {
    Park();
  }
#else
  function();  // There pthread_exit() does not unwind.
#endif
}

// Gives the interpreter lock up for as long as it lives.
class LockRelease {
 public:
  LockRelease() : state_(PyEval_SaveThread()) {}
  LockRelease(const LockRelease&) = delete;
  LockRelease& operator=(const LockRelease&) = delete;
  ~LockRelease() {
    OrPark([this] { PyEval_RestoreThread(state_); });
  }

 private:
  PyThreadState* state_;
};

// Calls `function` without the interpreter lock, so that other Python threads go on.
template <typename Function>
auto Unlocked(const Function& function) {
  const LockRelease release;
  return function();
}

// The usual body of a binding: the long part runs without the lock, its error is raised with it.
template <typename Function>
auto Call(const Function& function) {
  return Value(Unlocked(function));
}

// The first exception of Python functions that C++ calls back, perhaps from several threads. Exceptions must
// not pass through the library: the callback ends with an error of its own, and Rethrow() follows the call.
class CallbackError {
 public:
  // Calls with the interpreter lock. Once an exception was caught, later calls do nothing.
  template <typename Function>
  [[nodiscard]] bool Run(const Function& function) {
    std::optional<py::gil_scoped_acquire> acquire;
    OrPark([&] { acquire.emplace(); });
    if (error_.has_value()) return false;
    try {
      OrPark(function);
      return true;
    } catch (py::error_already_set& error) {
      error_.emplace(std::move(error));
    } catch (const py::cast_error&) {
      PyErr_SetString(PyExc_TypeError, "the function returned a value of another type than is needed");
      error_.emplace();
    } catch (const py::builtin_exception& error) {
      error.set_error();
      error_.emplace();
    }
    return false;
  }
  void Rethrow() {
    if (error_.has_value()) throw py::error_already_set(std::move(*error_));
  }

 private:
  // Guarded by the interpreter lock.
  std::optional<py::error_already_set> error_;
};

}  // namespace pinchbeck::python

#endif  // PINCHBECK_PYTHON_BINDINGS_STATUS_H_
