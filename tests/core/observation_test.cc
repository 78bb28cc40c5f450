#include "pinchbeck/core/observation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/utf8.h"
#include "tests/core/test_support.h"

namespace pinchbeck {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::SizeIs;

Observation ParseOk(std::string_view line) {
  absl::StatusOr<Observation> observation = ParseObservation(line);
  EXPECT_TRUE(observation.ok()) << line << "\n" << observation.status();
  return observation.ok() ? *observation : Observation{};
}

TEST(ParseObservationTest, ReadsEveryField) {
  const Observation o = ParseOk(
      R"({"schema": "pinchbeck.observation/1", "probe": "number-1-100/en/2", "signals": ["choice", "latency"],
      "sample": 17, "session": "2026-11-20T08:00Z", "time": "2026-11-20T08:03:12.345Z",
      "endpoint": "https://relay.example/v1",
      "request": {"model": "gpt-x", "temperature": 1, "top_p": 0.9, "top_k": -1, "min_p": 0.05,
                  "max_tokens": 16, "seed": -3, "stream": true, "top_logprobs": 20, "prompt_sha256": "ab"},
      "response": {"id": "r1", "model": "gpt-x-2026", "text": "73", "reasoning_text": "hm",
                   "finish_reason": "stop", "system_fingerprint": "fp", "token_ids": [4767, 5]},
      "usage": {"input_tokens": 21, "output_tokens": 1, "reasoning_tokens": 0, "cached_input_tokens": 4},
      "timing": {"connect_s": 0.031, "first_token_s": 0.412, "total_s": 1,
                 "event_s": [0.412, 0.412, 1], "event_tokens": [1, 0, 2]},
      "logprobs": [{"token": "73", "id": 4767, "logprob": -0.11,
                    "top": [{"token": "73", "logprob": -0.11}, {"token": "47", "logprob": -2.9, "id": 9}]},
                   {"token": "", "logprob": -9999.0}],
      "error": {"kind": "http", "status": 429, "message": "slow down"}})");
  EXPECT_EQ(o.probe, "number-1-100/en/2");
  EXPECT_THAT(o.signals, ElementsAre("choice", "latency"));
  EXPECT_THAT(o.sample, Optional(17));
  EXPECT_THAT(o.session, Optional(std::string("2026-11-20T08:00Z")));
  EXPECT_THAT(o.time, Optional(std::string("2026-11-20T08:03:12.345Z")));
  EXPECT_THAT(o.endpoint, Optional(std::string("https://relay.example/v1")));
  EXPECT_THAT(o.request.model, Optional(std::string("gpt-x")));
  EXPECT_THAT(o.request.temperature, Optional(1.0));
  EXPECT_THAT(o.request.top_p, Optional(0.9));
  EXPECT_THAT(o.request.top_k, Optional(-1));
  EXPECT_THAT(o.request.min_p, Optional(0.05));
  EXPECT_THAT(o.request.max_tokens, Optional(16));
  EXPECT_THAT(o.request.seed, Optional(-3));
  EXPECT_THAT(o.request.stream, Optional(true));
  EXPECT_THAT(o.request.top_logprobs, Optional(20));
  EXPECT_THAT(o.request.prompt_sha256, Optional(std::string("ab")));
  EXPECT_THAT(o.response.id, Optional(std::string("r1")));
  EXPECT_THAT(o.response.model, Optional(std::string("gpt-x-2026")));
  EXPECT_THAT(o.response.text, Optional(std::string("73")));
  EXPECT_THAT(o.response.reasoning_text, Optional(std::string("hm")));
  EXPECT_THAT(o.response.finish_reason, Optional(std::string("stop")));
  EXPECT_THAT(o.response.system_fingerprint, Optional(std::string("fp")));
  EXPECT_THAT(o.response.token_ids, Optional(ElementsAre(4767, 5)));
  EXPECT_THAT(o.usage.input_tokens, Optional(21));
  EXPECT_THAT(o.usage.output_tokens, Optional(1));
  EXPECT_THAT(o.usage.reasoning_tokens, Optional(0));
  EXPECT_THAT(o.usage.cached_input_tokens, Optional(4));
  EXPECT_THAT(o.timing.connect_s, Optional(0.031));
  EXPECT_THAT(o.timing.first_token_s, Optional(0.412));
  EXPECT_THAT(o.timing.total_s, Optional(1.0));
  EXPECT_THAT(o.timing.event_s, ElementsAre(0.412, 0.412, 1.0));
  EXPECT_THAT(o.timing.event_tokens, ElementsAre(1, 0, 2));
  ASSERT_THAT(o.logprobs, SizeIs(2));
  EXPECT_EQ(o.logprobs[0].sampled.token, "73");
  EXPECT_THAT(o.logprobs[0].sampled.id, Optional(4767));
  EXPECT_THAT(o.logprobs[0].sampled.logprob, Optional(-0.11));
  ASSERT_THAT(o.logprobs[0].top, SizeIs(2));
  EXPECT_EQ(o.logprobs[0].top[1].token, "47");
  EXPECT_THAT(o.logprobs[0].top[1].logprob, Optional(-2.9));
  EXPECT_THAT(o.logprobs[0].top[1].id, Optional(9));
  EXPECT_EQ(o.logprobs[1].sampled.token, "");
  EXPECT_THAT(o.logprobs[1].sampled.logprob, Optional(-9999.0));
  ASSERT_TRUE(o.error.has_value());
  EXPECT_EQ(o.error->kind, ErrorKind::kHttp);
  EXPECT_THAT(o.error->status, Optional(429));
  EXPECT_EQ(o.error->message, "slow down");
}

