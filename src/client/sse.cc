#include "pinchbeck/client/sse.h"

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"

namespace pinchbeck {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

SseParser::SseParser(EventCallback on_event, const SseLimits& limits)
    : on_event_(std::move(on_event)), limits_(limits) {}

absl::Status SseParser::Feed(std::string_view bytes) {
  while (status_.ok() && !bytes.empty()) {
    if (skip_line_feed_) {
      // The line feed of a CR LF pair that was cut in two.
      skip_line_feed_ = false;
      if (bytes.front() == '\n') {
        bytes.remove_prefix(1);
        continue;
      }
    }
    const std::size_t end = bytes.find_first_of("\r\n");
    if (end == std::string_view::npos) return AppendToLine(bytes);
    if (!AppendToLine(bytes.substr(0, end)).ok()) break;
    skip_line_feed_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    const std::string line = std::exchange(line_, std::string());
    ProcessLine(line);
  }
  return status_;
}

absl::Status SseParser::Finish() {
  if (!status_.ok()) return status_;
  if (!line_.empty()) {
    const std::string line = std::exchange(line_, std::string());
    ProcessLine(line);
  }
  if (status_.ok()) Dispatch(/*terminated=*/false);
  return status_;
}

absl::Status SseParser::AppendToLine(std::string_view bytes) {
  if (bytes.size() > limits_.max_line_bytes - line_.size()) {
    status_ = absl::DataLossError("event stream: a line is longer than " +
                                  std::to_string(limits_.max_line_bytes) + " bytes");
  } else {
    line_.append(bytes);
  }
  return status_;
}

void SseParser::ProcessLine(std::string_view line) {
  if (std::exchange(first_line_, false) && line.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
    line.remove_prefix(kByteOrderMark.size());
  }
  if (line.empty()) {
    Dispatch(/*terminated=*/true);
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == 0) {
    ++comments_;
    return;
  }
  std::string_view value;
  if (colon != std::string_view::npos) {
    value = line.substr(colon + 1);
    if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  }
  ProcessField(line.substr(0, colon), value);
}

void SseParser::ProcessField(std::string_view name, std::string_view value) {
  if (name == "data") {
    const std::size_t separator = has_data_ ? 1 : 0;
    if (value.size() + separator > limits_.max_event_bytes - event_.data.size()) {
      status_ = absl::DataLossError("event stream: an event holds more than " +
                                    std::to_string(limits_.max_event_bytes) + " bytes");
      return;
    }
    if (has_data_) event_.data += '\n';
    event_.data.append(value);
    has_data_ = true;
  } else if (name == "event") {
    event_.type = std::string(value);
  } else if (name == "id" && value.find('\0') == std::string_view::npos) {
    event_.last_event_id = std::string(value);
  }
}

void SseParser::Dispatch(bool terminated) {
  if (has_data_) {
    event_.terminated = terminated;
    on_event_(event_);
  }
  event_.type.clear();
  event_.data.clear();
  has_data_ = false;
}

}  // namespace pinchbeck
