#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/cli/cli_fixture.h"
#include "tests/client/scripted_server.h"

namespace pinchbeck::cli {
namespace {

using nlohmann::json;
using pinchbeck::testing::ChatBody;
using pinchbeck::testing::HttpBytes;
using pinchbeck::testing::Reply;
using pinchbeck::testing::ScriptedServer;
using pinchbeck::testing::ServedRequest;
using pinchbeck::testing::UnusedPort;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kCanary = "canary-key-7f3a9c";
constexpr const char* kKeyVariable = "PINCHBECK_TEST_KEY";

CliResult Doctor(const std::string& url, const std::vector<std::string>& more = {}) {
  setenv(kKeyVariable, kCanary, 1);
  std::vector<std::string> arguments = {"doctor", "--base-url",    url,         "--model",
                                        "gpt-x",  "--api-key-env", kKeyVariable};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return RunCli(arguments);
}

Reply Document(const ServedRequest& /*request*/, int /*number*/) {
  return Reply{HttpBytes(200, ChatBody("1 2 3"), "x-ratelimit-limit-requests: 60\r\nvia: 1.1 proxy\r\n")};
}

TEST(DoctorCommand, ShowsTheCostFirstAndTheTableOnStdout) {
  ScriptedServer server(Document);
  const CliResult result = Doctor(server.url());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, AllOf(HasSubstr("7 requests"), HasSubstr("input tokens"), HasSubstr(kKeyVariable)));
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("openai_chat"), HasSubstr("none: plain http"),
                    HasSubstr("the answer came whole"), HasSubstr("asked for, and the answer came without"),
                    HasSubstr("x-ratelimit-limit-requests: \"60\""), HasSubstr("via: \"1.1 proxy\"")));
  EXPECT_THAT(result.out + result.err, Not(HasSubstr(kCanary)));
  EXPECT_EQ(server.requests().size(), 7U);
}

TEST(DoctorCommand, Json) {
  ScriptedServer server(Document);
  const CliResult result = Doctor(server.url(), {"--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json report = json::parse(result.out);
  EXPECT_EQ(report["schema"], "pinchbeck.doctor/1");
  EXPECT_EQ(report["usable"], true);
  EXPECT_EQ(report["api"], "openai_chat");
  EXPECT_EQ(report["capabilities"]["streaming"]["support"], "ignored");
  EXPECT_EQ(report["capabilities"]["logprobs"]["support"], "ignored");
  EXPECT_EQ(report["capabilities"]["usage"]["support"], "yes");
  EXPECT_EQ(report["token_limit_name"], "max_tokens");
  EXPECT_EQ(report["limits"]["requests"]["limit"], 60);
  EXPECT_EQ(report["tls"], nullptr);
  EXPECT_EQ(report["requests"], 7);
  EXPECT_EQ(report["input_tokens"], 7 * 12);
}

TEST(DoctorCommand, AnEndpointThatCannotBeUsedIsStatusFour) {
  ScriptedServer server([](const ServedRequest&, int) {
    return Reply{HttpBytes(401, R"({"error":{"message":"Invalid API key"}})")};
  });
  const CliResult result = Doctor(server.url());
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("server says: \"Invalid API key\""), HasSubstr("check the API key")));
  EXPECT_EQ(server.requests().size(), 1U);
  EXPECT_EQ(Doctor("http://127.0.0.1:" + std::to_string(UnusedPort()) + "/v1").exit_code, 4);
}

TEST(DoctorCommand, UsageErrorsAreStatusTwo) {
  EXPECT_EQ(Doctor("ftp://relay.example").exit_code, 2);
  EXPECT_EQ(Doctor("http://relay.example/v1").exit_code, 2) << "a key over plain http";
  EXPECT_EQ(RunCli({"doctor", "--base-url", "http://127.0.0.1:9"}).exit_code, 2);
}

// A server that knows the Messages API only, at an address that does not say so.
Reply MessagesOnly(const ServedRequest& request, int /*number*/) {
  if (request.head.rfind("POST /v1/messages ", 0) != 0)
    return Reply{HttpBytes(404, R"({"error":"no route"})")};
  return Reply{HttpBytes(200,
                         R"({"type":"message","model":"m","content":[{"type":"text","text":"1 2"}],
                             "stop_reason":"max_tokens","usage":{"input_tokens":9,"output_tokens":16}})")};
}

TEST(DoctorCommand, FindsTheApiThatIsServed) {
  ScriptedServer server(MessagesOnly);
  const CliResult result = Doctor(server.url(), {"--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const json report = json::parse(result.out);
  EXPECT_EQ(report["api"], "anthropic");
  EXPECT_EQ(report["tried"][0], "openai_chat");
  EXPECT_EQ(report["capabilities"]["logprobs"]["support"], "not_in_api");
}

Reply NoRoute(const ServedRequest& /*request*/, int /*number*/) {
  return Reply{HttpBytes(404, R"({"error":"no route"})")};
}

TEST(DoctorCommand, CountsAndAnnouncesTheRequestsOfAllApisThatAreTried) {
  ScriptedServer server(NoRoute);
  const CliResult result = Doctor(server.url(), {"--json"});
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_EQ(server.requests().size(), 6U);
  EXPECT_EQ(json::parse(result.out)["requests"], 6);
  EXPECT_EQ(json::parse(result.out)["api"], "openai_chat");
  EXPECT_EQ(json::parse(result.out)["tried"].size(), 5U);
  EXPECT_THAT(result.err, HasSubstr("96 if all 6 APIs have to be tried"));
  EXPECT_THAT(Doctor(server.url(), {"--api", "openai_chat"}).err, Not(HasSubstr("have to be tried")));
}

// The API that refuses the key is the one that is served, and its error is what helps.
TEST(DoctorCommand, ShowsTheErrorOfTheApiThatIsServed) {
  ScriptedServer server([](const ServedRequest& request, int number) {
    if (request.head.rfind("POST /v1/messages ", 0) != 0) return NoRoute(request, number);
    return Reply{HttpBytes(401, R"({"error":{"message":"invalid x-api-key"}})")};
  });
  const CliResult result = Doctor(server.url(), {"--json"});
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_EQ(json::parse(result.out)["api"], "anthropic");
  EXPECT_THAT(result.err, AllOf(HasSubstr("invalid x-api-key"), HasSubstr("check the API key")));
}

TEST(DoctorCommand, InterruptedWhileAnotherApiIsTriedIsStatus130) {
  ScriptedServer server([](const ServedRequest& request, int number) {
    if (number == 0) return NoRoute(request, number);
    kill(getpid(), SIGINT);
    return Reply{"", Reply::After::kHang};
  });
  EXPECT_EQ(Doctor(server.url()).exit_code, 130);
}

TEST(DoctorCommand, AnApiThatWasNamedIsTheOnlyOneTried) {
  ScriptedServer server(MessagesOnly);
  EXPECT_EQ(Doctor(server.url(), {"--api", "openai_chat"}).exit_code, 4);
  EXPECT_EQ(server.requests().size(), 1U);
}

}  // namespace
}  // namespace pinchbeck::cli
