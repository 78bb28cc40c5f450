// Recordings that cannot be written: a full disk, a limit on file sizes, a folder that takes no files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/client/scripted_server.h"
#include "tests/faults/child_process.h"
#include "tests/faults/fault_fixture.h"

namespace pinchbeck {
namespace {

using pinchbeck::testing::ChatBody;
using pinchbeck::testing::ChildOptions;
using pinchbeck::testing::ChildProcess;
using pinchbeck::testing::FaultTest;
using pinchbeck::testing::FileContent;
using pinchbeck::testing::HttpBytes;
using pinchbeck::testing::ReadRecording;
using pinchbeck::testing::RecordingContent;
using pinchbeck::testing::Reply;
using pinchbeck::testing::ScriptedServer;
using pinchbeck::testing::ServedRequest;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kInputError = 2;

Reply Serve(const ServedRequest&, int) { return Reply{HttpBytes(200, ChatBody(std::string(300, '7')))}; }

class DiskTest : public FaultTest {
 protected:
  DiskTest() { WriteBattery(); }

  ChildProcess Start(const std::string& out, int samples = 3) {
    return ChildProcess(CollectOptionsFor(server_.url(), out, samples));
  }

  ScriptedServer server_{Serve};
};

TEST_F(DiskTest, AFullDiskEndsTheCollectionAndSaysSo) {
  if (access("/dev/full", W_OK) != 0) GTEST_SKIP() << "no /dev/full here";
  for (const char* name : {"out.jsonl", "out.jsonl.gz"}) {
    std::filesystem::create_symlink("/dev/full", File(name));
    ChildProcess collect = Start(File(name));
    EXPECT_EQ(collect.ExitCode(), kInputError) << name;
    EXPECT_THAT(FileContent(File("collect.err")), AllOf(HasSubstr(name), HasSubstr("No space left"))) << name;
  }
}

// The limit holds for the process as a full disk would; after it is lifted the same command goes on.
TEST_F(DiskTest, WhatFittedIsKeptAndResumed) {
  for (const char* name : {"out.jsonl", "out.jsonl.gz"}) {
    constexpr int kSamples = 20;
    ChildOptions options = CollectOptionsFor(server_.url(), File(name), kSamples);
    options.before_start = [] {
      constexpr rlim_t kBytes = 1500;
      const rlimit limit{kBytes, RLIM_INFINITY};
      setrlimit(RLIMIT_FSIZE, &limit);
    };
    ChildProcess limited(options);
    EXPECT_EQ(limited.ExitCode(), kInputError) << name << ": " << FileContent(File("collect.err"));
    EXPECT_THAT(FileContent(File("collect.err")), AllOf(HasSubstr(name), HasSubstr("File too large")))
        << name;
    const RecordingContent kept = ReadRecording(File(name));
    EXPECT_GE(kept.lines.size(), 1U) << name;
    EXPECT_LT(kept.lines.size(), std::size_t{4 * kSamples}) << name;
    ChildProcess resumed = Start(File(name), kSamples);
    EXPECT_EQ(resumed.ExitCode(), 0) << name << ": " << FileContent(File("collect.err"));
    const RecordingContent all = ReadRecording(File(name));
    EXPECT_TRUE(all.intact) << name << ": " << all.problem;
    ASSERT_EQ(all.lines.size(), std::size_t{4 * kSamples}) << name;
    for (std::size_t i = 0; i < kept.lines.size(); ++i) EXPECT_EQ(all.lines[i], kept.lines[i]) << name;
  }
}

// Ways that work for every user, root included.
TEST_F(DiskTest, NothingIsSentWhenTheFileCannotBeMade) {
  Write("file", "x");
  std::filesystem::create_directory(File("folder"));
  const struct {
    std::string out;
    const char* reason;
  } cases[] = {
      {File("file") + "/out.jsonl", "Not a directory"},
      {File("missing") + "/out.jsonl", "No such file or directory"},
      {File("folder"), "directory"},
      {"/proc/self/out.jsonl", "out.jsonl"},
  };
  for (const auto& test : cases) {
    ChildProcess collect = Start(test.out);
    EXPECT_EQ(collect.ExitCode(), kInputError) << test.out;
    EXPECT_THAT(FileContent(File("collect.err")), AllOf(HasSubstr(test.out), HasSubstr(test.reason)));
  }
  EXPECT_EQ(server_.connections(), 0);
}

TEST_F(DiskTest, AFolderWithoutWritePermission) {
  if (geteuid() == 0) GTEST_SKIP() << "permissions do not hold for root";
  std::filesystem::create_directory(File("closed"));
  std::filesystem::permissions(File("closed"),
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  ChildProcess collect = Start(File("closed") + "/out.jsonl");
  EXPECT_EQ(collect.ExitCode(), kInputError);
  EXPECT_THAT(FileContent(File("collect.err")), HasSubstr("Permission denied"));
  EXPECT_EQ(server_.connections(), 0);
}

}  // namespace
}  // namespace pinchbeck
