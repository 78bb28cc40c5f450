#include "pinchbeck/client/openai_completions.h"

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "pinchbeck/client/api.h"
#include "pinchbeck/core/plain_prompt.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/client/answer_decoder.h"
#include "src/client/openai_completions_reader.h"
#include "src/client/operation.h"
#include "src/client/request_body.h"

namespace pinchbeck {
namespace {

using nlohmann::json;

}  // namespace

std::string_view OpenAiCompletionsDialect::name() const { return ApiName(Api::kOpenAiCompletions); }

std::string OpenAiCompletionsDialect::PromptSha256(const Probe& probe) const {
  return PlainPromptSha256(probe);
}

absl::StatusOr<HttpRequest> OpenAiCompletionsDialect::BuildRequest(const Endpoint& endpoint,
                                                                   const Probe& probe,
                                                                   std::optional<std::int64_t> seed) const {
  PINCHBECK_ASSIGN_OR_RETURN(const internal::Url url,
                             internal::OperationUrl(endpoint.base_url, "", "/completions"));
  const SamplingParameters& sampling = probe.sampling;
  json body = json::object();
  body["model"] = endpoint.model;
  body["prompt"] = PlainPrompt(probe);
  body["temperature"] = sampling.temperature;
  if (sampling.top_p.has_value()) body["top_p"] = *sampling.top_p;
  if (sampling.top_k.has_value()) body["top_k"] = *sampling.top_k;
  if (sampling.min_p.has_value()) body["min_p"] = *sampling.min_p;
  body["max_tokens"] = sampling.max_tokens;
  if (sampling.top_logprobs.has_value()) body["logprobs"] = *sampling.top_logprobs;
  if (seed.has_value()) body["seed"] = *seed;
  body["stream"] = sampling.stream;
  if (sampling.stream) body["stream_options"] = {{"include_usage", true}};
  return internal::JsonRequest(url, body, sampling.stream);
}

std::unique_ptr<ResponseDecoder> OpenAiCompletionsDialect::MakeDecoder(bool streaming) const {
  return std::make_unique<internal::AnswerDecoder>(std::make_unique<internal::OpenAiCompletionsReader>(),
                                                   streaming);
}

}  // namespace pinchbeck
