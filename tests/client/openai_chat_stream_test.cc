#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tests/client/chat_wire.h"

namespace pinchbeck {
namespace {

using nlohmann::json;
using pinchbeck::testing::Chunk;
using pinchbeck::testing::Completion;
using pinchbeck::testing::Content;
using pinchbeck::testing::Decode;
using pinchbeck::testing::Decoded;
using pinchbeck::testing::Done;
using pinchbeck::testing::Event;
using pinchbeck::testing::kCutStream;
using pinchbeck::testing::KindOf;
using pinchbeck::testing::kStream;
using pinchbeck::testing::ReadFile;
using pinchbeck::testing::RecordedTraffic;
using pinchbeck::testing::Stop;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Stream, TimesOnlyEventsWithContent) {
  const Observation o =
      Decode(
          {": ping\n\n", Chunk(R"("delta":{"role":"assistant","content":""})"), Content("Bl"), Content("ue"),
           Stop(), Event(R"({"choices":[],"usage":{"prompt_tokens":19,"completion_tokens":2}})"), Done()},
          kStream)
          .observation;
  ASSERT_FALSE(o.error.has_value());
  EXPECT_EQ(o.response.text, "Blue");
  EXPECT_EQ(o.response.finish_reason, "stop");
  EXPECT_EQ(o.response.id, "c1");
  EXPECT_EQ(o.response.model, "m-2026");
  EXPECT_EQ(o.response.system_fingerprint, "fp");
  ASSERT_EQ(o.timing.event_s.size(), 2U);
  EXPECT_NEAR(*o.timing.first_token_s, 0.3, 1e-9);
  EXPECT_NEAR(o.timing.event_s[0], 0.3, 1e-9);
  EXPECT_NEAR(o.timing.event_s[1], 0.4, 1e-9);
  EXPECT_THAT(o.timing.event_tokens, IsEmpty());
  EXPECT_EQ(o.usage.input_tokens, 19);
  EXPECT_EQ(o.usage.output_tokens, 2);
}

TEST(Stream, ReasoningCountsAsContent) {
  for (const char* name : {"reasoning", "reasoning_content"}) {
    const Observation o = Decode({Chunk(R"("delta":{"content":null,")" + std::string(name) + R"(":"hm"})"),
                                  Content("a"), Stop(), Done()},
                                 kStream)
                              .observation;
    EXPECT_EQ(o.response.reasoning_text, "hm") << name;
    EXPECT_EQ(o.response.text, "a") << name;
    EXPECT_NEAR(*o.timing.first_token_s, 0.1, 1e-9) << name;
    EXPECT_EQ(o.timing.event_s.size(), 2U) << name;
  }
}

TEST(Stream, RefusalDeltas) {
  const Observation o = Decode({Chunk(R"("delta":{"refusal":"I can"})"),
                                Chunk(R"("delta":{"refusal":"not."})"), Stop(), Done()},
                               kStream)
                            .observation;
  EXPECT_EQ(o.response.text, "I cannot.");
  EXPECT_EQ(o.response.finish_reason, "refusal");
}

std::string ContentWithTokens(std::string_view text, int tokens) {
  std::string entries;
  for (int i = 0; i < tokens; ++i)
    entries += std::string(i == 0 ? "" : ",") + R"({"token":"t","logprob":-1})";
  return Chunk(R"("delta":{"content":")" + std::string(text) + R"("},"logprobs":{"content":[)" + entries +
               "]}");
}

TEST(Stream, EventTokensCountTheLogprobsOfEachEvent) {
  const Observation o = Decode({ContentWithTokens("a", 1), ContentWithTokens("bcd", 3),
                                ContentWithTokens("", 1), Stop(), Done()},
                               kStream)
                            .observation;
  EXPECT_THAT(o.timing.event_tokens, ElementsAre(1, 3));
  EXPECT_EQ(o.timing.event_s.size(), 2U);
  EXPECT_EQ(o.logprobs.size(), 5U);
}

TEST(Stream, EventTokensAreAbsentUnlessEveryEventHasThem) {
  const Observation o =
      Decode({ContentWithTokens("a", 1), Content("b"), Stop(), Done()}, kStream).observation;
  EXPECT_THAT(o.timing.event_tokens, IsEmpty());
  EXPECT_EQ(o.timing.event_s.size(), 2U);
}

TEST(Stream, UsageOnTheFinishChunkOnEveryChunkOrNever) {
  const std::string with_usage =
      Event(R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"completion_tokens":4}})");
  EXPECT_EQ(Decode({Content("a"), with_usage, Done()}, kStream).observation.usage.output_tokens, 4);
  const auto counted = [](int n) {
    return Event(R"({"choices":[{"index":0,"delta":{"content":"a"}}],"usage":{"completion_tokens":)" +
                 std::to_string(n) + "}}");
  };
  EXPECT_EQ(Decode({counted(1), counted(2), Stop(), Done()}, kStream).observation.usage.output_tokens, 2);
  EXPECT_FALSE(Decode({Content("a"), Stop(), Done()}, kStream).observation.usage.output_tokens.has_value());
  const std::string null_usage = Event(R"({"choices":[],"usage":null})");
  EXPECT_EQ(Decode({with_usage, null_usage, Done()}, kStream).observation.usage.output_tokens, 4);
}

