#include "python/bindings/result.h"

#include <string>
#include <string_view>

namespace pinchbeck::python {
namespace {

constexpr std::size_t kShownItems = 6;

std::string ReprOfValue(const py::handle& value);

std::string ReprOfTuple(const py::tuple& tuple) {
  std::string text = "(";
  for (std::size_t i = 0; i < tuple.size() && i < kShownItems; ++i) {
    if (i > 0) text += ", ";
    text += ReprOfValue(tuple[i]);
  }
  if (tuple.size() > kShownItems) text += ", ... " + std::to_string(tuple.size()) + " in all";
  return text + (tuple.size() == 1 ? ",)" : ")");
}

std::string ReprOfValue(const py::handle& value) {
  if (py::isinstance<py::float_>(value)) {
    return py::str("{:.6g}").format(value).cast<std::string>();
  }
  if (py::isinstance<py::tuple>(value)) return ReprOfTuple(py::reinterpret_borrow<py::tuple>(value));
  return py::repr(value).cast<std::string>();
}

py::tuple FieldsOf(const py::handle& self) { return self.get_type().attr("_fields").cast<py::tuple>(); }

py::tuple ValuesOf(const py::handle& self) {
  const py::tuple fields = FieldsOf(self);
  py::tuple values(fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) values[i] = self.attr(fields[i]);
  return values;
}

// Results and tuples inside become dicts and lists, so that json.dumps() takes the whole.
py::object Plain(const py::handle& value) {
  if (py::isinstance<py::tuple>(value)) {
    py::list list;
    for (const py::handle item : value) list.append(Plain(item));
    return list;
  }
  if (py::hasattr(value, "to_dict")) return value.attr("to_dict")();
  return py::reinterpret_borrow<py::object>(value);
}

py::dict DictOf(const py::object& self) {
  py::dict dict;
  for (const py::handle field : FieldsOf(self)) dict[field] = Plain(self.attr(field));
  return dict;
}

py::object Equals(const py::object& self, const py::object& other) {
  if (!py::type::handle_of(self).is(py::type::handle_of(other))) {
    return py::reinterpret_borrow<py::object>(Py_NotImplemented);
  }
  return py::bool_(ValuesOf(self).equal(ValuesOf(other)));
}

// Dicts cannot be hashed; their items, sorted, can. Tuples may hold dicts.
py::object Hashable(const py::handle& value) {
  if (py::isinstance<py::tuple>(value)) {
    const auto parts = py::reinterpret_borrow<py::tuple>(value);
    py::tuple hashable(parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i) hashable[i] = Hashable(parts[i]);
    return hashable;
  }
  if (!py::isinstance<py::dict>(value)) return py::reinterpret_borrow<py::object>(value);
  const py::list items = py::list(value.attr("items")());
  items.attr("sort")();
  return py::tuple(items);
}

py::ssize_t HashOf(const py::object& self) { return py::hash(Hashable(ValuesOf(self))); }

}  // namespace

py::object ToPython(const std::string& text) {
  PyObject* decoded = PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace");
  if (decoded == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(decoded);
}

std::string ReprOf(const py::object& self) {
  std::string text = py::str(self.get_type().attr("__name__")).cast<std::string>() + "(";
  bool first = true;
  for (const py::handle field : FieldsOf(self)) {
    if (!first) text += ", ";
    first = false;
    text += field.cast<std::string>() + "=" + ReprOfValue(self.attr(field));
  }
  return text + ")";
}

void FinishResult(py::object type, py::tuple fields, bool own_dict) {
  const auto method = [&](const char* name, auto function, const char* doc) {
    type.attr(name) = py::cpp_function(function, py::name(name), py::is_method(type), py::doc(doc));
  };
  type.attr("_fields") = fields;
  method("__repr__", &ReprOf, "The fields by name, numbers with six digits.");
  method("__eq__", &Equals, "Whether all fields are equal.");
  method("__hash__", &HashOf, "Hash of the fields.");
  if (!own_dict)
    method("to_dict", &DictOf, "The fields as a dict of plain values, which json.dumps() takes.");
}

}  // namespace pinchbeck::python
