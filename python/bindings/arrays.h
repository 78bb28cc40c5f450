// NumPy arrays as arguments and results. Contiguous arrays of the right type are read where they lie.
#ifndef PINCHBECK_PYTHON_BINDINGS_ARRAYS_H_
#define PINCHBECK_PYTHON_BINDINGS_ARRAYS_H_

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <Eigen/Core>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace pinchbeck::python {

namespace py = pybind11;

// A list of numbers. `values` names the argument in the error for arrays of other dimensions.
struct Vector {
  py::array_t<double, py::array::c_style | py::array::forcecast> array;
  [[nodiscard]] std::span<const double> values(const char* name) const {
    if (array.ndim() != 1) {
      throw py::value_error(std::string(name) + " has " + std::to_string(array.ndim()) +
                            " dimensions; give a one-dimensional array");
    }
    return {array.data(), static_cast<std::size_t>(array.size())};
  }
};

// A list of counts: whole numbers. Arrays of fractions are refused rather than cut.
struct Counts {
  py::array_t<std::int64_t, py::array::c_style | py::array::forcecast> array;
  [[nodiscard]] std::span<const std::int64_t> values(const char* name) const {
    if (array.ndim() != 1) {
      throw py::value_error(std::string(name) + " has " + std::to_string(array.ndim()) +
                            " dimensions; give a one-dimensional array of counts");
    }
    return {array.data(), static_cast<std::size_t>(array.size())};
  }
  [[nodiscard]] std::vector<std::int64_t> list(const char* name) const {
    const std::span<const std::int64_t> span = values(name);
    return {span.begin(), span.end()};
  }
};

// A matrix with a row per item. Column-major ones are read where they lie, others copied.
struct Matrix {
  using Map = Eigen::Map<const Eigen::MatrixXd>;
  py::array_t<double, py::array::f_style | py::array::forcecast> array;
  [[nodiscard]] Map values(const char* name) const {
    if (array.ndim() != 2) {
      throw py::value_error(std::string(name) + " has " + std::to_string(array.ndim()) +
                            " dimensions; give a matrix");
    }
    return {array.data(), array.shape(0), array.shape(1)};
  }
};

// A symmetric matrix. It is its own transpose, so row-major and column-major ones are read where they lie;
// the library refuses matrices that are not symmetric.
struct SymmetricMatrix {
  py::array_t<double> array;
  [[nodiscard]] Matrix::Map values(const char* name) const {
    if (array.ndim() != 2) {
      throw py::value_error(std::string(name) + " has " + std::to_string(array.ndim()) +
                            " dimensions; give a square matrix");
    }
    return {array.data(), array.shape(1), array.shape(0)};
  }
};

// What NumPy makes of the source, to be read in place or converted; no array where it makes none.
// TypeError: a masked array, or a list of these. NumPy would hand out the values under the mask.
[[nodiscard]] py::array ToNumpy(py::handle source);

// TypeError: an array of text or of complex numbers, which NumPy would cast, or of objects with such entries.
void RefuseOtherThanNumbers(const py::array& given);

// Makes `target` of anything that NumPy takes for numbers; false where it does not. None counts as missing
// (NaN).
template <int kFlags>
[[nodiscard]] bool LoadNumbers(py::handle source, py::array_t<double, kFlags>& target) {
  const py::array given = ToNumpy(source);
  if (!given) return false;
  RefuseOtherThanNumbers(given);
  target = py::array_t<double, kFlags>::ensure(given);
  return static_cast<bool>(target);
}

// Copies a list of numbers into a new array.
template <typename T>
[[nodiscard]] py::array_t<T> ToArray(std::span<const T> values) {
  return py::array_t<T>(static_cast<py::ssize_t>(values.size()), values.data());
}
template <typename T>
[[nodiscard]] py::array_t<T> ToArray(const std::vector<T>& values) {
  return ToArray(std::span<const T>(values));
}

// Hands a matrix over to a new array without copying it.
[[nodiscard]] inline py::array_t<double> ToArray(Eigen::MatrixXd matrix) {
  auto owned = std::make_unique<Eigen::MatrixXd>(std::move(matrix));
  const Eigen::MatrixXd& kept = *owned;
  const py::capsule owner(owned.get(), [](void* data) { delete static_cast<Eigen::MatrixXd*>(data); });
  static_cast<void>(owned.release());  // The capsule deletes it.
  constexpr py::ssize_t kSize = sizeof(double);
  return py::array_t<double>({kept.rows(), kept.cols()}, {kSize, kSize * kept.rows()}, kept.data(), owner);
}

}  // namespace pinchbeck::python

namespace pybind11::detail {

template <>
struct type_caster<pinchbeck::python::Vector> {
  PYBIND11_TYPE_CASTER(pinchbeck::python::Vector, const_name("numpy.typing.ArrayLike"));
  bool load(handle source, bool /*convert*/) { return pinchbeck::python::LoadNumbers(source, value.array); }
};

template <>
struct type_caster<pinchbeck::python::Counts> {
  PYBIND11_TYPE_CASTER(pinchbeck::python::Counts, const_name("numpy.typing.ArrayLike"));
  bool load(handle source, bool /*convert*/) {
    const array given = pinchbeck::python::ToNumpy(source);
    if (!given) return false;
    // NumPy takes an empty list for one of fractions.
    const char kind = given.dtype().kind();
    if (kind != 'i' && kind != 'u' && kind != 'b' && given.size() > 0) {
      throw type_error("counts are whole numbers; got an array of type " +
                       static_cast<std::string>(str(given.dtype())) + ", so round it first");
    }
    value.array = decltype(value.array)::ensure(given);
    return static_cast<bool>(value.array);
  }
};

template <>
struct type_caster<pinchbeck::python::Matrix> {
  PYBIND11_TYPE_CASTER(pinchbeck::python::Matrix, const_name("numpy.typing.ArrayLike"));
  bool load(handle source, bool /*convert*/) { return pinchbeck::python::LoadNumbers(source, value.array); }
};

template <>
struct type_caster<pinchbeck::python::SymmetricMatrix> {
  PYBIND11_TYPE_CASTER(pinchbeck::python::SymmetricMatrix, const_name("numpy.typing.ArrayLike"));
  bool load(handle source, bool /*convert*/) {
    const array given = pinchbeck::python::ToNumpy(source);
    if (!given) return false;
    if (array_t<double, array::f_style>::check_(given)) {
      value.array = reinterpret_borrow<array_t<double>>(given);
      return true;
    }
    array_t<double, array::c_style | array::forcecast> rows;
    if (!pinchbeck::python::LoadNumbers(given, rows)) return false;
    value.array = std::move(rows);
    return true;
  }
};

}  // namespace pybind11::detail

#endif  // PINCHBECK_PYTHON_BINDINGS_ARRAYS_H_
