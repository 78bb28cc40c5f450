#include "pinchbeck/internal/utf8.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace pinchbeck::internal {
namespace {

using namespace std::string_view_literals;

struct InvalidCase {
  std::string_view name;
  std::string_view bytes;
  std::string_view replaced;
};

#define FFFD "\xEF\xBF\xBD"

// Each longest prefix of a valid sequence becomes one U+FFFD (Unicode, section 3.9).
constexpr InvalidCase kInvalid[] = {
    {"lone continuation", "a\x80z"sv, "a" FFFD "z"sv},
    {"impossible byte", "\xff"sv, FFFD},
    {"overlong of two", "\xc0\xaf"sv, FFFD FFFD},
    {"overlong of three", "\xe0\x80\xaf"sv, FFFD FFFD FFFD},
    {"overlong of four", "\xf0\x80\x80\xaf"sv, FFFD FFFD FFFD FFFD},
    {"surrogate", "\xed\xa0\x80"sv, FFFD FFFD FFFD},
    {"beyond the last code point", "\xf4\x90\x80\x80"sv, FFFD FFFD FFFD FFFD},
    {"five byte form", "\xf8\x88\x80\x80\x80"sv, FFFD FFFD FFFD FFFD FFFD},
    {"cut after two of three", "\xe4\xb8"sv, FFFD},
    {"cut after three of four", "x\xf0\x9f\x98"sv, "x" FFFD},
    {"cut before text", "\xf0\x9f\x98z"sv, FFFD "z"sv},
    {"cut before a sequence", "\xe4\xb8\xe4\xb8\xad"sv, FFFD "\xe4\xb8\xad"sv},
    {"long text before", "0123456789abcdef0123456789\x80"sv, "0123456789abcdef0123456789" FFFD},
};

TEST(Utf8Test, FindsAndReplacesInvalidSequences) {
  for (const InvalidCase& c : kInvalid) {
    SCOPED_TRACE(c.name);
    EXPECT_FALSE(IsValidUtf8(c.bytes));
    EXPECT_EQ(ReplaceInvalidUtf8(c.bytes), c.replaced);
    EXPECT_TRUE(IsValidUtf8(c.replaced));
  }
}

TEST(Utf8Test, EveryCodePointRoundTrips) {
  for (char32_t value = 0; value <= 0x10FFFF; ++value) {
    if (value >= 0xD800 && value <= 0xDFFF) continue;
    std::string text;
    AppendCodePoint(value, &text);
    const CodePoint point = DecodeCodePoint(text, 0);
    ASSERT_TRUE(point.valid) << static_cast<unsigned>(value);
    ASSERT_EQ(point.value, value);
    ASSERT_EQ(point.length, text.size());
  }
}

TEST(Utf8Test, CodePointsThatDoNotExistBecomeTheReplacementCharacter) {
  for (const char32_t value : {char32_t{0xD800}, char32_t{0xDFFF}, char32_t{0x110000}}) {
    std::string text;
    AppendCodePoint(value, &text);
    EXPECT_EQ(text, FFFD);
  }
}

TEST(Utf8Test, AcceptsValidText) {
  for (const std::string_view text :
       {""sv, "plain"sv, "\0"sv, "\x7f"sv, "caf\xc3\xa9 \xe4\xb8\xad \xf0\x9f\x98\x80 long tail"sv,
        "\xf4\x8f\xbf\xbf"sv, "\xee\x80\x80"sv}) {
    EXPECT_TRUE(IsValidUtf8(text)) << text;
    EXPECT_EQ(ReplaceInvalidUtf8(text), text);
  }
}

TEST(Utf8Test, CountsCodePoints) {
  EXPECT_EQ(CountCodePoints(""), 0u);
  EXPECT_EQ(CountCodePoints("abc"), 3u);
  EXPECT_EQ(CountCodePoints("a\xe4\xb8\xad\xf0\x9f\x98\x80"), 3u);
  EXPECT_EQ(CountCodePoints("a\xe4\xb8z"), 3u);
}

TEST(Utf8Test, KnowsAscii) {
  EXPECT_TRUE(IsAscii(""));
  EXPECT_TRUE(IsAscii("0123456789\x7f"));
  EXPECT_FALSE(IsAscii("0123456789\x80"));
  EXPECT_FALSE(IsAscii("01234567\xc3\xa9"));
}

struct MapCase {
  std::string_view name;
  std::string_view text;
  std::string_view nfc;
  std::string_view folded;
};

// Expected values from the Unicode character database: canonical compositions and full case foldings.
constexpr MapCase kMaps[] = {
    {"empty", "", "", ""},
    {"ascii", "Hello, World", "Hello, World", "hello, world"},
    {"accent apart", "e\xcc\x81", "\xc3\xa9", "\xc3\xa9"},
    {"capital with accent apart", "E\xcc\x81", "\xc3\x89", "\xc3\xa9"},
    {"sharp s",
     "Stra\xc3\x9f"
     "e",
     "Stra\xc3\x9f"
     "e",
     "strasse"},
    {"final sigma", "\xce\xa3\xcf\x82", "\xce\xa3\xcf\x82", "\xcf\x83\xcf\x83"},
    {"hangul", "\xe1\x84\x80\xe1\x85\xa1", "\xea\xb0\x80", "\xea\xb0\x80"},
    {"angstrom sign", "\xe2\x84\xab", "\xc3\x85", "\xc3\xa5"},
    {"invalid", "A\xff", "A" FFFD, "a" FFFD},
    {"compatibility forms stay", "\xef\xac\x81", "\xef\xac\x81", "fi"},
};

TEST(Utf8Test, NormalisesAndFoldsCase) {
  for (const MapCase& c : kMaps) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(NormalizeNfc(c.text), c.nfc);
    EXPECT_EQ(NormalizeNfc(c.nfc), c.nfc);
    EXPECT_EQ(CaseFoldNfc(c.text), c.folded);
    EXPECT_EQ(CaseFoldNfc(c.folded), c.folded);
  }
}

TEST(Utf8Test, NormalisingKeepsNulBytes) {
  EXPECT_EQ(NormalizeNfc("a\0e\xcc\x81"sv), "a\0\xc3\xa9"sv);
  EXPECT_EQ(CaseFoldNfc("A\0B"sv), "a\0b"sv);
}

}  // namespace
}  // namespace pinchbeck::internal
