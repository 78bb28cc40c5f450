// The whole command as a function, so that tests can run it in-process.
#ifndef PINCHBECK_SRC_CLI_RUN_H_
#define PINCHBECK_SRC_CLI_RUN_H_

#include <string>
#include <vector>

#include "src/cli/command.h"

namespace pinchbeck::cli {

// Runs `pinchbeck ARGUMENTS...` (without the program's name) and returns the exit status.
int Run(const std::vector<std::string>& arguments, CommandContext& context);

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_RUN_H_
