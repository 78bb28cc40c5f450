#include "src/cli/report_files.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/str_format.h"
#include "pinchbeck/fingerprint/library.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/internal/utf8.h"
#include "pinchbeck/report/html.h"
#include "pinchbeck/report/junit.h"
#include "pinchbeck/report/markdown.h"
#include "src/fingerprint/file_writer.h"

namespace pinchbeck::cli {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> Asked(const ReportFileFlags& flags) {
  std::vector<std::string> paths;
  for (const std::string& path : {flags.html, flags.junit, flags.markdown}) {
    if (!path.empty()) paths.push_back(path);
  }
  return paths;
}

absl::Status CheckFile(const std::string& path, const std::vector<std::string>& others) {
  std::error_code error;
  if (fs::is_directory(path, error))
    return absl::InvalidArgumentError(path + ": is a folder; name a file for the report");
  const fs::path folder = fs::path(path).parent_path();
  if (!folder.empty() && !fs::is_directory(folder, error)) {
    return absl::InvalidArgumentError(path + ": there is no folder " + folder.string() + "; make it first");
  }
  for (const std::string& other : others) {
    const bool same = fs::path(path).lexically_normal() == fs::path(other).lexically_normal();
    if (same || fs::equivalent(path, other, error)) {
      return absl::InvalidArgumentError(path + ": the report would overwrite " + other +
                                        "; name another file");
    }
  }
  return absl::OkStatus();
}

// Descriptors and devices have names there. Such a name may lead to a regular file, as /dev/stdout does under
// a redirection, but whoever gives it means the open file.
bool IsSpecialPlace(const fs::path& path) {
  std::error_code error;
  const std::string place = fs::absolute(path, error).lexically_normal().string();
  return (place.starts_with("/dev/") && !place.starts_with("/dev/shm/")) || place.starts_with("/proc/");
}

// Follows symbolic links, also to files that are not there yet, as far as a special place.
fs::path Destination(const std::string& path) {
  constexpr int kMostLinks = 40;
  fs::path place = path;
  std::error_code error;
  for (int i = 0; i < kMostLinks && !IsSpecialPlace(place) && fs::is_symlink(place, error); ++i) {
    const fs::path target = fs::read_symlink(place, error);
    if (error) break;
    // An absolute target replaces the whole path.
    place = place.parent_path() / target;
  }
  return place;
}

bool IsReplaced(const fs::path& place) {
  std::error_code error;
  return !IsSpecialPlace(place) && (!fs::exists(place, error) || fs::is_regular_file(place, error));
}

absl::Status WriteReport(const std::string& path, const std::string& text) {
  const fs::path place = Destination(path);
  if (IsReplaced(place)) return internal::ReplaceFile(place.string(), text);
  // At the end: a redirected file may hold the printed report already.
  std::ofstream file(place, std::ios::binary | std::ios::app);
  file << text << std::flush;
  return file ? absl::OkStatus() : absl::PermissionDeniedError(path + ": cannot be written");
}

bool IsPlain(unsigned char c) {
  return std::isalnum(c) != 0 ||
         std::string_view("_@%+=:,./-").find(static_cast<char>(c)) != std::string_view::npos;
}

bool IsControl(unsigned char c) { return c < 0x20 || c == 0x7F; }

std::string Quoted(std::string_view word) {
  if (!word.empty() &&
      std::all_of(word.begin(), word.end(), [](char c) { return IsPlain(static_cast<unsigned char>(c)); }))
    return std::string(word);
  const bool strange = !internal::IsValidUtf8(word) || std::any_of(word.begin(), word.end(), [](char c) {
    return IsControl(static_cast<unsigned char>(c));
  });
  std::string text = strange ? "$'" : "'";
  for (const char c : word) {
    const auto byte = static_cast<unsigned char>(c);
    if (strange && (IsControl(byte) || byte >= 0x80)) {
      text += absl::StrFormat("\\x%02x", byte);
    } else if (c == '\'') {
      text += strange ? "\\'" : "'\\''";
    } else if (strange && c == '\\') {
      text += "\\\\";
    } else {
      text += c;
    }
  }
  return text + "'";
}

}  // namespace

void AddHtmlFlag(CLI::App& app, ReportFileFlags& flags) {
  app.add_option("--html", flags.html, "also write a report for people: one HTML file that loads nothing")
      ->type_name("FILE");
}

void AddReportFileFlags(CLI::App& app, ReportFileFlags& flags) {
  AddHtmlFlag(app, flags);
  app.add_option("--junit", flags.junit,
                 "also write JUnit XML: a test case a signal; only the verdict `differs` has failures")
      ->type_name("FILE");
  app.add_option("--markdown", flags.markdown, "also write a summary in Markdown")->type_name("FILE");
}

absl::Status CheckReportFiles(const ReportFileFlags& flags, const std::vector<std::string>& inputs) {
  std::vector<std::string> others = inputs;
  others.erase(std::remove(others.begin(), others.end(), std::string()), others.end());
  for (const std::string& path : Asked(flags)) {
    PINCHBECK_RETURN_IF_ERROR(CheckFile(path, others));
    others.push_back(path);
  }
  return absl::OkStatus();
}

void AppendFingerprints(const std::string& folder, std::vector<std::string>& inputs) {
  if (folder.empty()) return;
  const auto files = FingerprintFiles(folder);
  if (!files.ok()) return;
  for (const std::string& file : *files) inputs.push_back((fs::path(folder) / file).string());
}

absl::Status RemoveOldReports(const ReportFileFlags& flags) {
  for (const std::string& path : Asked(flags)) {
    const fs::path place = Destination(path);
    std::error_code error;
    if (!IsReplaced(place) || !fs::exists(place, error)) continue;
    if (!fs::remove(place, error) && error)
      return absl::InvalidArgumentError(path + ": the old file cannot be removed: " + error.message());
  }
  return absl::OkStatus();
}

absl::Status WriteReportFiles(const ReportFileFlags& flags, const Report& report, const ReportRun& run) {
  // Update() keeps the first error.
  absl::Status status;
  if (!flags.html.empty()) status.Update(WriteReport(flags.html, ReportToHtml(report, run)));
  if (!flags.junit.empty()) status.Update(WriteReport(flags.junit, ReportToJunit(report, run)));
  if (!flags.markdown.empty()) status.Update(WriteReport(flags.markdown, ReportToMarkdown(report, run)));
  return status;
}

absl::Status WriteReportFiles(const ReportFileFlags& flags, const Identification& identification,
                              const ReportRun& run) {
  if (flags.html.empty()) return absl::OkStatus();
  return WriteReport(flags.html, IdentificationToHtml(identification, run));
}

std::string ShortestDecimal(double value) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

ShellCommand& ShellCommand::Option(std::string_view name, std::string_view value) {
  if (!value.empty()) text_ += " " + std::string(name) + " " + Quoted(value);
  return *this;
}

ShellCommand& ShellCommand::Flag(std::string_view name, bool given) {
  if (given) text_ += " " + std::string(name);
  return *this;
}

}  // namespace pinchbeck::cli
