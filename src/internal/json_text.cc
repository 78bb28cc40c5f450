#include "src/internal/json_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>

#include "pinchbeck/internal/utf8.h"

namespace pinchbeck::internal {
namespace {

// Bytes that can be copied as they are: everything but quotes, backslashes, control characters, and bytes of
// longer UTF-8 sequences, which are checked first.
constexpr std::array<bool, 256> MakePlainTable() {
  std::array<bool, 256> plain{};
  for (std::size_t byte = 0x20; byte < 0x80; ++byte) plain[byte] = byte != '"' && byte != '\\';
  return plain;
}
constexpr std::array<bool, 256> kPlain = MakePlainTable();

void AppendEscaped(unsigned char byte, std::string* out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (byte) {
    case '"':
      *out += "\\\"";
      return;
    case '\\':
      *out += "\\\\";
      return;
    case '\b':
      *out += "\\b";
      return;
    case '\f':
      *out += "\\f";
      return;
    case '\n':
      *out += "\\n";
      return;
    case '\r':
      *out += "\\r";
      return;
    case '\t':
      *out += "\\t";
      return;
    default:
      *out += "\\u00";
      *out += kHex[byte >> 4];
      *out += kHex[byte & 15];
  }
}

}  // namespace

void AppendJsonString(std::string_view text, std::string* out) {
  out->push_back('"');
  std::size_t i = 0;
  while (i < text.size()) {
    const std::size_t start = i;
    while (i < text.size() && kPlain[static_cast<unsigned char>(text[i])]) ++i;
    out->append(text.substr(start, i - start));
    if (i == text.size()) break;
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      AppendEscaped(byte, out);
      ++i;
      continue;
    }
    const CodePoint point = DecodeCodePoint(text, i);
    if (point.valid) {
      out->append(text.substr(i, point.length));
    } else {
      AppendCodePoint(kReplacementCharacter, out);
    }
    i += point.length;
  }
  out->push_back('"');
}

void AppendJsonInteger(std::int64_t value, std::string* out) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out->append(digits.data(), end);
}

void AppendJsonNumber(double value, std::string* out) {
  if (!std::isfinite(value)) {
    *out += "null";
    return;
  }
  if (value == 0.0 && std::signbit(value)) {
    *out += "-0.0";  // "-0" would be read as the integer 0
    return;
  }
  std::array<char, 40> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out->append(digits.data(), end);
}

}  // namespace pinchbeck::internal
