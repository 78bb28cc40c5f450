#include "src/audit/probe_matcher.h"

#include <map>
#include <optional>
#include <string>

namespace pinchbeck::internal {
namespace {

template <class Field>
void Fill(const std::optional<Field>& seen, std::optional<Field>& kept) {
  if (!kept.has_value()) kept = seen;
}

// Parts may have recorded more or less of the same conditions.
void MergeConditions(const ProbeConditions& seen, ProbeConditions& kept) {
  Fill(seen.temperature, kept.temperature);
  Fill(seen.top_p, kept.top_p);
  Fill(seen.top_k, kept.top_k);
  Fill(seen.min_p, kept.min_p);
  Fill(seen.max_tokens, kept.max_tokens);
  Fill(seen.prompt_sha256, kept.prompt_sha256);
}

ProbeConditions ConditionsOf(const RequestRecord& request) {
  return {.temperature = request.temperature,
          .top_p = request.top_p,
          .top_k = request.top_k,
          .min_p = request.min_p,
          .max_tokens = request.max_tokens,
          .prompt_sha256 = request.prompt_sha256};
}

}  // namespace

ProbeMatcher::ProbeMatcher(const Fingerprint& fingerprint) {
  std::map<std::string, ProbeConditions> conditions;
  for (const FingerprintPart& part : fingerprint.parts) {
    for (const auto& [id, probe] : part.sample.probes) MergeConditions(probe.conditions, conditions[id]);
  }
  for (const auto& entry : fingerprint.plan) {
    const ProbeConditions& kept = conditions[entry.first];
    if (!kept.prompt_sha256.has_value()) {
      ++unmatchable_;
      continue;
    }
    by_prompt_[*kept.prompt_sha256].emplace_back(entry.first, kept);
    ++matchable_;
  }
}

ProbeMatchResult ProbeMatcher::Match(const Exchange& exchange) const {
  if (exchange.obstacle != RequestObstacle::kNone) return {ProbeMatch::kObstacle, nullptr};
  const RequestRecord& request = exchange.observation.request;
  const auto found = by_prompt_.find(request.prompt_sha256.value_or(std::string()));
  if (found == by_prompt_.end()) return {ProbeMatch::kUnknownPrompt, nullptr};
  const ProbeConditions observed = ConditionsOf(request);
  for (const auto& [id, conditions] : found->second) {
    if (conditions == observed) return {ProbeMatch::kProbe, &id};
  }
  return {ProbeMatch::kOtherSettings, nullptr};
}

}  // namespace pinchbeck::internal
