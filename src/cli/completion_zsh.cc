#include <algorithm>
#include <string>
#include <string_view>

#include "src/cli/command_tree.h"
#include "src/cli/completion.h"

namespace pinchbeck::cli {
namespace {

std::string FunctionName(const CommandNode& command) {
  std::string name = "_" + command.path;
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
}

// Inside single quotes, in a part of a specification that ends at a bracket or colon.
std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\'') {
      escaped += "'\\''";
      continue;
    }
    if (c == '[' || c == ']' || c == ':' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string Action(const OptionNode& option) {
  switch (KindOfValue(option)) {
    case ValueKind::kChoices: {
      std::string words;
      for (const std::string& choice : option.choices) words += (words.empty() ? "" : " ") + choice;
      return "(" + words + ")";
    }
    case ValueKind::kFiles:
      return "_files";
    case ValueKind::kFolders:
      return "_files -/";
    case ValueKind::kVariables:
      return "_parameters -g \"*export*\"";
    case ValueKind::kNone:
      break;
  }
  // Anything may be typed, and nothing is offered.
  return " ";
}

std::string Argument(const OptionNode& option) {
  return "':" + Escaped(option.position) + ":" + Action(option) + "'";
}

// "'--name=[what it is]:TYPE:action'"; an option may be repeated where it takes several values.
std::string Specification(const OptionNode& option, const std::string& name) {
  std::string text = "'";
  if (option.values > 1) text += "*";
  const bool is_long = name.starts_with("--");
  text += name + (option.values > 0 && is_long ? "=" : "") + "[" + Escaped(option.description) + "]";
  if (option.values > 0) text += ":" + Escaped(option.value) + ":" + Action(option);
  return text + "'";
}

std::string Function(const CommandNode& command) {
  std::string text = FunctionName(command) + "() {\n";
  if (!command.commands.empty()) text += "  local state line\n  local -a commands\n";
  text += "  _arguments";
  if (!command.commands.empty()) text += " -C";
  for (const OptionNode& option : command.options) {
    for (const std::string& name : option.names) text += " \\\n    " + Specification(option, name);
    if (option.names.empty()) text += " \\\n    " + Argument(option);
  }
  if (command.commands.empty()) return text + "\n}\n\n";
  text +=
      " \\\n    '1: :->command' \\\n    '*:: :->argument'\n  case $state in\n    command)\n      "
      "commands=(\n";
  for (const CommandNode& below : command.commands) {
    text += "        '" + Escaped(below.name) + ":" + Escaped(below.description) + "'\n";
  }
  text += "      )\n      _describe command commands ;;\n    argument)\n      case $line[1] in\n";
  for (const CommandNode& below : command.commands) {
    text += "        " + below.name + ") " + FunctionName(below) + " ;;\n";
  }
  return text + "      esac ;;\n  esac\n}\n\n";
}

std::string Functions(const CommandNode& command) {
  std::string text;
  for (const CommandNode& below : command.commands) text += Functions(below);
  return text + Function(command);
}

}  // namespace

std::string ZshCompletion(const CommandNode& root) {
  return "#compdef pinchbeck\n# Completion of pinchbeck in zsh; generated from the command itself.\n\n" +
         Functions(root) +
         "if [[ $funcstack[1] == _pinchbeck ]]; then\n  _pinchbeck \"$@\"\nelse\n  compdef _pinchbeck "
         "pinchbeck\nfi\n";
}

}  // namespace pinchbeck::cli
