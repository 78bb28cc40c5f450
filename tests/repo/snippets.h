// Code that the documentation shows is compiled or run by a test, or stands in a list that says why not.
#ifndef PINCHBECK_TESTS_REPO_SNIPPETS_H_
#define PINCHBECK_TESTS_REPO_SNIPPETS_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/repo/source_tree.h"

namespace pinchbeck::repo {

// A block of code that no test runs.
struct UntestedSnippet {
  std::string_view page;
  // The block's first line.
  std::string_view first_line;
  std::string_view reason;
};

// The project's own list. All of these are sh blocks; shown_options_test checks their commands and options.
[[nodiscard]] std::span<const UntestedSnippet> UntestedSnippets();

// Every block of a Markdown page names its language. Blocks in c, cmake, cpp, python and sh are taken by a
// test:
//
//   <!-- tested: NAME -->     a call of pinchbeck_marked_block() in one of `tests` for this page, name and
//                             language, or for sh of pinchbeck_guide_test() for this guide
//   <!-- example: FILE.cc --> docs/examples/CMakeLists.txt among `tests` names the file
//   python                    a Python file among `tests` names the page
//
// or listed in `untested` with a reason; what is listed and is tested, or is not there, is a violation, too.
// `text` is free, and `json` must be JSON.
[[nodiscard]] std::vector<std::string> CheckSnippets(const std::vector<SourceFile>& pages,
                                                     const std::vector<SourceFile>& tests,
                                                     std::span<const UntestedSnippet> untested);

}  // namespace pinchbeck::repo

#endif  // PINCHBECK_TESTS_REPO_SNIPPETS_H_
