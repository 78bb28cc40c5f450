#include "tests/repo/snippets.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/repo/markdown.h"
#include "tests/repo/source_tree.h"

namespace pinchbeck::repo {
namespace {

constexpr std::array<std::string_view, 5> kCode = {"c", "cmake", "cpp", "python", "sh"};

constexpr std::string_view kEndpoint = "asks an endpoint of the reader's";
constexpr std::string_view kBuilds = "builds everything, or measures for minutes to hours";

constexpr UntestedSnippet kUntested[] = {
    {"CONTRIBUTING.md", "./dev test                  # build all, run all tests", kBuilds},
    {"README.md",
     "./dev demo    # builds the command, checks an honest and a substituted relay on this machine; no key, "
     "no "
     "network",
     kBuilds},
    {"README.md", "# 1. Record an endpoint that you trust, and make a fingerprint of it.", kEndpoint},
    {"bench/peers/README.md",
     "build/release/bench/stats_peers_bench                       # the C++ side alone", kBuilds},
    {"bench/peers/README.md",
     "python3 bench/peers/compare_python.py build/release/bench/python_calls_bench build/release/python",
     kBuilds},
    {"bench/peers/README.md",
     "build/release/bench/collect_load_bench    # also part of ./dev bench; about 15 seconds", kBuilds},
    {"docs/guides/accuracy.md", "./dev accuracy                               # all rows, all draws",
     kBuilds},
    {"docs/guides/checks.md", "export MY_BATTERY_KEY=$(openssl rand -hex 32)", kEndpoint},
    {"docs/guides/ci.md", "set -e", kEndpoint},
    {"docs/guides/collect.md",
     "pinchbeck doctor --base-url https://relay.example/v1 --model flagship-1 --api-key-env RELAY_API_KEY",
     kEndpoint},
    {"docs/guides/collect.md",
     "pinchbeck collect --pair https://api.vendor.example/v1 https://relay.example/v1 --model flagship-1 \\",
     kEndpoint},
    {"docs/guides/collect.md", "export MY_BATTERY_KEY=$(openssl rand -hex 32)", kEndpoint},
    {"docs/guides/monitor.md",
     "tail -f answers.jsonl | pinchbeck monitor --fingerprint flagship-1.json --recording - --json --every "
     "100",
     "does not end"},
    {"docs/guides/python.md",
     "./dev test --label unit        # installs the packages that are missing, builds and tests",
     "builds everything; python/tests/test_wheel.py installs with pip"},
    {"fingerprints/README.md", "pinchbeck fingerprints show GPT-4o", kEndpoint},
};

bool IsCode(std::string_view language) {
  return std::find(kCode.begin(), kCode.end(), language) != kCode.end();
}

// The NAME of `<!-- KIND: NAME -->`; empty if the line is no such mark.
std::string Mark(std::string_view line, std::string_view kind) {
  const std::string opening = "<!-- " + std::string(kind) + ": ", closing = " -->";
  if (!line.starts_with(opening) || !line.ends_with(closing) ||
      line.size() <= opening.size() + closing.size()) {
    return "";
  }
  return std::string(line.substr(opening.size(), line.size() - opening.size() - closing.size()));
}

// In any of the files whose path ends in `ending`.
bool Named(const std::vector<SourceFile>& tests, std::string_view ending, const std::string& text) {
  return std::any_of(tests.begin(), tests.end(), [&](const SourceFile& file) {
    return file.path.ends_with(ending) && file.text.find(text) != std::string::npos;
  });
}

// "docs/guides/ci.md" gives "ci"; empty for other pages than guides.
std::string Guide(const std::string& page) {
  constexpr std::string_view kFolder = "docs/guides/", kEnding = ".md";
  if (!page.starts_with(kFolder) || !page.ends_with(kEnding)) return "";
  return page.substr(kFolder.size(), page.size() - kFolder.size() - kEnding.size());
}

// "docs/a.md" gives what Python's tests write: root / "docs" / "a.md".
std::string PathInPython(const std::string& page) {
  std::string text = "root / \"";
  for (const char c : page) text += c == '/' ? "\" / \"" : std::string(1, c);
  return text + '"';
}

// Empty if a test takes the block, else what is missing.
std::string Missing(const std::string& page, const MarkdownBlock& block,
                    const std::vector<SourceFile>& tests) {
  const std::string name = Mark(block.above, "tested"), example = Mark(block.above, "example");
  if (!name.empty()) {
    if (Named(tests, "CMakeLists.txt",
              "pinchbeck_marked_block(${PROJECT_SOURCE_DIR}/" + page + " " + name + " " + block.language +
                  " ")) {
      return "";
    }
    const std::string guide = Guide(page);
    if (block.language == "sh" && !guide.empty() &&
        (Named(tests, "CMakeLists.txt", "pinchbeck_guide_test(" + guide + ")") ||
         Named(tests, "CMakeLists.txt", "pinchbeck_guide_test(" + guide + " "))) {
      return "";
    }
    return "is marked as tested, but no test takes the block '" + name + "' of this page";
  }
  if (!example.empty()) {
    const std::string stem = example.substr(0, example.rfind('.'));
    if (Named(tests, "docs/examples/CMakeLists.txt", "\n    " + stem) ||
        Named(tests, "docs/examples/CMakeLists.txt", "(" + stem + " ")) {
      return "";
    }
    return "is marked as an example, but docs/examples/CMakeLists.txt does not name " + example;
  }
  if (block.language == "python" && Named(tests, ".py", PathInPython(page))) return "";
  return "is run by no test: mark it as tested and let one take it, or say in tests/repo/snippets.cc why not";
}

std::string Message(const SourceFile& page, std::size_t line, const std::string& what) {
  return page.path + ":" + std::to_string(line) + ": " + what;
}

// Whoever reads blocks here expects them at the start of a line.
void CheckFences(const SourceFile& page, std::vector<std::string>& violations) {
  const std::vector<std::string_view> lines = Lines(page.text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::size_t at = lines[i].find_first_not_of(" >");
    if (at == std::string_view::npos) continue;
    const std::string_view text = lines[i].substr(at);
    if (text.starts_with("~~~") || (at > 0 && text.starts_with("```"))) {
      violations.push_back(Message(page, i + 1, "a block of code begins with ``` at the start of its line"));
    }
  }
}

// What is wrong with a block whoever takes it; empty if nothing.
std::string CheckLanguage(const MarkdownBlock& block) {
  if (block.language == "text" || IsCode(block.language)) return "";
  if (block.language != "json") return "a block's language is one of c, cmake, cpp, json, python, sh, text";
  return nlohmann::json::accept(block.code) ? "" : "the block is no JSON";
}

// The entry of the list for this block; its size if there is none.
std::size_t Find(std::span<const UntestedSnippet> untested, const std::string& page,
                 const MarkdownBlock& block) {
  const std::string_view first = std::string_view(block.code).substr(0, block.code.find('\n'));
  std::size_t i = 0;
  while (i < untested.size() && (untested[i].page != page || untested[i].first_line != first)) ++i;
  return i;
}

}  // namespace

std::span<const UntestedSnippet> UntestedSnippets() { return kUntested; }

std::vector<std::string> CheckSnippets(const std::vector<SourceFile>& pages,
                                       const std::vector<SourceFile>& tests,
                                       std::span<const UntestedSnippet> untested) {
  std::vector<std::string> violations;
  std::vector<bool> needed(untested.size(), false);
  for (const SourceFile& page : pages) {
    CheckFences(page, violations);
    for (const MarkdownBlock& block : ParseMarkdown(page.text).blocks) {
      const std::string wrong = CheckLanguage(block);
      if (!wrong.empty()) violations.push_back(Message(page, block.line, wrong));
      if (!IsCode(block.language)) continue;
      const std::string missing = Missing(page.path, block, tests);
      if (missing.empty()) continue;
      const std::size_t entry = Find(untested, page.path, block);
      if (entry < untested.size()) {
        needed[entry] = true;
      } else {
        violations.push_back(Message(page, block.line, "the block " + missing));
      }
    }
  }
  for (std::size_t i = 0; i < untested.size(); ++i) {
    if (needed[i]) continue;
    violations.push_back(std::string(untested[i].page) + ": listed as untested, but tested or not there: " +
                         std::string(untested[i].first_line));
  }
  return violations;
}

}  // namespace pinchbeck::repo
