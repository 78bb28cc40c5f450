#include "src/report/words.h"

#include <cctype>
#include <cmath>

#include "absl/strings/str_format.h"

namespace pinchbeck::internal {
namespace {

// "choices, texts and output lengths", of the signals that differ.
std::string DifferingSignals(const Report& report) {
  std::vector<std::string> names;
  for (const SignalReport& signal : report.signals) {
    if (signal.status == SignalStatus::kDiffers && signal.evidence.counted)
      names.push_back(SignalTitle(signal.evidence.signal));
  }
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) {
      text += i + 1 == names.size() ? " and " : ", ";
      names[i][0] = static_cast<char>(std::tolower(static_cast<unsigned char>(names[i][0])));
    }
    text += names[i];
  }
  return text;
}

std::string ErrorRate(const Report& report) {
  return absl::StrFormat(
      "An endpoint that serves the reference's model honestly gets this verdict in at most "
      "%g %% of audits.",
      100 * report.alpha);
}

std::string InconclusiveFinding(const Report& report, const SignalReport& signal) {
  const SignalEvidence& evidence = signal.evidence;
  if (!evidence.counted) {
    return evidence.p_value
               ? "It looks different, but this signal is reported only: it never decides a verdict."
               : "Something deviates; see the notes. This signal is reported only: it never decides a "
                 "verdict.";
  }
  if (evidence.incoherent) return "The reported values contradict themselves, so they are no agreement.";
  const double p = signal.adjusted_p_value.value_or(evidence.p_value.value_or(1));
  if (p <= report.alpha) {
    return "There is a difference, but no larger than what is granted to " + GrantedTo(report.claim) + ".";
  }
  if (evidence.equality_p_value && *evidence.equality_p_value <= report.alpha)
    return "The values are not equal, but within the margin of honest servings.";
  return "No difference was found, but this comparison is too small to count as agreement.";
}

}  // namespace

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

std::string QuestionText(Claim claim) {
  return claim == Claim::kWeights ? "Are these the claimed weights, under any honest serving?"
                                  : "Has this serving changed since the reference was taken?";
}

std::string GrantedTo(Claim claim) {
  return claim == Claim::kWeights ? "honest servings of one model" : "the reference's own sessions";
}

