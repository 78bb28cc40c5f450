// Reports in files: --html, --junit and --markdown, and what they say of the run.
#ifndef PINCHBECK_SRC_CLI_REPORT_FILES_H_
#define PINCHBECK_SRC_CLI_REPORT_FILES_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/audit/identify.h"
#include "pinchbeck/audit/report.h"
#include "pinchbeck/report/report_run.h"

namespace CLI {
class App;
}

namespace pinchbeck::cli {

// Empty: not asked for.
struct ReportFileFlags {
  std::string html, junit, markdown;
  [[nodiscard]] bool any() const { return !html.empty() || !junit.empty() || !markdown.empty(); }
};

void AddHtmlFlag(CLI::App& app, ReportFileFlags& flags);
void AddReportFileFlags(CLI::App& app, ReportFileFlags& flags);

// Before anything is read or paid for. InvalidArgument: a folder in the place of a file, a folder that does
// not exist, the same file twice, or a file that is an input.
[[nodiscard]] absl::Status CheckReportFiles(const ReportFileFlags& flags,
                                            const std::vector<std::string>& inputs);
// Appends the fingerprints of a folder to what a report must not overwrite. A folder that cannot be read adds
// nothing here: reading it says why.
void AppendFingerprints(const std::string& folder, std::vector<std::string>& inputs);
// After CheckReportFiles(): what an earlier run wrote must not pass for the result of one that fails.
[[nodiscard]] absl::Status RemoveOldReports(const ReportFileFlags& flags);

// Each regular file appears whole or not at all, in the place of the file that a link names; pipes, devices
// and what is under /dev and /proc are written to. All files are tried; the first error is returned and names
// its file.
[[nodiscard]] absl::Status WriteReportFiles(const ReportFileFlags& flags, const Report& report,
                                            const ReportRun& run);
[[nodiscard]] absl::Status WriteReportFiles(const ReportFileFlags& flags,
                                            const Identification& identification, const ReportRun& run);

// The shortest decimal that reads back as the same number.
[[nodiscard]] std::string ShortestDecimal(double value);

// A command line that bash reads back as these words; so does a POSIX shell, unless a word needs $'...'.
class ShellCommand {
 public:
  explicit ShellCommand(std::string_view program) : text_(program) {}
  // "--name value"; nothing for an empty value.
  ShellCommand& Option(std::string_view name, std::string_view value);
  ShellCommand& Flag(std::string_view name, bool given);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_REPORT_FILES_H_
