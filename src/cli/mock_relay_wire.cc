#include "src/cli/mock_relay_wire.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nlohmann/json.hpp"
#include "src/cli/mock_relay_api.h"
#include "src/cli/mock_relay_fields.h"

namespace pinchbeck::cli {
namespace {

using Json = OrderedJson;

Json LogprobsJson(const Observation& observation, const ChatRequest& request, std::size_t first,
                  std::size_t last) {
  Json entries = LogprobEntries(observation, request, first, last);
  if (entries.is_null()) return nullptr;
  return {{"content", std::move(entries)}, {"refusal", nullptr}};
}

Json Envelope(const char* object, const Observation& observation, const ReplyHead& head) {
  Json json = {{"id", head.id}, {"object", object}, {"created", head.created}, {"model", head.model}};
  const auto& fingerprint = observation.response.system_fingerprint;
  if (fingerprint) json["system_fingerprint"] = *fingerprint;
  return json;
}

// Builds the events of one stream.
class StreamBuilder {
 public:
  StreamBuilder(const Observation& observation, const ChatRequest& request, const ReplyHead& head)
      : observation_(observation), request_(request), head_(head) {}

  void Add(double at_s, Json delta, Json logprobs, Json finish_reason) {
    Json choice = {{"index", 0},
                   {"delta", std::move(delta)},
                   {"logprobs", std::move(logprobs)},
                   {"finish_reason", std::move(finish_reason)}};
    AddChunk(at_s, Json::array({std::move(choice)}), nullptr);
  }
  void AddChunk(double at_s, Json choices, Json usage) {
    Json chunk = Envelope("chat.completion.chunk", observation_, head_);
    chunk["choices"] = std::move(choices);
    if (request_.include_usage) chunk["usage"] = std::move(usage);
    events_.push_back({at_s, ServerSentEvent(chunk)});
  }
  void AddDone(double at_s) { events_.push_back({at_s, "data: [DONE]\n\n"}); }
  std::vector<TimedEvent> Take() { return std::move(events_); }

 private:
  const Observation& observation_;
  const ChatRequest& request_;
  const ReplyHead& head_;
  std::vector<TimedEvent> events_;
};

absl::StatusOr<ChatRequest> Parse(std::string_view /*path*/, std::string_view body) {
  return ParseChatRequest(body);
}

}  // namespace

OrderedJson OpenAiUsage(const Observation& observation, const ReplyHead& head) {
  const UsageRecord& usage = observation.usage;
  const std::optional<std::int64_t> input = InputTokens(observation, head);
  Json json;
  if (input) json["prompt_tokens"] = *input;
  if (usage.output_tokens) json["completion_tokens"] = *usage.output_tokens;
  if (input && usage.output_tokens) json["total_tokens"] = *input + *usage.output_tokens;
  if (usage.cached_input_tokens)
    json["prompt_tokens_details"] = {{"cached_tokens", *usage.cached_input_tokens}};
  if (usage.reasoning_tokens)
    json["completion_tokens_details"] = {{"reasoning_tokens", *usage.reasoning_tokens}};
  return json;
}

std::string CompletionBody(const Observation& observation, const ChatRequest& request,
                           const ReplyHead& head) {
  Json message = {{"role", "assistant"}, {"content", observation.response.text.value_or("")}};
  if (observation.response.reasoning_text)
    message["reasoning_content"] = *observation.response.reasoning_text;
  Json choice = {{"index", 0},
                 {"finish_reason", FinishReason(observation)},
                 {"message", std::move(message)},
                 {"logprobs", LogprobsJson(observation, request, 0, observation.logprobs.size())}};
  Json body = Envelope("chat.completion", observation, head);
  body["choices"] = Json::array({std::move(choice)});
  Json usage = OpenAiUsage(observation, head);
  if (!usage.is_null()) body["usage"] = std::move(usage);
  return Dump(body);
}

std::vector<TimedEvent> StreamEvents(const Observation& observation, const ChatRequest& request,
                                     const ReplyHead& head) {
  const StreamPlan plan = PlanStream(observation);
  StreamBuilder stream(observation, request, head);
  stream.Add(0.0, {{"role", "assistant"}, {"content", ""}}, nullptr, nullptr);
  if (observation.response.reasoning_text) {
    stream.Add(plan.pieces.front().at_s, {{"reasoning_content", *observation.response.reasoning_text}},
               nullptr, nullptr);
  }
  for (const StreamPiece& piece : plan.pieces) {
    stream.Add(piece.at_s, {{"content", piece.text}},
               LogprobsJson(observation, request, piece.first, piece.last), nullptr);
  }
  stream.Add(plan.end_s, Json::object(), nullptr, FinishReason(observation));
  Json usage = OpenAiUsage(observation, head);
  if (request.include_usage && !usage.is_null()) stream.AddChunk(plan.end_s, Json::array(), std::move(usage));
  stream.AddDone(plan.end_s);
  return stream.Take();
}

std::string ModelsBody(const std::vector<std::string>& names) {
  Json data = Json::array();
  for (const std::string& name : names) {
    data.push_back({{"id", name}, {"object", "model"}, {"created", 0}, {"owned_by", "mock-relay"}});
  }
  return Dump({{"object", "list"}, {"data", std::move(data)}});
}

std::string ErrorBody(int status, std::string_view code, std::string_view message) {
  const char* type = status >= 500 ? "server_error" : "invalid_request_error";
  if (status == 401) type = "authentication_error";
  Json error = {{"message", message}, {"type", type}, {"param", nullptr}, {"code", code}};
  return Dump({{"error", std::move(error)}});
}

const RelayApi kOpenAiChatRelay = {"/v1/chat/completions",
                                   "POST /v1/chat/completions",
                                   "text/event-stream",
                                   Parse,
                                   CompletionBody,
                                   StreamEvents,
                                   ErrorBody};

}  // namespace pinchbeck::cli
