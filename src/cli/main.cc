#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "src/cli/process_limits.h"
#include "src/cli/run.h"

int main(int argc, char** argv) {
  pinchbeck::cli::AllowManyFiles();
  pinchbeck::cli::ReportFileSizeLimits();
  pinchbeck::cli::CommandContext context{std::cout, std::cerr, isatty(STDERR_FILENO) == 1};
  return pinchbeck::cli::Run(std::vector<std::string>(argv + 1, argv + argc), context);
}
