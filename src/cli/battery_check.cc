#include "src/cli/battery_check.h"

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "pinchbeck/internal/status_macros.h"

namespace pinchbeck::cli {
namespace {

std::map<std::string, std::string> PromptHashes(const Battery& battery) {
  std::map<std::string, std::string> hashes;
  for (const Probe& probe : battery.probes) hashes[probe.id] = probe.PromptSha256();
  return hashes;
}

}  // namespace

absl::Status CheckPrompts(const Fingerprint& fingerprint, const Battery& battery) {
  const std::map<std::string, std::string> hashes = PromptHashes(battery);
  for (const FingerprintPart& part : fingerprint.parts) {
    for (const auto& [id, sample] : part.sample.probes) {
      const auto found = hashes.find(id);
      if (found == hashes.end() || !sample.conditions.prompt_sha256.has_value()) continue;
      if (*sample.conditions.prompt_sha256 == found->second) continue;
      return absl::FailedPreconditionError(absl::StrCat(
          "probe '", id, "': battery '", battery.name,
          "' has another prompt than the one of the enrolment; use the same --battery or --battery-key"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckMadeWith(const Fingerprint& fingerprint, const Battery& battery) {
  const std::map<std::string, std::string> hashes = PromptHashes(battery);
  for (const auto& entry : fingerprint.plan) {
    if (hashes.count(entry.first) > 0) continue;
    return absl::FailedPreconditionError(absl::StrCat("probe '", entry.first,
                                                      "' of the recording is not in battery '", battery.name,
                                                      "'; leave out --battery and --battery-key, or give "
                                                      "the ones it was collected with"));
  }
  return CheckPrompts(fingerprint, battery);
}

}  // namespace pinchbeck::cli
