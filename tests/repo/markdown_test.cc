#include "tests/repo/markdown.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/repo/source_tree.h"

namespace pinchbeck::repo {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<std::string> Check(const std::string& text) {
  return CheckLinks(
      {"docs/a.md", text}, [](const std::string& path) { return path == "docs/a.md" || path == "x/b.md"; },
      [](const std::string&) { return std::string("# Title of B\n"); });
}

TEST(AnchorsTest, FollowTheHeadings) {
  const MarkdownPage page = ParseMarkdown(
      "# Two words\n## With `code`, signs: (all)!\n```sh\n# no heading\n```\n## Two words\n## "
      "\xE8\xAF\xAF\xE6\x8A\xA5\xE7\x8E\x87\xEF\xBC\x9A\xE5\xA4\x9A\xE5\xB0\x91\xEF\xBC\x9F\n");
  EXPECT_THAT(Anchors(page), ElementsAre("two-words", "with-code-signs-all", "two-words-1",
                                         "\xE8\xAF\xAF\xE6\x8A\xA5\xE7\x8E\x87"
                                         "\xE5\xA4\x9A\xE5\xB0\x91"));
}

TEST(CheckLinksTest, AcceptsWhatIsThere) {
  EXPECT_THAT(Check("# Here\n[a](../x/b.md) [b](../x/b.md#title-of-b) [c](#here) ![d](a.md)\n"
                    "[e](https://nowhere.example/x) `[f](no.md)`\n```\n[g](no.md)\n```\n"),
              IsEmpty());
}

TEST(CheckLinksTest, NamesTheLineOfEachBrokenLink) {
  EXPECT_THAT(Check("\n[a](b.md)"), ElementsAre(HasSubstr("docs/a.md:2: link to nothing: b.md")));
  EXPECT_THAT(Check("[a](../x/b.md#other)"), ElementsAre(HasSubstr("no such heading")));
  EXPECT_THAT(Check("text [a]\n\n[a]: no.md\n"),
              ElementsAre(HasSubstr("docs/a.md:3: link to nothing: no.md")));
  EXPECT_THAT(Check("[a]: ../x/b.md#title-of-b\n"), IsEmpty());
  EXPECT_THAT(Check("[a](../x/\nb.md)"), ElementsAre(HasSubstr("docs/a.md:1: link to nothing")));
  EXPECT_THAT(Check("[a](#here)"), ElementsAre(HasSubstr("no such heading")));
  EXPECT_THAT(Check("[a](../../outside.md)"), ElementsAre(HasSubstr("link to nothing")));
  EXPECT_THAT(Check("[a](/etc/hosts)"), ElementsAre(HasSubstr("from the root of the file system")));
  EXPECT_THAT(Check("text\n```sh\nls\n"), ElementsAre(HasSubstr("docs/a.md:2: block never closed")));
}

constexpr char kOriginal[] =
    "# Title\nText [x](docs/x.md) [t](#title).\n| a | b |\n```sh\nrun --it  # why\nother # exit 1\n```\n"
    "<!-- accuracy: begin -->\n| 0.5 |\n<!-- accuracy: end -->\n";

std::vector<std::string> Compare(const std::string& from, const std::string& to) {
  std::string text = kOriginal;
  if (!from.empty()) text.replace(text.find(from), from.size(), to);
  return CheckTranslation({"README.md", kOriginal}, {"README.zh-CN.md", text});
}

TEST(CheckTranslationTest, AllowsOtherWordsAndComments) {
  EXPECT_THAT(Compare("", ""), IsEmpty());
  EXPECT_THAT(Compare("Title", "Titel"), IsEmpty());
  EXPECT_THAT(Compare("# why", "# warum"), IsEmpty());
  EXPECT_THAT(Compare("#title", "#titel"), IsEmpty());
}

TEST(CheckTranslationTest, NoticesWhatFellBehind) {
  EXPECT_THAT(Compare("# Title", "## Title"), ElementsAre(HasSubstr("other sections")));
  EXPECT_THAT(Compare("--it", "--that"), ElementsAre(HasSubstr("code block 1 differs")));
  EXPECT_THAT(Compare("# exit 1", "# exit 0"), ElementsAre(HasSubstr("code block 1 differs")));
  EXPECT_THAT(Compare("docs/x.md", "docs/y.md"), ElementsAre(HasSubstr("other links")));
  EXPECT_THAT(Compare("| a | b |\n", ""), ElementsAre(HasSubstr("table rows")));
  EXPECT_THAT(Compare("| 0.5 |", "| 0.6 |"), ElementsAre(HasSubstr("measured numbers")));
  EXPECT_THAT(Compare("```sh\nrun --it  # why\nother # exit 1\n```\n", ""), SizeIs(1));
}

}  // namespace
}  // namespace pinchbeck::repo
