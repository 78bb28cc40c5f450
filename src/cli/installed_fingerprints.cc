#include "src/cli/installed_fingerprints.h"

#include <filesystem>
#include <system_error>

namespace pinchbeck::cli {
namespace {

namespace fs = std::filesystem;

// Links are followed: the data lie beside the program itself. Empty where the system does not tell.
fs::path RunningProgram() {
  std::error_code error;
  fs::path program = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path() : program;
}

}  // namespace

std::string InstalledFingerprints(const std::string& program) {
  const fs::path running = program.empty() ? RunningProgram() : fs::path(program);
  if (running.empty()) return "";
  const fs::path folder = (running.parent_path() / PINCHBECK_FINGERPRINTS_FROM_PROGRAM).lexically_normal();
  std::error_code error;
  return fs::is_directory(folder, error) ? folder.string() : "";
}

std::string FolderOrInstalled(const std::string& folder, const std::string& program) {
  std::error_code error;
  if (fs::exists(folder, error)) return folder;
  std::string installed = InstalledFingerprints(program);
  return installed.empty() ? folder : installed;
}

}  // namespace pinchbeck::cli
