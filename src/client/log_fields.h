// Fields that several log formats have.
#ifndef PINCHBECK_SRC_CLIENT_LOG_FIELDS_H_
#define PINCHBECK_SRC_CLIENT_LOG_FIELDS_H_

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "src/client/request_reader.h"

namespace pinchbeck::internal {

// A member that is a JSON value, or a string that holds an object or a list; another string comes as it is,
// an empty one included. Null when absent, null, {} or [].
[[nodiscard]] nlohmann::json FindJson(const nlohmann::json& object, const char* key);

// RFC 3339, or "2026-01-31 12:00:00.5" in UTC as databases print it; absent when absent or null.
// InvalidArgument names the field.
[[nodiscard]] absl::StatusOr<std::optional<absl::Time>> FindTime(const nlohmann::json& object,
                                                                 const char* key);

// Writes `time`, `total_s` and `first_token_s` into an exchange. A first token is one only strictly between
// start and end: loggers write the end where they saw none.
void SetTimes(std::optional<absl::Time> start, std::optional<absl::Time> first, std::optional<absl::Time> end,
              nlohmann::json& exchange);

// Sets `endpoint` where the text is an http or https URL.
void SetEndpoint(const std::optional<std::string>& text, nlohmann::json& exchange);

// A chat completion that was put together from an answer's parts; empty ones are left out.
struct AnswerParts {
  std::optional<std::string> id, model, text, reasoning, refusal, finish_reason, system_fingerprint;
  std::optional<std::int64_t> input_tokens, output_tokens, reasoning_tokens, cached_input_tokens;
  std::optional<double> cost;
};
[[nodiscard]] nlohmann::json ChatCompletion(const AnswerParts& parts);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_LOG_FIELDS_H_
