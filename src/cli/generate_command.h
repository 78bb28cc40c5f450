// `pinchbeck generate`, which no help shows: only a build needs it.
#ifndef PINCHBECK_SRC_CLI_GENERATE_COMMAND_H_
#define PINCHBECK_SRC_CLI_GENERATE_COMMAND_H_

#include "src/cli/command.h"

namespace pinchbeck::cli {

// Adds the subcommand, which writes manual pages and shell completion of all that was added to `app`.
void AddGenerateCommand(CLI::App& app, CommandContext& context);

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_GENERATE_COMMAND_H_
