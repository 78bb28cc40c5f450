#include "pinchbeck/fingerprint/prompt_search.h"

#include <map>
#include <string>
#include <utility>

#include "pinchbeck/fingerprint/library.h"
#include "pinchbeck/internal/digest.h"
#include "src/fingerprint/string_literals.h"

namespace pinchbeck {
namespace {

// The battery's group is a name for selecting probes; the first signal gives it.
std::string GroupOf(const std::vector<std::string>& signals) {
  for (const std::string& signal : signals) {
    if (signal == "choice" || signal == "logprob" || signal == "text" || signal == "tokenizer") return signal;
  }
  return "text";
}

ProbeConditions ConditionsOf(const Fingerprint& fingerprint, const std::string& probe) {
  for (const FingerprintPart& part : fingerprint.parts) {
    const auto it = part.sample.probes.find(probe);
    if (it != part.sample.probes.end()) return it->second.conditions;
  }
  return {};
}

Probe MakeProbe(const Fingerprint& fingerprint, const std::string& id, std::string prompt,
                const PromptSearchOptions& options) {
  const ProbePlan& plan = fingerprint.plan.at(id);
  const ProbeConditions conditions = ConditionsOf(fingerprint, id);
  Probe probe;
  probe.id = id;
  probe.signals = PlannedSignals({{id, plan}});
  probe.group = GroupOf(probe.signals);
  probe.messages.push_back({"user", std::move(prompt)});
  probe.sampling.temperature = conditions.temperature.value_or(1.0);
  probe.sampling.top_p = conditions.top_p;
  probe.sampling.top_k = conditions.top_k;
  probe.sampling.min_p = conditions.min_p;
  probe.sampling.max_tokens = conditions.max_tokens.value_or(options.max_tokens);
  probe.sampling.stream = plan.latency;
  if (plan.logprob) probe.sampling.top_logprobs = 20;
  return probe;
}

std::string WhereToLook(const Provenance& provenance) {
  std::string text = "get ";
  for (const ForeignPrompt& prompt : provenance.prompts) {
    if (!prompt.file) continue;
    text += *prompt.file + " of ";
    break;
  }
  text += provenance.source;
  if (provenance.commit) text += " at " + *provenance.commit;
  if (provenance.url) text += " (" + *provenance.url + ")";
  return text;
}

}  // namespace

absl::StatusOr<PromptSearchResult> FindPrompts(const Fingerprint& fingerprint, std::string_view text,
                                               const PromptSearchOptions& options) {
  if (!fingerprint.provenance || fingerprint.provenance->prompts.empty()) {
    return absl::FailedPreconditionError(
        "the fingerprint of \"" + fingerprint.model +
        "\" names no prompt of another source; its probes come with the battery it was made with");
  }
  const Provenance& provenance = *fingerprint.provenance;
  // Several probes may share a prompt.
  std::map<std::string, std::string> wanted;
  for (const ForeignPrompt& prompt : provenance.prompts) wanted.emplace(prompt.sha256, "");
  std::size_t left = wanted.size();
  const bool searched = internal::ForEachStringCandidate(text, [&](std::string_view candidate) {
    const auto it = wanted.find(internal::Sha256Hex(candidate));
    if (it == wanted.end() || !it->second.empty()) return true;
    it->second = candidate;
    return --left > 0;
  });
  if (!searched) {
    return absl::InvalidArgumentError("too many nested quotes to search; give a file with less in it");
  }
  if (left == wanted.size()) {
    return absl::NotFoundError("no string in it has the SHA-256 of a prompt (" + wanted.begin()->first +
                               (wanted.size() > 1 ? ", ..." : "") + "); " + WhereToLook(provenance));
  }
  PromptSearchResult result;
  result.battery.name = fingerprint.model + ", prompts of " + provenance.source;
  result.battery.version = provenance.commit.value_or("revision unknown");
  for (const ForeignPrompt& prompt : provenance.prompts) {
    const std::string& content = wanted.at(prompt.sha256);
    if (content.empty()) {
      result.missing.push_back(prompt.probe);
      continue;
    }
    if (!ConditionsOf(fingerprint, prompt.probe).temperature) {
      result.unknown_temperature.push_back(prompt.probe);
    }
    result.battery.probes.push_back(MakeProbe(fingerprint, prompt.probe, content, options));
  }
  return result;
}

}  // namespace pinchbeck
