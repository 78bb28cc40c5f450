// Log-probabilities in the fingerprint file.
#ifndef PINCHBECK_SRC_FINGERPRINT_LOGPROB_JSON_H_
#define PINCHBECK_SRC_FINGERPRINT_LOGPROB_JSON_H_

#include <cstddef>
#include <nlohmann/json.hpp>
#include <vector>

#include "pinchbeck/signal/sample.h"
#include "src/fingerprint/json_field.h"

namespace pinchbeck::internal {

[[nodiscard]] nlohmann::ordered_json LogprobsToJson(const std::vector<FirstTokenLogprobs>& logprobs);

// One answer's. Throws FieldError for values that are no log-probabilities, out of order, too many, or refer
// to more than `tokens` tokens. Everything but the first position may be missing.
[[nodiscard]] FirstTokenLogprobs ReadLogprobs(const Field& field, std::size_t tokens);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_FINGERPRINT_LOGPROB_JSON_H_
