// Typed access to a parsed JSON document that reports the path of whatever does not fit.
#ifndef PINCHBECK_SRC_FINGERPRINT_JSON_FIELD_H_
#define PINCHBECK_SRC_FINGERPRINT_JSON_FIELD_H_

#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace pinchbeck::internal {

// Thrown inside the parser only and turned into a status at its boundary.
struct FieldError {
  std::string message;
};

// A JSON value with the path that led to it.
class Field {
 public:
  Field(const nlohmann::json& value, std::string path) : value_(&value), path_(std::move(path)) {}

  [[noreturn]] void Fail(const std::string& what) const { throw FieldError{path_ + ": " + what}; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] bool IsNull() const { return value_->is_null(); }

  [[nodiscard]] Field At(const char* name) const {
    RequireObject();
    const auto it = value_->find(name);
    if (it == value_->end()) throw FieldError{Join(name) + ": missing"};
    return {*it, Join(name)};
  }
  [[nodiscard]] std::optional<Field> Find(const char* name) const {
    RequireObject();
    const auto it = value_->find(name);
    if (it == value_->end() || it->is_null()) return std::nullopt;
    return Field(*it, Join(name));
  }
  [[nodiscard]] std::vector<std::pair<std::string, Field>> Members() const {
    RequireObject();
    std::vector<std::pair<std::string, Field>> members;
    for (const auto& [name, value] : value_->items()) members.emplace_back(name, Field(value, Join(name)));
    return members;
  }
  [[nodiscard]] std::vector<Field> Items() const {
    if (!value_->is_array()) Fail(std::string("expected a list, got ") + value_->type_name());
    std::vector<Field> items;
    items.reserve(value_->size());
    for (std::size_t i = 0; i < value_->size(); ++i)
      items.emplace_back((*value_)[i], path_ + "[" + std::to_string(i) + "]");
    return items;
  }
  // A list of numbers without a path per item, for the long ones.
  [[nodiscard]] std::vector<double> Numbers() const {
    if (!value_->is_array()) Fail(std::string("expected a list of numbers, got ") + value_->type_name());
    std::vector<double> numbers;
    numbers.reserve(value_->size());
    for (const auto& item : *value_) {
      if (!item.is_number()) Fail("item " + std::to_string(numbers.size()) + " is not a number");
      numbers.push_back(item.get<double>());
    }
    return numbers;
  }
  [[nodiscard]] std::string String() const {
    if (!value_->is_string()) Fail(std::string("expected a string, got ") + value_->type_name());
    return value_->get<std::string>();
  }
  [[nodiscard]] double Number() const {
    if (!value_->is_number()) Fail(std::string("expected a number, got ") + value_->type_name());
    return value_->get<double>();
  }
  // A count or index: an integer from 0 to 2^53.
  [[nodiscard]] std::int64_t Count() const {
    const double number = Number();
    if (!(number >= 0 && number <= 9007199254740992.0 && number == std::floor(number))) {
      Fail("expected a whole number >= 0");
    }
    return static_cast<std::int64_t>(number);
  }
  // An integer of either sign, exact over the whole range.
  [[nodiscard]] std::int64_t Integer() const {
    const bool too_large = value_->is_number_unsigned() && value_->get<std::uint64_t>() > kLargestInteger;
    if (!value_->is_number_integer() || too_large) Fail("expected a whole number");
    return value_->get<std::int64_t>();
  }
  [[nodiscard]] bool Bool() const {
    if (!value_->is_boolean()) Fail(std::string("expected true or false, got ") + value_->type_name());
    return value_->get<bool>();
  }

 private:
  static constexpr std::uint64_t kLargestInteger = std::numeric_limits<std::int64_t>::max();

  void RequireObject() const {
    if (!value_->is_object()) Fail(std::string("expected an object, got ") + value_->type_name());
  }
  [[nodiscard]] std::string Join(const std::string& name) const {
    return path_.empty() ? name : path_ + "." + name;
  }

  const nlohmann::json* value_;
  std::string path_;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_FINGERPRINT_JSON_FIELD_H_
