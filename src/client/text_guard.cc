#include "src/client/text_guard.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "pinchbeck/core/endpoint.h"
#include "pinchbeck/core/observation.h"
#include "pinchbeck/internal/utf8.h"

namespace pinchbeck::internal {
namespace {

constexpr std::size_t kMinKeyBytesInData = 8;
// Fewer bytes of a key than these say nothing: many keys begin with the same few.
constexpr std::size_t kMinKeyBytesAtCut = 4;
constexpr std::string_view kMark = "[key]";

unsigned char ByteAt(std::string_view text, std::size_t i) {
  return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
}

// Line and paragraph separators and the marks that turn the direction of writing (U+2028..U+202E,
// U+2066..U+2069): with them a text can look like another one.
bool IsLayoutMark(std::string_view text, std::size_t i) {
  if (ByteAt(text, i) != 0xE2) return false;
  const unsigned char second = ByteAt(text, i + 1);
  const unsigned char third = ByteAt(text, i + 2);
  return (second == 0x80 && third >= 0xA8 && third <= 0xAE) ||
         (second == 0x81 && third >= 0xA6 && third <= 0xA9);
}

// How many bytes of the key's beginning stand before `end`; 0 when too few to matter.
std::size_t KeyBytesBefore(std::string_view text, std::size_t end, std::string_view key) {
  if (key.empty()) return 0;
  for (std::size_t size = std::min(key.size() - 1, end); size >= kMinKeyBytesAtCut; --size) {
    if (text.substr(end - size, size) == key.substr(0, size)) return size;
  }
  return 0;
}

// Messages and labels of servers are cut to a length where nobody knows the key, so that they may end, or
// break off at an ellipsis, inside it: what is left of the key goes as well.
std::string RedactCut(std::string text, const Secret& key) {
  constexpr std::string_view kEllipsis = "...";
  text = Redact(std::move(text), key);
  std::size_t from = 0;
  while (true) {
    const std::size_t found = text.find(kEllipsis, from);
    const std::size_t end = std::min(found, text.size());
    const std::size_t size = KeyBytesBefore(text, end, key.Reveal());
    if (size > 0) text.replace(end - size, size, kMark);
    if (found == std::string::npos) return text;
    from = end - size + (size > 0 ? kMark.size() : 0) + kEllipsis.size();
  }
}

// Whether the key can be read off the tokens, also when it spans several of them.
bool TokensHoldKey(const Observation& observation, const std::string& key) {
  std::string joined;
  for (const PositionLogprobs& position : observation.logprobs) {
    joined += position.sampled.token;
    for (const TokenLogprob& alternative : position.top) {
      if (alternative.token.find(key) != std::string::npos) return true;
    }
  }
  return joined.find(key) != std::string::npos;
}

}  // namespace

std::string CleanLine(std::string_view text, std::size_t max_bytes) {
  // Cutting before the repair may leave half a character, which the repair then replaces.
  const bool cut = text.size() > max_bytes;
  std::string line = ReplaceInvalidUtf8(text.substr(0, max_bytes));
  for (std::size_t i = 0; i < line.size(); ++i) {
    const unsigned char c = ByteAt(line, i);
    // C1 controls (U+0080..U+009F) are two bytes in UTF-8; terminals obey them too.
    const bool c1 = c == 0xC2 && ByteAt(line, i + 1) >= 0x80 && ByteAt(line, i + 1) <= 0x9F;
    if (c < 0x20 || c == 0x7F) line[i] = ' ';
    if (c1) line.replace(i, 2, "  ");
    if (IsLayoutMark(line, i)) line.replace(i, 3, "   ");
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  if (cut) line += "...";
  return line;
}

std::string Quoted(std::string_view text, std::size_t max_bytes) {
  std::string line = CleanLine(text, max_bytes);
  for (char& c : line) {
    if (c == '"') c = '\'';
  }
  return "\"" + line + "\"";
}

bool LooksLikeHtml(std::string_view body) {
  std::string head;
  for (const char c : body.substr(0, 512)) {
    if (head.empty() && (c == ' ' || c == '\t' || c == '\r' || c == '\n')) continue;
    head += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  if (head.empty() || head.front() != '<') return false;
  return head.find("<!doctype html") != std::string::npos || head.find("<html") != std::string::npos ||
         head.find("<head") != std::string::npos || head.find("<body") != std::string::npos;
}

std::string Redact(std::string text, const Secret& key) {
  const std::string& value = key.Reveal();
  if (value.empty()) return text;
  for (std::size_t at = text.find(value); at != std::string::npos; at = text.find(value, at)) {
    text.replace(at, value.size(), kMark);
    at += kMark.size();
  }
  return text;
}

void RedactObservation(const Secret& key, Observation& observation) {
  if (key.empty()) return;
  if (observation.error.has_value()) {
    observation.error->message = RedactCut(std::move(observation.error->message), key);
  }
  if (key.Reveal().size() < kMinKeyBytesInData) return;
  ResponseRecord& response = observation.response;
  for (std::optional<std::string>* text : {&response.text, &response.reasoning_text}) {
    if (text->has_value()) *text = Redact(std::move(**text), key);
  }
  for (std::optional<std::string>* label :
       {&response.id, &response.model, &response.finish_reason, &response.native_finish_reason,
        &response.provider, &response.system_fingerprint}) {
    if (label->has_value()) *label = RedactCut(std::move(**label), key);
  }
  if (TokensHoldKey(observation, key.Reveal())) observation.logprobs.clear();
}

}  // namespace pinchbeck::internal
