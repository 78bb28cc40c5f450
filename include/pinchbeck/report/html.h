// Reports as one HTML file for people.
#ifndef PINCHBECK_REPORT_HTML_H_
#define PINCHBECK_REPORT_HTML_H_

#include <string>

#include "pinchbeck/audit/identify.h"
#include "pinchbeck/audit/report.h"
#include "pinchbeck/report/report_run.h"

namespace pinchbeck {

// A complete HTML document that loads nothing and runs nothing: a Content-Security-Policy forbids both. It
// follows the reader's colour scheme and prints.
//
// The verdict in plain words with what it does and does not mean; a card a signal with its plot and numbers;
// other settings, innocent explanations, what a sample of this size leaves open, and how to repeat the audit.
// Everything in `report` and `run` counts as hostile text: it is escaped, invisible characters are spelled
// out, and long ones are cut. The same report gives the same bytes.
//
// Cost: linear in the report, which is bounded (ReportDisplay).
[[nodiscard]] std::string ReportToHtml(const Report& report, const ReportRun& run = {});

// The same for an identification: the verdict and the stored models by how well they explain the answers.
[[nodiscard]] std::string IdentificationToHtml(const Identification& identification,
                                               const ReportRun& run = {});

}  // namespace pinchbeck

#endif  // PINCHBECK_REPORT_HTML_H_
