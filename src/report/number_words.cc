// Numbers as every form of report writes them.
#include <algorithm>
#include <cmath>
#include <cstddef>

#include "absl/strings/str_format.h"
#include "src/report/words.h"

namespace pinchbeck::internal {

std::string PValueText(double p) {
  return p < 0.0001 ? absl::StrFormat("%.1e", p) : absl::StrFormat("%.4f", p);
}

std::string NumberText(double value) {
  // What sums that cancel leave behind is no number to show.
  return absl::StrFormat("%.3g", std::abs(value) < 1e-12 ? 0 : value);
}

std::string PercentText(double share) {
  if (share > 0 && share < 0.01) return "less than 1 %";
  if (share < 1 && share > 0.99) return "more than 99 %";
  return absl::StrFormat("%.0f %%", 100 * share);
}

std::string AtLeastText(double share) {
  // Less than a thousandth of a thousandth is rounding of the share itself, such as 0.31 in binary.
  return absl::StrFormat("%.4g %%", std::max(0.0, std::floor(1000 * share + 1e-6) / 10));
}

std::string AtMostText(double share) {
  return absl::StrFormat("%.4g %%", std::min(100.0, std::max(0.0, std::ceil(1000 * share - 1e-6) / 10)));
}

std::string EffectText(const SignalEvidence& evidence) {
  if (!evidence.measurable || !evidence.effect) return "-";
  std::string text = NumberText(*evidence.effect);
  if (evidence.effect_low && evidence.effect_high)
    text += " [" + NumberText(*evidence.effect_low) + ", " + NumberText(*evidence.effect_high) + "]";
  return text + " " + evidence.effect_unit;
}

std::string CountText(std::int64_t count) {
  const std::string digits = std::to_string(count);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const std::size_t left = digits.size() - i;
    if (i > 0 && left % 3 == 0 && digits[i - 1] != '-') text += ',';
    text += digits[i];
  }
  return text;
}

}  // namespace pinchbeck::internal
