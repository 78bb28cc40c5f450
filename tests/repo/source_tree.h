// The project's own text files, for tests that look at them.
#ifndef PINCHBECK_TESTS_REPO_SOURCE_TREE_H_
#define PINCHBECK_TESTS_REPO_SOURCE_TREE_H_

#include <string>
#include <string_view>
#include <vector>

namespace pinchbeck::repo {

struct SourceFile {
  // Relative to the project's root, with forward slashes: "src/core/battery.cc".
  std::string path;
  std::string text;
};

[[nodiscard]] bool IsHeader(const SourceFile& file);
// A header or a source file.
[[nodiscard]] bool IsCpp(const SourceFile& file);

// The lines without their ends; line n is element n - 1.
[[nodiscard]] std::vector<std::string_view> Lines(std::string_view text);

// Every C++, CMake, shell and Markdown file under `root`, in order of path; build folders and hidden folders
// other than the continuous integration's are left out.
[[nodiscard]] std::vector<SourceFile> LoadSourceTree(const std::string& root);

}  // namespace pinchbeck::repo

#endif  // PINCHBECK_TESTS_REPO_SOURCE_TREE_H_
