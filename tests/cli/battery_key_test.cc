// --battery-key-env from collection to verdict: the key decides the prompts and is in no file and no output.
#include <gmock/gmock.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "pinchbeck/core/keyed_battery.h"
#include "pinchbeck/core/recording.h"
#include "tests/cli/cli_fixture.h"
#include "tests/client/scripted_server.h"

namespace pinchbeck::cli {
namespace {

using pinchbeck::testing::ChatBody;
using pinchbeck::testing::HttpBytes;
using pinchbeck::testing::Reply;
using pinchbeck::testing::ScriptedServer;
using pinchbeck::testing::ServedRequest;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kVariable = "PINCHBECK_TEST_BATTERY_KEY";
constexpr const char* kKey = "canary-battery-key-2f81c0";
constexpr const char* kOtherKey = "another-battery-key-77aa12";

class BatteryKeyTest : public CliTest {
 protected:
  BatteryKeyTest()
      : server_([this](const ServedRequest& request, int) {
          const std::string number = Answer(request.body);
          if (request.head.find("/chat/") != std::string::npos)
            return Reply{HttpBytes(200, ChatBody(number))};
          return Reply{HttpBytes(200, R"({"id":"c","choices":[{"index":0,"finish_reason":"stop","text":")" +
                                          number +
                                          R"("}],"usage":{"prompt_tokens":12,"completion_tokens":1}})")};
        }) {
    setenv(kVariable, kKey, 1);
  }
  void TearDown() override {
    unsetenv(kVariable);
    CliTest::TearDown();
  }

  CliResult Run(const std::vector<std::string>& arguments) {
    CliResult result = RunCli(arguments);
    printed_ += result.out + result.err;
    return result;
  }
  CliResult Collect(const std::string& out) {
    return Run({"collect", "--base-url", server_.url(), "--model", "m", "--api-key-env", "",
                "--battery-key-env", kVariable, "--groups", "choice", "--samples", "3", "--out", File(out)});
  }

  // Three numbers in turn for each prompt, whatever the order of the requests: collections of three answers a
  // probe are alike.
  std::string Answer(const std::string& body) {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++count_;
    const int turn = asked_[body]++ % 3;
    return std::to_string(std::hash<std::string>()(body) % 5 + static_cast<std::size_t>(turn));
  }

  std::mutex mutex_;
  std::map<std::string, int> asked_;
  std::atomic<int> count_ = 0;
  ScriptedServer server_;
  std::string printed_;
};

TEST_F(BatteryKeyTest, OneKeyAtEnrolmentAndVerification) {
  ASSERT_EQ(Collect("reference.jsonl").exit_code, 0) << printed_;
  ASSERT_EQ(Run({"enroll", "--recording", File("reference.jsonl"), "--battery-key-env", kVariable, "--groups",
                 "choice", "--model", "m", "--out", File("m.json")})
                .exit_code,
            0)
      << printed_;
  const absl::StatusOr<Battery> battery = KeyedBattery(Secret(kKey));
  ASSERT_TRUE(battery.ok());
  const absl::StatusOr<Battery> choice = SelectGroups(*battery, {"choice"});
  ASSERT_TRUE(choice.ok());
  std::ifstream stored(File("m.json"));
  EXPECT_EQ(nlohmann::json::parse(stored)["battery_sha256"], choice->Sha256());

  ASSERT_EQ(Collect("observed.jsonl").exit_code, 0) << printed_;
  const CliResult verified =
      Run({"verify", "--fingerprint", File("m.json"), "--recording", File("observed.jsonl"), "--json"});
  EXPECT_TRUE(verified.exit_code == 0 || verified.exit_code == 3) << verified.exit_code << printed_;

  // What the server saw are the battery's prompts, and nothing that was written or printed holds the key.
  std::string written = printed_;
  for (const auto& entry : std::filesystem::directory_iterator(File(""))) {
    std::ifstream file(entry.path(), std::ios::binary);
    written.append(std::istreambuf_iterator<char>(file), {});
  }
  EXPECT_GT(written.size(), 20000U);
  EXPECT_THAT(written, Not(HasSubstr(kKey)));
  EXPECT_THAT(written, HasSubstr(choice->probes[0].PromptSha256()));
}

