#include "src/audit/decision.h"

#include <algorithm>
#include <cmath>

#include "pinchbeck/signal/mixture.h"
#include "pinchbeck/signal/tokenizer.h"
#include "pinchbeck/stats/multiplicity.h"

namespace pinchbeck::internal {
namespace {

// Share of a stored alternative that honest servings may seem to hold (docs/design/0004-effect-gates.md).
constexpr double kShareFloor = 0.2;

using Evaluate = SignalEvidence (*)(const SampleSet&, const SampleSet&, const SignalOptions&);
struct NamedSignal {
  const char* name;
  Evaluate evaluate;
};
constexpr NamedSignal kCounted[] = {{"choice", EvaluateChoice},
                                    {"logprob", EvaluateLogprob},
                                    {"text", EvaluateText},
                                    {"token_length", EvaluateTokenLength},
                                    {"reasoning", EvaluateReasoning}};
constexpr NamedSignal kReported[] = {
    {"tokenizer", EvaluateTokenizer}, {"latency", EvaluateLatency}, {"declaration", EvaluateDeclaration}};

// The spread of latency is that of the effect of its mode.
std::string SpreadName(const NamedSignal& signal, const VerifyOptions& options) {
  std::string name = signal.name;
  if (name == "latency") name += "_" + std::string(LatencyModeName(options.latency));
  return name;
}

SignalOptions OptionsFor(const NamedSignal& signal, const DecisionInput& input, const VerifyOptions& options,
                         std::size_t family) {
  SignalOptions result;
  result.claim = options.claim;
  result.latency = options.latency;
  result.seed = options.seed;
  result.threads = options.threads;
  result.alternatives = input.alternatives;
  result.level = options.alpha / static_cast<double>(std::max<std::size_t>(1, family));
  result.permutations = options.permutations;
  result.against_noise = input.identification;
  result.decision_only = input.counted_only;
  if (input.spread != nullptr) {
    if (const auto it = input.spread->find(SpreadName(signal, options)); it != input.spread->end())
      result.honest_spread = it->second;
  }
  return result;
}

bool CountsLatency(const VerifyOptions& options) {
  return options.latency != LatencyMode::kAdvisory && options.claim == Claim::kServing;
}

SignalReport Report(const NamedSignal& signal, const DecisionInput& input, const VerifyOptions& options,
                    std::size_t family) {
  SignalReport report;
  report.evidence =
      signal.evaluate(*input.reference, *input.observed, OptionsFor(signal, input, options, family));
  if (report.evidence.signal == "latency") report.evidence.counted &= CountsLatency(options);
  if (report.evidence.measurable) report.status = SignalStatus::kConsistent;
  return report;
}

bool HasChoice(const ProbeSample& probe) { return !probe.choices.empty(); }
bool HasLogprob(const ProbeSample& probe) { return !probe.logprobs.empty(); }
bool HasLength(const ProbeSample& probe) { return !probe.lengths.empty(); }
bool HasText(const ProbeSample& probe) { return !probe.texts.empty(); }
bool HasReasoning(const ProbeSample& probe) { return !probe.reasoning.empty(); }
bool HasLatency(const ProbeSample& probe) { return !probe.latencies.empty(); }

SignalStatus TokenizerStatus(const TokenizerFit& fit) {
  switch (fit.reading) {
    case TokenizerReading::kSame:
      // Counts are deterministic: one that deviates or changes is something to look at.
      return fit.matching == fit.probes && fit.unstable == 0 ? SignalStatus::kConsistent
                                                             : SignalStatus::kInconclusive;
    case TokenizerReading::kShifted:
      return SignalStatus::kConfigurationDiffers;
    case TokenizerReading::kScaled:
      // The same model or another one, billed by somebody who multiplies.
      return SignalStatus::kInconclusive;
    case TokenizerReading::kOtherTokenizer:
      return SignalStatus::kDiffers;
  }
  return SignalStatus::kInconclusive;
}

// Signals outside the family never decide, but what they saw must not read as agreement.
SignalStatus ReportedStatus(const SignalEvidence& evidence, const DecisionInput& input, double alpha) {
  if (!evidence.measurable) return SignalStatus::kNotMeasurable;
  if (evidence.signal == "tokenizer") {
    const auto fit = FitTokenizer(*input.reference, *input.observed);
    return fit ? TokenizerStatus(*fit) : SignalStatus::kNotMeasurable;
  }
  const bool mismatch =
      std::any_of(evidence.notes.begin(), evidence.notes.end(),
                  [](const std::string& note) { return note.find(": differs (") != std::string::npos; });
  const bool noticed = mismatch || (evidence.p_value && *evidence.p_value <= alpha);
  return noticed ? SignalStatus::kInconclusive : SignalStatus::kConsistent;
}

// Was any probe asked that the reference has this signal's data for?
template <class Has>
bool InFamily(const SampleSet& reference, const SampleSet& observed, Has has) {
  return std::any_of(reference.probes.begin(), reference.probes.end(), [&](const auto& entry) {
    return has(entry.second) && observed.probes.count(entry.first) > 0;
  });
}

// Honest drift has no reason to point at one particular stored model: a share of it that is surely above the
// floor counts as a difference even where the mixture's divergence is small.
//
// An alternative that is itself no further from the reference than honest servings are, such as the same
// weights in eight bits, lies in the direction of honest drift, so that a share of it proves nothing.
bool OpenedByAlternative(const DecisionInput& input, const VerifyOptions& options) {
  SignalOptions quick;
  quick.claim = options.claim;
  quick.permutations = 99;
  quick.decision_only = true;
  return std::any_of(input.alternatives.begin(), input.alternatives.end(), [&](const SampleSet* alternative) {
    const auto estimate = EstimateChoiceMixture(*input.reference, *input.observed, *alternative);
    if (!estimate || estimate->low <= kShareFloor) return false;
    const SignalEvidence apart = EvaluateChoice(*input.reference, *alternative, quick);
    return apart.effect && *apart.effect > apart.effect_gate;
  });
}

bool PassesGate(SignalEvidence& evidence, const DecisionInput& input, const VerifyOptions& options) {
  if (!evidence.effect) return false;
  if (std::abs(*evidence.effect) > evidence.effect_gate) return true;
  if (input.identification || options.claim == Claim::kServing || evidence.signal != "choice") return false;
  evidence.gate_opened_by_alternative = OpenedByAlternative(input, options);
  return evidence.gate_opened_by_alternative;
}

}  // namespace

std::size_t FamilySize(const SampleSet& reference, const SampleSet& observed, const VerifyOptions& options) {
  return std::size_t{InFamily(reference, observed, HasChoice)} +
         std::size_t{InFamily(reference, observed, HasLogprob)} +
         std::size_t{InFamily(reference, observed, HasLength)} +
         std::size_t{InFamily(reference, observed, HasText)} +
         std::size_t{InFamily(reference, observed, HasReasoning)} +
         std::size_t{CountsLatency(options) && InFamily(reference, observed, HasLatency)};
}

Decision Decide(const DecisionInput& input, const VerifyOptions& options) {
  const std::size_t family = FamilySize(*input.reference, *input.observed, options);
  Decision decision;
  for (const NamedSignal& signal : kCounted)
    decision.signals.push_back(Report(signal, input, options, family));
  if (!input.counted_only) {
    for (const NamedSignal& signal : kReported)
      decision.signals.push_back(Report(signal, input, options, family));
  }
  for (SignalReport& report : decision.signals) {
    if (!report.evidence.counted && report.evidence.measurable) {
      report.status = ReportedStatus(report.evidence, input, options.alpha);
    }
  }
  std::vector<double> p_values;
  std::vector<SignalReport*> members;
  for (SignalReport& report : decision.signals) {
    if (!report.evidence.measurable || !report.evidence.counted || !report.evidence.p_value) continue;
    members.push_back(&report);
    p_values.push_back(*report.evidence.p_value);
  }
  const std::vector<double> adjusted = stats::HolmAdjust(p_values, family);
  std::optional<double> smallest, smallest_passing;
  for (std::size_t i = 0; i < members.size(); ++i) {
    SignalReport& report = *members[i];
    report.adjusted_p_value = adjusted[i];
    smallest = std::min(smallest.value_or(1), adjusted[i]);
    if (adjusted[i] > options.alpha) continue;
    decision.any_rejected = true;
    report.status = SignalStatus::kInconclusive;
    if (!PassesGate(report.evidence, input, options)) continue;
    report.status = SignalStatus::kDiffers;
    decision.any_differs = true;
    smallest_passing = std::min(smallest_passing.value_or(1), adjusted[i]);
  }
  decision.p_value = smallest_passing ? smallest_passing : smallest;
  return decision;
}

bool Detects(const DecisionInput& input, const VerifyOptions& options) {
  const std::size_t family = FamilySize(*input.reference, *input.observed, options);
  for (const NamedSignal& signal : kCounted) {
    SignalReport report = Report(signal, input, options, family);
    if (!report.evidence.measurable || !report.evidence.p_value) continue;
    if (*report.evidence.p_value > options.alpha / static_cast<double>(family)) continue;
    if (PassesGate(report.evidence, input, options)) return true;
  }
  return false;
}

}  // namespace pinchbeck::internal
