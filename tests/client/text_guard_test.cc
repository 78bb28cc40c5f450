#include "src/client/text_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "pinchbeck/core/observation.h"
#include "src/client/lenient_json.h"

namespace pinchbeck::internal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(CleanLine, TakesOutWhatATerminalWouldObey) {
  EXPECT_EQ(CleanLine("a\x1b[31mb\r\nc\x07"), "a [31mb  c");
  EXPECT_EQ(CleanLine("a\xC2\x9B"
                      "b"),
            "a  b");
  EXPECT_EQ(CleanLine("\xC3\xA9t\xC3\xA9"), "\xC3\xA9t\xC3\xA9");
  EXPECT_EQ(CleanLine("a\xFF"), "a\xEF\xBF\xBD");
}

TEST(CleanLine, CutsLongText) { EXPECT_EQ(CleanLine("abcdef", 3), "abc..."); }

TEST(LooksLikeHtml, KnowsPages) {
  EXPECT_TRUE(LooksLikeHtml("  <!DOCTYPE html><html>"));
  EXPECT_TRUE(LooksLikeHtml("<HTML lang=en>"));
  EXPECT_FALSE(LooksLikeHtml("{\"text\": \"<html>\"}"));
  EXPECT_FALSE(LooksLikeHtml("<xml/>"));
  EXPECT_FALSE(LooksLikeHtml(""));
}

TEST(Redact, ReplacesEveryOccurrence) {
  EXPECT_EQ(Redact("key sk-1, again sk-1.", Secret("sk-1")), "key [key], again [key].");
  EXPECT_EQ(Redact("nothing", Secret()), "nothing");
  EXPECT_EQ(Redact("key key", Secret("key")), "[key] [key]");
}

TEST(RedactObservation, CoversEverythingTheServerSent) {
  const Secret key("canary-0123456789");
  Observation observation;
  observation.probe = "p";
  observation.response.text = "you sent canary-0123456789";
  observation.response.reasoning_text = "canary-0123456789";
  observation.response.id = "canary-0123456789";
  observation.response.model = "x canary-0123456789";
  observation.response.system_fingerprint = "canary-0123456789";
  observation.error = ErrorRecord{ErrorKind::kHttp, 401, "bad key canary-0123456789"};
  for (const char* piece : {"canary-", "0123", "456789"}) {
    PositionLogprobs position;
    position.sampled.token = piece;
    observation.logprobs.push_back(position);
  }
  RedactObservation(key, observation);
  EXPECT_EQ(observation.response.text, "you sent [key]");
  EXPECT_TRUE(observation.logprobs.empty());
  EXPECT_THAT(SerializeObservation(observation), Not(HasSubstr("canary")));
}

TEST(RedactObservation, LeavesAnswersAloneForPlaceholderKeys) {
  Observation observation;
  observation.response.text = "none of these";
  observation.error = ErrorRecord{ErrorKind::kHttp, 401, "bad key none"};
  RedactObservation(Secret("none"), observation);
  EXPECT_EQ(observation.response.text, "none of these");
  EXPECT_EQ(observation.error->message, "bad key [key]");
}

TEST(RedactObservation, TakesOutWhatACutLeavesOfTheKey) {
  const Secret key("canary-key-7f3a9c");
  for (std::size_t left = 0; left <= key.Reveal().size(); ++left) {
    const std::string part = key.Reveal().substr(0, left);
    Observation observation;
    observation.response.model = "m " + part;
    observation.error = ErrorRecord{ErrorKind::kHttp, 401, "refused " + part + "... of type " + part + "..."};
    RedactObservation(key, observation);
    const std::string shown = left < 4 ? part : "[key]";
    EXPECT_EQ(observation.response.model, "m " + shown);
    EXPECT_EQ(observation.error->message, "refused " + shown + "... of type " + shown + "...");
  }
}

