// Input-token counts: a match table after one constant, not a p-value. Reported with the configuration
// findings.
#include <map>
#include <string>

#include "pinchbeck/signal/evidence.h"

namespace pinchbeck {
namespace {

std::int64_t MostFrequent(const std::map<std::int64_t, std::int64_t>& counts) {
  auto best = counts.begin();
  for (auto it = counts.begin(); it != counts.end(); ++it) {
    if (it->second > best->second) best = it;
  }
  return best->first;
}

}  // namespace

SignalEvidence EvaluateTokenizer(const SampleSet& reference, const SampleSet& observed,
                                 const SignalOptions&) {
  SignalEvidence evidence;
  evidence.signal = "tokenizer";
  evidence.counted = false;
  evidence.effect_unit = "tokens";
  std::map<std::int64_t, std::int64_t> shifts;
  std::int64_t unstable = 0;
  for (const auto& [id, probe] : reference.probes) {
    const auto it = observed.probes.find(id);
    if (probe.input_tokens.empty() || it == observed.probes.end() || it->second.input_tokens.empty())
      continue;
    ++shifts[MostFrequent(it->second.input_tokens) - MostFrequent(probe.input_tokens)];
    unstable += it->second.input_tokens.size() > 1 && probe.input_tokens.size() == 1;
    ++evidence.probes;
    for (const auto& [tokens, count] : probe.input_tokens) evidence.n_reference += count;
    for (const auto& [tokens, count] : it->second.input_tokens) evidence.n_observed += count;
  }
  if (evidence.probes == 0) {
    evidence.reason = "no probe with input-token counts on both sides";
    return evidence;
  }
  evidence.measurable = true;
  evidence.method = "input-token counts after one constant shift";
  const std::int64_t shift = MostFrequent(shifts);
  const std::int64_t matching = shifts[shift];
  evidence.effect = static_cast<double>(shift);
  evidence.statistic = static_cast<double>(matching) / static_cast<double>(evidence.probes);
  evidence.notes.push_back(std::to_string(matching) + " of " + std::to_string(evidence.probes) +
                           " probes match after a constant shift of " + std::to_string(shift) + " tokens");
  if (shift != 0 && matching * 10 >= evidence.probes * 9) {
    evidence.notes.emplace_back("a constant shift means another prompt template or a hidden system prompt");
  }
  if (unstable > 0) {
    evidence.notes.push_back(std::to_string(unstable) +
                             " probes were counted in several ways: more than one backend may answer");
  }
  return evidence;
}

}  // namespace pinchbeck
