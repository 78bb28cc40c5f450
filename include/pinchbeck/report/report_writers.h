// Reports as text for a terminal and as JSON for programs.
#ifndef PINCHBECK_REPORT_REPORT_WRITERS_H_
#define PINCHBECK_REPORT_REPORT_WRITERS_H_

#include <string>
#include <string_view>

#include "pinchbeck/audit/report.h"

namespace pinchbeck {

inline constexpr std::string_view kReportSchema = "pinchbeck.report/1";

// One JSON object with a final newline; the fields of docs/design/0001-formats.md. Numbers that were not
// computed are null.
[[nodiscard]] std::string ReportToJson(const Report& report);

// The verdict first, one line a signal, then what could not have been seen and innocent causes; at most 100
// columns. Control characters in names are replaced, so that a server's text cannot steer a terminal.
[[nodiscard]] std::string ReportToText(const Report& report);

// `text` with control characters replaced by '?' and cut to `limit` bytes at a code point.
[[nodiscard]] std::string Printable(std::string_view text, std::size_t limit = 80);

}  // namespace pinchbeck

#endif  // PINCHBECK_REPORT_REPORT_WRITERS_H_