TEST(ParseObservationTest, NullIsAbsentEverywhere) {
  const Observation o = ParseOk(
      R"({"schema":null,"probe":"p","signals":null,"sample":null,"session":null,"request":null,
      "response":{"text":null,"model":null,"token_ids":null},"usage":{"input_tokens":null},
      "timing":{"total_s":null,"event_s":null,"event_tokens":null},
      "logprobs":[null,{"token":"a","logprob":null,"id":null,"top":null},{"token":null,"top":[null]}],
      "error":null})");
  EXPECT_THAT(o.signals, IsEmpty());
  EXPECT_FALSE(o.sample.has_value());
  EXPECT_FALSE(o.response.text.has_value());
  EXPECT_FALSE(o.response.token_ids.has_value());
  EXPECT_FALSE(o.usage.input_tokens.has_value());
  EXPECT_FALSE(o.timing.total_s.has_value());
  ASSERT_THAT(o.logprobs, SizeIs(3)) << "a position without information keeps its place";
  EXPECT_FALSE(o.logprobs[0].sampled.logprob.has_value());
  EXPECT_EQ(o.logprobs[1].sampled.token, "a");
  EXPECT_FALSE(o.logprobs[1].sampled.logprob.has_value());
  EXPECT_THAT(o.logprobs[2].top, IsEmpty());
  EXPECT_FALSE(o.error.has_value());
}

TEST(ParseObservationTest, EmptyStringIsAbsentButAnEmptyAnswerIsAnAnswer) {
  const Observation o = ParseOk(R"({"probe":"p","session":"","time":"","endpoint":"","request":{"model":""},
      "response":{"text":"","id":"","model":"","finish_reason":""}})");
  EXPECT_THAT(o.response.text, Optional(std::string()));
  EXPECT_FALSE(o.response.id.has_value());
  EXPECT_FALSE(o.response.model.has_value());
  EXPECT_FALSE(o.response.finish_reason.has_value());
  EXPECT_FALSE(o.request.model.has_value());
  EXPECT_FALSE(o.session.has_value());
  EXPECT_FALSE(o.time.has_value());
  EXPECT_FALSE(o.endpoint.has_value());
}

TEST(ParseObservationTest, UnknownFieldsAreIgnoredAtEveryDepth) {
  const Observation o =
      ParseOk(R"({"x":1,"probe":"p","y":{"probe":"q","z":[[{"text":"no"}],null,true,1.5,"s"]},
      "response":{"text":"yes","choices":[{"text":"no"}],"id2":7},
      "logprobs":[{"token":"a","bytes":[97],"top":[{"token":"b","bytes":[98],"more":{"token":"no"}}]}],
      "usage":{"input_tokens":3,"details":{"input_tokens":9}},"error":{"kind":"timeout","code":"x"}})");
  EXPECT_EQ(o.probe, "p");
  EXPECT_THAT(o.response.text, Optional(std::string("yes")));
  ASSERT_THAT(o.logprobs, SizeIs(1));
  EXPECT_EQ(o.logprobs[0].sampled.token, "a");
  ASSERT_THAT(o.logprobs[0].top, SizeIs(1));
  EXPECT_EQ(o.logprobs[0].top[0].token, "b");
  EXPECT_THAT(o.usage.input_tokens, Optional(3));
  EXPECT_EQ(o.error->kind, ErrorKind::kTimeout);
}

