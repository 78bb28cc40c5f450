#include "src/cli/completion.h"

#include <cctype>
#include <string>
#include <string_view>

#include "src/cli/command_tree.h"

namespace pinchbeck::cli {
namespace {

bool StartsWithWord(std::string_view text, std::string_view word) {
  if (text.size() < word.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (std::tolower(static_cast<unsigned char>(text[i])) != word[i]) return false;
  }
  return text.size() == word.size() || std::isalpha(static_cast<unsigned char>(text[word.size()])) == 0;
}

}  // namespace

ValueKind KindOfValue(const OptionNode& option) {
  if (!option.choices.empty()) return ValueKind::kChoices;
  if (option.value == "VAR" || StartsWithWord(option.description, "environment variable")) {
    return ValueKind::kVariables;
  }
  if (option.value == "FILE") return ValueKind::kFiles;
  if (option.value != "TEXT") return ValueKind::kNone;
  for (const std::string_view other : {"base url", "model name", "label", "groups", "kind", "time"}) {
    if (StartsWithWord(option.description, other)) return ValueKind::kNone;
  }
  return StartsWithWord(option.description, "folder") ? ValueKind::kFolders : ValueKind::kFiles;
}

}  // namespace pinchbeck::cli
