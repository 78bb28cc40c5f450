#include "pinchbeck/client/anthropic.h"

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
using pinchbeck::testing::NamedEvent;
using pinchbeck::testing::Wire;
using ::testing::HasSubstr;

Decoded Decode(const std::vector<std::string>& pieces, const Wire& wire = {}) {
  return DecodeWith(AnthropicDialect(), pieces, wire);
}

std::string Message(const std::string& content, const std::string& more = R"("stop_reason":"end_turn")") {
  return R"({"id":"msg_1","type":"message","role":"assistant","model":"m-2026","content":[)" + content +
         "]," + more + "}";
}
std::string Start(const std::string& usage = R"({"input_tokens":21,"output_tokens":1})") {
  return NamedEvent("message_start",
                    R"("message":{"id":"msg_1","model":"m-2026","content":[],"usage":)" + usage + "}");
}
std::string Delta(const std::string& delta) {
  return NamedEvent("content_block_delta", R"("index":0,"delta":{)" + delta + "}");
}
std::string TextDelta(const std::string& text) {
  return Delta(R"("type":"text_delta","text":")" + text + "\"");
}
std::string End(const std::string& usage = R"({"output_tokens":4})") {
  return NamedEvent("message_delta", R"("delta":{"stop_reason":"end_turn"},"usage":)" + usage);
}
std::string Stop() { return NamedEvent("message_stop", ""); }

TEST(AnthropicRequest, Body) {
  Probe probe;
  probe.messages = {{"system", "Short."}, {"user", "a"}, {"assistant", "b"}, {"user", "c"}};
  probe.sampling.top_p = 0.9;
  probe.sampling.top_k = 40;
  probe.sampling.min_p = 0.1;
  probe.sampling.top_logprobs = 5;
  const auto request =
      AnthropicDialect().BuildRequest({"https://h.example", "m", Secret("canary-key-value")}, probe, 3);
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->url, "https://h.example:443/v1/messages");
  EXPECT_EQ(json::parse(request->body), json::parse(R"({"model":"m","system":"Short.","messages":[
    {"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}],
    "max_tokens":16,"temperature":1.0,"top_p":0.9,"top_k":40,"stream":false})"));
  EXPECT_EQ(request->key_header.name, "x-api-key");
  EXPECT_EQ(request->key_header.prefix, "");
  bool version = false;
  for (const HttpHeader& header : request->headers) version = version || header.name == "anthropic-version";
  EXPECT_TRUE(version);
  const auto bearer =
      AnthropicDialect({true}).BuildRequest({"https://h.example/v1", "m", Secret()}, probe, 3);
  EXPECT_EQ(bearer->key_header.name, "Authorization");
  EXPECT_EQ(bearer->url, "https://h.example:443/v1/messages");
}

TEST(Anthropic, AllFields) {
  const Observation o =
      Decode({Message(R"({"type":"thinking","thinking":"hm","signature":"Eq"},{"type":"text","text":"Bl"},
        {"type":"brand_new","text":"no"},{"type":"text","text":"ue"})",
                      R"("stop_reason":"max_tokens","usage":{"input_tokens":21,"output_tokens":9,
        "cache_creation_input_tokens":100,"cache_read_input_tokens":1000,
        "output_tokens_details":{"thinking_tokens":5}})")})
          .observation;
  ASSERT_FALSE(o.error.has_value());
  EXPECT_EQ(o.response.id, "msg_1");
  EXPECT_EQ(o.response.model, "m-2026");
  EXPECT_EQ(o.response.text, "Blue");
  EXPECT_EQ(o.response.reasoning_text, "hm");
  EXPECT_EQ(o.response.finish_reason, "length");
  EXPECT_EQ(o.response.native_finish_reason, "max_tokens");
  EXPECT_EQ(o.usage.input_tokens, 1121);
  EXPECT_EQ(o.usage.cached_input_tokens, 1000);
  EXPECT_EQ(o.usage.output_tokens, 9);
  EXPECT_EQ(o.usage.reasoning_tokens, 5);
}

