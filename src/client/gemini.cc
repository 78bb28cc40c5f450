#include "pinchbeck/client/gemini.h"

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "pinchbeck/client/api.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/client/answer_decoder.h"
#include "src/client/gemini_reader.h"
#include "src/client/operation.h"
#include "src/client/request_body.h"

namespace pinchbeck {
namespace {

using nlohmann::json;

// "models/NAME"; a collection in front of the name is kept.
std::string ModelPath(std::string_view model) {
  for (const std::string_view collection : {"models/", "tunedModels/"}) {
    if (model.substr(0, collection.size()) != collection) continue;
    return std::string(collection) + internal::EncodeSegment(model.substr(collection.size()));
  }
  return "models/" + internal::EncodeSegment(model);
}

json Part(const std::string& text) { return {{"parts", json::array({{{"text", text}}})}}; }

json Contents(const Probe& probe) {
  json contents = json::array();
  for (const ChatMessage& message : probe.messages) {
    if (message.role == "system") continue;
    json content = Part(message.content);
    content["role"] = message.role == "assistant" ? "model" : message.role;
    contents.push_back(std::move(content));
  }
  return contents;
}

json GenerationConfig(const SamplingParameters& sampling, std::optional<std::int64_t> seed) {
  json config = json::object();
  config["temperature"] = sampling.temperature;
  if (sampling.top_p.has_value()) config["topP"] = *sampling.top_p;
  if (sampling.top_k.has_value()) config["topK"] = *sampling.top_k;
  config["maxOutputTokens"] = sampling.max_tokens;
  if (sampling.top_logprobs.has_value()) {
    config["responseLogprobs"] = true;
    if (*sampling.top_logprobs > 0) config["logprobs"] = *sampling.top_logprobs;
  }
  if (seed.has_value()) config["seed"] = *seed;
  return config;
}

}  // namespace

std::string_view GeminiDialect::name() const { return ApiName(Api::kGemini); }

DialectFeatures GeminiDialect::features() const {
  DialectFeatures features;
  features.min_p = false;
  return features;
}

absl::StatusOr<HttpRequest> GeminiDialect::BuildRequest(const Endpoint& endpoint, const Probe& probe,
                                                        std::optional<std::int64_t> seed) const {
  const SamplingParameters& sampling = probe.sampling;
  const std::string method = sampling.stream ? ":streamGenerateContent" : ":generateContent";
  PINCHBECK_ASSIGN_OR_RETURN(
      internal::Url url,
      internal::OperationUrl(endpoint.base_url, "/v1beta", "/" + ModelPath(endpoint.model) + method));
  if (sampling.stream) url.query += url.query.empty() ? "alt=sse" : "&alt=sse";
  json body = json::object();
  if (const std::string system = internal::SystemText(probe); !system.empty()) {
    body["systemInstruction"] = Part(system);
  }
  body["contents"] = Contents(probe);
  body["generationConfig"] = GenerationConfig(sampling, seed);
  HttpRequest request = internal::JsonRequest(url, body, sampling.stream);
  request.key_header = {"x-goog-api-key", ""};
  return request;
}

std::unique_ptr<ResponseDecoder> GeminiDialect::MakeDecoder(bool streaming) const {
  return std::make_unique<internal::AnswerDecoder>(std::make_unique<internal::GeminiReader>(), streaming);
}

}  // namespace pinchbeck
