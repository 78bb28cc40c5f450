#include "src/report/html_limits.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/strings/str_format.h"
#include "src/report/html_parts.h"
#include "src/report/plots.h"
#include "src/report/safe_text.h"
#include "src/report/words.h"

namespace pinchbeck::internal {
namespace {

std::string Settings(const Report& report) {
  if (!report.configuration && report.claim == Claim::kServing)
    return "Under the claim \"serving\" other settings are a change as well, so none are looked for.";
  if (!report.configuration) {
    return report.verdict == Verdict::kDiffers
               ? "No other settings of the same model were found that explain the difference."
               : "Other settings of the same model are looked for only where a counted signal differs; none "
                 "called for it, or none was found.";
  }
  const Configuration& found = *report.configuration;
  std::string text = found.explains ? "Other settings explain what differs: "
                                    : "Other settings do not explain all that differs: ";
  text += found.note + ".";
  if (found.temperature_factor && found.p_value) {
    text += absl::StrFormat(" The observed temperature is about %.2f times the reference's",
                            *found.temperature_factor);
    if (found.temperature_low && found.temperature_high)
      text +=
          absl::StrFormat(" (95 %% interval %.2f to %.2f)", *found.temperature_low, *found.temperature_high);
    text += "; the reference at that temperature has p " + PValueText(*found.p_value) + ".";
  }
  return text;
}

std::string TokenizerText(const TokenizerFit& fit) {
  const std::string counts =
      absl::StrFormat("%d of %d prompts lie on the fitted line", fit.matching, fit.probes);
  switch (fit.reading) {
    case TokenizerReading::kSame:
      return "Input tokens: counted as in the reference (" + counts + ").";
    case TokenizerReading::kShifted:
      return absl::StrFormat(
          "Input tokens: a constant %+.0f tokens a prompt, as a hidden prompt or another "
          "template makes (%s).",
          fit.intercept, counts);
    case TokenizerReading::kScaled:
      return absl::StrFormat(
          "Input tokens: %.3g times the reference's counts, as inflated or rebated billing "
          "makes (%s).",
          fit.slope, counts);
    case TokenizerReading::kOtherTokenizer:
      return "Input tokens: counted by another tokenizer (" + counts + ").";
  }
  return "";
}

std::string UsageSentence(const UsageAgainstText& usage) {
  return absl::StrFormat("%s per character of text: %s times the reference's (95 %% interval %s to %s).",
                         usage.unit, NumberText(usage.factor), NumberText(usage.low), NumberText(usage.high));
}

// Smallest effects that would have been found, by signal.
std::string DetectableTable(const Report& report) {
  Table table("Smallest effect that a comparison of this size finds nine times in ten",
              {{"signal"}, {"found from", true}, {"granted up to", true}, {"unit"}});
  for (const SignalReport& signal : report.signals) {
    const SignalEvidence& evidence = signal.evidence;
    if (!evidence.counted) continue;
    const std::string title = Escape(SignalTitle(evidence.signal));
    if (!evidence.measurable) {
      table.Row({title, "nothing", "-", "not measured"});
    } else {
      table.Row({title, evidence.detectable_effect ? NumberText(*evidence.detectable_effect) : "no effect",
                 NumberText(evidence.effect_gate), Escape(evidence.effect_unit)});
    }
  }
  return table.Html();
}

std::string PowerTable(const Report& report) {
  Table table("What a sample of this size would have found", {{"substitute"}, {"found in", true}});
  for (const PowerStatement& item : report.power) {
    if (item.effect) {
      table.Row({absl::StrFormat("one that differs by %s %s in %s", NumberText(*item.effect),
                                 Escape(item.effect_unit), Escape(SignalTitle(item.against))),
                 "at least " + AtLeastText(item.power) + " of audits"});
    } else {
      table.Row({Name(item.against) + " in full", PercentText(item.power) + " of simulated audits"});
    }
  }
  for (const NotRuledOut& item : report.not_ruled_out) {
    table.Row({Name(item.model) + " in full",
               "only " + PercentText(item.power) + " of simulated audits: not ruled out"});
  }
  return table.Html();
}

std::string ShareTable(const Report& report) {
  Table table("Largest share of the answers that may come from a stored alternative (95 % limit)",
              {{"alternative"}, {"not ruled out", true}});
  for (const LargestShare& item : report.largest_shares) {
    table.Row({Name(item.model), item.fraction >= 1
                                     ? "any share but all of them; short answers do not limit it"
                                     : "up to " + AtMostText(item.fraction) + ShareBar(item.fraction)});
  }
  return table.Html();
}

std::vector<std::string> NeverSeen(const Report& report) {
  std::vector<std::string> items;
  if (report.n_observed_needed)
    items.push_back("About " + CountText(*report.n_observed_needed) + " observed answers would settle it.");
  if (report.claim == Claim::kWeights)
    items.emplace_back("Light quantization, such as 8-bit weights, moves answers too little to be seen.");
  items.emplace_back("Whatever is served only outside these probes was not compared.");
  items.emplace_back("A signal that the endpoint does not report counts as missing, never as agreement.");
  return items;
}

// Asked for a ranking, and there is one.
bool IsRanked(const Report& report) {
  return report.reason == "ranking_only" && report.attribution.has_value();
}

std::string FittingModel(const Attribution& attribution) {
  std::string html = "<p>The answers fit " + Name(attribution.model) +
                     Escape(", which the same tests accept (p " + PValueText(attribution.p_value));
  if (attribution.posterior) {
    html += Escape("; " + PercentText(*attribution.posterior) +
                   " of the likelihood among the stored models, which is not the chance of being served it");
  }
  return html + ").</p>\n";
}

}  // namespace

std::string ConfigurationSection(const Report& report) {
  std::vector<std::string> items = {Settings(report)};
  if (report.tokenizer) items.push_back(TokenizerText(*report.tokenizer));
  if (report.usage) items.push_back(UsageSentence(*report.usage));
  std::string html = List(items);
  if (report.condition_differences.empty()) {
    // Where nothing was compared, nothing agrees.
    if (report.verdict != Verdict::kNotMeasurable)
      html += Paragraph("Sampling parameters and prompts agree where both sides recorded them.");
  } else {
    html += Paragraph("The conditions differ, so that no verdict is possible:") +
            List({report.condition_differences.begin(),
                  report.condition_differences.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(
                                                             20, report.condition_differences.size()))});
    if (report.condition_differences.size() > 20)
      html += Paragraph(absl::StrFormat("and %d more.", report.condition_differences.size() - 20));
  }
  return Section("Configuration", html);
}

