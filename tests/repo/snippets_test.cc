#include "tests/repo/snippets.h"

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

const std::vector<SourceFile>& Tests() {
  static const auto* const kTests = new std::vector<SourceFile>{
      {"tests/x/CMakeLists.txt",
       "pinchbeck_marked_block(${PROJECT_SOURCE_DIR}/docs/a.md one cpp ${out})\npinchbeck_guide_test(b)\n"
       "pinchbeck_guide_test(c PREPARE x.sh)\n"},
      {"docs/examples/CMakeLists.txt",
       "foreach(page IN ITEMS\n    holm\n    mmd)\npinchbeck_example(some x.md)\n"},
      {"python/tests/test_pages.py", "root / \"docs\" / \"p.md\"\n"},
  };
  return *kTests;
}

std::vector<std::string> Check(const std::string& path, const std::string& text,
                               const std::vector<UntestedSnippet>& untested = {}) {
  return CheckSnippets({{path, text}}, Tests(), untested);
}

TEST(CheckSnippetsTest, AcceptsWhatATestTakes) {
  EXPECT_THAT(Check("docs/a.md", "<!-- tested: one -->\n```cpp\nint x;\n```\n"), IsEmpty());
  EXPECT_THAT(Check("docs/guides/b.md", "<!-- tested: any -->\n```sh\nls\n```\n"), IsEmpty());
  EXPECT_THAT(Check("docs/guides/c.md", "<!-- tested: any -->\n```sh\nls\n```\n"), IsEmpty());
  EXPECT_THAT(Check("docs/m.md", "<!-- example: mmd.cc -->\n```cpp\nint x;\n```\n"), IsEmpty());
  EXPECT_THAT(Check("docs/m.md", "<!-- example: some.cc -->\n```cpp\nint x;\n```\n"), IsEmpty());
  EXPECT_THAT(Check("docs/p.md", "```python\n>>> 1\n1\n```\n"), IsEmpty());
  EXPECT_THAT(Check("docs/x.md", "```text\nanything\n```\n```json\n{\"a\": 1}\n```\n"), IsEmpty());
}

TEST(CheckSnippetsTest, NamesTheLineOfCodeThatNoTestTakes) {
  for (const std::string language : {"c", "cmake", "cpp", "python", "sh"}) {
    EXPECT_THAT(Check("docs/x.md", "Text.\n\n```" + language + "\ncode\n```\n"),
                ElementsAre(HasSubstr("docs/x.md:3: the block is run by no test")))
        << language;
  }
}

TEST(CheckSnippetsTest, AMarkAloneIsNoTest) {
  const auto taken_by_none = ElementsAre(HasSubstr("no test takes the block"));
  // Another name, another language, another page, another guide, a name that begins like the guide's.
  EXPECT_THAT(Check("docs/a.md", "<!-- tested: two -->\n```cpp\nint x;\n```\n"), taken_by_none);
  EXPECT_THAT(Check("docs/a.md", "<!-- tested: one -->\n```sh\nls\n```\n"), taken_by_none);
  EXPECT_THAT(Check("docs/d.md", "<!-- tested: one -->\n```cpp\nint x;\n```\n"), taken_by_none);
  EXPECT_THAT(Check("docs/guides/d.md", "<!-- tested: any -->\n```sh\nls\n```\n"), taken_by_none);
  EXPECT_THAT(Check("docs/guides/b.md", "<!-- tested: any -->\n```cpp\nint x;\n```\n"), taken_by_none);
  EXPECT_THAT(Check("docs/m.md", "<!-- example: other.cc -->\n```cpp\nint x;\n```\n"),
              ElementsAre(HasSubstr("does not name other.cc")));
  EXPECT_THAT(Check("docs/a.md", "<!-- tested: one -->\n\n```cpp\nint x;\n```\n"),
              ElementsAre(HasSubstr("is run by no test")));
}

TEST(CheckSnippetsTest, PythonIsTestedByItsWholePath) {
  EXPECT_THAT(Check("p.md", "```python\n>>> 1\n```\n"), ElementsAre(HasSubstr("is run by no test")));
}

TEST(CheckSnippetsTest, AListedBlockMayBeUntested) {
  EXPECT_THAT(Check("docs/x.md", "```sh\ntail -f x\nls\n```\n", {{"docs/x.md", "tail -f x", "does not end"}}),
              IsEmpty());
}

TEST(CheckSnippetsTest, AListThatIsOutOfDateIsSeen) {
  const auto out_of_date = ElementsAre(HasSubstr("listed as untested, but tested or not there"));
  EXPECT_THAT(Check("docs/x.md", "", {{"docs/x.md", "tail -f x", "does not end"}}), out_of_date);
  EXPECT_THAT(Check("docs/a.md", "<!-- tested: one -->\n```cpp\nint x;\n```\n",
                    {{"docs/a.md", "int x;", "no reason"}}),
              out_of_date);
}

TEST(CheckSnippetsTest, NothingHidesBehindAnotherLanguageOrFence) {
  const auto other_language = ElementsAre(HasSubstr("docs/x.md:1: a block's language is one of"));
  EXPECT_THAT(Check("docs/x.md", "```\nls\n```\n"), other_language);
  EXPECT_THAT(Check("docs/x.md", "```bash\nls\n```\n"), other_language);
  EXPECT_THAT(Check("docs/x.md", "```C++\nint x;\n```\n"), other_language);
  EXPECT_THAT(Check("docs/x.md", "- a\n  ```sh\n"), ElementsAre(HasSubstr("docs/x.md:2: a block of code")));
  EXPECT_THAT(Check("docs/x.md", "~~~sh\n"), ElementsAre(HasSubstr("docs/x.md:1: a block of code")));
  EXPECT_THAT(Check("docs/x.md", "```json\n{\"a\": ...}\n```\n"), ElementsAre(HasSubstr("no JSON")));
}

}  // namespace
}  // namespace pinchbeck::repo
