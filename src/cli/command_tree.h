// The command's subcommands and options as plain data, for whatever is generated from them: manual pages and
// shell completion. Read from the parser itself, so that neither can fall behind the command.
#ifndef PINCHBECK_SRC_CLI_COMMAND_TREE_H_
#define PINCHBECK_SRC_CLI_COMMAND_TREE_H_

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace pinchbeck::cli {

struct OptionNode {
  // With their dashes: "-h", "--help". Empty for a positional argument.
  std::vector<std::string> names;
  // What the help calls a positional argument.
  std::string position;
  // "TEXT", "FLOAT", ...; empty for a flag.
  std::string value;
  // The only values it takes; empty if it takes others.
  std::vector<std::string> choices;
  // What else a value must satisfy, in the words of the help: "FLOAT in [1e-09 - 0.5]". Empty if nothing.
  std::string constraint;
  // Empty: none, or not shown.
  std::string default_value;
  std::string description;
  // The heading it stands under in the help.
  std::string group;
  // Values that one use takes; more than one also where the number is open.
  int values = 0;
  bool required = false;
};

struct CommandNode {
  // From the program's name on: "pinchbeck fingerprints show".
  std::string path;
  std::string name;
  std::string description;
  std::string footer;
  std::vector<OptionNode> options;
  std::vector<CommandNode> commands;
};

// Everything that the help of `app` and of its subcommands shows; hidden options and commands are left out.
[[nodiscard]] CommandNode ReadCommandTree(const CLI::App& app);

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_COMMAND_TREE_H_
