// What one signal says about a claim.
#ifndef PINCHBECK_SIGNAL_EVIDENCE_H_
#define PINCHBECK_SIGNAL_EVIDENCE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pinchbeck/signal/sample.h"

namespace pinchbeck {

// Which question is asked: are these the claimed weights under any honest serving, or has this serving
// changed?
enum class Claim { kWeights, kServing };
[[nodiscard]] std::string_view ClaimName(Claim claim);

// What latency may say. Advisory: reported only. Shape: counted, from what the network's position does not
// change (gaps between events, time to the first token against input tokens). Strict: counted, all times;
// only where both sides were recorded from one network position, which the caller vouches for.
enum class LatencyMode : std::uint8_t { kAdvisory, kShape, kStrict };
[[nodiscard]] std::string_view LatencyModeName(LatencyMode mode);

struct SignalOptions {
  Claim claim = Claim::kWeights;
  LatencyMode latency = LatencyMode::kAdvisory;
  // Relabelings of the permutation tests.
  std::int64_t permutations = 9999;
  std::uint64_t seed = 1;
  int threads = 1;
  // Level at which detectable effects are stated.
  double level = 0.01;
  // Largest effect that honest servings (or, for the serving claim, the reference's own sessions) showed
  // among themselves, where the fingerprint knows it.
  std::optional<double> honest_spread;
  // Stored samples of known substitutes, for library-aware statistics.
  std::vector<const SampleSet*> alternatives;
  // Also look for answers that are equally likely, whatever the model (choice).
  bool against_noise = false;
  // Also compare the mean log-probability of the sampled tokens of longer answers (logprob).
  bool sampled_tokens = true;
  // Leave out what only a report shows and takes time (intervals, detectable effects); p-values and effects
  // are the same.
  bool decision_only = false;
};

// Numbers of one comparison. Effects are corrected for their null mean, so they are near 0 (possibly below)
// when nothing differs.
struct SignalEvidence {
  std::string signal;
  // False: reported only, outside the family of tests that decide.
  bool counted = true;
  // Nothing to compare: `reason` says what is missing.
  bool measurable = false;
  std::string reason;
  // p-value of the signal's null hypothesis (with its margin, where it has one).
  std::optional<double> p_value;
  // p-value of exact equality, where it differs from `p_value`.
  std::optional<double> equality_p_value;
  std::optional<double> statistic;
  std::optional<double> effect;
  std::optional<double> effect_low;
  std::optional<double> effect_high;
  std::string effect_unit;
  // Effects at or below this are not counted as a difference in weights.
  double effect_gate = 0;
  // Smallest true effect that this comparison would have found with power 0.9 at the level, approximately;
  // absent where no effect would.
  std::optional<double> detectable_effect;
  // Multiple of the observed answers at which the default effect would be found, where it is not already.
  std::optional<double> size_factor = std::nullopt;
  // Effect of a typical substitution, against which power is judged when no alternatives are stored.
  double default_effect = 0;
  // Share of the observed answers that fit one stored alternative better than honest servings explain opens
  // the gate.
  bool gate_opened_by_alternative = false;
  // Index into SignalOptions::alternatives of the stored model that the difference points to.
  std::optional<std::size_t> closest_alternative = std::nullopt;
  // The data contradict themselves (the notes say how): the signal is then no evidence of agreement.
  bool incoherent = false;
  std::int64_t n_reference = 0;
  std::int64_t n_observed = 0;
  std::int64_t probes = 0;
  std::string method;
  std::vector<std::string> notes;
};

// A signal that could not be measured, with the reason.
[[nodiscard]] SignalEvidence NotMeasurable(std::string_view signal, std::string reason);

[[nodiscard]] SignalEvidence EvaluateChoice(const SampleSet& reference, const SampleSet& observed,
                                            const SignalOptions& options);
[[nodiscard]] SignalEvidence EvaluateLogprob(const SampleSet& reference, const SampleSet& observed,
                                             const SignalOptions& options);
[[nodiscard]] SignalEvidence EvaluateTokenLength(const SampleSet& reference, const SampleSet& observed,
                                                 const SignalOptions& options);
// H0: not fewer reasoning tokens than the reference; the p-value is one-sided.
[[nodiscard]] SignalEvidence EvaluateReasoning(const SampleSet& reference, const SampleSet& observed,
                                               const SignalOptions& options);
[[nodiscard]] SignalEvidence EvaluateLatency(const SampleSet& reference, const SampleSet& observed,
                                             const SignalOptions& options);
[[nodiscard]] SignalEvidence EvaluateText(const SampleSet& reference, const SampleSet& observed,
                                          const SignalOptions& options);
[[nodiscard]] SignalEvidence EvaluateTokenizer(const SampleSet& reference, const SampleSet& observed,
                                               const SignalOptions& options);
[[nodiscard]] SignalEvidence EvaluateDeclaration(const SampleSet& reference, const SampleSet& observed,
                                                 const SignalOptions& options);

}  // namespace pinchbeck

#endif  // PINCHBECK_SIGNAL_EVIDENCE_H_
