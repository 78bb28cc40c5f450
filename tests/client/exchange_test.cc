// Requests and answers as applications hold them, read into observations.
#include "pinchbeck/client/exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "pinchbeck/internal/absl_strings.h"

namespace pinchbeck {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Json = nlohmann::json;

constexpr const char* kRequest =
    R"({"model": "m", "messages": [{"role": "user", "content": "Pick."}], "temperature": 1, "max_tokens": 4})";
constexpr const char* kAnswer =
    R"({"id": "a", "model": "m-1", "choices": [{"message": {"content": "73"}, "finish_reason": "stop"}],)"
    R"( "usage": {"prompt_tokens": 9, "completion_tokens": 2}})";

ExchangeRequest Sent(std::string_view body = kRequest) {
  ExchangeRequest request;
  request.body = body;
  return request;
}

ExchangeReader Reader(const ExchangeLimits& limits = {}) {
  auto reader = ExchangeReader::Create(Sent(), limits);
  EXPECT_TRUE(reader.ok()) << reader.status();
  return *std::move(reader);
}

// The request of kRequest with these members set.
Exchange With(const Json& members) {
  Json body = Json::parse(kRequest);
  body.update(members);
  const std::string text = body.dump();
  const auto exchange = ReadExchange(Sent(text), kAnswer);
  EXPECT_TRUE(exchange.ok()) << exchange.status();
  return *exchange;
}

std::string Event(const std::string& text) {
  return Json{{"choices", Json::array({{{"index", 0}, {"delta", {{"content", text}}}}})}}.dump();
}

TEST(ExchangeTest, AWholeAnswerBecomesAnObservation) {
  ExchangeRequest request = Sent();
  request.endpoint = "https://me:secret@relay.example/v1?key=secret";
  request.session = "s";
  request.time = "2026-11-20T08:00:00Z";
  ExchangeEnd end;
  end.total_s = 0.7;
  end.first_token_s = 0.4;
  const auto exchange = ReadExchange(request, kAnswer, end);
  ASSERT_TRUE(exchange.ok()) << exchange.status();
  const Observation& observation = exchange->observation;
  EXPECT_EQ(observation.response.text, "73");
  EXPECT_EQ(observation.response.model, "m-1");
  EXPECT_EQ(observation.request.model, "m");
  EXPECT_EQ(observation.request.api, "openai_chat");
  EXPECT_EQ(observation.usage.output_tokens, 2);
  EXPECT_EQ(observation.endpoint, "https://relay.example/v1");
  EXPECT_EQ(observation.session, "s");
  EXPECT_EQ(observation.time, "2026-11-20T08:00:00Z");
  EXPECT_EQ(observation.timing.total_s, 0.7);
  EXPECT_EQ(observation.timing.first_token_s, 0.4);
  EXPECT_TRUE(observation.probe.empty());
}

TEST(ExchangeTest, ObstaclesAreNamedAndTakeTheDigestAway) {
  const struct {
    Json members;
    RequestObstacle obstacle;
    const char* field;
  } cases[] = {
      {Json::object(), RequestObstacle::kNone, ""},
      {{{"seed", 7}}, RequestObstacle::kSeed, "seed"},
      {{{"seed", 7}, {"temperature", 0}}, RequestObstacle::kNone, ""},
      {{{"top_k", 5}, {"tools", Json::array({1})}}, RequestObstacle::kOtherParameter, "tools"},
      {{{"response_format", {{"type", "json_object"}}}}, RequestObstacle::kOtherParameter, "response_format"},
      {{{"response_format", {{"type", "text"}}}}, RequestObstacle::kNone, ""},
      {{{"messages", 3}}, RequestObstacle::kPromptNotText, "messages"},
      // A seed says more than the rest: its answers are no draws, whatever else is equal.
      {{{"seed", 7}, {"tools", Json::array({1})}}, RequestObstacle::kSeed, "seed"},
      {{{"seed", 7}, {"messages", 3}}, RequestObstacle::kSeed, "seed"},
      {{{"parameters_not_in_the_log", true}, {"seed", 7}},
       RequestObstacle::kUnrecordedParameters,
       "parameters_not_in_the_log"},
  };
  for (const auto& [members, obstacle, field] : cases) {
    const Exchange exchange = With(members);
    EXPECT_EQ(RequestObstacleName(exchange.obstacle), RequestObstacleName(obstacle)) << members;
    EXPECT_EQ(exchange.obstacle_field, field) << members;
    EXPECT_EQ(exchange.observation.request.prompt_sha256.has_value(), obstacle == RequestObstacle::kNone);
    EXPECT_EQ(exchange.observation.response.text, "73");
  }
}

TEST(ExchangeTest, NamesOfObstaclesAreBoundedWhateverTheirBytes) {
  for (const std::string& name : {std::string(500, 'x'), std::string(59, '\xFF'), std::string(500, '\xFF')}) {
    std::string body = kRequest;
    body.insert(1, "\"" + name + "\": 1, ");
    const auto exchange = ReadExchange(Sent(body), kAnswer);
    ASSERT_TRUE(exchange.ok()) << exchange.status();
    EXPECT_EQ(exchange->obstacle, RequestObstacle::kOtherParameter);
    EXPECT_LE(exchange->obstacle_field.size(), 64u);
    EXPECT_FALSE(exchange->obstacle_field.empty());
  }
}

TEST(ExchangeTest, TheIdentityHoldsAllThatShapesTheAnswerAndNothingElse) {
  const std::string plain = With(Json::object()).request_sha256;
  EXPECT_EQ(plain.size(), 64u);
  for (const Json& same : {Json{{"model", "other"}}, Json{{"stream", true}}, Json{{"user", "u"}},
                           Json{{"response_format", {{"type", "text"}}}}, Json{{"tools", Json::array()}}}) {
    EXPECT_EQ(With(same).request_sha256, plain) << same;
  }
  for (const Json& other :
       {Json{{"temperature", 0.5}}, Json{{"top_p", 0.5}}, Json{{"seed", 1}}, Json{{"n", 2}},
        Json{{"frequency_penalty", 0}}, Json{{"presence_penalty", 0}}, Json{{"repetition_penalty", 1}},
        Json{{"thinking", {{"type", "disabled"}}}}, Json{{"tools", Json::array({1})}},
        Json{{"max_tokens", 5}}, Json{{"messages", Json::array({{{"role", "user"}}})}}}) {
    EXPECT_NE(With(other).request_sha256, plain) << other;
  }
}

TEST(ExchangeTest, ThinkingIsOffByDefaultWithAnthropicOnly) {
  for (const auto& [api, obstacle] : {std::pair{Api::kAnthropic, RequestObstacle::kNone},
                                      std::pair{Api::kOpenAiChat, RequestObstacle::kOtherParameter}}) {
    Json body = Json::parse(kRequest);
    body["thinking"] = {{"type", "disabled"}};
    const std::string text = body.dump();
    ExchangeRequest request = Sent(text);
    request.api = api;
    const auto exchange = ReadExchange(request, kAnswer);
    ASSERT_TRUE(exchange.ok()) << exchange.status();
    EXPECT_EQ(RequestObstacleName(exchange->obstacle), RequestObstacleName(obstacle));
  }
}

TEST(ExchangeTest, ARequestThatAsksNothingHasNoIdentity) {
  for (const char* body : {"{}", R"({"model": "m"})", R"({"messages": null})", R"({"messages": []})",
                           R"({"system": "Be brief.", "messages": []})"}) {
    EXPECT_EQ(ReadExchange(Sent(body), kAnswer).status().code(), absl::StatusCode::kInvalidArgument) << body;
  }
  // A prompt of another form is one, and keeps requests apart.
  const auto one = ReadExchange(Sent(R"({"prompt": "a"})"), kAnswer);
  const auto two = ReadExchange(Sent(R"({"prompt": "b"})"), kAnswer);
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_NE(one->request_sha256, two->request_sha256);
}

TEST(ExchangeTest, StreamsKeepTheirTimes) {
  ExchangeReader reader = Reader();
  EXPECT_TRUE(reader.OnEvent(Event("7"), 0.2).ok());
  EXPECT_TRUE(reader.OnBytes("data: " + Event("3").substr(0, 10), 0.3).ok());
  EXPECT_TRUE(reader.OnBytes(Event("3").substr(10) + "\n\ndata: [DONE]\n\n", 0.4).ok());
  const auto exchange = std::move(reader).Finish({.total_s = 0.5});
  ASSERT_TRUE(exchange.ok());
  EXPECT_EQ(exchange->observation.response.text, "73");
  EXPECT_THAT(exchange->observation.timing.event_s, ElementsAre(0.2, 0.4));
  EXPECT_EQ(exchange->observation.timing.first_token_s, 0.2);
  EXPECT_EQ(exchange->observation.timing.total_s, 0.5);
}

TEST(ExchangeTest, ABadTimeCostsTheTimesAndNoWord) {
  for (const double second : {0.1, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    ExchangeReader reader = Reader();
    EXPECT_TRUE(reader.OnEvent(Event("7"), 0.2).ok());
    // A clock that was set back is nobody's fault; a time that is none is.
    EXPECT_EQ(reader.OnEvent(Event("3"), second).ok(), second == 0.1) << second;
    EXPECT_TRUE(reader.OnBytes("data: [DONE]\n\n", 0.4).ok());
    const auto exchange = std::move(reader).Finish({.total_s = 0.5});
    ASSERT_TRUE(exchange.ok());
    EXPECT_EQ(exchange->observation.response.text, "73") << second;
    EXPECT_FALSE(exchange->observation.error.has_value());
    EXPECT_THAT(exchange->observation.timing.event_s, IsEmpty());
    EXPECT_FALSE(exchange->observation.timing.first_token_s.has_value());
    EXPECT_FALSE(exchange->observation.timing.total_s.has_value());
  }
}

TEST(ExchangeTest, AnEndBeforeTheLastEventWasAnotherClock) {
  ExchangeReader reader = Reader();
  EXPECT_TRUE(reader.OnEvent(Event("7"), 0.9).ok());
  const auto exchange = std::move(reader).Finish({.total_s = 0.5});
  EXPECT_FALSE(exchange->observation.timing.total_s.has_value());
  EXPECT_THAT(exchange->observation.timing.event_s, IsEmpty());
}

TEST(ExchangeTest, FailuresAreErrorsWithoutTheServersWords) {
  ExchangeEnd refused;
  refused.status = 401;
  const auto exchange = ReadExchange(Sent(), R"({"error": {"message": "bad key sk-canary"}})", refused);
  ASSERT_TRUE(exchange.ok() && exchange->observation.error.has_value());
  EXPECT_EQ(exchange->observation.error->status, 401);
  EXPECT_EQ(exchange->observation.error->message.find("sk-canary"), std::string::npos);
  ExchangeEnd cut;
  cut.complete = false;
  const auto broken = ReadExchange(Sent(), "", cut);
  EXPECT_EQ(broken->observation.error->kind, ErrorKind::kNetwork);
}

TEST(ExchangeTest, LengthsAreBounded) {
  ExchangeLimits limits;
  limits.max_response_bytes = 50;
  const auto large = ReadExchange(Sent(), kAnswer, {}, limits);
  ASSERT_TRUE(large.ok());
  EXPECT_TRUE(large->observation.error.has_value());
  EXPECT_FALSE(large->observation.response.text.has_value());
  limits.max_request_bytes = 10;
  EXPECT_THAT(internal::Message(ReadExchange(Sent(), kAnswer, {}, limits).status()), HasSubstr("at most 10"));
}

TEST(ExchangeTest, JsonChunksAndResponsesAreTheSameAnswer) {
  const Json whole = {{"request", Json::parse(kRequest)}, {"response", Json::parse(kAnswer)}};
  EXPECT_EQ(ReadExchangeJson(whole.dump())->observation.response.text, "73");
  const Json chunks = {
      {"request", kRequest},
      {"chunks", Json::array({Json::array({0.1, Json::parse(Event("7"))}),
                              Json::array({0.2, "data: " + Event("3") + "\n\ndata: [DONE]\n\n"})})}};
  EXPECT_EQ(ReadExchangeJson(chunks.dump())->observation.response.text, "73");
  Json both = whole;
  both["chunks"] = Json::array();
  EXPECT_THAT(internal::Message(ReadExchangeJson(both.dump()).status()),
              HasSubstr("either chunks or a response"));
}

}  // namespace
}  // namespace pinchbeck
