#include "src/fingerprint/string_literals.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "pinchbeck/internal/utf8.h"

namespace pinchbeck::internal {
namespace {

constexpr std::size_t kNone = std::string_view::npos;
// Literals joined without an operator, at most.
constexpr int kMaxJoined = 64;
// Bytes visited per byte of text before the search is given up.
constexpr std::size_t kWorkFactor = 64;
constexpr std::size_t kMinWork = std::size_t{1} << 24;

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> SplitLines(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

// Without the indent that all lines with content share.
std::string Dedent(std::string_view text) {
  const std::vector<std::string_view> lines = SplitLines(text);
  std::size_t indent = kNone;
  for (const std::string_view line : lines) {
    const std::size_t first = line.find_first_not_of(" \t");
    if (first != kNone) indent = std::min(indent, first);
  }
  std::string result;
  for (const std::string_view line : lines) {
    if (&line != &lines.front()) result += '\n';
    if (line.find_first_not_of(" \t") != kNone) result += line.substr(indent);
  }
  return result;
}

std::optional<std::uint32_t> Number(std::string_view digits, std::uint32_t base) {
  std::uint32_t value = 0;
  for (const char c : digits) {
    std::uint32_t digit = 99;
    if (c >= '0' && c <= '9') digit = static_cast<std::uint32_t>(c - '0');
    if (c >= 'a' && c <= 'f') digit = static_cast<std::uint32_t>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') digit = static_cast<std::uint32_t>(c - 'A') + 10;
    if (digit >= base) return std::nullopt;
    value = value * base + digit;
  }
  return value;
}

// The code unit of an escape such as \u4e2d whose letter stands at `at`.
std::optional<std::uint32_t> CodeUnit(std::string_view text, std::size_t at, std::size_t digits) {
  if (at + 1 + digits > text.size()) return std::nullopt;
  return Number(text.substr(at + 1, digits), 16);
}

char SimpleEscape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'v':
      return '\v';
    case 'a':
      return '\a';
    case '\\':
    case '\'':
    case '"':
    case '/':
      return c;
    default:
      return '\0';
  }
}

// Decodes a numeric escape whose letter or first digit stands at `at`; returns the bytes read, 0 for none.
std::size_t DecodeNumeric(std::string_view text, std::size_t at, std::string& out) {
  const char letter = text[at];
  if (letter >= '0' && letter <= '7') {
    std::size_t length = 1;
    while (length < 3 && at + length < text.size() && text[at + length] >= '0' && text[at + length] <= '7') {
      ++length;
    }
    AppendCodePoint(*Number(text.substr(at, length), 8), &out);
    return length;
  }
  const std::size_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
  if (digits == 0) return 0;
  std::optional<std::uint32_t> code = CodeUnit(text, at, digits);
  if (!code || *code > 0x10FFFF) return 0;
  std::size_t length = 1 + digits;
  const bool high = digits == 4 && *code >= 0xD800 && *code < 0xDC00;
  if (high && text.substr(at + length, 2) == "\\u") {
    const std::optional<std::uint32_t> low = CodeUnit(text, at + length + 1, 4);
    if (low && *low >= 0xDC00 && *low < 0xE000) {
      code = 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00);
      length += 6;
    }
  }
  AppendCodePoint(*code, &out);
  return length;
}

// A quoted string: its content and where the text goes on.
struct Literal {
  std::string_view content;
  std::size_t end = 0;
};

// The literal whose opening quote stands at `at`.
std::optional<Literal> ReadLiteral(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const std::string_view triple = text.substr(at, 3);
  const bool is_triple = triple.size() == 3 && triple[1] == quote && triple[2] == quote;
  const std::size_t begin = at + (is_triple ? 3 : 1);
  const std::size_t limit = std::min(text.size(), begin + kMaxCandidateBytes);
  for (std::size_t i = begin; i < limit; ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '\n' && !is_triple) {
      return std::nullopt;
    } else if (text[i] == quote && !is_triple) {
      return Literal{text.substr(begin, i - begin), i + 1};
    } else if (text[i] == quote && text.substr(i, 3) == triple) {
      return Literal{text.substr(begin, i - begin), i + 3};
    }
  }
  return std::nullopt;
}

// Where a literal follows the one that ended at `at` without an operator: its opening quote, or kNone.
std::size_t NextJoined(std::string_view text, std::size_t at) {
  while (at < text.size() && (IsSpace(text[at]) || text[at] == '\\')) ++at;
  for (int prefix = 0; prefix < 2 && at < text.size(); ++prefix) {
    if (std::string_view("rRbBuUfF").find(text[at]) == kNone) break;
    ++at;
  }
  return at < text.size() && (text[at] == '"' || text[at] == '\'') ? at : kNone;
}

