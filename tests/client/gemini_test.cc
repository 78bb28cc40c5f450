#include "pinchbeck/client/gemini.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/client/wire.h"

namespace pinchbeck {
namespace {

using nlohmann::json;
using pinchbeck::testing::Decoded;
using pinchbeck::testing::DecodeWith;
using pinchbeck::testing::Event;
using pinchbeck::testing::kCutStream;
using pinchbeck::testing::KindOf;
using pinchbeck::testing::kStream;
using pinchbeck::testing::Wire;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Decoded Decode(const std::vector<std::string>& pieces, const Wire& wire = {}) {
  return DecodeWith(GeminiDialect(), pieces, wire);
}

std::string Answer(const std::string& parts, const std::string& candidate = R"("finishReason":"STOP")",
                   const std::string& more = "") {
  return R"({"candidates":[{"index":0,"content":{"role":"model","parts":[)" + parts + "]}" +
         (candidate.empty() ? "" : ",") + candidate + R"(}],"modelVersion":"m-001","responseId":"abc")" +
         more + "}";
}

TEST(GeminiRequest, Body) {
  Probe probe;
  probe.messages = {{"system", "Short."}, {"user", "a"}, {"assistant", "b"}, {"user", "c"}};
  probe.sampling.top_p = 0.9;
  probe.sampling.top_k = 40;
  probe.sampling.min_p = 0.1;
  probe.sampling.top_logprobs = 5;
  const auto request =
      GeminiDialect().BuildRequest({"https://h.example", "m-1", Secret("canary-key-value")}, probe, 7);
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->url, "https://h.example:443/v1beta/models/m-1:generateContent");
  EXPECT_EQ(json::parse(request->body), json::parse(R"({"systemInstruction":{"parts":[{"text":"Short."}]},
    "contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"b"}]},
                {"role":"user","parts":[{"text":"c"}]}],
    "generationConfig":{"temperature":1.0,"topP":0.9,"topK":40,"maxOutputTokens":16,"seed":7,
                        "responseLogprobs":true,"logprobs":5}})"));
  EXPECT_EQ(request->key_header.name, "x-goog-api-key");
}

TEST(GeminiRequest, Addresses) {
  Probe probe;
  probe.messages = {{"user", "a"}};
  probe.sampling.stream = true;
  const struct {
    const char* base;
    const char* model;
    const char* url;
  } cases[] = {
      {"https://h.example/v1", "m", "https://h.example:443/v1/models/m:streamGenerateContent?alt=sse"},
      {"https://h.example/v1beta/?a=b", "models/m",
       "https://h.example:443/v1beta/models/m:streamGenerateContent?a=b&alt=sse"},
      {"https://h.example/x/v1beta/models/old:generateContent", "m",
       "https://h.example:443/x/v1beta/models/m:streamGenerateContent?alt=sse"},
      {"https://h.example", "../../x?y#z",
       "https://h.example:443/v1beta/models/..%2F..%2Fx%3Fy%23z:streamGenerateContent?alt=sse"},
  };
  for (const auto& test : cases) {
    const auto request = GeminiDialect().BuildRequest({test.base, test.model, Secret()}, probe, std::nullopt);
    ASSERT_TRUE(request.ok()) << test.base;
    EXPECT_EQ(request->url, test.url);
  }
}

TEST(Gemini, AllFields) {
  const Observation o =
      Decode(
          {Answer(R"({"text":"hm","thought":true},{"text":"Bl"},{"text":"ue","thought":false})",
                  R"("finishReason":"MAX_TOKENS","logprobsResult":{
        "chosenCandidates":[{"token":"Blue","tokenId":9595,"logProbability":-0.21},{"token":"x"}],
        "topCandidates":[{"candidates":[{"token":"Blue","tokenId":9595,"logProbability":-0.21},
          {"token":"Red","tokenId":3210,"logProbability":-9999}]}]})",
                  R"(,"usageMetadata":{"promptTokenCount":14,"candidatesTokenCount":2,"thoughtsTokenCount":5,
        "cachedContentTokenCount":3,"totalTokenCount":21})")})
          .observation;
  ASSERT_FALSE(o.error.has_value());
  EXPECT_EQ(o.response.id, "abc");
  EXPECT_EQ(o.response.model, "m-001");
  EXPECT_EQ(o.response.text, "Blue");
  EXPECT_EQ(o.response.reasoning_text, "hm");
  EXPECT_EQ(o.response.finish_reason, "length");
  EXPECT_EQ(o.response.native_finish_reason, "MAX_TOKENS");
  EXPECT_EQ(o.usage.input_tokens, 14);
  EXPECT_EQ(o.usage.cached_input_tokens, 3);
  EXPECT_EQ(o.usage.output_tokens, 7);
  EXPECT_EQ(o.usage.reasoning_tokens, 5);
  ASSERT_EQ(o.logprobs.size(), 2U);
  EXPECT_EQ(o.logprobs[0].sampled.id, 9595);
  EXPECT_EQ(o.logprobs[0].sampled.logprob, -0.21);
  ASSERT_EQ(o.logprobs[0].top.size(), 2U);
  EXPECT_EQ(o.logprobs[0].top[1].logprob, -9999.0);
  EXPECT_FALSE(o.logprobs[1].sampled.logprob.has_value());
  EXPECT_THAT(o.logprobs[1].top, IsEmpty());
}