TEST(Anthropic, UsageThatIsMissingOrHuge) {
  Observation o = Decode({Message(R"({"type":"text","text":"x"})")}).observation;
  EXPECT_FALSE(o.usage.input_tokens.has_value());
  EXPECT_FALSE(o.usage.output_tokens.has_value());
  EXPECT_FALSE(o.usage.cached_input_tokens.has_value());
  o = Decode({Message("", R"("stop_reason":"end_turn","usage":{"cache_read_input_tokens":5})")}).observation;
  EXPECT_FALSE(o.usage.input_tokens.has_value());
  EXPECT_EQ(o.usage.cached_input_tokens, 5);
  o = Decode({Message("", R"("stop_reason":"end_turn","usage":{"input_tokens":9223372036854775807,
      "cache_read_input_tokens":1,"output_tokens":-3})")})
          .observation;
  EXPECT_FALSE(o.usage.input_tokens.has_value());
  EXPECT_FALSE(o.usage.output_tokens.has_value());
}

TEST(Anthropic, StopReasons) {
  const struct {
    const char* word;
    const char* reason;
  } cases[] = {{"end_turn", "stop"},       {"stop_sequence", "stop"},
               {"tool_use", "tool_calls"}, {"model_context_window_exceeded", "length"},
               {"refusal", "refusal"},     {"pause_turn", "pause_turn"},
               {"brand_new", "brand_new"}};
  for (const auto& test : cases) {
    const Observation o =
        Decode({Message("", R"("stop_reason":")" + std::string(test.word) + "\"")}).observation;
    EXPECT_EQ(o.response.finish_reason, test.reason);
    const bool mapped = std::string(test.word) != test.reason;
    EXPECT_EQ(o.response.native_finish_reason.has_value(), mapped) << test.word;
  }
}

TEST(Anthropic, ToolCallWithoutText) {
  const Observation o = Decode({Message(R"({"type":"tool_use","id":"t","name":"f","input":{}})",
                                        R"("stop_reason":"tool_use")")})
                            .observation;
  EXPECT_FALSE(o.error.has_value());
  EXPECT_FALSE(o.response.text.has_value());
}

TEST(Anthropic, Errors) {
  Decoded decoded = Decode(
      {R"({"type":"error","error":{"type":"rate_limit_error","message":"slow"},"request_id":"r"})"}, {429});
  ASSERT_TRUE(decoded.observation.error.has_value());
  EXPECT_EQ(decoded.observation.error->status, 429);
  EXPECT_EQ(decoded.notes.error_code, "rate_limit_error");
  decoded = Decode({R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})"}, {529});
  EXPECT_EQ(decoded.observation.error->status, 529);
  decoded = Decode({R"({"choices":[{"message":{"content":"x"}}]})"});
  ASSERT_TRUE(decoded.observation.error.has_value());
  EXPECT_THAT(decoded.observation.error->message, HasSubstr("no content blocks"));
}

TEST(AnthropicStream, AllEvents) {
  const Decoded decoded = Decode(
      {Start(R"({"input_tokens":21,"cache_read_input_tokens":7,"output_tokens":1})"),
       NamedEvent("content_block_start", R"("index":0,"content_block":{"type":"thinking","thinking":""})"),
       Delta(R"("type":"thinking_delta","thinking":"hm")"),
       Delta(R"("type":"signature_delta","signature":"Eq")"),
       NamedEvent("content_block_stop", R"("index":0)"),
       NamedEvent("content_block_start", R"("index":1,"content_block":{"type":"text","text":""})"),
       NamedEvent("ping", ""), TextDelta("Bl"), TextDelta("ue"),
       NamedEvent("brand_new", R"("delta":{"text":"no"})"), End(R"({"output_tokens":9})"), Stop()},
      kStream);
  const Observation& o = decoded.observation;
  ASSERT_FALSE(o.error.has_value());
  EXPECT_EQ(o.response.text, "Blue");
  EXPECT_EQ(o.response.reasoning_text, "hm");
  EXPECT_EQ(o.response.finish_reason, "stop");
  EXPECT_EQ(o.usage.input_tokens, 28);
  EXPECT_EQ(o.usage.cached_input_tokens, 7);
  EXPECT_EQ(o.usage.output_tokens, 9);
  EXPECT_NEAR(*o.timing.first_token_s, 0.3, 1e-9);
  EXPECT_EQ(o.timing.event_s.size(), 3U);
  EXPECT_TRUE(decoded.notes.terminated_cleanly);
}

