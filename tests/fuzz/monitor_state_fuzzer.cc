// State files of a monitor: what is accepted is written back unchanged, and a monitor that took one goes on.
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "pinchbeck/audit/monitor.h"
#include "pinchbeck/core/observation.h"
#include "pinchbeck/fingerprint/builder.h"
#include "src/audit/monitor_state.h"
#include "tests/fuzz/fuzz_target.h"

namespace pinchbeck::fuzz {
namespace {

Observation Answer(int i) {
  Observation observation;
  observation.probe = i % 2 == 0 ? "a" : "b";
  observation.signals = {"choice"};
  observation.request.temperature = 1.0;
  observation.request.max_tokens = 4;
  observation.response.text = std::to_string(i * i % 7);
  return observation;
}

absl::StatusOr<Fingerprint> MakeFingerprint() {
  FingerprintBuilder builder(EnrollOptions{.model = "m"});
  for (int i = 0; i < 80; ++i) (void)builder.Add(Answer(i), "default");
  return std::move(builder).Build();
}

// The same in every process, so that the seeds fit it.
absl::StatusOr<Monitor> MakeMonitor() {
  static const auto* const kFingerprint = new absl::StatusOr<Fingerprint>(MakeFingerprint());
  if (!kFingerprint->ok()) return kFingerprint->status();
  return Monitor::Create(**kFingerprint);
}

bool Run(std::string_view input) {
  const absl::StatusOr<internal::MonitorSnapshot> snapshot = internal::ParseMonitorSnapshot(input);
  if (snapshot.ok()) {
    const std::string text = internal::SerializeMonitorSnapshot(*snapshot);
    const absl::StatusOr<internal::MonitorSnapshot> again = internal::ParseMonitorSnapshot(text);
    PINCHBECK_FUZZ_CHECK(again.ok(), "what was written cannot be read: " + again.status().ToString());
    if (again.ok()) {
      PINCHBECK_FUZZ_CHECK(internal::SerializeMonitorSnapshot(*again) == text, "the state changes");
    }
  }
  absl::StatusOr<Monitor> monitor = MakeMonitor();
  PINCHBECK_FUZZ_CHECK(monitor.ok(), monitor.status().ToString());
  if (!monitor.ok()) return false;
  const std::string fresh = monitor->SerializeState();
  if (!monitor->RestoreState(input).ok()) {
    PINCHBECK_FUZZ_CHECK(monitor->SerializeState() == fresh, "a refused state changes the monitor");
    return false;
  }
  for (int i = 0; i < 6; ++i) PINCHBECK_FUZZ_CHECK(monitor->Step(Answer(i)).ok(), "the monitor cannot go on");
  const MonitorDecision decision = monitor->decision();
  PINCHBECK_FUZZ_CHECK(
      !std::isnan(decision.log10_e_value) && !std::isnan(decision.log10_e_detector.value_or(0.0)),
      "an e-value is no number");
  const std::string after = monitor->SerializeState();
  absl::StatusOr<Monitor> other = MakeMonitor();
  PINCHBECK_FUZZ_CHECK(other.ok() && other->RestoreState(after).ok(), "its own state is refused: " + after);
  return true;
}

PINCHBECK_FUZZ_TARGET(monitor_state, Run);

}  // namespace
}  // namespace pinchbeck::fuzz
