#include "src/report/palette.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <string>

#include "src/report/style.h"

namespace pinchbeck::internal {
namespace {

// WCAG 2.2, relative luminance and contrast ratio.
double Luminance(std::uint32_t colour) {
  const auto channel = [&](int shift) {
    const double c = static_cast<double>((colour >> shift) & 255U) / 255;
    return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * channel(16) + 0.7152 * channel(8) + 0.0722 * channel(0);
}

double Contrast(std::uint32_t a, std::uint32_t b) {
  const double x = Luminance(a), y = Luminance(b);
  return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
}

const Colour& Find(std::string_view name) {
  const auto palette = Palette();
  const auto it =
      std::find_if(palette.begin(), palette.end(), [&](const Colour& colour) { return colour.name == name; });
  EXPECT_NE(it, palette.end()) << name;
  return it == palette.end() ? palette[0] : *it;
}

TEST(PaletteTest, TheRatioIsTheStandards) {
  EXPECT_NEAR(Contrast(0x000000, 0xFFFFFF), 21, 1e-9);
  // The example that many checkers quote: #767676 on white is 4.54.
  EXPECT_NEAR(Contrast(0x767676, 0xFFFFFF), 4.54, 0.005);
}

TEST(PaletteTest, EveryPairHasItsContrastInBothSchemes) {
  for (const ColourPair& pair : ColourPairs()) {
    const Colour &foreground = Find(pair.foreground), &background = Find(pair.background);
    EXPECT_GE(Contrast(foreground.light, background.light), pair.contrast)
        << pair.foreground << " on " << pair.background << ", light";
    EXPECT_GE(Contrast(foreground.dark, background.dark), pair.contrast)
        << pair.foreground << " on " << pair.background << ", dark";
  }
}

TEST(PaletteTest, EveryColourIsUsedAndEveryUseIsDefined) {
  const std::string& style = StyleSheet();
  std::set<std::string> used;
  for (std::size_t at = style.find("var(--"); at != std::string::npos; at = style.find("var(--", at + 1))
    used.insert(style.substr(at + 6, style.find(')', at) - at - 6));
  // The verdict's own colours are set by its class.
  used.erase("tone");
  used.erase("tint");
  for (const std::string& name : used) Find(name);
  for (const Colour& colour : Palette()) EXPECT_EQ(used.count(std::string(colour.name)), 1u) << colour.name;
}

}  // namespace
}  // namespace pinchbeck::internal
