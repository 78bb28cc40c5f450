// The C functions for monitors.
#include <memory>
#include <mutex>
#include <utility>

#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/report/monitor_writers.h"
#include "src/c/guard.h"
#include "src/c/handles.h"
#include "src/c/options.h"

namespace pinchbeck::c {

absl::StatusOr<Monitor> MakeMonitor(const Fingerprint& fingerprint,
                                    const pinchbeck_fingerprint* const* alternatives, std::size_t count,
                                    const char* options_json) {
  // A monitor copies what it needs of the fingerprints.
  PINCHBECK_ASSIGN_OR_RETURN(const std::vector<SharedFingerprint> shared, Alternatives(alternatives, count));
  PINCHBECK_ASSIGN_OR_RETURN(MonitorOptions options, ReadMonitorOptions(options_json));
  options.alternatives = Pointers(shared);
  return Monitor::Create(fingerprint, options);
}

}  // namespace pinchbeck::c

using pinchbeck::c::CopyText;
using pinchbeck::c::Guarded;
using pinchbeck::c::NullArgument;

extern "C" {

pinchbeck_code pinchbeck_monitor_new(const pinchbeck_fingerprint* fingerprint,
                                     const pinchbeck_fingerprint* const* alternatives,
                                     size_t alternative_count, const char* options_json,
                                     pinchbeck_monitor** monitor, pinchbeck_error** error) {
  return Guarded(error, [&]() -> absl::Status {
    if (monitor == nullptr) return NullArgument("monitor");
    *monitor = nullptr;
    if (fingerprint == nullptr) return NullArgument("fingerprint");
    PINCHBECK_ASSIGN_OR_RETURN(
        pinchbeck::Monitor made,
        pinchbeck::c::MakeMonitor(*fingerprint->value, alternatives, alternative_count, options_json));
    *monitor = new pinchbeck_monitor(std::move(made));
    return absl::OkStatus();
  });
}

pinchbeck_code pinchbeck_monitor_step(pinchbeck_monitor* monitor, const char* lines, size_t length,
                                      pinchbeck_error** error) {
  return Guarded(error, [&]() -> absl::Status {
    if (monitor == nullptr) return NullArgument("monitor");
    if (lines == nullptr) return NullArgument("lines");
    const std::lock_guard<std::mutex> lock(monitor->mutex);
    return pinchbeck::c::ForEachObservation({lines, length}, [&](const pinchbeck::Observation& observation) {
      return monitor->monitor.Step(observation);
    });
  });
}

pinchbeck_code pinchbeck_monitor_decision(const pinchbeck_monitor* monitor, char** json,
                                          pinchbeck_error** error) {
  return Guarded(error, [&]() -> absl::Status {
    if (json == nullptr) return NullArgument("json");
    *json = nullptr;
    if (monitor == nullptr) return NullArgument("monitor");
    const std::lock_guard<std::mutex> lock(monitor->mutex);
    *json = CopyText(pinchbeck::MonitorToJson(monitor->monitor));
    return absl::OkStatus();
  });
}

pinchbeck_code pinchbeck_monitor_state(const pinchbeck_monitor* monitor, char** json,
                                       pinchbeck_error** error) {
  return Guarded(error, [&]() -> absl::Status {
    if (json == nullptr) return NullArgument("json");
    *json = nullptr;
    if (monitor == nullptr) return NullArgument("monitor");
    const std::lock_guard<std::mutex> lock(monitor->mutex);
    *json = CopyText(monitor->monitor.SerializeState());
    return absl::OkStatus();
  });
}

pinchbeck_code pinchbeck_monitor_restore(pinchbeck_monitor* monitor, const char* json, size_t length,
                                         pinchbeck_error** error) {
  return Guarded(error, [&]() -> absl::Status {
    if (monitor == nullptr) return NullArgument("monitor");
    if (json == nullptr) return NullArgument("json");
    const std::lock_guard<std::mutex> lock(monitor->mutex);
    return monitor->monitor.RestoreState({json, length});
  });
}

void pinchbeck_monitor_free(pinchbeck_monitor* monitor) { delete monitor; }

}  // extern "C"
