// Collects from a real endpoint, enrolls it and verifies it against itself. Runs where the environment names
// one:
//
//   PINCHBECK_LIVE_BASE_URL     its base URL
//   PINCHBECK_LIVE_MODEL        the model to ask for
//   PINCHBECK_LIVE_API          the API it speaks (default: told by the address)
//   PINCHBECK_LIVE_API_KEY_ENV  name of the variable that holds its key (default: no key)
//   PINCHBECK_LIVE_BATTERY      a battery (default: two short probes of this test)
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "tests/faults/child_process.h"
#include "tests/faults/fault_fixture.h"

namespace pinchbeck {
namespace {

using nlohmann::json;
using pinchbeck::testing::ChildOptions;
using pinchbeck::testing::ChildProcess;
using pinchbeck::testing::CommandPath;
using pinchbeck::testing::FileContent;
using pinchbeck::testing::ReadRecording;
using pinchbeck::testing::RecordingContent;
using ::testing::AnyOf;

std::string Variable(const char* name) {
  const char* value = getenv(name);
  return value == nullptr ? "" : value;
}

constexpr const char* kBattery = R"({"schema":"pinchbeck.battery/1","name":"live","version":"1","probes":[
  {"id":"number","group":"choice","signals":["choice"],"sampling":{"temperature":1,"max_tokens":4},
   "messages":[{"role":"user","content":"Pick a number between 1 and 20. Answer with the number only."}]},
  {"id":"color","group":"choice","signals":["choice"],"sampling":{"temperature":1,"max_tokens":4,"stream":true},
   "messages":[{"role":"user","content":"Name a color. Answer with one word only."}]}]})";

class LiveTest : public pinchbeck::testing::FaultTest {
 protected:
  void SetUp() override {
    url_ = Variable("PINCHBECK_LIVE_BASE_URL");
    model_ = Variable("PINCHBECK_LIVE_MODEL");
    if (url_.empty() || model_.empty()) {
      GTEST_SKIP() << "set PINCHBECK_LIVE_BASE_URL and PINCHBECK_LIVE_MODEL to run against an endpoint";
    }
    battery_ = Variable("PINCHBECK_LIVE_BATTERY");
    if (battery_.empty()) battery_ = Write("battery.json", kBattery);
  }

  int Run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), CommandPath());
    ChildOptions options;
    options.arguments = std::move(arguments);
    options.out = File("out");
    options.err = File("err");
    return ChildProcess(options).ExitCode();
  }
  int Collect(const std::string& out, const std::string& samples, const std::string& seed) const {
    std::vector<std::string> arguments = {"collect",
                                          "--base-url",
                                          url_,
                                          "--model",
                                          model_,
                                          "--battery",
                                          battery_,
                                          "--samples",
                                          samples,
                                          "--seed",
                                          seed,
                                          "--out",
                                          out,
                                          "--yes",
                                          "--api-key-env",
                                          Variable("PINCHBECK_LIVE_API_KEY_ENV")};
    if (const std::string api = Variable("PINCHBECK_LIVE_API"); !api.empty()) {
      arguments.insert(arguments.end(), {"--api", api});
    }
    return Run(std::move(arguments));
  }
  [[nodiscard]] std::string Said() const { return FileContent(File("out")) + FileContent(File("err")); }

  std::string url_;
  std::string model_;
  std::string battery_;
};

TEST_F(LiveTest, CollectsEnrollsAndVerifies) {
  ASSERT_EQ(Collect(File("reference.jsonl"), "20", "1"), 0) << Said();
  const RecordingContent reference = ReadRecording(File("reference.jsonl"));
  ASSERT_TRUE(reference.intact) << reference.problem;
  for (const Observation& o : reference.observations) {
    EXPECT_FALSE(o.error.has_value()) << o.error->message;
    EXPECT_TRUE(o.response.text.has_value());
    EXPECT_TRUE(o.response.finish_reason.has_value());
    EXPECT_GT(o.timing.total_s.value_or(0.0), 0.0);
  }
  ASSERT_EQ(
      Run({"enroll", "--recording", File("reference.jsonl"), "--model", "live", "--out", File("live.json")}),
      0)
      << Said();
  ASSERT_EQ(Collect(File("observed.jsonl"), "10", "2"), 0) << Said();
  // An endpoint that is the reference is accused once in a thousand runs of this test.
  const int code = Run({"verify", "--fingerprint", File("live.json"), "--recording", File("observed.jsonl"),
                        "--alpha", "0.001", "--json"});
  EXPECT_THAT(code, AnyOf(0, 3)) << Said();
  const json report = json::parse(FileContent(File("out")), nullptr, false);
  ASSERT_TRUE(report.is_object()) << Said();
  EXPECT_NE(report["verdict"], "differs");
  EXPECT_GT(report["n_observed"].get<int>(), 0);
}

}  // namespace
}  // namespace pinchbeck
