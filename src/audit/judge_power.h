// A sample that nothing rejects: consistent, or too small to say so?
#ifndef PINCHBECK_SRC_AUDIT_JUDGE_POWER_H_
#define PINCHBECK_SRC_AUDIT_JUDGE_POWER_H_

#include <vector>

#include "pinchbeck/audit/report.h"
#include "src/audit/candidates.h"
#include "src/audit/decision.h"

namespace pinchbeck::internal {

// Signals that did not reject but could not have found a typical substitute are `inconclusive`.
void MarkPowerless(std::vector<SignalReport>& signals);

// Sets `consistent` with its power statements, or `inconclusive` with the size that would settle it. A
// stored alternative counts as found where it would have been told from every one of the `references`.
void JudgePower(const DecisionInput& input, const std::vector<Candidate>& references,
                const std::vector<Candidate>& alternatives, const VerifyOptions& options, Report& report);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_AUDIT_JUDGE_POWER_H_
