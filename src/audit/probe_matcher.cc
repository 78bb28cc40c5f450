#include "src/audit/probe_matcher.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace pinchbeck::internal {
namespace {

constexpr std::string_view kLogPrefix = "log/";
// Enough that two requests of one application do not meet.
constexpr std::size_t kIdentityDigits = 16;

bool IsLogProbeName(std::string_view name) {
  return name.size() == kLogPrefix.size() + kIdentityDigits && name.starts_with(kLogPrefix) &&
         name.find_first_not_of("0123456789abcdef", kLogPrefix.size()) == std::string_view::npos;
}

ProbeConditions ConditionsOf(const RequestRecord& request) {
  return {.temperature = request.temperature,
          .top_p = request.top_p,
          .top_k = request.top_k,
          .min_p = request.min_p,
          .max_tokens = request.max_tokens,
          .prompt_sha256 = request.prompt_sha256};
}

// The conditions that every part with the probe recorded; absent where one did not, or another one.
std::optional<ProbeConditions> RecordedConditions(const Fingerprint& fingerprint, const std::string& id) {
  std::optional<ProbeConditions> common;
  for (const FingerprintPart& part : fingerprint.parts) {
    const auto found = part.sample.probes.find(id);
    if (found == part.sample.probes.end()) continue;
    const ProbeConditions& conditions = found->second.conditions;
    if (common.has_value() && *common != conditions) return std::nullopt;
    common = conditions;
  }
  if (!common.has_value() || !common->prompt_sha256.has_value()) return std::nullopt;
  if (!common->temperature.has_value() || !common->max_tokens.has_value()) return std::nullopt;
  return common;
}

}  // namespace

std::string LogProbeName(const Exchange& exchange) {
  return std::string(kLogPrefix) + exchange.request_sha256.substr(0, kIdentityDigits);
}

ProbeMatcher::ProbeMatcher(const Fingerprint& fingerprint) {
  for (const auto& entry : fingerprint.plan) Add(fingerprint, entry.first);
  for (auto& entry : by_prompt_) {
    auto& probes = entry.second;
    const auto asked_twice = [&probes](const std::pair<std::string, ProbeConditions>& probe) {
      return std::count_if(probes.begin(), probes.end(),
                           [&](const auto& other) { return other.second == probe.second; }) > 1;
    };
    // Which of them a request repeats nobody can say, and they may differ in what is not recorded.
    std::vector<std::pair<std::string, ProbeConditions>> kept;
    std::copy_if(probes.begin(), probes.end(), std::back_inserter(kept),
                 [&](const auto& probe) { return !asked_twice(probe); });
    ambiguous_ += probes.size() - kept.size();
    probes = std::move(kept);
  }
  const std::string all = " of " + std::to_string(fingerprint.plan.size()) + " probes of the fingerprint ";
  if (unrecorded_ > 0) {
    warnings_.push_back(std::to_string(unrecorded_) + all +
                        "do not record prompt digest, temperature and max_tokens throughout; no request can "
                        "match them");
  }
  if (ambiguous_ > 0) {
    warnings_.push_back(std::to_string(ambiguous_) + all +
                        "ask what another one asks; no request can match them");
  }
}

void ProbeMatcher::Add(const Fingerprint& fingerprint, const std::string& id) {
  if (IsLogProbeName(id)) {
    by_identity_.insert(id);
    // So that its prompt is known, although only the identity counts.
    for (const FingerprintPart& part : fingerprint.parts) {
      const auto found = part.sample.probes.find(id);
      if (found == part.sample.probes.end()) continue;
      const std::optional<std::string>& prompt = found->second.conditions.prompt_sha256;
      if (prompt.has_value()) by_prompt_.try_emplace(*prompt);
    }
    return;
  }
  std::optional<ProbeConditions> conditions = RecordedConditions(fingerprint, id);
  if (!conditions.has_value()) {
    ++unrecorded_;
    return;
  }
  const std::string prompt = *conditions->prompt_sha256;
  by_prompt_[prompt].emplace_back(id, *std::move(conditions));
}

ProbeMatchResult ProbeMatcher::Match(const Exchange& exchange) const {
  // The same seed gives the same answer, and what is not known cannot be equal.
  const bool repeatable = exchange.obstacle != RequestObstacle::kSeed &&
                          exchange.obstacle != RequestObstacle::kUnrecordedParameters;
  if (!repeatable) return {ProbeMatch::kObstacle, nullptr};
  const auto same = by_identity_.find(LogProbeName(exchange));
  if (same != by_identity_.end()) return {ProbeMatch::kProbe, &*same};
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
