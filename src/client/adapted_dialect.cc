#include "src/client/adapted_dialect.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "pinchbeck/internal/status_macros.h"

namespace pinchbeck {

SamplingParameters AdaptedSampling(const SamplingParameters& sampling, const Adaptation& adaptation) {
  SamplingParameters adapted = sampling;
  if (adaptation.top_p) adapted.top_p.reset();
  if (adaptation.top_k) adapted.top_k.reset();
  if (adaptation.min_p) adapted.min_p.reset();
  if (adaptation.logprobs) adapted.top_logprobs.reset();
  if (adapted.top_logprobs.has_value() && adaptation.max_top_logprobs.has_value()) {
    adapted.top_logprobs = std::min(*adapted.top_logprobs, *adaptation.max_top_logprobs);
  }
  if (adaptation.stream) adapted.stream = false;
  return adapted;
}

bool OmitsTemperature(const SamplingParameters& sampling, const Adaptation& adaptation) {
  return adaptation.temperatures.count(sampling.temperature) > 0;
}

namespace internal {
namespace {

using nlohmann::json;

constexpr const char* kLimitNames[] = {"max_tokens", "max_completion_tokens"};

// The APIs put sampling parameters at the top of the body or into one of these members.
void RemoveTemperature(json& body) {
  body.erase("temperature");
  for (const char* group : {"generationConfig", "options"}) {
    if (const auto it = body.find(group); it != body.end() && it->is_object()) it->erase("temperature");
  }
}

void RenameTokenLimit(const std::string& name, json& body) {
  for (const char* old_name : kLimitNames) {
    const auto it = body.find(old_name);
    if (it == body.end() || name == old_name) continue;
    json value = *it;
    body.erase(old_name);
    body[name] = std::move(value);
    return;
  }
}

}  // namespace

absl::StatusOr<HttpRequest> AdaptedDialect::BuildRequest(const Endpoint& endpoint, const Probe& probe,
                                                         std::optional<std::int64_t> seed) const {
  if (adaptation_ == Adaptation{}) return dialect_.BuildRequest(endpoint, probe, seed);
  Probe adapted = probe;
  adapted.sampling = AdaptedSampling(probe.sampling, adaptation_);
  if (adaptation_.seed) seed.reset();
  PINCHBECK_ASSIGN_OR_RETURN(HttpRequest request, dialect_.BuildRequest(endpoint, adapted, seed));
  // The body is our own, so that it parses.
  json body = json::parse(request.body, nullptr, false);
  if (!body.is_object()) return request;
  if (OmitsTemperature(probe.sampling, adaptation_)) RemoveTemperature(body);
  if (adaptation_.stream_usage) body.erase("stream_options");
  if (adaptation_.token_limit_field.has_value()) RenameTokenLimit(*adaptation_.token_limit_field, body);
  request.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  return request;
}

}  // namespace internal
}  // namespace pinchbeck
