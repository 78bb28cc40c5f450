// The mean log-probability of the sampled tokens of longer answers: changed sampling shows within a few.
#ifndef PINCHBECK_SRC_SIGNAL_LOGPROB_SEQUENCES_H_
#define PINCHBECK_SRC_SIGNAL_LOGPROB_SEQUENCES_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "pinchbeck/signal/evidence.h"

namespace pinchbeck::internal {

struct SequenceComparison {
  std::int64_t n_reference = 0, n_observed = 0, probes = 0;
  // Weighted mean over probes of the answers' mean log-probability, in nats a token.
  double reference = 0, observed = 0;
  // Of the hypothesis that the answers of a probe are exchangeable between the sides.
  double p_value = 1;
  bool exact = false;
  // What a new session of the reference may differ by (SessionLimit(); 0 with one session).
  double session_limit = 0;
  // The same of one session of the reference's serving: 1 within the limit, else at least the level that it
  // holds at, because a limit at a level proves nothing below it.
  double session_p_value = 1;
  [[nodiscard]] double difference() const { return observed - reference; }
};

// Compares the per-answer means over probes that were not asked at temperature 0, by relabelings within
// probes of
//
//   T = |sum_p h_p (mean Y_p - mean X_p)| / sum_p h_p,   h = mn / (m + n).
//
// An answer is one observation, however long: its tokens depend on each other. Two-sided: cut tails raise the
// mean, a higher temperature or another model lowers it.
//
// `limit_level`: of the session limit.
//
// NotFound: no such probe has answers of two tokens or more on both sides.
[[nodiscard]] absl::StatusOr<SequenceComparison> CompareSequences(const SampleSet& reference,
                                                                  const SampleSet& observed,
                                                                  const SignalOptions& options,
                                                                  double limit_level);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_LOGPROB_SEQUENCES_H_