TEST(ParseObservationTest, OfTwoMembersWithOneNameTheLastWins) {
  const Observation o = ParseOk(R"({"probe":"a","probe":"b","usage":{"input_tokens":1,"output_tokens":2},
     "usage":{"output_tokens":3},"response":{"text":"x","text":null},"timing":{"event_s":[5],"event_s":[1,2]},
      "logprobs":[{"token":"old"}],"logprobs":[{"token":"new","top":[{"token":"t"}],"top":[]}],
      "error":{"kind":"http","status":500},"error":null,"signals":["a"],"signals":["b"]})");
  EXPECT_EQ(o.probe, "b");
  EXPECT_FALSE(o.usage.input_tokens.has_value());
  EXPECT_THAT(o.usage.output_tokens, Optional(3));
  EXPECT_FALSE(o.response.text.has_value());
  EXPECT_THAT(o.timing.event_s, ElementsAre(1.0, 2.0));
  ASSERT_THAT(o.logprobs, SizeIs(1));
  EXPECT_EQ(o.logprobs[0].sampled.token, "new");
  EXPECT_THAT(o.logprobs[0].top, IsEmpty());
  EXPECT_FALSE(o.error.has_value());
  EXPECT_THAT(o.signals, ElementsAre("b"));
}

TEST(ParseObservationTest, IntegersMayBePrintedAsDecimals) {
  const Observation o = ParseOk(
      R"({"probe":"p","sample":5.0,"usage":{"output_tokens":1e3},"response":{"token_ids":[2.0]},
      "request":{"seed":-9223372036854775808}})");
  EXPECT_THAT(o.sample, Optional(5));
  EXPECT_THAT(o.usage.output_tokens, Optional(1000));
  EXPECT_THAT(o.response.token_ids, Optional(ElementsAre(2)));
  EXPECT_THAT(o.request.seed, Optional(std::numeric_limits<std::int64_t>::min()));
}

TEST(ParseObservationTest, ByteOrderMarkAndSurroundingSpaceAreSkipped) {
  EXPECT_EQ(ParseOk("\xEF\xBB\xBF {\"probe\":\"p\"} \r").probe, "p");
}

TEST(ParseObservationTest, EscapesAreDecoded) {
  EXPECT_THAT(ParseOk(R"({"probe":"p","response":{"text":"\u4e2d\ud83d\ude00\n\u0000\/"}})").response.text,
              Optional(std::string("\xE4\xB8\xAD\xF0\x9F\x98\x80\n\0/", 10)));
}

struct BadLine {
  std::string_view name;
  std::string line;
  std::string_view message;  // must occur in the error
};

std::string Nested(int depth) {
  return R"({"probe":"p","x":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
}

