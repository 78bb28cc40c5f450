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

enum class Explained {
  kNo,
  // By other settings: no signal is left that rejects.
  kBySettings,
  // By other settings or by a stored alternative; the answers do not say which.
  kBySettingsOrAlternative,
};

// Looks for other settings that explain the signals which reject, marks those as `configuration_differs` and
// describes what was found in `report.configuration`. The serving claim has no such excuse: other settings
// are a change. Nor has another tokenizer.
//
//   same_log_probabilities: log-probabilities of at least eight probes with tokens that are not all but
//     certain agree with the reference's within 0.02 nats: these weights are there. Explains every signal;
//     together with a stored alternative that the values do not surely fit less well.
//   other_prompt: input-token counts show one constant surplus (ShowsOtherPrompt) that no enrolled serving
//     has, so the model saw another prompt. Explains every signal, if the claimed model is likelier than each
//     stored alternative.
//   temperature: the choices are the reference's at another temperature (ExplainByTemperature). Explains
//     choices, whose tempered reference was tested, and texts and lengths.
//   reasoning_effort: nothing differs but the amount of reasoning, and the output tokens that hold it.
//
// Everything but choices at another temperature is explained only if every stored alternative is rejected, in
// each of the signals that reject the claimed model; and what another prompt or temperature does to a signal
// on which it was not tested is granted up to the effect of a typical substitute (`default_effect`) only.
// Where a stored alternative explains the answers about as well as other settings do, the signals stay
// `inconclusive`: that is no ground for an accusation either.
//
// `input` is the comparison that the decision was made by, `references` the enrolled servings.
[[nodiscard]] Explained ExplainByConfiguration(const DecisionInput& input,
                                               const std::vector<Candidate>& references,
                                               const VerifyOptions& options, Report& report);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_AUDIT_CONFIGURATION_H_