TEST(Stream, TwoInterleavedChoices) {
  const auto piece = [](int index, const char* text) {
    return Event(R"({"choices":[{"index":)" + std::to_string(index) + R"(,"delta":{"content":")" + text +
                 "\"}}]}");
  };
  const Observation o =
      Decode({piece(0, "a"), piece(1, "X"), piece(0, "b"), piece(1, "Y"), Stop(), Done()}, kStream)
          .observation;
  EXPECT_EQ(o.response.text, "ab");
  EXPECT_EQ(o.timing.event_s.size(), 2U);
}

TEST(Stream, MissingDoneIsFineAfterAFinishReason) {
  const Decoded decoded = Decode({Content("a"), Stop()}, kStream);
  EXPECT_FALSE(decoded.observation.error.has_value());
  EXPECT_TRUE(decoded.notes.answer_complete);
  EXPECT_FALSE(decoded.notes.terminated_cleanly);
}

TEST(Stream, EndWithoutFinishIsAnError) {
  const Decoded decoded = Decode({Content("a"), Content("b")}, kStream);
  ASSERT_TRUE(decoded.observation.error.has_value());
  EXPECT_EQ(KindOf(decoded), ErrorKind::kNetwork);
  EXPECT_THAT(decoded.observation.error->message, HasSubstr("ended before it was finished"));
}

TEST(Stream, DoneWithoutFinishReasonIsWhole) {
  const Decoded decoded = Decode({Content("a"), Done()}, kStream);
  EXPECT_FALSE(decoded.observation.error.has_value());
  EXPECT_TRUE(decoded.notes.terminated_cleanly);
}

TEST(Stream, BrokenConnectionIsLeftToTheCallerUnlessTheAnswerIsWhole) {
  Decoded decoded = Decode({Content("a")}, kCutStream);
  EXPECT_FALSE(decoded.observation.error.has_value());
  EXPECT_FALSE(decoded.notes.answer_complete);
  decoded = Decode({Content("a"), Stop()}, kCutStream);
  EXPECT_TRUE(decoded.notes.answer_complete);
  EXPECT_NEAR(*decoded.observation.timing.total_s, 0.2, 1e-9);
}

TEST(Stream, LastEventWithoutBlankLineCountsIfItIsJson) {
  std::string last = Stop();
  last.resize(last.size() - 2);
  EXPECT_FALSE(Decode({Content("a"), last}, kStream).observation.error.has_value());
  last.resize(last.size() - 3);
  const Decoded cut = Decode({Content("a"), last}, kStream);
  ASSERT_TRUE(cut.observation.error.has_value());
  EXPECT_EQ(KindOf(cut), ErrorKind::kNetwork);
}

TEST(Stream, ErrorObjectInTheMiddle) {
  const Decoded decoded = Decode(
      {Content("a"),
       Event(
           R"({"error":{"code":502,"message":"provider died"},"choices":[{"index":0,"finish_reason":"error"}]})"),
       Content("never"), Done()},
      kStream);
  ASSERT_TRUE(decoded.observation.error.has_value());
  EXPECT_EQ(KindOf(decoded), ErrorKind::kHttp);
  EXPECT_EQ(decoded.observation.error->status, 502);
  EXPECT_THAT(decoded.observation.error->message, HasSubstr("provider died"));
  EXPECT_EQ(decoded.observation.response.text, "a");
}

