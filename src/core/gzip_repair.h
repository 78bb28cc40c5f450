// Makes a gzip recording fit for another member after a writer was killed.
#ifndef PINCHBECK_SRC_CORE_GZIP_REPAIR_H_
#define PINCHBECK_SRC_CORE_GZIP_REPAIR_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace pinchbeck::internal {

// When the file's last member has no end, or its content does not end with a newline, rewrites the complete
// lines into a new file in the same folder, which then takes the old one's place in one step. A deflate
// stream cannot be continued by another process, hence the rewriting. Returns the number of bytes of the
// partial line that was dropped.
//
// Cost: one pass over a sound file, two and a rewrite otherwise; constant memory. DataLoss: the file is
// corrupt before its end; it is left alone.
[[nodiscard]] absl::StatusOr<std::int64_t> RepairGzipTail(const std::string& path);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CORE_GZIP_REPAIR_H_
