// Files that appear whole or not at all.
#ifndef PINCHBECK_SRC_FINGERPRINT_FILE_WRITER_H_
#define PINCHBECK_SRC_FINGERPRINT_FILE_WRITER_H_

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

#include "absl/status/status.h"

namespace pinchbeck::internal {

// Writes to a temporary file beside `path` and renames it. PermissionDenied: the folder cannot be written to.
[[nodiscard]] inline absl::Status ReplaceFile(const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".part";
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.flush();
    if (!file) {
      std::remove(temporary.c_str());
      return absl::PermissionDeniedError(path + ": cannot be written; check the folder and the space left");
    }
  }
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (error) {
    std::remove(temporary.c_str());
    return absl::PermissionDeniedError(path + ": " + error.message());
  }
  return absl::OkStatus();
}

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_FINGERPRINT_FILE_WRITER_H_
