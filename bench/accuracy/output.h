// What a run of the benchmark leaves behind.
#ifndef PINCHBECK_BENCH_ACCURACY_OUTPUT_H_
#define PINCHBECK_BENCH_ACCURACY_OUTPUT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bench/accuracy/result.h"
#include "bench/accuracy/row.h"

namespace pinchbeck::accuracy {

// All measurements as JSON, schema "pinchbeck.accuracy/1". Without `timing` equal runs give equal files.
[[nodiscard]] std::string ToJson(const std::vector<Row>& rows, const RowContext& context, bool timing);
// A section with one table a row.
[[nodiscard]] std::string ToMarkdown(const std::vector<Row>& rows);
// The tables of the README: one a row of the benchmark, all contestants side by side.
[[nodiscard]] std::string ToReadmeTable(const std::vector<Row>& rows);

struct Plot {
  std::string file;
  std::string svg;
};
// Power against x for every row with at least two sizes, the receiver operating characteristics, and tokens
// needed by contestant.
[[nodiscard]] std::vector<Plot> ToPlots(const std::vector<Row>& rows);

// Replaces what stands between the lines `<!-- accuracy: begin -->` and `<!-- accuracy: end -->` of a file.
// FailedPrecondition: a marker is missing.
[[nodiscard]] absl::Status ReplaceBetweenMarkers(const std::string& path, const std::string& text);
[[nodiscard]] absl::Status WriteFile(const std::string& path, const std::string& text);

// Sets Measurement::goal from a committed file. NotFound, InvalidArgument: it cannot be read.
[[nodiscard]] absl::Status SetGoals(const std::string& path, std::vector<Row>& rows);

// Compares a quick run with a recorded one, measurement by measurement: one message for each that fell behind
// by more than 2.6 Monte-Carlo errors of the difference, whose false alarms lie above the level, or that is
// missing. InvalidArgument: the file is no recorded run.
[[nodiscard]] absl::StatusOr<std::vector<std::string>> CompareWithRecorded(const std::string& path,
                                                                           const std::vector<Row>& rows);

}  // namespace pinchbeck::accuracy

#endif  // PINCHBECK_BENCH_ACCURACY_OUTPUT_H_
