#include "src/cli/mock_relay.h"

#include <future>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "src/cli/mock_relay_wire.h"
#include "tests/cli/mock_relay_fixture.h"

namespace pinchbeck::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Two positions that spell "Hi yo", with two alternatives at the first.
Observation WithLogprobs() {
  Observation observation = Answer("greet", "Hi yo");
  PositionLogprobs first;
  first.sampled = {"Hi", 7, -0.25};
  first.top = {{"Hi", 7, -0.25}, {"Yo", 9, -1.5}, {"\xEF\xBF\xBD", std::nullopt, -3.0}};
  PositionLogprobs second;
  second.sampled = {" yo", std::nullopt, std::nullopt};
  observation.logprobs = {first, second};
  return observation;
}

TEST_F(RelayTest, AnswersInTheShapeOfTheApiUnderTheRequestedName) {
  Start(Options({Write("a.jsonl", {Answer("greet", "Hello")})}));
  const Json reply = Ask(RequestFor("greet"));
  EXPECT_EQ(reply["object"], "chat.completion");
  EXPECT_EQ(reply["model"], "claimed");
  EXPECT_THAT(reply["id"].get<std::string>(), testing::StartsWith("chatcmpl-"));
  EXPECT_GT(reply["created"].get<std::int64_t>(), 0);
  EXPECT_EQ(reply["choices"].size(), 1u);
  EXPECT_EQ(reply["choices"][0]["index"], 0);
  EXPECT_EQ(reply["choices"][0]["finish_reason"], "length");
  EXPECT_EQ(reply["choices"][0]["message"], Json({{"role", "assistant"}, {"content", "Hello"}}));
  EXPECT_TRUE(reply["choices"][0]["logprobs"].is_null());
  EXPECT_EQ(reply["usage"], Json({{"prompt_tokens", 12}, {"completion_tokens", 3}, {"total_tokens", 15}}));
  EXPECT_EQ(relay_->answers_served(), 1);
}

TEST_F(RelayTest, UsageThatWasNotRecordedIsLeftOut) {
  Observation none = Answer("none", "a");
  none.usage = {};
  Observation partial = Answer("partial", "b");
  partial.usage = {};
  partial.usage.output_tokens = 5;
  partial.usage.reasoning_tokens = 4;
  Start(Options({Write("a.jsonl", {none, partial})}));
  EXPECT_FALSE(Ask(RequestFor("none")).contains("usage"));
  EXPECT_EQ(Ask(RequestFor("partial"))["usage"],
            Json({{"completion_tokens", 5}, {"completion_tokens_details", {{"reasoning_tokens", 4}}}}));
}

TEST_F(RelayTest, LogprobsComeWhenAskedForAndNoMoreThanAskedFor) {
  Start(Options({Write("a.jsonl", {WithLogprobs(), WithLogprobs(), WithLogprobs()})}));
  EXPECT_TRUE(Ask(RequestFor("greet"))["choices"][0]["logprobs"].is_null());

  Json request = RequestFor("greet");
  request["logprobs"] = true;
  request["top_logprobs"] = 2;
  const Json content = Ask(request)["choices"][0]["logprobs"]["content"];
  ASSERT_EQ(content.size(), 2u);
  EXPECT_EQ(content[0]["token"], "Hi");
  EXPECT_EQ(content[0]["logprob"], -0.25);
  EXPECT_EQ(content[0]["id"], 7);
  EXPECT_EQ(content[0]["bytes"], Json({72, 105}));
  ASSERT_EQ(content[0]["top_logprobs"].size(), 2u);
  EXPECT_EQ(content[0]["top_logprobs"][1]["token"], "Yo");
  EXPECT_EQ(content[0]["top_logprobs"][1]["logprob"], -1.5);
  EXPECT_TRUE(content[1]["logprob"].is_null());
  EXPECT_EQ(content[1]["top_logprobs"], Json::array());

  request["top_logprobs"] = 20;
  const Json all = Ask(request)["choices"][0]["logprobs"]["content"][0]["top_logprobs"];
  ASSERT_EQ(all.size(), 3u);
  EXPECT_TRUE(all[2]["bytes"].is_null()) << "bytes of a token that was recorded as U+FFFD are unknown";
}

