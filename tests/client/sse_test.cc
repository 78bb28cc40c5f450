#include "pinchbeck/client/sse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace pinchbeck {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Events as "type|data", with "!" in front of one that was not closed by a blank line.
std::vector<std::string> Parse(std::string_view bytes, std::size_t chunk_size, bool finish = true) {
  std::vector<std::string> events;
  SseParser parser([&](const SseEvent& event) {
    events.push_back((event.terminated ? "" : "!") + event.type + "|" + event.data);
  });
  for (std::size_t i = 0; i < bytes.size(); i += chunk_size) {
    EXPECT_TRUE(parser.Feed(bytes.substr(i, chunk_size)).ok());
  }
  if (finish) {
    EXPECT_TRUE(parser.Finish().ok());
  }
  return events;
}

struct Case {
  const char* name;
  std::string bytes;
  std::vector<std::string> events;
};

class SseRules : public ::testing::TestWithParam<Case> {};

TEST_P(SseRules, WholeAndOneByteAtATime) {
  const Case& test = GetParam();
  EXPECT_EQ(Parse(test.bytes, test.bytes.size()), test.events);
  for (std::size_t chunk_size = 1; chunk_size <= 4; ++chunk_size) {
    EXPECT_EQ(Parse(test.bytes, chunk_size), test.events) << "chunks of " << chunk_size;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rules, SseRules,
    ::testing::Values(Case{"LineFeed", "data: a\n\ndata: b\n\n", {"|a", "|b"}},
                      Case{"CarriageReturnLineFeed", "data: a\r\n\r\ndata: b\r\n\r\n", {"|a", "|b"}},
                      Case{"BareCarriageReturn", "data: a\r\rdata: b\r\r", {"|a", "|b"}},
                      Case{"MixedLineEnds", "data: a\r\n\ndata: b\n\r\n", {"|a", "|b"}},
                      Case{"ByteOrderMark",
                           "\xEF\xBB\xBF"
                           "data: a\n\n",
                           {"|a"}},
                      Case{"ByteOrderMarkOnlyAtTheStart",
                           "data: a\n\n\xEF\xBB\xBF"
                           "data: b\n\n",
                           {"|a"}},
                      Case{"CommentsAreSkipped", ": keep-alive\n\n: PROCESSING\n\ndata: a\n\n", {"|a"}},
                      Case{"CommentInsideAnEvent", "data: a\n: note\ndata: b\n\n", {"|a\nb"}},
                      Case{"SeveralDataLines", "data: {\ndata: }\n\n", {"|{\n}"}},
                      Case{"OneLeadingSpaceOnly", "data:  a\n\n", {"| a"}},
                      Case{"NoSpace", "data:a\n\n", {"|a"}},
                      Case{"EventType", "event: error\ndata: x\n\ndata: y\n\n", {"error|x", "|y"}},
                      Case{"TypeWithoutDataIsDropped", "event: ping\n\ndata: y\n\n", {"|y"}},
                      Case{"EmptyDataIsAnEvent", "data:\n\n", {"|"}},
                      Case{"FieldWithoutColon", "data\n\n", {"|"}},
                      Case{"TwoEmptyDataLines", "data\ndata\n\n", {"|\n"}},
                      Case{"UnknownFieldsAreIgnored", "retry: 10\nfoo: bar\ndata: a\n\n", {"|a"}},
                      Case{"ColonInValue", "data: {\"a\": 1}\n\n", {"|{\"a\": 1}"}},
                      Case{"MultibyteCharacters",
                           "data: \xE6\xB0\xB4\xF0\x9F\x8C\x8A\n\n",
                           {"|\xE6\xB0\xB4\xF0\x9F\x8C\x8A"}},
                      Case{"NoFinalBlankLine", "data: a\n\ndata: b\n", {"|a", "!|b"}},
                      Case{"NoFinalLineEnd", "data: a\n\ndata: b", {"|a", "!|b"}},
                      Case{"CutFieldName", "data: a\n\nda", {"|a"}},
                      Case{"OnlyComments", ": a\n: b\n\n\n", {}}, Case{"Nothing", "", {}}),
    [](const ::testing::TestParamInfo<Case>& param) { return std::string(param.param.name); });

TEST(SseParser, EventIdsStayUntilReplacedAndMayNotHoldNul) {
  std::vector<std::string> ids;
  SseParser parser([&](const SseEvent& event) { ids.push_back(event.last_event_id); });
  const std::string bytes("id: 7\ndata: a\n\ndata: b\n\nid: x\0y\ndata: c\n\n", 42);
  ASSERT_TRUE(parser.Feed(bytes).ok());
  EXPECT_THAT(ids, ElementsAre("7", "7", "7"));
}

TEST(SseParser, AnEventIsHandedOnWithItsBlankLineNotLater) {
  EXPECT_THAT(Parse("data: a\n\n", 1, /*finish=*/false), ElementsAre("|a"));
  EXPECT_THAT(Parse("data: a\r\r", 1, /*finish=*/false), ElementsAre("|a"));
  EXPECT_THAT(Parse("data: a\n", 1, /*finish=*/false), ElementsAre());
}

TEST(SseParser, CountsComments) {
  SseParser parser([](const SseEvent&) {});
  ASSERT_TRUE(parser.Feed(": one\n:\n\n: three\n").ok());
  EXPECT_EQ(parser.comments(), 3);
}

TEST(SseParser, ALineBeyondTheLimitIsAnErrorThatStays) {
  SseParser parser([](const SseEvent&) { FAIL() << "no event expected"; },
                   {.max_line_bytes = 10, .max_event_bytes = 100});
  ASSERT_TRUE(parser.Feed("data: 1234").ok());
  const absl::Status status = parser.Feed("5");
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("10 bytes"));
  EXPECT_EQ(parser.Feed("\n\n").code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(parser.Finish().code(), absl::StatusCode::kDataLoss);
}

TEST(SseParser, AnEventBeyondTheLimitIsAnError) {
  SseParser parser([](const SseEvent&) { FAIL() << "no event expected"; },
                   {.max_line_bytes = 100, .max_event_bytes = 8});
  ASSERT_TRUE(parser.Feed("data: 1234\n").ok());
  EXPECT_EQ(parser.Feed("data: 5678\n").code(), absl::StatusCode::kDataLoss);
}

TEST(SseParser, RecordedStreamsGiveTheSameEventsHoweverTheyAreCut) {
  const std::filesystem::path folder =
      std::filesystem::path(PINCHBECK_SOURCE_DIR) / ".." / "shared" / "fixtures" / "llama-server";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no recorded answers at " << folder;
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".sse") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const std::vector<std::string> whole = Parse(bytes, bytes.size());
    ASSERT_GT(whole.size(), 2U) << entry.path();
    EXPECT_EQ(whole.back(), "|[DONE]") << entry.path();
    for (const std::size_t chunk_size : {1, 2, 3, 7, 100}) {
      EXPECT_EQ(Parse(bytes, chunk_size), whole) << entry.path() << " in chunks of " << chunk_size;
    }
    ++files;
  }
  EXPECT_GT(files, 0);
}

}  // namespace
}  // namespace pinchbeck
