#include "pinchbeck/client/openai_responses.h"

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
using pinchbeck::testing::kCutStream;
using pinchbeck::testing::KindOf;
using pinchbeck::testing::kStream;
using pinchbeck::testing::NamedEvent;
using pinchbeck::testing::Wire;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Decoded Decode(const std::vector<std::string>& pieces, const Wire& wire = {}) {
  return DecodeWith(OpenAiResponsesDialect(), pieces, wire);
}

std::string Response(const std::string& output, const std::string& more = R"("status":"completed")") {
  return R"({"id":"resp_1","object":"response","model":"m-2026","error":null,"output":[)" + output + "]," +
         more + "}";
}
std::string Message(const std::string& content) {
  return R"({"type":"message","id":"msg_1","role":"assistant","content":[)" + content + "]}";
}
std::string Text(const std::string& text, const std::string& more = "") {
  return Message(R"({"type":"output_text","text":")" + text + "\"" + more + "}");
}
std::string Delta(const std::string& text, const std::string& more = "") {
  return NamedEvent("response.output_text.delta", R"("delta":")" + text + "\"" + more);
}
std::string Completed(const std::string& response) {
  return NamedEvent("response.completed", R"("response":)" + response);
}

TEST(ResponsesRequest, Body) {
  Probe probe;
  probe.messages = {{"system", "Short."}, {"user", "Pick."}};
  probe.sampling.top_k = 4;
  probe.sampling.min_p = 0.1;
  probe.sampling.top_logprobs = 5;
  const auto request =
      OpenAiResponsesDialect().BuildRequest({"https://h.example/v1", "m", Secret()}, probe, 3);
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->url, "https://h.example:443/v1/responses");
  EXPECT_EQ(json::parse(request->body), json::parse(R"({"model":"m","input":[
    {"role":"system","content":"Short."},{"role":"user","content":"Pick."}],"temperature":1.0,
    "max_output_tokens":16,"top_logprobs":5,"include":["message.output_text.logprobs"],"store":false,
    "stream":false})"));
}

TEST(ResponsesRequest, ReasoningEffort) {
  Probe probe;
  probe.messages = {{"user", "Pick."}};
  probe.sampling.reasoning_effort = "high";
  const auto request =
      OpenAiResponsesDialect().BuildRequest({"https://h.example/v1", "m", Secret()}, probe, std::nullopt);
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(json::parse(request->body)["reasoning"], json::parse(R"({"effort":"high"})"));
}

TEST(Responses, AllFields) {
  const Observation o =
      Decode(
          {Response(
              R"({"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}]},)" +
                  Text("Blue", R"(,"logprobs":[{"token":"Blue","bytes":[66,108,117,101],"logprob":-0.1,
                       "top_logprobs":[{"token":"Red","bytes":[82],"logprob":-9999.0}]}])"),
              R"("status":"completed","usage":{"input_tokens":19,"input_tokens_details":{"cached_tokens":4},
                   "output_tokens":9,"output_tokens_details":{"reasoning_tokens":8},"total_tokens":28})")})
          .observation;
  ASSERT_FALSE(o.error.has_value()) << o.error->message;
  EXPECT_EQ(o.response.id, "resp_1");
  EXPECT_EQ(o.response.model, "m-2026");
  EXPECT_EQ(o.response.text, "Blue");
  EXPECT_EQ(o.response.reasoning_text, "hm");
  EXPECT_EQ(o.response.finish_reason, "stop");
  EXPECT_EQ(o.response.native_finish_reason, "completed");
  EXPECT_EQ(o.usage.input_tokens, 19);
  EXPECT_EQ(o.usage.cached_input_tokens, 4);
  EXPECT_EQ(o.usage.output_tokens, 9);
  EXPECT_EQ(o.usage.reasoning_tokens, 8);
  ASSERT_EQ(o.logprobs.size(), 1U);
  EXPECT_EQ(o.logprobs[0].sampled.logprob, -0.1);
  EXPECT_EQ(o.logprobs[0].top[0].logprob, -9999.0);
}

