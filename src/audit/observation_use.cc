// Names of what becomes of an exchange.
#include <string_view>

#include "pinchbeck/audit/observer.h"

namespace pinchbeck {

std::string_view ObservationUseName(ObservationUse use) {
  switch (use) {
    case ObservationUse::kProbe:
      return "probe";
    case ObservationUse::kFailed:
      return "failed";
    case ObservationUse::kUnknownPrompt:
      return "unknown_prompt";
    case ObservationUse::kOtherSettings:
      return "other_settings";
    case ObservationUse::kPromptNotText:
      return "prompt_not_text";
    case ObservationUse::kSeed:
      return "seed";
    case ObservationUse::kOtherParameter:
      return "other_parameter";
    case ObservationUse::kOtherModel:
      return "other_model";
    case ObservationUse::kOtherEndpoint:
      return "other_endpoint";
  }
  return "other_parameter";
}

}  // namespace pinchbeck
