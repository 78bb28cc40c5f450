#include "pinchbeck/client/ollama.h"

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
using pinchbeck::testing::KindOf;
using pinchbeck::testing::kLines;
using pinchbeck::testing::Wire;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Wire kCutLines{200, "application/x-ndjson", true, false};

Decoded Decode(const std::vector<std::string>& pieces, const Wire& wire = {}) {
  return DecodeWith(OllamaDialect(), pieces, wire);
}

std::string Piece(const std::string& message, const std::string& more = "") {
  return R"({"model":"m","created_at":"2026-11-01T10:00:00Z","message":{"role":"assistant",)" + message +
         R"(},"done":false)" + more + "}\n";
}
std::string Content(const std::string& text, const std::string& more = "") {
  return Piece(R"("content":")" + text + "\"", more);
}
std::string Done(const std::string& more = R"(,"prompt_eval_count":26,"eval_count":3)") {
  return R"({"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop")" +
         more + "}\n";
}

TEST(OllamaRequest, Body) {
  Probe probe;
  probe.messages = {{"system", "Short."}, {"user", "a"}};
  probe.sampling.top_p = 0.9;
  probe.sampling.top_k = 40;
  probe.sampling.min_p = 0.1;
  probe.sampling.top_logprobs = 5;
  for (const char* base : {"http://127.0.0.1:11434", "http://127.0.0.1:11434/",
                           "http://127.0.0.1:11434/api/chat", "http://127.0.0.1:11434/api"}) {
    const auto request = OllamaDialect().BuildRequest({base, "m", Secret()}, probe, 7);
    ASSERT_TRUE(request.ok());
    EXPECT_EQ(request->url, "http://127.0.0.1:11434/api/chat") << base;
    EXPECT_EQ(json::parse(request->body), json::parse(R"({"model":"m","messages":[
      {"role":"system","content":"Short."},{"role":"user","content":"a"}],"stream":false,"logprobs":true,
      "top_logprobs":5,"options":{"temperature":1.0,"top_p":0.9,"top_k":40,"min_p":0.1,"num_predict":16,"seed":7}})"));
  }
}

TEST(Ollama, AllFields) {
  const Observation o =
      Decode(
          {R"({"model":"m","remote_host":"https://cloud.example","message":{"role":"assistant","content":"Blue",
        "thinking":"hm"},"done":true,"done_reason":"length","prompt_eval_count":26,"eval_count":9,
        "logprobs":[{"token":"Blue","logprob":-0.3,"bytes":[66],"top_logprobs":[{"token":"Red","logprob":-9999}]},
                    {"token":"x","logprob":-Infinity}]})"})
          .observation;
  ASSERT_FALSE(o.error.has_value());
  EXPECT_EQ(o.response.model, "m");
  EXPECT_EQ(o.response.provider, "https://cloud.example");
  EXPECT_EQ(o.response.text, "Blue");
  EXPECT_EQ(o.response.reasoning_text, "hm");
  EXPECT_EQ(o.response.finish_reason, "length");
  EXPECT_FALSE(o.response.native_finish_reason.has_value());
  EXPECT_EQ(o.usage.input_tokens, 26);
  EXPECT_EQ(o.usage.output_tokens, 9);
  EXPECT_FALSE(o.usage.reasoning_tokens.has_value());
  ASSERT_EQ(o.logprobs.size(), 2U);
  EXPECT_EQ(o.logprobs[0].top[0].logprob, -9999.0);
  EXPECT_FALSE(o.logprobs[1].sampled.logprob.has_value());
}

TEST(Ollama, CountsLeftOutStayAbsent) {
  const Observation o = Decode({Done(R"(,"eval_count":3)")}).observation;
  EXPECT_FALSE(o.usage.input_tokens.has_value());
  EXPECT_EQ(o.usage.output_tokens, 3);
}

TEST(Ollama, ToolCallsAndTheOlderShape) {
  const Observation tool =
      Decode({R"({"model":"m","message":{"content":"","tool_calls":[{"function":{"name":"f"}}]},
      "done":true,"done_reason":"stop"})"})
          .observation;
  EXPECT_EQ(tool.response.finish_reason, "tool_calls");
  EXPECT_EQ(tool.response.native_finish_reason, "stop");
  const Observation older =
      Decode({R"({"model":"m","response":"x","done":true,"done_reason":"stop"})"}).observation;
  EXPECT_EQ(older.response.text, "x");
}

