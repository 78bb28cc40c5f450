// Do the recording's conditions match the fingerprint's?
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "pinchbeck/fingerprint/fingerprint.h"

namespace pinchbeck {
namespace {

std::string Show(double value) { return absl::StrFormat("%g", value); }
std::string Show(std::int64_t value) { return std::to_string(value); }
std::string Show(const std::string& value) { return value.substr(0, 12); }

template <class T>
void CompareField(const std::string& probe, const char* field, const std::optional<T>& reference,
                  const std::optional<T>& observed, std::vector<std::string>& differences) {
  if (!reference || !observed || *reference == *observed) return;
  differences.push_back("probe \"" + probe + "\": " + field + " is " + Show(*observed) +
                        " in the recording, " + Show(*reference) + " in the fingerprint");
}

}  // namespace

std::vector<std::string> ConditionDifferences(const Fingerprint& fingerprint, const SampleSet& observed) {
  return ConditionDifferences(fingerprint.Pooled(), observed);
}

std::vector<std::string> ConditionDifferences(const SampleSet& reference, const SampleSet& observed) {
  std::vector<std::string> differences;
  for (const auto& [id, probe] : reference.probes) {
    const auto it = observed.probes.find(id);
    if (it == observed.probes.end()) continue;
    const ProbeConditions &a = probe.conditions, &b = it->second.conditions;
    CompareField(id, "prompt_sha256", a.prompt_sha256, b.prompt_sha256, differences);
    CompareField(id, "temperature", a.temperature, b.temperature, differences);
    CompareField(id, "top_p", a.top_p, b.top_p, differences);
    CompareField(id, "top_k", a.top_k, b.top_k, differences);
    CompareField(id, "min_p", a.min_p, b.min_p, differences);
    CompareField(id, "max_tokens", a.max_tokens, b.max_tokens, differences);
  }
  return differences;
}

}  // namespace pinchbeck
