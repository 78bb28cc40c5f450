#include "src/client/ndjson.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace pinchbeck::internal {

NdjsonParser::NdjsonParser(LineCallback on_line, std::size_t max_line_bytes)
    : on_line_(std::move(on_line)), max_line_bytes_(max_line_bytes) {}

absl::Status NdjsonParser::Feed(std::string_view bytes) {
  while (status_.ok() && !bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    if (line_.size() + piece.size() > max_line_bytes_) {
      status_ = absl::DataLossError("a line of the stream is longer than " + std::to_string(max_line_bytes_) +
                                    " bytes");
      line_.clear();
      break;
    }
    line_.append(piece);
    if (end == std::string_view::npos) break;
    bytes.remove_prefix(end + 1);
    Dispatch(/*terminated=*/true);
  }
  return status_;
}

absl::Status NdjsonParser::Finish() {
  if (status_.ok()) Dispatch(/*terminated=*/false);
  return status_;
}

void NdjsonParser::Dispatch(bool terminated) {
  const std::string line = std::exchange(line_, {});
  if (line.find_first_not_of(" \t\r") != std::string::npos) on_line_(line, terminated);
}

}  // namespace pinchbeck::internal
