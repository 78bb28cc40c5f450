// Incremental parser of server-sent events (the "text/event-stream" format of the WHATWG HTML standard).
#ifndef PINCHBECK_CLIENT_SSE_H_
#define PINCHBECK_CLIENT_SSE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace pinchbeck {

struct SseEvent {
  // Value of the `event:` field; empty means "message".
  std::string type;
  // The `data:` lines joined with newlines.
  std::string data;
  // Value of the latest `id:` field of the stream.
  std::string last_event_id;
  // False for a last event that the stream did not close with a blank line. The standard drops such an event;
  // some servers forget the line, so it is handed on and the receiver decides.
  bool terminated = true;
};

struct SseLimits {
  std::size_t max_line_bytes = std::size_t{8} << 20;
  // Bytes of data that one event may hold.
  std::size_t max_event_bytes = std::size_t{8} << 20;
};

// Turns bytes into events. Chunks may end anywhere: inside a UTF-8 sequence, a field name or between CR and
// LF. Lines end in LF, CR LF or CR; a leading byte order mark, comments and unknown fields are skipped.
// The parser does not check UTF-8. Memory is bounded by the limits; time is linear in the input.
class SseParser {
 public:
  using EventCallback = std::function<void(const SseEvent&)>;

  explicit SseParser(EventCallback on_event, const SseLimits& limits = {});

  // Parses the next bytes and calls back for each event they complete. DataLoss: a line or an event passed
  // its limit; every later call returns the same error.
  [[nodiscard]] absl::Status Feed(std::string_view bytes);

  // The end of the stream: hands on a last event without its closing blank line.
  [[nodiscard]] absl::Status Finish();

  // Comment lines so far (servers send them to keep the connection open).
  [[nodiscard]] std::int64_t comments() const { return comments_; }

 private:
  void ProcessLine(std::string_view line);
  void ProcessField(std::string_view name, std::string_view value);
  void Dispatch(bool terminated);
  absl::Status AppendToLine(std::string_view bytes);

  EventCallback on_event_;
  SseLimits limits_;
  absl::Status status_;
  std::string line_;
  SseEvent event_;
  bool has_data_ = false;
  bool first_line_ = true;
  bool skip_line_feed_ = false;
  std::int64_t comments_ = 0;
};

}  // namespace pinchbeck

#endif  // PINCHBECK_CLIENT_SSE_H_
