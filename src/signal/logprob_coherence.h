// Do an endpoint's own log-probabilities hang together? Forged ones often do not.
#ifndef PINCHBECK_SRC_SIGNAL_LOGPROB_COHERENCE_H_
#define PINCHBECK_SRC_SIGNAL_LOGPROB_COHERENCE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pinchbeck/signal/sample.h"

namespace pinchbeck::internal {

// p-value of H0: every answer's sampled token was drawn from the probabilities reported with it.
//
// Tokens that a list leaves out are one category with the rest of the probability (at least 1e-4, the
// rounding of a list that adds up to 1). Two statistics,
//
//   |sum over answers of (log p(sampled) + H)|, H the entropy of the answer's categories: a changed
//   temperature or cut tails, sum over probes and tokens of (sampled - expected)^2 / expected: another
//   model's probabilities,
//
// each compared with its values in 1,999 redrawings of all tokens from the reported probabilities. Given the
// lists this is a Monte-Carlo test, so 2 min(p_1, p_2), p = (1 + #{T* >= T}) / 2,000, is valid for every
// number of answers, lists that differ from answer to answer included.
struct FrequencyCheck {
  std::int64_t answers = 0;
  double p_value = 1;
};

// Only of probes asked at temperature 1 and top_p 1 without top_k or min_p, as recorded: elsewhere, and where
// top_p is not recorded, a server samples from other probabilities than it reports. Absent without such
// answers.
[[nodiscard]] std::optional<FrequencyCheck> CheckSampledFrequencies(const SampleSet& sample,
                                                                    std::uint64_t seed);

struct LogprobCoherence {
  // Lists of two tokens or more at the first position, as recorded, and those that are out of falling order
  // or add up to more than 1 (see LogprobListCounts).
  LogprobListCounts lists;
  // Prompts with lists of four tokens or more, and those of them that repeat a whole list, to the last digit,
  // of another prompt: of those that share one all but one.
  std::int64_t prompts = 0, copied = 0;
  std::optional<FrequencyCheck> frequencies;
  // One line for each failed check. Honest recordings are granted: 5 % of the lists out of order, 1 % above
  // 1, one or 5 % of the prompts with a shared list (duplicated questions), and frequencies down to p =
  // 0.001.
  [[nodiscard]] std::vector<std::string> Failures() const;
};

// `reference`: where it fails the check of frequencies too, the endpoint's kind of server does not report
// what it samples from, and that check is left out.
[[nodiscard]] LogprobCoherence CheckLogprobCoherence(const SampleSet& reference, const SampleSet& observed,
                                                     std::uint64_t seed);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_LOGPROB_COHERENCE_H_
