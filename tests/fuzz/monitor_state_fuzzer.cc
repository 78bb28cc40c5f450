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

// One monitor for all inputs, because its design takes far longer than an input; `fresh` takes it back to its
// beginning.
struct Bench {
  absl::StatusOr<Monitor> monitor = absl::UnknownError("not made");
  std::string fresh;
  internal::MonitorBinding binding;
};

Bench* MakeBench() {
  auto* const bench = new Bench();
  const absl::StatusOr<Fingerprint> fingerprint = MakeFingerprint();
  if (!fingerprint.ok()) return bench;
  bench->monitor = Monitor::Create(*fingerprint);
  if (!bench->monitor.ok()) return bench;
  bench->fresh = bench->monitor->SerializeState();
  if (const auto snapshot = internal::ParseMonitorSnapshot(bench->fresh); snapshot.ok()) {
    bench->binding = snapshot->binding;
  }
  return bench;
}

// A refused state leaves the monitor as it was, an accepted one can go on and is accepted again.
bool Restore(Bench& bench, std::string_view state) {
  Monitor& monitor = *bench.monitor;
  PINCHBECK_FUZZ_CHECK(monitor.RestoreState(bench.fresh).ok(), "the monitor's own state is refused");
  if (!monitor.RestoreState(state).ok()) {
    PINCHBECK_FUZZ_CHECK(monitor.SerializeState() == bench.fresh, "a refused state changes the monitor");
    return false;
  }
  for (int i = 0; i < 6; ++i) PINCHBECK_FUZZ_CHECK(monitor.Step(Answer(i)).ok(), "the monitor cannot go on");
  const MonitorDecision decision = monitor.decision();
  PINCHBECK_FUZZ_CHECK(
      !std::isnan(decision.log10_e_value) && !std::isnan(decision.log10_e_detector.value_or(0.0)),
      "an e-value is no number");
  const std::string after = monitor.SerializeState();
  PINCHBECK_FUZZ_CHECK(monitor.RestoreState(after).ok(), "its own state is refused: " + after);
  PINCHBECK_FUZZ_CHECK(monitor.SerializeState() == after, "the state changes when it is read");
  return true;
}

bool Run(std::string_view input) {
  static Bench* const kBench = MakeBench();
  PINCHBECK_FUZZ_CHECK(kBench->monitor.ok(), kBench->monitor.status().ToString());
  if (!kBench->monitor.ok()) return false;
  (void)Restore(*kBench, input);
  absl::StatusOr<internal::MonitorSnapshot> snapshot = internal::ParseMonitorSnapshot(input);
  if (!snapshot.ok()) return false;
  const std::string text = internal::SerializeMonitorSnapshot(*snapshot);
  const absl::StatusOr<internal::MonitorSnapshot> again = internal::ParseMonitorSnapshot(text);
  PINCHBECK_FUZZ_CHECK(again.ok(), "what was written cannot be read: " + again.status().ToString());
  if (again.ok()) {
    PINCHBECK_FUZZ_CHECK(internal::SerializeMonitorSnapshot(*again) == text, "the state changes");
  }
  // Nearly every input belongs to another fingerprint by its digest; its numbers are tried all the same.
  snapshot->binding = kBench->binding;
  return Restore(*kBench, internal::SerializeMonitorSnapshot(*snapshot));
}

PINCHBECK_FUZZ_TARGET(monitor_state, Run);

}  // namespace
}  // namespace pinchbeck::fuzz
