#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "pinchbeck/report/report_writers.h"
#include "src/report/words.h"

namespace pinchbeck {
namespace {

using internal::PValueText;
using internal::QuestionText;
using internal::ReasonText;

constexpr std::size_t kColumns = 96;

// Words of `text` in lines of at most kColumns, continued under `indent`.
std::string Wrap(const std::string& first, const std::string& indent, const std::string& text) {
  std::string result, line = first;
  std::size_t begin = 0;
  bool empty = true;
  while (begin < text.size()) {
    std::size_t end = text.find(' ', begin);
    if (end == std::string::npos) end = text.size();
    const std::string word = text.substr(begin, end - begin);
    if (!empty && line.size() + 1 + word.size() > kColumns) {
      result += line + "\n";
      line = indent;
      empty = true;
    }
    line += (empty ? "" : " ") + word;
    empty = false;
    begin = end + 1;
  }
  return result + line + "\n";
}

// `parts` with two spaces between them; one that does not fit goes to the next line under `indent`.
std::string JoinParts(const std::string& first, const std::string& indent,
                      const std::vector<std::string>& parts) {
  std::string result, line = first;
  bool empty = true;
  for (const std::string& part : parts) {
    if (!empty && line.size() + 2 + part.size() > kColumns) {
      result += line + "\n";
      line = indent;
      empty = true;
    }
    line += (empty ? "" : "  ") + part;
    empty = false;
  }
  return result + line + "\n";
}

// What sums that cancel leave behind is no effect to show.
double WithoutRounding(double effect) { return std::abs(effect) < 1e-12 ? 0 : effect; }

std::string Headline(const Report& report) {
  // The longest headline leaves this much of a line for the name.
  const std::string model = Printable(report.model, 56);
  switch (report.verdict) {
    case Verdict::kConsistent:
      return "CONSISTENT with the reference of " + model;
    case Verdict::kDiffers:
      return "DIFFERS from the reference of " + model;
    case Verdict::kInconclusive:
      return "INCONCLUSIVE against the reference of " + model;
    case Verdict::kNotMeasurable:
      return "NOT MEASURABLE against the reference of " + model;
  }
  return "";
}

std::string SignalLine(const SignalReport& report) {
  const SignalEvidence& evidence = report.evidence;
  std::string line =
      absl::StrFormat("  %-13s %-15s ", evidence.signal, std::string(SignalStatusName(report.status)));
  if (!evidence.measurable) return Wrap(line, std::string(31, ' '), evidence.reason);
  std::string p = "p -";
  if (report.adjusted_p_value) {
    p = "p " + PValueText(*report.adjusted_p_value);
  } else if (evidence.p_value) {
    p = "p " + PValueText(*evidence.p_value);
  }
  std::vector<std::string> parts = {absl::StrFormat("%-10s", p)};
  if (evidence.effect) {
    std::string effect = absl::StrFormat("effect %.4g", WithoutRounding(*evidence.effect));
    if (evidence.effect_low && evidence.effect_high) {
      effect += absl::StrFormat(" [%.3g, %.3g]", *evidence.effect_low, *evidence.effect_high);
    }
    parts.push_back(effect + " " + evidence.effect_unit);
  }
  parts.push_back(absl::StrFormat("(%d vs %d)", evidence.n_observed, evidence.n_reference));
  if (!evidence.counted) parts.emplace_back("not counted");
  return JoinParts(line, std::string(31, ' '), parts);
}

// "12%" of "12 %".
std::string Tight(std::string percent) {
  percent.erase(std::remove(percent.begin(), percent.end(), ' '), percent.end());
  return percent;
}

std::string Attributed(const Report& report) {
  std::string text;
  if (report.attribution) {
    std::string line = "The answers fit \"" + Printable(report.attribution->model) +
                       "\" (accepted by the same tests, p " + PValueText(report.attribution->p_value);
    if (report.attribution->posterior) {
      line += absl::StrFormat(", posterior %.2f among the stored models", *report.attribution->posterior);
    }
    text += Wrap("  ", "  ", line + ").");
  }
  // A ranking names the nearest model, and says of no share of the answers where it comes from.
  if (report.reason == "ranking_only") return text;
  if (report.mixture) {
    text += Wrap("  ", "  ",
                 absl::StrFormat("Estimated share of answers from \"%s\": %.0f%% (95%% interval %s to %s).",
                                 Printable(report.mixture->model), 100 * report.mixture->fraction,
                                 Tight(internal::AtLeastText(report.mixture->low)),
                                 Tight(internal::AtMostText(report.mixture->high))));
  }
  if (report.other_share_low && *report.other_share_low >= internal::kLeastShownShare) {
    text += Wrap("  ", "  ",
                 "Whatever else answers, it gives at least " +
                     Tight(internal::AtLeastText(*report.other_share_low)) +
                     " of the answers (95% limit), and may give all of them.");
  }
  if (report.verdict == Verdict::kDiffers && report.configuration && !report.configuration->note.empty()) {
    text += Wrap("  ", "  ", "Other settings do not explain all of it: " + report.configuration->note + ".");
  }
  return text;
}

std::string Usage(const UsageAgainstText& usage) {
  return Wrap(
      "  usage         ", std::string(31, ' '),
      absl::StrFormat("%.3g times [%.3g, %.3g] the reference's %s per character of text (%d vs %d answers)",
                      usage.factor, usage.low, usage.high, usage.unit, usage.n_observed, usage.n_reference));
}

// The power statement: with which alternative or effect, at what size.
std::string WouldHaveFound(const Report& report) {
  std::string text;
  for (const PowerStatement& item : report.power) {
    text += Wrap(
        "  - ", "    ",
        item.effect
            ? absl::StrFormat("a substitute that differs by %.3g %s in %s: in at least %.0f%% of "
                              "audits of this size (%d answers)",
                              *item.effect, item.effect_unit, item.against, 100 * item.power, item.n_observed)
            : absl::StrFormat("\"%s\" in full: in %.0f%% of simulated audits of this size (%d "
                              "answers)",
                              Printable(item.against), 100 * item.power, item.n_observed));
  }
  return text;
}

std::string OpenShare(const LargestShare& share) {
  if (share.fraction >= 1) {
    return "any share of the answers coming from \"" + Printable(share.model) +
           "\" but all of them: short answers do not limit it";
  }
  return "up to " + Tight(internal::AtMostText(share.fraction)) + " of the answers coming from \"" +
         Printable(share.model) + "\"";
}

std::string Limits(const Report& report) {
  std::string text;
  for (const SignalReport& signal : report.signals) {
    const SignalEvidence& evidence = signal.evidence;
    if (!evidence.measurable || !evidence.counted || !evidence.detectable_effect) continue;
    text += Wrap("  - ", "    ",
                 absl::StrFormat("%s: effects below about %.2g %s", evidence.signal,
                                 *evidence.detectable_effect, evidence.effect_unit));
    if (report.claim == Claim::kWeights && evidence.effect_gate > *evidence.detectable_effect) {
      text.pop_back();
      text += absl::StrFormat("; up to %.2g counts as honest spread\n", evidence.effect_gate);
    }
  }
  for (const SignalReport& signal : report.signals) {
    if (!signal.evidence.measurable && signal.evidence.counted) {
      text += Wrap("  - ", "    ", signal.evidence.signal + ": anything (" + signal.evidence.reason + ")");
    }
  }
  for (const NotRuledOut& item : report.not_ruled_out) {
    text += Wrap("  - ", "    ",
                 absl::StrFormat("\"%s\" in full: it would be found in %.0f%% of such audits",
                                 Printable(item.model), 100 * item.power));
  }
  for (const LargestShare& item : report.largest_shares) {
    text += Wrap("  - ", "    ", OpenShare(item));
  }
  if (report.claim == Claim::kWeights) {
    text += Wrap("  - ", "    ",
                 "light quantization (8 bit) and anything a relay serves only outside these probes");
  }
  return text;
}

std::string InnocentCauses() {
  return Wrap(
      "  ", "  ",
      "Before drawing conclusions: another prompt template or a hidden system prompt, other sampling "
      "defaults, "
      "another engine or precision, a newer snapshot of the same model, or a reference that has aged can all "
      "change answers. Repeat with a fresh reference taken at the same time.");
}

}  // namespace

std::string Printable(std::string_view text, std::size_t limit) {
  std::size_t end = std::min(limit, text.size());
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  std::string result(text.substr(0, end));
  for (std::size_t i = 0; i < result.size(); ++i) {
    const auto c = static_cast<unsigned char>(result[i]);
    // C1 controls (U+0080 to U+009F) are two bytes in UTF-8: 0xC2 followed by 0x80 to 0x9F.
    const bool c1 = c == 0xC2 && i + 1 < result.size() && static_cast<unsigned char>(result[i + 1]) < 0xA0;
    if (c1) result[i + 1] = '?';
    if (c < 0x20 || c == 0x7F || c1) result[i] = '?';
  }
  return end < text.size() ? result + "..." : result;
}

std::string ReportToText(const Report& report) {
  std::string text = Headline(report) + "\n";
  text += "  " + QuestionText(report.claim) + "\n";
  std::string numbers = absl::StrFormat("%d observed answers against %d of the reference", report.n_observed,
                                        report.n_reference);
  if (report.p_value) {
    numbers += absl::StrFormat("; p = %s at level %g, seed %d", PValueText(*report.p_value), report.alpha,
                               report.seed);
  }
  text += "  " + numbers + "\n";
  if (report.reason) text += Wrap("  ", "  ", ReasonText(report));
  text += Attributed(report);
  text += "\nSignals (p adjusted for several tests)\n";
  for (const SignalReport& signal : report.signals) {
    text += SignalLine(signal);
    for (const std::string& note : signal.evidence.notes) {
      text += Wrap(std::string(31, ' '), std::string(31, ' '), Printable(note, 200));
    }
  }
  if (report.usage) text += Usage(*report.usage);
  for (const std::string& line : report.condition_differences)
    text += Wrap("  ! ", "    ", Printable(line, 400));
  if (!report.power.empty()) text += "\nWhat this sample would have shown\n" + WouldHaveFound(report);
  if (report.verdict != Verdict::kNotMeasurable)
    text += "\nWhat this sample could not have shown\n" + Limits(report);
  if (report.verdict == Verdict::kDiffers || report.verdict == Verdict::kInconclusive) {
    text += "\nInnocent causes\n" + InnocentCauses();
  }
  if (!report.warnings.empty()) text += "\nWarnings\n";
  for (const std::string& warning : report.warnings) text += Wrap("  - ", "    ", Printable(warning, 400));
  return text;
}

}  // namespace pinchbeck
