#include "tests/repo/rules.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/repo/source_tree.h"

namespace pinchbeck::repo {
namespace {

// What each folder may include besides itself. The command and the umbrella header may include everything.
struct Layer {
  std::string_view folder;
  std::vector<std::string_view> below;
};

const std::vector<Layer>& Layers() {
  static const std::vector<Layer>* const kLayers = new std::vector<Layer>{
      {"internal", {}},
      {"stats", {"internal"}},
      {"core", {"internal"}},
      {"client", {"core", "internal"}},
      {"signal", {"core", "stats", "internal"}},
      {"fingerprint", {"signal", "core", "stats", "internal"}},
      {"audit", {"fingerprint", "signal", "client", "core", "stats", "internal"}},
      {"report", {"audit", "fingerprint", "signal", "core", "stats", "internal"}},
      {"python/bindings",
       {"report", "audit", "fingerprint", "signal", "client", "core", "stats", "internal"}},
      {"c", {"report", "audit", "fingerprint", "signal", "client", "core", "stats", "internal"}},
  };
  return *kLayers;
}

bool StartsWithAny(std::string_view text, std::initializer_list<std::string_view> prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return text.starts_with(prefix); });
}

// The part between the first two slashes of `path` after `prefix`: "core" of "src/core/utf8.cc"; empty for
// a file directly under `prefix`.
std::string_view FolderAfter(std::string_view path, std::string_view prefix) {
  path.remove_prefix(prefix.size());
  const std::size_t slash = path.find('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

constexpr std::string_view kPython = "python/bindings/";

std::string_view FolderOfFile(std::string_view path) {
  if (path.starts_with(kPython)) return kPython.substr(0, kPython.size() - 1);
  if (path.starts_with("include/pinchbeck/")) return FolderAfter(path, "include/pinchbeck/");
  return FolderAfter(path, "src/");
}

struct Include {
  std::string_view target;
  bool quoted = false;
};

// Parses an include line; the target is empty for any other line.
Include ParseInclude(std::string_view line) {
  const auto skip_spaces = [&] {
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  };
  skip_spaces();
  if (!line.starts_with('#')) return {};
  line.remove_prefix(1);
  skip_spaces();
  constexpr std::string_view kDirective = "include";
  if (!line.starts_with(kDirective)) return {};
  line.remove_prefix(kDirective.size());
  skip_spaces();
  if (line.empty() || (line.front() != '"' && line.front() != '<')) return {};
  const bool quoted = line.front() == '"';
  line.remove_prefix(1);
  return {.target = line.substr(0, line.find(quoted ? '"' : '>')), .quoted = quoted};
}

std::string CheckLayer(std::string_view folder, std::string_view target) {
  if (folder.empty() || folder == "cli") return "";
  const auto layer =
      std::find_if(Layers().begin(), Layers().end(), [&](const Layer& l) { return l.folder == folder; });
  if (layer == Layers().end()) return "unknown folder; add it to the layers in tests/repo/rules.cc";
  std::string_view other;
  if (target.starts_with("pinchbeck/")) {
    if (target == "pinchbeck/version.h") return "";
    other = FolderAfter(target, "pinchbeck/");
  } else if (target.starts_with("src/")) {
    other = FolderAfter(target, "src/");
  } else if (target.starts_with("python/")) {
    if (folder == "python/bindings") return "";
    other = "python";
  } else {
    return "";
  }
  if (other == folder) return "";
  if (std::find(layer->below.begin(), layer->below.end(), other) != layer->below.end()) return "";
  return std::string(folder) + " may not include " + std::string(target);
}

std::string CheckPublicHeader(std::string_view folder, std::string_view target) {
  if (target.starts_with("src/")) return "a header under include/ may not include " + std::string(target);
  if (folder == "internal") return "";
  if (StartsWithAny(target, {"curl/", "nlohmann/", "boost/", "CLI/", "httplib.h", "openssl/", "zlib.h",
                             "utf8proc.h", "format", "expected", "ranges"})) {
    return "a public header may not include " + std::string(target);
  }
  const bool packaged = StartsWithAny(target, {"absl/", "Eigen/", "unsupported/Eigen/"});
  if (folder == "stats" && packaged &&
      !StartsWithAny(target, {"absl/status/", "absl/strings/", "Eigen/", "unsupported/Eigen/"})) {
    return "stats needs no package but Eigen and Abseil's status, so it may not include " +
           std::string(target);
  }
  return "";
}

std::string Message(const SourceFile& file, std::size_t line, std::string_view what) {
  return file.path + ":" + std::to_string(line) + ": " + std::string(what);
}

std::string ExpectedGuard(std::string_view path) {
  constexpr std::string_view kPublic = "include/pinchbeck/";
  if (path.starts_with(kPublic)) path.remove_prefix(kPublic.size());
  std::string guard = "PINCHBECK_";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    guard += std::isalnum(byte) != 0 ? static_cast<char>(std::toupper(byte)) : '_';
  }
  return guard + "_";
}

bool IsWordAt(std::string_view line, std::size_t position, std::size_t length) {
  const auto is_word = [&](std::size_t i) {
    return i < line.size() && (std::isalnum(static_cast<unsigned char>(line[i])) != 0 || line[i] == '_');
  };
  return (position == 0 || !is_word(position - 1)) && !is_word(position + length);
}

}  // namespace

