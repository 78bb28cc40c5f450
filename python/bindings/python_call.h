// Calls of Python functions, which daemon threads may be inside of while the interpreter ends.
#ifndef PINCHBECK_PYTHON_BINDINGS_PYTHON_CALL_H_
#define PINCHBECK_PYTHON_BINDINGS_PYTHON_CALL_H_

#include <pybind11/pybind11.h>

#include <utility>

#include "python/bindings/status.h"

namespace pinchbeck::python {

// As `function(*arguments, **options)`. A thread that ends in there is parked before anything of C++ unwinds
// that holds Python objects (see OrPark()); calling `function(...)` would drop its arguments without the
// lock.
[[nodiscard]] inline py::object CallPythonWith(const py::handle& function, const py::tuple& arguments,
                                               const py::dict& options) {
  PyObject* result = nullptr;
  OrPark([&] { result = PyObject_Call(function.ptr(), arguments.ptr(), options.ptr()); });
  if (result == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(result);
}

// As `function(arguments...)`.
template <typename... Arguments>
py::object CallPython(const py::handle& function, Arguments&&... arguments) {
  const py::tuple list = py::make_tuple(std::forward<Arguments>(arguments)...);
  return CallPythonWith(function, list, py::dict());
}

}  // namespace pinchbeck::python

#endif  // PINCHBECK_PYTHON_BINDINGS_PYTHON_CALL_H_
