// Endpoints that do not answer properly, resuming, and ending early.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "pinchbeck/core/observation.h"
#include "pinchbeck/core/recording.h"
#include "src/cli/collection_steps.h"
#include "tests/cli/collect_fixture.h"
#include "tests/client/scripted_server.h"

namespace pinchbeck::cli {
namespace {

using nlohmann::json;
using pinchbeck::testing::CollectCommandTest;
using pinchbeck::testing::ErrorJson;
using pinchbeck::testing::HttpBytes;
using pinchbeck::testing::Outcome;
using pinchbeck::testing::ReadFile;
using pinchbeck::testing::Reply;
using pinchbeck::testing::ScriptedServer;
using pinchbeck::testing::Serve;
using pinchbeck::testing::ServedRequest;
using pinchbeck::testing::UnusedPort;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// --- Endpoints that do not answer properly ---

struct BadEndpoint {
  const char* name;
  Reply reply;
  const char* message;
  const char* advice;
};

class BadEndpoints : public CollectCommandTest, public ::testing::WithParamInterface<BadEndpoint> {};

TEST_P(BadEndpoints, EndWithAClearMessageAndStatusFour) {
  ScriptedServer server([](const ServedRequest&, int) { return GetParam().reply; });
  Outcome outcome;
  // A silent server ends with the time limit. Longer and longer, until this machine has sent a request in
  // time.
  for (const char* timeout : {"0.2", "2", "20"}) {
    std::filesystem::remove(out());
    const bool silent = GetParam().reply.after == Reply::After::kHang;
    outcome = Collect(server.url(), {"--timeout", silent ? timeout : "60"});
    if (!silent || outcome.err.find(GetParam().message) != std::string::npos) break;
  }
  EXPECT_EQ(outcome.exit_code, 4);
  EXPECT_THAT(outcome.err, HasSubstr(GetParam().message));
  EXPECT_THAT(outcome.err, HasSubstr(GetParam().advice));
  const std::vector<Observation> recorded = Recorded();
  EXPECT_GE(recorded.size(), 3U);
  for (const Observation& o : recorded) EXPECT_TRUE(o.error.has_value());
}

INSTANTIATE_TEST_SUITE_P(
    Replies, BadEndpoints,
    ::testing::Values(
        BadEndpoint{"Unauthorized",
                    {HttpBytes(401, ErrorJson("Invalid API Key"))},
                    "Invalid API Key",
                    "check the API key"},
        BadEndpoint{"NotFound", {HttpBytes(404, ErrorJson("File Not Found"))}, "HTTP 404", "/v1"},
        BadEndpoint{"TooManyRequests",
                    {HttpBytes(429, ErrorJson("slow down"), "Retry-After: 3600\r\n")},
                    "HTTP 429",
                    "less concurrency"},
        BadEndpoint{"ServerError", {HttpBytes(500, ErrorJson("boom"))}, "boom", "try again later"},
        BadEndpoint{"WebPage",
                    {HttpBytes(200, "<!DOCTYPE html><html></html>", "", "text/html")},
                    "web page",
                    "usually ends in /v1"},
        BadEndpoint{"ClosesInTheMiddle",
                    {"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"choices\"", Reply::After::kClose},
                    "closed before the answer was complete",
                    "network"},
        BadEndpoint{
            "ResetsInTheMiddle",
            {"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
             "8\r\ndata: {\"\r\n",
             Reply::After::kReset},
            "closed before the answer was complete",
            "network"},
        BadEndpoint{"NeverAnswers", {"", Reply::After::kHang}, "sent no answer in time", "allow more time"},
        BadEndpoint{"NotHttp", {"SSH-2.0-x\r\n", Reply::After::kClose}, "HTTP", "check https against http"},
        BadEndpoint{"Redirects",
                    {HttpBytes(308, "", "Location: https://elsewhere.example/v1\r\n")},
                    "https://elsewhere.example",
                    "use it as base URL"}),
    [](const ::testing::TestParamInfo<BadEndpoint>& param) { return std::string(param.param.name); });

TEST_F(CollectCommandTest, NothingListens) {
  const Outcome outcome = Collect("http://127.0.0.1:" + std::to_string(UnusedPort()) + "/v1");
  EXPECT_EQ(outcome.exit_code, 4);
  EXPECT_THAT(outcome.err, HasSubstr("is the server running"));
}

TEST_F(CollectCommandTest, SomeFailuresAreCountedAndDoNotFailTheCommand) {
  ScriptedServer server([](const ServedRequest& request, int index) {
    return index == 0 ? Reply{HttpBytes(500, ErrorJson("boom"))} : Serve(request);
  });
  const Outcome outcome = Collect(server.url(), {"--concurrency", "1"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("1 failed"));
  EXPECT_THAT(outcome.err, HasSubstr("1 x HTTP 500"));
  EXPECT_EQ(Recorded().size(), 4U);
}

// --- Resuming ---

TEST_F(CollectCommandTest, RefusesToOverwriteARecording) {
  std::ofstream(out()) << "precious\n";
  const Outcome outcome = Collect("http://127.0.0.1:9/v1");
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr(out()), HasSubstr("--resume"), HasSubstr("another name")));
  EXPECT_EQ(ReadFile(out()), "precious\n");
}

TEST_F(CollectCommandTest, RefusesARecordingThatIsBeingWritten) {
  ScriptedServer server([](const ServedRequest& request, int) { return Serve(request); });
  auto writer = RecordingWriter::Open(out());
  ASSERT_TRUE(writer.ok()) << writer.status();
  const Outcome outcome = Collect(server.url(), {"--resume"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr(out() + ": another process is writing"));
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(CollectCommandTest, ResumeSendsOnlyWhatIsMissing) {
  ScriptedServer server([](const ServedRequest& request, int index) {
    return index == 1 ? Reply{HttpBytes(500, ErrorJson("boom"))} : Serve(request);
  });
  ASSERT_EQ(Collect(server.url(), {"--concurrency", "1"}).exit_code, 0);
  const std::string before = ReadFile(out());
  const Outcome outcome = Collect(server.url(), {"--resume", "--json"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("3 already recorded, 1 to send"));
  EXPECT_EQ(json::parse(outcome.out)["skipped_by_resume"], 3);
  EXPECT_EQ(server.requests().size(), 5U);
  EXPECT_EQ(ReadFile(out()).substr(0, before.size()), before);
  EXPECT_EQ(Recorded().size(), 5U);
}

TEST_F(CollectCommandTest, ResumeAfterAKilledWriter) {
  ScriptedServer server([](const ServedRequest& request, int) { return Serve(request); });
  ASSERT_EQ(Collect(server.url()).exit_code, 0);
  std::filesystem::resize_file(out(), std::filesystem::file_size(out()) - 20);
  const Outcome outcome = Collect(server.url(), {"--resume"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(server.requests().size(), 5U);
  EXPECT_EQ(Recorded().size(), 4U);
}

TEST_F(CollectCommandTest, ResumeOfACompleteRecordingSendsNothing) {
  ScriptedServer server([](const ServedRequest& request, int) { return Serve(request); });
  ASSERT_EQ(Collect(server.url()).exit_code, 0);
  EXPECT_EQ(Collect(server.url(), {"--resume"}).exit_code, 0);
  EXPECT_EQ(server.requests().size(), 4U);
}

TEST_F(CollectCommandTest, ResumeWarnsAboutAnswersOfAnotherModel) {
  ScriptedServer server([](const ServedRequest& request, int) { return Serve(request); });
  ASSERT_EQ(Collect(server.url()).exit_code, 0);
  const Outcome outcome = Collect(server.url(), {"--resume", "--max-requests", "1"});
  EXPECT_THAT(outcome.err, Not(HasSubstr("warning")));
  const Outcome other = Run({"collect", "--base-url", server.url(), "--model", "gpt-y", "--battery",
                             battery(), "--samples", "2", "--out", out(), "--resume"});
  EXPECT_THAT(other.err, HasSubstr("4 answers belong to another"));
}

// --- Ending early ---

TEST_F(CollectCommandTest, TheBudgetEndsItCleanly) {
  ScriptedServer server([](const ServedRequest& request, int) { return Serve(request); });
  const Outcome outcome = Collect(server.url(), {"--max-requests", "3", "--json"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("budget ended the collection"), HasSubstr("3 requests")));
  EXPECT_EQ(json::parse(outcome.out)["stop_reason"], "budget");
  EXPECT_EQ(Recorded().size(), 3U);
}

TEST_F(CollectCommandTest, AnInterruptKeepsWhatIsRecordedAndExitsWith130) {
  ScriptedServer server([](const ServedRequest& request, int index) {
    if (index == 1) kill(getpid(), SIGINT);
    return Serve(request);
  });
  const Outcome outcome = Collect(server.url(), {"--concurrency", "1"}, "50");
  EXPECT_EQ(outcome.exit_code, 130);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("interrupted"), HasSubstr("--resume")));
  const std::size_t recorded = Recorded().size();
  EXPECT_GE(recorded, 1U);
  EXPECT_LE(recorded, 3U);
}

TEST_F(CollectCommandTest, AnInterruptThatArrivesTwiceCountsOnce) {
  ScriptedServer server([](const ServedRequest& request, int index) {
    if (index == 1) {
      raise(SIGINT);
      raise(SIGINT);
    }
    return Serve(request);
  });
  const Outcome outcome = Collect(server.url(), {"--concurrency", "1"}, "50");
  EXPECT_EQ(outcome.exit_code, 130);
  EXPECT_THAT(outcome.err, HasSubstr("--resume"));
}

TEST_F(CollectCommandTest, ASecondInterruptQuitsAtOnceAndLosesNothing) {
  EXPECT_EXIT(
      {
        ScriptedServer server([](const ServedRequest& request, int index) {
          if (index == 0) return Serve(request);
          // To this thread, so that the second signal cannot merge with the first.
          raise(SIGINT);
          const auto start = std::chrono::steady_clock::now();
          while (std::chrono::steady_clock::now() - start < std::chrono::milliseconds(80))
            std::this_thread::yield();
          raise(SIGINT);
          return Reply{"", Reply::After::kHang};
        });
        Collect(server.url(), {"--concurrency", "1"});
        _exit(99);  // not reached
      },
      ::testing::ExitedWithCode(130), "");
  EXPECT_EQ(Recorded().size(), 1U);
}

// Between reading what is there and the first request, another process may have written and ended.
TEST(OpenUnchangedTest, WhatGrewSinceItWasReadIsNotContinued) {
  const std::string path = ::testing::TempDir() + "grown-" + std::to_string(getpid()) + ".jsonl";
  std::ofstream(path) << "{\"probe\":\"p\",\"response\":{\"text\":\"1\"}}\n";
  const auto size = std::filesystem::file_size(path);
  EXPECT_TRUE(OpenUnchanged(path, size).ok());
  const auto grown = OpenUnchanged(path, size - 1);
  ASSERT_EQ(grown.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(grown.status().message()), HasSubstr("--resume"));
  EXPECT_EQ(OpenUnchanged(path, 0).status().code(), absl::StatusCode::kFailedPrecondition);
  // Half a line was cut off and a shorter answer written.
  EXPECT_EQ(OpenUnchanged(path, size + 100).status().code(), absl::StatusCode::kFailedPrecondition);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace pinchbeck::cli