std::vector<std::string> CheckIncludes(const SourceFile& file) {
  std::vector<std::string> violations;
  const bool is_public = file.path.starts_with("include/pinchbeck/");
  const bool is_ours = is_public || file.path.starts_with("src/") || file.path.starts_with(kPython);
  if (!IsCpp(file) || !is_ours) return violations;
  const std::string_view folder = FolderOfFile(file.path);
  const std::vector<std::string_view> lines = Lines(file.text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Include include = ParseInclude(lines[i]);
    if (include.target.empty()) continue;
    std::vector<std::string> found = {CheckLayer(folder, include.target)};
    if (is_public) found.push_back(CheckPublicHeader(folder, include.target));
    if (include.quoted && include.target.find('/') == std::string_view::npos) {
      found.push_back("include " + std::string(include.target) + " by its path from the root");
    }
    for (const std::string& what : found) {
      if (!what.empty()) violations.push_back(Message(file, i + 1, what));
    }
  }
  return violations;
}

std::vector<std::string> CheckAscii(const SourceFile& file) {
  std::vector<std::string> violations;
  if (!IsCpp(file)) return violations;
  const std::vector<std::string_view> lines = Lines(file.text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto is_foreign = [](char c) { return static_cast<unsigned char>(c) >= 0x80; };
    if (std::any_of(lines[i].begin(), lines[i].end(), is_foreign)) {
      violations.push_back(Message(file, i + 1, "not ASCII; write it as an escape"));
    }
  }
  return violations;
}

std::vector<std::string> CheckLeftovers(const SourceFile& file) {
  // Written in two halves, so that this file passes its own check.
  static constexpr std::array<std::string_view, 2> kWords = {
      "TO"
      "DO",
      "FIX"
      "ME"};
  std::vector<std::string> violations;
  const std::vector<std::string_view> lines = Lines(file.text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (const std::string_view word : kWords) {
      for (std::size_t at = lines[i].find(word); at != std::string_view::npos;
           at = lines[i].find(word, at + 1)) {
        if (!IsWordAt(lines[i], at, word.size())) continue;
        violations.push_back(Message(file, i + 1, "unfinished: " + std::string(word)));
      }
    }
  }
  return violations;
}

std::vector<std::string> CheckGuard(const SourceFile& file) {
  if (!IsHeader(file)) return {};
  const std::string guard = ExpectedGuard(file.path);
  std::vector<std::pair<std::size_t, std::string_view>> directives;
  const std::vector<std::string_view> lines = Lines(file.text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].starts_with('#')) directives.emplace_back(i + 1, lines[i]);
  }
  if (directives.size() < 3 || directives[0].second != "#ifndef " + guard) {
    const std::size_t line = directives.empty() ? 1 : directives[0].first;
    return {Message(file, line, "expected as first directive: #ifndef " + guard)};
  }
  if (directives[1].second != "#define " + guard) {
    return {Message(file, directives[1].first, "expected: #define " + guard)};
  }
  if (directives.back().second != "#endif  // " + guard) {
    return {Message(file, directives.back().first, "expected as last directive: #endif  // " + guard)};
  }
  return {};
}

}  // namespace pinchbeck::repo
