#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
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
using testing::ReadBytes;
using testing::ScratchFolder;
using ::testing::StartsWith;
using testing::WriteBytes;

Observation Numbered(std::int64_t sample) {
  Observation observation;
  observation.probe = "p";
  observation.sample = sample;
  observation.response.text = std::string(static_cast<std::size_t>(sample % 97), 'x');
  return observation;
}

std::string Line(std::int64_t sample) { return SerializeObservation(Numbered(sample)) + "\n"; }

// The sample numbers in a recording that must be sound but for its tail.
std::vector<std::int64_t> Samples(const std::string& path, bool* truncated_tail = nullptr) {
  std::vector<std::int64_t> samples;
  absl::StatusOr<RecordingReader> reader = RecordingReader::Open(path);
  EXPECT_TRUE(reader.ok()) << reader.status();
  while (reader.ok()) {
    const auto next = reader->Next();
    EXPECT_TRUE(next.ok()) << next.status();
    if (!next.ok() || !next->has_value()) break;
    samples.push_back((*next)->sample.value_or(-1));
  }
  if (truncated_tail != nullptr) *truncated_tail = reader.ok() && reader->truncated_tail();
  return samples;
}

void AppendOk(const std::string& path, std::initializer_list<std::int64_t> samples,
              std::optional<std::int64_t> repaired = 0) {
  absl::StatusOr<RecordingWriter> writer = RecordingWriter::Open(path);
  ASSERT_TRUE(writer.ok()) << writer.status();
  EXPECT_EQ(writer->repaired_bytes(), repaired.value_or(writer->repaired_bytes()));
  for (const std::int64_t sample : samples) {
    const absl::Status status = writer->Append(Numbered(sample));
    ASSERT_TRUE(status.ok()) << status;
  }
  const absl::Status status = writer->Close();
  ASSERT_TRUE(status.ok()) << status;
}

