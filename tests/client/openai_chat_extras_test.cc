// What servers and relays add to chat completions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/client/chat_wire.h"

namespace pinchbeck {
namespace {

using pinchbeck::testing::Chunk;
using pinchbeck::testing::Completion;
using pinchbeck::testing::Content;
using pinchbeck::testing::Decode;
using pinchbeck::testing::Decoded;
using pinchbeck::testing::Done;
using pinchbeck::testing::Event;
using pinchbeck::testing::kStream;
using pinchbeck::testing::Stop;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Extras, ProviderCostAndNativeFinishReasonOfARouter) {
  const Observation o =
      Decode({R"({"id":"gen-1","provider":"Host A","model":"v/m","choices":[{"index":0,"finish_reason":"stop",
        "native_finish_reason":"end_turn","message":{"content":"x","reasoning":"why","reasoning_details":[
          {"type":"reasoning.text","text":"why"}]}}],"usage":{"prompt_tokens":3,"completion_tokens":1,
        "cost":0.00012,"is_byok":false}})"})
          .observation;
  EXPECT_EQ(o.response.provider, "Host A");
  EXPECT_EQ(o.response.finish_reason, "stop");
  EXPECT_EQ(o.response.native_finish_reason, "end_turn");
  EXPECT_EQ(o.response.reasoning_text, "why");
  EXPECT_EQ(o.usage.cost, 0.00012);
}

TEST(Extras, ACostThatIsNoneStaysAbsent) {
  for (const char* cost : {"-1", "null", "\"0.1\"", "NaN", "1e999", "{}"}) {
    const Observation o =
        Decode({Completion(R"({"content":"x"})", R"(,"usage":{"cost":)" + std::string(cost) + "}")})
            .observation;
    EXPECT_FALSE(o.usage.cost.has_value()) << cost;
  }
}

TEST(Extras, CostInAHeaderUnlessTheBodyKnowsBetter) {
  const pinchbeck::testing::Wire wire{
      200, "application/json", false, true, {{"x-litellm-response-cost", "0.25"}}};
  EXPECT_EQ(Decode({Completion(R"({"content":"x"})")}, wire).observation.usage.cost, 0.25);
  EXPECT_EQ(
      Decode({Completion(R"({"content":"x"})", R"(,"usage":{"cost":0.5})")}, wire).observation.usage.cost,
      0.5);
}

TEST(Extras, ReasoningUnderItsOtherNames) {
  for (
      const char* message :
      {R"({"content":"a","reasoning_details":[{"type":"reasoning.summary","summary":"w"},{"text":"hy"},{"data":"z"}]})",
       R"({"content":"a","thinking":"why"})",
       R"({"content":[{"type":"thinking","thinking":[{"type":"text","text":"why"}]},{"type":"text","text":"a"}]})"}) {
    const Observation o = Decode({Completion(message)}).observation;
    EXPECT_EQ(o.response.reasoning_text, "why") << message;
    EXPECT_EQ(o.response.text, "a") << message;
  }
}

TEST(Extras, TokenIdsInAStream) {
  const Observation o = Decode({Chunk(R"("delta":{"content":"a"},"token_ids":[4,7])"),
                                Chunk(R"("delta":{"content":"b"},"token_ids":[9,"x",null])"), Stop(), Done()},
                               kStream)
                            .observation;
  ASSERT_TRUE(o.response.token_ids.has_value());
  EXPECT_THAT(*o.response.token_ids, ElementsAre(4, 7, 9));
}

TEST(Extras, FlatErrorObjectsWithStatusOk) {
  const Decoded decoded = Decode(
      {R"({"object":"error","message":"max_tokens too large","type":"BadRequestError","param":null,"code":400})"});
  ASSERT_TRUE(decoded.observation.error.has_value());
  EXPECT_EQ(decoded.observation.error->status, 400);
  EXPECT_EQ(decoded.notes.error_code, "BadRequestError");
}

TEST(Extras, RelayErrorCodes) {
  const Decoded decoded =
      Decode({R"_({"error":{"message":"no credit (request id: 1)","type":"new_api_error","param":"",
        "code":"insufficient_user_quota"}})_"},
             {403});
  ASSERT_TRUE(decoded.observation.error.has_value());
  EXPECT_THAT(decoded.observation.error->message, HasSubstr("no credit"));
  EXPECT_EQ(decoded.notes.error_code, "insufficient_user_quota");
}

TEST(Extras, AbortedAnswersAreErrors) {
  const Decoded decoded =
      Decode({Content("a"), Chunk(R"("delta":{},"finish_reason":"abort")"), Done()}, kStream);
  ASSERT_TRUE(decoded.observation.error.has_value());
  EXPECT_THAT(decoded.observation.error->message, HasSubstr("abort"));
}

TEST(Extras, BlankLinesBeforeALateBody) {
  const Observation o = Decode({"\n\n", "\n", Completion(R"({"content":"x"})")}).observation;
  EXPECT_EQ(o.response.text, "x");
}

TEST(Extras, FirstChunkOfAFilteredPromptHasNoChoices) {
  const Observation o = Decode({Event(R"({"choices":[],"prompt_filter_results":[{"prompt_index":0}]})"),
                                Content("a"), Stop(), Done()},
                               kStream)
                            .observation;
  EXPECT_FALSE(o.error.has_value());
  EXPECT_EQ(o.response.text, "a");
}

}  // namespace
}  // namespace pinchbeck
