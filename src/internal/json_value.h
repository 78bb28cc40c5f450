// Reading JSON documents whose fields are checked by hand, with errors that name the field's path.
#ifndef PINCHBECK_SRC_INTERNAL_JSON_VALUE_H_
#define PINCHBECK_SRC_INTERNAL_JSON_VALUE_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pinchbeck::internal {

// Parses a whole document. InvalidArgument names line and column of a syntax error; documents nested deeper
// than 64 levels, NUL bytes, invalid UTF-8 and numbers beyond the range of a double are errors. Of members
// with one name the last wins.
[[nodiscard]] absl::StatusOr<nlohmann::json> ParseJsonDocument(std::string_view text);

// A value of a document together with its path, such as "probes[3].sampling". The document must outlive it.
class JsonValue {
 public:
  explicit JsonValue(const nlohmann::json& value, std::string path = {})
      : value_(&value), path_(std::move(path)) {}

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const nlohmann::json& json() const { return *value_; }

  // InvalidArgument "PATH: message".
  [[nodiscard]] absl::Status Error(std::string_view message) const;

  [[nodiscard]] absl::Status ExpectObject() const;
  // A member of an object; a missing one is an error, or nullopt. null counts as missing.
  [[nodiscard]] absl::StatusOr<JsonValue> Member(std::string_view name) const;
  [[nodiscard]] absl::StatusOr<std::optional<JsonValue>> OptionalMember(std::string_view name) const;

  [[nodiscard]] absl::StatusOr<std::vector<JsonValue>> List() const;
  [[nodiscard]] absl::StatusOr<std::string> String() const;
  [[nodiscard]] absl::StatusOr<std::string> NonEmptyString() const;
  [[nodiscard]] absl::StatusOr<bool> Boolean() const;
  // Within [low, high].
  [[nodiscard]] absl::StatusOr<double> Number(double low, double high) const;
  [[nodiscard]] absl::StatusOr<std::int64_t> Integer(std::int64_t low, std::int64_t high) const;

 private:
  [[nodiscard]] absl::Status TypeError(std::string_view expected) const;

  const nlohmann::json* value_;
  std::string path_;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_INTERNAL_JSON_VALUE_H_
