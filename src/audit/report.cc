#include "pinchbeck/audit/report.h"

namespace pinchbeck {

std::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kConsistent:
      return "consistent";
    case Verdict::kDiffers:
      return "differs";
    case Verdict::kInconclusive:
      return "inconclusive";
    case Verdict::kNotMeasurable:
      return "not_measurable";
  }
  return "not_measurable";
}

std::string_view SignalStatusName(SignalStatus status) {
  switch (status) {
    case SignalStatus::kConsistent:
      return "consistent";
    case SignalStatus::kDiffers:
      return "differs";
    case SignalStatus::kConfigurationDiffers:
      return "configuration_differs";
    case SignalStatus::kInconclusive:
      return "inconclusive";
    case SignalStatus::kNotMeasurable:
      return "not_measurable";
  }
  return "not_measurable";
}

}  // namespace pinchbeck
