// The Messages API of the mock relay.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nlohmann/json.hpp"
#include "pinchbeck/internal/status_macros.h"
#include "src/cli/mock_relay_api.h"
#include "src/cli/mock_relay_fields.h"

namespace pinchbeck::cli {
namespace {

absl::StatusOr<ChatRequest> Parse(std::string_view /*path*/, std::string_view body) {
  PINCHBECK_ASSIGN_OR_RETURN(const nlohmann::json json, ParseBody(body));
  ChatRequest request;
  PINCHBECK_RETURN_IF_ERROR(ReadModel(json, &request));
  PINCHBECK_ASSIGN_OR_RETURN(std::string system, JoinTexts(Member(json, "system"), "system"));
  if (!system.empty()) request.messages.push_back({"system", std::move(system)});
  PINCHBECK_RETURN_IF_ERROR(ReadMessages(json, "messages", &request));
  PINCHBECK_RETURN_IF_ERROR(ReadTemperature(json, &request));
  PINCHBECK_RETURN_IF_ERROR(ReadTokenLimit(json, "max_tokens", &request));
  if (!request.max_tokens.has_value()) return FieldError("max_tokens", "an integer; it is required");
  PINCHBECK_RETURN_IF_ERROR(ReadBool(json, "stream", &request.stream));
  return request;
}

std::string StopReason(const Observation& observation) {
  const std::string reason = FinishReason(observation);
  if (reason == "stop") return "end_turn";
  if (reason == "length") return "max_tokens";
  if (reason == "tool_calls") return "tool_use";
  return reason == "content_filter" ? "refusal" : reason;
}

OrderedJson Usage(const Observation& observation, const ReplyHead& head, bool with_input) {
  const UsageRecord& usage = observation.usage;
  OrderedJson json = OrderedJson::object();
  const std::optional<std::int64_t> input = InputTokens(observation, head);
  if (with_input && input) {
    // The counts do not overlap in this API.
    const std::int64_t cached = std::min(usage.cached_input_tokens.value_or(0), *input);
    json["input_tokens"] = *input - cached;
    if (usage.cached_input_tokens) json["cache_read_input_tokens"] = cached;
  }
  if (usage.output_tokens) json["output_tokens"] = *usage.output_tokens;
  if (usage.reasoning_tokens) json["output_tokens_details"] = {{"thinking_tokens", *usage.reasoning_tokens}};
  return json;
}

OrderedJson Message(const ReplyHead& head, OrderedJson content, OrderedJson stop_reason, OrderedJson usage) {
  return {{"id", head.id},
          {"type", "message"},
          {"role", "assistant"},
          {"model", head.model},
          {"content", std::move(content)},
          {"stop_reason", std::move(stop_reason)},
          {"stop_sequence", nullptr},
          {"usage", std::move(usage)}};
}

std::string Whole(const Observation& observation, const ChatRequest& /*request*/, const ReplyHead& head) {
  OrderedJson content = OrderedJson::array();
  if (observation.response.reasoning_text) {
    content.push_back({{"type", "thinking"}, {"thinking", *observation.response.reasoning_text}});
  }
  content.push_back({{"type", "text"}, {"text", observation.response.text.value_or("")}});
  return Dump(Message(head, std::move(content), StopReason(observation),
                      Usage(observation, head, /*with_input=*/true)));
}

std::vector<TimedEvent> Events(const Observation& observation, const ChatRequest& /*request*/,
                               const ReplyHead& head) {
  const StreamPlan plan = PlanStream(observation);
  std::vector<TimedEvent> events;
  const auto add = [&](double at_s, const std::string& type, const OrderedJson& members) {
    OrderedJson event = {{"type", type}};
    event.update(members);
    events.push_back({at_s, ServerSentEvent(event, type)});
  };
  OrderedJson first_usage = Usage(observation, head, /*with_input=*/true);
  if (first_usage.contains("output_tokens")) first_usage["output_tokens"] = 1;
  first_usage.erase("output_tokens_details");
  add(0.0, "message_start",
      {{"message", Message(head, OrderedJson::array(), nullptr, std::move(first_usage))}});
  int index = 0;
  const double first_s = plan.pieces.front().at_s;
  if (observation.response.reasoning_text) {
    add(first_s, "content_block_start",
        {{"index", index}, {"content_block", {{"type", "thinking"}, {"thinking", ""}}}});
    add(first_s, "content_block_delta",
        {{"index", index},
         {"delta", {{"type", "thinking_delta"}, {"thinking", *observation.response.reasoning_text}}}});
    add(first_s, "content_block_stop", {{"index", index}});
    ++index;
  }
  add(first_s, "content_block_start",
      {{"index", index}, {"content_block", {{"type", "text"}, {"text", ""}}}});
  for (const StreamPiece& piece : plan.pieces) {
    add(piece.at_s, "content_block_delta",
        {{"index", index}, {"delta", {{"type", "text_delta"}, {"text", piece.text}}}});
  }
  add(plan.end_s, "content_block_stop", {{"index", index}});
  add(plan.end_s, "message_delta",
      {{"delta", {{"stop_reason", StopReason(observation)}, {"stop_sequence", nullptr}}},
       {"usage", Usage(observation, head, /*with_input=*/false)}});
  add(plan.end_s, "message_stop", OrderedJson::object());
  return events;
}

std::string Error(int status, std::string_view /*code*/, std::string_view message) {
  const char* type = status >= 500 ? "api_error" : "invalid_request_error";
  if (status == 401) type = "authentication_error";
  if (status == 404) type = "not_found_error";
  return Dump({{"type", "error"}, {"error", {{"type", type}, {"message", message}}}});
}

}  // namespace

const RelayApi kAnthropicRelay = {
    "/v1/messages", "POST /v1/messages", "text/event-stream", Parse, Whole, Events, Error};

}  // namespace pinchbeck::cli
