// Newline-delimited JSON: the same lines however the bytes are cut, and none too long.
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/client/ndjson.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/pieces.h"

namespace pinchbeck::fuzz {
namespace {

constexpr std::size_t kMaxLineBytes = 128;

struct Parsed {
  std::vector<std::pair<std::string, bool>> lines;
  bool ok = true;
};

Parsed Parse(std::string_view bytes, std::size_t piece) {
  Parsed parsed;
  internal::NdjsonParser parser(
      [&parsed](std::string_view line, bool terminated) { parsed.lines.emplace_back(line, terminated); },
      kMaxLineBytes);
  for (const std::string_view part : Pieces(bytes, piece)) {
    parsed.ok = parser.Feed(part).ok();
    if (!parsed.ok) {
      PINCHBECK_FUZZ_CHECK(!parser.Finish().ok(), "an error does not stay");
      return parsed;
    }
  }
  parsed.ok = parser.Finish().ok();
  return parsed;
}

bool Run(std::string_view input) {
  const std::size_t piece = 1 + TakeByte(input) % 9;
  const Parsed whole = Parse(input, 0);
  const Parsed cut = Parse(input, piece);
  PINCHBECK_FUZZ_CHECK(whole.ok == cut.ok, "the limit depends on how the bytes are cut");
  PINCHBECK_FUZZ_CHECK(whole.lines == cut.lines, "the lines depend on how the bytes are cut");
  for (std::size_t i = 0; i < whole.lines.size(); ++i) {
    const auto& [line, terminated] = whole.lines[i];
    PINCHBECK_FUZZ_CHECK(line.size() <= kMaxLineBytes, "a line is too long");
    PINCHBECK_FUZZ_CHECK(line.find('\n') == std::string::npos, "a line holds a line feed");
    PINCHBECK_FUZZ_CHECK(terminated || i + 1 == whole.lines.size(), "an open line is not the last");
  }
  return whole.ok && !whole.lines.empty();
}

PINCHBECK_FUZZ_TARGET(ndjson, Run);

}  // namespace
}  // namespace pinchbeck::fuzz
