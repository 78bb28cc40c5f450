// What an endpoint does not take, so that requests to it do without.
#ifndef PINCHBECK_CLIENT_ADAPTATION_H_
#define PINCHBECK_CLIENT_ADAPTATION_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "pinchbeck/core/probe.h"

namespace pinchbeck {

// Learned from errors that refuse a parameter. A parameter that is left out is recorded as absent, so that
// the answers are never taken for answers under the setting that was wished for.
struct Adaptation {
  // Values of the temperature that were refused; some models take only their default.
  std::set<double> temperatures;
  bool top_p = false;
  bool top_k = false;
  bool min_p = false;
  bool seed = false;
  bool logprobs = false;
  // Alternatives per token that the endpoint takes at most.
  std::optional<std::int64_t> max_top_logprobs;
  // Answers come as documents.
  bool stream = false;
  // Streams do not ask for usage.
  bool stream_usage = false;
  // The other name of the output limit in chat completions.
  std::optional<std::string> token_limit_field;

  [[nodiscard]] bool operator==(const Adaptation&) const = default;
};

// The parameters that remain. The temperature stays in the result: see OmitsTemperature().
[[nodiscard]] SamplingParameters AdaptedSampling(const SamplingParameters& sampling,
                                                 const Adaptation& adaptation);

// Whether a request with this temperature leaves the parameter out.
[[nodiscard]] bool OmitsTemperature(const SamplingParameters& sampling, const Adaptation& adaptation);

}  // namespace pinchbeck

#endif  // PINCHBECK_CLIENT_ADAPTATION_H_
