// Requests, and answers in one piece.
#include "pinchbeck/client/openai_chat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "pinchbeck/core/probe.h"
#include "tests/client/chat_wire.h"

namespace pinchbeck {
namespace {

using nlohmann::json;
using pinchbeck::testing::Completion;
using pinchbeck::testing::Decode;
using pinchbeck::testing::Decoded;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Probe MakeProbe() {
  Probe probe;
  probe.id = "p";
  probe.messages = {{"system", "Short."}, {"user", "Pick a \"colour\"."}};
  probe.sampling.temperature = 0.5;
  probe.sampling.max_tokens = 7;
  return probe;
}

TEST(BuildRequest, SendsWhatTheProbeAsksForAndNothingElse) {
  const auto request = OpenAiChatDialect().BuildRequest(
      {"https://h.example/v1", "gpt-x", Secret("canary-key-value")}, MakeProbe(), std::nullopt);
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(json::parse(request->body), json::parse(R"({"model":"gpt-x","temperature":0.5,"max_tokens":7,
    "stream":false,"messages":[{"role":"system","content":"Short."},
                               {"role":"user","content":"Pick a \"colour\"."}]})"));
  EXPECT_FALSE(request->stream);
  EXPECT_THAT(request->body + request->url, Not(HasSubstr("canary")));
  for (const HttpHeader& header : request->headers) EXPECT_THAT(header.value, Not(HasSubstr("canary")));
}

TEST(BuildRequest, OptionalParameters) {
  Probe probe = MakeProbe();
  probe.sampling.top_p = 0.9;
  probe.sampling.top_k = 40;
  probe.sampling.min_p = 0.05;
  probe.sampling.top_logprobs = 0;
  probe.sampling.stream = true;
  const auto request = OpenAiChatDialect({"max_completion_tokens"})
                           .BuildRequest({"https://h.example/v1", "m", Secret()}, probe, 42);
  ASSERT_TRUE(request.ok());
  const json body = json::parse(request->body);
  EXPECT_EQ(body["top_p"], 0.9);
  EXPECT_EQ(body["top_k"], 40);
  EXPECT_EQ(body["min_p"], 0.05);
  EXPECT_EQ(body["logprobs"], true);
  EXPECT_EQ(body["top_logprobs"], 0);
  EXPECT_EQ(body["seed"], 42);
  EXPECT_EQ(body["stream"], true);
  EXPECT_EQ(body["stream_options"]["include_usage"], true);
  EXPECT_EQ(body["max_completion_tokens"], 7);
  EXPECT_FALSE(body.contains("max_tokens"));
  EXPECT_TRUE(request->stream);
}

TEST(BuildRequest, ReasoningEffort) {
  Probe probe = MakeProbe();
  const Endpoint endpoint{"https://h.example/v1", "m", Secret()};
  const auto without = OpenAiChatDialect().BuildRequest(endpoint, probe, std::nullopt);
  ASSERT_TRUE(without.ok());
  EXPECT_FALSE(json::parse(without->body).contains("reasoning_effort"));
  probe.sampling.reasoning_effort = "low";
  const auto request = OpenAiChatDialect().BuildRequest(endpoint, probe, std::nullopt);
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(json::parse(request->body)["reasoning_effort"], "low");
  EXPECT_TRUE(OpenAiChatDialect().features().reasoning_effort);
}

TEST(BuildRequest, BrokenUtf8InAPromptDoesNotThrow) {
  Probe probe = MakeProbe();
  probe.messages = {{"user", "a\xFF"}};
  EXPECT_TRUE(
      OpenAiChatDialect().BuildRequest({"https://h.example", "m", Secret()}, probe, std::nullopt).ok());
}

// --- Answers in one piece ---

TEST(Completion, AllFields) {
  const Decoded decoded = Decode({R"({"id":"c1","object":"chat.completion","created":1,"model":"m-2026",
    "system_fingerprint":"fp_1","choices":[{"index":0,"finish_reason":"stop",
      "message":{"role":"assistant","content":"Blue","refusal":null},
      "logprobs":{"content":[{"token":"Blue","logprob":-0.105,"bytes":[66,108,117,101],
        "top_logprobs":[{"token":"Blue","logprob":-0.105,"bytes":[66]},{"token":"Red","logprob":-2.9}]}],
        "refusal":null}}],
    "usage":{"prompt_tokens":19,"completion_tokens":5,"total_tokens":24,
      "prompt_tokens_details":{"cached_tokens":3},"completion_tokens_details":{"reasoning_tokens":4}}})"});
  const Observation& o = decoded.observation;
  ASSERT_FALSE(o.error.has_value());
  EXPECT_EQ(o.response.id, "c1");
  EXPECT_EQ(o.response.model, "m-2026");
  EXPECT_EQ(o.response.system_fingerprint, "fp_1");
  EXPECT_EQ(o.response.text, "Blue");
  EXPECT_EQ(o.response.finish_reason, "stop");
  EXPECT_FALSE(o.response.reasoning_text.has_value());
  EXPECT_EQ(o.usage.input_tokens, 19);
  EXPECT_EQ(o.usage.output_tokens, 5);
  EXPECT_EQ(o.usage.cached_input_tokens, 3);
  EXPECT_EQ(o.usage.reasoning_tokens, 4);
  ASSERT_EQ(o.logprobs.size(), 1U);
  EXPECT_EQ(o.logprobs[0].sampled.token, "Blue");
  EXPECT_EQ(o.logprobs[0].sampled.logprob, -0.105);
  ASSERT_EQ(o.logprobs[0].top.size(), 2U);
  EXPECT_EQ(o.logprobs[0].top[1].token, "Red");
  EXPECT_FALSE(o.timing.first_token_s.has_value());
  EXPECT_DOUBLE_EQ(*o.timing.total_s, 1.1);
  EXPECT_THAT(o.timing.event_s, IsEmpty());
}

TEST(Completion, WhatIsNotReportedStaysAbsent) {
  const Observation o = Decode({Completion(R"({"content":"x"})")}).observation;
  ASSERT_FALSE(o.error.has_value());
  EXPECT_FALSE(o.usage.input_tokens.has_value());
  EXPECT_FALSE(o.usage.output_tokens.has_value());
  EXPECT_FALSE(o.usage.reasoning_tokens.has_value());
  EXPECT_FALSE(o.response.system_fingerprint.has_value());
  EXPECT_FALSE(o.response.token_ids.has_value());
  EXPECT_THAT(o.logprobs, IsEmpty());
}

TEST(Completion, ContentNullAndToolCallIsNoError) {
  const Observation o = Decode({R"({"choices":[{"index":0,"finish_reason":"tool_calls","message":
      {"content":null,"tool_calls":[{"id":"t"}]}}]})"})
                            .observation;
  EXPECT_FALSE(o.error.has_value());
  EXPECT_FALSE(o.response.text.has_value());
  EXPECT_EQ(o.response.finish_reason, "tool_calls");
}

