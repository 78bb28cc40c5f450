// Reports of checks as text for a terminal and as JSON for programs.
#ifndef PINCHBECK_REPORT_CHECKS_WRITERS_H_
#define PINCHBECK_REPORT_CHECKS_WRITERS_H_

#include <string>
#include <string_view>

#include "pinchbeck/audit/checks.h"

namespace pinchbeck {

inline constexpr std::string_view kChecksSchema = "pinchbeck.checks/1";

// One JSON object with a final newline. Numbers that were not computed are null.
[[nodiscard]] std::string ChecksToJson(const ChecksReport& report);
// The verdict first, then one paragraph a check.
[[nodiscard]] std::string ChecksToText(const ChecksReport& report);

}  // namespace pinchbeck

#endif  // PINCHBECK_REPORT_CHECKS_WRITERS_H_
