#include "src/signal/declaration_sample.h"

#include <string>
#include <string_view>

namespace pinchbeck::internal {
namespace {

// "chatcmpl-A1b2" becomes "chatcmpl-*4": the form of an id without its value.
std::string IdShape(std::string_view id) {
  const auto dash = id.find_last_of("-_");
  constexpr std::size_t kLongestPrefix = 24;
  if (dash > kLongestPrefix) return "*" + std::to_string(id.size());
  return std::string(id.substr(0, dash + 1)) + "*" + std::to_string(id.size() - dash - 1);
}

}  // namespace

void AddDeclaration(const Observation& observation, DeclarationSample& sample) {
  const ResponseRecord& response = observation.response;
  ++sample.responses;
  if (response.model) ++sample.models[*response.model];
  if (response.id) ++sample.id_shapes[IdShape(*response.id)];
  if (response.system_fingerprint) ++sample.system_fingerprints[*response.system_fingerprint];
  if (response.finish_reason) ++sample.finish_reasons[*response.finish_reason];
  const UsageRecord& usage = observation.usage;
  if (usage.input_tokens) ++sample.usage_fields["input_tokens"];
  if (usage.output_tokens) ++sample.usage_fields["output_tokens"];
  if (usage.reasoning_tokens) ++sample.usage_fields["reasoning_tokens"];
  if (usage.cached_input_tokens) ++sample.usage_fields["cached_input_tokens"];
}

}  // namespace pinchbeck::internal
