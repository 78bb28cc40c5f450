// Splits newline-delimited JSON ("application/x-ndjson") into lines as they arrive.
#ifndef PINCHBECK_SRC_CLIENT_NDJSON_H_
#define PINCHBECK_SRC_CLIENT_NDJSON_H_

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace pinchbeck::internal {

// Chunks may end anywhere. Lines end in LF or CR LF; blank ones are skipped. Memory is bounded by the limit.
class NdjsonParser {
 public:
  // `terminated` is false for a last line without its line feed.
  using LineCallback = std::function<void(std::string_view line, bool terminated)>;

  explicit NdjsonParser(LineCallback on_line, std::size_t max_line_bytes = std::size_t{8} << 20);

  // DataLoss: a line passed its limit; every later call returns the same error.
  [[nodiscard]] absl::Status Feed(std::string_view bytes);
  // The end of the stream: hands on a last line without its line feed.
  [[nodiscard]] absl::Status Finish();

 private:
  void Dispatch(bool terminated);

  LineCallback on_line_;
  std::size_t max_line_bytes_;
  absl::Status status_;
  std::string line_;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_NDJSON_H_