std::string ReasonText(const Report& report) {
  const std::string reason = report.reason.value_or("");
  if (reason == "effect_below_gate") {
    return "There is a difference, but not more than honest servings of one model show among themselves.";
  }
  if (reason == "too_few_observations") {
    std::string text =
        "Nothing differs, but a substitute would not have been found reliably with so few answers.";
    if (report.n_observed_needed) {
      text += " About " + std::to_string(*report.n_observed_needed) + " observed answers would settle it.";
    }
    return text;
  }
  if (reason == "incoherent_log_probabilities") {
    return "Nothing differs, but the reported log-probabilities contradict themselves and may be made up; "
           "without them a substitute would not have been found reliably.";
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

std::string SummaryText(const Report& report) {
  switch (report.verdict) {
    case Verdict::kConsistent:
      return "No signal shows a difference, and the sample was large enough to notice the substitutes it was "
             "tested against.";
    case Verdict::kDiffers: {
      const std::string signals = DifferingSignals(report);
      return (signals.empty() ? "The answers" : signals) + " differ by more than " + GrantedTo(report.claim) +
             " show among themselves.";
    }
    case Verdict::kInconclusive:
    case Verdict::kNotMeasurable:
      return ReasonText(report);
  }
  return "";
}

std::vector<std::string> Meanings(const Report& report) {
  switch (report.verdict) {
    case Verdict::kConsistent:
      return {absl::StrFormat("No counted signal rejects that both samples come from one model, at the level "
                              "%g for all signals together.",
                              report.alpha),
              "Substitutes as different as those under \"Limits\" would have been noticed with the stated "
              "power."};
    case Verdict::kDiffers:
      return {
          "The recorded answers and the reference do not come from the same model under the same "
          "conditions, as far as these signals can tell.",
          ErrorRate(report)};
    case Verdict::kInconclusive:
      return {"These answers show neither agreement nor a difference that counts.",
              "What would settle it is above and under \"Limits\"."};
    case Verdict::kNotMeasurable:
      return {"Nothing was compared, so nothing was found.",
              "Put the cause right and record again; the reason is above."};
  }
  return {};
}

std::vector<std::string> NoMeanings(const Report& report) {
  switch (report.verdict) {
    case Verdict::kConsistent:
      return {"It is no proof: only the recorded answers to these probes were compared, not other requests.",
              "A small share of substituted answers, or a very close relative of the model, can stay unseen.",
              "The reference itself was taken as right."};
    case Verdict::kDiffers:
      return {"It does not say why. The innocent explanations below lead to the same verdict.",
              "It says nothing about anybody's intentions.",
              "The p-value is not the probability that the model is the claimed one."};
    case Verdict::kInconclusive:
      return {"It is no suspicion against the endpoint.", "It is no sign that all is well either."};
    case Verdict::kNotMeasurable:
      return {"It says nothing about the model behind the endpoint, neither good nor bad."};
  }
  return {};
}

std::vector<std::string> InnocentExplanations() {
  return {
      "A hidden system prompt or another prompt template. Ask the operator what is put before the request.",
      "Other sampling defaults, such as temperature or top-p. Set them in the request and record again.",
      "Another engine, hardware or precision. Enrol several honest servings as variants of the reference.",
      "A newer snapshot under the same name. Compare with the vendor's own endpoint on the same day.",
      "A reference that has aged. Take a fresh one, at the same time as the new recording."};
}

std::string SignalTitle(std::string_view signal) {
  if (signal == "choice") return "Choices";
  if (signal == "logprob") return "Log-probabilities";
  if (signal == "text") return "Texts";
  if (signal == "token_length") return "Output lengths";
  if (signal == "reasoning") return "Reasoning tokens";
  if (signal == "tokenizer") return "Input tokens";
  if (signal == "latency") return "Response times";
  if (signal == "declaration") return "Self-description";
  return std::string(signal);
}

std::string SignalQuestion(std::string_view signal) {
  if (signal == "choice") return "How often is each short answer given when the same question is repeated?";
  if (signal == "logprob") return "How likely does the model say its tokens are?";
  if (signal == "text") return "Wording, beginnings and style of longer answers.";
  if (signal == "token_length") return "How long are the answers to the same prompts?";
  if (signal == "reasoning") return "Does the model reason less than the reference before it answers?";
  if (signal == "tokenizer") return "Are the prompts counted as the same numbers of tokens?";
  if (signal == "latency") return "How fast do answers come? Network and load change this too.";
  if (signal == "declaration") return "What responses say of themselves: names, forms of ids, fields.";
  return "";
}

std::string StatusWords(SignalStatus status) {
  switch (status) {
    case SignalStatus::kConsistent:
      return "consistent";
    case SignalStatus::kDiffers:
      return "differs";
    case SignalStatus::kConfigurationDiffers:
      return "other settings";
    case SignalStatus::kInconclusive:
      return "inconclusive";
    case SignalStatus::kNotMeasurable:
      return "not measurable";
  }
  return "";
}

std::string FindingText(const Report& report, const SignalReport& signal) {
  const SignalEvidence& evidence = signal.evidence;
  switch (signal.status) {
    case SignalStatus::kConsistent:
      return evidence.counted
                 ? "No difference beyond chance or beyond what is granted to " + GrantedTo(report.claim) + "."
                 : "Nothing stands out. This signal is reported only.";
    case SignalStatus::kDiffers:
      if (!evidence.counted)
        return "It differs, but this signal is reported only: it never decides a verdict.";
      if (evidence.gate_opened_by_alternative && evidence.effect &&
          std::abs(*evidence.effect) <= evidence.effect_gate) {
        return "The difference is small, but it points to a stored alternative, which honest drift does not.";
      }
      return "The effect is larger than what is granted to " + GrantedTo(report.claim) + ".";
    case SignalStatus::kConfigurationDiffers:
      return "It differs, and other settings of the same model explain it.";
    case SignalStatus::kInconclusive:
      return InconclusiveFinding(report, signal);
    case SignalStatus::kNotMeasurable:
      return "Not compared: " + (evidence.reason.empty() ? std::string("no data") : evidence.reason) + ".";
  }
  return "";
}

}  // namespace pinchbeck::internal
