// JSON as servers really send it.
#ifndef PINCHBECK_SRC_CLIENT_LENIENT_JSON_H_
#define PINCHBECK_SRC_CLIENT_LENIENT_JSON_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace pinchbeck::internal {

struct LenientJson {
  // `is_discarded()` when the text is not JSON even after repair.
  nlohmann::json value;
  std::int64_t repairs = 0;
};

// Parses without throwing. Valid JSON is taken as it is. Otherwise these faults are repaired and counted: the
// words NaN, Infinity and -Infinity and numbers beyond a double become null, lone surrogates and broken UTF-8
// become U+FFFD. Texts that nest deeper than 256 containers are discarded. With duplicate keys the last one
// counts; integers beyond 64 bits become doubles.
[[nodiscard]] LenientJson ParseLenient(std::string_view text);

// Members of an object, absent when missing, null or of another type.
[[nodiscard]] const nlohmann::json* FindMember(const nlohmann::json& object, const char* key);
[[nodiscard]] const nlohmann::json* FindObject(const nlohmann::json& object, const char* key);
[[nodiscard]] const nlohmann::json* FindArray(const nlohmann::json& object, const char* key);
[[nodiscard]] std::optional<std::string> FindString(const nlohmann::json& object, const char* key);
[[nodiscard]] std::optional<std::int64_t> FindInteger(const nlohmann::json& object, const char* key);

// The value as an integer: an integer that fits, or a double without a fraction below 2^53.
[[nodiscard]] std::optional<std::int64_t> AsInteger(const nlohmann::json& value);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_LENIENT_JSON_H_