TEST(AnthropicStream, TheFirstOutputCountIsNotTheAnswers) {
  const Observation o = Decode({Start(), TextDelta("a"),
                                NamedEvent("message_delta", R"("delta":{"stop_reason":"end_turn"})"), Stop()},
                               kStream)
                            .observation;
  EXPECT_FALSE(o.error.has_value());
  EXPECT_EQ(o.usage.input_tokens, 21);
  EXPECT_FALSE(o.usage.output_tokens.has_value());
}

TEST(AnthropicStream, TypeOnlyInTheDataOrOnlyInTheEvent) {
  const Observation data =
      Decode({Event(R"({"type":"content_block_delta","delta":{"type":"text_delta","text":"a"}})"),
              Event(R"({"type":"message_stop"})")},
             kStream)
          .observation;
  EXPECT_EQ(data.response.text, "a");
  EXPECT_FALSE(data.error.has_value());
  const Observation event =
      Decode({"event: content_block_delta\ndata: {\"delta\":{\"type\":\"text_delta\",\"text\":\"a\"}}\n\n",
              "event: message_stop\ndata: {}\n\n"},
             kStream)
          .observation;
  EXPECT_EQ(event.response.text, "a");
  EXPECT_FALSE(event.error.has_value());
}

TEST(AnthropicStream, ErrorEvent) {
  const Decoded decoded = Decode(
      {Start(), TextDelta("a"),
       NamedEvent("error", R"("error":{"type":"overloaded_error","message":"Overloaded"})"), TextDelta("b")},
      kStream);
  ASSERT_TRUE(decoded.observation.error.has_value());
  EXPECT_THAT(decoded.observation.error->message, HasSubstr("Overloaded"));
  EXPECT_EQ(decoded.notes.error_code, "overloaded_error");
  EXPECT_EQ(decoded.observation.response.text, "a");
}

TEST(AnthropicStream, AnErrorBeforeAnyWordHidesNotThatThereWereSome) {
  const Observation o =
      Decode({NamedEvent("message_start", R"("error":{"message":"x"},"message":{"id":"m","content":[]})"),
              TextDelta("a"), TextDelta("b"), End()},
             kStream)
          .observation;
  ASSERT_TRUE(o.error.has_value());
  EXPECT_EQ(o.response.text, "a");
}

TEST(AnthropicStream, CutStreams) {
  Decoded decoded = Decode({Start(), TextDelta("a")}, kStream);
  ASSERT_TRUE(decoded.observation.error.has_value());
  EXPECT_EQ(KindOf(decoded), ErrorKind::kNetwork);
  decoded = Decode({Start(), TextDelta("a"), End()}, kCutStream);
  EXPECT_FALSE(decoded.observation.error.has_value());
  EXPECT_TRUE(decoded.notes.answer_complete);
  EXPECT_FALSE(decoded.notes.terminated_cleanly);
}

TEST(Anthropic, AnErrorBesideAWholeAnswerHidesNoWordOfIt) {
  const std::string start = R"({"type":"message","content":[{"type":"text","text":"a"}],"error":"x")";
  const Observation whole = Decode({start + R"(,"stop_reason":"end_turn"})"}).observation;
  EXPECT_FALSE(whole.error.has_value());
  EXPECT_EQ(whole.response.text, "a");
  const Observation half = Decode({start + "}"}).observation;
  EXPECT_TRUE(half.error.has_value());
  EXPECT_EQ(half.response.text, "a");
}

}  // namespace
}  // namespace pinchbeck
