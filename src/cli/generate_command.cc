#include "src/cli/generate_command.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <system_error>

#include "absl/status/status.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/cli/command.h"
#include "src/cli/command_tree.h"
#include "src/cli/completion.h"
#include "src/cli/man_page.h"

namespace pinchbeck::cli {
namespace {

absl::Status WriteFile(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) return absl::InvalidArgumentError("--out: cannot write " + path.string());
  return absl::OkStatus();
}

absl::Status WriteAll(const CommandNode& root, const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder / "man1", error);
  if (error)
    return absl::InvalidArgumentError("--out: cannot make " + folder.string() + ": " + error.message());
  for (const ManPage& page : ManPages(root)) {
    PINCHBECK_RETURN_IF_ERROR(WriteFile(folder / "man1" / page.file, page.text));
  }
  PINCHBECK_RETURN_IF_ERROR(WriteFile(folder / "pinchbeck.bash", BashCompletion(root)));
  return WriteFile(folder / "_pinchbeck", ZshCompletion(root));
}

}  // namespace

void AddGenerateCommand(CLI::App& app, CommandContext& context) {
  CLI::App* command =
      app.add_subcommand("generate", "Write manual pages and shell completion of this command");
  command->group("");
  auto folder = std::make_shared<std::string>();
  command->add_option("--out", *folder, "folder to write man1/*.1, pinchbeck.bash and _pinchbeck to")
      ->required();
  command->callback([folder, &app, &context] {
    if (const absl::Status status = WriteAll(ReadCommandTree(app), *folder); !status.ok()) {
      ReportError(status, context);
    }
  });
}

}  // namespace pinchbeck::cli
