// A folder that disappears with its owner.
#ifndef PINCHBECK_SRC_CLI_TEMPORARY_FOLDER_H_
#define PINCHBECK_SRC_CLI_TEMPORARY_FOLDER_H_

#include <string>

#include "absl/status/statusor.h"

namespace pinchbeck::cli {

class TemporaryFolder {
 public:
  // A new folder that only this user may read, under the system's folder for temporary files.
  [[nodiscard]] static absl::StatusOr<TemporaryFolder> Create();
  TemporaryFolder(TemporaryFolder&& other) noexcept;
  TemporaryFolder& operator=(TemporaryFolder&& other) noexcept;
  ~TemporaryFolder();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_TEMPORARY_FOLDER_H_
