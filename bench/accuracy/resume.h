// Rows kept on disk as they are finished, so that a run that was broken off can be taken up again.
#ifndef PINCHBECK_BENCH_ACCURACY_RESUME_H_
#define PINCHBECK_BENCH_ACCURACY_RESUME_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "bench/accuracy/result.h"
#include "bench/accuracy/row.h"

namespace pinchbeck::accuracy {

// Everything that a row's result depends on but the recordings: the options, and a digest of the program's
// file. Threads are not among it.
[[nodiscard]] std::string RunKey(const RowContext& context, const std::string& program);

// Keeps a row, goals left out, in FOLDER/rows/ID.json. PermissionDenied: it cannot be written.
[[nodiscard]] absl::Status KeepRow(const std::string& folder, const std::string& key, const Row& row);
// The row if it was kept with this key; nothing where there is none, of another key, or a broken file.
[[nodiscard]] std::optional<Row> KeptRow(const std::string& folder, const std::string& key,
                                         const std::string& id);

}  // namespace pinchbeck::accuracy

#endif  // PINCHBECK_BENCH_ACCURACY_RESUME_H_
