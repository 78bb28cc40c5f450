// The rules, applied to the project's files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "tests/repo/markdown.h"
#include "tests/repo/rules.h"
#include "tests/repo/snippets.h"
#include "tests/repo/source_tree.h"

namespace pinchbeck::repo {
namespace {

using ::testing::IsEmpty;

const std::vector<SourceFile>& Tree() {
  static const auto* const kTree = new std::vector<SourceFile>(LoadSourceTree(PINCHBECK_SOURCE_DIR));
  return *kTree;
}

std::string AllViolations(std::vector<std::string> (*rule)(const SourceFile&)) {
  std::string all;
  for (const SourceFile& file : Tree()) {
    for (const std::string& violation : rule(file)) all += violation + "\n";
  }
  return all;
}

// A walk that sees nothing would pass every other test here.
TEST(Tree, IsSeen) {
  for (const std::string_view path :
       {"CMakeLists.txt", "README.md", "dev", ".ci/run", "tests/repo/tree_test.cc",
        "include/pinchbeck/core/observation.h", "src/cli/command.h"}) {
    const bool seen =
        std::any_of(Tree().begin(), Tree().end(), [&](const SourceFile& file) { return file.path == path; });
    EXPECT_TRUE(seen) << path << " not found under " << PINCHBECK_SOURCE_DIR;
  }
}

TEST(Tree, IncludesPointDownwards) { EXPECT_THAT(AllViolations(CheckIncludes), IsEmpty()); }

TEST(Tree, CppSourcesAreAscii) { EXPECT_THAT(AllViolations(CheckAscii), IsEmpty()); }

TEST(Tree, NothingIsMarkedUnfinished) { EXPECT_THAT(AllViolations(CheckLeftovers), IsEmpty()); }

TEST(Tree, HeaderGuardsFollowPaths) { EXPECT_THAT(AllViolations(CheckGuard), IsEmpty()); }

const std::string& Root() {
  static const auto* const kRoot = new std::string(std::string(PINCHBECK_SOURCE_DIR) + "/");
  return *kRoot;
}

std::string Load(const std::string& path) {
  std::ifstream file(Root() + path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Tree, LinksLeadSomewhere) {
  std::string all;
  for (const SourceFile& file : Tree()) {
    const auto exists = [](const std::string& path) { return std::filesystem::exists(Root() + path); };
    for (const std::string& violation : CheckLinks(file, exists, Load)) all += violation + "\n";
  }
  EXPECT_THAT(all, IsEmpty());
}

// Of the translation the next test says that its code is that of README.md.
TEST(Tree, ShownCodeIsTested) {
  std::vector<SourceFile> pages, tests;
  for (const SourceFile& file : Tree()) {
    if (file.path.ends_with(".md") && file.path != "README.zh-CN.md") pages.push_back(file);
    if (file.path.ends_with("CMakeLists.txt")) tests.push_back(file);
  }
  for (const auto& entry : std::filesystem::directory_iterator(Root() + "python/tests")) {
    if (entry.path().extension() != ".py") continue;
    const std::string path = "python/tests/" + entry.path().filename().string();
    tests.push_back({path, Load(path)});
  }
  std::string all;
  for (const std::string& violation : CheckSnippets(pages, tests, UntestedSnippets()))
    all += violation + "\n";
  EXPECT_THAT(all, IsEmpty());
}

TEST(Tree, TheChineseReadmeSaysTheSame) {
  EXPECT_THAT(
      CheckTranslation({"README.md", Load("README.md")}, {"README.zh-CN.md", Load("README.zh-CN.md")}),
      IsEmpty());
}

}  // namespace
}  // namespace pinchbeck::repo
