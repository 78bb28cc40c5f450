// A battery: a versioned set of probes.
#ifndef PINCHBECK_CORE_BATTERY_H_
#define PINCHBECK_CORE_BATTERY_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "pinchbeck/core/probe.h"

namespace pinchbeck {

inline constexpr std::string_view kBatterySchema = "pinchbeck.battery/1";

struct Battery {
  std::string name;
  std::string version;
  std::vector<Probe> probes;

  // Lower-case hexadecimal SHA-256 over everything that shapes an answer (ids, messages, sampling
  // parameters), in order of id, so that the order of the file does not matter.
  [[nodiscard]] std::string Sha256() const;
};

// The project's own prompts; no external data.
[[nodiscard]] const Battery& BuiltinBattery();

// Parses and validates a battery file (JSON). InvalidArgument names the path of the offending field: unknown
// group or signal, duplicate id, empty messages, parameters out of range.
[[nodiscard]] absl::StatusOr<Battery> ParseBattery(std::string_view json);
[[nodiscard]] absl::StatusOr<Battery> LoadBattery(const std::string& path);
[[nodiscard]] std::string SerializeBattery(const Battery& battery);

// The probes of the named groups, in order. InvalidArgument: an unknown or absent group, with the list of
// known ones.
[[nodiscard]] absl::StatusOr<Battery> SelectGroups(const Battery& battery,
                                                   const std::vector<std::string>& groups);

}  // namespace pinchbeck

#endif  // PINCHBECK_CORE_BATTERY_H_
