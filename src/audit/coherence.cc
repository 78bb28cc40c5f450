#include "src/audit/coherence.h"

#include <algorithm>

namespace pinchbeck::internal {

void MarkIncoherent(std::vector<SignalReport>& signals) {
  for (SignalReport& signal : signals) {
    if (signal.evidence.incoherent && signal.status == SignalStatus::kConsistent)
      signal.status = SignalStatus::kInconclusive;
  }
}

bool AnyIncoherent(const std::vector<SignalReport>& signals) {
  return std::any_of(signals.begin(), signals.end(),
                     [](const SignalReport& signal) { return signal.evidence.incoherent; });
}

SampleSet WithoutLogprobs(SampleSet sample) {
  for (auto& [id, probe] : sample.probes) probe.logprobs.clear();
  return sample;
}

}  // namespace pinchbeck::internal
