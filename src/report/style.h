// The style sheet of HTML reports, and the policy that allows it and nothing else.
#ifndef PINCHBECK_SRC_REPORT_STYLE_H_
#define PINCHBECK_SRC_REPORT_STYLE_H_

#include <string>

namespace pinchbeck::internal {

// Always the same text.
[[nodiscard]] const std::string& StyleSheet();

// Content-Security-Policy: no load, no script, no form, no base address, and only the style sheet with this
// text's SHA-256.
[[nodiscard]] std::string ContentSecurityPolicy();

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_REPORT_STYLE_H_