TEST_F(RelayTest, StreamsServerSentEvents) {
  Observation recorded = Answer("greet", "one two");
  recorded.timing.event_s = {0.5, 0.75, 1.0};
  Start(Options({Write("a.jsonl", {recorded})}));
  Json request = RequestFor("greet");
  request["stream"] = true;
  request["stream_options"] = {{"include_usage", true}};
  const httplib::Result result = Post(request);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 200);
  EXPECT_EQ(result->get_header_value("Content-Type"), "text/event-stream");
  const std::vector<std::string> data = EventData(result->body);
  ASSERT_EQ(data.size(), 7u) << result->body;  // role, three pieces, finish, usage, end
  EXPECT_EQ(data.back(), "[DONE]");

  std::string text;
  const std::string id = Json::parse(data[0])["id"];
  for (std::size_t i = 0; i < 6; ++i) {
    const Json chunk = Json::parse(data[i]);
    EXPECT_EQ(chunk["object"], "chat.completion.chunk");
    EXPECT_EQ(chunk["id"], id);
    EXPECT_EQ(chunk["model"], "claimed");
    if (i == 5) {
      EXPECT_EQ(chunk["choices"], Json::array());
      EXPECT_EQ(chunk["usage"]["total_tokens"], 15);
      continue;
    }
    EXPECT_TRUE(chunk.contains("usage") && chunk["usage"].is_null());
    EXPECT_EQ(chunk["choices"][0]["finish_reason"], i == 4 ? Json("length") : Json(nullptr));
    text += chunk["choices"][0]["delta"].value("content", "");
  }
  EXPECT_EQ(text, "one two");
  EXPECT_EQ(Json::parse(data[0])["choices"][0]["delta"], Json({{"role", "assistant"}, {"content", ""}}));
  EXPECT_EQ(Json::parse(data[4])["choices"][0]["delta"], Json::object());
}

TEST_F(RelayTest, StreamHasNoUsageUnlessAskedFor) {
  Start(Options({Write("a.jsonl", {Answer("greet", "Hello")})}));
  Json request = RequestFor("greet");
  request["stream"] = true;
  EXPECT_THAT(Post(request)->body, Not(HasSubstr("usage")));
}

TEST(StreamEventsTest, ReplaysRecordedTimesAndSplitsAtTokens) {
  Observation recorded = WithLogprobs();
  recorded.timing.first_token_s = 0.25;
  recorded.timing.event_s = {0.25, 0.5};
  recorded.timing.total_s = 0.75;
  ChatRequest request;
  request.logprobs = true;
  request.top_logprobs = 1;
  const std::vector<TimedEvent> events = StreamEvents(recorded, request, {"id", "m", 1, 0});
  std::vector<double> times;
  for (const TimedEvent& event : events) times.push_back(event.at_s);
  EXPECT_THAT(times, ElementsAre(0.0, 0.25, 0.5, 0.75, 0.75));
  const Json second = Json::parse(EventData(events[2].bytes)[0])["choices"][0];
  EXPECT_EQ(second["delta"]["content"], " yo");
  EXPECT_EQ(second["logprobs"]["content"].size(), 1u);
  EXPECT_EQ(second["logprobs"]["content"][0]["token"], " yo");
}

TEST(StreamEventsTest, EventTokensSayHowManyTokensAnEventCarries) {
  Observation recorded = Answer("p", "abcd");
  for (const char* token : {"a", "b", "c", "d"})
    recorded.logprobs.push_back({{token, std::nullopt, -1.0}, {}});
  recorded.timing.event_s = {0.1, 0.2};
  recorded.timing.event_tokens = {3, 1};
  const std::vector<TimedEvent> events = StreamEvents(recorded, {}, {"id", "m", 1, 0});
  EXPECT_EQ(Json::parse(EventData(events[1].bytes)[0])["choices"][0]["delta"]["content"], "abc");
}

TEST(StreamEventsTest, TokensThatDoNotSpellTheTextDoNotChangeIt) {
  Observation recorded = WithLogprobs();
  recorded.response.text = "Hey";
  std::string text;
  for (const TimedEvent& event : StreamEvents(recorded, {}, {"id", "m", 1, 0})) {
    const Json chunk = Json::parse(EventData(event.bytes)[0], nullptr, false);
    if (chunk.is_object()) text += chunk["choices"][0]["delta"].value("content", "");
  }
  EXPECT_EQ(text, "Hey");
}

TEST(SplitTextTest, CutsBetweenCodePoints) {
  EXPECT_THAT(SplitText("abcdef", 3), ElementsAre("ab", "cd", "ef"));
  EXPECT_THAT(SplitText("\xE4\xBD\xA0\xE5\xA5\xBD!", 3), ElementsAre("\xE4\xBD\xA0", "\xE5\xA5\xBD", "!"));
  EXPECT_THAT(SplitText("ab", 4), ElementsAre("", "a", "", "b"));
  EXPECT_THAT(SplitText("", 2), ElementsAre("", ""));
}

