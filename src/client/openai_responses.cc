#include "pinchbeck/client/openai_responses.h"

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "pinchbeck/client/api.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/client/answer_decoder.h"
#include "src/client/openai_responses_reader.h"
#include "src/client/operation.h"
#include "src/client/request_body.h"

namespace pinchbeck {

using nlohmann::json;

std::string_view OpenAiResponsesDialect::name() const { return ApiName(Api::kOpenAiResponses); }

DialectFeatures OpenAiResponsesDialect::features() const {
  DialectFeatures features;
  features.top_k = false;
  features.min_p = false;
  features.seed = false;
  features.reasoning_effort = true;
  return features;
}

absl::StatusOr<HttpRequest> OpenAiResponsesDialect::BuildRequest(const Endpoint& endpoint, const Probe& probe,
                                                                 std::optional<std::int64_t> /*seed*/) const {
  PINCHBECK_ASSIGN_OR_RETURN(const internal::Url url,
                             internal::OperationUrl(endpoint.base_url, "", "/responses"));
  const SamplingParameters& sampling = probe.sampling;
  json body = json::object();
  body["model"] = endpoint.model;
  body["input"] = internal::MessageList(probe);
  body["temperature"] = sampling.temperature;
  if (sampling.top_p.has_value()) body["top_p"] = *sampling.top_p;
  body["max_output_tokens"] = sampling.max_tokens;
  if (sampling.top_logprobs.has_value()) {
    body["top_logprobs"] = *sampling.top_logprobs;
    body["include"] = json::array({"message.output_text.logprobs"});
  }
  if (sampling.reasoning_effort.has_value()) body["reasoning"] = {{"effort", *sampling.reasoning_effort}};
  body["store"] = false;
  body["stream"] = sampling.stream;
  return internal::JsonRequest(url, body, sampling.stream);
}

std::unique_ptr<ResponseDecoder> OpenAiResponsesDialect::MakeDecoder(bool streaming) const {
  return std::make_unique<internal::AnswerDecoder>(std::make_unique<internal::OpenAiResponsesReader>(),
                                                   streaming);
}

}  // namespace pinchbeck
