#include "src/cli/mock_relay_wire.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>

#include "nlohmann/json.hpp"
#include "pinchbeck/internal/utf8.h"

namespace pinchbeck::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json BytesOf(const std::string& token) {
  // A replacement character stands for bytes that the recording did not keep.
  if (token.find("\xEF\xBF\xBD") != std::string::npos) return nullptr;
  Json bytes = Json::array();
  for (const char byte : token) bytes.push_back(static_cast<unsigned char>(byte));
  return bytes;
}

Json TokenJson(const TokenLogprob& token) {
  Json json = {{"token", token.token}, {"logprob", nullptr}, {"bytes", BytesOf(token.token)}};
  if (token.logprob) json["logprob"] = *token.logprob;
  if (token.id) json["id"] = *token.id;
  return json;
}

// Positions first <= i < last, or null where nothing was asked for or recorded.
Json LogprobsJson(const Observation& observation, const ChatRequest& request, std::size_t first,
                  std::size_t last) {
  if (!request.logprobs || observation.logprobs.empty()) return nullptr;
  Json content = Json::array();
  for (std::size_t i = first; i < last; ++i) {
    const PositionLogprobs& position = observation.logprobs[i];
    Json entry = TokenJson(position.sampled);
    Json top = Json::array();
    const std::size_t count = std::min(
        position.top.size(), static_cast<std::size_t>(std::max<std::int64_t>(request.top_logprobs, 0)));
    for (std::size_t j = 0; j < count; ++j) top.push_back(TokenJson(position.top[j]));
    entry["top_logprobs"] = std::move(top);
    content.push_back(std::move(entry));
  }
  return {{"content", std::move(content)}, {"refusal", nullptr}};
}

// The recorded counts; null when there are none.
Json UsageJson(const UsageRecord& usage, std::int64_t extra_input_tokens) {
  Json json;
  if (usage.input_tokens) json["prompt_tokens"] = *usage.input_tokens + extra_input_tokens;
  if (usage.output_tokens) json["completion_tokens"] = *usage.output_tokens;
  if (usage.input_tokens && usage.output_tokens) {
    json["total_tokens"] = *usage.input_tokens + extra_input_tokens + *usage.output_tokens;
  }
  if (usage.cached_input_tokens)
    json["prompt_tokens_details"] = {{"cached_tokens", *usage.cached_input_tokens}};
  if (usage.reasoning_tokens)
    json["completion_tokens_details"] = {{"reasoning_tokens", *usage.reasoning_tokens}};
  return json;
}

Json Envelope(const char* object, const Observation& observation, const ReplyHead& head) {
  Json json = {{"id", head.id}, {"object", object}, {"created", head.created}, {"model", head.model}};
  const auto& fingerprint = observation.response.system_fingerprint;
  if (fingerprint) json["system_fingerprint"] = *fingerprint;
  return json;
}

std::string FinishReason(const Observation& observation) {
  return observation.response.finish_reason.value_or("stop");
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
    AddBytes(at_s, Dump(chunk));
  }
  void AddBytes(double at_s, const std::string& data) { events_.push_back({at_s, "data: " + data + "\n\n"}); }
  std::vector<TimedEvent> Take() { return std::move(events_); }

 private:
  const Observation& observation_;
  const ChatRequest& request_;
  const ReplyHead& head_;
  std::vector<TimedEvent> events_;
};

// When each content event arrived.
std::vector<double> EventTimes(const Observation& observation) {
  const TimingRecord& timing = observation.timing;
  if (!timing.event_s.empty()) return timing.event_s;
  const double only = timing.first_token_s.value_or(timing.total_s.value_or(0.0));
  return std::vector<double>(std::max<std::size_t>(observation.logprobs.size(), 1), only);
}

