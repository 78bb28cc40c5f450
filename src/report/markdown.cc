#include "pinchbeck/report/markdown.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "src/report/safe_text.h"
#include "src/report/words.h"

namespace pinchbeck {
namespace {

// A code span. Mentions, links and HTML mean nothing in it; the characters that could end it or the table's
// cell are spelled out.
std::string Code(std::string_view text, std::size_t columns = internal::kNameColumns) {
  std::string result = "`";
  for (const char c : internal::Clip(text, columns)) {
    if (c == '`') {
      result += "\\u0060";
    } else if (c == '|') {
      result += "\\u007c";
    } else {
      result += c;
    }
  }
  // A span of spaces only, or of nothing, would not be one.
  if (result.find_first_not_of("` ") == std::string::npos) return "`\"" + result.substr(1) + "\"`";
  return result + "`";
}

// A sentence with its punctuation escaped. Mentions, issue numbers and addresses become links on some sites
// even so: such a sentence stands in a code span.
std::string Sentence(std::string_view text) {
  const std::string visible = internal::Clip(text, internal::kSentenceColumns);
  if (visible.find_first_of("@#") != std::string::npos || visible.find("://") != std::string::npos ||
      visible.find("www.") != std::string::npos) {
    return Code(text, internal::kSentenceColumns);
  }
  std::string result;
  // Digits and a dot at the beginning would make a numbered list, signs there a bulleted one or a heading.
  const std::size_t digits = std::min(visible.find_first_not_of("0123456789"), visible.size());
  for (std::size_t i = 0; i < visible.size(); ++i) {
    const char c = visible[i];
    const bool opens = (i == 0 && std::string_view("-+=").find(c) != std::string_view::npos) ||
                       (i > 0 && i == digits && c == '.');
    if (opens || std::string_view("\\`*_[]<>|~&$").find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

std::string SignalRows(const Report& report) {
  std::string text =
      "| signal | status | p-value | effect | granted up to | answers |\n|---|---|---|---|---|---|\n";
  for (const SignalReport& signal : report.signals) {
    const SignalEvidence& evidence = signal.evidence;
    const bool measured = signal.status != SignalStatus::kNotMeasurable;
    const auto p = signal.adjusted_p_value ? signal.adjusted_p_value : evidence.p_value;
    text +=
        "| " + Sentence(internal::SignalTitle(evidence.signal)) + (evidence.counted ? "" : " (not counted)") +
        " | " + internal::ShownWords(report, signal) + " | " +
        (measured && p ? internal::PValueText(*p) : "-") + " | " + Sentence(internal::EffectText(evidence)) +
        " | " +
        (measured && evidence.counted && evidence.effect ? internal::NumberText(evidence.effect_gate) : "-") +
        " | " +
        (measured
             ? internal::CountText(evidence.n_observed) + " / " + internal::CountText(evidence.n_reference)
             : Sentence(evidence.reason)) +
        " |\n";
  }
  return text;
}

std::string Items(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += "- " + Sentence(item) + "\n";
  return text;
}

std::string Inputs(const ReportRun& run) {
  std::string text;
  for (const ReportInput& input : run.inputs) {
    text += "- " + Sentence(input.role) + " " + Code(input.path) +
            (input.sha256 ? ", SHA-256 " + Code(*input.sha256)
                          : std::string(", no SHA-256: not kept in a file, or changed since")) +
            "\n";
  }
  return text;
}

// The command in an indented block, whose text means nothing else. One line a line of the command.
std::string Command(const std::string& command) {
  std::string text;
  for (std::size_t begin = 0; begin < command.size();) {
    const std::size_t end = std::min(command.find('\n', begin), command.size());
    text += "    " + internal::Visible(std::string_view(command).substr(begin, end - begin)) + "\n";
    begin = end + 1;
  }
  return text;
}

}  // namespace

std::string ReportToMarkdown(const Report& report, const ReportRun& run) {
  std::string text = "## " + internal::HeadlineText(report, Code(report.model)) + "\n\n" +
                     Sentence(internal::SummaryText(report)) + "\n\n";
  text += absl::StrFormat("%s observed answers against %s of the reference",
                          internal::CountText(report.n_observed), internal::CountText(report.n_reference));
  if (report.p_value) {
    text += absl::StrFormat("; p = %s at level %g, seed %d", internal::PValueText(*report.p_value),
                            report.alpha, report.seed);
  }
  text += ".\n\n" + SignalRows(report) + "\n### What this does not mean\n\n" +
          Items(internal::NoMeanings(report));
  if (const auto open = internal::NotRuledOutLines(report); !open.empty())
    text += "\n### Not ruled out\n\n" + Items(open);
  if (report.verdict == Verdict::kDiffers || report.verdict == Verdict::kInconclusive)
    text += "\n### Innocent explanations\n\n" + Items(internal::InnocentExplanations());
  if (!report.warnings.empty()) text += "\n### Warnings\n\n" + Items(report.warnings);
  if (!run.command.empty() || !run.inputs.empty()) {
    text += "\n### Repeat it\n\n";
    if (!run.command.empty()) text += Command(run.command) + "\n";
    if (!run.caveat.empty()) text += Sentence(run.caveat) + "\n\n";
    text += Inputs(run);
  }
  return text;
}

}  // namespace pinchbeck
