// The colours of HTML reports: every pair that meets on the page, so that a test can compute its contrast.
#ifndef PINCHBECK_SRC_REPORT_PALETTE_H_
#define PINCHBECK_SRC_REPORT_PALETTE_H_

#include <cstdint>
#include <span>
#include <string_view>

namespace pinchbeck::internal {

// One custom property of the style sheet with its value (0xRRGGBB) in both schemes.
struct Colour {
  std::string_view name;
  std::uint32_t light = 0, dark = 0;
};
[[nodiscard]] std::span<const Colour> Palette();

// What is written or drawn on what, and the least contrast it needs: 4.5 for text, 3 for lines and marks that
// carry meaning (WCAG 2.2, success criteria 1.4.3 and 1.4.11).
struct ColourPair {
  std::string_view foreground, background;
  double contrast = 4.5;
};
[[nodiscard]] std::span<const ColourPair> ColourPairs();

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_REPORT_PALETTE_H_
