// Pieces of requests and answers that the relay's APIs share.
#ifndef PINCHBECK_SRC_CLI_MOCK_RELAY_FIELDS_H_
#define PINCHBECK_SRC_CLI_MOCK_RELAY_FIELDS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "pinchbeck/core/observation.h"
#include "src/cli/mock_relay_wire.h"

namespace pinchbeck::cli {

// --- Requests. InvalidArgument names the field. ---

[[nodiscard]] absl::Status FieldError(std::string_view field, std::string_view wanted);
[[nodiscard]] absl::StatusOr<nlohmann::json> ParseBody(std::string_view body);
// The member, or nullptr when it is absent or null.
[[nodiscard]] const nlohmann::json* Member(const nlohmann::json& object, const char* name);
// The member if it is an object; an empty object when it is absent.
[[nodiscard]] absl::StatusOr<nlohmann::json> ObjectMember(const nlohmann::json& object, const char* name);
[[nodiscard]] absl::Status ReadBool(const nlohmann::json& object, const char* name, bool* value);
[[nodiscard]] absl::Status ReadInteger(const nlohmann::json& object, const char* name, std::int64_t low,
                                       std::int64_t high, std::optional<std::int64_t>* value);
[[nodiscard]] absl::Status ReadModel(const nlohmann::json& object, ChatRequest* request);
[[nodiscard]] absl::Status ReadTemperature(const nlohmann::json& object, ChatRequest* request);
// The output limit under the API's name for it.
[[nodiscard]] absl::Status ReadTokenLimit(const nlohmann::json& object, const char* name,
                                          ChatRequest* request);
// `name` as a text; absent: left alone.
[[nodiscard]] absl::Status ReadText(const nlohmann::json& object, const char* name,
                                    std::optional<std::string>* value);
// A list of messages with a role and a content: a text, or a list of text parts, which are joined.
[[nodiscard]] absl::Status ReadMessages(const nlohmann::json& object, const char* name, ChatRequest* request);
// A text, or a list of objects with a `text`; absent: empty. `path` is for the message.
[[nodiscard]] absl::StatusOr<std::string> JoinTexts(const nlohmann::json* value, std::string_view path);

// The most tokens that `top_logprobs` may ask for, as the APIs document it.
inline constexpr std::int64_t kMaxTopLogprobs = 20;

// --- Answers ---

using OrderedJson = nlohmann::ordered_json;

[[nodiscard]] std::string Dump(const OrderedJson& json);
[[nodiscard]] std::string ServerSentEvent(const OrderedJson& data, std::string_view type = "");

// Positions first <= i < last as {token, logprob, bytes, top_logprobs}; null where nothing was asked for or
// recorded.
[[nodiscard]] OrderedJson LogprobEntries(const Observation& observation, const ChatRequest& request,
                                         std::size_t first, std::size_t last);

// The recorded input count with what a hidden prompt adds.
[[nodiscard]] std::optional<std::int64_t> InputTokens(const Observation& observation, const ReplyHead& head);

// The recorded finish reason in the words of the chat completions API.
[[nodiscard]] std::string FinishReason(const Observation& observation);

// A recorded answer cut into the events that it arrived in.
struct StreamPiece {
  double at_s = 0.0;
  std::string text;
  // The recorded positions first <= i < last.
  std::size_t first = 0;
  std::size_t last = 0;
};
struct StreamPlan {
  std::vector<StreamPiece> pieces;
  double end_s = 0.0;
};
[[nodiscard]] StreamPlan PlanStream(const Observation& observation);

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_MOCK_RELAY_FIELDS_H_
