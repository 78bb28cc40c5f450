// One card a signal: what it compares, what was found, plots and numbers.
#ifndef PINCHBECK_SRC_REPORT_HTML_CARDS_H_
#define PINCHBECK_SRC_REPORT_HTML_CARDS_H_

#include <string>

#include "pinchbeck/audit/report.h"

namespace pinchbeck::internal {

// The signals in one table.
[[nodiscard]] std::string SignalTable(const Report& report);
// The cards of measured signals, then small ones of those that could not be measured.
[[nodiscard]] std::string SignalCards(const Report& report);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_REPORT_HTML_CARDS_H_
