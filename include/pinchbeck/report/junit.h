// Reports as JUnit XML, which continuous integrations show as test results.
#ifndef PINCHBECK_REPORT_JUNIT_H_
#define PINCHBECK_REPORT_JUNIT_H_

#include <string>

#include "pinchbeck/audit/report.h"
#include "pinchbeck/report/report_run.h"

namespace pinchbeck {

// One test suite with a test case "verdict" and one a signal, in the report's order.
//
//   consistent                                          passed
//   differs, of the verdict, or of a counted signal
//   of a report whose verdict is `differs`              failure
//   not_measurable, of the verdict                      error
//   everything else                                     skipped, with the reason
//
// So a suite has failures if and only if the verdict is `differs`. A skipped verdict (`inconclusive`) is no
// agreement, although most continuous integrations show it in green: the exit status tells them apart. Text
// from outside is escaped and free of characters that XML 1.0 forbids.
[[nodiscard]] std::string ReportToJunit(const Report& report, const ReportRun& run = {});

}  // namespace pinchbeck

#endif  // PINCHBECK_REPORT_JUNIT_H_
