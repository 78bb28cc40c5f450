#include "src/cli/run.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "pinchbeck/version.h"
#include "src/cli/generate_command.h"
#include "src/cli/safe_output.h"

namespace pinchbeck::cli {

namespace {

// A long option with a value, of any command.
bool TakesValue(const CLI::App& app, const std::string& name) {
  const CLI::Option* option = app.get_option_no_throw(name);
  if (option != nullptr && option->get_items_expected_max() > 0) return true;
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  return std::any_of(commands.begin(), commands.end(),
                     [&](const CLI::App* command) { return TakesValue(*command, name); });
}

// The parser takes an option with "=" and nothing behind it for the option alone, whose value would be the
// next argument, often another option.
absl::Status CheckValues(const CLI::App& app, const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (argument == "--") break;
    if (!argument.starts_with("--") || argument.find('=') + 1 != argument.size()) continue;
    const std::string name = argument.substr(0, argument.size() - 1);
    if (!TakesValue(app, name)) continue;
    return absl::InvalidArgumentError(argument + ": nothing follows the \"=\"; write " + name +
                                      " VALUE, or " + name + " \"\" for an empty value");
  }
  return absl::OkStatus();
}

int RunSafely(const std::vector<std::string>& arguments, CommandContext& context) {
  CLI::App app("pinchbeck tells whether an LLM endpoint serves the model it claims", "pinchbeck");
  app.set_version_flag("--version", "pinchbeck " + std::string(kVersion));
  app.require_subcommand(1);
  app.footer(
      "Example:\n"
      "  pinchbeck demo\n"
      "  pinchbeck collect --base-url https://api.example/v1 --api-key-env API_KEY --model gpt-x --out "
      "reference.jsonl\n"
      "  pinchbeck enroll --recording reference.jsonl --model gpt-x --out gpt-x.json\n"
      "  pinchbeck verify --fingerprint gpt-x.json --base-url https://relay.example/v1 --api-key-env "
      "RELAY_KEY --model gpt-x");
  AddDemoCommand(app, context);
  AddDoctorCommand(app, context);
  AddCollectCommand(app, context);
  AddEnrollCommand(app, context);
  AddVerifyCommand(app, context);
  AddCompareCommand(app, context);
  AddIdentifyCommand(app, context);
  AddChecksCommand(app, context);
  AddPlanCommand(app, context);
  AddFingerprintsCommand(app, context);
  AddMonitorCommand(app, context);
  AddImportCommand(app, context);
  AddMockRelayCommand(app, context);
  AddGenerateCommand(app, context);
  if (absl::Status status = CheckValues(app, arguments); !status.ok()) {
    ReportError(status, context);
    return context.exit_code;
  }
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    // Help and version are "errors" with status 0; everything else is a usage error.
    const int status = app.exit(error, context.out, context.err);
    return status == 0 ? kExitConsistent : kExitInputError;
  } catch (const std::exception& error) {
    ReportError(absl::InternalError(std::string("unexpected failure: ") + error.what()), context);
    return context.exit_code;
  }
  return context.exit_code;
}

}  // namespace

int Run(const std::vector<std::string>& arguments, CommandContext& context) {
  SafeOutput out(context.out);
  SafeOutput err(context.err);
  std::ostream* const terminal = context.err_is_terminal ? &context.err : nullptr;
  CommandContext safe{out.stream(), err.stream(), context.err_is_terminal, kExitConsistent, terminal};
  context.exit_code = RunSafely(arguments, safe);
  return context.exit_code;
}

}  // namespace pinchbeck::cli
