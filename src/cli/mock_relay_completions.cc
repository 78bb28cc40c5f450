// The legacy completions API of the mock relay.
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
  const nlohmann::json* prompt = Member(json, "prompt");
  if (prompt == nullptr || !prompt->is_string()) return FieldError("prompt", "a text");
  // No chat template: no role.
  request.messages = {{"", prompt->get<std::string>()}};
  PINCHBECK_RETURN_IF_ERROR(ReadTemperature(json, &request));
  PINCHBECK_RETURN_IF_ERROR(ReadTokenLimit(json, "max_tokens", &request));
  std::optional<std::int64_t> top;
  PINCHBECK_RETURN_IF_ERROR(ReadInteger(json, "logprobs", 0, kMaxTopLogprobs, &top));
  request.logprobs = top.has_value();
  request.top_logprobs = top.value_or(0);
  PINCHBECK_RETURN_IF_ERROR(ReadBool(json, "stream", &request.stream));
  PINCHBECK_ASSIGN_OR_RETURN(const nlohmann::json options, ObjectMember(json, "stream_options"));
  PINCHBECK_RETURN_IF_ERROR(ReadBool(options, "include_usage", &request.include_usage));
  return request;
}

// The entries of the chat shape as lists beside each other.
OrderedJson ParallelLists(const OrderedJson& entries) {
  if (entries.is_null()) return nullptr;
  OrderedJson lists = {{"tokens", OrderedJson::array()},
                       {"token_logprobs", OrderedJson::array()},
                       {"top_logprobs", OrderedJson::array()}};
  for (const OrderedJson& entry : entries) {
    lists["tokens"].push_back(entry["token"]);
    lists["token_logprobs"].push_back(entry["logprob"]);
    OrderedJson top = OrderedJson::object();
    for (const OrderedJson& token : entry["top_logprobs"]) {
      top[token["token"].get<std::string>()] = token["logprob"];
    }
    lists["top_logprobs"].push_back(std::move(top));
  }
  return lists;
}

OrderedJson Chunk(const ReplyHead& head, OrderedJson choices) {
  return {{"id", head.id},
          {"object", "text_completion"},
          {"created", head.created},
          {"model", head.model},
          {"choices", std::move(choices)}};
}

OrderedJson Choice(const std::string& text, OrderedJson logprobs, OrderedJson finish_reason) {
  return OrderedJson::array({{{"index", 0},
                              {"text", text},
                              {"logprobs", std::move(logprobs)},
                              {"finish_reason", std::move(finish_reason)}}});
}

std::string Whole(const Observation& observation, const ChatRequest& request, const ReplyHead& head) {
  OrderedJson logprobs = ParallelLists(LogprobEntries(observation, request, 0, observation.logprobs.size()));
  OrderedJson body = Chunk(
      head, Choice(observation.response.text.value_or(""), std::move(logprobs), FinishReason(observation)));
  OrderedJson usage = OpenAiUsage(observation, head);
  if (!usage.is_null()) body["usage"] = std::move(usage);
  return Dump(body);
}

std::vector<TimedEvent> Events(const Observation& observation, const ChatRequest& request,
                               const ReplyHead& head) {
  const StreamPlan plan = PlanStream(observation);
  std::vector<TimedEvent> events;
  for (const StreamPiece& piece : plan.pieces) {
    OrderedJson logprobs = ParallelLists(LogprobEntries(observation, request, piece.first, piece.last));
    events.push_back(
        {piece.at_s, ServerSentEvent(Chunk(head, Choice(piece.text, std::move(logprobs), nullptr)))});
  }
  events.push_back(
      {plan.end_s, ServerSentEvent(Chunk(head, Choice("", nullptr, FinishReason(observation))))});
  OrderedJson usage = OpenAiUsage(observation, head);
  if (request.include_usage && !usage.is_null()) {
    OrderedJson chunk = Chunk(head, OrderedJson::array());
    chunk["usage"] = std::move(usage);
    events.push_back({plan.end_s, ServerSentEvent(chunk)});
  }
  events.push_back({plan.end_s, "data: [DONE]\n\n"});
  return events;
}

}  // namespace

const RelayApi kOpenAiCompletionsRelay = {
    "/v1/completions", "POST /v1/completions", "text/event-stream", Parse, Whole, Events, ErrorBody};

}  // namespace pinchbeck::cli