// The CSV field whose opening quote stands at `at`, with doubled quotes made single.
std::optional<std::string> ReadCsvField(std::string_view text, std::size_t at) {
  std::string field;
  const std::size_t limit = std::min(text.size(), at + kMaxCandidateBytes);
  for (std::size_t i = at + 1; i < limit; ++i) {
    if (text[i] == '"') {
      if (i + 1 >= text.size() || text[i + 1] != '"') return field;
      ++i;
    }
    field += text[i];
  }
  return std::nullopt;
}

// Hands candidates to the caller's function and counts the work.
class Visitor {
 public:
  Visitor(const std::function<bool(std::string_view)>& visit, std::size_t text_size)
      : visit_(visit), budget_(std::max(kMinWork, kWorkFactor * text_size)) {}

  // False once nothing more is to be looked at.
  bool Offer(std::string_view candidate) {
    if (candidate.empty() || candidate.size() > kMaxCandidateBytes) return going_on_;
    One(candidate);
    const std::string_view trimmed = Trim(candidate);
    if (trimmed != candidate) One(trimmed);
    if (candidate.find('\n') == kNone) return going_on_;
    const std::string dedented = Dedent(candidate);
    if (dedented != candidate) One(dedented);
    const std::string_view inner = Trim(dedented);
    if (inner != trimmed) One(inner);
    return going_on_;
  }
  [[nodiscard]] bool gave_up() const { return gave_up_; }

 private:
  void One(std::string_view candidate) {
    if (!going_on_ || candidate.empty()) return;
    if (candidate.size() > budget_) {
      going_on_ = false;
      gave_up_ = true;
      return;
    }
    budget_ -= candidate.size();
    going_on_ = visit_(candidate);
  }

  const std::function<bool(std::string_view)>& visit_;
  std::size_t budget_;
  bool going_on_ = true;
  bool gave_up_ = false;
};

bool OfferLiterals(std::string_view text, std::size_t at, Visitor& visitor) {
  std::optional<Literal> literal = ReadLiteral(text, at);
  if (!literal) return true;
  if (!visitor.Offer(literal->content)) return false;
  std::string joined = DecodeEscapes(literal->content);
  if (joined != literal->content && !visitor.Offer(joined)) return false;
  bool several = false;
  for (int i = 0; i < kMaxJoined && joined.size() <= kMaxCandidateBytes; ++i) {
    const std::size_t next = NextJoined(text, literal->end);
    literal = next == kNone ? std::nullopt : ReadLiteral(text, next);
    if (!literal) break;
    joined += DecodeEscapes(literal->content);
    several = true;
  }
  return !several || visitor.Offer(joined);
}

bool OfferQuoted(std::string_view text, Visitor& visitor) {
  for (std::size_t at = text.find_first_of("\"'"); at != kNone; at = text.find_first_of("\"'", at + 1)) {
    // An escaped quote opens nothing, and trying each would be quadratic in JSON kept inside JSON.
    if (at > 0 && text[at - 1] == '\\') continue;
    if (!OfferLiterals(text, at, visitor)) return false;
    const bool starts_field = at == 0 || text[at - 1] == ',' || text[at - 1] == '\n' || text[at - 1] == ';';
    if (text[at] != '"' || !starts_field) continue;
    const std::optional<std::string> field = ReadCsvField(text, at);
    if (field && field->find_first_of("\"\n") != kNone && !visitor.Offer(*field)) return false;
  }
  return true;
}

}  // namespace

std::string DecodeEscapes(std::string_view content) {
  std::string out;
  out.reserve(content.size());
  for (std::size_t i = 0; i < content.size(); ++i) {
    if (content[i] != '\\' || i + 1 == content.size()) {
      out += content[i];
      continue;
    }
    const char next = content[i + 1];
    if (next == '\n') {
      ++i;
    } else if (const char simple = SimpleEscape(next); simple != '\0') {
      out += simple;
      ++i;
    } else if (const std::size_t length = DecodeNumeric(content, i + 1, out); length > 0) {
      i += length;
    } else {
      out += '\\';
    }
  }
  return out;
}

bool ForEachStringCandidate(std::string_view text, const std::function<bool(std::string_view)>& visit) {
  Visitor visitor(visit, text.size());
  bool going_on = visitor.Offer(text);
  if (going_on && text.ends_with('\n')) going_on = visitor.Offer(text.substr(0, text.size() - 1));
  if (going_on) {
    for (const std::string_view line : SplitLines(text)) {
      if (!going_on) break;
      going_on = visitor.Offer(line);
    }
  }
  if (going_on) OfferQuoted(text, visitor);
  return !visitor.gave_up();
}

}  // namespace pinchbeck::internal
