// The parts of a report that keep its reader from wrong conclusions: other settings, and what was not seen.
#ifndef PINCHBECK_SRC_REPORT_HTML_LIMITS_H_
#define PINCHBECK_SRC_REPORT_HTML_LIMITS_H_

#include <string>

#include "pinchbeck/audit/report.h"

namespace pinchbeck::internal {

// Other settings of the same model, conditions, token counts.
[[nodiscard]] std::string ConfigurationSection(const Report& report);
// What a sample of this size would have found, and what it leaves open.
[[nodiscard]] std::string LimitsSection(const Report& report);
// The stored model that the answers fit, and how large its share is; empty where none was looked for.
[[nodiscard]] std::string AttributionSection(const Report& report);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_REPORT_HTML_LIMITS_H_
