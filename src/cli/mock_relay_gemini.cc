// The generateContent API of the mock relay.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "pinchbeck/internal/status_macros.h"
#include "src/cli/mock_relay_api.h"
#include "src/cli/mock_relay_fields.h"

namespace pinchbeck::cli {
namespace {

using Json = nlohmann::json;

absl::StatusOr<std::string> PartsText(const Json& content, const std::string& path) {
  const Json* parts = content.is_object() ? Member(content, "parts") : nullptr;
  if (parts == nullptr || !parts->is_array()) return FieldError(path, "an object with parts");
  return JoinTexts(parts, path + ".parts");
}

absl::Status ReadContents(const Json& object, ChatRequest* request) {
  if (const Json* system = Member(object, "systemInstruction")) {
    PINCHBECK_ASSIGN_OR_RETURN(std::string text, PartsText(*system, "systemInstruction"));
    request->messages.push_back({"system", std::move(text)});
  }
  const Json* contents = Member(object, "contents");
  if (contents == nullptr || !contents->is_array() || contents->empty()) {
    return FieldError("contents", "a list with at least one content");
  }
  for (std::size_t i = 0; i < contents->size(); ++i) {
    PINCHBECK_ASSIGN_OR_RETURN(std::string text,
                               PartsText((*contents)[i], absl::StrCat("contents[", i, "]")));
    const Json* role = Member((*contents)[i], "role");
    const bool model = role != nullptr && *role == "model";
    request->messages.push_back({model ? "assistant" : "user", std::move(text)});
  }
  return absl::OkStatus();
}

// .../models/NAME:METHOD
absl::StatusOr<ChatRequest> Parse(std::string_view path, std::string_view body) {
  PINCHBECK_ASSIGN_OR_RETURN(const Json json, ParseBody(body));
  ChatRequest request;
  const std::size_t name = path.rfind('/') + 1;
  const std::size_t colon = path.rfind(':');
  request.model = std::string(path.substr(name, colon - name));
  request.stream = path.substr(colon) == ":streamGenerateContent";
  PINCHBECK_RETURN_IF_ERROR(ReadContents(json, &request));
  PINCHBECK_ASSIGN_OR_RETURN(const Json config, ObjectMember(json, "generationConfig"));
  PINCHBECK_RETURN_IF_ERROR(ReadTemperature(config, &request));
  PINCHBECK_RETURN_IF_ERROR(ReadTokenLimit(config, "maxOutputTokens", &request));
  PINCHBECK_RETURN_IF_ERROR(ReadBool(config, "responseLogprobs", &request.logprobs));
  std::optional<std::int64_t> top;
  PINCHBECK_RETURN_IF_ERROR(ReadInteger(config, "logprobs", 0, kMaxTopLogprobs, &top));
  request.top_logprobs = top.value_or(0);
  return request;
}

OrderedJson Candidate(const OrderedJson& entry) {
  OrderedJson json = {{"token", entry["token"]}};
  if (entry.contains("id")) json["tokenId"] = entry["id"];
  if (!entry["logprob"].is_null()) json["logProbability"] = entry["logprob"];
  return json;
}

OrderedJson LogprobsResult(const OrderedJson& entries) {
  OrderedJson chosen = OrderedJson::array();
  OrderedJson tops = OrderedJson::array();
  for (const OrderedJson& entry : entries) {
    chosen.push_back(Candidate(entry));
    OrderedJson top = OrderedJson::array();
    for (const OrderedJson& token : entry["top_logprobs"]) top.push_back(Candidate(token));
    tops.push_back({{"candidates", std::move(top)}});
  }
  return {{"chosenCandidates", std::move(chosen)}, {"topCandidates", std::move(tops)}};
}

OrderedJson Usage(const Observation& observation, const ReplyHead& head) {
  const UsageRecord& usage = observation.usage;
  OrderedJson json;
  if (const auto input = InputTokens(observation, head)) json["promptTokenCount"] = *input;
  if (usage.output_tokens) {
    // The counts do not overlap in this API.
    const std::int64_t thoughts = std::min(usage.reasoning_tokens.value_or(0), *usage.output_tokens);
    json["candidatesTokenCount"] = *usage.output_tokens - thoughts;
    if (usage.reasoning_tokens) json["thoughtsTokenCount"] = thoughts;
  }
  if (usage.cached_input_tokens) json["cachedContentTokenCount"] = *usage.cached_input_tokens;
  return json;
}

std::string FinishWord(const Observation& observation) {
  const std::string reason = FinishReason(observation);
  if (reason == "stop" || reason == "tool_calls") return "STOP";
  if (reason == "length") return "MAX_TOKENS";
  return reason == "content_filter" || reason == "refusal" ? "SAFETY" : "OTHER";
}

OrderedJson Thought(const Observation& observation) {
  return {{"text", *observation.response.reasoning_text}, {"thought", true}};
}

// One answer or chunk. An empty finish reason is left out.
OrderedJson Response(const ReplyHead& head, OrderedJson parts, const OrderedJson& entries,
                     const std::string& finish) {
  OrderedJson candidate = {{"index", 0}, {"content", {{"role", "model"}, {"parts", std::move(parts)}}}};
  if (!finish.empty()) candidate["finishReason"] = finish;
  if (!entries.is_null()) candidate["logprobsResult"] = LogprobsResult(entries);
  return {{"candidates", OrderedJson::array({std::move(candidate)})},
          {"modelVersion", head.model},
          {"responseId", head.id}};
}

void AddUsage(const Observation& observation, const ReplyHead& head, OrderedJson* response) {
  OrderedJson usage = Usage(observation, head);
  if (!usage.is_null()) (*response)["usageMetadata"] = std::move(usage);
}

std::string Whole(const Observation& observation, const ChatRequest& request, const ReplyHead& head) {
  OrderedJson parts = OrderedJson::array();
  if (observation.response.reasoning_text) parts.push_back(Thought(observation));
  parts.push_back({{"text", observation.response.text.value_or("")}});
  OrderedJson response =
      Response(head, std::move(parts), LogprobEntries(observation, request, 0, observation.logprobs.size()),
               FinishWord(observation));
  AddUsage(observation, head, &response);
  return Dump(response);
}

std::vector<TimedEvent> Events(const Observation& observation, const ChatRequest& request,
                               const ReplyHead& head) {
  const StreamPlan plan = PlanStream(observation);
  std::vector<TimedEvent> events;
  if (observation.response.reasoning_text) {
    events.push_back(
        {plan.pieces.front().at_s,
         ServerSentEvent(Response(head, OrderedJson::array({Thought(observation)}), nullptr, ""))});
  }
  for (const StreamPiece& piece : plan.pieces) {
    OrderedJson parts = OrderedJson::array({{{"text", piece.text}}});
    events.push_back({piece.at_s, ServerSentEvent(Response(
                                      head, std::move(parts),
                                      LogprobEntries(observation, request, piece.first, piece.last), ""))});
  }
  OrderedJson last = Response(head, OrderedJson::array(), nullptr, FinishWord(observation));
  AddUsage(observation, head, &last);
  events.push_back({plan.end_s, ServerSentEvent(last)});
  return events;
}

std::string Error(int status, std::string_view /*code*/, std::string_view message) {
  const char* word = status >= 500 ? "UNAVAILABLE" : "INVALID_ARGUMENT";
  if (status == 401) word = "UNAUTHENTICATED";
  if (status == 404) word = "NOT_FOUND";
  return Dump({{"error", {{"code", status}, {"message", message}, {"status", word}}}});
}

}  // namespace

const RelayApi kGeminiRelay = {R"(/v1beta/models/[^:/]+:(?:generateContent|streamGenerateContent))",
                               "POST /v1beta/models/MODEL:generateContent",
                               "text/event-stream",
                               Parse,
                               Whole,
                               Events,
                               Error};

}  // namespace pinchbeck::cli
