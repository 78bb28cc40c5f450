// Gate before you accuse: do other settings of the same model explain what differs?
#ifndef PINCHBECK_SRC_AUDIT_CONFIGURATION_H_
#define PINCHBECK_SRC_AUDIT_CONFIGURATION_H_

#include <vector>

#include "pinchbeck/audit/report.h"
#include "src/audit/candidates.h"
#include "src/audit/decision.h"

namespace pinchbeck::internal {

// A signal that is certain to differ but inside the margin of honest servings says nothing with one variant.
void MarkWithinMargin(std::vector<SignalReport>& signals, const Report& report);

// Looks for other settings that explain the signals which reject, marks those as `configuration_differs` and
// describes what was found in `report.configuration`. True if nothing is left that differs (or, where no
// signal passes its gate, that rejects). The serving claim has no such excuse: other settings are a change.
//
//   same_log_probabilities: first-token log-probabilities agree with the reference within 0.02 nats, and with
//     no stored alternative; whatever else differs is sampling or prompt.
//   other_prompt: input-token counts show one constant surplus (ShowsOtherPrompt), so the model saw another
//     prompt. Explains all signals without alternatives; with alternatives only if the claimed model is
//     likelier than each of them and each would have been found at this size with power 0.9.
//   temperature: the choices are the reference's at another temperature (ExplainByTemperature). Explains
//     choices, and the texts and lengths that were sampled along with them.
//
// `input` is the comparison that the decision was made by.
[[nodiscard]] bool ExplainByConfiguration(const DecisionInput& input,
                                          const std::vector<Candidate>& alternatives,
                                          const VerifyOptions& options, Report& report);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_AUDIT_CONFIGURATION_H_