TEST(Responses, WhatIsNotReportedStaysAbsent) {
  const Observation o = Decode({Response(Text("x"))}).observation;
  EXPECT_FALSE(o.usage.input_tokens.has_value());
  EXPECT_FALSE(o.usage.output_tokens.has_value());
  EXPECT_FALSE(o.usage.reasoning_tokens.has_value());
  EXPECT_FALSE(o.response.reasoning_text.has_value());
  EXPECT_THAT(o.logprobs, IsEmpty());
}

TEST(Responses, ReasoningTextComesBeforeItsSummary) {
  const Observation o =
      Decode({Response(R"({"type":"reasoning","summary":[{"type":"summary_text","text":"s"}],
      "content":[{"type":"reasoning_text","text":"all"}]},)" +
                       Text("x"))})
          .observation;
  EXPECT_EQ(o.response.reasoning_text, "all");
}

TEST(Responses, FinishReasons) {
  const struct {
    std::string document;
    const char* reason;
    std::optional<std::string> native;
  } cases[] = {
      {Response(Text("x"), R"("status":"incomplete","incomplete_details":{"reason":"max_output_tokens"})"),
       "length", "max_output_tokens"},
      {Response(Text("x"), R"("status":"incomplete","incomplete_details":{"reason":"content_filter"})"),
       "content_filter", std::nullopt},
      {Response(Text("x"), R"("status":"incomplete","incomplete_details":null)"), "incomplete", std::nullopt},
      {Response(R"({"type":"function_call","name":"f","arguments":"{}"})"), "tool_calls", "completed"},
      {Response(Message(R"({"type":"refusal","refusal":"I cannot."})")), "refusal", "completed"},
  };
  for (const auto& test : cases) {
    const Observation o = Decode({test.document}).observation;
    ASSERT_FALSE(o.error.has_value()) << test.document;
    EXPECT_EQ(o.response.finish_reason, test.reason) << test.document;
    EXPECT_EQ(o.response.native_finish_reason, test.native) << test.document;
  }
  EXPECT_EQ(Decode({cases[4].document}).observation.response.text, "I cannot.");
}

TEST(Responses, FailedAndUnfinishedAreErrors) {
  Decoded decoded = Decode({Response("", R"("status":"queued")")});
  ASSERT_TRUE(decoded.observation.error.has_value());
  EXPECT_THAT(decoded.observation.error->message, HasSubstr("queued"));
  decoded = Decode(
      {R"({"id":"r","status":"failed","output":[],"error":{"code":"server_error","message":"boom"}})"});
  ASSERT_TRUE(decoded.observation.error.has_value());
  EXPECT_THAT(decoded.observation.error->message, HasSubstr("boom"));
  EXPECT_EQ(decoded.notes.error_code, "server_error");
}

TEST(Responses, AChatCompletionIsNoAnswer) {
  const Decoded decoded = Decode({R"({"choices":[{"message":{"content":"x"}}]})"});
  ASSERT_TRUE(decoded.observation.error.has_value());
  EXPECT_THAT(decoded.observation.error->message, HasSubstr("no output"));
}

