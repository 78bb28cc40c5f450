// Reads every recording of the shared material beside the checkout, where there is one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "pinchbeck/core/recording.h"
#include "pinchbeck/internal/absl_strings.h"

namespace pinchbeck {
namespace {

namespace fs = std::filesystem;

const fs::path kData = fs::path(PINCHBECK_SOURCE_DIR) / ".." / "shared" / "data";

std::vector<fs::path> GzipFiles() {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(kData)) {
    if (entry.path().string().ends_with(".jsonl.gz")) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

// Feature rows and prompts: JSON Lines of other shapes, without probes.
bool HoldsObservations(const fs::path& file) {
  const std::string folder = file.parent_path().filename().string();
  return folder != "numeric" && folder != "prompts";
}

TEST(SharedRecordingsTest, EveryLineParses) {
  if (!fs::is_directory(kData)) GTEST_SKIP() << kData << " does not exist";
  std::int64_t observations = 0;
  for (const fs::path& file : GzipFiles()) {
    SCOPED_TRACE(file.string());
    absl::StatusOr<RecordingReader> reader = RecordingReader::Open(file.string());
    ASSERT_TRUE(reader.ok()) << reader.status();
    if (!HoldsObservations(file)) {
      EXPECT_THAT(internal::Message(reader->Next().status()), ::testing::HasSubstr(":1: probe: missing"));
      continue;
    }
    for (;;) {
      const auto next = reader->Next();
      ASSERT_TRUE(next.ok()) << next.status();
      if (!next->has_value()) break;
      ++observations;
    }
    EXPECT_FALSE(reader->truncated_tail());
  }
  EXPECT_GT(observations, 100000);
}

}  // namespace
}  // namespace pinchbeck
