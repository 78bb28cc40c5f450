// The Responses API of the mock relay.
#include <cstddef>
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
  const nlohmann::json* input = Member(json, "input");
  if (input != nullptr && input->is_string()) {
    request.messages = {{"user", input->get<std::string>()}};
  } else {
    PINCHBECK_RETURN_IF_ERROR(ReadMessages(json, "input", &request));
  }
  PINCHBECK_RETURN_IF_ERROR(ReadTemperature(json, &request));
  PINCHBECK_RETURN_IF_ERROR(ReadTokenLimit(json, "max_output_tokens", &request));
  std::optional<std::int64_t> top;
  PINCHBECK_RETURN_IF_ERROR(ReadInteger(json, "top_logprobs", 0, kMaxTopLogprobs, &top));
  request.logprobs = top.has_value();
  request.top_logprobs = top.value_or(0);
  PINCHBECK_RETURN_IF_ERROR(ReadBool(json, "stream", &request.stream));
  PINCHBECK_ASSIGN_OR_RETURN(const nlohmann::json reasoning, ObjectMember(json, "reasoning"));
  PINCHBECK_RETURN_IF_ERROR(ReadText(reasoning, "effort", &request.reasoning_effort));
  return request;
}

OrderedJson Usage(const Observation& observation, const ReplyHead& head) {
  const UsageRecord& usage = observation.usage;
  OrderedJson json;
  if (const auto input = InputTokens(observation, head)) json["input_tokens"] = *input;
  if (usage.output_tokens) json["output_tokens"] = *usage.output_tokens;
  if (usage.cached_input_tokens)
    json["input_tokens_details"] = {{"cached_tokens", *usage.cached_input_tokens}};
  if (usage.reasoning_tokens) json["output_tokens_details"] = {{"reasoning_tokens", *usage.reasoning_tokens}};
  return json;
}

OrderedJson Output(const Observation& observation, const ChatRequest& request) {
  OrderedJson output = OrderedJson::array();
  if (observation.response.reasoning_text) {
    output.push_back({{"type", "reasoning"},
                      {"summary", OrderedJson::array()},
                      {"content", OrderedJson::array({{{"type", "reasoning_text"},
                                                       {"text", *observation.response.reasoning_text}}})}});
  }
  OrderedJson part = {{"type", "output_text"}, {"text", observation.response.text.value_or("")}};
  OrderedJson entries = LogprobEntries(observation, request, 0, observation.logprobs.size());
  if (!entries.is_null()) part["logprobs"] = std::move(entries);
  output.push_back({{"type", "message"},
                    {"role", "assistant"},
                    {"status", "completed"},
                    {"content", OrderedJson::array({std::move(part)})}});
  return output;
}

OrderedJson Response(const Observation& observation, const ChatRequest& request, const ReplyHead& head,
                     bool finished) {
  const std::string reason = FinishReason(observation);
  const bool cut = reason == "length" || reason == "content_filter";
  OrderedJson json = {{"id", head.id},
                      {"object", "response"},
                      {"created_at", head.created},
                      {"status", finished ? (cut ? "incomplete" : "completed") : "in_progress"},
                      {"model", head.model},
                      {"error", nullptr},
                      {"incomplete_details", nullptr},
                      {"output", finished ? Output(observation, request) : OrderedJson::array()}};
  if (!finished) return json;
  if (cut) json["incomplete_details"] = {{"reason", reason == "length" ? "max_output_tokens" : reason}};
  OrderedJson usage = Usage(observation, head);
  if (!usage.is_null()) json["usage"] = std::move(usage);
  return json;
}

std::string Whole(const Observation& observation, const ChatRequest& request, const ReplyHead& head) {
  return Dump(Response(observation, request, head, /*finished=*/true));
}

std::vector<TimedEvent> Events(const Observation& observation, const ChatRequest& request,
                               const ReplyHead& head) {
  const StreamPlan plan = PlanStream(observation);
  std::vector<TimedEvent> events;
  std::int64_t number = 0;
  const auto add = [&](double at_s, const std::string& type, const OrderedJson& members) {
    OrderedJson event = {{"type", type}, {"sequence_number", number++}};
    event.update(members);
    events.push_back({at_s, ServerSentEvent(event, type)});
  };
  add(0.0, "response.created", {{"response", Response(observation, request, head, /*finished=*/false)}});
  if (observation.response.reasoning_text) {
    add(plan.pieces.front().at_s, "response.reasoning_text.delta",
        {{"output_index", 0}, {"delta", *observation.response.reasoning_text}});
  }
  for (const StreamPiece& piece : plan.pieces) {
    OrderedJson members = {{"content_index", 0}, {"delta", piece.text}};
    OrderedJson entries = LogprobEntries(observation, request, piece.first, piece.last);
    if (!entries.is_null()) members["logprobs"] = std::move(entries);
    add(piece.at_s, "response.output_text.delta", std::move(members));
  }
  OrderedJson last = Response(observation, request, head, /*finished=*/true);
  const std::string type = "response." + last["status"].get<std::string>();
  add(plan.end_s, type, {{"response", std::move(last)}});
  return events;
}

}  // namespace

const RelayApi kOpenAiResponsesRelay = {
    "/v1/responses", "POST /v1/responses", "text/event-stream", Parse, Whole, Events, ErrorBody};

}  // namespace pinchbeck::cli
