// Reads the chat requests of the mock relay.
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "nlohmann/json.hpp"
#include "pinchbeck/internal/status_macros.h"
#include "src/cli/mock_relay_fields.h"
#include "src/cli/mock_relay_wire.h"

namespace pinchbeck::cli {
namespace {

using Json = nlohmann::json;

absl::Status ReadSampling(const Json& object, ChatRequest* request) {
  PINCHBECK_RETURN_IF_ERROR(ReadTemperature(object, request));
  PINCHBECK_RETURN_IF_ERROR(ReadTokenLimit(object, "max_tokens", request));
  // The newer name of the same limit.
  PINCHBECK_RETURN_IF_ERROR(ReadTokenLimit(object, "max_completion_tokens", request));
  std::optional<std::int64_t> choices, top;
  PINCHBECK_RETURN_IF_ERROR(ReadInteger(object, "n", 1, 1, &choices));
  PINCHBECK_RETURN_IF_ERROR(ReadBool(object, "logprobs", &request->logprobs));
  PINCHBECK_RETURN_IF_ERROR(ReadInteger(object, "top_logprobs", 0, kMaxTopLogprobs, &top));
  if (top && !request->logprobs) return FieldError("logprobs", "true, because top_logprobs is set");
  request->top_logprobs = top.value_or(0);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ChatRequest> ParseChatRequest(std::string_view body) {
  PINCHBECK_ASSIGN_OR_RETURN(const Json json, ParseBody(body));
  ChatRequest request;
  PINCHBECK_RETURN_IF_ERROR(ReadModel(json, &request));
  PINCHBECK_RETURN_IF_ERROR(ReadMessages(json, "messages", &request));
  PINCHBECK_RETURN_IF_ERROR(ReadSampling(json, &request));
  PINCHBECK_RETURN_IF_ERROR(ReadBool(json, "stream", &request.stream));
  PINCHBECK_RETURN_IF_ERROR(ReadText(json, "reasoning_effort", &request.reasoning_effort));
  PINCHBECK_ASSIGN_OR_RETURN(const Json options, ObjectMember(json, "stream_options"));
  PINCHBECK_RETURN_IF_ERROR(ReadBool(options, "include_usage", &request.include_usage));
  return request;
}

}  // namespace pinchbeck::cli
