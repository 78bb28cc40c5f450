#include "src/audit/candidates.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "src/signal/variant_mixture.h"

namespace pinchbeck::internal {
namespace {

// A mixture with this much of one serving is taken for that serving, which is tested itself.
constexpr double kNearlyOne = 0.98;

// Tokens, stream events and characters are never compared with each other.
void RemoveOtherLengths(const SignalPlan& own, const SignalPlan& other, SampleSet& sample) {
  for (auto& [probe, data] : sample.probes) {
    const auto mine = own.find(probe), theirs = other.find(probe);
    if (mine == own.end() || theirs == other.end()) continue;
    if (mine->second.length_source != theirs->second.length_source) data.lengths.clear();
  }
}

template <class T>
void FillIn(const T& all, T& own) {
  if (own.empty()) own = all;
}

// What one serving has no data for is taken from all of them: it does not agree where it says nothing.
void Complete(const SampleSet& pooled, SampleSet& serving) {
  serving.sessions = std::max(serving.sessions, pooled.sessions);
  for (const auto& [id, all] : pooled.probes) {
    const auto [it, added] = serving.probes.emplace(id, all);
    if (added) continue;
    ProbeSample& own = it->second;
    if (own.logprobs.empty()) {
      own.tokens = all.tokens;
      own.logprobs = all.logprobs;
    }
    FillIn(all.choices, own.choices);
    FillIn(all.lengths, own.lengths);
    FillIn(all.reasoning, own.reasoning);
    FillIn(all.latencies, own.latencies);
    FillIn(all.texts, own.texts);
    FillIn(all.input_tokens, own.input_tokens);
  }
}

std::optional<Candidate> FittedMixture(const std::vector<Candidate>& variants, const SampleSet& observed,
                                       std::uint64_t seed) {
  const std::vector<const SampleSet*> samples = Samples(variants);
  const auto weights = FitVariantWeights(samples, observed);
  if (!weights || *std::max_element(weights->begin(), weights->end()) > kNearlyOne) return std::nullopt;
  std::string name = "a mixture of variants:";
  for (std::size_t v = 0; v < weights->size(); ++v) {
    const double percent = std::round(100 * (*weights)[v]);
    if (percent < 1) continue;
    name += (name.back() == ':' ? " " : ", ") + std::to_string(static_cast<int>(percent)) + "% " +
            variants[v].model;
  }
  return Candidate{std::move(name), DrawVariantMixture(samples, *weights, seed)};
}

}  // namespace

std::vector<const SampleSet*> Samples(const std::vector<Candidate>& candidates) {
  std::vector<const SampleSet*> samples;
  for (const Candidate& candidate : candidates) samples.push_back(&candidate.sample);
  return samples;
}

std::int64_t UsableShared(const SampleSet& counted, const SampleSet& other) {
  std::int64_t usable = 0;
  for (const auto& [id, probe] : counted.probes) usable += other.probes.count(id) > 0 ? probe.usable : 0;
  return usable;
}

std::vector<Candidate> UsableAlternatives(const Fingerprint& fingerprint, const VerifyOptions& options,
                                          std::vector<std::string>& warnings) {
  std::vector<Candidate> usable;
  const SampleSet reference = fingerprint.Pooled();
  for (const Fingerprint* alternative : options.alternatives) {
    if (alternative->model == fingerprint.model) continue;
    if (!ConditionDifferences(*alternative, reference).empty()) {
      warnings.push_back("alternative \"" + alternative->model +
                         "\" was enrolled under other conditions and was left out");
      continue;
    }
    SampleSet sample = alternative->Pooled();
    RemoveOtherLengths(fingerprint.plan, alternative->plan, sample);
    if (UsableShared(sample, reference) == 0) {
      warnings.push_back("alternative \"" + alternative->model + "\" shares no probe and was left out");
      continue;
    }
    usable.push_back({alternative->model, std::move(sample)});
  }
  return usable;
}

std::vector<Candidate> References(const Fingerprint& fingerprint, const SampleSet& observed,
                                  const VerifyOptions& options) {
  std::vector<Candidate> references;
  if (options.claim == Claim::kWeights) {
    for (auto& [name, sample] : fingerprint.Variants()) references.push_back({name, std::move(sample)});
  }
  if (references.size() == 1) return references;
  const SampleSet pooled = fingerprint.Pooled();
  for (Candidate& reference : references) Complete(pooled, reference.sample);
  std::optional<Candidate> mixture = FittedMixture(references, observed, options.seed);
  references.push_back({"all variants pooled", pooled});
  if (mixture) references.push_back(*std::move(mixture));
  return references;
}

}  // namespace pinchbeck::internal
