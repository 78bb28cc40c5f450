#include "src/cli/command_tree.h"

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pinchbeck::cli {
namespace {

std::vector<std::string> SplitChoices(std::string_view list) {
  std::vector<std::string> choices;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    choices.emplace_back(list.substr(0, comma));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return choices;
}

// The parser gives "TYPE", "TYPE:{a,b}" or "TYPE:words about the range".
void ReadValueType(const std::string& type, OptionNode& node) {
  const std::size_t colon = type.find(':');
  node.value = type.substr(0, colon);
  if (colon == std::string::npos) return;
  const std::string rest = type.substr(colon + 1);
  if (rest.starts_with('{') && rest.ends_with('}')) {
    node.choices = SplitChoices(std::string_view(rest).substr(1, rest.size() - 2));
  } else {
    node.constraint = rest;
  }
}

OptionNode ReadOption(const CLI::Option& option) {
  OptionNode node;
  for (const std::string& name : option.get_snames()) node.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) node.names.push_back("--" + name);
  if (node.names.empty()) node.position = option.get_name(true);
  node.values = option.get_items_expected_max();
  if (node.values > 0) {
    ReadValueType(option.get_type_name(), node);
    node.default_value = option.get_default_str();
  }
  node.description = option.get_description();
  node.group = option.get_group();
  node.required = option.get_required();
  return node;
}

CommandNode ReadCommand(const CLI::App& app, const std::string& parent) {
  CommandNode node;
  node.name = app.get_name();
  node.path = parent.empty() ? node.name : parent + " " + node.name;
  node.description = app.get_description();
  node.footer = app.get_footer();
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_group().empty()) node.options.push_back(ReadOption(*option));
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!command->get_group().empty()) node.commands.push_back(ReadCommand(*command, node.path));
  }
  return node;
}

}  // namespace

CommandNode ReadCommandTree(const CLI::App& app) { return ReadCommand(app, ""); }

}  // namespace pinchbeck::cli
