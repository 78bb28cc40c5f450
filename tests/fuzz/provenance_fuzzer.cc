// Provenance files: texts that are accepted can be shown, and attaching them keeps a fingerprint readable.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "pinchbeck/fingerprint/fingerprint.h"
#include "pinchbeck/fingerprint/provenance.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/scratch_file.h"

namespace pinchbeck::fuzz {
namespace {

// A fingerprint with the probes that a provenance names.
Fingerprint MakeFingerprint(const Provenance& provenance) {
  Fingerprint fingerprint;
  fingerprint.model = "m";
  FingerprintPart part;
  part.variant = "default";
  fingerprint.plan["p"] = {};
  part.sample.probes["p"] = {};
  for (const ForeignPrompt& prompt : provenance.prompts) {
    fingerprint.plan[prompt.probe] = {};
    part.sample.probes[prompt.probe] = {};
  }
  fingerprint.parts.push_back(std::move(part));
  return fingerprint;
}

bool Run(std::string_view input) {
  static const auto* const kFolder = new ScratchFolder();
  const absl::StatusOr<Provenance> provenance = LoadProvenance(kFolder->Write("provenance.json", input));
  if (!provenance.ok()) {
    PINCHBECK_FUZZ_CHECK(!provenance.status().message().empty(), "an error without a message");
    return false;
  }
  for (const std::string* text : {&provenance->source, &provenance->licence, &provenance->attribution}) {
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    PINCHBECK_FUZZ_CHECK(!text->empty() && text->size() <= Provenance::kMaxText &&
                             std::none_of(text->begin(), text->end(), is_control),
                         "a text that cannot be shown");
  }
  Fingerprint fingerprint = MakeFingerprint(*provenance);
  const absl::Status attached = AttachProvenance(*provenance, fingerprint);
  PINCHBECK_FUZZ_CHECK(attached.ok(), "cannot be attached to its own probes: " + attached.ToString());
  const absl::StatusOr<Fingerprint> again = ParseFingerprint(SerializeFingerprint(fingerprint));
  PINCHBECK_FUZZ_CHECK(again.ok(), "the fingerprint cannot be read again: " + again.status().ToString());
  if (again.ok()) {
    PINCHBECK_FUZZ_CHECK(again->provenance.has_value() && again->provenance->source == provenance->source,
                         "the source changes");
  }
  return true;
}

PINCHBECK_FUZZ_TARGET(provenance, Run);

}  // namespace
}  // namespace pinchbeck::fuzz
