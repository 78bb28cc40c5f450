#include "pinchbeck/client/ollama.h"

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "pinchbeck/client/api.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/client/answer_decoder.h"
#include "src/client/ollama_reader.h"
#include "src/client/operation.h"
#include "src/client/request_body.h"

namespace pinchbeck {
namespace {

using nlohmann::json;

json Options(const SamplingParameters& sampling, std::optional<std::int64_t> seed) {
  json options = json::object();
  options["temperature"] = sampling.temperature;
  if (sampling.top_p.has_value()) options["top_p"] = *sampling.top_p;
  if (sampling.top_k.has_value()) options["top_k"] = *sampling.top_k;
  if (sampling.min_p.has_value()) options["min_p"] = *sampling.min_p;
  options["num_predict"] = sampling.max_tokens;
  if (seed.has_value()) options["seed"] = *seed;
  return options;
}

}  // namespace

std::string_view OllamaDialect::name() const { return ApiName(Api::kOllama); }

absl::StatusOr<HttpRequest> OllamaDialect::BuildRequest(const Endpoint& endpoint, const Probe& probe,
                                                        std::optional<std::int64_t> seed) const {
  PINCHBECK_ASSIGN_OR_RETURN(internal::Url url, internal::ParseUrl(endpoint.base_url));
  url.path = internal::SplitOperation(url.path).base;
  url.path += internal::EndsWith(url.path, "/api") ? "/chat" : "/api/chat";
  const SamplingParameters& sampling = probe.sampling;
  json body = json::object();
  body["model"] = endpoint.model;
  body["messages"] = internal::MessageList(probe);
  body["options"] = Options(sampling, seed);
  // The server streams unless told otherwise.
  body["stream"] = sampling.stream;
  if (sampling.top_logprobs.has_value()) {
    body["logprobs"] = true;
    body["top_logprobs"] = *sampling.top_logprobs;
  }
  return internal::JsonRequest(url, body, sampling.stream, "application/x-ndjson");
}

std::unique_ptr<ResponseDecoder> OllamaDialect::MakeDecoder(bool streaming) const {
  return std::make_unique<internal::AnswerDecoder>(std::make_unique<internal::OllamaReader>(), streaming,
                                                   internal::StreamFraming::kJsonLines);
}

}  // namespace pinchbeck
