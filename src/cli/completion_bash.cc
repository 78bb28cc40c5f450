#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "src/cli/command_tree.h"
#include "src/cli/completion.h"

namespace pinchbeck::cli {
namespace {

// The branches of the script's `case` statements, gathered over the whole tree.
struct Branches {
  // Paths of all commands below the root.
  std::vector<std::string> commands;
  // "'PATH') words=... ;;" for each command.
  std::string words;
  // "PATH OPTION" by what the option's value is; choices one by one.
  std::map<ValueKind, std::vector<std::string>> values;
  std::string choices;
};

std::string Quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

std::string Alternatives(const std::vector<std::string>& patterns) {
  std::string text;
  for (const std::string& pattern : patterns) text += (text.empty() ? "" : " | \\\n      ") + Quoted(pattern);
  return text;
}

void AddOption(const CommandNode& command, const OptionNode& option, Branches& branches) {
  for (const std::string& name : option.names) {
    if (option.values == 0) continue;
    const std::string pattern = command.path + " " + name;
    if (!option.choices.empty()) {
      std::string words;
      for (const std::string& choice : option.choices) words += (words.empty() ? "" : " ") + choice;
      branches.choices += "    " + Quoted(pattern) + ") _pinchbeck_words " + Quoted(words) + "; return ;;\n";
    } else {
      branches.values[KindOfValue(option)].push_back(pattern);
    }
  }
}

void Gather(const CommandNode& command, Branches& branches) {
  std::string options, words;
  bool files = false;
  for (const OptionNode& option : command.options) {
    for (const std::string& name : option.names) options += (options.empty() ? "" : " ") + name;
    // Arguments without an option, and the second and further values of one.
    files |= option.names.empty() || (option.values > 1 && KindOfValue(option) == ValueKind::kFiles);
    AddOption(command, option, branches);
  }
  for (const CommandNode& below : command.commands) words += (words.empty() ? "" : " ") + below.name;
  branches.words += "    " + Quoted(command.path) + ")\n      options=" + Quoted(options) +
                    "\n      commands=" + Quoted(words) + (files ? "\n      files=1" : "") + " ;;\n";
  for (const CommandNode& below : command.commands) {
    branches.commands.push_back(below.path);
    Gather(below, branches);
  }
}

std::string ValueBranch(const Branches& branches, ValueKind kind, std::string_view action) {
  const auto found = branches.values.find(kind);
  if (found == branches.values.end()) return "";
  return "    " + Alternatives(found->second) + ") " + std::string(action) + "return ;;\n";
}

constexpr std::string_view kHead = R"(# Completion of pinchbeck in bash; generated from the command itself.

_pinchbeck_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur"); }

# _pinchbeck_paths -f|-d: names of files or folders.
_pinchbeck_paths() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}

_pinchbeck() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  local path=pinchbeck options= commands= files= i
  COMPREPLY=()
  # Readline splits --option=value at the sign.
  if [[ $cur == '=' ]]; then
    cur=
  elif [[ $prev == '=' ]]; then
    prev=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case "$path ${COMP_WORDS[i]}" in
      )";

constexpr std::string_view kTail = R"(  esac
  if [[ $cur == -* ]]; then
    _pinchbeck_words "$options"
  elif [[ -n $commands ]]; then
    _pinchbeck_words "$commands"
  elif [[ -n $files ]]; then
    _pinchbeck_paths -f
  fi
}

complete -F _pinchbeck pinchbeck
)";

}  // namespace

std::string BashCompletion(const CommandNode& root) {
  Branches branches;
  Gather(root, branches);
  return std::string(kHead) + Alternatives(branches.commands) +
         ") path+=\" ${COMP_WORDS[i]}\" ;;\n    esac\n  done\n  case \"$path $prev\" in\n" +
         branches.choices + ValueBranch(branches, ValueKind::kFiles, "_pinchbeck_paths -f; ") +
         ValueBranch(branches, ValueKind::kFolders, "_pinchbeck_paths -d; ") +
         ValueBranch(branches, ValueKind::kVariables, "mapfile -t COMPREPLY < <(compgen -e -- \"$cur\"); ") +
         ValueBranch(branches, ValueKind::kNone, "") + "  esac\n  case $path in\n" + branches.words +
         std::string(kTail);
}

}  // namespace pinchbeck::cli
