#include "src/cli/man_page.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <vector>

#include "pinchbeck/version.h"
#include "src/cli/command_tree.h"

namespace pinchbeck::cli {
namespace {

constexpr std::string_view kExample = "Example:";
constexpr std::string_view kExitStatus = "Exit status:";

// Text for roff: backslashes and hyphens as they are typed, and no line that reads as a request.
std::string Escaped(std::string_view text) {
  std::string escaped;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) escaped += "\\&";
    line_start = c == '\n';
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else if (c == '`') {
      escaped += "\\(ga";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string Bold(std::string_view text) { return "\\fB" + Escaped(text) + "\\fR"; }
std::string Italic(std::string_view text) { return "\\fI" + Escaped(text) + "\\fR"; }

std::string WithDashes(std::string path) {
  std::replace(path.begin(), path.end(), ' ', '-');
  return path;
}

std::string UpperCase(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::string Heading(const CommandNode& command) {
  const std::string title = WithDashes(command.path);
  std::string text = "." + std::string("TH ") + UpperCase(title) + " 1 \"\" \"pinchbeck " +
                     std::string(kVersion) + "\" \"User commands\"\n";
  return text + ".SH NAME\n" + Escaped(title) + " \\- " + Escaped(command.description) + "\n";
}

std::string Synopsis(const CommandNode& command) {
  std::string text = Bold(command.path);
  const bool has_options = std::any_of(command.options.begin(), command.options.end(),
                                       [](const OptionNode& option) { return !option.names.empty(); });
  if (has_options) text += " [" + Italic("option") + "...]";
  for (const OptionNode& option : command.options) {
    if (!option.names.empty()) continue;
    text += option.required ? " " + Italic(option.position) : " [" + Italic(option.position) + "]";
  }
  if (!command.commands.empty()) text += " " + Italic("command");
  return text + "\n";
}

std::string Joined(const std::vector<std::string>& words, std::string_view between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : std::string(between)) + word;
  return text;
}

// What the help shows in its narrow column: range, choices, default.
std::string Details(const OptionNode& option) {
  std::vector<std::string> details;
  if (!option.choices.empty()) details.push_back("one of " + Joined(option.choices, ", "));
  if (!option.constraint.empty()) details.push_back(option.constraint);
  if (!option.default_value.empty()) details.push_back("default " + option.default_value);
  if (option.required) details.emplace_back("required");
  return details.empty() ? "" : "(" + Joined(details, "; ") + ")";
}

std::string OptionEntry(const OptionNode& option) {
  std::string text = ".TP\n";
  if (option.names.empty()) {
    text += Italic(option.position);
  } else {
    std::vector<std::string> names;
    for (const std::string& name : option.names) names.push_back(Bold(name));
    text += Joined(names, ", ");
    if (!option.value.empty()) text += " " + Italic(option.value);
  }
  if (option.values > 1) text += "...";
  text += "\n" + Escaped(option.description);
  const std::string details = Details(option);
  return text + (details.empty() ? "" : "\n" + Escaped(details)) + "\n";
}

// The options under the headings of the help, in its order.
std::string Options(const CommandNode& command, std::string_view macro) {
  std::vector<std::string> groups;
  for (const OptionNode& option : command.options) {
    if (std::find(groups.begin(), groups.end(), option.group) == groups.end()) groups.push_back(option.group);
  }
  std::string text;
  for (const std::string& group : groups) {
    text += std::string(macro) + " " + (macro == ".SH" ? UpperCase(group) : group) + "\n";
    for (const OptionNode& option : command.options) {
      if (option.group == group) text += OptionEntry(option);
    }
  }
  return text;
}

std::string Verbatim(std::string_view text) { return ".nf\n" + Escaped(text) + "\n.fi\n"; }

// The help's closing words: lines under "Example:" as examples, the line of exit statuses under its own
// heading, and the rest as notes.
std::string Footer(const std::string& footer, std::string_view macro) {
  std::string examples, notes, statuses;
  std::string* part = &notes;
  std::string_view rest = footer;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line == kExample) {
      part = &examples;
      continue;
    }
    if (line.starts_with(kExitStatus)) {
      statuses = line.substr(kExitStatus.size());
      statuses.erase(0, statuses.find_first_not_of(' '));
      continue;
    }
    // Examples are indented; what is not ends them.
    if (part == &examples && !line.empty() && line.front() != ' ') part = &notes;
    *part += std::string(line) + "\n";
  }
  std::string text;
  const auto add = [&](std::string_view title, std::string_view body, bool verbatim) {
    while (!body.empty() && body.back() == '\n') body.remove_suffix(1);
    while (!body.empty() && body.front() == '\n') body.remove_prefix(1);
    if (body.empty()) return;
    text += std::string(macro) + " " + std::string(title) + "\n" +
            (verbatim ? Verbatim(body) : Escaped(body) + "\n");
  };
  add(macro == ".SH" ? "EXIT STATUS" : "Exit status", statuses, false);
  add(macro == ".SH" ? "NOTES" : "Notes", notes, true);
  add(macro == ".SH" ? "EXAMPLES" : "Examples", examples, true);
  return text;
}

// A command below a command: part of its page.
std::string Section(const CommandNode& command) {
  return ".SH " + UpperCase(command.name) + "\n" + Synopsis(command) + ".PP\n" +
         Escaped(command.description) + ".\n" + Options(command, ".SS") + Footer(command.footer, ".SS");
}

std::string CommandList(const CommandNode& command) {
  if (command.commands.empty()) return "";
  std::string text = ".SH COMMANDS\n";
  for (const CommandNode& below : command.commands) {
    text += ".TP\n" + Bold(below.name) + "\n" + Escaped(below.description) + "\n";
  }
  return text;
}

std::string SeeAlso(const std::vector<std::string>& titles) {
  std::string text = ".SH SEE ALSO\n";
  for (std::size_t i = 0; i < titles.size(); ++i) {
    text += ".BR " + Escaped(titles[i]) + " (1)" + (i + 1 < titles.size() ? " ,\n" : "\n");
  }
  return text;
}

std::string Page(const CommandNode& command) {
  return Heading(command) + ".SH SYNOPSIS\n" + Synopsis(command) + CommandList(command) +
         Options(command, ".SH") + Footer(command.footer, ".SH");
}

}  // namespace

std::vector<ManPage> ManPages(const CommandNode& root) {
  std::vector<std::string> titles;
  std::vector<ManPage> pages;
  for (const CommandNode& command : root.commands) {
    titles.push_back(WithDashes(command.path));
    std::string text = Page(command);
    for (const CommandNode& below : command.commands) text += Section(below);
    pages.push_back({titles.back() + ".1", text + SeeAlso({WithDashes(root.path)})});
  }
  pages.insert(pages.begin(), {WithDashes(root.path) + ".1", Page(root) + SeeAlso(titles)});
  return pages;
}

}  // namespace pinchbeck::cli
