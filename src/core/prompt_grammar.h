// Prompts from templates: a symbol stands for one of several texts, which may name further symbols.
#ifndef PINCHBECK_SRC_CORE_PROMPT_GRAMMAR_H_
#define PINCHBECK_SRC_CORE_PROMPT_GRAMMAR_H_

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "src/core/keyed_generator.h"

namespace pinchbeck::internal {

// Texts for symbols that the caller fixes, for instance "high" of a range.
using FixedSymbols = std::map<std::string, std::string>;

// In a template, "{name}" is replaced by an expansion of the symbol and "{name*10}" by ten of them. Other
// braces are text.
class PromptGrammar {
 public:
  // InvalidArgument: not a grammar file, a symbol without texts, or one that contains itself.
  [[nodiscard]] static absl::StatusOr<PromptGrammar> Parse(std::string_view json);

  [[nodiscard]] std::size_t TextCount(const std::string& symbol) const;
  // Text number `index` of the symbol, every symbol in it replaced by a uniform choice among its texts. Fixed
  // symbols come first; an unknown name stays as it is. Spaces at the end are cut.
  [[nodiscard]] std::string Expand(const std::string& symbol, std::size_t index, const FixedSymbols& fixed,
                                   KeyedGenerator& generator) const;
  // A uniform choice among the symbol's texts, expanded.
  [[nodiscard]] std::string Draw(const std::string& symbol, const FixedSymbols& fixed,
                                 KeyedGenerator& generator) const;
  // Chance that two independent expansions make the same choices everywhere. The inverse is the effective
  // number of variants. A fixed symbol counts as one text.
  [[nodiscard]] double ChanceOfRepeat(const std::string& symbol, std::size_t index) const;
  [[nodiscard]] const std::map<std::string, std::vector<std::string>>& symbols() const { return symbols_; }

 private:
  void Append(std::string_view text, const FixedSymbols& fixed, KeyedGenerator& generator,
              std::string* out) const;
  [[nodiscard]] double ChanceOfRepeat(std::string_view text) const;

  std::map<std::string, std::vector<std::string>> symbols_;
};

// The project's own templates.
[[nodiscard]] const PromptGrammar& BuiltinGrammar();

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CORE_PROMPT_GRAMMAR_H_
