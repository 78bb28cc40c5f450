// From the log-probabilities of one recorded answer to what a sample keeps of them.
#ifndef PINCHBECK_SRC_SIGNAL_LOGPROB_READING_H_
#define PINCHBECK_SRC_SIGNAL_LOGPROB_READING_H_

#include <cstdint>
#include <map>
#include <string>

#include "pinchbeck/core/observation.h"
#include "pinchbeck/signal/sample.h"

namespace pinchbeck::internal {

// Log-probabilities are at most 0; beyond rounding and quantised replies they are nonsense and left out.
inline constexpr double kLargestLogprob = 0.1;
// The comparison also leaves out what is not a number.
inline bool IsLogprob(double value) { return value > kCensoredLogprob && value <= kLargestLogprob; }

// Appends the answer's log-probabilities to the sample, new tokens to its table (`index`: token -> number),
// and counts how the list of the first position was sent. Nothing is appended where the first position has no
// value that is a log-probability.
void AddLogprobs(const Observation& observation, std::map<std::string, std::uint32_t>& index,
                 ProbeSample& sample);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_LOGPROB_READING_H_
