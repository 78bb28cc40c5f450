// Battery files: what is accepted is written and read back as the same probes.
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "pinchbeck/core/battery.h"
#include "tests/fuzz/fuzz_target.h"

namespace pinchbeck::fuzz {
namespace {

bool Run(std::string_view input) {
  const absl::StatusOr<Battery> battery = ParseBattery(input);
  if (!battery.ok()) {
    PINCHBECK_FUZZ_CHECK(!battery.status().message().empty(), "an error without a message");
    return false;
  }
  PINCHBECK_FUZZ_CHECK(!battery->probes.empty(), "a battery without probes");
  const std::string text = SerializeBattery(*battery);
  const absl::StatusOr<Battery> again = ParseBattery(text);
  PINCHBECK_FUZZ_CHECK(again.ok(), "what was written cannot be read: " + again.status().ToString());
  if (!again.ok()) return false;
  PINCHBECK_FUZZ_CHECK(again->Sha256() == battery->Sha256(), "the battery changes when it is written");
  PINCHBECK_FUZZ_CHECK(SerializeBattery(*again) == text, "the text changes when it is read");
  return true;
}

PINCHBECK_FUZZ_TARGET(battery, Run);

}  // namespace
}  // namespace pinchbeck::fuzz
