// Server-sent events: the same events however the bytes are cut, bounded, and stable when written again.
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "pinchbeck/client/sse.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/pieces.h"

namespace pinchbeck::fuzz {
namespace {

constexpr SseLimits kLimits{.max_line_bytes = 256, .max_event_bytes = 512};

struct Parsed {
  std::vector<SseEvent> events;
  std::string id;
  bool ok = true;
};

Parsed Parse(std::string_view bytes, std::size_t piece) {
  Parsed parsed;
  SseParser parser([&parsed](const SseEvent& event) { parsed.events.push_back(event); }, kLimits);
  for (const std::string_view part : Pieces(bytes, piece)) {
    const absl::Status status = parser.Feed(part);
    if (!status.ok()) {
      parsed.ok = false;
      PINCHBECK_FUZZ_CHECK(parser.Feed("data: x\n\n") == status, "an error does not stay");
      return parsed;
    }
  }
  parsed.ok = parser.Finish().ok();
  return parsed;
}

bool Same(const Parsed& a, const Parsed& b) {
  if (a.ok != b.ok || a.events.size() != b.events.size()) return false;
  for (std::size_t i = 0; i < a.events.size(); ++i) {
    const SseEvent& x = a.events[i];
    const SseEvent& y = b.events[i];
    if (x.type != y.type || x.data != y.data || x.last_event_id != y.last_event_id ||
        x.terminated != y.terminated) {
      return false;
    }
  }
  return true;
}

// The events as a server with nothing to hide writes them.
std::string Write(const std::vector<SseEvent>& events) {
  std::string text;
  for (const SseEvent& event : events) {
    text += "id: " + event.last_event_id + "\n";
    if (!event.type.empty()) text += "event: " + event.type + "\n";
    std::string_view rest = event.data;
    for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      text += "data: " + std::string(rest.substr(0, end)) + "\n";
      rest.remove_prefix(end + 1);
    }
    text += "data: " + std::string(rest) + "\n\n";
  }
  return text;
}

bool Run(std::string_view input) {
  const std::size_t piece = 1 + TakeByte(input) % 9;
  const Parsed whole = Parse(input, 0);
  const Parsed cut = Parse(input, piece);
  // Which byte passes a limit first may depend on the cut; the events of a healthy stream may not.
  PINCHBECK_FUZZ_CHECK(whole.ok == cut.ok, "a limit depends on how the bytes are cut");
  if (!whole.ok) return false;
  PINCHBECK_FUZZ_CHECK(Same(whole, cut), "the events depend on how the bytes are cut");
  for (const SseEvent& event : whole.events) {
    PINCHBECK_FUZZ_CHECK(event.data.size() <= kLimits.max_event_bytes, "an event is too long");
    PINCHBECK_FUZZ_CHECK(event.type.find_first_of("\r\n") == std::string::npos, "a type with a line break");
    PINCHBECK_FUZZ_CHECK(event.data.find('\r') == std::string::npos, "data with a carriage return");
  }
  Parsed again = Parse(Write(whole.events), 0);
  if (!again.ok) return true;  // a long line became longer by its field name
  Parsed expected = whole;
  for (SseEvent& event : expected.events) event.terminated = true;
  PINCHBECK_FUZZ_CHECK(Same(again, expected), "events change when they are written and read again");
  return !whole.events.empty();
}

PINCHBECK_FUZZ_TARGET(sse, Run);

}  // namespace
}  // namespace pinchbeck::fuzz
