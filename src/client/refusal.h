// Errors that refuse one parameter of a request, and how to do without it.
#ifndef PINCHBECK_SRC_CLIENT_REFUSAL_H_
#define PINCHBECK_SRC_CLIENT_REFUSAL_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pinchbeck/client/adaptation.h"
#include "pinchbeck/core/probe.h"

namespace pinchbeck::internal {

enum class RequestParameter {
  kStreamUsage,
  kLogprobs,
  kTokenLimit,
  kTopP,
  kTopK,
  kMinP,
  kSeed,
  kTemperature,
  kStream,
};

// "logprobs", "token_limit", "temperature", ...
[[nodiscard]] std::string_view ParameterName(RequestParameter parameter);

// What a request carried, beside the probe's own words.
struct SentParameters {
  // As sent: after what the API has no words for and what was adapted.
  SamplingParameters sampling;
  bool temperature = true;
  bool seed = false;
  bool stream_usage = false;
  // The name of the output limit where the API has two of them, else empty.
  std::string limit_name;
};

// What a request with this body carries. `sampling` as the dialect was given it.
[[nodiscard]] SentParameters ReadSentParameters(std::string_view api, const SamplingParameters& sampling,
                                                std::string_view body);

[[nodiscard]] std::vector<RequestParameter> SentNames(const SentParameters& sent);

// What a server said about a request it did not take.
struct Refusal {
  int status = 0;
  // The error object's own fields; may be empty.
  std::string code;
  std::string param;
  std::string message;
};

// The parameter that the error is about: status 400 or 422, and `param`, or without it the message, names a
// parameter that was sent, the message in words of refusal. Where a message names several, the one that
// matters least for the answer is taken ("`temperature` and `top_p` cannot both be given").
[[nodiscard]] std::optional<RequestParameter> RefusedParameter(const Refusal& refusal,
                                                               const SentParameters& sent);

// Changes the adaptation so that the next request differs in this parameter. False when there is nothing
// left to change. Alternatives per token go down to the number that the message names, or step by step,
// before the log-probabilities are given up.
[[nodiscard]] bool AdaptTo(RequestParameter parameter, const Refusal& refusal, const SentParameters& sent,
                           Adaptation& adaptation);

// What requests do since, e.g. "at most 5 alternatives per token are asked for".
[[nodiscard]] std::string DescribeAdaptation(RequestParameter parameter, const SentParameters& sent,
                                             const Adaptation& adaptation);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_REFUSAL_H_