// How many of `tokens` recorded positions each event carries, as running sums that start with 0.
std::vector<std::size_t> TokenBounds(const Observation& observation, std::size_t events) {
  const std::size_t tokens = observation.logprobs.size();
  std::vector<std::size_t> bounds(events + 1, 0);
  const std::vector<std::int64_t>& counts = observation.timing.event_tokens;
  const bool counts_fit =
      counts.size() == events && std::all_of(counts.begin(), counts.end(), [](auto n) { return n >= 0; }) &&
      static_cast<std::size_t>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0})) == tokens;
  for (std::size_t i = 1; i <= events; ++i) {
    bounds[i] = counts_fit ? bounds[i - 1] + static_cast<std::size_t>(counts[i - 1]) : i * tokens / events;
  }
  return bounds;
}

std::vector<std::string> TextPieces(const Observation& observation, const std::vector<std::size_t>& bounds) {
  const std::string text = observation.response.text.value_or("");
  const std::size_t events = bounds.size() - 1;
  std::vector<std::string> pieces(events);
  std::string spelled;
  for (std::size_t i = 0; i < events; ++i) {
    for (std::size_t j = bounds[i]; j < bounds[i + 1]; ++j)
      pieces[i] += observation.logprobs[j].sampled.token;
    spelled += pieces[i];
  }
  return spelled == text && !text.empty() ? pieces : SplitText(text, events);
}

}  // namespace

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
  Json usage = UsageJson(observation.usage, head.extra_input_tokens);
  if (!usage.is_null()) body["usage"] = std::move(usage);
  return Dump(body);
}

std::vector<TimedEvent> StreamEvents(const Observation& observation, const ChatRequest& request,
                                     const ReplyHead& head) {
  const std::vector<double> times = EventTimes(observation);
  const std::vector<std::size_t> bounds = TokenBounds(observation, times.size());
  const std::vector<std::string> pieces = TextPieces(observation, bounds);
  StreamBuilder stream(observation, request, head);
  stream.Add(0.0, {{"role", "assistant"}, {"content", ""}}, nullptr, nullptr);
  if (observation.response.reasoning_text) {
    stream.Add(times.front(), {{"reasoning_content", *observation.response.reasoning_text}}, nullptr,
               nullptr);
  }
  for (std::size_t i = 0; i < times.size(); ++i) {
    stream.Add(times[i], {{"content", pieces[i]}},
               LogprobsJson(observation, request, bounds[i], bounds[i + 1]), nullptr);
  }
  const double end_s = std::max(times.back(), observation.timing.total_s.value_or(0.0));
  stream.Add(end_s, Json::object(), nullptr, FinishReason(observation));
  Json usage = UsageJson(observation.usage, head.extra_input_tokens);
  if (request.include_usage && !usage.is_null()) stream.AddChunk(end_s, Json::array(), std::move(usage));
  stream.AddBytes(end_s, "[DONE]");
  return stream.Take();
}

std::string ModelsBody(const std::vector<std::string>& names) {
  Json data = Json::array();
  for (const std::string& name : names) {
    data.push_back({{"id", name}, {"object", "model"}, {"created", 0}, {"owned_by", "mock-relay"}});
  }
  return Dump({{"object", "list"}, {"data", std::move(data)}});
}

std::string ErrorBody(std::string_view type, std::string_view code, std::string_view message) {
  Json error = {{"message", message}, {"type", type}, {"param", nullptr}, {"code", code}};
  return Dump({{"error", std::move(error)}});
}

std::vector<std::string> SplitText(std::string_view text, std::size_t count) {
  std::vector<std::size_t> starts;
  for (std::size_t i = 0; i < text.size(); i += internal::DecodeCodePoint(text, i).length)
    starts.push_back(i);
  const std::size_t points = starts.size();
  starts.push_back(text.size());
  std::vector<std::string> pieces;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t first = starts[i * points / count], last = starts[(i + 1) * points / count];
    pieces.emplace_back(text.substr(first, last - first));
  }
  return pieces;
}

}  // namespace pinchbeck::cli
