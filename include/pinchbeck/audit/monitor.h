// Watching an endpoint: a test that may be read after every response.
#ifndef PINCHBECK_AUDIT_MONITOR_H_
#define PINCHBECK_AUDIT_MONITOR_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/core/observation.h"
#include "pinchbeck/fingerprint/fingerprint.h"

namespace pinchbeck {

// Format of the state file; readers accept every file of this major version.
inline constexpr std::string_view kMonitorStateSchema = "pinchbeck.monitor_state/1";

struct MonitorOptions {
  // Chance of ever raising a false alarm by the e-value, the reference's estimation included.
  double alpha = 0.01;
  // Total variation distance from the reference that is declared harmless in every probe. 0 tests for
  // equality; above 0 the likelihood-ratio e-process is used.
  double tolerance = 0;
  // The least tolerance for probes at temperature 0 where the reference shows that the endpoint is not
  // deterministic: there its answers depend on what else the engine is computing, which changes from day to
  // day without a change of the model.
  double greedy_tolerance = 0.05;
  // Seed of the tie-breaking and of the reference's split.
  std::uint64_t seed = 1;
  // Mean number of observations to a false alarm at which the e-detector raises an alarm as well. Absent: it
  // is reported but raises none, so that the chance of ever raising a false alarm stays alpha.
  std::optional<double> mean_run = std::nullopt;
  // Stored models that might be served instead. One with the fingerprint's own label is ignored.
  std::vector<const Fingerprint*> alternatives = {};
  // Out of "choice", "token_length" and "logprob".
  std::vector<std::string> signals = {"choice", "token_length"};
};

// Why an observation was not used.
enum class MonitorSkip : std::uint8_t {
  kRequestFailed,
  kUnknownProbe,
  kNothingMonitored,
  kRepeat,
};
inline constexpr std::size_t kMonitorSkips = 4;
// "request_failed", "unknown_probe", "nothing_monitored", "repeat_at_temperature_0".
[[nodiscard]] std::string_view MonitorSkipName(MonitorSkip skip);

enum class MonitorAlarm : std::uint8_t { kEValue, kEDetector };
// "e_value", "e_detector".
[[nodiscard]] std::string_view MonitorAlarmName(MonitorAlarm alarm);

// What is known after the observations so far.
struct MonitorDecision {
  // Observations given to Step(), used or not.
  std::int64_t observations = 0;
  std::int64_t used = 0;
  std::array<std::int64_t, kMonitorSkips> skipped{};
  double log10_e_value = 0;
  // The largest so far; what several endpoints together are judged by.
  double log10_largest_e_value = 0;
  // Absent before the first observation that was used.
  std::optional<double> log10_e_detector;
  // Number of the observation that raised the alarm; an alarm stays.
  std::optional<std::int64_t> alarm_at;
  std::optional<MonitorAlarm> alarm_by;
  // After an alarm: number and recorded time of the observation at which the change is put.
  std::optional<std::int64_t> change_at;
  std::optional<std::string> change_near;
};

// What a caller read last, so that a recording that has grown is continued behind it.
struct MonitorSource {
  std::int64_t lines = 0;
  // Chained digest of those lines.
  std::string digest;
};

// Sequential test of one endpoint against a fingerprint.
//
// Every observation is compared with its probe's reference and bet on. Wealth W_n is a mixture over bets and
// over the observations from which they may start (RestartEProcess), kept for each signal s with its share
// w_s of alpha:
//
//   e-value     max_s w_s W_n^s             alarm at 1/alpha:  P(ever alarm) <= alpha
//   e-detector  max_s w_s R_n^s             Shiryaev-Roberts; at N the mean run to a false alarm is >= N
//
// Taking the maximum of weighted wealths needs no assumption about how the signals of one response depend on
// each other. Several honest variants: the smallest value over the variants and their pool.
//
// Which process (stats/): tolerance 0, the conformal e-process, exact with a finite reference. Tolerance
// above 0, the likelihood-ratio e-process with the stored alternatives and three built-in ones (answers that
// the reference never gave; all answers equally often; the common answers more often); a fifth of its share
// of alpha pays for the reference's estimation error. Temperature 0: repeats of a probe within a session (or,
// without one, a UTC day) count as one observation, unless the reference gave several answers to one probe
// within a session: then the endpoint is not deterministic, every answer counts, and probes with at least 30
// reference answers are granted greedy_tolerance.
//
// Token lengths of probes at temperature above 0 are a signal where the plan has them. First-token
// log-probabilities (of each probe's most frequent top token, in steps of 0.05 nats, once per session) are
// one on request only: another attention kernel moves them, and the equality of numbers is no claim about
// weights.
//
// H0: for every probe, responses and reference are exchangeable (tolerance 0), or every response, given the
// past, comes from within `tolerance` of the reference's distribution.
//
// Cost: a step O(categories of the probe + bets); state O(categories), at most 65,536 of them for each probe,
// to which answers are hashed. Measured by bench/monitor_bench.cc; error rates and power by
// tests/calibration/monitor_calibration_test.cc.
class Monitor {
 public:
  // InvalidArgument: alpha outside (0, 0.5], a tolerance outside [0, 1), mean_run below 1, an unknown signal.
  // FailedPrecondition: the fingerprint has nothing to monitor.
  [[nodiscard]] static absl::StatusOr<Monitor> Create(const Fingerprint& fingerprint,
                                                      const MonitorOptions& options = {});
  Monitor(Monitor&&) noexcept;
  Monitor& operator=(Monitor&&) noexcept;
  ~Monitor();

