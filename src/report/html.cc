#include "pinchbeck/report/html.h"

#include "absl/strings/str_format.h"
#include "src/report/html_cards.h"
#include "src/report/html_limits.h"
#include "src/report/html_parts.h"
#include "src/report/safe_text.h"
#include "src/report/words.h"

namespace pinchbeck {
namespace {

using internal::CountText;
using internal::Fact;
using internal::Name;
using internal::PValueText;

std::string VerdictWords(Verdict verdict) {
  return verdict == Verdict::kNotMeasurable ? "not measurable" : std::string(VerdictName(verdict));
}

// "2026-11-20" of an RFC 3339 time, "first to last" of two days.
std::string Days(const std::optional<std::string>& first, const std::optional<std::string>& last) {
  if (!first || !last) return "";
  const std::string from = first->substr(0, 10), to = last->substr(0, 10);
  return from == to ? "recorded " + from : "recorded " + from + " to " + to;
}

std::string Facts(const Report& report) {
  std::string html;
  if (report.p_value) {
    html += Fact("p-value", PValueText(*report.p_value),
                 absl::StrFormat("smallest adjusted; level %g", report.alpha));
  }
  const ReportDisplay& display = report.display;
  html += Fact("observed", CountText(report.n_observed) + " answers",
               Days(display.observed_first, display.observed_last));
  html += Fact("reference", CountText(report.n_reference) + " answers",
               Days(display.reference_first, display.reference_last));
  if (report.n_failed > 0)
    html += Fact("failed requests", CountText(report.n_failed), "counted, not compared");
  html += Fact("claim", std::string(ClaimName(report.claim)),
               report.claim == Claim::kWeights ? "any honest serving is granted" : "no change is granted");
  if (report.variants > 1) html += Fact("closest honest serving", report.variant);
  return "<dl class=\"facts\">" + html + "</dl>\n";
}

std::string Top(const Report& report) {
  const std::string css(VerdictName(report.verdict));
  return "<div class=\"top\"><header class=\"verdict " + css + "\">\n" +
         internal::Chip(css, VerdictWords(report.verdict)) +
         internal::Paragraph(internal::QuestionText(report.claim), "eyebrow") + "<h1>" +
         internal::HeadlineText(report, Name(report.model)) + "</h1>\n" +
         internal::Paragraph(internal::SummaryText(report), "lede") + Facts(report) + "</header></div>\n";
}

std::string MeaningPanels(const Report& report) {
  return internal::Section(
      "How to read this verdict",
      "<div class=\"two\">" + internal::Panel("What it means", internal::List(internal::Meanings(report))) +
          internal::Panel("What it does not mean", internal::List(internal::NoMeanings(report))) +
          "</div>\n");
}

std::string Explanations(const Report& report) {
  const bool agrees = report.verdict == Verdict::kConsistent;
  const std::string lead =
      agrees ? "Nothing has to be explained here. These change answers without another model, and may show:"
             : "Each of these changes answers without another model. Rule them out before you conclude "
               "anything:";
  return internal::Section("Innocent explanations",
                           internal::Paragraph(lead) + internal::List(internal::InnocentExplanations()));
}

}  // namespace

std::string ReportToHtml(const Report& report, const ReportRun& run) {
  const std::string body =
      Top(report) + "<main>\n" + MeaningPanels(report) + internal::AttributionSection(report) +
      internal::Section("Signals", internal::SignalTable(report) + internal::SignalCards(report)) +
      internal::ConfigurationSection(report) + Explanations(report) + internal::LimitsSection(report) +
      internal::WarningsSection(report.warnings) +
      internal::Reproduction(run, report.seed, report.permutations, report.alpha) + "</main>\n" +
      internal::Footer();
  return internal::Document(VerdictWords(report.verdict) + ": " + report.model + " - pinchbeck", body);
}

}  // namespace pinchbeck
