// Where a fingerprint's answers came from, and who must be named for them.
#ifndef PINCHBECK_FINGERPRINT_PROVENANCE_H_
#define PINCHBECK_FINGERPRINT_PROVENANCE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pinchbeck {

struct Fingerprint;

// A prompt that somebody else wrote: referred to by digest, never copied.
struct ForeignPrompt {
  std::string probe;
  // Lower-case hexadecimal SHA-256 of the prompt's UTF-8 bytes, as Probe::PromptSha256() makes it for one
  // user message.
  std::string sha256;
  // Path of the source's file that holds the prompt.
  std::optional<std::string> file = std::nullopt;
  // What the source says of its requests where the recordings do not.
  std::optional<double> temperature = std::nullopt;
  std::optional<std::int64_t> max_tokens = std::nullopt;
};

// What a fingerprint may be used for.
enum class FingerprintUse : std::uint8_t {
  // Verdicts: its answers are independent given the probe, under conditions that can be asked for again.
  kReference,
  // Ranking only: verify() ends in `inconclusive`, because the answers are not what its tests assume.
  kRankingOnly,
};
[[nodiscard]] std::string_view FingerprintUseName(FingerprintUse use);

// Every text has at most kMaxText bytes and no control character; there are at most kMaxPrompts prompts.
struct Provenance {
  static constexpr std::size_t kMaxText = 2000;
  static constexpr std::size_t kMaxPrompts = 10000;

  // Name of the source, e.g. "owner/repository".
  std::string source;
  std::string licence;
  // How the licence asks the source to be named.
  std::string attribution;
  std::optional<std::string> url = std::nullopt;
  // Revision of the source that the answers were taken from.
  std::optional<std::string> commit = std::nullopt;
  // File or folder of the source that holds the answers.
  std::optional<std::string> path = std::nullopt;
  // When the answers were given, where the observations do not say.
  std::optional<std::string> dates = std::nullopt;
  // Conditions in words: sampling, client, what was not recorded.
  std::optional<std::string> conditions = std::nullopt;
  // What was done to the source's data on the way here.
  std::optional<std::string> changes = std::nullopt;
  FingerprintUse use = FingerprintUse::kReference;
  // Why it is for ranking only.
  std::optional<std::string> use_note = std::nullopt;
  // Empty where the probes are those of the fingerprint's own battery.
  std::vector<ForeignPrompt> prompts = {};
};

// Reads a provenance object from a file of its own. InvalidArgument names the file and the field: not JSON,
// missing or empty `source`, `licence` or `attribution`, an unknown field, a text that is too long or holds
// control characters, an ill-formed digest, a probe named twice.
[[nodiscard]] absl::StatusOr<Provenance> LoadProvenance(const std::string& path);

// Attaches the provenance: the prompts' digests and conditions fill what the recordings left open.
// InvalidArgument, and nothing changed: a prompt of a probe that the fingerprint does not hold, or a
// condition that contradicts the recorded one. Prompts of probes that were not enrolled are an error too, so
// that a list cannot silently outlive a probe's new name.
[[nodiscard]] absl::Status AttachProvenance(Provenance provenance, Fingerprint& fingerprint);

}  // namespace pinchbeck

#endif  // PINCHBECK_FINGERPRINT_PROVENANCE_H_
