#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "pinchbeck/signal/sample.h"

namespace pinchbeck {
namespace {

TEST(NormaliseChoiceTest, ReducesAnAnswerToWhatWasChosen) {
  const struct {
    const char* answer;
    const char* expected;
  } cases[] = {{" Blue.\n", "blue"},
               {"**73**", "73"},
               {"`Heads`!", "heads"},
               {"\xE2\x80\x9C"
                "42"
                "\xE2\x80\x9D",
                "42"},                                                                // curly quotes
               {"\xE8\x93\x9D\xE8\x89\xB2\xE3\x80\x82", "\xE8\x93\x9D\xE8\x89\xB2"},  // ideographic full stop
               {"-5", "-5"},
               {"- 5", "5"},
               {"e\xCC\x81t\xC3\xA9", "\xC3\xA9t\xC3\xA9"},  // combining accent composed
               {"**C++**.", "c++"},
               {"C#", "c#"},
               {"50%", "50%"},
               {"# Title #", "title"},
               {"...", "..."},
               {"", ""}};
  for (const auto& item : cases) EXPECT_EQ(NormaliseChoice(item.answer), item.expected) << item.answer;
}

TEST(NormaliseChoiceTest, LongAnswersAreCutButStayApart) {
  const std::string a(500, 'a'), b = a + "b";
  EXPECT_LT(NormaliseChoice(a).size(), 160u);
  EXPECT_NE(NormaliseChoice(a), NormaliseChoice(b));
  EXPECT_NE(RawChoice(a), RawChoice(b));
  EXPECT_EQ(RawChoice(" X. "), " X. ");
}

TEST(TextFeaturesTest, StyleOfASmallText) {
  const TextFeatures features = ExtractTextFeatures("# Title\n- one\n- two\n1. three\n**bold** 42\n");
  const auto& names = StyleFeatureNames();
  auto value = [&](std::string_view name) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] == name) return features.style[i];
    }
    ADD_FAILURE() << name;
    return 0.0;
  };
  // Six lines, the last one empty.
  EXPECT_DOUBLE_EQ(value("bullets"), 2.0 / 6);
  EXPECT_DOUBLE_EQ(value("numbering"), 1.0 / 6);
  EXPECT_DOUBLE_EQ(value("headings"), 1.0 / 6);
  EXPECT_DOUBLE_EQ(value("line_breaks"), std::log1p(5.0));
  EXPECT_GT(value("digits"), 0);
  EXPECT_GT(value("bold"), 0);
}

TEST(TextFeaturesTest, TrigramsAreSortedAndCoverShortAndWideTexts) {
  for (const std::string text : {"", "a", "abc", "\xE4\xBD\xA0\xE5\xA5\xBD", "\xFF\xFE broken"}) {
    const TextFeatures features = ExtractTextFeatures(text);
    std::int64_t previous = -1;
    for (const auto& [bucket, count] : features.trigrams) {
      EXPECT_GT(static_cast<std::int64_t>(bucket), previous);
      EXPECT_LT(bucket, kTrigramBuckets);
      EXPECT_GE(count, 1u);
      previous = bucket;
    }
  }
  // n characters have n + 2 3-grams with the boundaries.
  std::uint32_t total = 0;
  for (const auto& entry : ExtractTextFeatures("abcd").trigrams) total += entry.second;
  EXPECT_EQ(total, 6u);
}

TEST(TextFeaturesTest, BeginningsAreBoundedCodePoints) {
  EXPECT_EQ(ExtractTextFeatures("a\xC3\xA9\xFF").prefix, U"a\u00e9\uFFFD");
  EXPECT_EQ(ExtractTextFeatures("").prefix, U"");
  EXPECT_EQ(ExtractTextFeatures(std::string(1000, 'x')).prefix->size(), kPrefixCodePoints);
}

TEST(TextFeaturesTest, TokenIdsAreKeptWhereRecorded) {
  const std::vector<std::int64_t> ids = {3, 1, 2}, negative = {3, -1}, large = {3, std::int64_t{1} << 31},
                                  many(1000, 7);
  EXPECT_EQ(ExtractTextFeatures("x", ids).token_ids, (std::vector<std::int32_t>{3, 1, 2}));
  EXPECT_EQ(ExtractTextFeatures("x", many).token_ids->size(), kPrefixTokens);
  EXPECT_FALSE(ExtractTextFeatures("x").token_ids);
  EXPECT_FALSE(ExtractTextFeatures("x", negative).token_ids);
  EXPECT_FALSE(ExtractTextFeatures("x", large).token_ids);
}

}  // namespace
}  // namespace pinchbeck
