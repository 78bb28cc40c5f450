// Damaged lines: whatever the bytes, parsing returns, and what it accepts can be written and read again.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pinchbeck/core/observation.h"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/utf8.h"
#include "tests/core/test_support.h"

namespace pinchbeck {
namespace {

using testing::ObservationGenerator;

// Bytes and pieces that mean something in JSON are far likelier to reach odd corners than random bytes.
constexpr std::string_view kPieces[] = {"{",
                                        "}",
                                        "[",
                                        "]",
                                        "\"",
                                        ",",
                                        ":",
                                        "\\",
                                        "\\u",
                                        "\\ud800",
                                        "null",
                                        "true",
                                        "-",
                                        "1e9",
                                        "1e-9",
                                        "1e999",
                                        "-0",
                                        "9223372036854775808",
                                        "\xff",
                                        "\xed\xa0\x80",
                                        "\xEF\xBB\xBF",
                                        " ",
                                        "0",
                                        ".5",
                                        "NaN",
                                        "\n",
                                        "\"probe\":",
                                        "\"top\":[",
                                        "\"logprobs\":[{",
                                        "\"error\":{",
                                        "[[[[",
                                        "{\"a\":"};

std::string Mutate(std::string line, ObservationGenerator& random) {
  for (std::uint64_t edits = 1 + random.Below(4); edits > 0; --edits) {
    const std::size_t at = random.Below(line.size() + 1);
    switch (random.Below(5)) {
      case 0:
        if (at < line.size()) line[at] = static_cast<char>(random.Below(256));
        break;
      case 1:
        line.erase(at, random.Below(8));
        break;
      case 2:
        line.insert(at, kPieces[random.Below(std::size(kPieces))]);
        break;
      case 3:
        line.insert(random.Below(line.size() + 1), line.substr(at, random.Below(40)));
        break;
      default:
        if (random.Below(8) == 0) line.resize(at);
    }
  }
  return line;
}

TEST(ObservationMutationTest, DamagedLinesNeverBreakTheParser) {
  ObservationGenerator random(42);
  std::vector<std::string> lines;
  for (int i = 0; i < 200; ++i) lines.push_back(SerializeObservation(random.Next()));
  int accepted = 0;
  int refused = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::string line = Mutate(lines[random.Below(lines.size())], random);
    const absl::StatusOr<Observation> observation = ParseObservation(line);
    if (!observation.ok()) {
      ++refused;
      ASSERT_EQ(observation.status().code(), absl::StatusCode::kInvalidArgument) << line;
      ASSERT_TRUE(internal::IsValidUtf8(internal::Message(observation.status()))) << line;
      continue;
    }
    ++accepted;
    ASSERT_FALSE(observation->probe.empty()) << line;
    const std::string written = SerializeObservation(*observation);
    const absl::StatusOr<Observation> again = ParseObservation(written);
    ASSERT_TRUE(again.ok()) << line << "\n" << written << "\n" << again.status();
    ASSERT_EQ(SerializeObservation(*again), written) << line;
  }
  // Both sides of the parser were exercised.
  EXPECT_GT(accepted, 1000);
  EXPECT_GT(refused, 5000);
}

}  // namespace
}  // namespace pinchbeck
