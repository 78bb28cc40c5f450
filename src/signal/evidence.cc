#include "pinchbeck/signal/evidence.h"

#include <utility>

namespace pinchbeck {

std::string_view ClaimName(Claim claim) { return claim == Claim::kWeights ? "weights" : "serving"; }

std::string_view LatencyModeName(LatencyMode mode) {
  switch (mode) {
    case LatencyMode::kAdvisory:
      return "advisory";
    case LatencyMode::kShape:
      return "shape";
    case LatencyMode::kStrict:
      return "strict";
  }
  return "advisory";
}

SignalEvidence NotMeasurable(std::string_view signal, std::string reason) {
  SignalEvidence evidence;
  evidence.signal = std::string(signal);
  evidence.reason = std::move(reason);
  return evidence;
}

}  // namespace pinchbeck
