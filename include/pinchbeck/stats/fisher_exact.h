// Two proportions, exactly: Fisher's test against more events in the observed sample, and an interval for
// one.
#ifndef PINCHBECK_STATS_FISHER_EXACT_H_
#define PINCHBECK_STATS_FISHER_EXACT_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/hypergeometric.h"
#include "pinchbeck/stats/special_functions.h"

namespace pinchbeck::stats {

// Events among independent trials.
struct EventCount {
  std::int64_t events = 0;
  std::int64_t trials = 0;
};

namespace internal {

[[nodiscard]] inline absl::Status CheckEventCount(const EventCount& count, const char* name) {
  if (count.events >= 0 && count.events <= count.trials && count.trials >= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(std::string(name) + ": " + std::to_string(count.events) + " events in " +
                                    std::to_string(count.trials) +
                                    " trials; need at least one trial and 0 <= events <= trials");
}

}  // namespace internal

// Fisher's exact test, one-sided.
//
//   p = P(X >= observed.events),  X hypergeometric: events of both samples spread over all trials at random
//
// H0: an event is at most as likely in the observed sample as in the reference; trials are independent. Never
// above its level, and conservative: with few trials far below it. Without any event the p-value is 1.
//
// InvalidArgument: no trial, negative events, more events than trials, more than 2^28 trials in all.
// Cost: O(events). Accuracy: relative 1e-10 of SciPy's fisher_exact (tests/stats/fisher_exact_test.cc).
// Reference: Fisher 1935, doi:10.2307/2342435.
[[nodiscard]] inline absl::StatusOr<double> FisherExactGreater(const EventCount& reference,
                                                               const EventCount& observed) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckEventCount(reference, "reference"));
  PINCHBECK_RETURN_IF_ERROR(internal::CheckEventCount(observed, "observed"));
  if (observed.events == 0) return 1.0;
  PINCHBECK_ASSIGN_OR_RETURN(
      const std::vector<double> probabilities,
      HypergeometricProbabilities(reference.trials + observed.trials, reference.events + observed.events,
                                  observed.trials));
  double tail = 0;
  // The small terms first.
  for (std::size_t x = probabilities.size(); x-- > static_cast<std::size_t>(observed.events);)
    tail += probabilities[x];
  return std::min(1.0, tail);
}

// Both samples under one condition.
struct EventStratum {
  EventCount reference, observed;
};

// Fisher's exact test over several conditions, one-sided.
//
//   p = P(sum of X_i >= sum of observed events),  X_i independent, each hypergeometric in its stratum
//
// H0: in every stratum an event is at most as likely in the observed sample as in the reference; trials are
// independent. Strata may differ in the chance of an event, and in the share of trials of each sample. Never
// above its level; with one stratum it is FisherExactGreater().
//
// InvalidArgument: no stratum, or one that FisherExactGreater() would refuse.
// Cost: O(product of the numbers of events, two strata at a time). Accuracy: relative 1e-10 of exact
// arithmetic (tests/stats/fisher_exact_test.cc).
// Reference: Birch 1964, J. R. Stat. Soc. B 26, 313-324.
[[nodiscard]] inline absl::StatusOr<double> StratifiedFisherExactGreater(
    std::span<const EventStratum> strata) {
  if (strata.empty()) return absl::InvalidArgumentError("strata: the list is empty; give at least one");
  std::vector<double> sum = {1.0};
  std::int64_t observed = 0;
  for (const EventStratum& stratum : strata) {
    PINCHBECK_RETURN_IF_ERROR(internal::CheckEventCount(stratum.reference, "reference"));
    PINCHBECK_RETURN_IF_ERROR(internal::CheckEventCount(stratum.observed, "observed"));
    observed += stratum.observed.events;
    PINCHBECK_ASSIGN_OR_RETURN(const std::vector<double> one,
                               HypergeometricProbabilities(stratum.reference.trials + stratum.observed.trials,
                                                           stratum.reference.events + stratum.observed.events,
                                                           stratum.observed.trials));
    std::vector<double> next(sum.size() + one.size() - 1, 0.0);
    for (std::size_t i = 0; i < sum.size(); ++i) {
      for (std::size_t j = 0; j < one.size(); ++j) next[i + j] += sum[i] * one[j];
    }
    sum = std::move(next);
  }
  if (observed == 0) return 1.0;
  double tail = 0;
  for (std::size_t x = sum.size(); x-- > static_cast<std::size_t>(observed);) tail += sum[x];
  return std::min(1.0, tail);
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_FISHER_EXACT_H_
