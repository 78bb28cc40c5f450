// A strict JSON parser (RFC 8259) that reports what it reads as events and builds nothing.
#ifndef PINCHBECK_SRC_INTERNAL_JSON_SCANNER_H_
#define PINCHBECK_SRC_INTERNAL_JSON_SCANNER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "src/internal/json_lexer.h"

namespace pinchbeck::internal {

// Containers open at a time; deeper texts are an error, because who uses them may recurse.
inline constexpr int kMaxJsonDepth = 64;

// Parses one JSON text and calls the handler:
//
//   bool Null(), Boolean(bool), Integer(std::int64_t)
//   bool Number(double value, std::string_view text)       fractions, exponents, beyond 64 bits
//   bool String(std::string& text), Key(std::string& text) the handler may take the text away
//   bool StartObject(), EndObject(), StartList(), EndList()
//   void NumberOutOfRange(std::string_view text)           beyond the range of a double
//   void SyntaxError(std::size_t column, std::string_view message)   column counted in bytes from 1
//
// A member that returns false stops parsing, and so do the two errors. Returns whether the whole text was
// parsed. Of a number too small for a double a zero is left, as IEEE 754 rounds it.
template <class Handler>
class JsonScanner {
 public:
  JsonScanner(std::string_view text, Handler* handler) : lexer_(text), handler_(*handler) {}

  [[nodiscard]] bool Run() {
    Expect expect = Expect::kValue;
    for (;;) {
      lexer_.SkipSpace();
      bool going = true;
      switch (expect) {
        case Expect::kElementOrEnd:
          if (lexer_.Take(']')) {
            going = Close(&expect);
            break;
          }
          [[fallthrough]];
        case Expect::kValue:
          going = Value(&expect);
          break;
        case Expect::kMemberOrEnd:
          if (lexer_.Take('}')) {
            going = Close(&expect);
            break;
          }
          [[fallthrough]];
        case Expect::kMember:
          going = Member(&expect);
          break;
        case Expect::kAfterValue:
          if (depth_ == 0) return lexer_.AtEnd() || Fail("expected the end of the text");
          going = AfterValue(&expect);
          break;
      }
      if (!going) return false;
    }
  }

 private:
  // What the grammar asks for next.
  enum class Expect { kValue, kElementOrEnd, kMember, kMemberOrEnd, kAfterValue };

  bool InList() const { return ((lists_ >> (depth_ - 1)) & 1) != 0; }

  bool Fail(std::string_view message) {
    lexer_.SetError(message);
    return Report();
  }
  bool Report() {
    handler_.SyntaxError(lexer_.error_column(), lexer_.error_message());
    return false;
  }

  bool Open(bool is_list, Expect* expect) {
    if (depth_ == kMaxJsonDepth) {
      return Fail("nested more than " + std::to_string(kMaxJsonDepth) + " levels deep");
    }
    const std::uint64_t bit = std::uint64_t{1} << depth_;
    lists_ = is_list ? (lists_ | bit) : (lists_ & ~bit);
    ++depth_;
    *expect = is_list ? Expect::kElementOrEnd : Expect::kMemberOrEnd;
    return is_list ? handler_.StartList() : handler_.StartObject();
  }

  bool Close(Expect* expect) {
    const bool is_list = InList();
    --depth_;
    *expect = Expect::kAfterValue;
    return is_list ? handler_.EndList() : handler_.EndObject();
  }

  bool Value(Expect* expect) {
    *expect = Expect::kAfterValue;
    switch (lexer_.Peek()) {
      case '{':
        lexer_.Skip();
        return Open(/*is_list=*/false, expect);
      case '[':
        lexer_.Skip();
        return Open(/*is_list=*/true, expect);
      case '"':
        return lexer_.String(&string_) ? handler_.String(string_) : Report();
      case 't':
        return lexer_.Literal("true") ? handler_.Boolean(true) : Report();
      case 'f':
        return lexer_.Literal("false") ? handler_.Boolean(false) : Report();
      case 'n':
        return lexer_.Literal("null") ? handler_.Null() : Report();
      default:
        return Number();
    }
  }

  bool Number() {
    JsonNumber number;
    if (!lexer_.Number(&number)) return Report();
    switch (number.kind) {
      case JsonNumber::Kind::kInteger:
        return handler_.Integer(number.integer);
      case JsonNumber::Kind::kDouble:
        return handler_.Number(number.value, number.text);
      case JsonNumber::Kind::kOutOfRange:
        break;
    }
    handler_.NumberOutOfRange(number.text);
    return false;
  }

  bool Member(Expect* expect) {
    if (lexer_.Peek() != '"') return Fail("expected the name of a member in double quotes");
    if (!lexer_.String(&string_)) return Report();
    lexer_.SkipSpace();
    if (!lexer_.Take(':')) return Fail("expected ':'");
    *expect = Expect::kValue;
    return handler_.Key(string_);
  }

  bool AfterValue(Expect* expect) {
    const bool in_list = InList();
    if (lexer_.Take(',')) {
      *expect = in_list ? Expect::kValue : Expect::kMember;
      return true;
    }
    if (lexer_.Take(in_list ? ']' : '}')) return Close(expect);
    return Fail(in_list ? "expected ',' or ']'" : "expected ',' or '}'");
  }

  JsonLexer lexer_;
  Handler& handler_;
  std::string string_;
  std::uint64_t lists_ = 0;  // one bit for every open container: whether it is a list
  int depth_ = 0;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_INTERNAL_JSON_SCANNER_H_
