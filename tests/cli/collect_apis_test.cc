// `collect --api` and the keys that go with it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/cli/collect_fixture.h"

namespace pinchbeck {
namespace {

using pinchbeck::testing::CollectCommandTest;
using pinchbeck::testing::HttpBytes;
using pinchbeck::testing::kCanary;
using pinchbeck::testing::Outcome;
using pinchbeck::testing::Reply;
using pinchbeck::testing::ScriptedServer;
using pinchbeck::testing::ServedRequest;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Reply ServeMessages(const ServedRequest& request, int) {
  if (request.body.find("\"stream\":true") == std::string::npos) {
    return Reply{HttpBytes(200, R"({"type":"message","content":[{"type":"text","text":"7"}],
      "stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":1}})")};
  }
  return Reply{HttpBytes(200,
                         "data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\","
                         "\"text\":\"7\"}}\n\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
                         "\"end_turn\"}}\n\ndata: {\"type\":\"message_stop\"}\n\n",
                         "", "text/event-stream")};
}

class CollectApis : public CollectCommandTest {
 protected:
  CollectApis() {
    for (const char* name : {"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"}) unsetenv(name);
  }
  ~CollectApis() override {
    for (const char* name : {"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"}) unsetenv(name);
  }
};

TEST_F(CollectApis, NamedApiWithItsUsualKeyInItsOwnHeader) {
  ScriptedServer server(ServeMessages);
  setenv("OPENAI_API_KEY", "another-key-000", 1);
  setenv("ANTHROPIC_API_KEY", kCanary, 1);
  const Outcome outcome = Collect(server.url(""), {"--api", "anthropic", "--json"});
  unsetenv("OPENAI_API_KEY");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("key from ANTHROPIC_API_KEY"));
  EXPECT_EQ(nlohmann::json::parse(outcome.out)["api"], "anthropic");
  ASSERT_FALSE(server.requests().empty());
  for (const ServedRequest& request : server.requests()) {
    EXPECT_THAT(request.head,
                AllOf(HasSubstr("POST /v1/messages "), HasSubstr(std::string("x-api-key: ") + kCanary),
                      Not(HasSubstr("Authorization")), Not(HasSubstr("another-key"))));
  }
  for (const Observation& o : Recorded()) {
    EXPECT_EQ(o.response.text, "7");
    EXPECT_EQ(o.request.api, "anthropic");
  }
  EXPECT_THAT(outcome.out + outcome.err + pinchbeck::testing::ReadFile(out()), Not(HasSubstr(kCanary)));
}

TEST_F(CollectApis, BearerTokensGoIntoTheAuthorizationHeader) {
  ScriptedServer server(ServeMessages);
  setenv("ANTHROPIC_AUTH_TOKEN", kCanary, 1);
  EXPECT_EQ(Collect(server.url("/v1/messages")).exit_code, 0);
  ASSERT_FALSE(server.requests().empty());
  EXPECT_THAT(server.requests()[0].head,
              AllOf(HasSubstr(std::string("Authorization: Bearer ") + kCanary), Not(HasSubstr("x-api-key"))));
}

TEST_F(CollectApis, ResumeDoesNotMixApis) {
  ScriptedServer server(ServeMessages);
  EXPECT_EQ(Collect(server.url(""), {"--api", "anthropic"}).exit_code, 0);
  const std::size_t sent = server.requests().size();
  EXPECT_EQ(Collect(server.url(""), {"--api", "anthropic", "--resume"}).exit_code, 0);
  EXPECT_EQ(server.requests().size(), sent);
  const Outcome other = Collect(server.url(""), {"--api", "openai_chat", "--resume"});
  EXPECT_THAT(other.err, HasSubstr("another battery, API, model"));
  EXPECT_GT(server.requests().size(), sent);
}

TEST_F(CollectApis, UnknownNamesAreRefused) {
  EXPECT_THROW(Collect("https://h.example", {"--api", "soap"}), CLI::ValidationError);
}

}  // namespace
}  // namespace pinchbeck
