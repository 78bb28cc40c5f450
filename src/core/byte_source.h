// Streams of bytes behind a recording: a plain file or the content of a gzip file.
#ifndef PINCHBECK_SRC_CORE_BYTE_SOURCE_H_
#define PINCHBECK_SRC_CORE_BYTE_SOURCE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "src/internal/posix_file.h"

namespace pinchbeck::internal {

// Whether files of this name hold gzip.
[[nodiscard]] bool IsGzipName(std::string_view path);

// Whether the bytes start as a gzip file does; the prefix of such a start counts as well.
[[nodiscard]] bool StartsLikeGzip(std::string_view bytes);

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Up to `size` bytes; 0 at the end. An error stays: later calls return it again.
  [[nodiscard]] virtual absl::StatusOr<std::size_t> Read(char* out, std::size_t size) = 0;
  // At the end: whether the stream stopped before it was complete (gzip only).
  [[nodiscard]] virtual bool truncated() const { return false; }
};

// Opens a plain file, or gzip by its name. InvalidArgument: a directory, or a content that contradicts the
// name. Errors of Read() name the path, not the line.
[[nodiscard]] absl::StatusOr<std::unique_ptr<ByteSource>> OpenByteSource(const std::string& path);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CORE_BYTE_SOURCE_H_
