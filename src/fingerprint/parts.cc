#include "src/fingerprint/parts.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/signal/sample.h"
#include "src/signal/logprob_margin.h"

namespace pinchbeck::internal {
namespace {

// Level of the limit that a new session's times must exceed.
constexpr double kLatencyLimitLevel = 0.01;

// Effects of the modes of latency by name, one for each group left out.
using LatencyEffects = std::map<std::string, std::vector<double>>;

void AddLatencyEffects(const SampleSet& reference, const SampleSet& left_out, SignalOptions options,
                       LatencyEffects& effects) {
  for (const LatencyMode mode : {LatencyMode::kShape, LatencyMode::kStrict}) {
    options.latency = mode;
    const SignalEvidence evidence = EvaluateLatency(reference, left_out, options);
    if (!evidence.measurable || !evidence.effect) continue;
    effects["latency_" + std::string(LatencyModeName(mode))].push_back(std::max(0.0, *evidence.effect));
  }
}

// The largest of S effects is exceeded by an honest session once in S + 1 times; what is stored is a limit
// that another session keeps within. No Cliff's delta is above 1.
void SetLatencySpread(const LatencyEffects& effects, std::map<std::string, double>& spread) {
  for (const auto& [name, of_groups] : effects) {
    const auto limit = SessionLimit(of_groups, kLatencyLimitLevel);
    if (limit) spread[name] = std::min(1.0, *limit);
  }
}

// Largest effect between one group and the rest, per signal: what honest servings (or sessions) differ by.
std::map<std::string, double> LeaveOneOutSpread(const std::vector<SampleSet>& groups, std::uint64_t seed) {
  std::map<std::string, double> spread;
  if (groups.size() < 2) return spread;
  SignalOptions options;
  options.claim = Claim::kServing;
  options.permutations = 199;
  options.seed = seed;
  options.sampled_tokens = false;
  using Evaluate = SignalEvidence (*)(const SampleSet&, const SampleSet&, const SignalOptions&);
  constexpr Evaluate kSignals[] = {EvaluateChoice, EvaluateLogprob, EvaluateTokenLength, EvaluateText,
                                   EvaluateReasoning};
  LatencyEffects latency;
  for (std::size_t left_out = 0; left_out < groups.size(); ++left_out) {
    std::vector<const SampleSet*> rest;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      if (g != left_out) rest.push_back(&groups[g]);
    }
    const SampleSet reference = MergeSamples(rest);
    for (const Evaluate evaluate : kSignals) {
      const SignalEvidence evidence = evaluate(reference, groups[left_out], options);
      if (!evidence.measurable || !evidence.effect) continue;
      double& largest = spread[evidence.signal];
      largest = std::max(largest, std::abs(*evidence.effect));
    }
    AddLatencyEffects(reference, groups[left_out], options, latency);
  }
  SetLatencySpread(latency, spread);
  return spread;
}

std::vector<SampleSet> GroupBy(const std::vector<FingerprintPart>& parts,
                               const std::function<std::string(const FingerprintPart&)>& key) {
  std::map<std::string, std::vector<const SampleSet*>> groups;
  for (const FingerprintPart& part : parts) groups[key(part)].push_back(&part.sample);
  std::vector<SampleSet> merged;
  for (const auto& entry : groups) merged.push_back(MergeSamples(entry.second));
  return merged;
}

template <class T>
bool FieldContradicts(const std::optional<T>& a, const std::optional<T>& b) {
  return a && b && *a != *b;
}

// Fields that one side did not record are not compared.
bool Contradicts(const ProbeConditions& a, const ProbeConditions& b) {
  return FieldContradicts(a.temperature, b.temperature) || FieldContradicts(a.top_p, b.top_p) ||
         FieldContradicts(a.top_k, b.top_k) || FieldContradicts(a.min_p, b.min_p) ||
         FieldContradicts(a.max_tokens, b.max_tokens) || FieldContradicts(a.prompt_sha256, b.prompt_sha256);
}

}  // namespace

absl::Status CheckSameConditions(const std::vector<FingerprintPart>& parts) {
  std::map<std::string, ProbeConditions> seen;
  for (const FingerprintPart& part : parts) {
    for (const auto& [id, probe] : part.sample.probes) {
      const auto [it, added] = seen.emplace(id, probe.conditions);
      if (!added && Contradicts(it->second, probe.conditions)) {
        return absl::InvalidArgumentError("probe \"" + id +
                                          "\" was asked under different conditions in different sessions or "
                                          "recordings; enrol each setting on its own");
      }
    }
  }
  return absl::OkStatus();
}

void MeasureSpreads(std::uint64_t seed, Fingerprint& fingerprint) {
  fingerprint.variant_spread =
      LeaveOneOutSpread(GroupBy(fingerprint.parts, [](const auto& part) { return part.variant; }), seed);
  fingerprint.session_spread =
      LeaveOneOutSpread(GroupBy(fingerprint.parts, [](const auto& part) { return part.session; }), seed);
}

}  // namespace pinchbeck::internal
