// Manual pages of the command.
#ifndef PINCHBECK_SRC_CLI_MAN_PAGE_H_
#define PINCHBECK_SRC_CLI_MAN_PAGE_H_

#include <string>
#include <vector>

#include "src/cli/command_tree.h"

namespace pinchbeck::cli {

struct ManPage {
  // "pinchbeck-verify.1", which `man pinchbeck verify` finds.
  std::string file;
  std::string text;
};

// One page for the program and one for each of its commands; what stands below a command is on that command's
// page. The pages hold no date, so that equal trees give equal bytes.
[[nodiscard]] std::vector<ManPage> ManPages(const CommandNode& root);

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_MAN_PAGE_H_