std::vector<BadLine> BadLines() {
  return {
      {"empty", "", "column 1: expected a JSON value; the text ends here"},
      {"not JSON", "hello", "column 1: expected a JSON value"},
      {"list", "[]", "expected a JSON object with one observation, got a list"},
      {"number", "17", "expected a JSON object with one observation, got a number"},
      {"string", "\"p\"", "got a string"},
      {"null", "null", "got null"},
      {"true", "true", "got a boolean"},
      {"cut off", R"({"probe":"p","response":{"te)",
       "column 29: the string has no closing quote; the text ends here"},
      {"trailing text", R"({"probe":"p"} x)", "column 15: expected the end of the text"},
      {"two objects", R"({"probe":"p"}{"probe":"q"})", "column 14: expected the end of the text"},
      {"trailing comma", R"({"probe":"p",})", "column 14: expected the name of a member"},
      {"single quotes", "{'probe':'p'}", "column 2: expected the name of a member"},
      {"comment", R"({"probe":"p"/*x*/})", "column 13: expected ',' or '}'"},
      {"NaN", R"({"probe":"p","timing":{"total_s":NaN}})", "column 34: expected a JSON value"},
      {"Infinity", R"({"probe":"p","timing":{"total_s":Infinity}})", "column 34: expected a JSON value"},
      {"NUL byte", std::string("{\"probe\":\"p\"}\0x", 15), "column 14: expected the end of the text"},
      {"raw control character", "{\"probe\":\"p\x01\"}", "column 12: a control character"},
      {"invalid UTF-8", "{\"probe\":\"p\xff\"}", "column 12: invalid UTF-8"},
      {"overlong UTF-8", "{\"probe\":\"\xc0\x80\"}", "column 11: invalid UTF-8"},
      {"encoded surrogate", "{\"probe\":\"\xed\xa0\x80\"}", "column 11: invalid UTF-8"},
      {"lone high surrogate", R"({"probe":"p\ud83d"})",
       "column 12: a Unicode escape is half a surrogate pair"},
      {"lone low surrogate", R"({"probe":"p\ude00"})",
       "column 12: a Unicode escape is half a surrogate pair"},
      {"no probe", "{}", "probe: missing or empty"},
      {"null probe", R"({"probe":null})", "probe: missing or empty"},
      {"empty probe", R"({"probe":""})", "probe: missing or empty"},
      {"numeric probe", R"({"probe":3})", "probe: expected a string, got a number"},
      {"other schema", R"({"schema":"pinchbeck.observation/2","probe":"p"})", "pinchbeck.observation/2"},
      {"schema of wrong type", R"({"schema":1,"probe":"p"})", "schema: expected a string, got a number"},
      {"text is a number", R"({"probe":"p","response":{"text":5}})",
       "response.text: expected a string, got a number"},
      {"text is an object", R"({"probe":"p","response":{"text":{}}})",
       "response.text: expected a string, got an object"},
      {"text is a list", R"({"probe":"p","response":{"text":[]}})",
       "response.text: expected a string, got a list"},
      {"response is a string", R"({"probe":"p","response":"x"})",
       "response: expected an object, got a string"},
      {"usage is a list", R"({"probe":"p","usage":[]})", "usage: expected an object, got a list"},
      {"logprobs is an object", R"({"probe":"p","logprobs":{}})", "logprobs: expected a list, got an object"},
      {"position is a number", R"({"probe":"p","logprobs":[{"token":"a"},1]})",
       "logprobs[1]: expected an object, got a number"},
      {"logprob is a string",
       R"({"probe":"p","logprobs":[{"token":"a"},{"token":"a","top":[{"token":"b","logprob":"-1"}]}]})",
       "logprobs[1].top[0].logprob: expected a number, got a string"},
      {"token is a number", R"({"probe":"p","logprobs":[{"token":1}]})",
       "logprobs[0].token: expected a string"},
      {"token id is a fraction", R"({"probe":"p","logprobs":[{"token":"a","id":1.5}]})",
       "logprobs[0].id: expected an integer"},
      {"signals is a string", R"({"probe":"p","signals":"choice"})",
       "signals: expected a list, got a string"},
      {"signal is a number", R"({"probe":"p","signals":["choice",1]})",
       "signals[1]: expected a string, got a number"},
      {"token ids hold a string", R"({"probe":"p","response":{"token_ids":[1,"2"]}})",
       "response.token_ids[1]: expected an integer, got a string"},
      {"token ids hold null", R"({"probe":"p","response":{"token_ids":[null]}})",
       "response.token_ids[0]: expected an integer, got null"},
      {"stream is a number", R"({"probe":"p","request":{"stream":1}})",
       "request.stream: expected true or false, got a number"},
      {"temperature is a boolean", R"({"probe":"p","request":{"temperature":true}})",
       "request.temperature: expected a number, got a boolean"},
      {"fractional count", R"({"probe":"p","usage":{"input_tokens":5.5}})",
       "usage.input_tokens: expected an integer of at most 64 bits, got 5.5"},
      {"count beyond 64 bits", R"({"probe":"p","usage":{"input_tokens":18446744073709551616}})",
       "usage.input_tokens: expected an integer of at most 64 bits"},
      {"count beyond 63 bits", R"({"probe":"p","usage":{"input_tokens":18446744073709551615}})",
       "got 18446744073709551615"},
      {"negative count", R"({"probe":"p","usage":{"output_tokens":-1}})",
       "usage.output_tokens: expected a value of at least 0, got -1"},
      {"negative count as decimal", R"({"probe":"p","usage":{"output_tokens":-1.0}})",
       "usage.output_tokens: expected a value of at least 0"},
      {"negative max_tokens", R"({"probe":"p","request":{"max_tokens":-1}})",
       "request.max_tokens: expected a value of at least 0"},
      {"negative time", R"({"probe":"p","timing":{"total_s":-0.5}})",
       "timing.total_s: expected a value of at least 0, got -0.5"},
      {"negative event", R"({"probe":"p","timing":{"event_s":[0.5,-1]}})",
       "timing.event_s[1]: expected a value of at least 0, got -1"},
      {"decreasing events", R"({"probe":"p","timing":{"event_s":[0.1,0.3,0.2]}})",
       "timing.event_s[2]: 0.2 comes before"},
      {"event tokens of another length", R"({"probe":"p","timing":{"event_s":[0.1,0.3],"event_tokens":[1]}})",
       "timing.event_tokens: has 1 entries, but timing.event_s has 2"},
      {"event tokens without events", R"({"probe":"p","timing":{"event_tokens":[1]}})",
       "timing.event_tokens: has 1 entries"},
      {"null event", R"({"probe":"p","timing":{"event_s":[null]}})",
       "timing.event_s[0]: expected a number, got null"},
      {"number out of range", R"({"probe":"p","logprobs":[{"token":"a","logprob":-1e999}]})",
       "logprobs[0].logprob: the number -1e999 is out of range"},
      {"number out of range in a list", R"({"probe":"p","timing":{"event_s":[1,1e999]}})",
       "timing.event_s[1]: the number 1e999 is out of range"},
      {"unknown number out of range", R"({"probe":"p","x":[1e999]})", "the number 1e999 is out of range"},
      {"error is a string", R"({"probe":"p","error":"timeout"})", "error: expected an object, got a string"},
      {"error without kind", R"({"probe":"p","error":{"status":500}})", "error.kind: missing"},
      {"unknown kind", R"({"probe":"p","error":{"kind":"dns"}})",
       "error.kind: expected http, timeout, network or protocol, got \"dns\""},
      {"status is a string", R"({"probe":"p","error":{"kind":"http","status":"429"}})",
       "error.status: expected an integer, got a string"},
      {"huge status", R"({"probe":"p","error":{"kind":"http","status":4294967296}})",
       "error.status: 4294967296 is no HTTP status"},
      {"too deep", Nested(64), "column 82: nested more than 64 levels deep"},
  };
}

