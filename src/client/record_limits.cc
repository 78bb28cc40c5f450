#include "src/client/record_limits.h"

#include <optional>
#include <string>

namespace pinchbeck::internal {
namespace {

constexpr std::size_t kMaxRecordedBytes = std::size_t{2} << 20;

std::size_t RecordedBytes(const Observation& observation) {
  std::size_t bytes =
      observation.response.text.value_or("").size() + observation.response.reasoning_text.value_or("").size();
  bytes += (observation.timing.event_s.size() + observation.timing.event_tokens.size()) * 4;
  if (observation.response.token_ids.has_value()) bytes += observation.response.token_ids->size() * 4;
  for (const PositionLogprobs& position : observation.logprobs) {
    bytes += 16 + position.sampled.token.size();
    for (const TokenLogprob& alternative : position.top) bytes += 16 + alternative.token.size();
  }
  return bytes;
}

}  // namespace

void LimitSize(Observation& observation) {
  ResponseRecord& response = observation.response;
  for (std::optional<std::string>* label :
       {&response.id, &response.model, &response.finish_reason, &response.native_finish_reason,
        &response.provider, &response.system_fingerprint}) {
    if (label->has_value() && (*label)->size() > kMaxLabelBytes) (*label)->resize(kMaxLabelBytes);
  }
  const std::size_t bytes = RecordedBytes(observation);
  if (bytes <= kMaxRecordedBytes) return;
  observation.response.text.reset();
  observation.response.reasoning_text.reset();
  observation.response.token_ids.reset();
  observation.logprobs.clear();
  observation.timing.event_s.clear();
  observation.timing.event_tokens.clear();
  if (!observation.error.has_value()) {
    observation.error =
        ErrorRecord{ErrorKind::kProtocol, std::nullopt,
                    "the answer is too large to record (" + std::to_string(bytes) + " bytes)"};
  }
}

}  // namespace pinchbeck::internal
