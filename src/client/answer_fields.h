// Pieces of answers that several APIs share. Every function takes values of any type.
#ifndef PINCHBECK_SRC_CLIENT_ANSWER_FIELDS_H_
#define PINCHBECK_SRC_CLIENT_ANSWER_FIELDS_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pinchbeck/core/observation.h"

namespace pinchbeck::internal {

// Appends to a text that may not have begun.
void AppendText(std::optional<std::string>& field, std::string_view text);

// Sets the field if the member is a count of at least 0; anything else leaves it as it is.
void ReadCount(const nlohmann::json& object, const char* key, std::optional<std::int64_t>& field);

// a + b, absent when either is or when the sum passes 64 bits.
[[nodiscard]] std::optional<std::int64_t> AddCounts(std::optional<std::int64_t> a,
                                                    std::optional<std::int64_t> b);

// A log-probability as recorded: absent unless it is a finite number. Marks of censoring (-9999) stay.
[[nodiscard]] std::optional<double> AsLogprob(const nlohmann::json* value);

// {"token", "logprob", "bytes", "id" or "token_id"}. `bytes` replaces a text that is empty or broken.
[[nodiscard]] TokenLogprob ReadToken(const nlohmann::json& entry);

// Reads a list of {token, logprob, bytes, top_logprobs: [...]} and appends one position per object. Returns
// how many.
std::int64_t ReadPositions(const nlohmann::json& list, std::vector<PositionLogprobs>& positions);

// Text of a member: a string, or a list of parts of which those of type `part_type` (or of none) count.
[[nodiscard]] std::string TextOfParts(const nlohmann::json& object, const char* key,
                                      std::string_view part_type = "text");

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_ANSWER_FIELDS_H_