TEST(Gemini, MissingCountsStayAbsent) {
  Observation o = Decode({Answer(R"({"text":"x"})")}).observation;
  EXPECT_FALSE(o.usage.input_tokens.has_value());
  EXPECT_FALSE(o.usage.output_tokens.has_value());
  EXPECT_FALSE(o.usage.reasoning_tokens.has_value());
  o = Decode({Answer("", R"("finishReason":"MAX_TOKENS")", R"(,"usageMetadata":{"thoughtsTokenCount":15})")})
          .observation;
  EXPECT_FALSE(o.usage.output_tokens.has_value());
  EXPECT_EQ(o.usage.reasoning_tokens, 15);
  o = Decode({Answer("", R"("finishReason":"STOP")", R"(,"usageMetadata":{"candidatesTokenCount":2})")})
          .observation;
  EXPECT_EQ(o.usage.output_tokens, 2);
}

TEST(Gemini, FinishReasons) {
  const struct {
    const char* word;
    const char* reason;
  } cases[] = {{"STOP", "stop"},
               {"SAFETY", "content_filter"},
               {"RECITATION", "content_filter"},
               {"MALFORMED_FUNCTION_CALL", "tool_calls"},
               {"OTHER", "OTHER"}};
  for (const auto& test : cases) {
    const Observation o =
        Decode({Answer("", R"("finishReason":")" + std::string(test.word) + "\"")}).observation;
    EXPECT_EQ(o.response.finish_reason, test.reason);
  }
  const Observation tool = Decode({Answer(R"({"functionCall":{"name":"f","args":{}}})")}).observation;
  EXPECT_EQ(tool.response.finish_reason, "tool_calls");
  EXPECT_FALSE(tool.response.text.has_value());
}

TEST(Gemini, ABlockedPromptIsAnAnswerWithoutText) {
  const Observation o =
      Decode({R"({"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":4}})"})
          .observation;
  ASSERT_FALSE(o.error.has_value());
  EXPECT_FALSE(o.response.text.has_value());
  EXPECT_EQ(o.response.finish_reason, "content_filter");
  EXPECT_EQ(o.response.native_finish_reason, "SAFETY");
}

TEST(Gemini, Errors) {
  const std::string error =
      R"({"error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED","details":[]}})";
  for (const std::string& body : {error, "[" + error + "]"}) {
    const Decoded decoded = Decode({body}, {429});
    ASSERT_TRUE(decoded.observation.error.has_value()) << body;
    EXPECT_EQ(decoded.observation.error->status, 429);
    EXPECT_THAT(decoded.observation.error->message, HasSubstr("slow"));
    EXPECT_EQ(decoded.notes.error_code, "RESOURCE_EXHAUSTED");
  }
  const Decoded wait = Decode({R"({"error":{"code":429,"message":"slow","details":[{"@type":"x","links":[]},
      {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"32.5s"}]}})"},
                              {429});
  EXPECT_EQ(wait.notes.retry_delay_s, 32.5);
  for (const char* delay : {"\"s\"", "\"-1s\"", "\"nans\"", "\"1m\"", "32", "null", "{}"}) {
    const std::string body =
        R"({"error":{"message":"m","details":[5,{"retryDelay":)" + std::string(delay) + "}]}}";
    EXPECT_FALSE(Decode({body}, {429}).notes.retry_delay_s.has_value()) << delay;
  }
  const Decoded inside = Decode({Event(Answer(R"({"text":"a"})", "")), Event(error)}, kStream);
  ASSERT_TRUE(inside.observation.error.has_value());
  EXPECT_EQ(inside.observation.error->status, 429);
  EXPECT_EQ(inside.observation.response.text, "a");
}

TEST(GeminiStream, Chunks) {
  const std::string first = Answer(R"({"text":"Bl"})", R"("logprobsResult":{"chosenCandidates":[{"token":"Bl",
      "tokenId":1,"logProbability":-1}]})",
                                   R"(,"usageMetadata":{"promptTokenCount":14,"candidatesTokenCount":1})");
  const std::string last =
      Answer(R"({"text":"ue"})", R"("finishReason":"STOP","logprobsResult":{"chosenCandidates":[
      {"token":"u","tokenId":2,"logProbability":-1},{"token":"e","tokenId":3,"logProbability":-2}]})",
             R"(,"usageMetadata":{"promptTokenCount":14,"candidatesTokenCount":3})");
  const Decoded decoded = Decode({Event(first), Event(last)}, kStream);
  const Observation& o = decoded.observation;
  ASSERT_FALSE(o.error.has_value());
  EXPECT_EQ(o.response.text, "Blue");
  EXPECT_THAT(o.timing.event_tokens, ElementsAre(1, 2));
  EXPECT_EQ(o.usage.output_tokens, 3);
  EXPECT_EQ(o.logprobs.size(), 3U);
  EXPECT_TRUE(decoded.notes.terminated_cleanly);

  const Observation list =
      Decode({"[" + first + ",\n", last + "]"}, {200, "application/json", true}).observation;
  ASSERT_FALSE(list.error.has_value());
  EXPECT_EQ(list.response.text, "Blue");
  EXPECT_THAT(list.timing.event_s, IsEmpty());
  EXPECT_EQ(list.logprobs.size(), 3U);
}

TEST(GeminiStream, CutStreams) {
  const Decoded decoded = Decode({Event(Answer(R"({"text":"a"})", ""))}, kStream);
  ASSERT_TRUE(decoded.observation.error.has_value());
  EXPECT_EQ(KindOf(decoded), ErrorKind::kNetwork);
  EXPECT_FALSE(Decode({Event(Answer(R"({"text":"a"})", ""))}, kCutStream).notes.answer_complete);
}

}  // namespace
}  // namespace pinchbeck
