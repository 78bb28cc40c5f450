// SHA-256 of files of any size.
#ifndef PINCHBECK_SRC_INTERNAL_FILE_DIGEST_H_
#define PINCHBECK_SRC_INTERNAL_FILE_DIGEST_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace pinchbeck::internal {

struct FileDigest {
  // 64 lower-case hexadecimal digits.
  std::string sha256;
  std::uint64_t bytes = 0;
};

// Reads the file once, in pieces. Errors name the path, as OpenForReading()'s do.
[[nodiscard]] absl::StatusOr<FileDigest> DigestFile(const std::string& path);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_INTERNAL_FILE_DIGEST_H_
