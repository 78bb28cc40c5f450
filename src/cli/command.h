// What the subcommands of `pinchbeck` share: streams, exit codes, error printing.
#ifndef PINCHBECK_SRC_CLI_COMMAND_H_
#define PINCHBECK_SRC_CLI_COMMAND_H_

#include <iosfwd>
#include <string>

#include "absl/status/status.h"

namespace CLI {
class App;
}

namespace pinchbeck::cli {

enum ExitCode : int {
  kExitConsistent = 0,  // also: done
  kExitDiffers = 1,
  kExitInputError = 2,
  kExitInconclusive = 3,
  kExitNotMeasurable = 4,
  kExitInterrupted = 130,
};

// One run of the command. Commands write the result to `out`, everything else to `err`, and set `exit_code`.
struct CommandContext {
  std::ostream& out;
  std::ostream& err;
  bool err_is_terminal = false;
  int exit_code = kExitConsistent;
  // Where control sequences of our own may go: the progress line. Null when `err` is no terminal.
  std::ostream* terminal = nullptr;
};

// Prints "pinchbeck: message" to `err` and sets the exit code that the status calls for: Unavailable and
// DeadlineExceeded mean not measurable, Cancelled means interrupted, everything else is an input error.
void ReportError(const absl::Status& status, CommandContext& context);

// Each adds one subcommand; its callback runs when the command line names it.
void AddCollectCommand(CLI::App& app, CommandContext& context);
void AddEnrollCommand(CLI::App& app, CommandContext& context);
void AddVerifyCommand(CLI::App& app, CommandContext& context);
void AddCompareCommand(CLI::App& app, CommandContext& context);
void AddIdentifyCommand(CLI::App& app, CommandContext& context);
void AddMonitorCommand(CLI::App& app, CommandContext& context);
void AddMockRelayCommand(CLI::App& app, CommandContext& context);
void AddFingerprintsCommand(CLI::App& app, CommandContext& context);
void AddPlanCommand(CLI::App& app, CommandContext& context);
void AddDoctorCommand(CLI::App& app, CommandContext& context);
void AddChecksCommand(CLI::App& app, CommandContext& context);
void AddImportCommand(CLI::App& app, CommandContext& context);
void AddDemoCommand(CLI::App& app, CommandContext& context);

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_COMMAND_H_
