// What a relay does to requests and answers on the way: repeats, cut contexts, rewritten texts, other answers
// to streams, ignored efforts.
#ifndef PINCHBECK_AUDIT_CHECKS_H_
#define PINCHBECK_AUDIT_CHECKS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "pinchbeck/audit/report.h"
#include "pinchbeck/core/check_battery.h"
#include "pinchbeck/core/endpoint.h"
#include "pinchbeck/core/observation.h"

namespace pinchbeck {

struct ChecksOptions {
  // Chance that an endpoint which keeps every null hypothesis is answered by `differs`, over all checks.
  double alpha = 0.01;
  std::uint64_t seed = 1;
  std::int64_t permutations = 9999;
  // The null hypotheses where there is no reference. Each is a stated bound on an honest endpoint: two free
  // answers to one prompt are equal at most so often, ...
  double max_repeat_share = 0.25;
  // ... a code is found in a text at least so often, ...
  double min_recall = 0.8;
  // ... and a line is changed by the model itself at most so often.
  double max_change_share = 0.1;
  // ... and reasoning is longer at high effort than at low at least so often.
  double min_effort_share = 0.75;
};

struct CheckResult {
  // "cache", "context/4000", "echo/url", "stream", "effort".
  std::string check;
  SignalStatus status = SignalStatus::kNotMeasurable;
  // What would be true of an honest endpoint.
  std::string null_hypothesis;
  std::optional<double> p_value, adjusted_p_value;
  std::string method;
  // Repeated pairs, lost needles, changed lines, problems without longer reasoning; and out of how many. No
  // trials: the check counts none.
  std::int64_t events = 0, trials = 0;
  std::optional<std::int64_t> reference_events, reference_trials;
  // 95 % interval (Clopper-Pearson) for the chance of an event.
  double low = 0, high = 1;
  // Where the check has a size beside its counts.
  std::optional<double> effect;
  std::string effect_unit;
  std::vector<std::string> notes;
};

// Where the recall of needles falls below one half, if recall does not rise with the length: above `low`
// tokens and at most `high`, with a confidence of 95 % in both ends together.
struct ContextEstimate {
  // Absent: not even the shortest rung is known to work.
  std::optional<std::int64_t> low;
  // Absent: no rung is known to fail.
  std::optional<std::int64_t> high;
};

struct ChecksReport {
  Verdict verdict = Verdict::kNotMeasurable;
  // Smallest after Holm's adjustment over all checks.
  std::optional<double> p_value;
  double alpha = 0.01;
  std::uint64_t seed = 1;
  bool has_reference = false;
  std::vector<CheckResult> checks;
  std::optional<ContextEstimate> context;
  std::vector<std::string> warnings;
};

// Judges answers to the probes of CheckProbes. Of equal ids the first usable answer counts. One test for the
// cache, one for each rung of the context ladder and each kind of echo, one for streams and one for efforts;
// Holm's adjustment over all.
//
//   cache    equal pairs of neighbours, each answer in one pair. With a reference: their
//            StratifiedFisherExactGreater() over prompts. Without: the larger of two p-values, that test
//            of repeated against fresh nonces, and the binomial tail against `max_repeat_share`; both must
//            speak against the endpoint, since a nonce may by itself change what a model says.
//   context  with a reference: FisherExactGreater() of lost needles. Without: SuccessRateBet at `min_recall`,
//            in the order of the recording, so that the ladder may be stopped at any time. Only it may: the
//            other tests need a number of samples that was fixed beforehand.
//   echo     with a reference: FisherExactGreater() of changed lines. Without: the binomial tail at
//            `max_change_share`.
//   stream   LikelihoodRatioTest() of streamed answers against those that came whole, relabeled within
//            choices. The endpoint is compared with itself, so that a reference adds nothing.
//   effort   with a reference: FisherExactGreater() of the problems with no more reasoning tokens at high
//            effort than at low. Without: the binomial tail at 1 - `min_effort_share`. It is `consistent`
//            only if VanElteren() over problems also shows, at level alpha, that reasoning gets longer.
//            Problems without reasoning at both levels say nothing, nor do those whose order the output limit
//            hides.
//
// A check is `consistent` only if the worst outcome at its size (all repeated, lost or changed) would have
// been rejected; what smaller share is not ruled out is its interval. No single answer decides anything: with
// fewer than two events the p-value is 1. A check whose requests had another temperature or output limit than
// the probe, or with a reference than its requests, or came through another API, is `not_measurable`.
//
// InvalidArgument: alpha outside (0, 0.5], fewer than 99 permutations, bounds outside (0, 1), or a prompt
// that is not the one of its id (another battery key).
[[nodiscard]] absl::StatusOr<ChecksReport> EvaluateChecks(const std::vector<Observation>& observed,
                                                          const std::vector<Observation>& reference,
                                                          const CheckProbes& probes,
                                                          const ChecksOptions& options = {});

// The same for recordings; an empty list of references for none.
[[nodiscard]] absl::StatusOr<ChecksReport> EvaluateCheckRecordings(const std::vector<std::string>& recordings,
                                                                   const std::vector<std::string>& references,
                                                                   const Secret& key,
                                                                   const ChecksOptions& options = {});

// What was changed in an echo: "nothing", "missing" (no part of it came back), "host", "path", "name",
// "number" or "text". For reports.
[[nodiscard]] std::string_view EchoChange(std::string_view kind, std::string_view expected,
                                          std::string_view answer);

}  // namespace pinchbeck

#endif  // PINCHBECK_AUDIT_CHECKS_H_
