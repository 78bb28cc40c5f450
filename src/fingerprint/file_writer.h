// Files that appear whole or not at all.
#ifndef PINCHBECK_SRC_FINGERPRINT_FILE_WRITER_H_
#define PINCHBECK_SRC_FINGERPRINT_FILE_WRITER_H_

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

#include "absl/status/status.h"

namespace pinchbeck::internal {

// Makes a file PATH.part that was not there before, or PATH.part1 and so on. Empty: none can be made.
[[nodiscard]] inline std::string MakeTemporary(const std::string& path) {
  constexpr int kMostNames = 100;
  for (int i = 0; i < kMostNames; ++i) {
    std::string name = path + ".part" + (i > 0 ? std::to_string(i) : "");
    // "x": somebody's file of that name, or what a killed run left, is not written over.
    if (std::FILE* file = std::fopen(name.c_str(), "wbx"); file != nullptr) {
      std::fclose(file);
      return name;
    }
    if (errno != EEXIST) break;
  }
  return "";
}

// Writes to a temporary file beside `path` and renames it. PermissionDenied: the folder cannot be written to.
[[nodiscard]] inline absl::Status ReplaceFile(const std::string& path, std::string_view bytes) {
  const std::string temporary = MakeTemporary(path);
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.flush();
    if (!file) {
      if (!temporary.empty()) std::remove(temporary.c_str());
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
