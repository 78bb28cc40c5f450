// Features of answers: normalised choices, hashed character 3-grams, style.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pinchbeck/internal/utf8.h"
#include "pinchbeck/signal/sample.h"

namespace pinchbeck {
namespace {

constexpr std::size_t kMaxChoiceBytes = 120;
// Longer answers are cut for the features, so that one hostile answer cannot dominate the time.
constexpr std::size_t kMaxTextBytes = std::size_t{1} << 18;

bool IsAsciiPunctuation(char c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

bool IsAsciiSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Punctuation, quotes and spaces beyond ASCII that models put around a bare answer.
constexpr std::string_view kWidePunctuation[] = {
    "\xE3\x80\x82", "\xE3\x80\x81", "\xEF\xBC\x8C", "\xEF\xBC\x8E", "\xEF\xBC\x81", "\xEF\xBC\x9F",
    "\xEF\xBC\x9A", "\xEF\xBC\x9B", "\xE2\x80\x9C", "\xE2\x80\x9D", "\xE2\x80\x98", "\xE2\x80\x99",
    "\xE3\x80\x8C", "\xE3\x80\x8D", "\xE3\x80\x8E", "\xE3\x80\x8F", "\xE3\x80\x8A", "\xE3\x80\x8B",
    "\xE3\x80\x90", "\xE3\x80\x91", "\xEF\xBC\x88", "\xEF\xBC\x89", "\xE3\x80\x80", "\xC2\xA0",
    "\xE2\x80\xA6", "\xE2\x80\x93", "\xE2\x80\x94", "\xE2\x80\xA2", "\xEF\xBB\xBF", "\xE2\x80\x8B"};

// Bytes of decoration at the start of `text`, 0 when it starts with content. A sign in front of a digit is
// content.
std::size_t LeadingDecoration(std::string_view text) {
  if (text.empty()) return 0;
  if ((text[0] == '-' || text[0] == '+') && text.size() > 1 && IsDigit(text[1])) return 0;
  if (IsAsciiPunctuation(text[0]) || IsAsciiSpace(text[0])) return 1;
  for (const std::string_view mark : kWidePunctuation) {
    if (text.substr(0, mark.size()) == mark) return mark.size();
  }
  return 0;
}

bool IsSuffixSign(char c) { return c == '+' || c == '#' || c == '%'; }

// Signs that end a name or number ("C++", "C#", "50%") tell answers apart.
bool EndsWithSuffixSigns(std::string_view text) {
  if (text.empty() || !IsSuffixSign(text.back())) return false;
  while (!text.empty() && IsSuffixSign(text.back())) text.remove_suffix(1);
  return !text.empty() && !IsAsciiPunctuation(text.back()) && !IsAsciiSpace(text.back());
}

std::size_t TrailingDecoration(std::string_view text) {
  if (text.empty() || EndsWithSuffixSigns(text)) return 0;
  if (IsAsciiPunctuation(text.back()) || IsAsciiSpace(text.back())) return 1;
  for (const std::string_view mark : kWidePunctuation) {
    if (text.size() >= mark.size() && text.substr(text.size() - mark.size()) == mark) return mark.size();
  }
  return 0;
}

std::string CutLongChoice(std::string text) {
  if (text.size() <= kMaxChoiceBytes) return text;
  std::uint64_t hash = 1469598103934665603u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  std::size_t cut = kMaxChoiceBytes;
  while (cut > 0 && IsContinuation(text[cut])) --cut;
  return text.substr(0, cut) + "#" + std::to_string(hash);
}

// Start offsets of all code points, and the end.
std::vector<std::uint32_t> CodePointStarts(std::string_view text) {
  std::vector<std::uint32_t> starts;
  starts.reserve(text.size() + 1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!IsContinuation(text[i])) starts.push_back(static_cast<std::uint32_t>(i));
  }
  starts.push_back(static_cast<std::uint32_t>(text.size()));
  return starts;
}

std::vector<std::pair<std::uint32_t, std::uint32_t>> Trigrams(std::string_view text) {
  const std::vector<std::uint32_t> starts = CodePointStarts(text);
  std::vector<std::uint32_t> buckets;
  // Two virtual boundaries on each side let short answers have 3-grams too.
  const auto count = static_cast<std::ptrdiff_t>(starts.size()) - 1;
  buckets.reserve(static_cast<std::size_t>(count + 2));
  for (std::ptrdiff_t first = -2; first < count; ++first) {
    std::uint32_t hash = 2166136261u;
    for (std::ptrdiff_t i = first; i < first + 3; ++i) {
      if (i < 0 || i >= count) {
        hash = (hash ^ 0xFFu) * 16777619u;
        continue;
      }
      const auto index = static_cast<std::size_t>(i);
      for (std::uint32_t b = starts[index]; b < starts[index + 1]; ++b) {
        hash = (hash ^ static_cast<unsigned char>(text[b])) * 16777619u;
      }
    }
    // Fold the upper bits in: the low bits of FNV-1a alone mix the last byte poorly.
    buckets.push_back((hash ^ (hash >> 20)) % kTrigramBuckets);
  }
  std::sort(buckets.begin(), buckets.end());
  std::vector<std::pair<std::uint32_t, std::uint32_t>> counts;
  for (const std::uint32_t bucket : buckets) {
    if (counts.empty() || counts.back().first != bucket) counts.emplace_back(bucket, 0);
    ++counts.back().second;
  }
  return counts;
}

bool StartsNumbered(std::string_view line) {
  std::size_t i = 0;
  while (i < line.size() && IsDigit(line[i])) ++i;
  return i > 0 && i < 4 && i < line.size() && (line[i] == '.' || line[i] == ')');
}

bool StartsBullet(std::string_view line) {
  return line.size() >= 2 && (line[0] == '-' || line[0] == '*' || line[0] == '+') && line[1] == ' ';
}

StyleVector Style(std::string_view text) {
  double lines = 0, bullets = 0, numbered = 0, headings = 0, fences = 0;
  for (std::size_t begin = 0; begin <= text.size();) {
    std::size_t end = text.find('\n', begin);
    if (end == std::string_view::npos) end = text.size();
    std::string_view line = text.substr(begin, end - begin);
    while (!line.empty() && (line[0] == ' ' || line[0] == '\t')) line.remove_prefix(1);
    ++lines;
    bullets += StartsBullet(line);
    numbered += StartsNumbered(line);
    headings += !line.empty() && line[0] == '#';
    fences += line.substr(0, 3) == "```";
    begin = end + 1;
  }
  double characters = 0, punctuation = 0, capitals = 0, digits = 0, bold = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    characters += !IsContinuation(c);
    punctuation += IsAsciiPunctuation(c);
    capitals += c >= 'A' && c <= 'Z';
    digits += IsDigit(c);
    bold += c == '*' && i + 1 < text.size() && text[i + 1] == '*';
  }
  const double per_character = characters > 0 ? 1 / characters : 0;
  return {std::log1p(characters),   std::log1p(lines - 1), bullets / lines, numbered / lines,
          headings / lines,         std::log1p(bold),      fences / lines,  punctuation * per_character,
          capitals * per_character, digits * per_character};
}

std::u32string Prefix(std::string_view text) {
  std::u32string prefix;
  for (std::size_t i = 0; i < text.size() && prefix.size() < kPrefixCodePoints;) {
    const internal::CodePoint point = internal::DecodeCodePoint(text, i);
    prefix.push_back(point.value);
    i += point.length;
  }
  return prefix;
}

std::optional<std::vector<std::int32_t>> TokenPrefix(std::span<const std::int64_t> ids) {
  if (ids.empty()) return std::nullopt;
  std::vector<std::int32_t> kept;
  for (const std::int64_t id : ids.first(std::min(ids.size(), kPrefixTokens))) {
    if (id < 0 || id > std::numeric_limits<std::int32_t>::max()) return std::nullopt;
    kept.push_back(static_cast<std::int32_t>(id));
  }
  return kept;
}

}  // namespace

