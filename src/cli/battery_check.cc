#include "src/cli/battery_check.h"

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "pinchbeck/core/plain_prompt.h"
#include "pinchbeck/internal/status_macros.h"

namespace pinchbeck::cli {
namespace {

std::map<std::string, const Probe*> ProbesOf(const Battery& battery) {
  std::map<std::string, const Probe*> probes;
  for (const Probe& probe : battery.probes) probes[probe.id] = &probe;
  return probes;
}

}  // namespace

absl::Status CheckPrompts(const Fingerprint& fingerprint, const Battery& battery) {
  const std::map<std::string, const Probe*> probes = ProbesOf(battery);
  for (const FingerprintPart& part : fingerprint.parts) {
    for (const auto& [id, sample] : part.sample.probes) {
      const auto found = probes.find(id);
      if (found == probes.end() || !sample.conditions.prompt_sha256.has_value()) continue;
      if (IsPromptOf(*found->second, *sample.conditions.prompt_sha256)) continue;
      return absl::FailedPreconditionError(absl::StrCat(
          "probe '", id, "': battery '", battery.name,
          "' has another prompt than the one of the enrolment; use the same --battery or --battery-key-env"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckMadeWith(const Fingerprint& fingerprint, const Battery& battery) {
  const std::map<std::string, const Probe*> probes = ProbesOf(battery);
  for (const auto& entry : fingerprint.plan) {
    if (probes.count(entry.first) > 0) continue;
    return absl::FailedPreconditionError(absl::StrCat("probe '", entry.first,
                                                      "' of the recording is not in battery '", battery.name,
                                                      "'; leave out --battery and --battery-key-env, or give "
                                                      "the ones it was collected with"));
  }
  return CheckPrompts(fingerprint, battery);
}

}  // namespace pinchbeck::cli