TEST_F(BatteryKeyTest, AnotherKeyIsNoticedBeforeAnythingIsSent) {
  ASSERT_EQ(Collect("reference.jsonl").exit_code, 0) << printed_;
  ASSERT_EQ(Run({"enroll", "--recording", File("reference.jsonl"), "--model", "m", "--out", File("m.json")})
                .exit_code,
            0);
  setenv(kVariable, kOtherKey, 1);
  const int sent = count_;
  const CliResult verified =
      Run({"verify", "--fingerprint", File("m.json"), "--base-url", server_.url(), "--model", "m",
           "--api-key-env", "", "--battery-key-env", kVariable, "--groups", "choice", "--samples", "3"});
  EXPECT_EQ(verified.exit_code, 2);
  EXPECT_THAT(verified.err, AllOf(HasSubstr("another prompt"), HasSubstr("--battery-key-env")));
  EXPECT_EQ(count_, sent);
  const CliResult enrolled = Run({"enroll", "--recording", File("reference.jsonl"), "--battery-key-env",
                                  kVariable, "--model", "m", "--out", File("n.json")});
  EXPECT_EQ(enrolled.exit_code, 2);
  EXPECT_THAT(enrolled.err, HasSubstr("another prompt"));
  EXPECT_FALSE(std::filesystem::exists(File("n.json")));
}

// Plain text has a prompt identity of its own, and is the battery's prompt all the same.
TEST_F(BatteryKeyTest, LegacyCompletions) {
  const std::vector<std::string> endpoint = {
      "--base-url", server_.url(),       "--api",   "openai_completions", "--model", "m", "--api-key-env",
      "",           "--battery-key-env", kVariable, "--samples",          "3"};
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), endpoint.begin(), endpoint.end());
    return Run(arguments);
  };
  ASSERT_EQ(run({"collect", "--groups", "choice", "--out", File("r.jsonl")}).exit_code, 0) << printed_;
  EXPECT_EQ(Run({"enroll", "--recording", File("r.jsonl"), "--battery-key-env", kVariable, "--groups",
                 "choice", "--model", "m", "--out", File("m.json")})
                .exit_code,
            0)
      << printed_;
  const CliResult verified = run({"verify", "--fingerprint", File("m.json"), "--groups", "choice"});
  EXPECT_TRUE(verified.exit_code == 0 || verified.exit_code == 3) << verified.exit_code << verified.err;
  ASSERT_EQ(run({"collect", "--groups", "echo", "--out", File("echo.jsonl")}).exit_code, 0) << printed_;
  EXPECT_THAT(printed_, HasSubstr("without --seed every run sends the same texts"));
  printed_.clear();
  ASSERT_EQ(run({"collect", "--groups", "echo", "--seed", "7", "--out", File("seven.jsonl")}).exit_code, 0);
  EXPECT_THAT(printed_, Not(HasSubstr("without --seed")));
  const CliResult checked =
      Run({"checks", "--recording", File("echo.jsonl"), "--battery-key-env", kVariable});
  EXPECT_EQ(checked.exit_code, 1) << "the server repeats no line" << checked.err;
}

TEST_F(BatteryKeyTest, MissingAndWeakKeysAreRefused) {
  unsetenv(kVariable);
  CliResult result = Collect("out.jsonl");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("--battery-key-env"), HasSubstr(kVariable), HasSubstr("NAME of a variable")));
  setenv(kVariable, "tooweak", 1);
  result = Collect("out.jsonl");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("too weak"), HasSubstr("16 characters"), Not(HasSubstr("tooweak"))));
  EXPECT_EQ(count_, 0);
}

// Somebody gives the key itself instead of the variable's name.
TEST_F(BatteryKeyTest, AKeyOnTheCommandLineIsNotRepeated) {
  const CliResult result = Run({"collect", "--base-url", server_.url(), "--model", "m", "--battery-key-env",
                                kKey, "--out", File("out.jsonl")});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("NAME of a variable"), Not(HasSubstr(kKey))));
}

TEST_F(BatteryKeyTest, ExcludesAnotherBattery) {
  const CliResult result = Run({"collect", "--base-url", server_.url(), "--model", "m", "--battery-key-env",
                                kVariable, "--battery", Write("b.json", "{}"), "--out", File("out.jsonl")});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--battery"));
}

}  // namespace
}  // namespace pinchbeck::cli
