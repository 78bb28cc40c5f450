#include "pinchbeck/client/openai_completions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "pinchbeck/client/openai_chat.h"
#include "tests/client/wire.h"

namespace pinchbeck {
namespace {

using nlohmann::json;
using pinchbeck::testing::Decoded;
using pinchbeck::testing::DecodeWith;
using pinchbeck::testing::Event;
using pinchbeck::testing::kStream;
using pinchbeck::testing::Wire;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Decoded Decode(const std::vector<std::string>& pieces, const Wire& wire = {}) {
  return DecodeWith(OpenAiCompletionsDialect(), pieces, wire);
}

TEST(CompletionsRequest, SendsThePromptAsText) {
  Probe probe;
  probe.messages = {{"system", "Short."}, {"user", "Pick."}};
  probe.sampling.max_tokens = 7;
  probe.sampling.top_p = 0.9;
  probe.sampling.top_logprobs = 5;
  probe.sampling.stream = true;
  const auto request = OpenAiCompletionsDialect().BuildRequest(
      {"https://h.example/v1/chat/completions", "m", Secret()}, probe, 3);
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->url, "https://h.example:443/v1/completions");
  EXPECT_EQ(json::parse(request->body), json::parse(R"({"model":"m","prompt":"Short.\n\nPick.",
    "temperature":1.0,"top_p":0.9,"max_tokens":7,"logprobs":5,"seed":3,"stream":true,
    "stream_options":{"include_usage":true}})"));
}

TEST(CompletionsRequest, PlainTextIsAnotherPromptThanAChat) {
  Probe chat;
  chat.messages = {{"user", "Pick."}};
  const OpenAiCompletionsDialect completions;
  EXPECT_NE(completions.PromptSha256(chat), OpenAiChatDialect().PromptSha256(chat));
  // The text decides, not how messages were cut.
  Probe cut, whole;
  cut.messages = {{"system", "Short."}, {"user", "Pick."}};
  whole.messages = {{"user", "Short.\n\nPick."}};
  EXPECT_EQ(completions.PromptSha256(cut), completions.PromptSha256(whole));
}

TEST(Completions, ParallelListsOfLogprobs) {
  const Decoded decoded = Decode({R"({"id":"cmpl-1","object":"text_completion","model":"m-1","choices":[
    {"index":0,"text":" blue.","finish_reason":"length","logprobs":{"tokens":[" blue","."],
     "token_logprobs":[-0.2,-1.1],"top_logprobs":[{" clear":-1.9," blue":-0.2},{".":-1.1,",":-1.3}],
     "text_offset":[10,15]}}],"usage":{"prompt_tokens":3,"completion_tokens":2}})"});
  const Observation& o = decoded.observation;
  ASSERT_FALSE(o.error.has_value());
  EXPECT_EQ(o.response.text, " blue.");
  EXPECT_EQ(o.response.finish_reason, "length");
  EXPECT_EQ(o.usage.input_tokens, 3);
  EXPECT_EQ(o.usage.output_tokens, 2);
  ASSERT_EQ(o.logprobs.size(), 2U);
  EXPECT_EQ(o.logprobs[0].sampled.token, " blue");
  EXPECT_EQ(o.logprobs[0].sampled.logprob, -0.2);
  ASSERT_EQ(o.logprobs[0].top.size(), 2U);
  // In order of probability, whatever order the map had.
  EXPECT_EQ(o.logprobs[0].top[0].token, " blue");
  EXPECT_EQ(o.logprobs[0].top[1].token, " clear");
  EXPECT_EQ(o.logprobs[1].top[1].token, ",");
}

TEST(Completions, MissingCensoredAndShortLists) {
  const Observation o =
      Decode(
          {R"({"choices":[{"index":0,"text":"abc","finish_reason":"stop","logprobs":{"tokens":["a","b","c",5],
     "token_logprobs":[null,-9999.0,-Infinity],"top_logprobs":[null,{"b":-9999.0,"x":null,"y":-1}]}}]})"})
          .observation;
  ASSERT_FALSE(o.error.has_value());
  ASSERT_EQ(o.logprobs.size(), 4U);
  EXPECT_FALSE(o.logprobs[0].sampled.logprob.has_value());
  EXPECT_THAT(o.logprobs[0].top, IsEmpty());
  EXPECT_EQ(o.logprobs[1].sampled.logprob, -9999.0);
  ASSERT_EQ(o.logprobs[1].top.size(), 3U);
  EXPECT_EQ(o.logprobs[1].top[0].token, "y");
  EXPECT_EQ(o.logprobs[1].top[1].logprob, -9999.0);
  EXPECT_FALSE(o.logprobs[1].top[2].logprob.has_value());
  EXPECT_FALSE(o.logprobs[2].sampled.logprob.has_value());
  EXPECT_FALSE(o.logprobs[3].sampled.logprob.has_value());
}

TEST(Completions, LogprobsInTheChatShape) {
  const Observation o =
      Decode({R"({"choices":[{"text":" of","index":0,"logprobs":{"content":[{"id":280,"token":" of",
     "bytes":[32,111,102],"logprob":-1.07,"top_logprobs":[{"id":47,"token":",","logprob":-2.0}]}]},
     "finish_reason":"length"}]})"})
          .observation;
  ASSERT_EQ(o.logprobs.size(), 1U);
  EXPECT_EQ(o.logprobs[0].sampled.id, 280);
  EXPECT_EQ(o.logprobs[0].top[0].id, 47);
}

TEST(Completions, Stream) {
  const Observation o =
      Decode(
          {Event(R"({"choices":[{"index":0,"text":" bl","logprobs":{"tokens":[" bl"],"token_logprobs":[-1],
                      "top_logprobs":[{" bl":-1}]},"finish_reason":null}]})"),
           Event(
               R"({"choices":[{"index":1,"text":"other"},{"index":0,"text":"ue","logprobs":{"tokens":["u","e"],
                      "token_logprobs":[-1,-2],"top_logprobs":null},"finish_reason":"length"}]})"),
           Event(R"({"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":3}})"), Event("[DONE]")},
          kStream)
          .observation;
  ASSERT_FALSE(o.error.has_value());
  EXPECT_EQ(o.response.text, " blue");
  EXPECT_THAT(o.timing.event_tokens, ElementsAre(1, 2));
  EXPECT_EQ(o.logprobs.size(), 3U);
  EXPECT_EQ(o.usage.output_tokens, 3);
}

TEST(Completions, AChatCompletionInstead) {
  const Observation o =
      Decode({R"({"choices":[{"index":0,"message":{"content":"x"},"finish_reason":"stop"}]})"}).observation;
  EXPECT_FALSE(o.error.has_value());
  EXPECT_EQ(o.response.text, "x");
}

TEST(Completions, AListOfCompletionsIsNoAnswer) {
  const Decoded decoded = Decode({R"([{"choices":[{"text":"a","index":0}]},{"choices":[]}])"});
  ASSERT_TRUE(decoded.observation.error.has_value());
  EXPECT_THAT(decoded.observation.error->message, HasSubstr("not a JSON object"));
}

}  // namespace
}  // namespace pinchbeck
