#include "src/audit/observation_bytes.h"

#include <cstdint>
#include <optional>
#include <string>

namespace pinchbeck::internal {
namespace {

std::size_t BytesOf(const std::optional<std::string>& text) {
  return text.has_value() ? text->capacity() : 0;
}

std::size_t BytesOf(const TokenLogprob& token) { return sizeof(TokenLogprob) + token.token.capacity(); }

}  // namespace

std::size_t BytesOf(const Observation& observation) {
  const RequestRecord& request = observation.request;
  const ResponseRecord& response = observation.response;
  std::size_t bytes = sizeof(Observation) + observation.probe.capacity();
  for (const auto* text :
       {&observation.session, &observation.time, &observation.endpoint, &request.api, &request.model,
        &request.prompt_sha256, &response.id, &response.model, &response.text, &response.reasoning_text,
        &response.finish_reason, &response.native_finish_reason, &response.provider,
        &response.system_fingerprint}) {
    bytes += BytesOf(*text);
  }
  if (response.token_ids.has_value()) bytes += response.token_ids->capacity() * sizeof(std::int64_t);
  const TimingRecord& timing = observation.timing;
  bytes += timing.event_s.capacity() * sizeof(double);
  bytes += timing.event_tokens.capacity() * sizeof(std::int64_t);
  bytes += observation.logprobs.capacity() * sizeof(PositionLogprobs);
  for (const PositionLogprobs& position : observation.logprobs) {
    bytes += position.sampled.token.capacity();
    for (const TokenLogprob& token : position.top) bytes += BytesOf(token);
  }
  if (observation.error.has_value()) bytes += observation.error->message.capacity();
  return bytes;
}

}  // namespace pinchbeck::internal
