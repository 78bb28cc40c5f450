// Recordings, plain and gzip: reading ends, and appending to whatever is there loses no complete observation.
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "pinchbeck/core/observation.h"
#include "pinchbeck/core/recording.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/scratch_file.h"

namespace pinchbeck::fuzz {
namespace {

constexpr RecordingReaderOptions kOptions{.max_line_bytes = 1 << 16};

struct Content {
  std::vector<std::string> observations;
  // Lines that are no observation.
  std::size_t bad_lines = 0;
  bool opened = false;
  // An error other than that of a single line.
  absl::Status failure;
  bool truncated = false;
};

Content Read(const std::string& path) {
  Content content;
  absl::StatusOr<RecordingReader> reader = RecordingReader::Open(path, kOptions);
  content.failure = reader.status();
  if (!reader.ok()) return content;
  content.opened = true;
  absl::Status last;
  std::int64_t last_line = -1;
  while (true) {
    const absl::StatusOr<std::optional<Observation>> next = reader->Next();
    if (next.ok() && !next->has_value()) break;
    if (next.ok()) {
      content.observations.push_back(SerializeObservation(**next));
      continue;
    }
    // The same error about the same line again: a final one.
    if (next.status() == last && reader->line_number() == last_line) {
      content.failure = last;
      return content;
    }
    last = next.status();
    last_line = reader->line_number();
    ++content.bad_lines;
  }
  content.truncated = reader->truncated_tail();
  return content;
}

bool Run(std::string_view input) {
  static const auto* const kFolder = new ScratchFolder();
  const bool gzip = input.substr(0, 2) == "\x1f\x8b";
  const std::string path = kFolder->Write(gzip ? "r.jsonl.gz" : "r.jsonl", input);
  const Content before = Read(path);
  for (const std::string& line : before.observations) {
    const absl::StatusOr<Observation> again = ParseObservation(line);
    PINCHBECK_FUZZ_CHECK(again.ok(), "what was read cannot be read again: " + again.status().ToString());
    if (again.ok()) PINCHBECK_FUZZ_CHECK(SerializeObservation(*again) == line, "an observation changes");
  }
  if (before.opened && !before.failure.ok()) return false;
  Observation added;
  added.probe = "added";
  {
    absl::StatusOr<RecordingWriter> writer = RecordingWriter::Open(path);
    if (!writer.ok()) {
      PINCHBECK_FUZZ_CHECK(!before.opened,
                           "readable, but not to be appended to: " + writer.status().ToString());
      return false;
    }
    PINCHBECK_FUZZ_CHECK(writer->Append(added).ok() && writer->Close().ok(), "cannot append");
  }
  if (!before.opened) return false;
  const Content after = Read(path);
  PINCHBECK_FUZZ_CHECK(after.opened && after.failure.ok(),
                       "unreadable after appending: " + after.failure.ToString());
  std::vector<std::string> expected = before.observations;
  expected.push_back(SerializeObservation(added));
  PINCHBECK_FUZZ_CHECK(after.observations == expected, "appending changed what was there");
  PINCHBECK_FUZZ_CHECK(after.bad_lines == before.bad_lines, "appending changed the bad lines");
  PINCHBECK_FUZZ_CHECK(!after.truncated, "the file ends in something incomplete after appending");
  return !before.observations.empty();
}

PINCHBECK_FUZZ_TARGET(recording, Run);

}  // namespace
}  // namespace pinchbeck::fuzz
