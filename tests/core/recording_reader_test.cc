#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "pinchbeck/core/recording.h"
#include "pinchbeck/internal/absl_strings.h"
#include "tests/core/test_support.h"

namespace pinchbeck {
namespace {

using ::testing::ElementsAre;
using testing::Gzip;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ReadBytes;
using testing::ScratchFolder;
using ::testing::StartsWith;
using testing::WriteBytes;

// What reading a file to its end gives.
struct Outcome {
  std::vector<std::string> probes;
  absl::Status status;
  bool truncated_tail = false;
};

Outcome ReadAll(const std::string& path, const RecordingReaderOptions& options = {}) {
  Outcome outcome;
  absl::StatusOr<RecordingReader> reader = RecordingReader::Open(path, options);
  if (!reader.ok()) {
    outcome.status = reader.status();
    return outcome;
  }
  for (;;) {
    absl::StatusOr<std::optional<Observation>> next = reader->Next();
    outcome.status = next.status();
    if (!next.ok() || !next->has_value()) break;
    outcome.probes.push_back((*next)->probe);
  }
  outcome.truncated_tail = reader->truncated_tail();
  return outcome;
}

std::string Line(std::string_view probe) { return "{\"probe\":\"" + std::string(probe) + "\"}\n"; }

class RecordingReaderTest : public ::testing::Test {
 protected:
  std::string Write(std::string_view name, std::string_view bytes) {
    const std::string path = folder_.File(name);
    WriteBytes(path, bytes);
    return path;
  }
  ScratchFolder folder_;
};

TEST_F(RecordingReaderTest, ReadsPlainAndGzipAlike) {
  const std::string text = Line("a") + Line("b");
  for (const std::string& path : {Write("r.jsonl", text), Write("r.jsonl.gz", Gzip(text))}) {
    SCOPED_TRACE(path);
    const Outcome outcome = ReadAll(path);
    EXPECT_TRUE(outcome.status.ok()) << outcome.status;
    EXPECT_THAT(outcome.probes, ElementsAre("a", "b"));
    EXPECT_FALSE(outcome.truncated_tail);
  }
}

TEST_F(RecordingReaderTest, SkipsBlankLinesCarriageReturnsAndTheByteOrderMark) {
  const Outcome outcome =
      ReadAll(Write("r.jsonl", "\xEF\xBB\xBF{\"probe\":\"a\"}\r\n\n  \t\r\n{\"probe\":\"b\"}\r\n\n"));
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_THAT(outcome.probes, ElementsAre("a", "b"));
  EXPECT_FALSE(outcome.truncated_tail);
}

TEST_F(RecordingReaderTest, GivesTheRawLineAndItsNumber) {
  const std::string path = Write("r.jsonl", "\n" + Line("a") + "\n" + Line("b"));
  auto reader = RecordingReader::Open(path);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ(reader->path(), path);
  ASSERT_TRUE(reader->Next().ok());
  EXPECT_EQ(reader->line_number(), 2);
  EXPECT_EQ(reader->line(), "{\"probe\":\"a\"}");
  ASSERT_TRUE(reader->Next().ok());
  EXPECT_EQ(reader->line_number(), 4);
  EXPECT_EQ(reader->line(), "{\"probe\":\"b\"}");
  for (int i = 0; i < 2; ++i) {
    const auto end = reader->Next();
    ASSERT_TRUE(end.ok());
    EXPECT_FALSE(end->has_value());
  }
}

TEST_F(RecordingReaderTest, ErrorsNameFileAndLineAndTheNextLineCanStillBeRead) {
  const std::string path = Write("r.jsonl", Line("a") + "\n{\"probe\":3}\n" + Line("b"));
  auto reader = RecordingReader::Open(path);
  ASSERT_TRUE(reader.ok()) << reader.status();
  ASSERT_TRUE(reader->Next().ok());
  const auto bad = reader->Next();
  EXPECT_EQ(bad.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(internal::Message(bad.status()), path + ":3: probe: expected a string, got a number");
  const auto good = reader->Next();
  ASSERT_TRUE(good.ok()) << good.status();
  EXPECT_EQ((*good)->probe, "b");
}

TEST_F(RecordingReaderTest, DropsALastLineWithoutNewline) {
  // Even a complete object: without its newline nobody can tell that more was not to follow.
  for (const std::string_view tail : {"{\"probe\":\"b\",\"resp", "{\"probe\":\"b\"}", "x"}) {
    SCOPED_TRACE(tail);
    const std::string text = Line("a") + std::string(tail);
    for (const std::string& path : {Write("t.jsonl", text), Write("t.jsonl.gz", Gzip(text))}) {
      const Outcome outcome = ReadAll(path);
      EXPECT_TRUE(outcome.status.ok()) << outcome.status;
      EXPECT_THAT(outcome.probes, ElementsAre("a"));
      EXPECT_TRUE(outcome.truncated_tail);
    }
  }
}

TEST_F(RecordingReaderTest, AFileWithOnlyAPartialLineIsTruncatedNotEmpty) {
  const Outcome outcome = ReadAll(Write("r.jsonl", "{\"pro"));
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_THAT(outcome.probes, IsEmpty());
  EXPECT_TRUE(outcome.truncated_tail);
}

TEST_F(RecordingReaderTest, RefusesWhatIsNoRecording) {
  std::filesystem::create_directory(folder_.File("folder"));
  struct Case {
    std::string_view name;
    std::string path;
    absl::StatusCode code;
    std::string_view message;
  };
  const std::vector<Case> cases = {
      {"missing", folder_.File("none.jsonl"), absl::StatusCode::kNotFound, "cannot open for reading"},
      {"missing folder", folder_.File("no/such.jsonl"), absl::StatusCode::kNotFound, "no/such.jsonl"},
      {"folder", folder_.File("folder"), absl::StatusCode::kInvalidArgument, "expected a file"},
      {"empty", Write("e.jsonl", ""), absl::StatusCode::kInvalidArgument, "no observations"},
      {"blank", Write("b.jsonl", " \n\r\n\t\n  "), absl::StatusCode::kInvalidArgument, "no observations"},
      {"empty gzip file", Write("e.gz", ""), absl::StatusCode::kInvalidArgument, "no observations"},
      {"empty gzip content", Write("c.gz", Gzip("")), absl::StatusCode::kInvalidArgument, "no observations"},
      {"plain named gzip", Write("p.gz", Line("a")), absl::StatusCode::kInvalidArgument, "is not gzip data"},
      {"gzip named plain", Write("g.jsonl", Gzip(Line("a"))), absl::StatusCode::kInvalidArgument,
       "name that ends in .gz"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const auto reader = RecordingReader::Open(c.path);
    ASSERT_FALSE(reader.ok());
    EXPECT_EQ(reader.status().code(), c.code);
    EXPECT_THAT(internal::Message(reader.status()), StartsWith(c.path));
    EXPECT_THAT(internal::Message(reader.status()), HasSubstr(std::string(c.message)));
  }
}

TEST_F(RecordingReaderTest, RefusesLinesBeyondTheLimit) {
  RecordingReaderOptions options;
  options.max_line_bytes = 1000;
  const std::string fits = "{\"probe\":\"" + std::string(988, 'x') + "\"}\n";
  ASSERT_EQ(fits.size(), 1001u);
  const std::string text = fits + "{\"probe\":\"" + std::string(989, 'x') + "\"}\n" + Line("b");
  for (const std::string& path : {Write("r.jsonl", text), Write("r.jsonl.gz", Gzip(text))}) {
    SCOPED_TRACE(path);
    const Outcome outcome = ReadAll(path, options);
    EXPECT_EQ(outcome.probes.size(), 1u);
    EXPECT_EQ(outcome.status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(internal::Message(outcome.status),
                StartsWith(path + ":2: the line is longer than 1000 bytes"));
  }
}

TEST_F(RecordingReaderTest, AnEndlessLineIsRefusedWithoutReadingItAll) {
  // The device never ends: only a limit that is enforced while reading returns.
  const Outcome outcome = ReadAll("/dev/zero");
  EXPECT_EQ(outcome.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(internal::Message(outcome.status), StartsWith("/dev/zero:1: the line is longer"));
}

TEST_F(RecordingReaderTest, LinesMayCrossManyBlocks) {
  std::string text;
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < 60; ++i) {
    expected.push_back(std::string(1 + i * 5003, static_cast<char>('a' + i % 26)));
    text += Line(expected.back());
  }
  for (const std::string& path : {Write("r.jsonl", text), Write("r.jsonl.gz", Gzip(text))}) {
    const Outcome outcome = ReadAll(path);
    EXPECT_TRUE(outcome.status.ok()) << outcome.status;
    EXPECT_TRUE(outcome.probes == expected) << path;
  }
}

TEST_F(RecordingReaderTest, ReadsAllMembersOfAGzipFile) {
  const Outcome outcome =
      ReadAll(Write("r.gz", Gzip(Line("a") + "{\"pro") + Gzip("be\":\"b\"}\n") + Gzip("") + Gzip(Line("c"))));
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_THAT(outcome.probes, ElementsAre("a", "b", "c"));
  EXPECT_FALSE(outcome.truncated_tail);
}

TEST_F(RecordingReaderTest, ZeroPaddingBehindGzipDataIsIgnored) {
  const Outcome outcome = ReadAll(Write("r.gz", Gzip(Line("a")) + std::string(512, '\0')));
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_THAT(outcome.probes, ElementsAre("a"));
}

TEST_F(RecordingReaderTest, GarbageBehindGzipDataIsDataLoss) {
  const std::string path = Write("r.gz", Gzip(Line("a")) + "garbage");
  const Outcome outcome = ReadAll(path);
  EXPECT_EQ(outcome.status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(outcome.probes, ElementsAre("a"));
  EXPECT_THAT(internal::Message(outcome.status), StartsWith(path + ":2: bytes that are not gzip"));
}

TEST_F(RecordingReaderTest, CorruptGzipDataNamesTheLineReached) {
  std::string text;
  testing::ObservationGenerator generator(3);
  for (int i = 0; i < 2000; ++i) text += SerializeObservation(generator.Next()) + "\n";
  std::string bytes = Gzip(text);
  for (std::size_t i = 0; i < 40; ++i) bytes[bytes.size() / 2 + i] = '\x55';
  const std::string path = Write("r.gz", bytes);
  const Outcome outcome = ReadAll(path);
  ASSERT_FALSE(outcome.status.ok());
  EXPECT_FALSE(outcome.truncated_tail);
  // The damage may show first as text that is no JSON, or as invalid compressed data.
  const std::string where = path + ":" + std::to_string(outcome.probes.size() + 1) + ": ";
  EXPECT_THAT(internal::Message(outcome.status), StartsWith(where));
  EXPECT_GT(outcome.probes.size(), 500u);
  EXPECT_LT(outcome.probes.size(), 1500u);
}

TEST_F(RecordingReaderTest, AWrongChecksumIsDataLossAndStays) {
  std::string bytes = Gzip(Line("a"));
  bytes[bytes.size() - 6] = static_cast<char>(bytes[bytes.size() - 6] ^ 1);
  auto reader = RecordingReader::Open(Write("r.gz", bytes));
  ASSERT_TRUE(reader.ok()) << reader.status();
  ASSERT_TRUE(reader->Next().ok());
  for (int i = 0; i < 2; ++i) {
    const auto next = reader->Next();
    EXPECT_EQ(next.status().code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(internal::Message(next.status()), HasSubstr("r.gz:2: corrupt gzip data"));
  }
}

TEST_F(RecordingReaderTest, AGzipStreamCutAnywhereGivesItsCompleteLines) {
  const std::string bytes = Gzip(Line("a") + Line("b") + Line("c"));
  const std::string path = folder_.File("r.gz");
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    SCOPED_TRACE(size);
    WriteBytes(path, bytes.substr(0, size));
    const Outcome outcome = ReadAll(path);
    ASSERT_TRUE(outcome.status.ok()) << outcome.status;
    ASSERT_TRUE(outcome.truncated_tail);
    ASSERT_LE(outcome.probes.size(), 3u);
  }
}

TEST_F(RecordingReaderTest, ALineOfAPipeIsHandedOutBeforeThePipeEnds) {
  const std::string path = folder_.File("pipe");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  int writer_fd = -1;
  std::thread writer([&] {
    writer_fd = ::open(path.c_str(), O_WRONLY);
    const std::string line = Line("a");
    EXPECT_EQ(::write(writer_fd, line.data(), line.size()), static_cast<ssize_t>(line.size()));
  });
  auto reader = RecordingReader::Open(path);
  writer.join();
  ASSERT_TRUE(reader.ok()) << reader.status();
  const auto first = reader->Next();  // the other end is still open
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ((*first)->probe, "a");
  ::close(writer_fd);
  const auto end = reader->Next();
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_FALSE(end->has_value());
}

}  // namespace
}  // namespace pinchbeck
