// Runs `pinchbeck collect` in this process against a scripted server.
#ifndef PINCHBECK_TESTS_CLI_COLLECT_FIXTURE_H_
#define PINCHBECK_TESTS_CLI_COLLECT_FIXTURE_H_

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/core/observation.h"
#include "pinchbeck/core/recording.h"
#include "src/cli/command.h"
#include "tests/client/scripted_server.h"

namespace pinchbeck::testing {

using cli::AddCollectCommand;
using cli::CommandContext;

inline constexpr const char* kCanary = "canary-key-7f3a9c";
inline constexpr const char* kKeyVariable = "PINCHBECK_TEST_KEY";

struct Outcome {
  int exit_code = 0;
  std::string out;
  std::string err;
};

inline std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

// The running test's name, fit for a file name.
inline std::string TestName() {
  std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

class CollectCommandTest : public ::testing::Test {
 protected:
  CollectCommandTest() {
    folder_ = std::filesystem::temp_directory_path() /
              ("pinchbeck_collect_" + std::to_string(getpid()) + "_" + TestName());
    std::filesystem::create_directories(folder_);
    unsetenv("OPENAI_API_KEY");
    setenv(kKeyVariable, kCanary, 1);
    std::ofstream(battery()) << R"({"schema":"pinchbeck.battery/1","name":"tiny","version":"1","probes":[
      {"id":"a","group":"choice","signals":["choice"],"messages":[{"role":"user","content":"Pick."}],
       "sampling":{"temperature":1,"max_tokens":4}},
      {"id":"b","group":"text","signals":["text"],"messages":[{"role":"user","content":"Tell."}],
       "sampling":{"temperature":1,"max_tokens":8,"stream":true}}]})";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string battery() const { return (folder_ / "battery.json").string(); }
  std::string out() const { return (folder_ / "out.jsonl").string(); }

  // `collect` with the usual flags, then `more`.
  Outcome Collect(const std::string& url, std::vector<std::string> more = {},
                  const std::string& samples = "2") {
    std::vector<std::string> arguments = {"collect",   "--base-url", url,         "--model", "gpt-x",
                                          "--battery", battery(),    "--samples", samples,   "--max-retries",
                                          "0",         "--out",      out()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Run(std::move(arguments));
  }

  static Outcome Run(std::vector<std::string> arguments) {
    std::ostringstream out;
    std::ostringstream err;
    CommandContext context{out, err};
    CLI::App app;
    AddCollectCommand(app, context);
    std::reverse(arguments.begin(), arguments.end());  // the order CLI11 wants
    app.parse(arguments);
    return {context.exit_code, out.str(), err.str()};
  }

  std::vector<Observation> Recorded() const {
    std::vector<Observation> observations;
    absl::StatusOr<RecordingReader> reader = RecordingReader::Open(out());
    if (!reader.ok()) return observations;
    while (true) {
      absl::StatusOr<std::optional<Observation>> next = reader->Next();
      EXPECT_TRUE(next.ok()) << next.status();
      if (!next.ok() || !next->has_value()) return observations;
      observations.push_back(**std::move(next));
    }
  }

  std::filesystem::path folder_;
};

inline std::string StreamBytes(const std::string& text) {
  const std::string body =
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + text +
      "\"}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],"
      "\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":3}}\n\ndata: [DONE]\n\n";
  return HttpBytes(200, body, "", "text/event-stream");
}

// Answers every probe properly, as a stream when asked.
inline Reply Serve(const ServedRequest& request) {
  const bool stream = request.body.find("\"stream\":true") != std::string::npos;
  return Reply{stream ? StreamBytes("hello") : HttpBytes(200, ChatBody("7"))};
}

inline std::string ErrorJson(const char* message) {
  return std::string(R"({"error":{"message":")") + message + R"(","type":"t","code":null}})";
}

}  // namespace pinchbeck::testing

#endif  // PINCHBECK_TESTS_CLI_COLLECT_FIXTURE_H_
