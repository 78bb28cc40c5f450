#include "pinchbeck/report/junit.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "src/report/safe_text.h"
#include "src/report/words.h"

namespace pinchbeck {
namespace {

using internal::Escape;
using internal::EscapeClipped;

enum class Outcome { kPassed, kFailed, kError, kSkipped };

struct Case {
  std::string name;
  Outcome outcome = Outcome::kSkipped;
  // One line, and more of it.
  std::string message, detail;
};

Outcome OutcomeOf(const Report& report, const SignalReport& signal) {
  if (signal.status == SignalStatus::kConsistent) return Outcome::kPassed;
  const bool accuses = report.verdict == Verdict::kDiffers && signal.status == SignalStatus::kDiffers;
  return accuses && signal.evidence.counted ? Outcome::kFailed : Outcome::kSkipped;
}

std::string Detail(const Report& report, const SignalReport& signal) {
  const SignalEvidence& evidence = signal.evidence;
  if (!evidence.measurable) return "";
  std::string text = "status: " + internal::ShownWords(report, signal);
  const auto p = signal.adjusted_p_value ? signal.adjusted_p_value : evidence.p_value;
  if (p) text += "\np-value: " + internal::PValueText(*p) + (signal.adjusted_p_value ? " (adjusted)" : "");
  if (evidence.effect) text += "\neffect: " + internal::EffectText(evidence);
  if (evidence.effect && evidence.counted)
    text += "\ngranted up to: " + internal::NumberText(evidence.effect_gate);
  text += absl::StrFormat("\nanswers: %d observed, %d of the reference", evidence.n_observed,
                          evidence.n_reference);
  for (const std::string& note : evidence.notes)
    text += "\nnote: " + internal::Clip(note, internal::kSentenceColumns);
  return text;
}

Case CaseOf(const Report& report, const SignalReport& signal) {
  return {signal.evidence.signal, OutcomeOf(report, signal), internal::FindingText(report, signal),
          Detail(report, signal)};
}

Case VerdictCase(const Report& report) {
  Case result{"verdict", Outcome::kSkipped,
              std::string(VerdictName(report.verdict)) + ": " + internal::SummaryText(report), ""};
  if (report.verdict == Verdict::kConsistent) result.outcome = Outcome::kPassed;
  if (report.verdict == Verdict::kDiffers) result.outcome = Outcome::kFailed;
  if (report.verdict == Verdict::kNotMeasurable) result.outcome = Outcome::kError;
  if (report.p_value)
    result.detail =
        absl::StrFormat("p-value: %s at level %g", internal::PValueText(*report.p_value), report.alpha);
  for (const std::string& line : internal::NotRuledOutLines(report)) {
    result.detail += (result.detail.empty() ? "not ruled out: " : "\nnot ruled out: ") +
                     internal::Clip(line, internal::kSentenceColumns);
  }
  return result;
}

// Lines that this file made stay lines; all that came from outside was made visible before.
std::string EscapeLines(const std::string& text) {
  std::string result;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    result += (begin > 0 ? "\n" : "") + Escape(std::string_view(text).substr(begin, end - begin));
    begin = end + 1;
  }
  return result;
}

std::string ToXml(const Case& item) {
  std::string xml = "    <testcase classname=\"pinchbeck\" name=\"" +
                    EscapeClipped(item.name, internal::kNameColumns) + "\"";
  const std::string message = EscapeClipped(item.message), detail = EscapeLines(item.detail);
  switch (item.outcome) {
    case Outcome::kPassed:
      return xml + (detail.empty() ? "/>\n"
                                   : ">\n      <system-out>" + detail + "</system-out>\n    </testcase>\n");
    case Outcome::kFailed:
      return xml + ">\n      <failure type=\"differs\" message=\"" + message + "\">" + detail +
             "</failure>\n    </testcase>\n";
    case Outcome::kError:
      return xml + ">\n      <error type=\"not_measurable\" message=\"" + message + "\">" + detail +
             "</error>\n    </testcase>\n";
    case Outcome::kSkipped:
      return xml + ">\n      <skipped message=\"" + message + "\"/>\n" +
             (detail.empty() ? "" : "      <system-out>" + detail + "</system-out>\n") + "    </testcase>\n";
  }
  return "";
}

std::string Property(std::string_view name, std::string_view value) {
  return "      <property name=\"" + std::string(name) + "\" value=\"" + Escape(value) + "\"/>\n";
}

std::string Properties(const Report& report, const ReportRun& run) {
  std::string xml =
      Property("verdict", VerdictName(report.verdict)) + Property("reason", report.reason.value_or("")) +
      Property("claim", ClaimName(report.claim)) + Property("alpha", absl::StrFormat("%g", report.alpha)) +
      Property("seed", std::to_string(report.seed)) +
      Property("permutations", std::to_string(report.permutations)) +
      Property("n_observed", std::to_string(report.n_observed)) +
      Property("n_reference", std::to_string(report.n_reference));
  if (!run.command.empty()) xml += Property("command", run.command);
  for (const ReportInput& input : run.inputs) {
    if (input.sha256) xml += Property("sha256 of " + Escape(input.role), *input.sha256 + " " + input.path);
  }
  return "    <properties>\n" + xml + "    </properties>\n";
}

}  // namespace

std::string ReportToJunit(const Report& report, const ReportRun& run) {
  std::vector<Case> cases = {VerdictCase(report)};
  for (const SignalReport& signal : report.signals) cases.push_back(CaseOf(report, signal));
  std::string xml;
  std::size_t failures = 0, errors = 0, skipped = 0;
  for (const Case& item : cases) {
    xml += ToXml(item);
    failures += item.outcome == Outcome::kFailed ? 1 : 0;
    errors += item.outcome == Outcome::kError ? 1 : 0;
    skipped += item.outcome == Outcome::kSkipped ? 1 : 0;
  }
  const std::string counts = absl::StrFormat("tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"%d\"",
                                             cases.size(), failures, errors, skipped);
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"pinchbeck\" " + counts +
         ">\n  <testsuite name=\"" + EscapeClipped(report.model, internal::kNameColumns) + "\" " + counts +
         ">\n" + Properties(report, run) + xml + "  </testsuite>\n</testsuites>\n";
}

}  // namespace pinchbeck
