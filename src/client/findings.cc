#include "src/client/findings.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace pinchbeck::internal {
namespace {

// Most alternatives that any position of the answer came with.
std::size_t MostAlternatives(const Observation& observation) {
  std::size_t most = 0;
  for (const PositionLogprobs& position : observation.logprobs) most = std::max(most, position.top.size());
  return most;
}

}  // namespace

void FindingsLog::Count(const std::string& name, bool missed, const std::string& detail) {
  Tally& tally = answers_[name];
  ++tally.asked;
  if (!missed) return;
  if (++tally.missed == 1) tally.detail = detail;
}

void FindingsLog::AddAnswer(const Observation& observation, const SamplingParameters& sampling) {
  const std::string& text = observation.response.text.value_or("");
  const UsageRecord& usage = observation.usage;
  // An answer without text has no tokens to report on.
  if (sampling.top_logprobs.has_value() && !text.empty()) {
    const bool none = observation.logprobs.empty();
    Count("logprobs_absent", none, "the answers come without log-probabilities");
    if (!none && *sampling.top_logprobs > 0) {
      const std::size_t most = MostAlternatives(observation);
      Count("logprobs_fewer", most < static_cast<std::size_t>(*sampling.top_logprobs),
            absl::StrCat("at most ", most, " alternatives per token where ", *sampling.top_logprobs,
                         " were asked for"));
    }
  }
  if (sampling.stream && !text.empty()) {
    Count("stream_absent", observation.timing.event_s.empty(), "the answers come whole, not as streams");
  }
  Count("usage_absent", !usage.output_tokens.has_value(), "the answers do not say how many tokens they used");
  if (usage.output_tokens.has_value()) {
    const std::int64_t visible = *usage.output_tokens - usage.reasoning_tokens.value_or(0);
    // Some servers count the token that ends the answer.
    Count("token_limit_passed", visible > sampling.max_tokens + 1,
          absl::StrCat("an answer of ", visible, " tokens where at most ", sampling.max_tokens,
                       " were asked for"));
  }
}

void FindingsLog::AddAdaptation(RequestParameter parameter, const std::string& what,
                                std::string_view server_words) {
  Tally& tally = refusals_[std::string(ParameterName(parameter)) + "_refused"];
  ++tally.missed;
  if (!tally.detail.empty()) tally.detail += "; ";
  tally.detail += what;
  if (tally.missed == 1) tally.detail += " (" + std::string(server_words) + ")";
}

void FindingsLog::AddLateRefusal(RequestParameter parameter, std::string_view server_words) {
  Tally& tally = refusals_[std::string(ParameterName(parameter)) + "_refused_at_times"];
  if (++tally.missed == 1) {
    tally.detail = "taken in some requests and refused in others, which are recorded as failed (" +
                   std::string(server_words) + ")";
  }
}

std::vector<CollectFinding> FindingsLog::Findings() const {
  std::vector<CollectFinding> findings;
  for (const auto& [name, tally] : refusals_) {
    findings.push_back({name, tally.missed, std::nullopt, tally.detail});
  }
  for (const auto& [name, tally] : answers_) {
    if (tally.missed > 0) findings.push_back({name, tally.missed, tally.asked, tally.detail});
  }
  return findings;
}

}  // namespace pinchbeck::internal
