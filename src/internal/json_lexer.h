// The tokens of JSON.
#ifndef PINCHBECK_SRC_INTERNAL_JSON_LEXER_H_
#define PINCHBECK_SRC_INTERNAL_JSON_LEXER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pinchbeck::internal {

struct JsonNumber {
  enum class Kind {
    kInteger,     // no fraction, no exponent, fits 64 bits
    kDouble,      // everything else
    kOutOfRange,  // beyond the range of a double
  };
  Kind kind = Kind::kInteger;
  std::int64_t integer = 0;
  double value = 0.0;
  std::string_view text;
};

// Reads tokens from a text. Functions that return false have set the error.
class JsonLexer {
 public:
  // A byte order mark at the start is skipped.
  explicit JsonLexer(std::string_view text);

  void SkipSpace() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  [[nodiscard]] bool AtEnd() const { return at_ == end_; }
  // The next byte; a NUL byte, which starts no token, at the end.
  [[nodiscard]] char Peek() const { return at_ == end_ ? '\0' : *at_; }
  void Skip() { ++at_; }
  [[nodiscard]] bool Take(char expected) {
    if (at_ == end_ || *at_ != expected) return false;
    ++at_;
    return true;
  }

  [[nodiscard]] bool Literal(std::string_view word);
  // The string that starts at the current quote, decoded.
  [[nodiscard]] bool String(std::string* out);
  // Also the place where everything that is no value ends up.
  [[nodiscard]] bool Number(JsonNumber* out);

  // Records an error at the current byte.
  void SetError(std::string_view message) { SetErrorAt(at_, message); }
  [[nodiscard]] std::size_t error_column() const { return error_column_; }
  [[nodiscard]] const std::string& error_message() const { return error_message_; }

 private:
  bool SetErrorAt(const char* at, std::string_view message);
  bool EscapedString(std::string* out);
  bool Escape(std::string* out);
  bool UnicodeEscape(std::string* out);
  bool HexDigits(char32_t* value);
  bool SkipDigits();

  const char* begin_;
  const char* at_;
  const char* end_;
  std::size_t error_column_ = 0;
  std::string error_message_;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_INTERNAL_JSON_LEXER_H_