std::string LimitsSection(const Report& report) {
  if (report.verdict == Verdict::kNotMeasurable) return "";
  return Section("Limits at this sample size",
                 PowerTable(report) + ShareTable(report) + DetectableTable(report) + List(NeverSeen(report)));
}

std::string AttributionSection(const Report& report) {
  if (IsRanked(report)) {
    return Section("Nearest stored model",
                   FittingModel(*report.attribution) +
                       Paragraph("This ranks the stored models; without a verdict it does not say that "
                                 "another one than the claimed model answers."));
  }
  // Who answers instead is a question only where something else does.
  if (report.verdict != Verdict::kDiffers) return "";
  std::string html;
  if (report.attribution) html += FittingModel(*report.attribution);
  if (report.mixture) {
    Table table("Estimated share of the answers, if this stored model gave part of them",
                {{"stored model"}, {"share", true}, {"95 % interval", true}});
    table.Row({Name(report.mixture->model),
               PercentText(report.mixture->fraction) + ShareBar(report.mixture->fraction),
               AtLeastText(report.mixture->low) + " to " + AtMostText(report.mixture->high)});
    html += table.Html();
  }
  if (report.other_share_low && *report.other_share_low >= kLeastShownShare) {
    html += Paragraph("Whatever else answers gives at least " + AtLeastText(*report.other_share_low) +
                      " of the answers (95 % limit), and may give all of them.");
  }
  return Section("Stored models that fit", html);
}

}  // namespace pinchbeck::internal
