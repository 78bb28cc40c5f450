#include "src/report/words.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstddef>

#include "absl/strings/str_format.h"
#include "src/report/safe_text.h"

namespace pinchbeck::internal {
namespace {

constexpr std::size_t kMostNamed = 3, kMostOpen = 20;

// "Choices, texts and output lengths".
std::string Joined(std::vector<std::string> names) {
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

std::string DifferingSignals(const Report& report) {
  std::vector<std::string> names;
  for (const SignalReport& signal : report.signals) {
    if (signal.status == SignalStatus::kDiffers && signal.evidence.counted)
      names.push_back(SignalTitle(signal.evidence.signal));
  }
  return Joined(names);
}

// Of the stored alternatives, or else of the signals with a documented default effect: what would have been
// found.
std::string FoundText(const Report& report) {
  std::vector<std::string> signals;
  std::size_t found = 0;
  for (const PowerStatement& item : report.power) {
    if (item.effect) {
      signals.push_back(SignalTitle(item.against));
    } else {
      ++found;
    }
  }
  const std::size_t alternatives = found + report.not_ruled_out.size();
  if (alternatives > 0) {
    const std::string all = alternatives == 1 ? "the one stored alternative"
                            : found == alternatives
                                ? absl::StrFormat("each of the %d stored alternatives", alternatives)
                                : absl::StrFormat("%d of %d stored alternatives", found, alternatives);
    return (found == 0 ? "too small to find " : "large enough to find ") + all + ", had it answered in full";
  }
  if (signals.empty()) return "";
  std::string names = Joined(signals);
  names[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(names[0])));
  return "large enough to find a substitute that differs as much as is typical in " + names;
}

std::string MissedText(const Report& report) {
  if (report.not_ruled_out.empty()) return "";
  std::string text = " Not ruled out: ";
  const std::size_t named = std::min(kMostNamed, report.not_ruled_out.size());
  for (std::size_t i = 0; i < named; ++i)
    text += (i > 0 ? ", " : "") + Clip(report.not_ruled_out[i].model, kNameColumns);
  if (named < report.not_ruled_out.size())
    text += absl::StrFormat(" and %d more", report.not_ruled_out.size() - named);
  return text + ".";
}

std::string ConsistentSummary(const Report& report) {
  const std::string found = FoundText(report);
  if (found.empty())
    return "No counted signal shows a difference. Which substitutes would have been found is not known.";
  return "No counted signal shows a difference, and the sample was " + found + "." + MissedText(report);
}

// The reason decides what an inconclusive verdict means: "no difference" would be wrong for some.
std::vector<std::string> InconclusiveMeanings(const Report& report) {
  const std::string reason = report.reason.value_or("");
  if (reason == "configuration") {
    return {"The answers differ, and other settings of the same model explain the difference.",
            "Make the settings equal on both sides and record again; that would settle it."};
  }
  if (reason == "configuration_or_alternative") {
    return {"The answers differ. Other settings of the same model explain it, and a stored alternative may.",
            "Make the settings equal on both sides and record again; that would settle it."};
  }
  if (reason == "incoherent_log_probabilities") {
    return {
        "No other counted signal differs, but log-probabilities that contradict themselves are no evidence "
        "of agreement.",
        "More answers, whose other signals suffice alone, would settle it; see \"Limits\"."};
  }
  if (reason == "answers_failed_after_text") {
    return {
        "The answers that were compared show no difference; those that failed after text had come were "
        "compared with nothing.",
        "A recording without such failures would settle it."};
  }
  if (reason == "answers_not_in_log") {
    return {
        "Tools cut answers for their length. What is left differs from what the model gave, whoever served "
        "it.",
        "A log that holds whole answers would settle it."};
  }
  if (reason == "effect_below_gate") {
    return {"There is a difference, but it does not count: it is within what is granted to " +
                GrantedTo(report.claim) + ".",
            "What would have been found is under \"Limits\"."};
  }
  if (reason == "ranking_only") {
    return {"The numbers rank; they do not decide. Signals may deviate because the conditions do.",
            "A recording under the fingerprint's own conditions would settle it."};
  }
  return {"These answers show neither agreement nor a difference that counts.",
          "What would settle it is above and under \"Limits\"."};
}

std::vector<std::string> InconclusiveNoMeanings(const Report& report) {
  const std::string reason = report.reason.value_or(""),
                    no_all_clear = "It is no sign that all is well either.";
  if (reason == "configuration" || reason == "configuration_or_alternative") {
    return {"It does not say that another model answers: the settings alone may be the cause.",
            "It does not say that the settings are the cause: that they explain it is no proof.",
            no_all_clear};
  }
  if (reason == "incoherent_log_probabilities") {
    return {
        "It does not say that another model answers. Ask the operator where the log-probabilities come "
        "from.",
        no_all_clear};
  }
  if (reason == "answers_failed_after_text") {
    return {"It does not say that another model answers: servers and networks break.", no_all_clear};
  }
  return {"It is no suspicion against the endpoint.", no_all_clear};
}

std::string ErrorRate(const Report& report) {
  return absl::StrFormat(
      "An endpoint that serves the reference's model under the same conditions, and within the granted "
      "spread, gets this verdict in at most %g %% of audits.",
      100 * report.alpha);
}

std::string InconclusiveFinding(const Report& report, const SignalReport& signal) {
  const SignalEvidence& evidence = signal.evidence;
  if (!evidence.counted) {
    return evidence.p_value && *evidence.p_value <= report.alpha
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

std::string HeadlineText(const Report& report, const std::string& model) {
  switch (report.verdict) {
    case Verdict::kConsistent:
      return "Consistent with the reference of " + model;
    case Verdict::kDiffers:
      return "Differs from the reference of " + model;
    case Verdict::kInconclusive:
      return "Inconclusive against the reference of " + model;
    case Verdict::kNotMeasurable:
      return "Nothing could be compared with the reference of " + model;
  }
  return "";
}

std::string QuestionText(Claim claim) {
  return claim == Claim::kWeights ? "Are these the claimed weights, under any honest serving?"
                                  : "Has this serving changed since the reference was taken?";
}

std::string GrantedTo(Claim claim) {
  return claim == Claim::kWeights ? "honest servings of one model" : "the reference's own sessions";
}

std::string SummaryText(const Report& report) {
  switch (report.verdict) {
    case Verdict::kConsistent:
      return ConsistentSummary(report);
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
      return {
          absl::StrFormat("No counted signal rejects that both samples come from one model, at the level "
                          "%g for all signals together.",
                          report.alpha),
          report.not_ruled_out.empty()
              ? "Substitutes as different as those under \"Limits\" would have been found with the stated "
                "power."
              : "Only some substitutes would have been found: \"Limits\" says which, with what power, and "
                "which would have been missed."};
    case Verdict::kDiffers:
      return {
          "The recorded answers and the reference do not come from the same model under the same "
          "conditions, as far as these signals can tell.",
          ErrorRate(report)};
    case Verdict::kInconclusive:
      return InconclusiveMeanings(report);
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
      return InconclusiveNoMeanings(report);
    case Verdict::kNotMeasurable:
      return {"It says nothing about the model behind the endpoint, neither good nor bad."};
  }
  return {};
}

std::vector<std::string> NotRuledOutLines(const Report& report) {
  std::vector<std::string> lines;
  for (const NotRuledOut& item : report.not_ruled_out) {
    lines.push_back("Would be missed, found in only " + PercentText(item.power) +
                    " of simulated audits that it answers in full: " + item.model);
  }
  for (const LargestShare& item : report.largest_shares) {
    lines.push_back((item.fraction >= 1
                         ? "Any share of the answers but all of them"
                         : "Up to " + AtMostText(item.fraction) + " of the answers (95 % limit)") +
                    " may come from " + item.model);
  }
  if (lines.size() > kMostOpen) {
    const std::size_t more = lines.size() - kMostOpen;
    lines.resize(kMostOpen);
    lines.push_back(absl::StrFormat("and %d more", more));
  }
  return lines;
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

SignalStatus ShownStatus(const Report& report, const SignalReport& signal) {
  const bool accuses = signal.status == SignalStatus::kDiffers;
  return accuses && report.verdict != Verdict::kDiffers ? SignalStatus::kInconclusive : signal.status;
}

std::string ShownWords(const Report& report, const SignalReport& signal) {
  return ShownStatus(report, signal) == signal.status ? StatusWords(signal.status) : "deviates";
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
      if (report.verdict != Verdict::kDiffers)
        return "It deviates, but this audit gives no verdict on it: see the reason above.";
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
