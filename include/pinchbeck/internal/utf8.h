// UTF-8: validation, decoding and Unicode normalisation.
#ifndef PINCHBECK_INTERNAL_UTF8_H_
#define PINCHBECK_INTERNAL_UTF8_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace pinchbeck::internal {

inline constexpr char32_t kReplacementCharacter = 0xFFFD;

// One decoded code point.
struct CodePoint {
  // U+FFFD where the bytes are not valid UTF-8.
  char32_t value = kReplacementCharacter;
  // Bytes taken, at least 1. An invalid sequence takes its longest prefix that could have become valid.
  std::size_t length = 1;
  bool valid = false;
};

// Decodes the code point that starts at text[offset]; offset < text.size(). Surrogates, overlong forms and
// values above U+10FFFF are invalid. To walk a text:
//
//   for (std::size_t i = 0; i < text.size();) {
//     const CodePoint point = DecodeCodePoint(text, i);
//     i += point.length;
//   }
[[nodiscard]] CodePoint DecodeCodePoint(std::string_view text, std::size_t offset);

// Appends a code point as UTF-8; surrogates and values above U+10FFFF become U+FFFD.
void AppendCodePoint(char32_t value, std::string* out);

[[nodiscard]] bool IsAscii(std::string_view text);
[[nodiscard]] bool IsValidUtf8(std::string_view text);

// Number of code points; an invalid sequence counts as one.
[[nodiscard]] std::size_t CountCodePoints(std::string_view text);

// The text with every invalid sequence replaced by U+FFFD.
[[nodiscard]] std::string ReplaceInvalidUtf8(std::string_view text);

// Unicode normalisation form C, after ReplaceInvalidUtf8().
[[nodiscard]] std::string NormalizeNfc(std::string_view text);

// Full Unicode case folding in normalisation form C, after ReplaceInvalidUtf8().
[[nodiscard]] std::string CaseFoldNfc(std::string_view text);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_INTERNAL_UTF8_H_
