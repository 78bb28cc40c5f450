#include "pinchbeck/client/anthropic.h"

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "pinchbeck/client/api.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/client/answer_decoder.h"
#include "src/client/anthropic_reader.h"
#include "src/client/operation.h"
#include "src/client/request_body.h"

namespace pinchbeck {
namespace {

using nlohmann::json;

constexpr const char* kApiVersion = "2023-06-01";

}  // namespace

std::string_view AnthropicDialect::name() const { return ApiName(Api::kAnthropic); }

DialectFeatures AnthropicDialect::features() const {
  DialectFeatures features;
  features.min_p = false;
  features.logprobs = false;
  features.seed = false;
  return features;
}

absl::StatusOr<HttpRequest> AnthropicDialect::BuildRequest(const Endpoint& endpoint, const Probe& probe,
                                                           std::optional<std::int64_t> /*seed*/) const {
  PINCHBECK_ASSIGN_OR_RETURN(const internal::Url url,
                             internal::OperationUrl(endpoint.base_url, "/v1", "/messages"));
  const SamplingParameters& sampling = probe.sampling;
  json body = json::object();
  body["model"] = endpoint.model;
  if (const std::string system = internal::SystemText(probe); !system.empty()) body["system"] = system;
  body["messages"] = internal::MessageList(probe, /*with_system=*/false);
  body["max_tokens"] = sampling.max_tokens;
  body["temperature"] = sampling.temperature;
  if (sampling.top_p.has_value()) body["top_p"] = *sampling.top_p;
  if (sampling.top_k.has_value()) body["top_k"] = *sampling.top_k;
  body["stream"] = sampling.stream;
  HttpRequest request = internal::JsonRequest(url, body, sampling.stream);
  request.headers.push_back({"anthropic-version", kApiVersion});
  if (!options_.bearer) request.key_header = {"x-api-key", ""};
  return request;
}

std::unique_ptr<ResponseDecoder> AnthropicDialect::MakeDecoder(bool streaming) const {
  return std::make_unique<internal::AnswerDecoder>(std::make_unique<internal::AnthropicReader>(), streaming);
}

}  // namespace pinchbeck
