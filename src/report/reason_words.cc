// Why a verdict was not reached, in words.
#include <string>

#include "src/report/words.h"

namespace pinchbeck::internal {

std::string ReasonText(const Report& report) {
  const std::string reason = report.reason.value_or("");
  if (reason == "effect_below_gate") {
    return "There is a difference, but not more than honest servings of one model show among themselves.";
  }
  if (reason == "too_few_observations") {
    std::string text =
        "Nothing differs, but a substitute would not have been found reliably with so few answers.";
    if (report.n_observed_needed) {
      text += " About " + CountText(*report.n_observed_needed) + " observed answers would settle it.";
    }
    return text;
  }
  if (reason == "incoherent_log_probabilities") {
    return "Nothing differs, but the reported log-probabilities contradict themselves and may be made up; "
           "without them a substitute would not have been found reliably.";
  }
  if (reason == "answers_failed_after_text") {
    return "Nothing differs among the answers that were compared, but of those that began more than 1 in 20 "
           "failed before their end; other answers could hide there.";
  }
  if (reason == "answers_not_in_log") {
    return "The log that the recording was made of lacks more than 1 in 100 answers; the others may be a "
           "selection, which looks like another model where it is none.";
  }
  if (reason == "configuration") {
    return "The answers differ, but other settings of the same model explain it: " +
           (report.configuration ? report.configuration->note : std::string("see the signals")) + ".";
  }
  if (reason == "configuration_or_alternative") {
    return "The answers differ; other settings of the same model explain it, but a stored alternative is not "
           "ruled out: " +
           (report.configuration ? report.configuration->note : std::string("see the signals")) + ".";
  }
  if (reason == "ranking_only") {
    return report.condition_differences.empty()
               ? "The fingerprint is for ranking only, so this is not a verdict."
               : "The conditions differ, so this is a relative ranking only, not a verdict.";
  }
  if (reason == "other_prompts") {
    return "The recording holds other prompts than the fingerprint was made with. The warnings say how to "
           "get them.";
  }
  if (reason == "no_usable_observation") {
    return "Every request failed. Check the address, the key and the model name, then record again.";
  }
  if (reason == "nothing_comparable") {
    return "The recording and the fingerprint share no probe with data for a counted signal. Record the same "
           "battery.";
  }
  return reason;
}

}  // namespace pinchbeck::internal