  // The next observation. FailedPrecondition: it was made under other conditions than the fingerprint, or a
  // log lacks its answer, so that the decision before it may rest on a selection; nothing changes then.
  [[nodiscard]] absl::Status Step(const Observation& observation);

  [[nodiscard]] MonitorDecision decision() const;
  [[nodiscard]] const std::string& model() const;
  [[nodiscard]] const MonitorOptions& options() const;
  // What the user should know about the design: alternatives left out, probes with too small a reference.
  [[nodiscard]] const std::vector<std::string>& warnings() const;
  // Largest share of a stored alternative that the tolerance declares harmless, where there is one.
  struct ToleratedShare {
    std::string model;
    double share = 0;
  };
  [[nodiscard]] std::vector<ToleratedShare> tolerated_shares() const;

  [[nodiscard]] const MonitorSource& source() const;
  void set_source(MonitorSource source);

  // The state as a JSON document, and back. N observations in one run or in several with the state carried
  // between them give the same decisions, to the last bit.
  //
  // InvalidArgument names the field: not JSON, another schema, another fingerprint, alternatives, signals,
  // tolerance, alpha, mean run or seed, or numbers that no stream can have produced; the monitor is unchanged
  // then.
  [[nodiscard]] std::string SerializeState() const;
  [[nodiscard]] absl::Status RestoreState(std::string_view json);
  // The same with a file. Writing goes through a file beside it that then takes its place; `durable` also
  // flushes it to stable storage. Loading: NotFound where there is none.
  [[nodiscard]] absl::Status SaveState(const std::string& path, bool durable = true) const;
  [[nodiscard]] absl::Status LoadState(const std::string& path);

 private:
  class Impl;
  explicit Monitor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// One of several endpoints that are watched.
struct NamedDecision {
  std::string name;
  std::string model;
  double alpha = 0;
  MonitorDecision decision;
};

// The decision stored in a state file, for which no fingerprint is needed. Errors as for LoadState().
[[nodiscard]] absl::StatusOr<NamedDecision> ReadMonitorDecision(const std::string& path);

struct CombinedDecision {
  // Indices of the endpoints declared different, increasing.
  std::vector<std::size_t> differs;
  // Logarithm of the smallest of their largest e-values; absent where none was enough.
  std::optional<double> log10_threshold;
};

// Decides about m endpoints together: the expected share of honest endpoints among those declared different
// is at most alpha (plus what the reference's bounds may fail), read whenever one likes.
//
//   p_i = 1 / (largest e-value of endpoint i so far)                       valid at any time (Ville)
//   reject the k smallest, k = max { k : p_(k) <= k alpha / (m H_m) },     H_m = 1 + 1/2 + ... + 1/m
//
// (stats::BenjaminiYekutieliAdjust), valid under every dependence: endpoints compared with one reference
// depend on each other. e-BH on the present e-values would need them to be valid at stopping times that look
// at all endpoints, which a shared reference forbids: another endpoint's answers tell when the reference is
// an untypical sample. Here a reading time cannot matter, since p_i only falls. List every endpoint that is
// watched, not only suspicious ones.
//
// InvalidArgument: no endpoint, alpha outside (0, 1).
// Reference: Benjamini & Yekutieli 2001, doi:10.1214/aos/1013699998.
[[nodiscard]] absl::StatusOr<CombinedDecision> CombineMonitors(std::span<const NamedDecision> endpoints,
                                                               double alpha);

}  // namespace pinchbeck

#endif  // PINCHBECK_AUDIT_MONITOR_H_