TEST(Stream, AnErrorBesideEveryPieceHidesNoWord) {
  const auto piece = [](const char* choice) {
    return Event(R"({"error":"x","choices":[{"index":0,)" + std::string(choice) + "}]}");
  };
  const Decoded decoded = Decode({piece(R"("delta":{"content":"a"})"),
                                  piece(R"("delta":{"content":"b"},"finish_reason":"stop")"), Done()},
                                 kStream);
  EXPECT_FALSE(decoded.observation.error.has_value());
  EXPECT_EQ(decoded.observation.response.text, "ab");
  for (const char* broken : {R"("delta":{"content":"b"},"finish_reason":"error")", R"("delta":{})"}) {
    const Observation o = Decode({Content("a"), piece(broken), Done()}, kStream).observation;
    EXPECT_TRUE(o.error.has_value()) << broken;
    EXPECT_EQ(o.response.text, "a");
  }
}

TEST(Stream, TheOnlyChoiceCountsWhateverItsNumber) {
  const auto piece = [](const char* choice) {
    return Event(R"({"choices":[{"index":1,)" + std::string(choice) + "}]}");
  };
  const Decoded decoded = Decode({piece(R"("delta":{"content":"a"})"),
                                  piece(R"("delta":{"content":"b"},"finish_reason":"stop")"), Done()},
                                 kStream);
  EXPECT_FALSE(decoded.observation.error.has_value());
  EXPECT_EQ(decoded.observation.response.text, "ab");
}

TEST(Stream, AChoiceIsSettledByWhatItBrings) {
  const auto piece = [](int index, const char* choice) {
    return R"({"index":)" + std::to_string(index) + "," + std::string(choice) + "}";
  };
  const auto event = [](const std::string& choices) { return Event(R"({"choices":[)" + choices + "]}"); };
  const char* const role = R"("delta":{"role":"assistant","content":""})";
  const char* const end = R"("delta":{},"finish_reason":"stop")";
  // Applications take the first choice of every event, so that they see all of these words.
  const Decoded renumbered =
      Decode({event(piece(1, role)), event(piece(0, R"("delta":{"content":"a"})")),
              event(piece(0, R"("delta":{"content":"b"})")), event(piece(0, end)), Done()},
             kStream);
  EXPECT_FALSE(renumbered.observation.error.has_value());
  EXPECT_EQ(renumbered.observation.response.text, "ab");
  // Of several at once the one with number 0, as in a whole answer.
  const Decoded several =
      Decode({event(piece(1, R"("delta":{"content":"X"})") + "," + piece(0, R"("delta":{"content":"a"})")),
              event(piece(1, end)), event(piece(0, end)), Done()},
             kStream);
  EXPECT_EQ(several.observation.response.text, "a");
  // A choice that ends before the words of another one takes these out, but not without a trace.
  const Decoded cut = Decode({event(piece(1, R"("delta":{},"finish_reason":"error")")),
                              event(piece(0, R"("delta":{"content":"a"})")), Done()},
                             kStream);
  EXPECT_TRUE(cut.observation.error.has_value());
  EXPECT_EQ(cut.observation.response.text, "a");
}

TEST(Stream, AnErrorBeforeAnyWordHidesNotThatThereWereSome) {
  for (const char* error : {R"({"message":""})", R"({"code":0})", "7", R"("none")", R"({"message":"x"})"}) {
    const std::string first = Event(R"({"error":)" + std::string(error) +
                                    R"(,"choices":[{"index":0,"delta":{"role":"assistant"}}]})");
    const Observation o = Decode({first, Content("a"), Content("b"), Stop(), Done()}, kStream).observation;
    const bool failed = o.error.has_value();
    EXPECT_EQ(o.response.text, failed ? "a" : "ab") << error;
  }
}

TEST(Stream, ErrorEventType) {
  const Decoded decoded = Decode({"event: error\ndata: {\"message\":\"overloaded\"}\n\n"}, kStream);
  ASSERT_TRUE(decoded.observation.error.has_value());
  EXPECT_THAT(decoded.observation.error->message, HasSubstr("overloaded"));
}

TEST(Stream, UnknownEventTypesAndFieldsAreIgnored) {
  const Observation o =
      Decode({"event: ping\ndata: {\"type\":\"ping\"}\n\n", Content("a"), Stop(), Done()}, kStream)
          .observation;
  EXPECT_FALSE(o.error.has_value());
  EXPECT_EQ(o.response.text, "a");
}

