// What a cheating mock relay does to a recorded answer.
#ifndef PINCHBECK_SRC_CLI_MOCK_RELAY_ALTERATIONS_H_
#define PINCHBECK_SRC_CLI_MOCK_RELAY_ALTERATIONS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "pinchbeck/core/observation.h"
#include "src/cli/mock_relay.h"
#include "src/cli/mock_relay_wire.h"

namespace pinchbeck::cli {

// The answer as the relay passes it on in the modes kTruncate and kRewrite; in all others as recorded. The
// same answer id and seed give the same result.
[[nodiscard]] Observation AlteredAnswer(const Observation& recorded, const ChatRequest& request,
                                        std::string_view answer_id, const MockRelayOptions& options);

// `answer` of a model that saw only the last `kept_bytes` of the prompt: numbers of at least four digits that
// stand in the part before and nowhere else are replaced by others of the same length.
[[nodiscard]] std::string WithoutQuotesFromBefore(std::string_view answer, std::string_view prompt,
                                                  std::size_t kept_bytes, std::uint64_t seed);

// The text with one letter changed in the host of each URL and in each name behind "pip install ",
// "npm install ", "cargo add " and "gem install ".
[[nodiscard]] std::string WithOtherNames(std::string_view text);

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_MOCK_RELAY_ALTERATIONS_H_