const std::array<std::string_view, kStyleFeatures>& StyleFeatureNames() {
  static constexpr std::array<std::string_view, kStyleFeatures> kNames = {
      "log_length", "line_breaks", "bullets",     "numbering", "headings",
      "bold",       "code_fences", "punctuation", "capitals",  "digits"};
  return kNames;
}

std::string NormaliseChoice(std::string_view answer) {
  std::string folded = internal::CaseFoldNfc(answer);
  std::string_view rest = folded;
  while (const std::size_t strip = LeadingDecoration(rest)) rest.remove_prefix(strip);
  while (const std::size_t strip = TrailingDecoration(rest)) rest.remove_suffix(strip);
  return CutLongChoice(std::string(rest.empty() ? answer : rest));
}

std::string RawChoice(std::string_view answer) { return CutLongChoice(std::string(answer)); }

TextFeatures ExtractTextFeatures(std::string_view text, std::span<const std::int64_t> token_ids) {
  if (text.size() > kMaxTextBytes) {
    std::size_t cut = kMaxTextBytes;
    while (cut > 0 && IsContinuation(text[cut])) --cut;
    text = text.substr(0, cut);
  }
  return {.trigrams = Trigrams(text),
          .style = Style(text),
          .prefix = Prefix(text),
          .token_ids = TokenPrefix(token_ids)};
}

void RemoveReadableText(SampleSet& sample) {
  for (auto& [id, probe] : sample.probes) {
    for (TextFeatures& text : probe.texts) {
      text.prefix.reset();
      text.token_ids.reset();
    }
    std::vector<FirstTokenLogprobs> logprobs = std::move(probe.logprobs);
    const std::vector<std::string> tokens = std::move(probe.tokens);
    for (FirstTokenLogprobs& item : logprobs) item.path.clear();
    probe.logprobs.clear();
    probe.tokens.clear();
    // Keeps only the tokens that are still referred to.
    AppendLogprobs(logprobs, tokens, 0, probe);
  }
}

}  // namespace pinchbeck
