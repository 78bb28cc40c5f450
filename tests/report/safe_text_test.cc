#include "src/report/safe_text.h"

#include <gtest/gtest.h>

#include <string>

namespace pinchbeck::internal {
namespace {

TEST(VisibleTest, SpellsOutWhatCannotBeSeen) {
  struct Case {
    const char* name;
    std::string text, expected;
  };
  const Case cases[] = {
      {"plain", "flagship-1", "flagship-1"},
      {"letters", "\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80", "\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80"},
      {"white space", "a\nb\tc\rd", "a\\nb\\tc\\rd"},
      {"nul", std::string("a\0b", 3), "a\\u0000b"},
      {"escape", "\x1b[31m", "\\u001b[31m"},
      {"delete and C1", "\x7f\xC2\x9B", "\\u007f\\u009b"},
      {"right-to-left override", "\xE2\x80\xAEtxt", "\\u202etxt"},
      {"isolate", "\xE2\x81\xA6x", "\\u2066x"},
      {"arabic letter mark", "\xD8\x9C", "\\u061c"},
      {"zero width space, byte order mark", "\xE2\x80\x8B\xEF\xBB\xBF", "\\u200b\\ufeff"},
      {"tag characters", "\xF3\xA0\x81\x81", "\\U000e0041"},
      {"noncharacters", "\xEF\xBF\xBE\xEF\xBF\xBF", "\\ufffe\\uffff"},
      {"not UTF-8", "a\xFF\xC3(", "a\xEF\xBF\xBD\xEF\xBF\xBD("},
      {"a surrogate", "\xED\xA0\x80", "\xEF\xBF\xBD"},
  };
  for (const Case& item : cases) {
    const std::string visible = Visible(item.text);
    if (std::string(item.name) == "a surrogate") {
      EXPECT_TRUE(visible.starts_with(item.expected)) << item.name;
      EXPECT_EQ(visible.find('\xED'), std::string::npos) << item.name;
      continue;
    }
    EXPECT_EQ(visible, item.expected) << item.name;
  }
}

TEST(EscapeTest, LeavesNoMarkup) {
  EXPECT_EQ(Escape("<script>alert('x')</script>"), "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
  EXPECT_EQ(Escape("\"onload=\"x"), "&quot;onload=&quot;x");
  EXPECT_EQ(Escape("]]>&amp;"), "]]&gt;&amp;amp;");
}

TEST(ClipTest, CountsColumnsAndCutsWholeCharacters) {
  EXPECT_EQ(Clip("abcdef", 6), "abcdef");
  EXPECT_EQ(Clip("abcdefg", 6), "abc...");
  EXPECT_EQ(Clip("\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD", 6), "\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD");
  EXPECT_EQ(Clip("\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD", 6), "\xE4\xB8\xAD...");
  EXPECT_EQ(Clip("a\x1b\x1b\x1b", 13), "a\\u001b...");
  EXPECT_EQ(EscapeClipped("<<<<<<", 4), "&lt;...");
}

TEST(NameTest, IsIsolatedAndBounded) {
  EXPECT_EQ(Name("x<y"), "<bdi>x&lt;y</bdi>");
  EXPECT_LT(Name(std::string(1000000, 'a')).size(), 120u);
}

}  // namespace
}  // namespace pinchbeck::internal
