#include "src/core/prompt_grammar.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/internal/json_value.h"

namespace pinchbeck {
namespace embedded {

// The bytes of prompt_grammar.json, compiled in by pinchbeck_embed_file().
extern const std::string_view kPromptGrammar;

}  // namespace embedded

namespace internal {
namespace {

constexpr std::string_view kSchema = "pinchbeck.prompt_grammar/1";
constexpr int kMaxRepeats = 1000;

struct Reference {
  std::string name;
  int repeats = 1;
  // Length in the text, braces included.
  std::size_t length = 0;
};

// The reference that starts at text[at], if it is one.
std::optional<Reference> ReferenceAt(std::string_view text, std::size_t at) {
  if (text[at] != '{') return std::nullopt;
  const std::size_t end = text.find('}', at);
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view inside = text.substr(at + 1, end - at - 1);
  Reference reference;
  reference.length = end - at + 1;
  if (const std::size_t star = inside.find('*'); star != std::string_view::npos) {
    const char* last = inside.data() + inside.size();
    const auto parsed = std::from_chars(inside.data() + star + 1, last, reference.repeats);
    const bool valid = parsed.ec == std::errc() && parsed.ptr == last && reference.repeats >= 1 &&
                       reference.repeats <= kMaxRepeats;
    if (!valid) return std::nullopt;
    inside = inside.substr(0, star);
  }
  constexpr std::string_view kName = "abcdefghijklmnopqrstuvwxyz0123456789-/";
  if (inside.empty() || inside.find_first_not_of(kName) != std::string_view::npos) return std::nullopt;
  reference.name = std::string(inside);
  return reference;
}

using Symbols = std::map<std::string, std::vector<std::string>>;

// Follows all references from a symbol; `open` holds those that are being followed.
absl::Status CheckNoCycle(const Symbols& symbols, const std::string& name, std::set<std::string>& open,
                          std::set<std::string>& done) {
  const auto found = symbols.find(name);
  if (found == symbols.end() || done.count(name) > 0) return absl::OkStatus();
  if (!open.insert(name).second) {
    return absl::InvalidArgumentError("symbols." + name + ": contains itself");
  }
  for (const std::string& text : found->second) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      const std::optional<Reference> reference = ReferenceAt(text, i);
      if (!reference.has_value()) continue;
      PINCHBECK_RETURN_IF_ERROR(CheckNoCycle(symbols, reference->name, open, done));
    }
  }
  open.erase(name);
  done.insert(name);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<PromptGrammar> PromptGrammar::Parse(std::string_view json) {
  PINCHBECK_ASSIGN_OR_RETURN(const nlohmann::json parsed, ParseJsonDocument(json));
  const JsonValue document(parsed);
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue schema, document.Member("schema"));
  PINCHBECK_ASSIGN_OR_RETURN(const std::string schema_name, schema.String());
  if (schema_name != kSchema) return schema.Error("expected \"" + std::string(kSchema) + "\"");
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue symbols, document.Member("symbols"));
  PINCHBECK_RETURN_IF_ERROR(symbols.ExpectObject());
  PromptGrammar grammar;
  for (const auto& member : symbols.json().items()) {
    const JsonValue value(member.value(), "symbols." + member.key());
    PINCHBECK_ASSIGN_OR_RETURN(const std::vector<JsonValue> texts, value.List());
    if (texts.empty()) return value.Error("must hold at least one text");
    for (const JsonValue& text : texts) {
      PINCHBECK_ASSIGN_OR_RETURN(std::string content, text.String());
      grammar.symbols_[member.key()].push_back(std::move(content));
    }
  }
  std::set<std::string> open, done;
  for (const auto& symbol : grammar.symbols_) {
    PINCHBECK_RETURN_IF_ERROR(CheckNoCycle(grammar.symbols_, symbol.first, open, done));
  }
  return grammar;
}

std::size_t PromptGrammar::TextCount(const std::string& symbol) const {
  const auto found = symbols_.find(symbol);
  return found == symbols_.end() ? 0 : found->second.size();
}

void PromptGrammar::Append(std::string_view text, const FixedSymbols& fixed, KeyedGenerator& generator,
                           std::string* out) const {
  for (std::size_t i = 0; i < text.size();) {
    const std::optional<Reference> reference = ReferenceAt(text, i);
    if (!reference.has_value()) {
      out->push_back(text[i++]);
      continue;
    }
    const auto given = fixed.find(reference->name);
    const auto found = symbols_.find(reference->name);
    if (given != fixed.end()) {
      out->append(given->second);
    } else if (found != symbols_.end()) {
      for (int n = 0; n < reference->repeats; ++n) {
        const std::vector<std::string>& texts = found->second;
        Append(texts[generator.Below(static_cast<std::uint32_t>(texts.size()))], fixed, generator, out);
      }
    } else {
      out->append(text.substr(i, reference->length));
    }
    i += reference->length;
  }
}

std::string PromptGrammar::Expand(const std::string& symbol, std::size_t index, const FixedSymbols& fixed,
                                  KeyedGenerator& generator) const {
  std::string prompt;
  Append(symbols_.at(symbol).at(index), fixed, generator, &prompt);
  // Servers trim the end, and hashes must not depend on it.
  prompt.erase(prompt.find_last_not_of(" \t\n") + 1);
  return prompt;
}

std::string PromptGrammar::Draw(const std::string& symbol, const FixedSymbols& fixed,
                                KeyedGenerator& generator) const {
  const auto count = static_cast<std::uint32_t>(TextCount(symbol));
  return Expand(symbol, generator.Below(count), fixed, generator);
}

double PromptGrammar::ChanceOfRepeat(std::string_view text) const {
  double chance = 1;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::optional<Reference> reference = ReferenceAt(text, i);
    if (!reference.has_value()) continue;
    const auto found = symbols_.find(reference->name);
    if (found == symbols_.end()) continue;
    double sum = 0;
    for (const std::string& alternative : found->second) sum += ChanceOfRepeat(alternative);
    const auto count = static_cast<double>(found->second.size());
    chance *= std::pow(sum / (count * count), reference->repeats);
  }
  return chance;
}

double PromptGrammar::ChanceOfRepeat(const std::string& symbol, std::size_t index) const {
  return ChanceOfRepeat(std::string_view(symbols_.at(symbol).at(index)));
}

const PromptGrammar& BuiltinGrammar() {
  // As with the built-in battery: never destroyed, part of the library, parsed by a test.
  static const PromptGrammar* const grammar = [] {
    absl::StatusOr<PromptGrammar> parsed = PromptGrammar::Parse(embedded::kPromptGrammar);
    return new PromptGrammar(parsed.ok() ? *std::move(parsed) : PromptGrammar{});
  }();
  return *grammar;
}

}  // namespace internal
}  // namespace pinchbeck
