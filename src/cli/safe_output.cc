#include "src/cli/safe_output.h"

#include <cstddef>
#include <ostream>
#include <string>

#include "absl/strings/str_format.h"
#include "pinchbeck/internal/utf8.h"

namespace pinchbeck::cli {
namespace {

constexpr const char* kReplacement = "\xEF\xBF\xBD";

// Bytes of a character that starts with this byte; 0 for one that cannot start any.
std::size_t CharacterSize(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return 2;
  if (first >= 0xE0 && first <= 0xEF) return 3;
  if (first >= 0xF0 && first <= 0xF4) return 4;
  return 0;
}

char32_t CodePoint(const std::string& bytes) {
  const auto byte = [&](std::size_t i) {
    return static_cast<char32_t>(static_cast<unsigned char>(bytes[i]));
  };
  if (bytes.size() == 1) return byte(0);
  char32_t value = byte(0) & (0x7FU >> bytes.size());
  for (std::size_t i = 1; i < bytes.size(); ++i) value = (value << 6) | (byte(i) & 0x3FU);
  return value;
}

bool IsHarmless(char32_t c) {
  if (c == '\n' || c == '\t') return true;
  const bool control = c < 0x20 || (c >= 0x7F && c <= 0x9F);
  const bool layout = (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
  return !control && !layout;
}

}  // namespace

SafeStreambuf::int_type SafeStreambuf::overflow(int_type c) {
  if (!traits_type::eq_int_type(c, traits_type::eof())) Put(static_cast<unsigned char>(c));
  PassOn();
  return target_.good() ? traits_type::not_eof(c) : traits_type::eof();
}

std::streamsize SafeStreambuf::xsputn(const char* text, std::streamsize size) {
  for (std::streamsize i = 0; i < size; ++i) Put(static_cast<unsigned char>(text[i]));
  PassOn();
  return target_.good() ? size : 0;
}

int SafeStreambuf::sync() {
  target_.flush();
  return target_.good() ? 0 : -1;
}

void SafeStreambuf::Put(unsigned char byte) {
  if (!partial_.empty()) {
    if ((byte & 0xC0) == 0x80) {
      partial_ += static_cast<char>(byte);
      if (partial_.size() == wanted_) PutCharacter();
      return;
    }
    Replace();
  }
  wanted_ = CharacterSize(byte);
  partial_.assign(1, static_cast<char>(byte));
  if (wanted_ == 0) return Replace();
  if (wanted_ == 1) PutCharacter();
}

void SafeStreambuf::PutCharacter() {
  if (partial_.size() > 1 && !internal::IsValidUtf8(partial_)) return Replace();
  const char32_t c = CodePoint(partial_);
  if (IsHarmless(c)) {
    ready_ += partial_;
  } else {
    ready_ += absl::StrFormat("\\u%04x", static_cast<unsigned>(c));
  }
  partial_.clear();
}

void SafeStreambuf::Replace() {
  ready_ += kReplacement;
  partial_.clear();
}

void SafeStreambuf::PassOn() {
  target_.write(ready_.data(), static_cast<std::streamsize>(ready_.size()));
  ready_.clear();
}

void SafeStreambuf::Finish() {
  if (!partial_.empty()) Replace();
  PassOn();
}

}  // namespace pinchbeck::cli
