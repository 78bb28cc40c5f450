#include "src/report/html_cards.h"

#include "absl/strings/str_format.h"
#include "src/report/html_parts.h"
#include "src/report/plots.h"
#include "src/report/safe_text.h"
#include "src/report/words.h"

namespace pinchbeck::internal {
namespace {

constexpr std::size_t kMostNotes = 12;

std::string ChipOf(const Report& report, const SignalReport& signal) {
  return Chip(SignalStatusName(ShownStatus(report, signal)), ShownWords(report, signal));
}

std::string ChoicePlots(const ReportDisplay& display) {
  std::string html;
  for (std::size_t i = 0; i < display.choices.size(); ++i)
    html += SharesPlot("choice-" + std::to_string(i), display.choices[i]);
  return html;
}

std::string LogprobPlot(const ReportDisplay& display) {
  std::string caption = "A point a token: its mean on both sides. On the dashed line both are equal.";
  if (display.n_logprobs > static_cast<std::int64_t>(display.logprobs.size())) {
    caption += absl::StrFormat(" Shown: the %d most likely of %s.", display.logprobs.size(),
                               CountText(display.n_logprobs));
  }
  return PointsPlot("logprob-points", {"Log-probabilities of tokens", "nats", caption}, display.logprobs);
}

std::string LatencyPlots(const ReportDisplay& display) {
  return CurvesPlot("latency-first", {"Time to the first token", "seconds"}, display.first_token) +
         CurvesPlot("latency-token", {"Whole time per output token", "seconds"}, display.total_per_token);
}

// What the samples look like in this signal.
std::string SamplePlots(const std::string& signal, const ReportDisplay& display) {
  if (signal == "choice") return ChoicePlots(display);
  if (signal == "logprob") return LogprobPlot(display);
  if (signal == "latency") return LatencyPlots(display);
  if (signal == "token_length") {
    // Without one unit for all probes, tokens and characters would share an axis.
    if (display.length_unit.empty()) return "";
    return CurvesPlot("length", {"Lengths of answers", display.length_unit}, display.length);
  }
  if (signal == "reasoning")
    return CurvesPlot("reasoning", {"Reasoning tokens", "reasoning tokens"}, display.reasoning);
  if (signal == "tokenizer") {
    return PointsPlot("tokens",
                      {"Input tokens of prompts", "tokens",
                       "A point a prompt: its most frequent count. On the dashed line both are equal."},
                      display.input_tokens);
  }
  return "";
}

std::string Numbers(const Report& report, const SignalReport& signal) {
  const SignalEvidence& evidence = signal.evidence;
  std::string html;
  if (signal.adjusted_p_value) {
    html += Fact("p-value", PValueText(*signal.adjusted_p_value), "adjusted for several tests");
  } else if (evidence.p_value) {
    html += Fact("p-value", PValueText(*evidence.p_value), "not counted");
  }
  if (evidence.equality_p_value)
    html += Fact("p-value of equality", PValueText(*evidence.equality_p_value), "without a margin");
  if (evidence.effect) {
    const std::string interval =
        evidence.effect_low && evidence.effect_high
            ? "95 % interval " + NumberText(*evidence.effect_low) + " to " + NumberText(*evidence.effect_high)
            : "";
    html += Fact("effect", NumberText(*evidence.effect) + " " + evidence.effect_unit, interval);
  }
  if (evidence.counted && evidence.effect) {
    html += Fact("granted up to", NumberText(evidence.effect_gate) + " " + evidence.effect_unit,
                 "to " + GrantedTo(report.claim));
  }
  html += Fact("answers", CountText(evidence.n_observed) + " observed",
               "against " + CountText(evidence.n_reference) + " of the reference");
  if (evidence.probes > 0) html += Fact("probes", CountText(evidence.probes));
  return "<dl class=\"numbers\">" + html + "</dl>\n";
}

std::string Notes(const SignalEvidence& evidence) {
  std::vector<std::string> notes = evidence.notes;
  if (notes.size() > kMostNotes) {
    const std::size_t more = notes.size() - kMostNotes;
    notes.resize(kMostNotes);
    notes.push_back(absl::StrFormat("and %d more", more));
  }
  if (!evidence.method.empty()) notes.push_back("Method: " + evidence.method);
  return List(notes, "notes");
}

std::string ChoiceCaption(const ReportDisplay& display) {
  if (display.choices.empty()) return "";
  const auto shown = static_cast<std::int64_t>(display.choices.size());
  if (shown == display.choice_probes) return Paragraph("All probes are shown.", "small soft");
  return Paragraph(
      absl::StrFormat("Shown are the %d of %d probes whose shares differ most, so they look worse than the "
                      "rest; chance alone makes some differ. The test counts all of them.",
                      shown, display.choice_probes),
      "small soft");
}

std::string CardHead(const Report& report, const SignalReport& signal) {
  const std::string& name = signal.evidence.signal;
  return "<article class=\"card " + std::string(SignalStatusName(ShownStatus(report, signal))) +
         "\"><header><h3>" + Escape(SignalTitle(name)) + " <code>" + EscapeClipped(name, kNameColumns) +
         "</code></h3>" + ChipOf(report, signal) + "</header>\n" + Paragraph(SignalQuestion(name), "asks");
}

std::string Card(const Report& report, const SignalReport& signal) {
  const std::string& name = signal.evidence.signal;
  const std::string plots =
      EffectPlot("effect-" + std::to_string(&signal - report.signals.data()), signal.evidence, report.claim) +
      SamplePlots(name, report.display);
  return CardHead(report, signal) + Paragraph(FindingText(report, signal), "finding") +
         Numbers(report, signal) + (plots.empty() ? "" : "<div class=\"plots\">" + plots + "</div>\n") +
         (name == "choice" ? ChoiceCaption(report.display) : "") + Notes(signal.evidence) + "</article>\n";
}

}  // namespace

std::string SignalTable(const Report& report) {
  Table table("P-values of counted signals are adjusted for several tests; the others never decide.",
              {{"signal"}, {"status"}, {"p-value", true}, {"effect", true}, {"answers", true}});
  for (const SignalReport& signal : report.signals) {
    const SignalEvidence& evidence = signal.evidence;
    const auto p = signal.adjusted_p_value ? signal.adjusted_p_value : evidence.p_value;
    const bool measured = signal.status != SignalStatus::kNotMeasurable;
    table.Row({Escape(SignalTitle(evidence.signal)) +
                   (evidence.counted ? "" : " <span class=\"small soft\">not counted</span>"),
               ChipOf(report, signal), measured && p ? PValueText(*p) : "-", Escape(EffectText(evidence)),
               measured ? CountText(evidence.n_observed) + " / " + CountText(evidence.n_reference) : "-"});
  }
  return table.Html();
}

std::string SignalCards(const Report& report) {
  std::string cards, quiet;
  for (const SignalReport& signal : report.signals) {
    if (signal.status == SignalStatus::kNotMeasurable) {
      quiet +=
          CardHead(report, signal) + Paragraph(FindingText(report, signal), "finding small") + "</article>\n";
    } else {
      cards += Card(report, signal);
    }
  }
  return cards + (quiet.empty() ? "" : "<div class=\"quiet\">" + quiet + "</div>\n");
}

}  // namespace pinchbeck::internal
