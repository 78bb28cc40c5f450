#include "pinchbeck/client/openai_chat.h"

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/client/openai_chat_decoder.h"
#include "src/client/url.h"

namespace pinchbeck {
namespace {

using nlohmann::json;

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

json Messages(const Probe& probe) {
  json messages = json::array();
  for (const ChatMessage& message : probe.messages) {
    messages.push_back({{"role", message.role}, {"content", message.content}});
  }
  return messages;
}

void AddSampling(const SamplingParameters& sampling, const std::string& token_limit_field, json& body) {
  body["temperature"] = sampling.temperature;
  if (sampling.top_p.has_value()) body["top_p"] = *sampling.top_p;
  if (sampling.top_k.has_value()) body["top_k"] = *sampling.top_k;
  if (sampling.min_p.has_value()) body["min_p"] = *sampling.min_p;
  body[token_limit_field] = sampling.max_tokens;
  if (sampling.top_logprobs.has_value()) {
    body["logprobs"] = true;
    body["top_logprobs"] = *sampling.top_logprobs;
  }
  body["stream"] = sampling.stream;
  if (sampling.stream) body["stream_options"] = {{"include_usage", true}};
}

}  // namespace

absl::StatusOr<std::string> ChatCompletionsUrl(std::string_view base_url) {
  PINCHBECK_ASSIGN_OR_RETURN(internal::Url url, internal::ParseUrl(base_url));
  while (EndsWith(url.path, "/")) url.path.pop_back();
  if (!EndsWith(url.path, internal::kChatOperation)) url.path += internal::kChatOperation;
  return url.Full();
}

OpenAiChatDialect::OpenAiChatDialect(OpenAiChatOptions options) : options_(std::move(options)) {}

std::string_view OpenAiChatDialect::name() const { return "openai_chat"; }

absl::StatusOr<HttpRequest> OpenAiChatDialect::BuildRequest(const Endpoint& endpoint, const Probe& probe,
                                                            std::optional<std::int64_t> seed) const {
  HttpRequest request;
  PINCHBECK_ASSIGN_OR_RETURN(request.url, ChatCompletionsUrl(endpoint.base_url));
  request.stream = probe.sampling.stream;
  request.headers = {{"Content-Type", "application/json"},
                     {"Accept", request.stream ? "text/event-stream" : "application/json"}};
  json body = json::object();
  body["model"] = endpoint.model;
  body["messages"] = Messages(probe);
  AddSampling(probe.sampling, options_.token_limit_field, body);
  if (seed.has_value()) body["seed"] = *seed;
  request.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  return request;
}

std::unique_ptr<ResponseDecoder> OpenAiChatDialect::MakeDecoder(bool streaming) const {
  return std::make_unique<internal::OpenAiChatDecoder>(streaming);
}

}  // namespace pinchbeck
