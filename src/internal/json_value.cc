#include "src/internal/json_value.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/internal/utf8.h"
#include "src/internal/json_text.h"

namespace pinchbeck::internal {
namespace {

constexpr int kMaxDepth = 64;

// Deepest nesting of lists and objects, seen before any tree is built.
int NestingDepth(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return deepest;
}

// The parser's message without its own name in front.
std::string ParserMessage(std::string_view what) {
  constexpr std::size_t kMaxLength = 240;
  if (const std::size_t end = what.find("] "); what.starts_with('[') && end != std::string_view::npos) {
    what.remove_prefix(end + 2);
  }
  return ReplaceInvalidUtf8(what.substr(0, kMaxLength));
}

}  // namespace

absl::StatusOr<nlohmann::json> ParseJsonDocument(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) {
    return absl::InvalidArgumentError("a NUL byte, which JSON does not allow");
  }
  if (NestingDepth(text) > kMaxDepth) {
    return absl::InvalidArgumentError("nested more than " + std::to_string(kMaxDepth) + " levels deep");
  }
  try {
    return nlohmann::json::parse(text.data(), text.data() + text.size());
  } catch (const nlohmann::json::exception& error) {
    return absl::InvalidArgumentError(ParserMessage(error.what()));
  }
}

absl::Status JsonValue::Error(std::string_view message) const {
  std::string text = path_;
  if (!text.empty()) text += ": ";
  text += message;
  return absl::InvalidArgumentError(text);
}

absl::Status JsonValue::TypeError(std::string_view expected) const {
  return Error("expected " + std::string(expected) + ", got " +
               (value_->is_null() ? "null" : "a value of type " + std::string(value_->type_name())));
}

absl::Status JsonValue::ExpectObject() const {
  return value_->is_object() ? absl::OkStatus() : TypeError("an object");
}

absl::StatusOr<std::optional<JsonValue>> JsonValue::OptionalMember(std::string_view name) const {
  PINCHBECK_RETURN_IF_ERROR(ExpectObject());
  const auto member = value_->find(std::string(name));
  if (member == value_->end() || member->is_null()) return std::optional<JsonValue>();
  std::string path = path_.empty() ? std::string(name) : path_ + "." + std::string(name);
  return std::optional<JsonValue>(JsonValue(*member, std::move(path)));
}

absl::StatusOr<JsonValue> JsonValue::Member(std::string_view name) const {
  PINCHBECK_ASSIGN_OR_RETURN(std::optional<JsonValue> member, OptionalMember(name));
  if (member.has_value()) return *std::move(member);
  std::string path = path_.empty() ? std::string(name) : path_ + "." + std::string(name);
  return absl::InvalidArgumentError(path + ": missing");
}

absl::StatusOr<std::vector<JsonValue>> JsonValue::List() const {
  if (!value_->is_array()) return TypeError("a list");
  std::vector<JsonValue> elements;
  elements.reserve(value_->size());
  for (std::size_t i = 0; i < value_->size(); ++i) {
    elements.emplace_back((*value_)[i], path_ + "[" + std::to_string(i) + "]");
  }
  return elements;
}

absl::StatusOr<std::string> JsonValue::String() const {
  if (!value_->is_string()) return TypeError("a string");
  return value_->get<std::string>();
}

absl::StatusOr<std::string> JsonValue::NonEmptyString() const {
  PINCHBECK_ASSIGN_OR_RETURN(std::string text, String());
  if (text.empty()) return Error("must not be empty");
  return text;
}

absl::StatusOr<bool> JsonValue::Boolean() const {
  if (!value_->is_boolean()) return TypeError("true or false");
  return value_->get<bool>();
}

absl::StatusOr<double> JsonValue::Number(double low, double high) const {
  if (!value_->is_number()) return TypeError("a number");
  const auto number = value_->get<double>();
  if (number >= low && number <= high) return number;
  std::string range = " is not between ";
  AppendJsonNumber(low, &range);
  range += " and ";
  AppendJsonNumber(high, &range);
  return Error(value_->dump() + range);
}

absl::StatusOr<std::int64_t> JsonValue::Integer(std::int64_t low, std::int64_t high) const {
  if (!value_->is_number()) return TypeError("an integer");
  const auto number = value_->get<double>();
  if (number != std::floor(number)) return TypeError("an integer");
  // Compared as doubles first: a huge number must not wrap into the range.
  if (number >= static_cast<double>(low) && number <= static_cast<double>(high)) {
    const auto integer = value_->get<std::int64_t>();
    if (integer >= low && integer <= high) return integer;
  }
  return Error(value_->dump() + " is not between " + std::to_string(low) + " and " + std::to_string(high));
}

}  // namespace pinchbeck::internal
