// Enumerations as words: an argument or a field says "exact" where C++ says MannWhitneyMethod::kExact.
#ifndef PINCHBECK_PYTHON_BINDINGS_ENUMS_H_
#define PINCHBECK_PYTHON_BINDINGS_ENUMS_H_

#include <pybind11/pybind11.h>

#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace pinchbeck::python {

template <typename Enum>
struct EnumName {
  Enum value;
  std::string_view name;
};

// The words of an enumeration, to be specialised in the file that binds it:
//
//   template <> struct EnumWords<MannWhitneyMethod> {
//     static constexpr std::string_view kWhat = "method";
//     static constexpr EnumName<MannWhitneyMethod> kNames[] = {{MannWhitneyMethod::kAuto, "auto"}, ...};
//   };
template <typename Enum>
struct EnumWords;

template <typename Enum>
concept NamedEnum = std::is_enum_v<Enum> && requires {
  EnumWords<Enum>::kNames;
};

// "'auto', 'exact' or 'asymptotic'".
template <NamedEnum Enum>
[[nodiscard]] std::string ListOfNames() {
  const std::span<const EnumName<Enum>> names = EnumWords<Enum>::kNames;
  std::string list;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) list += i + 1 == names.size() ? " or " : ", ";
    list += "'" + std::string(names[i].name) + "'";
  }
  return list;
}

}  // namespace pinchbeck::python

namespace pybind11::detail {

template <pinchbeck::python::NamedEnum Enum>
struct type_caster<Enum> {
  PYBIND11_TYPE_CASTER(Enum, const_name("str"));
  bool load(handle source, bool /*convert*/) {
    if (!isinstance<str>(source)) return false;
    using Words = pinchbeck::python::EnumWords<Enum>;
    const auto given = source.cast<std::string>();
    for (const auto& known : Words::kNames) {
      if (known.name == given) {
        value = known.value;
        return true;
      }
    }
    throw value_error(std::string(Words::kWhat) + " is '" + given + "'; give " +
                      pinchbeck::python::ListOfNames<Enum>());
  }
  static handle cast(Enum value, return_value_policy /*policy*/, handle /*parent*/) {
    for (const auto& known : pinchbeck::python::EnumWords<Enum>::kNames) {
      if (known.value == value) return str(known.name.data(), known.name.size()).release();
    }
    throw cast_error("an enumeration holds a value without a name");
  }
};

}  // namespace pybind11::detail

#endif  // PINCHBECK_PYTHON_BINDINGS_ENUMS_H_
