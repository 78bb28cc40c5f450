// Fingerprint files: what is accepted is written and read back unchanged, and can be used.
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "pinchbeck/fingerprint/fingerprint.h"
#include "tests/fuzz/fuzz_target.h"

namespace pinchbeck::fuzz {
namespace {

bool Run(std::string_view input) {
  const absl::StatusOr<Fingerprint> fingerprint = ParseFingerprint(input);
  if (!fingerprint.ok()) {
    PINCHBECK_FUZZ_CHECK(!fingerprint.status().message().empty(), "an error without a message");
    return false;
  }
  const std::string text = SerializeFingerprint(*fingerprint);
  const absl::StatusOr<Fingerprint> again = ParseFingerprint(text);
  PINCHBECK_FUZZ_CHECK(again.ok(), "what was written cannot be read: " + again.status().ToString());
  if (!again.ok()) return false;
  PINCHBECK_FUZZ_CHECK(SerializeFingerprint(*again) == text, "the fingerprint changes when it is read");
  const SampleSet pooled = fingerprint->Pooled();
  PINCHBECK_FUZZ_CHECK(fingerprint->Variants().size() <= fingerprint->parts.size(), "too many variants");
  PINCHBECK_FUZZ_CHECK(ConditionDifferences(pooled, pooled).empty(), "conditions differ from themselves");
  (void)fingerprint->FirstTime();
  (void)fingerprint->LastTime();
  return true;
}

PINCHBECK_FUZZ_TARGET(fingerprint, Run);

}  // namespace
}  // namespace pinchbeck::fuzz