TEST(ParseLenient, TakesValidJsonAsItIs) {
  const LenientJson parsed = ParseLenient(R"({"a": 1, "a": 2, "big": 123456789012345678901234567890})");
  EXPECT_EQ(parsed.repairs, 0);
  EXPECT_EQ(FindInteger(parsed.value, "a"), 2);
  EXPECT_FALSE(FindInteger(parsed.value, "big").has_value());
}

TEST(ParseLenient, RepairsWhatServersGetWrong) {
  const struct {
    const char* name;
    std::string text;
    const char* fixed;
    std::int64_t repairs;
  } cases[] = {
      {"minus infinity", R"({"x": -Infinity})", R"({"x":null})", 1},
      {"not a number", R"([NaN, 1, Infinity])", "[null,1,null]", 2},
      {"beyond a double", R"([1e999])", "[null]", 1},
      {"words inside strings stay", R"({"NaN": "NaN -Infinity \" NaN", "y": NaN})",
       R"({"NaN":"NaN -Infinity \" NaN","y":null})", 1},
      {"lone high surrogate", R"(["a\ud83db"])",
       "[\"a\xEF\xBF\xBD"
       "b\"]",
       1},
      {"lone low surrogate", R"(["\ude00"])", "[\"\xEF\xBF\xBD\"]", 1},
      {"reversed surrogates", R"(["\ude00\ud83d"])", "[\"\xEF\xBF\xBD\xEF\xBF\xBD\"]", 2},
      {"good pair beside a lone one", R"(["\ud83d\ude00\ud83d"])", "[\"\xF0\x9F\x98\x80\xEF\xBF\xBD\"]", 1},
      {"escaped backslash before u", R"(["\\ud83d", NaN])", R"(["\\ud83d",null])", 1},
      {"broken UTF-8", "[\"\xE6\xB0\"]", "[\"\xEF\xBF\xBD\"]", 1},
  };
  for (const auto& test : cases) {
    const LenientJson parsed = ParseLenient(test.text);
    ASSERT_FALSE(parsed.value.is_discarded()) << test.name;
    EXPECT_EQ(parsed.value.dump(), test.fixed) << test.name;
    EXPECT_EQ(parsed.repairs, test.repairs) << test.name;
  }
}

TEST(ParseLenient, RejectsTheRestWithoutThrowing) {
  for (const std::string text : {"", "{", "nope", "{\"a\": }", "[1,]", "\"\\", "[\"\\u12", "<html>", "{} x",
                                 "[NaN", "-", "\"\\ud83d"}) {
    EXPECT_TRUE(ParseLenient(text).value.is_discarded()) << text;
  }
  EXPECT_TRUE(ParseLenient(std::string(200000, '[')).value.is_discarded());
}

TEST(ParseLenient, DiscardsWhatNestsTooDeep) {
  const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_FALSE(ParseLenient(nested(256)).value.is_discarded());
  EXPECT_TRUE(ParseLenient(nested(257)).value.is_discarded());
  std::string brackets;
  brackets.resize(10'000'000, '[');
  EXPECT_TRUE(ParseLenient(brackets).value.is_discarded());
  // Brackets inside of strings do not nest.
  EXPECT_FALSE(ParseLenient("[\"\\\"" + std::string(1000, '[') + "\"]").value.is_discarded());
}

TEST(AsInteger, TakesOnlyWhatFits) {
  EXPECT_EQ(AsInteger(nlohmann::json(7)), 7);
  EXPECT_EQ(AsInteger(nlohmann::json(-7)), -7);
  EXPECT_EQ(AsInteger(nlohmann::json(12.0)), 12);
  EXPECT_FALSE(AsInteger(nlohmann::json(12.5)).has_value());
  EXPECT_FALSE(AsInteger(nlohmann::json(1e300)).has_value());
  EXPECT_FALSE(AsInteger(nlohmann::json(18446744073709551615ULL)).has_value());
  EXPECT_FALSE(AsInteger(nlohmann::json("7")).has_value());
  EXPECT_FALSE(AsInteger(nlohmann::json(true)).has_value());
}

}  // namespace
}  // namespace pinchbeck::internal