TEST(Completion, EmptyContentIsAnEmptyText) {
  EXPECT_EQ(Decode({Completion(R"({"content":""})")}).observation.response.text, "");
}

TEST(Completion, ReasoningUnderEitherNameOrBoth) {
  for (const char* message :
       {R"({"content":"a","reasoning_content":"why"})", R"({"content":"a","reasoning":"why"})",
        R"({"content":"a","reasoning":"why","reasoning_content":"why"})"}) {
    const Observation o = Decode({Completion(message)}).observation;
    EXPECT_EQ(o.response.reasoning_text, "why") << message;
    EXPECT_EQ(o.response.text, "a") << message;
  }
}

TEST(Completion, ContentAsAListOfParts) {
  const Observation o =
      Decode({Completion(
                 R"({"content":[{"type":"text","text":"a"},{"type":"image"},{"type":"text","text":"b"}]})")})
          .observation;
  EXPECT_EQ(o.response.text, "ab");
}

TEST(Completion, RefusalIsTheTextAndTheFinishReason) {
  const Observation o = Decode({Completion(R"({"content":null,"refusal":"I cannot."})")}).observation;
  EXPECT_EQ(o.response.text, "I cannot.");
  EXPECT_EQ(o.response.finish_reason, "refusal");
}

TEST(Completion, OnlyChoiceZeroCounts) {
  const Observation o = Decode({R"({"choices":[{"index":1,"message":{"content":"b"}},
      {"index":0,"message":{"content":"a"},"finish_reason":"length"}]})"})
                            .observation;
  EXPECT_EQ(o.response.text, "a");
  EXPECT_EQ(o.response.finish_reason, "length");
}

TEST(Completion, TheOnlyChoiceCountsWhateverItsNumber) {
  const Observation o =
      Decode({R"({"choices":[{"index":1,"message":{"content":"b"},"finish_reason":"stop"}]})"}).observation;
  EXPECT_FALSE(o.error.has_value());
  EXPECT_EQ(o.response.text, "b");
}

