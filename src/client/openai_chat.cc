#include "pinchbeck/client/openai_chat.h"

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "pinchbeck/client/api.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/client/answer_decoder.h"
#include "src/client/openai_chat_reader.h"
#include "src/client/operation.h"
#include "src/client/request_body.h"

namespace pinchbeck {
namespace {

using nlohmann::json;

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
  if (sampling.reasoning_effort.has_value()) body["reasoning_effort"] = *sampling.reasoning_effort;
  body["stream"] = sampling.stream;
  if (sampling.stream) body["stream_options"] = {{"include_usage", true}};
}

}  // namespace

absl::StatusOr<std::string> ChatCompletionsUrl(std::string_view base_url) {
  PINCHBECK_ASSIGN_OR_RETURN(const internal::Url url,
                             internal::OperationUrl(base_url, "", "/chat/completions"));
  return url.Full();
}

OpenAiChatDialect::OpenAiChatDialect(OpenAiChatOptions options) : options_(std::move(options)) {}

std::string_view OpenAiChatDialect::name() const { return ApiName(Api::kOpenAiChat); }

DialectFeatures OpenAiChatDialect::features() const {
  DialectFeatures features;
  features.reasoning_effort = true;
  return features;
}

absl::StatusOr<HttpRequest> OpenAiChatDialect::BuildRequest(const Endpoint& endpoint, const Probe& probe,
                                                            std::optional<std::int64_t> seed) const {
  PINCHBECK_ASSIGN_OR_RETURN(const internal::Url url,
                             internal::OperationUrl(endpoint.base_url, "", "/chat/completions"));
  json body = json::object();
  body["model"] = endpoint.model;
  body["messages"] = internal::MessageList(probe);
  AddSampling(probe.sampling, options_.token_limit_field, body);
  if (seed.has_value()) body["seed"] = *seed;
  return internal::JsonRequest(url, body, probe.sampling.stream);
}

std::unique_ptr<ResponseDecoder> OpenAiChatDialect::MakeDecoder(bool streaming) const {
  return std::make_unique<internal::AnswerDecoder>(std::make_unique<internal::OpenAiChatReader>(), streaming);
}

}  // namespace pinchbeck