TEST(ParseObservationTest, RefusesBadLinesAndNamesTheField) {
  for (const BadLine& bad : BadLines()) {
    SCOPED_TRACE(bad.name);
    const absl::StatusOr<Observation> observation = ParseObservation(bad.line);
    ASSERT_FALSE(observation.ok());
    EXPECT_EQ(observation.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(internal::Message(observation.status()), HasSubstr(std::string(bad.message)));
    EXPECT_TRUE(internal::IsValidUtf8(internal::Message(observation.status())));
  }
}

TEST(ParseObservationTest, UnknownFieldsMayNestUpToTheLimit) { EXPECT_EQ(ParseOk(Nested(63)).probe, "p"); }

TEST(ParseObservationTest, ALongWrongValueIsShortenedInTheMessage) {
  const std::string line = R"({"probe":"p","error":{"kind":")" + std::string(100000, 'k') + "\"}}";
  EXPECT_LT(internal::Message(ParseObservation(line).status()).size(), 400u);
}

TEST(SerializeObservationTest, LeavesOutWhatIsAbsent) {
  Observation o;
  o.probe = "p";
  EXPECT_EQ(SerializeObservation(o), R"({"schema":"pinchbeck.observation/1","probe":"p"})");
}

TEST(SerializeObservationTest, WritesMembersInTheOrderOfTheFormat) {
  Observation o;
  o.probe = "p\"\\\n\x01\xE4\xB8\xAD";
  o.signals = {"choice"};
  o.sample = 0;
  o.request.temperature = 1.0;
  o.request.stream = false;
  o.response.text = "";
  o.usage.reasoning_tokens = 0;
  o.timing.event_s = {0.1, 0.30000000000000004};
  o.logprobs = {{{"a", 7, -0.5}, {{"b", std::nullopt, std::nullopt}}}};
  o.error = ErrorRecord{ErrorKind::kNetwork, std::nullopt, "reset"};
  EXPECT_EQ(SerializeObservation(o),
            "{\"schema\":\"pinchbeck.observation/1\",\"probe\":\"p\\\"\\\\\\n\\u0001\xE4\xB8\xAD\","
            "\"signals\":[\"choice\"],\"sample\":0,\"request\":{\"temperature\":1,\"stream\":false},"
            "\"response\":{\"text\":\"\"},\"usage\":{\"reasoning_tokens\":0},"
            "\"timing\":{\"event_s\":[0.1,0.30000000000000004]},"
            "\"logprobs\":[{\"token\":\"a\",\"id\":7,\"logprob\":-0.5,\"top\":[{\"token\":\"b\"}]}],"
            "\"error\":{\"kind\":\"network\",\"message\":\"reset\"}}");
}

