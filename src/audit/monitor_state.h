// The state file of a monitor: one JSON document.
#ifndef PINCHBECK_SRC_AUDIT_MONITOR_STATE_H_
#define PINCHBECK_SRC_AUDIT_MONITOR_STATE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/audit/monitor.h"
#include "src/audit/monitor_stream.h"

namespace pinchbeck::internal {

// The largest file that is read. A state has a few numbers per category of every probe.
inline constexpr std::size_t kMaxMonitorStateBytes = std::size_t{256} << 20;

// What a state belongs to.
struct MonitorBinding {
  std::string model;
  std::string fingerprint_sha256;
  std::string alternatives_sha256;
  std::vector<std::string> signals;
  double tolerance = 0;
  double greedy_tolerance = 0;
  double alpha = 0;
  std::optional<double> mean_run;
  std::uint64_t seed = 0;
};

struct MonitorSnapshot {
  MonitorBinding binding;
  MonitorDecision decision;
  MonitorSource source;
  // By reference (variants, then their pool), then stream.
  std::vector<std::vector<MonitorStreamState>> tracks;
};

[[nodiscard]] std::string SerializeMonitorSnapshot(const MonitorSnapshot& snapshot);
// InvalidArgument names the field.
[[nodiscard]] absl::StatusOr<MonitorSnapshot> ParseMonitorSnapshot(std::string_view json);
// InvalidArgument: `stored` belongs to something else than `expected`; the message says which and what to do.
[[nodiscard]] absl::Status CheckMonitorBinding(const MonitorBinding& expected, const MonitorBinding& stored);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_AUDIT_MONITOR_STATE_H_
