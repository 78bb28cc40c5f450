#include "src/cli/temporary_folder.h"

#include <stdlib.h>

#include <filesystem>
#include <system_error>
#include <utility>

namespace pinchbeck::cli {

absl::StatusOr<TemporaryFolder> TemporaryFolder::Create() {
  std::error_code error;
  std::string pattern = (std::filesystem::temp_directory_path(error) / "pinchbeck-XXXXXX").string();
  if (error || mkdtemp(pattern.data()) == nullptr) {
    return absl::UnavailableError(
        "no temporary folder can be made; set TMPDIR to a folder that can be written");
  }
  return TemporaryFolder(pattern);
}

TemporaryFolder::TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, "")) {}

TemporaryFolder& TemporaryFolder::operator=(TemporaryFolder&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace pinchbeck::cli