TEST(SerializeObservationTest, WritesEveryField) {
  const std::string line =
      R"({"schema":"pinchbeck.observation/1","probe":"p","signals":["a","b"],"sample":17,"session":"s",)"
      R"("time":"t","endpoint":"e","request":{"model":"m","temperature":0.5,"top_p":0.9,"top_k":40,)"
      R"("min_p":0.05,"max_tokens":16,"seed":-3,"stream":true,"top_logprobs":20,"prompt_sha256":"ab"},)"
      R"("response":{"id":"i","model":"n","text":"x","reasoning_text":"r","finish_reason":"stop",)"
      R"("system_fingerprint":"f","token_ids":[1,-2]},"usage":{"input_tokens":1,"output_tokens":2,)"
      R"("reasoning_tokens":3,"cached_input_tokens":4},"timing":{"connect_s":0.1,"first_token_s":0.2,)"
      R"("total_s":0.3,"event_s":[0.2,0.25],"event_tokens":[1,2]},"logprobs":[{"token":"x","id":5,)"
      R"("logprob":-0.5,"top":[{"token":"x","id":5,"logprob":-0.5},{"token":"y"}]}],)"
      R"("error":{"kind":"http","status":429,"message":"slow"}})";
  EXPECT_EQ(SerializeObservation(ParseOk(line)), line);
}

TEST(SerializeObservationTest, ReplacesInvalidUtf8AndLeavesOutNumbersThatJsonLacks) {
  Observation o;
  o.probe = "p";
  o.response.text =
      "a\xff"
      "b\xe4\xb8";
  o.request.temperature = std::numeric_limits<double>::quiet_NaN();
  o.timing.event_s = {0.1, std::numeric_limits<double>::infinity()};
  o.timing.event_tokens = {1, 1};
  o.logprobs = {{{"a", std::nullopt, -std::numeric_limits<double>::infinity()}, {}}};
  const Observation back = ParseOk(SerializeObservation(o));
  EXPECT_THAT(back.response.text, Optional(std::string("a\xEF\xBF\xBD"
                                                       "b\xEF\xBF\xBD")));
  EXPECT_FALSE(back.request.temperature.has_value());
  EXPECT_THAT(back.timing.event_s, IsEmpty());
  ASSERT_THAT(back.logprobs, SizeIs(1));
  EXPECT_FALSE(back.logprobs[0].sampled.logprob.has_value());
}

// WritesEveryField shows that lines hold everything, so equal lines mean equal observations.
TEST(SerializeObservationTest, RoundTripsRandomObservations) {
  testing::ObservationGenerator generator(20261123);
  for (int i = 0; i < 3000; ++i) {
    const std::string line = SerializeObservation(generator.Next());
    ASSERT_EQ(SerializeObservation(ParseOk(line)), line);
  }
}

TEST(SerializeObservationTest, NumbersRoundTripToTheLastBit) {
  const std::vector<double> numbers = {0.0, -0.0, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308,
                                       0.1, 1e22, 1e23};
  for (const double number : numbers) {
    Observation o;
    o.probe = "p";
    o.request.temperature = number;
    const Observation back = ParseOk(SerializeObservation(o));
    ASSERT_TRUE(back.request.temperature.has_value()) << number;
    EXPECT_EQ(*back.request.temperature, number);
    EXPECT_EQ(std::signbit(*back.request.temperature), std::signbit(number));
  }
}

}  // namespace
}  // namespace pinchbeck
