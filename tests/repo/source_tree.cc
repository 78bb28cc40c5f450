#include "tests/repo/source_tree.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pinchbeck::repo {
namespace {

namespace fs = std::filesystem;

bool IsRead(const std::string& path) {
  static constexpr std::array<std::string_view, 6> kEndings = {
      ".h", ".cc", ".cmake", "CMakeLists.txt", ".sh", ".md",
  };
  if (path == "dev" || path == ".ci/run") return true;
  return std::any_of(kEndings.begin(), kEndings.end(),
                     [&](std::string_view ending) { return std::string_view(path).ends_with(ending); });
}

bool IsSkippedFolder(const fs::path& folder) {
  const std::string name = folder.filename().string();
  return name.starts_with("build") || (name.starts_with(".") && name != ".ci");
}

std::string ReadAll(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

}  // namespace

bool IsHeader(const SourceFile& file) { return file.path.ends_with(".h"); }

bool IsCpp(const SourceFile& file) { return IsHeader(file) || file.path.ends_with(".cc"); }

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

std::vector<SourceFile> LoadSourceTree(const std::string& root) {
  std::vector<SourceFile> files;
  for (auto entry = fs::recursive_directory_iterator(root); entry != fs::recursive_directory_iterator();
       ++entry) {
    if (entry->is_directory()) {
      if (IsSkippedFolder(entry->path())) entry.disable_recursion_pending();
      continue;
    }
    std::string path = entry->path().lexically_relative(root).generic_string();
    if (!IsRead(path)) continue;
    files.push_back({.path = std::move(path), .text = ReadAll(entry->path())});
  }
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

}  // namespace pinchbeck::repo
