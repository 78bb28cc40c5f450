#include "src/internal/json_lexer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

#include "pinchbeck/internal/utf8.h"

namespace pinchbeck::internal {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Bytes of a string that stand for themselves without further checks.
constexpr std::array<bool, 256> MakePlainTable() {
  std::array<bool, 256> plain{};
  for (std::size_t byte = 0x20; byte < 0x80; ++byte) plain[byte] = byte != '"' && byte != '\\';
  return plain;
}
constexpr std::array<bool, 256> kPlain = MakePlainTable();

const char* SkipPlain(const char* at, const char* end) {
  while (at != end && kPlain[static_cast<unsigned char>(*at)]) ++at;
  return at;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string_view View(const char* begin, const char* end) {
  return std::string_view(begin, static_cast<std::size_t>(end - begin));
}

// Whether a number that a double cannot hold is too small rather than too large: the power of ten of its
// first digit that is not zero decides.
bool IsTiny(std::string_view number) {
  if (number.starts_with('-')) number.remove_prefix(1);
  const std::size_t mark = number.find_first_of("eE");
  const std::string_view mantissa = number.substr(0, mark);
  std::int64_t exponent = 0;
  if (mark != std::string_view::npos) {
    std::string_view digits = number.substr(mark + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (result.ec != std::errc()) return digits.starts_with('-');
  }
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  const std::size_t first = mantissa.find_first_not_of("0.");
  if (first == std::string_view::npos) return true;
  const auto power = first < point ? static_cast<std::int64_t>(point - first) - 1
                                   : -static_cast<std::int64_t>(first - point);
  // Lines are far shorter than 10^17 bytes, so that this cannot overflow where it matters.
  return exponent < -power;
}

}  // namespace

JsonLexer::JsonLexer(std::string_view text)
    : begin_(text.data()), at_(begin_), end_(text.data() + text.size()) {
  if (text.starts_with(kByteOrderMark)) at_ += kByteOrderMark.size();
}

bool JsonLexer::SetErrorAt(const char* at, std::string_view message) {
  error_column_ = static_cast<std::size_t>(at - begin_) + 1;
  error_message_ = message;
  if (at == end_) error_message_ += "; the text ends here";
  return false;
}

bool JsonLexer::Literal(std::string_view word) {
  if (!View(at_, end_).starts_with(word)) return SetErrorAt(at_, "expected a JSON value");
  at_ += word.size();
  return true;
}

bool JsonLexer::String(std::string* out) {
  const char* start = at_ + 1;
  at_ = SkipPlain(start, end_);
  out->assign(start, at_);
  if (at_ != end_ && *at_ == '"') {
    ++at_;
    return true;
  }
  return EscapedString(out);
}

// The rest of a string, with everything that is not plain.
bool JsonLexer::EscapedString(std::string* out) {
  for (;;) {
    if (at_ == end_) return SetErrorAt(at_, "the string has no closing quote");
    const auto byte = static_cast<unsigned char>(*at_);
    if (byte == '"') {
      ++at_;
      return true;
    }
    if (byte == '\\') {
      if (!Escape(out)) return false;
    } else if (byte < 0x20) {
      return SetErrorAt(at_, "a control character in a string must be written as an escape");
    } else {
      const CodePoint point = DecodeCodePoint(View(at_, end_), 0);
      if (!point.valid) return SetErrorAt(at_, "invalid UTF-8");
      out->append(at_, point.length);
      at_ += point.length;
    }
    const char* start = at_;
    at_ = SkipPlain(start, end_);
    out->append(start, at_);
  }
}

bool JsonLexer::Escape(std::string* out) {
  if (end_ - at_ < 2) return SetErrorAt(end_, "the string has no closing quote");
  switch (at_[1]) {
    case '"':
    case '\\':
    case '/':
      out->push_back(at_[1]);
      break;
    case 'b':
      out->push_back('\b');
      break;
    case 'f':
      out->push_back('\f');
      break;
    case 'n':
      out->push_back('\n');
      break;
    case 'r':
      out->push_back('\r');
      break;
    case 't':
      out->push_back('\t');
      break;
    case 'u':
      return UnicodeEscape(out);
    default:
      return SetErrorAt(at_, "unknown escape in a string");
  }
  at_ += 2;
  return true;
}

// Reads "\uXXXX" at the current byte.
bool JsonLexer::HexDigits(char32_t* value) {
  constexpr std::ptrdiff_t kLength = 6;
  if (end_ - at_ < kLength || at_[0] != '\\' || at_[1] != 'u') return false;
  std::uint32_t parsed = 0;
  const auto result = std::from_chars(at_ + 2, at_ + kLength, parsed, 16);
  if (result.ec != std::errc() || result.ptr != at_ + kLength) return false;
  *value = parsed;
  at_ += kLength;
  return true;
}

bool JsonLexer::UnicodeEscape(std::string* out) {
  const char* start = at_;
  char32_t value = 0;
  if (!HexDigits(&value)) return SetErrorAt(start, "expected four hexadecimal digits in a Unicode escape");
  if (value >= 0xD800 && value <= 0xDFFF) {
    char32_t low = 0;
    if (value >= 0xDC00 || !HexDigits(&low) || low < 0xDC00 || low > 0xDFFF) {
      return SetErrorAt(start, "a Unicode escape is half a surrogate pair");
    }
    value = 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00);
  }
  AppendCodePoint(value, out);
  return true;
}

// Skips one or more digits.
bool JsonLexer::SkipDigits() {
  if (at_ == end_ || !IsDigit(*at_)) return SetErrorAt(at_, "expected a digit");
  while (at_ != end_ && IsDigit(*at_)) ++at_;
  return true;
}

bool JsonLexer::Number(JsonNumber* out) {
  const char* start = at_;
  if (at_ != end_ && *at_ == '-') ++at_;
  if (at_ == start && (at_ == end_ || !IsDigit(*at_))) return SetErrorAt(at_, "expected a JSON value");
  if (at_ != end_ && *at_ == '0') {
    ++at_;
    if (at_ != end_ && IsDigit(*at_)) return SetErrorAt(start, "a number must not start with zeros");
  } else if (!SkipDigits()) {
    return false;
  }
  bool is_integer = true;
  if (at_ != end_ && *at_ == '.') {
    is_integer = false;
    ++at_;
    if (!SkipDigits()) return false;
  }
  if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
    is_integer = false;
    ++at_;
    if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    if (!SkipDigits()) return false;
  }
  out->text = View(start, at_);
  if (is_integer && std::from_chars(start, at_, out->integer).ec == std::errc()) {
    out->kind = JsonNumber::Kind::kInteger;
    return true;
  }
  out->kind = JsonNumber::Kind::kDouble;
  if (std::from_chars(start, at_, out->value).ec != std::errc()) {
    if (!IsTiny(out->text)) {
      out->kind = JsonNumber::Kind::kOutOfRange;
    } else {
      out->value = *start == '-' ? -0.0 : 0.0;
    }
  }
  return true;
}

}  // namespace pinchbeck::internal
