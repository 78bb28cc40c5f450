#include "tests/repo/markdown.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/repo/source_tree.h"

namespace pinchbeck::repo {
namespace {

constexpr std::string_view kFence = "```";

std::string Message(const SourceFile& file, std::size_t line, const std::string& what) {
  return file.path + ":" + std::to_string(line) + ": " + what;
}

// The line with spans of code blanked out.
std::string WithoutCode(std::string_view line) {
  std::string text(line);
  bool inside = false;
  for (char& c : text) {
    if (c == '`') inside = !inside;
    if (inside) c = ' ';
  }
  return text;
}

void CollectLinks(std::string_view line, std::size_t number, std::vector<MarkdownLink>& links) {
  const std::string text = WithoutCode(line);
  // "[name]: target", which the page's `[name]` refer to.
  const std::size_t definition = text.find("]: ");
  if (text.starts_with('[') && definition != std::string::npos) {
    links.push_back({number, text.substr(definition + 3)});
  }
  for (std::size_t at = text.find("]("); at != std::string::npos; at = text.find("](", at + 2)) {
    const std::size_t begin = at + 2, end = text.find_first_of(") ", begin);
    // A target that goes on in the next line leads nowhere.
    links.push_back({number, text.substr(begin, end == std::string::npos ? end : end - begin)});
  }
}

// UTF-8 punctuation that names of headings drop: General Punctuation, CJK symbols, full-width forms.
bool IsForeignPunctuation(std::string_view bytes) {
  if (bytes.size() < 3) return false;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  if (byte(0) == 0xE2 && byte(1) <= 0x81) return true;
  if (byte(0) == 0xE3 && byte(1) == 0x80) return true;
  return byte(0) == 0xEF && byte(1) >= 0xBC;
}

std::string AnchorName(std::string_view heading) {
  std::string name;
  for (std::size_t i = 0; i < heading.size(); ++i) {
    const auto byte = static_cast<unsigned char>(heading[i]);
    if (byte >= 0x80) {
      const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
      if (!IsForeignPunctuation(heading.substr(i, length))) name += heading.substr(i, length);
      i += length - 1;
    } else if (std::isalnum(byte) != 0 || byte == '_' || byte == '-') {
      name += static_cast<char>(std::tolower(byte));
    } else if (byte == ' ') {
      name += '-';
    }
  }
  return name;
}

// "docs/guides" and "../methods/a.md" give "docs/methods/a.md"; empty if the path leaves the root.
std::string Resolve(std::string_view folder, std::string_view path) {
  std::vector<std::string_view> parts;
  const auto add = [&](std::string_view text) {
    while (!text.empty()) {
      const std::size_t slash = text.find('/');
      const std::string_view part = text.substr(0, slash);
      text.remove_prefix(slash == std::string_view::npos ? text.size() : slash + 1);
      if (part.empty() || part == ".") continue;
      if (part == "..") {
        if (parts.empty()) return false;
        parts.pop_back();
      } else {
        parts.push_back(part);
      }
    }
    return true;
  };
  if (!add(folder) || !add(path)) return "";
  std::string joined;
  for (const std::string_view part : parts) joined += (joined.empty() ? "" : "/") + std::string(part);
  return joined;
}

std::string FolderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

bool IsAddress(std::string_view target) {
  return target.starts_with("https://") || target.starts_with("http://") || target.starts_with("mailto:");
}

std::string CheckLink(const SourceFile& page, const std::string& target,
                      const std::function<bool(const std::string&)>& exists,
                      const std::function<std::string(const std::string&)>& load) {
  const std::size_t hash = target.find('#');
  const std::string path = target.substr(0, hash);
  if (path.starts_with('/')) return "link by a path from the root of the file system: " + target;
  const std::string file = path.empty() ? page.path : Resolve(FolderOf(page.path), path);
  if (file.empty() || !exists(file)) return "link to nothing: " + target;
  if (hash == std::string::npos || !file.ends_with(".md")) return "";
  const std::vector<std::string> anchors = Anchors(ParseMarkdown(path.empty() ? page.text : load(file)));
  const bool found = std::find(anchors.begin(), anchors.end(), target.substr(hash + 1)) != anchors.end();
  return found ? "" : "no such heading: " + target;
}

// A block of code without what may be translated: comments. "# exit N" is no comment, the tests obey it.
std::string WithoutComments(const MarkdownBlock& block) {
  const bool shell = block.language == "sh";
  const bool cpp = block.language == "cpp" || block.language == "c";
  std::string code;
  for (const std::string_view line : Lines(block.code)) {
    std::size_t end = std::string_view::npos;
    if (shell && line.find("# exit ") == std::string_view::npos) {
      end = line.starts_with('#') ? 0 : line.find(" #");
    } else if (cpp) {
      end = line.find("//");
      // Not inside an address.
      if (end != std::string_view::npos && end > 0 && line[end - 1] == ':') end = std::string_view::npos;
    }
    std::string kept(line.substr(0, end));
    while (!kept.empty() && kept.back() == ' ') kept.pop_back();
    if (!kept.empty()) code += kept + "\n";
  }
  return code;
}

// The links that both languages share: those to headings of the page itself and to the other language differ.
std::vector<std::string> SharedLinks(const MarkdownPage& page) {
  std::vector<std::string> targets;
  for (const MarkdownLink& link : page.links) {
    if (!link.target.starts_with('#') && !link.target.starts_with("README")) targets.push_back(link.target);
  }
  std::sort(targets.begin(), targets.end());
  return targets;
}

std::size_t TableRows(std::string_view text) {
  const std::vector<std::string_view> lines = Lines(text);
  return static_cast<std::size_t>(
      std::count_if(lines.begin(), lines.end(), [](std::string_view line) { return line.starts_with('|'); }));
}

std::string Generated(std::string_view text) {
  const std::size_t begin = text.find("<!-- accuracy: begin -->"), end = text.find("<!-- accuracy: end -->");
  return begin == std::string_view::npos || end < begin ? "" : std::string(text.substr(begin, end - begin));
}

}  // namespace

MarkdownPage ParseMarkdown(std::string_view text) {
  MarkdownPage page;
  const std::vector<std::string_view> lines = Lines(text);
  MarkdownBlock block;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string_view line = lines[i];
    if (page.open_block != 0) {
      if (line == kFence) {
        page.blocks.push_back(block);
        page.open_block = 0;
      } else {
        block.code += std::string(line) + "\n";
      }
      continue;
    }
    if (line.starts_with(kFence)) {
      page.open_block = i + 1;
      block = {.line = i + 1,
               .above = i == 0 ? "" : std::string(lines[i - 1]),
               .language = std::string(line.substr(kFence.size())),
               .code = ""};
      continue;
    }
    const std::size_t level = line.find_first_not_of('#');
    if (level != std::string_view::npos && level > 0 && level <= 6 && line[level] == ' ') {
      page.headings.push_back({static_cast<int>(level), std::string(line.substr(level + 1))});
    }
    CollectLinks(line, i + 1, page.links);
  }
  return page;
}

