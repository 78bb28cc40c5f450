// Verdicts, reasons and signals in plain words, the same in every form of report.
#ifndef PINCHBECK_SRC_REPORT_WORDS_H_
#define PINCHBECK_SRC_REPORT_WORDS_H_

#include <string>
#include <string_view>
#include <vector>

#include "pinchbeck/audit/report.h"

namespace pinchbeck::internal {

// Four decimals, or the power of ten where that would round to zero.
[[nodiscard]] std::string PValueText(double p);
// Three significant digits.
[[nodiscard]] std::string NumberText(double value);
// A share as whole percent; "less than 1 %" and "more than 99 %" where rounding would claim nothing or all.
[[nodiscard]] std::string PercentText(double share);
// A limit as percent with at most one decimal, rounded so that the sentence around it stays true: "at least"
// down, "up to" up.
// A lower limit below kLeastShownShare is "0 %" and says nothing.
inline constexpr double kLeastShownShare = 0.001;
[[nodiscard]] std::string AtLeastText(double share);
[[nodiscard]] std::string AtMostText(double share);
// "effect [low, high] unit"; "-" where there is none.
[[nodiscard]] std::string EffectText(const SignalEvidence& evidence);
// "120,000".
[[nodiscard]] std::string CountText(std::int64_t count);

// The verdict and the model in one line; `model` is the name as the format shows it, escaped already.
[[nodiscard]] std::string HeadlineText(const Report& report, const std::string& model);
// The claim as a question.
[[nodiscard]] std::string QuestionText(Claim claim);
// Why the verdict is inconclusive or not measurable: one or two sentences. Empty without a reason.
[[nodiscard]] std::string ReasonText(const Report& report);
// The sentences under the verdict.
[[nodiscard]] std::string SummaryText(const Report& report);
// What the verdict means, and what it does not.
[[nodiscard]] std::vector<std::string> Meanings(const Report& report);
[[nodiscard]] std::vector<std::string> NoMeanings(const Report& report);
// Stored alternatives that this sample would have missed, and the shares of the others that it leaves open:
// one line each, a bounded number of them. Names are as they came.
[[nodiscard]] std::vector<std::string> NotRuledOutLines(const Report& report);
// What changes answers without another model. Each with what to do about it.
[[nodiscard]] std::vector<std::string> InnocentExplanations();

// "Log-probabilities" for "logprob"; an unknown name stays as it is.
[[nodiscard]] std::string SignalTitle(std::string_view signal);
// What the signal compares, one sentence.
[[nodiscard]] std::string SignalQuestion(std::string_view signal);
// "differs", "other settings", "not measurable" ...
[[nodiscard]] std::string StatusWords(SignalStatus status);
// A signal that differs accuses nobody where the verdict is another one: it "deviates", in the colour of
// `inconclusive`.
[[nodiscard]] SignalStatus ShownStatus(const Report& report, const SignalReport& signal);
[[nodiscard]] std::string ShownWords(const Report& report, const SignalReport& signal);
// What was found in this signal, one or two sentences.
[[nodiscard]] std::string FindingText(const Report& report, const SignalReport& signal);
// Whose differences the gate grants: "honest servings of one model" or "the reference's own sessions".
[[nodiscard]] std::string GrantedTo(Claim claim);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_REPORT_WORDS_H_
