// The native Ollama API of the mock relay.
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
  request.stream = true;  // unless told otherwise
  PINCHBECK_RETURN_IF_ERROR(ReadModel(json, &request));
  PINCHBECK_RETURN_IF_ERROR(ReadMessages(json, "messages", &request));
  PINCHBECK_ASSIGN_OR_RETURN(const nlohmann::json options, ObjectMember(json, "options"));
  PINCHBECK_RETURN_IF_ERROR(ReadTemperature(options, &request));
  PINCHBECK_RETURN_IF_ERROR(ReadTokenLimit(options, "num_predict", &request));
  PINCHBECK_RETURN_IF_ERROR(ReadBool(json, "logprobs", &request.logprobs));
  std::optional<std::int64_t> top;
  PINCHBECK_RETURN_IF_ERROR(ReadInteger(json, "top_logprobs", 0, kMaxTopLogprobs, &top));
  request.top_logprobs = top.value_or(0);
  PINCHBECK_RETURN_IF_ERROR(ReadBool(json, "stream", &request.stream));
  return request;
}

OrderedJson Piece(const ReplyHead& head, OrderedJson message, OrderedJson entries, bool done) {
  message["role"] = "assistant";
  OrderedJson json = {{"model", head.model}, {"message", std::move(message)}, {"done", done}};
  if (!entries.is_null()) json["logprobs"] = std::move(entries);
  return json;
}

void AddEnd(const Observation& observation, const ReplyHead& head, OrderedJson* piece) {
  (*piece)["done_reason"] = FinishReason(observation);
  if (const auto input = InputTokens(observation, head)) (*piece)["prompt_eval_count"] = *input;
  if (observation.usage.output_tokens) (*piece)["eval_count"] = *observation.usage.output_tokens;
}

std::string Whole(const Observation& observation, const ChatRequest& request, const ReplyHead& head) {
  OrderedJson message = {{"content", observation.response.text.value_or("")}};
  if (observation.response.reasoning_text) message["thinking"] = *observation.response.reasoning_text;
  OrderedJson piece =
      Piece(head, std::move(message), LogprobEntries(observation, request, 0, observation.logprobs.size()),
            /*done=*/true);
  AddEnd(observation, head, &piece);
  return Dump(piece);
}

std::vector<TimedEvent> Events(const Observation& observation, const ChatRequest& request,
                               const ReplyHead& head) {
  const StreamPlan plan = PlanStream(observation);
  std::vector<TimedEvent> events;
  const auto add = [&](double at_s, const OrderedJson& piece) {
    events.push_back({at_s, Dump(piece) + "\n"});
  };
  if (observation.response.reasoning_text) {
    add(plan.pieces.front().at_s,
        Piece(head, {{"content", ""}, {"thinking", *observation.response.reasoning_text}}, nullptr,
              /*done=*/false));
  }
  for (const StreamPiece& piece : plan.pieces) {
    add(piece.at_s, Piece(head, {{"content", piece.text}},
                          LogprobEntries(observation, request, piece.first, piece.last), /*done=*/false));
  }
  OrderedJson last = Piece(head, {{"content", ""}}, nullptr, /*done=*/true);
  AddEnd(observation, head, &last);
  add(plan.end_s, last);
  return events;
}

std::string Error(int /*status*/, std::string_view /*code*/, std::string_view message) {
  return Dump({{"error", message}});
}

}  // namespace

const RelayApi kOllamaRelay = {"/api/chat", "POST /api/chat", "application/x-ndjson", Parse, Whole, Events,
                               Error};

}  // namespace pinchbeck::cli
