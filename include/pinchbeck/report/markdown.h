// Reports as a short Markdown text for the summaries of continuous integrations.
#ifndef PINCHBECK_REPORT_MARKDOWN_H_
#define PINCHBECK_REPORT_MARKDOWN_H_

#include <string>

#include "pinchbeck/audit/report.h"
#include "pinchbeck/report/report_run.h"

namespace pinchbeck {

// The verdict, a table of signals (GitHub's dialect), what the verdict does not mean, and how to repeat it.
// Text from outside stands in code spans or with its punctuation escaped, so that it makes no link, mention,
// image, HTML or table cell.
[[nodiscard]] std::string ReportToMarkdown(const Report& report, const ReportRun& run = {});

}  // namespace pinchbeck

#endif  // PINCHBECK_REPORT_MARKDOWN_H_
