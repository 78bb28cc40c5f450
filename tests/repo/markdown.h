// What the project's Markdown pages promise: that links lead somewhere, and that translations say the same.
#ifndef PINCHBECK_TESTS_REPO_MARKDOWN_H_
#define PINCHBECK_TESTS_REPO_MARKDOWN_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/repo/source_tree.h"

namespace pinchbeck::repo {

struct MarkdownHeading {
  int level = 0;
  std::string text;
};

struct MarkdownLink {
  std::size_t line = 0;
  // As written, without the title.
  std::string target;
};

struct MarkdownBlock {
  // Of its opening fence.
  std::size_t line = 0;
  // The line above the fence, where the tests' marks stand.
  std::string above;
  // What the fence names; empty if nothing.
  std::string language;
  // From the line after the opening fence to before the closing one.
  std::string code;
};

// One page taken apart. Links and headings inside blocks and spans of code are none.
struct MarkdownPage {
  std::vector<MarkdownHeading> headings;
  std::vector<MarkdownLink> links;
  std::vector<MarkdownBlock> blocks;
  // Line on which a block opens that never closes; 0: none.
  std::size_t open_block = 0;
};

[[nodiscard]] MarkdownPage ParseMarkdown(std::string_view text);

// The names that links to a page's headings use: lower case, spaces as hyphens, no punctuation; a repeated
// name gets -1, -2 and so on.
[[nodiscard]] std::vector<std::string> Anchors(const MarkdownPage& page);

// Links that lead to a file or heading of the project must find it, under the root and by a relative path.
// `load` returns the text of a file by its path from the root, `exists` tells whether a file or folder is
// there.
[[nodiscard]] std::vector<std::string> CheckLinks(const SourceFile& page,
                                                  const std::function<bool(const std::string&)>& exists,
                                                  const std::function<std::string(const std::string&)>& load);

// A translation has the headings' levels, the code but for its comments, the links, the table rows and the
// generated part of the original, in the same order.
[[nodiscard]] std::vector<std::string> CheckTranslation(const SourceFile& original,
                                                        const SourceFile& translation);

}  // namespace pinchbeck::repo

#endif  // PINCHBECK_TESTS_REPO_MARKDOWN_H_