// The same behaviour is asked of plain and gzip files.
class RecordingWriterTest : public ::testing::TestWithParam<std::string_view> {
 protected:
  bool gzip() const { return GetParam().ends_with(".gz"); }
  std::string Path() const { return folder_.File(GetParam()); }
  std::string Encode(std::string_view text) const { return gzip() ? Gzip(text) : std::string(text); }
  ScratchFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(Formats, RecordingWriterTest, ::testing::Values("r.jsonl", "r.jsonl.gz"),
                         [](const auto& param) { return param.param.ends_with(".gz") ? "gzip" : "plain"; });

TEST_P(RecordingWriterTest, WritesAndAppends) {
  AppendOk(Path(), {1, 2});
  AppendOk(Path(), {3});
  bool truncated = true;
  EXPECT_THAT(Samples(Path(), &truncated), ElementsAre(1, 2, 3));
  EXPECT_FALSE(truncated);
}

TEST_P(RecordingWriterTest, ALineCanBeReadAsSoonAsAppendReturns) {
  absl::StatusOr<RecordingWriter> writer = RecordingWriter::Open(Path());
  ASSERT_TRUE(writer.ok()) << writer.status();
  EXPECT_EQ(writer->path(), Path());
  for (std::int64_t i = 1; i <= 3; ++i) {
    ASSERT_TRUE(writer->Append(Numbered(i)).ok());
    EXPECT_EQ(Samples(Path()).size(), static_cast<std::size_t>(i));
  }
}

TEST_P(RecordingWriterTest, CutsOffAPartialLastLine) {
  WriteBytes(Path(), Encode(Line(1) + Line(2) + "{\"probe\":\"half"));
  AppendOk(Path(), {3}, /*repaired=*/14);
  bool truncated = true;
  EXPECT_THAT(Samples(Path(), &truncated), ElementsAre(1, 2, 3));
  EXPECT_FALSE(truncated);
  EXPECT_EQ(folder_.FileCount(), 1u) << "no temporary file stays behind";
}

// What a reader saw before can only be compared with the size from before the repair.
TEST_P(RecordingWriterTest, TellsTheSizeFromBeforeTheRepair) {
  WriteBytes(Path(), Encode(Line(1) + std::string(20000, 'h')));
  const auto size = [&] { return static_cast<std::int64_t>(std::filesystem::file_size(Path())); };
  const std::int64_t before = size();
  {
    const absl::StatusOr<RecordingWriter> writer = RecordingWriter::Open(Path());
    ASSERT_TRUE(writer.ok()) << writer.status();
    EXPECT_EQ(writer->opened_bytes(), before);
  }
  ASSERT_NE(size(), before) << "the partial line was to be cut off";
  const absl::StatusOr<RecordingWriter> fresh = RecordingWriter::Open(folder_.File("fresh"));
  ASSERT_TRUE(fresh.ok());
  EXPECT_EQ(fresh->opened_bytes(), 0);
}

TEST_P(RecordingWriterTest, CutsOffALongPartialLastLine) {
  const std::string half = "{\"probe\":\"" + std::string(20000, 'h');
  WriteBytes(Path(), Encode(Line(1) + half));
  AppendOk(Path(), {2}, static_cast<std::int64_t>(half.size()));
  EXPECT_THAT(Samples(Path()), ElementsAre(1, 2));
}

TEST_P(RecordingWriterTest, AFileOfOnePartialLineBecomesEmpty) {
  WriteBytes(Path(), Encode("{\"probe"));
  AppendOk(Path(), {1}, /*repaired=*/7);
  EXPECT_THAT(Samples(Path()), ElementsAre(1));
}

TEST_P(RecordingWriterTest, OpeningASoundFileChangesNothing) {
  WriteBytes(Path(), Encode(Line(1)));
  const std::string before = ReadBytes(Path());
  AppendOk(Path(), {});
  EXPECT_EQ(ReadBytes(Path()), before);
}

TEST_P(RecordingWriterTest, KeepsPermissionsAndLinksWhenRepairing) {
  const std::string target = folder_.File("target-of-" + std::string(GetParam()));
  WriteBytes(target, Encode(Line(1) + "half"));
  ASSERT_EQ(::chmod(target.c_str(), 0640), 0);
  std::filesystem::create_symlink(target, Path());
  AppendOk(Path(), {2}, /*repaired=*/4);
  EXPECT_TRUE(std::filesystem::is_symlink(Path()));
  EXPECT_THAT(Samples(target), ElementsAre(1, 2));
  struct stat info = {};
  ASSERT_EQ(::stat(target.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0640u);
}

TEST_P(RecordingWriterTest, RefusesAnObservationWithoutProbe) {
  absl::StatusOr<RecordingWriter> writer = RecordingWriter::Open(Path());
  ASSERT_TRUE(writer.ok()) << writer.status();
  EXPECT_EQ(writer->Append(Observation{}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(writer->Append(Numbered(1)).ok());
  ASSERT_TRUE(writer->Close().ok());
  EXPECT_THAT(Samples(Path()), ElementsAre(1));
}

TEST_P(RecordingWriterTest, ClosingTwiceIsHarmlessAndAppendingAfterwardsIsNot) {
  absl::StatusOr<RecordingWriter> writer = RecordingWriter::Open(Path());
  ASSERT_TRUE(writer.ok()) << writer.status();
  EXPECT_TRUE(writer->Close().ok());
  EXPECT_TRUE(writer->Close().ok());
  const absl::Status status = writer->Append(Numbered(1));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(internal::Message(status), StartsWith(Path()));
}

TEST_P(RecordingWriterTest, ASecondWriterIsRefusedAndLeavesTheFileAlone) {
  WriteBytes(Path(), gzip() ? Gzip(Line(1) + "{\"par") : Line(1) + "{\"par");
  absl::StatusOr<RecordingWriter> first = RecordingWriter::Open(Path());
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(first->Append(Numbered(2)).ok());
  const std::string bytes = ReadBytes(Path());
  const absl::Status status = RecordingWriter::Open(Path()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(internal::Message(status), StartsWith(Path() + ": another process is writing"));
  EXPECT_EQ(ReadBytes(Path()), bytes);
  ASSERT_TRUE(first->Close().ok());
  AppendOk(Path(), {3});
  EXPECT_THAT(Samples(Path()), ElementsAre(1, 2, 3));
}

TEST(GzipRecordingWriterTest, ARepairTouchesNoFileOfTheUsers) {
  const ScratchFolder folder;
  const std::string path = folder.File("r.gz");
  const std::string other = folder.File("r.gz.repair");
  // A process that was killed in the middle of a repair.
  const std::string left_behind = folder.File(".r.gz.pinchbeck-repair");
  WriteBytes(path, Gzip(Line(1) + "{\"par"));
  WriteBytes(other, "mine");
  WriteBytes(left_behind, "half");
  AppendOk(path, {2}, /*repaired=*/5);
  EXPECT_THAT(Samples(path), ElementsAre(1, 2));
  EXPECT_EQ(ReadBytes(other), "mine");
  EXPECT_FALSE(std::filesystem::exists(left_behind));
}

TEST_P(RecordingWriterTest, RefusesWhatCannotBeWritten) {
  std::filesystem::create_directory(Path());
  const auto folder = RecordingWriter::Open(Path());
  EXPECT_EQ(folder.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(internal::Message(folder.status()), StartsWith(Path()));
  const std::string nowhere = folder_.File("no/such/") + std::string(GetParam());
  const auto missing = RecordingWriter::Open(nowhere);
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(internal::Message(missing.status()), StartsWith(nowhere));
}

TEST_P(RecordingWriterTest, RefusesAContentThatContradictsTheNameAndLeavesItAlone) {
  const std::string bytes = gzip() ? Line(1) + "half" : Gzip(Line(1));
  WriteBytes(Path(), bytes);
  const auto writer = RecordingWriter::Open(Path());
  EXPECT_EQ(writer.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadBytes(Path()), bytes);
}

// Gives up the superuser's rights for a while, where the tests run with them.
class OrdinaryUser {
 public:
  OrdinaryUser() : was_superuser_(::geteuid() == 0) {
    constexpr uid_t kNobody = 65534;
    if (!was_superuser_) return;
    EXPECT_EQ(::seteuid(kNobody), 0);
  }
  OrdinaryUser(const OrdinaryUser&) = delete;
  OrdinaryUser& operator=(const OrdinaryUser&) = delete;
  ~OrdinaryUser() {
    if (!was_superuser_) return;
    EXPECT_EQ(::seteuid(0), 0);
  }

 private:
  bool was_superuser_;
};

TEST_P(RecordingWriterTest, ReadOnlyFilesAreRefused) {
  WriteBytes(Path(), Encode(Line(1)));
  ASSERT_EQ(::chmod(Path().c_str(), 0444), 0);
  const OrdinaryUser user;
  const auto writer = RecordingWriter::Open(Path());
  EXPECT_EQ(writer.status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(internal::Message(writer.status()), StartsWith(Path()));
}

TEST_P(RecordingWriterTest, AFullDiskIsReported) {
  // A link to a device that is always full; the name decides about the format.
  std::filesystem::create_symlink("/dev/full", Path());
  absl::StatusOr<RecordingWriter> writer = RecordingWriter::Open(Path());
  ASSERT_TRUE(writer.ok()) << writer.status();
  const absl::Status status = writer->Append(Numbered(1));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(internal::Message(status), StartsWith(Path() + ": cannot write: "));
  EXPECT_FALSE(writer->Close().ok());
}

// Lets no file of this process grow beyond `bytes`, as a full disk would.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    previous_handler_ = ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &previous_);
    rlimit limit = previous_;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &previous_);
    ::signal(SIGXFSZ, previous_handler_);
  }

 private:
  rlimit previous_ = {};
  void (*previous_handler_)(int) = nullptr;
};

TEST_P(RecordingWriterTest, AHalfWrittenLineIsTakenBackWhenTheDiskFills) {
  absl::StatusOr<RecordingWriter> writer = RecordingWriter::Open(Path());
  ASSERT_TRUE(writer.ok()) << writer.status();
  ASSERT_TRUE(writer->Append(Numbered(50)).ok());
  const auto size = std::filesystem::file_size(Path());
  {
    const FileSizeLimit limit(size + 10);
    EXPECT_EQ(writer->Append(Numbered(51)).code(), absl::StatusCode::kResourceExhausted);
  }
  EXPECT_EQ(std::filesystem::file_size(Path()), size);
  EXPECT_THAT(Samples(Path()), ElementsAre(50));
  // With room again a plain file goes on; a compressed stream cannot, and says so, but a new writer can.
  EXPECT_EQ(writer->Append(Numbered(52)).ok(), !gzip());
  EXPECT_EQ(writer->Close().ok(), !gzip());
  AppendOk(Path(), {53});
  using Numbers = std::vector<std::int64_t>;
  EXPECT_EQ(Samples(Path()), gzip() ? Numbers({50, 53}) : Numbers({50, 52, 53}));
}

TEST(GzipRecordingWriterTest, CorruptFilesAreLeftAlone) {
  const ScratchFolder folder;
  const std::string path = folder.File("r.gz");
  std::string bytes = Gzip(Line(1) + Line(2));
  bytes[bytes.size() - 6] = static_cast<char>(bytes[bytes.size() - 6] ^ 1);
  WriteBytes(path, bytes);
  const auto writer = RecordingWriter::Open(path);
  EXPECT_EQ(writer.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(internal::Message(writer.status()), HasSubstr(path));
  EXPECT_EQ(ReadBytes(path), bytes);
}

// Runs a writer that appends observations 0, 1, 2, ... until it is killed; returns how many appends had
// returned when the signal was sent.
std::int64_t KillWriterInFlight(const std::string& path, std::int64_t at_least) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    absl::StatusOr<RecordingWriter> writer = RecordingWriter::Open(path);
    for (std::int64_t i = 0; writer.ok() && writer->Append(Numbered(i)).ok(); ++i) {
      if (::write(ends[1], "x", 1) != 1) break;
    }
    ::_exit(1);
  }
  ::close(ends[1]);
  std::int64_t appended = 0;
  char byte;
  while (appended < at_least && ::read(ends[0], &byte, 1) == 1) ++appended;
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the writer failed before it was killed";
  while (::read(ends[0], &byte, 1) == 1) ++appended;
  ::close(ends[0]);
  return appended;
}

TEST_P(RecordingWriterTest, AKilledWriterLosesAtMostTheLineInFlight) {
  for (int round = 0; round < 5; ++round) {
    SCOPED_TRACE(round);
    std::filesystem::remove(Path());
    const std::int64_t appended = KillWriterInFlight(Path(), 20 + 37 * round);
    std::vector<std::int64_t> samples = Samples(Path());
    // The last line may have been written and not yet counted.
    ASSERT_GE(static_cast<std::int64_t>(samples.size()), appended);
    ASSERT_LE(static_cast<std::int64_t>(samples.size()), appended + 1);
    for (std::size_t i = 0; i < samples.size(); ++i) ASSERT_EQ(samples[i], static_cast<std::int64_t>(i));
    // The line in flight may have been written in part.
    AppendOk(Path(), {777777}, /*repaired=*/std::nullopt);
    samples.push_back(777777);
    bool truncated = true;
    EXPECT_EQ(Samples(Path(), &truncated), samples);
    EXPECT_FALSE(truncated);
  }
}

// What a crash of the whole machine can leave: the file stops at any byte of what was written.
TEST_P(RecordingWriterTest, AFileCutAnywhereLosesOnlyTheCutLine) {
  std::vector<std::size_t> sizes = {0};  // of the file after every line
  {
    absl::StatusOr<RecordingWriter> writer = RecordingWriter::Open(Path());
    ASSERT_TRUE(writer.ok()) << writer.status();
    for (std::int64_t i = 0; i < 3; ++i) {
      ASSERT_TRUE(writer->Append(Numbered(i)).ok());
      sizes.push_back(std::filesystem::file_size(Path()));
    }
    ASSERT_TRUE(writer->Close().ok());
  }
  const std::string bytes = ReadBytes(Path());
  // Every round flushes to disk twice, so only the format with structure is tried byte by byte.
  const std::size_t step = gzip() ? 1 : 5;
  for (std::size_t size = 1; size < bytes.size(); size += step) {
    SCOPED_TRACE(size);
    WriteBytes(Path(), bytes.substr(0, size));
    std::vector<std::int64_t> expected;
    while (expected.size() + 1 < sizes.size() && sizes[expected.size() + 1] <= size) {
      expected.push_back(static_cast<std::int64_t>(expected.size()));
    }
    std::vector<std::int64_t> samples = Samples(Path());
    // The end of a compressed block is only needed to start the next: its line may be complete before.
    ASSERT_GE(samples.size(), expected.size());
    ASSERT_LE(samples.size(), expected.size() + (gzip() ? 1 : 0));
    absl::StatusOr<RecordingWriter> writer = RecordingWriter::Open(Path());
    ASSERT_TRUE(writer.ok()) << writer.status();
    ASSERT_TRUE(writer->Append(Numbered(99)).ok());
    ASSERT_TRUE(writer->Close().ok());
    samples.push_back(99);
    bool truncated = true;
    ASSERT_EQ(Samples(Path(), &truncated), samples);
    ASSERT_FALSE(truncated);
  }
}

}  // namespace
}  // namespace pinchbeck
