// What a report shows of the samples themselves, for plots. Never used to decide.
#ifndef PINCHBECK_AUDIT_REPORT_DISPLAY_H_
#define PINCHBECK_AUDIT_REPORT_DISPLAY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pinchbeck/signal/sample.h"

namespace pinchbeck {

// A report stays small whatever the samples' size.
inline constexpr std::size_t kShownChoiceProbes = 3;
inline constexpr std::size_t kShownAnswers = 8;
inline constexpr std::size_t kShownPoints = 240;
// Quantiles at the levels 0, 1/n, ... 1 for this n.
inline constexpr std::size_t kShownQuantiles = 100;

struct AnswerCount {
  std::string answer;
  std::int64_t reference = 0, observed = 0;
};

// Answers to one probe. `shown` holds the most frequent ones of both sides together, the rest is in `other`.
struct ChoiceCounts {
  std::string probe;
  std::vector<AnswerCount> shown;
  AnswerCount other;
  // Distinct answers in `other`.
  std::size_t n_other = 0;
  std::int64_t n_reference = 0, n_observed = 0;
};

// Distribution of a quantity on both sides. Every probe that both sides answered has the same weight on both,
// whatever the number of its answers, so that only the answers and not the mix of probes tell the curves
// apart.
struct QuantityCurves {
  // kShownQuantiles + 1 rising values: the quantiles of the weighted empirical distribution.
  std::vector<double> reference, observed;
  std::int64_t n_reference = 0, n_observed = 0;
  std::int64_t probes = 0;
  [[nodiscard]] bool empty() const { return reference.empty(); }
};

// One token at one position of a probe's answers, or one prompt: the mean value on both sides.
struct PairedPoint {
  std::string probe, label;
  double reference = 0, observed = 0;
};

struct ReportDisplay {
  // The probes whose answers differ most in total variation, largest first. Some do so by chance.
  std::vector<ChoiceCounts> choices;
  std::int64_t choice_probes = 0;
  // Mean log-probabilities in nats, the most likely first, and how many there are with those not shown.
  std::vector<PairedPoint> logprobs;
  std::int64_t n_logprobs = 0;
  // Output lengths and reasoning tokens; an answer that was cut counts with the length it reached.
  QuantityCurves length, reasoning;
  // "output tokens", "stream events" or "characters"; empty where the plan does not say or probes differ.
  std::string length_unit;
  // Seconds.
  QuantityCurves first_token, total_per_token;
  // Input tokens by prompt: the most frequent count.
  std::vector<PairedPoint> input_tokens;
  // RFC 3339 times of the first and last answer, where recorded.
  std::optional<std::string> reference_first, reference_last, observed_first, observed_last;
};

// Bounded pictures of two samples; the times and the unit of lengths are the caller's to set.
// Cost: O(n log n) in the number of answers.
[[nodiscard]] ReportDisplay DisplaySamples(const SampleSet& reference, const SampleSet& observed);

}  // namespace pinchbeck

#endif  // PINCHBECK_AUDIT_REPORT_DISPLAY_H_
