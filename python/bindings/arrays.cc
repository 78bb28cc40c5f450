#include "python/bindings/arrays.h"

#include <string>
#include <string_view>

namespace pinchbeck::python {
namespace {

// The class of masked arrays, where it was ever used: importing it costs time.
py::object MaskedArrayType() {
  const py::dict modules = py::module_::import("sys").attr("modules");
  for (const char* name : {"numpy.ma.core", "numpy.ma"}) {
    if (modules.contains(name)) return py::getattr(modules[name], "MaskedArray", py::none());
  }
  return py::none();
}

void RefuseMasked(py::handle value, const py::object& type) {
  const int is_masked = PyObject_IsInstance(value.ptr(), type.ptr());
  if (is_masked < 0) throw py::error_already_set();
  if (is_masked != 0) {
    throw py::type_error(
        "a masked array is not taken, since its mask would be lost; give x.compressed() or x.filled()");
  }
}

void RefuseMaskedArrays(py::handle source) {
  // Most arguments are plain arrays: the look-up below would take longer than all the rest.
  if (Py_TYPE(source.ptr()) == py::detail::npy_api::get().PyArray_Type_) return;
  const py::object type = MaskedArrayType();
  if (type.is_none()) return;
  RefuseMasked(source, type);
  if (!PyList_Check(source.ptr()) && !PyTuple_Check(source.ptr())) return;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(source.ptr()); ++i) {
    PyObject* item = PySequence_Fast_GET_ITEM(source.ptr(), i);
    if (!PyFloat_CheckExact(item) && !PyLong_CheckExact(item)) RefuseMasked(item, type);
  }
}

// float() reads text, and so would the conversion of the array.
void RefuseObject(const py::handle& item) {
  PyObject* value = item.ptr();
  const bool is_text = PyUnicode_Check(value) || PyBytes_Check(value) || PyByteArray_Check(value);
  if (!is_text && !PyComplex_Check(value)) return;
  throw py::type_error("numbers are needed; got an array with an entry of type " +
                       static_cast<std::string>(py::str(py::type::handle_of(item).attr("__name__"))));
}

}  // namespace

py::array ToNumpy(py::handle source) {
  RefuseMaskedArrays(source);
  py::array given = py::array::ensure(source);
  // Numbers that do not lie at a multiple of their size must not be read in place.
  if (given && !py::detail::check_flags(given.ptr(), py::detail::npy_api::NPY_ARRAY_ALIGNED_)) {
    given = given.attr("copy")();
  }
  return given;
}

void RefuseOtherThanNumbers(const py::array& given) {
  const char kind = given.dtype().kind();
  if (std::string_view("biufO").find(kind) == std::string_view::npos) {
    throw py::type_error("numbers are needed; got an array of type " +
                         static_cast<std::string>(py::str(given.dtype())));
  }
  if (kind != 'O') return;
  for (const py::handle item : given.attr("flat")) RefuseObject(item);
}

}  // namespace pinchbeck::python
