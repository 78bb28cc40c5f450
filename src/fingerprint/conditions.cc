// Do the recording's conditions match the fingerprint's?
#include <string>
#include <utility>
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
                  const std::optional<T>& observed, std::vector<std::string>& differences,
                  const char* meaning = "") {
  if (!reference || !observed || *reference == *observed) return;
  differences.push_back("probe \"" + probe + "\": " + field + " is " + Show(*observed) +
                        " in the recording, " + Show(*reference) + " in the fingerprint" + meaning);
}

}  // namespace

std::vector<std::string> ConditionDifferences(const std::string& probe, const ProbeConditions& reference,
                                              const ProbeConditions& observed) {
  std::vector<std::string> differences;
  CompareField(probe, "prompt_sha256", reference.prompt_sha256, observed.prompt_sha256, differences,
               " (other words or roles, or plain text on one side and a chat on the other)");
  CompareField(probe, "temperature", reference.temperature, observed.temperature, differences);
  CompareField(probe, "top_p", reference.top_p, observed.top_p, differences);
  CompareField(probe, "top_k", reference.top_k, observed.top_k, differences);
  CompareField(probe, "min_p", reference.min_p, observed.min_p, differences);
  CompareField(probe, "max_tokens", reference.max_tokens, observed.max_tokens, differences);
  return differences;
}

std::vector<std::string> ConditionDifferences(const Fingerprint& fingerprint, const SampleSet& observed) {
  return ConditionDifferences(fingerprint.Pooled(), observed);
}

std::vector<std::string> ConditionDifferences(const SampleSet& reference, const SampleSet& observed) {
  std::vector<std::string> differences;
  for (const auto& [id, probe] : reference.probes) {
    const auto it = observed.probes.find(id);
    if (it == observed.probes.end()) continue;
    for (std::string& line : ConditionDifferences(id, probe.conditions, it->second.conditions)) {
      differences.push_back(std::move(line));
    }
  }
  return differences;
}

}  // namespace pinchbeck
