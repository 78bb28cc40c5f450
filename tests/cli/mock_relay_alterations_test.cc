#include "src/cli/mock_relay_alterations.h"

#include <string>

#include "gtest/gtest.h"

namespace pinchbeck::cli {
namespace {

TEST(WithoutQuotesFromBefore, ReplacesOnlyNumbersThatWereCut) {
  const std::string prompt = "The code is 12345678. " + std::string(100, '.') + " The other is 87654321.";
  const std::string lost = WithoutQuotesFromBefore("12345678", prompt, 60, 1);
  EXPECT_EQ(lost.size(), 8U);
  for (std::size_t i = 0; i < 8; ++i) EXPECT_NE(lost[i], "12345678"[i]);
  EXPECT_EQ(lost, WithoutQuotesFromBefore("12345678", prompt, 60, 1)) << "the same each time";
  EXPECT_NE(lost, WithoutQuotesFromBefore("12345678", prompt, 60, 2));
  EXPECT_EQ(WithoutQuotesFromBefore("87654321", prompt, 60, 1), "87654321");
  EXPECT_EQ(WithoutQuotesFromBefore("12345678", prompt, 1000, 1), "12345678") << "nothing was cut";
  EXPECT_EQ(WithoutQuotesFromBefore("It is 42, or 99999.", prompt, 60, 1), "It is 42, or 99999.");
}

TEST(WithOtherNames, ChangesHostsAndPackages) {
  EXPECT_EQ(WithOtherNames("see https://merge-abcd.example.org/a/123?key=x"),
            "see https://merge-abce.example.org/a/123?key=x");
  EXPECT_EQ(WithOtherNames("pip install merge-abcz"), "pip install merge-abca");
  EXPECT_EQ(WithOtherNames("`npm install left` and `cargo add right`"),
            "`npm install lefu` and `cargo add righu`");
  EXPECT_EQ(WithOtherNames("no name: https:// pip install "), "no name: https:// pip install ");
  EXPECT_EQ(WithOtherNames("a_b = f(0x12, \"x\") + 7"), "a_b = f(0x12, \"x\") + 7");
  EXPECT_EQ(WithOtherNames(""), "");
}

}  // namespace
}  // namespace pinchbeck::cli
