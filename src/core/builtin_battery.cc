#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "pinchbeck/core/battery.h"

namespace pinchbeck {
namespace embedded {

// The bytes of builtin_battery.json, compiled in by pinchbeck_embed_file().
extern const std::string_view kBuiltinBattery;

}  // namespace embedded

const Battery& BuiltinBattery() {
  // Never destroyed, so that it outlives every user. The file is part of the library and a test parses it, so
  // the empty battery of a failed parse is never seen.
  static const Battery* const battery = [] {
    absl::StatusOr<Battery> parsed = ParseBattery(embedded::kBuiltinBattery);
    return new Battery(parsed.ok() ? *std::move(parsed) : Battery{});
  }();
  return *battery;
}

}  // namespace pinchbeck
