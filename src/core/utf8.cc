#include "pinchbeck/internal/utf8.h"

#include <utf8proc.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace pinchbeck::internal {
namespace {

// What the first byte of a sequence says about the rest. The range of the second byte is narrower than
// 80..BF where overlong forms, surrogates or values above U+10FFFF would follow (Unicode, table 3-7).
struct Lead {
  int continuation_bytes = -1;  // -1: not a first byte
  unsigned char second_low = 0x80;
  unsigned char second_high = 0xBF;
  unsigned char payload_mask = 0;
};

Lead ClassifyLead(unsigned char byte) {
  if (byte < 0x80) return {0, 0, 0, 0x7F};
  if (byte < 0xC2) return {};
  if (byte < 0xE0) return {1, 0x80, 0xBF, 0x1F};
  if (byte == 0xE0) return {2, 0xA0, 0xBF, 0x0F};
  if (byte == 0xED) return {2, 0x80, 0x9F, 0x0F};
  if (byte < 0xF0) return {2, 0x80, 0xBF, 0x0F};
  if (byte == 0xF0) return {3, 0x90, 0xBF, 0x07};
  if (byte < 0xF4) return {3, 0x80, 0xBF, 0x07};
  if (byte == 0xF4) return {3, 0x80, 0x8F, 0x07};
  return {};
}

// Length of the ASCII run at the start of the text.
std::size_t AsciiPrefix(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080u;
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + i, sizeof(word));
    if ((word & kHighBits) != 0) break;
  }
  while (i < text.size() && static_cast<unsigned char>(text[i]) < 0x80) ++i;
  return i;
}

struct FreeDeleter {
  void operator()(utf8proc_uint8_t* pointer) const { std::free(pointer); }  // utf8proc allocates with malloc
};

std::string Map(const std::string& valid, int options) {
  utf8proc_uint8_t* mapped = nullptr;
  const utf8proc_ssize_t size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(valid.data()),
                                             static_cast<utf8proc_ssize_t>(valid.size()), &mapped,
                                             static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, FreeDeleter> owner(mapped);
  // Valid UTF-8 fails only when memory runs out; the text as it was is still usable.
  if (size < 0) return valid;
  return std::string(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(size));
}

}  // namespace

CodePoint DecodeCodePoint(std::string_view text, std::size_t offset) {
  const auto byte_at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte_at(offset);
  const Lead lead = ClassifyLead(first);
  if (lead.continuation_bytes < 0) return {};
  char32_t value = first & lead.payload_mask;
  std::size_t length = 1;
  for (int k = 0; k < lead.continuation_bytes; ++k, ++length) {
    if (offset + length >= text.size()) return {kReplacementCharacter, length, false};
    const unsigned char byte = byte_at(offset + length);
    const unsigned char low = k == 0 ? lead.second_low : 0x80;
    const unsigned char high = k == 0 ? lead.second_high : 0xBF;
    if (byte < low || byte > high) return {kReplacementCharacter, length, false};
    value = (value << 6) | (byte & 0x3F);
  }
  return {value, length, true};
}

void AppendCodePoint(char32_t value, std::string* out) {
  if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) value = kReplacementCharacter;
  const auto push = [out](char32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (value < 0x80) {
    push(value);
  } else if (value < 0x800) {
    push(0xC0 | (value >> 6));
    push(0x80 | (value & 0x3F));
  } else if (value < 0x10000) {
    push(0xE0 | (value >> 12));
    push(0x80 | ((value >> 6) & 0x3F));
    push(0x80 | (value & 0x3F));
  } else {
    push(0xF0 | (value >> 18));
    push(0x80 | ((value >> 12) & 0x3F));
    push(0x80 | ((value >> 6) & 0x3F));
    push(0x80 | (value & 0x3F));
  }
}

bool IsAscii(std::string_view text) { return AsciiPrefix(text) == text.size(); }

bool IsValidUtf8(std::string_view text) {
  for (std::size_t i = AsciiPrefix(text); i < text.size();) {
    const CodePoint point = DecodeCodePoint(text, i);
    if (!point.valid) return false;
    i += point.length;
    i += AsciiPrefix(text.substr(i));
  }
  return true;
}

std::size_t CountCodePoints(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++count) i += DecodeCodePoint(text, i).length;
  return count;
}

std::string ReplaceInvalidUtf8(std::string_view text) {
  if (IsValidUtf8(text)) return std::string(text);
  std::string out;
  out.reserve(text.size() + 16);
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint point = DecodeCodePoint(text, i);
    AppendCodePoint(point.value, &out);
    i += point.length;
  }
  return out;
}

std::string NormalizeNfc(std::string_view text) {
  if (IsAscii(text)) return std::string(text);
  return Map(ReplaceInvalidUtf8(text), UTF8PROC_STABLE | UTF8PROC_COMPOSE);
}

std::string CaseFoldNfc(std::string_view text) {
  return Map(ReplaceInvalidUtf8(text), UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
}

}  // namespace pinchbeck::internal
