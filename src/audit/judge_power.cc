#include "src/audit/judge_power.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "src/audit/coherence.h"
#include "src/audit/power.h"

namespace pinchbeck::internal {
namespace {

bool Powered(const SignalEvidence& evidence) {
  return evidence.detectable_effect && *evidence.detectable_effect <= evidence.default_effect;
}

// Observed answers after which some signal could find its default effect; more answers do not help a test
// over probes.
std::optional<std::int64_t> AnswersForDefaults(const Report& report) {
  std::optional<double> factor;
  for (const SignalReport& signal : report.signals) {
    const SignalEvidence& evidence = signal.evidence;
    if (!evidence.measurable || !evidence.counted || !evidence.size_factor) continue;
    factor = std::min(factor.value_or(*evidence.size_factor), *evidence.size_factor);
  }
  if (!factor) return std::nullopt;
  return static_cast<std::int64_t>(
      std::ceil(std::max(1.0, *factor) * static_cast<double>(report.n_observed)));
}

// Whether some counted signal would have found its default effect; states each that would.
bool PowerAgainstDefaults(Report& report) {
  report.power_against = "the default effect of each signal";
  for (const SignalReport& signal : report.signals) {
    const SignalEvidence& evidence = signal.evidence;
    if (!evidence.measurable || !evidence.counted || evidence.incoherent || !Powered(evidence)) continue;
    report.power.push_back({evidence.signal, evidence.default_effect, evidence.effect_unit, kRequiredPower,
                            evidence.n_observed});
  }
  return !report.power.empty();
}

// Whether some alternative would have been found; lists those that would not.
bool PowerAgainstAlternatives(const DecisionInput& input, const std::vector<Candidate>& references,
                              const std::vector<Candidate>& alternatives, const VerifyOptions& options,
                              Report& report) {
  report.power_against = "stored alternatives";
  for (const Candidate& alternative : alternatives) {
    const double power = PowerAgainst(alternative.sample, input, Samples(references), options, 1);
    if (power < kRequiredPower) {
      report.not_ruled_out.push_back({alternative.model, power});
    } else {
      report.power.push_back({alternative.model, std::nullopt, "", power, report.n_observed});
    }
  }
  return !report.power.empty();
}

std::optional<std::int64_t> AnswersForAlternatives(const DecisionInput& input,
                                                   const std::vector<Candidate>& references,
                                                   const std::vector<Candidate>& alternatives,
                                                   const VerifyOptions& options, const Report& report) {
  std::optional<double> factor;
  for (const Candidate& alternative : alternatives) {
    const auto settles = FactorToSettle(alternative.sample, input, Samples(references), options);
    if (settles) factor = std::min(factor.value_or(*settles), *settles);
  }
  if (!factor) return std::nullopt;
  return static_cast<std::int64_t>(std::ceil(*factor * static_cast<double>(report.n_observed)));
}

}  // namespace

void MarkPowerless(std::vector<SignalReport>& signals) {
  for (SignalReport& signal : signals) {
    if (signal.status != SignalStatus::kConsistent || !signal.evidence.counted || Powered(signal.evidence))
      continue;
    signal.status = SignalStatus::kInconclusive;
    signal.evidence.notes.emplace_back("too few answers for this signal to notice a typical substitute");
  }
}

void JudgePower(const DecisionInput& input, const std::vector<Candidate>& references,
                const std::vector<Candidate>& alternatives, const VerifyOptions& options, Report& report) {
  const bool powered = alternatives.empty()
                           ? PowerAgainstDefaults(report)
                           : PowerAgainstAlternatives(input, references, alternatives, options, report);
  if (powered) {
    report.verdict = Verdict::kConsistent;
    return;
  }
  report.verdict = Verdict::kInconclusive;
  report.reason = AnyIncoherent(report.signals) ? "incoherent_log_probabilities" : "too_few_observations";
  report.n_observed_needed = alternatives.empty()
                                 ? AnswersForDefaults(report)
                                 : AnswersForAlternatives(input, references, alternatives, options, report);
}

}  // namespace pinchbeck::internal