TEST(Stream, EventThatIsNotJson) {
  const Decoded decoded = Decode({Content("a"), Event("oops"), Done()}, kStream);
  ASSERT_TRUE(decoded.observation.error.has_value());
  EXPECT_EQ(KindOf(decoded), ErrorKind::kProtocol);
  EXPECT_THAT(decoded.observation.error->message, AllOf(HasSubstr("event 2"), HasSubstr("oops")));
}

TEST(Stream, NothingButComments) {
  const Decoded decoded = Decode({": ping\n\n", ": ping\n\n"}, kStream);
  ASSERT_TRUE(decoded.observation.error.has_value());
  EXPECT_EQ(KindOf(decoded), ErrorKind::kProtocol);
}

TEST(Stream, WholeDocumentInsteadOfAStream) {
  const Observation o =
      Decode({Completion(R"({"content":"x"})")}, {200, "application/json", true, true}).observation;
  EXPECT_FALSE(o.error.has_value());
  EXPECT_EQ(o.response.text, "x");
  EXPECT_FALSE(o.timing.first_token_s.has_value());
}

TEST(Stream, StreamInsteadOfADocument) {
  const Observation o =
      Decode({Content("x"), Stop(), Done()}, {200, "text/event-stream; charset=utf-8", false, true})
          .observation;
  EXPECT_FALSE(o.error.has_value());
  EXPECT_EQ(o.response.text, "x");
}

TEST(Stream, OneByteAtATimeGivesTheSameAnswer) {
  const std::string bytes =
      "\xEF\xBB\xBF: hi\r\n\r\n" + Content("\xE6\xB0\xB4") + Content("!") + Stop() + Done();
  std::vector<std::string> pieces;
  for (const char c : bytes) pieces.emplace_back(1, c);
  const Observation o = Decode(pieces, kStream).observation;
  EXPECT_FALSE(o.error.has_value());
  EXPECT_EQ(o.response.text, "\xE6\xB0\xB4!");
  EXPECT_EQ(o.timing.event_s.size(), 2U);
}

TEST(Stream, AnEndlessLineIsAnErrorAndStopsTheTransfer) {
  pinchbeck::testing::ExpectAnEndlessLineStops(OpenAiChatDialect(), "text/event-stream", "data: ");
}

// --- Recorded answers of a real server ---

TEST(RecordedAnswers, EveryChatCaseGivesAnAnswerOrTheServersError) {
  if (!std::filesystem::exists(RecordedTraffic()))
    GTEST_SKIP() << "no recorded answers at " << RecordedTraffic();
  int cases = 0;
  for (const json& test : json::parse(ReadFile(RecordedTraffic() / "index.json"))) {
    const std::string name = test["name"];
    if (test["path"] != "/v1/chat/completions") continue;
    const bool stream = std::filesystem::exists(RecordedTraffic() / (name + ".body.sse"));
    const std::string body = ReadFile(RecordedTraffic() / (name + (stream ? ".body.sse" : ".body.json")));
    const int status = test["status"];
    const Decoded decoded = Decode({body}, {status, test["content_type"], stream, true});
    const Observation& o = decoded.observation;
    EXPECT_EQ(o.error.has_value(), status != 200) << name;
    EXPECT_EQ(decoded.notes.json_repairs, 0) << name;
    if (status == 200) {
      EXPECT_TRUE(o.response.text.has_value()) << name;
      EXPECT_TRUE(o.response.finish_reason.has_value()) << name;
      EXPECT_GT(o.usage.output_tokens.value_or(0), 0) << name;
      EXPECT_GT(o.usage.input_tokens.value_or(0), 0) << name;
    } else {
      EXPECT_EQ(o.error->status, status) << name;
    }
    ++cases;
  }
  EXPECT_GT(cases, 10);
}

TEST(RecordedAnswers, StreamWithLogprobs) {
  if (!std::filesystem::exists(RecordedTraffic()))
    GTEST_SKIP() << "no recorded answers at " << RecordedTraffic();
  const Observation o =
      Decode({ReadFile(RecordedTraffic() / "chat_stream_logprobs.body.sse")}, kStream).observation;
  EXPECT_EQ(o.response.text, "Tokyo");
  EXPECT_EQ(o.logprobs.size(), 5U);
  EXPECT_EQ(o.logprobs[4].sampled.id, 2);
  EXPECT_EQ(o.logprobs[0].top.size(), 3U);
  EXPECT_THAT(o.timing.event_tokens, ElementsAre(1, 1, 1, 1));
  EXPECT_EQ(o.usage.output_tokens, 5);
}

}  // namespace
}  // namespace pinchbeck