TEST_F(RelayTest, RequiredKeyIsChecked) {
  MockRelayOptions options = Options({Write("a.jsonl", Answers("greet", "x", 2))});
  options.api_key = Secret("canary-key-123");
  Start(options);
  const httplib::Result missing = Post(RequestFor("greet"));
  ExpectError(missing, 401, "invalid_api_key", "no key");
  EXPECT_THAT(missing->body, Not(HasSubstr("canary")));
  ExpectError(Post(RequestFor("greet"), {{"Authorization", "Bearer wrong"}}), 401, "invalid_api_key",
              "wrong");
  EXPECT_EQ(Post(RequestFor("greet"), {{"Authorization", "Bearer canary-key-123"}})->status, 200);
  EXPECT_EQ(NewClient().Get("/v1/models")->status, 401);
  EXPECT_EQ(relay_->answers_served(), 1);
}

TEST_F(RelayTest, RefusedRequestLeavesTheConnectionUsable) {
  MockRelayOptions options = Options({Write("a.jsonl", {Answer("greet", "x")})});
  options.api_key = Secret("key");
  Start(options);
  httplib::Client client = NewClient();
  client.set_keep_alive(true);
  const std::string body = RequestFor("greet").dump();
  EXPECT_EQ(client.Post("/v1/chat/completions", body, "application/json")->status, 401);
  const httplib::Headers key = {{"Authorization", "Bearer key"}};
  EXPECT_EQ(client.Post("/v1/chat/completions", key, body, "application/json")->status, 200);
}

TEST_F(RelayTest, UnknownPromptIsNamed) {
  Start(Options({Write("a.jsonl", {Answer("greet", "x")})}));
  ExpectError(Post(RequestFor("other")), 404, "prompt_not_recorded", HashOf("other"));
}

TEST_F(RelayTest, SamplingParametersSelectAmongProbesOfOnePrompt) {
  Observation greedy = Answer("greet", "greedy");
  greedy.probe = "first/1";
  greedy.request.temperature = 0.0;
  greedy.request.max_tokens = 1;
  Start(Options({Write("a.jsonl", {Answer("greet", "sampled"), greedy})}));
  Json request = RequestFor("greet");
  request["max_tokens"] = 1;
  ExpectError(Post(request), 404, "prompt_not_recorded", "probe 'first/1' with temperature 0, max_tokens 1");
  request["temperature"] = 0;
  EXPECT_EQ(TextOf(Ask(request)), "greedy");
  // Without a temperature the API's default of 1 holds; without a limit any recorded one will do.
  request.erase("temperature");
  request.erase("max_tokens");
  EXPECT_EQ(TextOf(Ask(request)), "sampled");
}

TEST_F(RelayTest, NewerNameOfTheTokenLimitCounts) {
  Start(Options({Write("a.jsonl", Answers("greet", "x", 2))}));
  Json request = RequestFor("greet");
  request.erase("max_tokens");
  request["max_completion_tokens"] = 16;
  EXPECT_EQ(Post(request)->status, 200);
  request["max_completion_tokens"] = 17;
  EXPECT_EQ(Post(request)->status, 404);
}

TEST_F(RelayTest, ConversationsAndTextPartsAreHashedLikeProbes) {
  Probe probe;
  probe.messages = {{"system", "Be brief."}, {"user", "greet"}};
  Observation conversation = Answer("greet", "brief");
  conversation.request.prompt_sha256 = probe.PromptSha256();
  Start(Options({Write("a.jsonl", {conversation, Answer("greet", "plain")})}));
  Json request = RequestFor("greet");
  request["messages"][0]["content"] =
      Json::array({{{"type", "text"}, {"text", "gr"}}, {{"type", "text"}, {"text", "eet"}}});
  EXPECT_EQ(TextOf(Ask(request)), "plain");
  request["messages"] =
      Json::array({{{"role", "system"}, {"content", "Be brief."}}, {{"role", "user"}, {"content", "greet"}}});
  EXPECT_EQ(TextOf(Ask(request)), "brief");
}

TEST_F(RelayTest, ExhaustedProbeAnswers503AndNamesTheProbe) {
  Start(Options({Write("a.jsonl", Answers("greet", "x", 2))}));
  AskTexts("greet", 2);
  const httplib::Result refused = Post(RequestFor("greet"));
  EXPECT_EQ(refused->get_header_value("x-should-retry"), "false");
  ExpectError(refused, 503, "recording_exhausted",
              "the recording of probe 'probe of greet' has no unused answer left (2 served)");
  EXPECT_EQ(relay_->answers_served(), 2);
}

