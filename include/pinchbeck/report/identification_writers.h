// Identifications as text for a terminal and as JSON for programs.
#ifndef PINCHBECK_REPORT_IDENTIFICATION_WRITERS_H_
#define PINCHBECK_REPORT_IDENTIFICATION_WRITERS_H_

#include <string>
#include <string_view>

#include "pinchbeck/audit/identify.h"

namespace pinchbeck {

inline constexpr std::string_view kIdentificationSchema = "pinchbeck.identification/1";

// One JSON object with a final newline; the fields of docs/design/0001-formats.md. Numbers that were not
// computed are null.
[[nodiscard]] std::string IdentificationToJson(const Identification& identification);

// The verdict first, then the most likely stored models, at most 100 columns. Control characters in names are
// replaced.
[[nodiscard]] std::string IdentificationToText(const Identification& identification);

}  // namespace pinchbeck

#endif  // PINCHBECK_REPORT_IDENTIFICATION_WRITERS_H_
