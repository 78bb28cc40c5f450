#include "src/report/safe_text.h"

#include "absl/strings/str_format.h"
#include "pinchbeck/internal/utf8.h"

namespace pinchbeck::internal {
namespace {

struct Range {
  char32_t first, last;
};

// Controls, formatting characters without a look of their own, and noncharacters. The joiners U+200C and
// U+200D are left alone: scripts and emoji need them.
constexpr Range kHidden[] = {{0x00, 0x1F},     {0x7F, 0x9F},      {0xAD, 0xAD},     {0x61C, 0x61C},
                             {0x180E, 0x180E}, {0x200B, 0x200B},  {0x200E, 0x200F}, {0x2028, 0x202E},
                             {0x2060, 0x206F}, {0xFDD0, 0xFDEF},  {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB},
                             {0xFFFE, 0xFFFF}, {0xE0000, 0xE007F}};

bool IsHidden(char32_t c) {
  for (const Range& range : kHidden) {
    if (c >= range.first && c <= range.last) return true;
  }
  // The last two of every plane.
  return (c & 0xFFFE) == 0xFFFE;
}

// East Asian letters, full-width forms and emoji, roughly.
constexpr Range kWide[] = {{0x1100, 0x115F}, {0x2E80, 0xA4CF}, {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
                           {0xFE30, 0xFE6F}, {0xFF00, 0xFF60}, {0x1F300, 0x1FAFF}, {0x20000, 0x3FFFD}};

std::size_t ColumnsOf(char32_t c) {
  for (const Range& range : kWide) {
    if (c >= range.first && c <= range.last) return 2;
  }
  return 1;
}

std::string Spell(char32_t c) {
  switch (c) {
    case '\n':
      return "\\n";
    case '\t':
      return "\\t";
    case '\r':
      return "\\r";
    default:
      return c > 0xFFFF ? absl::StrFormat("\\U%08x", static_cast<unsigned>(c))
                        : absl::StrFormat("\\u%04x", static_cast<unsigned>(c));
  }
}

std::string VisibleCharacter(char32_t c) {
  if (IsHidden(c)) return Spell(c);
  std::string bytes;
  AppendCodePoint(c, &bytes);
  return bytes;
}

std::string EscapeVisible(std::string_view visible) {
  std::string result;
  result.reserve(visible.size());
  for (const char c : visible) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

}  // namespace

std::string Visible(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint point = DecodeCodePoint(text, i);
    i += point.length;
    result += VisibleCharacter(point.value);
  }
  return result;
}

std::string Clip(std::string_view text, std::size_t columns) {
  std::string result;
  // Where to cut so that the dots fit, if it comes to that.
  std::size_t used = 0, end = 0;
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint point = DecodeCodePoint(text, i);
    i += point.length;
    const std::string shown = VisibleCharacter(point.value);
    const std::size_t width = IsHidden(point.value) ? shown.size() : ColumnsOf(point.value);
    if (used + width > columns) return result.substr(0, end) + "...";
    used += width;
    result += shown;
    if (used + 3 <= columns) end = result.size();
  }
  return result;
}

std::string Escape(std::string_view text) { return EscapeVisible(Visible(text)); }

std::string EscapeClipped(std::string_view text, std::size_t columns) {
  return EscapeVisible(Clip(text, columns));
}

std::string Name(std::string_view text) { return "<bdi>" + EscapeClipped(text, kNameColumns) + "</bdi>"; }

}  // namespace pinchbeck::internal