TEST_F(RelayTest, BadRequestsNameTheField) {
  Start(Options({Write("a.jsonl", {Answer("greet", "x")})}));
  struct Case {
    const char* patch;
    const char* message;
  };
  const Case cases[] = {
      {R"({"model": null})", "model: expected"},
      {R"({"model": 3})", "model: expected"},
      {R"({"messages": []})", "messages: expected"},
      {R"({"messages": ["x"]})", "messages[0]: expected"},
      {R"({"messages": [{"role": "user"}]})", "messages[0].content: expected"},
      {R"({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]})",
       "messages[0].content: expected"},
      {R"({"temperature": "hot"})", "temperature: expected"},
      {R"({"temperature": 2.5})", "temperature: expected"},
      {R"({"max_tokens": -1})", "max_tokens: expected"},
      {R"({"max_tokens": 18446744073709551615})", "max_tokens: expected"},
      {R"({"n": 2})", "n: expected"},
      {R"({"logprobs": 3})", "logprobs: expected"},
      {R"({"top_logprobs": 5})", "logprobs: expected true"},
      {R"({"logprobs": true, "top_logprobs": 21})", "top_logprobs: expected"},
      {R"({"stream": "yes"})", "stream: expected"},
      {R"({"stream_options": true})", "stream_options: expected"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.patch);
    Json request = RequestFor("greet");
    request.update(Json::parse(c.patch));
    ExpectError(Post(request), 400, "invalid_request", c.message);
  }
  httplib::Client client = NewClient();
  ExpectError(client.Post("/v1/chat/completions", "{\"model\": ", "application/json"), 400, "invalid_request",
              "not a JSON object");
  EXPECT_EQ(relay_->answers_served(), 0);
}

TEST_F(RelayTest, OversizedRequestIsRefused) {
  Start(Options({Write("a.jsonl", {Answer("greet", "x")})}));
  ExpectError(Post(RequestFor(std::string(std::size_t{2} << 20, 'x'))), 413, "request_too_large", "exceeds");
}

TEST_F(RelayTest, UnknownPathIsNamed) {
  Start(Options({Write("a.jsonl", {Answer("greet", "x")})}));
  ExpectError(NewClient().Get("/v1/completions"), 404, "not_found", "GET /v1/completions");
}

TEST_F(RelayTest, ListsRecordedModelsOrTheClaimedName) {
  MockRelayOptions options = Options({Write("a.jsonl", Answers("greet", "x", 2))});
  Start(options);
  EXPECT_EQ(Json::parse(NewClient().Get("/v1/models")->body)["data"][0]["id"], "recorded-model");
  options.model = "other-name";
  Start(options);
  EXPECT_EQ(Json::parse(NewClient().Get("/v1/models")->body)["data"][0]["id"], "other-name");
  EXPECT_EQ(Ask(RequestFor("greet"))["model"], "other-name");
}

TEST_F(RelayTest, TakenPortIsAnError) {
  MockRelayOptions options = Options({Write("a.jsonl", {Answer("greet", "x")})});
  Start(options);
  options.port = port_;
  const absl::StatusOr<std::unique_ptr<MockRelay>> second = MockRelay::Create(options);
  ASSERT_TRUE(second.ok());
  const absl::StatusOr<int> port = (*second)->Start();
  EXPECT_EQ(port.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(port.status().ToString(), HasSubstr(std::to_string(port_)));
}

TEST_F(RelayTest, StopEndsStreamsThatWait) {
  Observation slow = Answer("greet", "ab");
  slow.timing.event_s = {0.0, 3000.0};
  MockRelayOptions options = Options({Write("a.jsonl", {slow})});
  options.time_scale = 1.0;
  Start(options);
  Json request = RequestFor("greet");
  request["stream"] = true;
  std::promise<void> first_bytes;
  std::string received;
  std::thread reader([&] {
    httplib::Client client = NewClient();
    httplib::Request message;
    message.method = "POST";
    message.path = "/v1/chat/completions";
    message.body = request.dump();
    message.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
      if (received.empty()) first_bytes.set_value();
      received.append(data, size);
      return true;
    };
    client.send(message);
  });
  first_bytes.get_future().wait();
  relay_->Stop();
  reader.join();
  EXPECT_THAT(received, Not(HasSubstr("[DONE]")));
}

}  // namespace
}  // namespace pinchbeck::cli
