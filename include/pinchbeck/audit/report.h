// The outcome of verify and compare.
#ifndef PINCHBECK_AUDIT_REPORT_H_
#define PINCHBECK_AUDIT_REPORT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pinchbeck/audit/report_display.h"
#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/signal/tokenizer.h"

namespace pinchbeck {

enum class Verdict { kConsistent, kDiffers, kInconclusive, kNotMeasurable };
[[nodiscard]] std::string_view VerdictName(Verdict verdict);

enum class SignalStatus { kConsistent, kDiffers, kConfigurationDiffers, kInconclusive, kNotMeasurable };
[[nodiscard]] std::string_view SignalStatusName(SignalStatus status);

struct SignalReport {
  SignalEvidence evidence;
  SignalStatus status = SignalStatus::kNotMeasurable;
  // Holm-adjusted over the counted signals; absent for signals outside the family.
  std::optional<double> adjusted_p_value;
};

// A stored alternative that this sample cannot rule out.
struct NotRuledOut {
  std::string model;
  // Share of simulated audits of that alternative, at this size, that reject beyond the effect gate.
  double power = 0;
};

// What this sample would have found, and how surely.
struct PowerStatement {
  // Label of a stored alternative, or the signal whose documented default effect stands for one.
  std::string against;
  // The default effect with its unit; absent for alternatives.
  std::optional<double> effect;
  std::string effect_unit;
  // Share of simulated audits that find it. Of default effects only the required 0.9 is established, as a
  // lower limit.
  double power = 0;
  std::int64_t n_observed = 0;
};

// Upper 95 % limit of the share of answers that could come from an alternative; 1 where short answers do not
// limit it.
struct LargestShare {
  std::string model;
  double fraction = 1;
};

struct Attribution {
  std::string model;
  // Among the stored models only; absent where they share no scored data with the sample.
  std::optional<double> posterior;
  double p_value = 0;
};

struct Mixture {
  std::string model;
  double fraction = 0, low = 0, high = 1;
};

// Other settings of the same model that were found, and whether they explain what differs.
struct Configuration {
  // "temperature", "other_prompt" or "same_log_probabilities".
  std::string kind;
  // All signals that differ are explained; the verdict is then `inconclusive`.
  bool explains = false;
  // Observed temperature over the reference's, with a 95 % interval, and the p-value of the tempered
  // reference; "temperature" only.
  std::optional<double> temperature_factor, temperature_low, temperature_high, p_value;
  // One sentence: what was found, or why it explains nothing.
  std::string note;
};

struct Report {
  Verdict verdict = Verdict::kNotMeasurable;
  // Why a verdict is inconclusive or not measurable, one word for programs: "configuration",
  // "effect_below_gate", "too_few_observations", "incoherent_log_probabilities",
  // "answers_failed_after_text", "answers_not_in_log", "ranking_only", "nothing_comparable", "other_prompts",
  // "no_usable_observation".
  std::optional<std::string> reason;
  std::string model;
  Claim claim = Claim::kWeights;
  // Smallest Holm-adjusted p-value among the signals that pass the gates, or among all counted ones if none
  // does.
  std::optional<double> p_value;
  double alpha = 0.01;
  std::uint64_t seed = 1;
  std::int64_t permutations = 0;
  // Usable observations of probes that both sides have.
  std::int64_t n_reference = 0;
  std::int64_t n_observed = 0;
  // Requests that failed while recording.
  std::int64_t n_failed = 0;
  // Honest serving whose comparison is shown: the one the observed sample agrees with best.
  std::string variant;
  std::size_t variants = 1;
  std::vector<SignalReport> signals;
  std::optional<Attribution> attribution;
  std::optional<Mixture> mixture;
  // Where the verdict is `differs` and short answers were compared: lower 95 % limit of the share of answers
  // that something else gave, stored or not. The upper limit is 1.
  std::optional<double> other_share_low;
  std::optional<Configuration> configuration;
  std::optional<TokenizerFit> tokenizer;
  std::optional<UsageAgainstText> usage;
  std::vector<PowerStatement> power;
  std::vector<NotRuledOut> not_ruled_out;
  std::vector<LargestShare> largest_shares;
  // Observed answers that would settle an inconclusive verdict, estimated.
  std::optional<std::int64_t> n_observed_needed;
  // What power was judged against: names of alternatives, or the documented default effects.
  std::string power_against;
  std::vector<std::string> condition_differences;
  std::vector<std::string> warnings;
  // For plots only: what the compared samples look like.
  ReportDisplay display;
};

}  // namespace pinchbeck

#endif  // PINCHBECK_AUDIT_REPORT_H_
