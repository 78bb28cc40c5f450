// Result objects: named fields that cannot be changed, a readable repr, equality and a plain dict.
#ifndef PINCHBECK_PYTHON_BINDINGS_RESULT_H_
#define PINCHBECK_PYTHON_BINDINGS_RESULT_H_

#include <pybind11/pybind11.h>

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pinchbeck::python {

namespace py = pybind11;

// Text of the library as str. It may quote what a server or a file name holds; what is not UTF-8 is replaced.
[[nodiscard]] py::object ToPython(const std::string& text);

// A field's value in Python: lists become tuples, so that a result cannot be changed through them.
template <typename T>
[[nodiscard]] py::object ToPython(const T& value) {
  return py::cast(value);
}
template <typename T>
[[nodiscard]] py::object ToPython(const std::optional<T>& value);
template <typename T>
[[nodiscard]] py::object ToPython(const std::map<std::string, T>& values);
template <typename T>
[[nodiscard]] py::object ToPython(const std::vector<T>& values) {
  py::tuple tuple(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) tuple[i] = ToPython(values[i]);
  return tuple;
}
template <typename T>
[[nodiscard]] py::object ToPython(const std::optional<T>& value) {
  return value.has_value() ? ToPython(*value) : py::object(py::none());
}
template <typename T>
[[nodiscard]] py::object ToPython(const std::map<std::string, T>& values) {
  py::dict dict;
  for (const auto& [key, value] : values) dict[ToPython(key)] = ToPython(value);
  return dict;
}

// Gives a class with the tuple of names `_fields` its __repr__, __eq__, __hash__ and to_dict(). With
// `own_dict` the class defines to_dict() itself.
void FinishResult(py::object type, py::tuple fields, bool own_dict);

// "Name(field=value, ...)" with six digits of numbers and the first items of long tuples.
[[nodiscard]] std::string ReprOf(const py::object& self);

// Declares a result class field by field:
//
//   ResultClass<EffectEstimate>(module, "EffectEstimate", "...").Field("value", &EffectEstimate::value,
//   "...");
template <typename T>
class ResultClass {
 public:
  ResultClass(const py::handle& scope, const char* name, const char* doc) : class_(scope, name, doc) {}
  ResultClass(const ResultClass&) = delete;
  ResultClass& operator=(const ResultClass&) = delete;
  ~ResultClass() { FinishResult(class_, py::tuple(fields_), own_dict_); }

  template <typename Member>
  ResultClass& Field(const char* name, Member T::*member, const char* doc) {
    return Computed(
        name, [member](const T& self) { return ToPython(self.*member); }, doc);
  }
  template <typename Function>
  ResultClass& Computed(const char* name, Function function, const char* doc) {
    class_.def_property_readonly(name, function, doc);
    fields_.append(name);
    return *this;
  }
  // A method, or the class's own to_dict().
  template <typename Function, typename... Extra>
  ResultClass& Method(const char* name, Function function, const Extra&... extra) {
    class_.def(name, function, extra...);
    own_dict_ = own_dict_ || std::string_view(name) == "to_dict";
    return *this;
  }

 private:
  py::class_<T> class_;
  py::list fields_;
  bool own_dict_ = false;
};

}  // namespace pinchbeck::python

#endif  // PINCHBECK_PYTHON_BINDINGS_RESULT_H_
