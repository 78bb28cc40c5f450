// Completion of the command line in shells.
#ifndef PINCHBECK_SRC_CLI_COMPLETION_H_
#define PINCHBECK_SRC_CLI_COMPLETION_H_

#include <string>

#include "src/cli/command_tree.h"

namespace pinchbeck::cli {

// A script that bash reads; it needs nothing but bash 4.
[[nodiscard]] std::string BashCompletion(const CommandNode& root);

// A function file for zsh's completion system, to be called _pinchbeck.
[[nodiscard]] std::string ZshCompletion(const CommandNode& root);

// What the value of an option is completed with.
enum class ValueKind { kNone, kChoices, kFiles, kFolders, kVariables };
// From its type and the first word of its description: numbers, times and addresses are not completed.
[[nodiscard]] ValueKind KindOfValue(const OptionNode& option);

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_COMPLETION_H_