TEST(ResponsesStream, DeltasAndFinalResponse) {
  const Decoded decoded = Decode(
      {NamedEvent("response.created", R"("response":{"id":"resp_1","output":[],"status":"in_progress"})"),
       NamedEvent("response.output_item.added", R"("output_index":0,"item":{"type":"message"})"),
       Delta("Bl", R"(,"logprobs":[{"token":"Bl","logprob":-0.1,"top_logprobs":[]}])"),
       Delta("\\ufffd", R"(,"logprobs":[{"token":"\ufffd","logprob":-0.2}])"),
       NamedEvent("response.output_text.done", R"("text":"Bl?")"),
       NamedEvent("response.brand_new", R"("x":1)"),
       Completed(Response(Text("Bl?", R"(,"logprobs":[{"token":"Bl","logprob":-0.1,"bytes":[66,108]},
          {"token":"\ufffd","logprob":-0.2,"bytes":[230,176,180]}])"),
                          R"("status":"completed","usage":{"input_tokens":19,"output_tokens":2})"))},
      kStream);
  const Observation& o = decoded.observation;
  ASSERT_FALSE(o.error.has_value()) << o.error->message;
  EXPECT_EQ(o.response.text, "Bl\xEF\xBF\xBD");
  EXPECT_NEAR(*o.timing.first_token_s, 0.3, 1e-9);
  EXPECT_EQ(o.timing.event_s.size(), 2U);
  EXPECT_THAT(o.timing.event_tokens, ElementsAre(1, 1));
  ASSERT_EQ(o.logprobs.size(), 2U);
  EXPECT_EQ(o.logprobs[1].sampled.token, "\xE6\xB0\xB4");
  EXPECT_EQ(o.usage.output_tokens, 2);
  EXPECT_EQ(o.response.finish_reason, "stop");
  EXPECT_TRUE(decoded.notes.terminated_cleanly);
}

TEST(ResponsesStream, TextOnlyInTheFinalResponse) {
  const Observation o = Decode({Completed(Response(Text("x")))}, kStream).observation;
  ASSERT_FALSE(o.error.has_value());
  EXPECT_EQ(o.response.text, "x");
  EXPECT_EQ(o.timing.event_s.size(), 1U);
}

TEST(ResponsesStream, ReasoningAndRefusalDeltas) {
  const Observation o = Decode({NamedEvent("response.reasoning_summary_text.delta", R"("delta":"sum")"),
                                NamedEvent("response.refusal.delta", R"("delta":"I can")"),
                                NamedEvent("response.refusal.delta", R"("delta":"not.")"),
                                Completed(Response(Message(R"({"type":"refusal","refusal":"I cannot."})")))},
                               kStream)
                            .observation;
  EXPECT_EQ(o.response.text, "I cannot.");
  EXPECT_EQ(o.response.reasoning_text, "sum");
  EXPECT_EQ(o.response.finish_reason, "refusal");
  EXPECT_EQ(o.timing.event_s.size(), 3U);
}

TEST(ResponsesStream, ErrorsInside) {
  Decoded decoded = Decode(
      {Delta("a"), NamedEvent("error", R"("code":"server_error","message":"boom","param":null)")}, kStream);
  ASSERT_TRUE(decoded.observation.error.has_value());
  EXPECT_THAT(decoded.observation.error->message, HasSubstr("boom"));
  EXPECT_EQ(decoded.notes.error_code, "server_error");
  EXPECT_EQ(decoded.observation.response.text, "a");
  decoded = Decode({Delta("a"), NamedEvent("response.failed", R"("response":{"status":"failed","output":[],
      "error":{"code":"rate_limit_exceeded","message":"slow"}})")},
                   kStream);
  ASSERT_TRUE(decoded.observation.error.has_value());
  EXPECT_THAT(decoded.observation.error->message, HasSubstr("slow"));
  EXPECT_EQ(decoded.notes.error_code, "rate_limit_exceeded");
}

TEST(ResponsesStream, CutStreams) {
  Decoded decoded = Decode({Delta("a")}, kStream);
  ASSERT_TRUE(decoded.observation.error.has_value());
  EXPECT_EQ(KindOf(decoded), ErrorKind::kNetwork);
  decoded = Decode({Delta("a")}, kCutStream);
  EXPECT_FALSE(decoded.observation.error.has_value());
  EXPECT_FALSE(decoded.notes.answer_complete);
}

TEST(ResponsesStream, NothingCountsAfterTheEnd) {
  const Observation o = Decode({Delta("a"), Completed(Response(Text("a"))), Delta("b")}, kStream).observation;
  EXPECT_EQ(o.response.text, "a");
}

}  // namespace
}  // namespace pinchbeck
