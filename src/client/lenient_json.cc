#include "src/client/lenient_json.h"

#include <array>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/utf8.h"

namespace pinchbeck::internal {
namespace {

using nlohmann::json;

// Copies JSON text and mends what a strict parser rejects.
class Repairer {
 public:
  explicit Repairer(std::string_view text) : text_(text) { output_.reserve(text.size()); }

  std::string Run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        CopyString();
      } else if (c == '-' || std::isalnum(static_cast<unsigned char>(c)) != 0) {
        CopyWord();
      } else {
        output_ += c;
        ++at_;
      }
    }
    return std::move(output_);
  }
  std::int64_t repairs() const { return repairs_; }

 private:
  void CopyString() {
    output_ += text_[at_++];
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\\') {
        CopyEscape();
        continue;
      }
      output_ += c;
      ++at_;
      if (c == '"') return;
    }
  }

  void CopyEscape() {
    const std::optional<unsigned> unit = CodeUnit(at_);
    if (!unit.has_value() || (*unit & 0xF800U) != 0xD800U) {
      const std::size_t length = unit.has_value() ? 6 : 2;
      output_ += text_.substr(at_, length);
      at_ += length;
      return;
    }
    const std::optional<unsigned> next = CodeUnit(at_ + 6);
    const bool pair = *unit < 0xDC00U && next.has_value() && (*next & 0xFC00U) == 0xDC00U;
    output_ += pair ? text_.substr(at_, 12) : std::string_view("\\ufffd");
    at_ += pair ? 12 : 6;
    if (!pair) ++repairs_;
  }

  // The value of a \uXXXX escape at a position.
  std::optional<unsigned> CodeUnit(std::size_t at) const {
    if (at + 6 > text_.size() || text_[at] != '\\' || text_[at + 1] != 'u') return std::nullopt;
    unsigned value = 0;
    for (const char c : text_.substr(at + 2, 4)) {
      if (std::isxdigit(static_cast<unsigned char>(c)) == 0) return std::nullopt;
      const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
      value = value * 16 + static_cast<unsigned>(digit);
    }
    return value;
  }

  // A number or a bare word.
  void CopyWord() {
    std::size_t end = at_ + 1;
    while (end < text_.size() && IsWordByte(text_[end])) ++end;
    const std::string_view word = text_.substr(at_, end - at_);
    at_ = end;
    if (IsNotANumber(word)) {
      output_ += "null";
      ++repairs_;
    } else {
      output_ += word;
    }
  }

  static bool IsWordByte(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '+' || c == '-';
  }

  static bool IsNotANumber(std::string_view word) {
    static constexpr std::array<std::string_view, 8> kWords = {"NaN",       "nan", "-nan", "Infinity",
                                                               "-Infinity", "inf", "-inf", "-NaN"};
    for (const std::string_view candidate : kWords) {
      if (word == candidate) return true;
    }
    double value = 0.0;
    return word.find_first_of("0123456789") != std::string_view::npos &&
           absl::SimpleAtod(ToAbsl(word), &value) && !std::isfinite(value);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string output_;
  std::int64_t repairs_ = 0;
};

// Containers open at a time. Deeper texts cost much memory and are unsafe for code that recurses.
constexpr int kMaxDepth = 256;

bool NestsTooDeep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxDepth) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

}  // namespace

LenientJson ParseLenient(std::string_view text) {
  LenientJson result;
  if (NestsTooDeep(text)) {
    result.value = json(json::value_t::discarded);
    return result;
  }
  result.value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!result.value.is_discarded()) return result;
  const std::string valid = ReplaceInvalidUtf8(text);
  Repairer repairer(valid);
  const std::string repaired = repairer.Run();
  result.repairs = repairer.repairs() + (valid == text ? 0 : 1);
  if (result.repairs > 0) result.value = json::parse(repaired, nullptr, /*allow_exceptions=*/false);
  return result;
}

const json* FindMember(const json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(key);
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

const json* FindObject(const json& object, const char* key) {
  const json* member = FindMember(object, key);
  return member != nullptr && member->is_object() ? member : nullptr;
}

const json* FindArray(const json& object, const char* key) {
  const json* member = FindMember(object, key);
  return member != nullptr && member->is_array() ? member : nullptr;
}

std::optional<std::string> FindString(const json& object, const char* key) {
  const json* member = FindMember(object, key);
  if (member == nullptr || !member->is_string()) return std::nullopt;
  return member->get_ref<const std::string&>();
}

std::optional<std::int64_t> FindInteger(const json& object, const char* key) {
  const json* member = FindMember(object, key);
  return member == nullptr ? std::nullopt : AsInteger(*member);
}

std::optional<std::int64_t> AsInteger(const json& value) {
  constexpr double kExactDoubles = 9007199254740992.0;
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (!value.is_number_float()) return std::nullopt;
  const double number = value.get<double>();
  if (std::trunc(number) != number || std::fabs(number) > kExactDoubles) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

}  // namespace pinchbeck::internal