TEST(Completion, OtherUsageForms) {
  Observation o =
      Decode({Completion(R"({"content":"x"})", R"(,"usage":{"prompt_tokens":5.0,"completion_tokens":-1,
      "prompt_cache_hit_tokens":2,"completion_tokens_details":null})")})
          .observation;
  EXPECT_EQ(o.usage.input_tokens, 5);
  EXPECT_FALSE(o.usage.output_tokens.has_value());
  EXPECT_EQ(o.usage.cached_input_tokens, 2);
  o = Decode({Completion(R"({"content":"x"})", R"(,"usage":{"prompt_tokens":99999999999999999999,
      "completion_tokens":"3"})")})
          .observation;
  EXPECT_FALSE(o.usage.input_tokens.has_value());
  EXPECT_FALSE(o.usage.output_tokens.has_value());
}

std::string WithLogprobs(std::string_view entries) {
  return R"({"choices":[{"index":0,"finish_reason":"stop","message":{"content":"x"},"logprobs":{"content":[)" +
         std::string(entries) + "]}}]}";
}

TEST(Logprobs, NullCensoredAndInfinite) {
  const Decoded decoded = Decode({WithLogprobs(
      R"({"token":"a","logprob":null},{"token":"b","logprob":-9999.0},{"token":"c","logprob":-Infinity},
         {"token":"d","logprob":NaN},{"token":"e","logprob":"-Infinity"},{"token":"f"})")});
  const Observation& o = decoded.observation;
  ASSERT_FALSE(o.error.has_value());
  ASSERT_EQ(o.logprobs.size(), 6U);
  EXPECT_FALSE(o.logprobs[0].sampled.logprob.has_value());
  EXPECT_EQ(o.logprobs[1].sampled.logprob, -9999.0);
  for (int i = 2; i < 6; ++i) EXPECT_FALSE(o.logprobs[i].sampled.logprob.has_value()) << i;
  EXPECT_EQ(decoded.notes.json_repairs, 2);
}

TEST(Logprobs, TokensWithIdsBytesAndBrokenText) {
  const Observation o = Decode({WithLogprobs(
                                   R"({"id":7,"token":"","bytes":[],"logprob":-1,"top_logprobs":[]},
         {"token":"\ufffd","bytes":[230,176,180],"logprob":-1},
         {"token":"\ufffd","bytes":[230,176],"logprob":-1},
         {"token":"","bytes":[65,66],"logprob":-1},
         {"token":"x","bytes":null,"token_id":9,"logprob":-1},
         {"token":"\ud83d","bytes":[240,159,300],"logprob":-1})")})
                            .observation;
  ASSERT_EQ(o.logprobs.size(), 6U);
  EXPECT_EQ(o.logprobs[0].sampled.id, 7);
  EXPECT_EQ(o.logprobs[0].sampled.token, "");
  EXPECT_EQ(o.logprobs[1].sampled.token, "\xE6\xB0\xB4");
  EXPECT_EQ(o.logprobs[2].sampled.token, "\xEF\xBF\xBD");
  EXPECT_EQ(o.logprobs[3].sampled.token, "AB");
  EXPECT_EQ(o.logprobs[4].sampled.id, 9);
  EXPECT_EQ(o.logprobs[5].sampled.token, "\xEF\xBF\xBD");
}

TEST(Logprobs, FewerThanAskedAndTheSampledTokenNotAmongThem) {
  const Observation o =
      Decode(
          {WithLogprobs(
              R"({"token":"z","logprob":-8,"top_logprobs":[{"token":"a","logprob":-0.1},{"token":"b","logprob":-3}]})")})
          .observation;
  ASSERT_EQ(o.logprobs[0].top.size(), 2U);
  EXPECT_EQ(o.logprobs[0].sampled.token, "z");
}

TEST(Logprobs, OddShapesDoNotCrash) {
  for (const char* entries : {"null", "1", R"("a")", "[]", R"({"token":5,"logprob":true,"top_logprobs":{}})",
                              R"({"token":"a","logprob":-1,"top_logprobs":[null,3,{"token":"b"}]})"}) {
    EXPECT_FALSE(Decode({WithLogprobs(entries)}).observation.error.has_value()) << entries;
  }
}

TEST(Completion, TokenIdsWhereTheServerGivesThem) {
  const Observation o =
      Decode({R"({"choices":[{"index":0,"message":{"content":"x"},"token_ids":[4767,2]}]})"}).observation;
  ASSERT_TRUE(o.response.token_ids.has_value());
  EXPECT_THAT(*o.response.token_ids, ElementsAre(4767, 2));
}

}  // namespace
}  // namespace pinchbeck
