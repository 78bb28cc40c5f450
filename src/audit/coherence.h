// What a verdict makes of signals whose data contradict themselves.
#ifndef PINCHBECK_SRC_AUDIT_COHERENCE_H_
#define PINCHBECK_SRC_AUDIT_COHERENCE_H_

#include <vector>

#include "pinchbeck/audit/report.h"
#include "pinchbeck/signal/sample.h"

namespace pinchbeck::internal {

// Data that contradict themselves may be made up: no evidence of agreement. They do not accuse by themselves
// either; what was measured on them keeps its own p-value.
void MarkIncoherent(std::vector<SignalReport>& signals);

[[nodiscard]] bool AnyIncoherent(const std::vector<SignalReport>& signals);

// Log-probabilities that may be made up rule nothing out: power is judged without them.
[[nodiscard]] SampleSet WithoutLogprobs(SampleSet sample);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_AUDIT_COHERENCE_H_
