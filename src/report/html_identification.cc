// Identifications as HTML: the same page with a ranking in place of signals.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "pinchbeck/report/html.h"
#include "src/report/html_parts.h"
#include "src/report/identification_words.h"
#include "src/report/plots.h"
#include "src/report/safe_text.h"
#include "src/report/words.h"

namespace pinchbeck {
namespace {

using internal::CountText;
using internal::Fact;
using internal::Name;

constexpr std::size_t kShownModels = 50;

// The class of the style sheet that fits the verdict.
std::string CssOf(IdentificationVerdict verdict) {
  switch (verdict) {
    case IdentificationVerdict::kKnown:
      return "consistent";
    case IdentificationVerdict::kNoneOfThese:
      return "differs";
    case IdentificationVerdict::kInconclusive:
      return "inconclusive";
    case IdentificationVerdict::kNotMeasurable:
      return "not_measurable";
  }
  return "not_measurable";
}

std::string Words(IdentificationVerdict verdict) {
  std::string words(IdentificationVerdictName(verdict));
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

std::string Headline(const Identification& identification) {
  switch (identification.verdict) {
    case IdentificationVerdict::kKnown:
      return "The answers agree with " + (identification.ranking.empty()
                                              ? std::string("a stored model")
                                              : Name(identification.ranking.front().model));
    case IdentificationVerdict::kNoneOfThese:
      return "None of the stored models gave these answers";
    case IdentificationVerdict::kInconclusive:
      return "Undecided which stored model, if any, gave these answers";
    case IdentificationVerdict::kNotMeasurable:
      return "Nothing could be compared with the stored models";
  }
  return "";
}

// The terminal's line break is a space here.
std::string Sentence(const Identification& identification) {
  std::string text = internal::IdentificationSentence(identification);
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::string Ranking(const Identification& identification) {
  internal::Table table(
      "Stored models, by how well they explain the answers",
      {{"model"}, {"share of the likelihood", true}, {"p-value", true}, {"data shared", true}});
  const std::size_t shown = std::min(kShownModels, identification.ranking.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const RankedModel& model = identification.ranking[i];
    table.Row({Name(model.model),
               internal::PercentText(model.posterior) + internal::ShareBar(model.posterior),
               model.p_value ? internal::PValueText(*model.p_value) : "not tested", CountText(model.cells)});
  }
  std::string html = table.Html();
  if (shown < identification.ranking.size())
    html += internal::Paragraph(absl::StrFormat("and %d more.", identification.ranking.size() - shown));
  if (!identification.not_comparable.empty()) {
    html += internal::Paragraph(
        absl::StrFormat("%d stored models could not be compared: they share no probe with the recording, or "
                        "were enrolled under other conditions.",
                        identification.not_comparable.size()));
  }
  return html;
}

std::vector<std::string> NoMeanings() {
  return {
      "A share of the likelihood compares the stored models with each other. It is not the chance of being "
      "served one of them.",
      "A model that is not stored cannot be named. A close relative of a stored one may be taken for it.",
      "Names that the endpoint gives itself play no part."};
}

}  // namespace

std::string IdentificationToHtml(const Identification& identification, const ReportRun& run) {
  const std::string css = CssOf(identification.verdict), words = Words(identification.verdict);
  std::string facts =
      Fact("observed", CountText(identification.n_observed) + " answers") +
      Fact("stored models", CountText(static_cast<std::int64_t>(identification.ranking.size() +
                                                                identification.not_comparable.size())));
  if (identification.n_failed > 0)
    facts += Fact("failed requests", CountText(identification.n_failed), "counted, not compared");
  facts += Fact("level", internal::NumberText(identification.alpha), "chance to miss a stored model");
  const std::string top =
      "<div class=\"top\"><header class=\"verdict " + css + "\">\n" + internal::Chip(css, words) +
      internal::Paragraph("Which stored model do the answers come from, if any?", "eyebrow") + "<h1>" +
      Headline(identification) + "</h1>\n" + internal::Paragraph(Sentence(identification), "lede") +
      "<dl class=\"facts\">" + facts + "</dl>\n</header></div>\n";
  const std::string body =
      top + "<main>\n" + internal::Section("Stored models", Ranking(identification)) +
      internal::Section("What this does not mean", internal::List(NoMeanings())) +
      internal::WarningsSection(identification.warnings) +
      internal::Reproduction(run, identification.seed, identification.permutations, identification.alpha) +
      "</main>\n" + internal::Footer();
  return internal::Document(words + " - pinchbeck", body);
}

}  // namespace pinchbeck