std::vector<std::string> Anchors(const MarkdownPage& page) {
  std::vector<std::string> anchors;
  std::map<std::string, int> uses;
  for (const MarkdownHeading& heading : page.headings) {
    const std::string name = AnchorName(heading.text);
    const int earlier = uses[name]++;
    anchors.push_back(earlier == 0 ? name : name + "-" + std::to_string(earlier));
  }
  return anchors;
}

std::vector<std::string> CheckLinks(const SourceFile& page,
                                    const std::function<bool(const std::string&)>& exists,
                                    const std::function<std::string(const std::string&)>& load) {
  std::vector<std::string> violations;
  if (!page.path.ends_with(".md")) return violations;
  const MarkdownPage parsed = ParseMarkdown(page.text);
  if (parsed.open_block != 0) violations.push_back(Message(page, parsed.open_block, "block never closed"));
  for (const MarkdownLink& link : parsed.links) {
    if (IsAddress(link.target)) continue;
    const std::string what = CheckLink(page, link.target, exists, load);
    if (!what.empty()) violations.push_back(Message(page, link.line, what));
  }
  return violations;
}

std::vector<std::string> CheckTranslation(const SourceFile& original, const SourceFile& translation) {
  std::vector<std::string> violations;
  const auto complain = [&](const std::string& what) { violations.push_back(Message(translation, 1, what)); };
  const MarkdownPage page = ParseMarkdown(original.text), other = ParseMarkdown(translation.text);
  const auto same_level = [](const MarkdownHeading& a, const MarkdownHeading& b) {
    return a.level == b.level;
  };
  if (!std::equal(page.headings.begin(), page.headings.end(), other.headings.begin(), other.headings.end(),
                  same_level)) {
    complain("other sections than " + original.path);
  }
  if (page.blocks.size() != other.blocks.size()) {
    complain("another number of code blocks than " + original.path);
  }
  for (std::size_t i = 0; i < std::min(page.blocks.size(), other.blocks.size()); ++i) {
    const MarkdownBlock &a = page.blocks[i], &b = other.blocks[i];
    if (a.language == b.language && WithoutComments(a) == WithoutComments(b)) continue;
    complain("code block " + std::to_string(i + 1) + " differs from that of " + original.path);
  }
  if (SharedLinks(page) != SharedLinks(other)) complain("other links than " + original.path);
  if (TableRows(original.text) != TableRows(translation.text)) {
    complain("another number of table rows than " + original.path);
  }
  if (Generated(original.text) != Generated(translation.text)) {
    complain("other measured numbers than " + original.path + "; ./dev accuracy --update-readme writes both");
  }
  return violations;
}

}  // namespace pinchbeck::repo
