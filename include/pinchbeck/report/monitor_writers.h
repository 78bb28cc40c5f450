// Decisions of a monitor as text for a terminal and as JSON for programs.
#ifndef PINCHBECK_REPORT_MONITOR_WRITERS_H_
#define PINCHBECK_REPORT_MONITOR_WRITERS_H_

#include <span>
#include <string>
#include <string_view>

#include "pinchbeck/audit/monitor.h"

namespace pinchbeck {

inline constexpr std::string_view kMonitorSchema = "pinchbeck.monitor/1";
inline constexpr std::string_view kMonitorSummarySchema = "pinchbeck.monitor_summary/1";

// One JSON object on one line, with a final newline; the fields of docs/design/0001-formats.md. Values that
// are not known are null.
[[nodiscard]] std::string MonitorToJson(const Monitor& monitor);

// The verdict first, then what it rests on; at most 100 columns.
[[nodiscard]] std::string MonitorToText(const Monitor& monitor);

// Several endpoints together, one line each.
[[nodiscard]] std::string CombinedToJson(std::span<const NamedDecision> endpoints,
                                         const CombinedDecision& combined, double alpha);
[[nodiscard]] std::string CombinedToText(std::span<const NamedDecision> endpoints,
                                         const CombinedDecision& combined, double alpha);

}  // namespace pinchbeck

#endif  // PINCHBECK_REPORT_MONITOR_WRITERS_H_
