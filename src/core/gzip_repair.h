// Makes a gzip recording fit for another member after a writer was killed.
#ifndef PINCHBECK_SRC_CORE_GZIP_REPAIR_H_
#define PINCHBECK_SRC_CORE_GZIP_REPAIR_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "src/internal/posix_file.h"

namespace pinchbeck::internal {

struct GzipRepair {
  // Bytes of the partial line that was dropped.
  std::int64_t dropped_bytes = 0;
  // Open for appending and locked, when another file has taken the place of the old one.
  FileDescriptor replacement;
};

// When the file's last member has no end, or its content does not end with a newline, rewrites the complete
// lines into a new file in the same folder, which then takes the old one's place in one step. A deflate
// stream cannot be continued by another process, hence the rewriting. The caller holds the file's lock
// (LockForWriting), under which the new file has a fixed name at first: what a process killed in the middle
// leaves behind is taken away by the next repair.
//
// Cost: one pass over a sound file, two and a rewrite otherwise; constant memory. DataLoss: the file is
// corrupt before its end; it is left alone.
[[nodiscard]] absl::StatusOr<GzipRepair> RepairGzipTail(const std::string& path);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CORE_GZIP_REPAIR_H_
