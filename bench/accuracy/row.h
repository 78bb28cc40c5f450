// A row of the accuracy table: one data set, one task, all contestants on the same draws.
#ifndef PINCHBECK_BENCH_ACCURACY_ROW_H_
#define PINCHBECK_BENCH_ACCURACY_ROW_H_

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/accuracy/result.h"

namespace pinchbeck::accuracy {

// Which models belong to the development half, on which defaults were chosen: "SOURCE/NAME". All others are
// the reporting half.
class DataSplit {
 public:
  DataSplit() = default;
  explicit DataSplit(std::set<std::string> development) : development_(std::move(development)) {}
  // Lines "SOURCE/NAME"; blank lines and lines that start with '#' are skipped. InvalidArgument names the
  // line.
  [[nodiscard]] static absl::StatusOr<DataSplit> Load(const std::string& path);
  [[nodiscard]] bool Reports(const std::string& source, const std::string& name) const {
    return development_.count(source + "/" + name) == 0;
  }

 private:
  std::set<std::string> development_;
};

struct RowContext {
  // Folder of the recordings.
  std::string data;
  DataSplit split;
  std::uint64_t seed = 1;
  int threads = 1;
  // Relabelings of permutation tests.
  std::int64_t permutations = 999;
  // Few draws and fewer sizes.
  bool quick = false;
  // Draws per pair instead of the row's own number; 0: the row's own.
  int draws = 0;

  // The number of draws of a full or quick run unless the caller overrides both.
  [[nodiscard]] int Draws(int full, int few) const { return draws > 0 ? draws : quick ? few : full; }
};

// Measures a row. NotFound: a recording that it needs is missing, so the row is skipped with that message.
using RowFunction = absl::StatusOr<Row> (*)(const RowContext& context);

struct RegisteredRow {
  std::string_view id;
  RowFunction measure;
};

// Every row, in the order of the table. To add one, write a function in rows/ and list it in rows.cc.
[[nodiscard]] const std::vector<RegisteredRow>& Rows();

// The functions behind the registry, one file each under rows/.
[[nodiscard]] absl::StatusOr<Row> MeasureNumberPower(const RowContext& context);
[[nodiscard]] absl::StatusOr<Row> MeasureNumberVerdict(const RowContext& context);
[[nodiscard]] absl::StatusOr<Row> MeasureNumberMixture(const RowContext& context);
[[nodiscard]] absl::StatusOr<Row> MeasureNumberLongMixture(const RowContext& context);
[[nodiscard]] absl::StatusOr<Row> MeasureNumberIdentify(const RowContext& context);
[[nodiscard]] absl::StatusOr<Row> MeasureCodeLength(const RowContext& context);
[[nodiscard]] absl::StatusOr<Row> MeasureTextSiblings(const RowContext& context);
[[nodiscard]] absl::StatusOr<Row> MeasureQuantization(const RowContext& context);
[[nodiscard]] absl::StatusOr<Row> MeasureHonestServings(const RowContext& context);
[[nodiscard]] absl::StatusOr<Row> MeasureServedLatency(const RowContext& context);
[[nodiscard]] absl::StatusOr<Row> MeasureMonitorRedirect(const RowContext& context);

}  // namespace pinchbeck::accuracy

#endif  // PINCHBECK_BENCH_ACCURACY_ROW_H_