TEST(Ollama, Errors) {
  Decoded decoded = Decode({R"({"error":"model 'x' not found"})"}, {404});
  ASSERT_TRUE(decoded.observation.error.has_value());
  EXPECT_EQ(decoded.observation.error->status, 404);
  EXPECT_THAT(decoded.observation.error->message, HasSubstr("model 'x' not found"));
  decoded = Decode({Content("a"), "{\"error\":\"out of memory\"}\n", Content("b")}, kLines);
  ASSERT_TRUE(decoded.observation.error.has_value());
  EXPECT_THAT(decoded.observation.error->message, HasSubstr("out of memory"));
  EXPECT_EQ(decoded.observation.response.text, "a");
  decoded = Decode({Content("a"), "oops\n", Done()}, kLines);
  ASSERT_TRUE(decoded.observation.error.has_value());
  EXPECT_THAT(decoded.observation.error->message, HasSubstr("oops"));
}

TEST(OllamaStream, Lines) {
  const Decoded decoded =
      Decode({Piece(R"("content":"","thinking":"hm")", R"(,"logprobs":[{"token":"hm","logprob":-1}])"),
              Content("Bl", R"(,"logprobs":[{"token":"Bl","logprob":-1}])"),
              Content("ue", R"(,"logprobs":[{"token":"u","logprob":-1},{"token":"e","logprob":-1}])"), "\r\n",
              Done(), Content("after")},
             kLines);
  const Observation& o = decoded.observation;
  ASSERT_FALSE(o.error.has_value());
  EXPECT_EQ(o.response.text, "Blue");
  EXPECT_EQ(o.response.reasoning_text, "hm");
  EXPECT_THAT(o.timing.event_tokens, ElementsAre(1, 1, 2));
  EXPECT_NEAR(*o.timing.first_token_s, 0.1, 1e-9);
  EXPECT_EQ(o.usage.output_tokens, 3);
  EXPECT_TRUE(decoded.notes.terminated_cleanly);
}

TEST(OllamaStream, LinesSplitAnywhereAndGluedTogether) {
  const std::string bytes = Content("\xE6\xB0\xB4") + Content("!") + Done();
  for (const auto& pieces : {std::vector<std::string>{bytes}, pinchbeck::testing::OneByteEach(bytes)}) {
    const Observation o = Decode(pieces, kLines).observation;
    ASSERT_FALSE(o.error.has_value());
    EXPECT_EQ(o.response.text, "\xE6\xB0\xB4!");
    EXPECT_EQ(o.timing.event_s.size(), 2U);
  }
}

TEST(OllamaStream, LastLineWithoutItsLineFeed) {
  std::string last = Done();
  last.pop_back();
  EXPECT_FALSE(Decode({Content("a"), last}, kLines).observation.error.has_value());
  last.resize(last.size() - 3);
  const Decoded cut = Decode({Content("a"), last}, kLines);
  ASSERT_TRUE(cut.observation.error.has_value());
  EXPECT_EQ(KindOf(cut), ErrorKind::kNetwork);
  EXPECT_FALSE(Decode({Content("a"), last}, kCutLines).observation.error.has_value());
}

TEST(OllamaStream, WholeAnswerOrEventsInstead) {
  const Observation whole =
      Decode({R"({"model":"m","message":{"content":"x"},"done":true,"done_reason":"stop"})"},
             {200, "application/json", true})
          .observation;
  EXPECT_EQ(whole.response.text, "x");
  EXPECT_FALSE(whole.error.has_value());
  const Observation lines = Decode({Content("x"), Done()}, {200, "application/x-ndjson", false}).observation;
  EXPECT_EQ(lines.response.text, "x");
  EXPECT_FALSE(lines.error.has_value());
  const Observation events =
      Decode({"data: " + Content("x") + "\n", "data: " + Done() + "\n"}, pinchbeck::testing::kStream)
          .observation;
  EXPECT_EQ(events.response.text, "x");
  EXPECT_FALSE(events.error.has_value());
}

TEST(OllamaStream, AnEndlessLineStopsTheTransfer) {
  pinchbeck::testing::ExpectAnEndlessLineStops(OllamaDialect(), "application/x-ndjson", "{\"a\":\"");
}

}  // namespace
}  // namespace pinchbeck
