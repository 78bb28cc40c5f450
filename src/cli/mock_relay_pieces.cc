// The parts of answers that all APIs of the mock relay share.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nlohmann/json.hpp"
#include "pinchbeck/internal/utf8.h"
#include "src/cli/mock_relay_fields.h"

namespace pinchbeck::cli {
namespace {

OrderedJson BytesOf(const std::string& token) {
  // A replacement character stands for bytes that the recording did not keep.
  if (token.find("\xEF\xBF\xBD") != std::string::npos) return nullptr;
  OrderedJson bytes = OrderedJson::array();
  for (const char byte : token) bytes.push_back(static_cast<unsigned char>(byte));
  return bytes;
}

OrderedJson TokenJson(const TokenLogprob& token) {
  OrderedJson json = {{"token", token.token}, {"logprob", nullptr}, {"bytes", BytesOf(token.token)}};
  if (token.logprob) json["logprob"] = *token.logprob;
  if (token.id) json["id"] = *token.id;
  return json;
}

// When each content event arrived.
std::vector<double> EventTimes(const Observation& observation) {
  const TimingRecord& timing = observation.timing;
  if (!timing.event_s.empty()) return timing.event_s;
  const double only = timing.first_token_s.value_or(timing.total_s.value_or(0.0));
  return std::vector<double>(std::max<std::size_t>(observation.logprobs.size(), 1), only);
}

// How many of `tokens` recorded positions each event carries, as running sums that start with 0.
std::vector<std::size_t> TokenBounds(const Observation& observation, std::size_t events) {
  const std::size_t tokens = observation.logprobs.size();
  std::vector<std::size_t> bounds(events + 1, 0);
  const std::vector<std::int64_t>& counts = observation.timing.event_tokens;
  const bool counts_fit =
      counts.size() == events && std::all_of(counts.begin(), counts.end(), [](auto n) { return n >= 0; }) &&
      static_cast<std::size_t>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0})) == tokens;
  for (std::size_t i = 1; i <= events; ++i) {
    bounds[i] = counts_fit ? bounds[i - 1] + static_cast<std::size_t>(counts[i - 1]) : i * tokens / events;
  }
  return bounds;
}

std::vector<std::string> TextPieces(const Observation& observation, const std::vector<std::size_t>& bounds) {
  const std::string text = observation.response.text.value_or("");
  const std::size_t events = bounds.size() - 1;
  std::vector<std::string> pieces(events);
  std::string spelled;
  for (std::size_t i = 0; i < events; ++i) {
    for (std::size_t j = bounds[i]; j < bounds[i + 1]; ++j)
      pieces[i] += observation.logprobs[j].sampled.token;
    spelled += pieces[i];
  }
  return spelled == text && !text.empty() ? pieces : SplitText(text, events);
}

}  // namespace

std::string Dump(const OrderedJson& json) {
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

std::string ServerSentEvent(const OrderedJson& data, std::string_view type) {
  const std::string name = type.empty() ? "" : "event: " + std::string(type) + "\n";
  return name + "data: " + Dump(data) + "\n\n";
}

OrderedJson LogprobEntries(const Observation& observation, const ChatRequest& request, std::size_t first,
                           std::size_t last) {
  if (!request.logprobs || observation.logprobs.empty()) return nullptr;
  OrderedJson content = OrderedJson::array();
  for (std::size_t i = first; i < last; ++i) {
    const PositionLogprobs& position = observation.logprobs[i];
    OrderedJson entry = TokenJson(position.sampled);
    OrderedJson top = OrderedJson::array();
    const std::size_t count = std::min(
        position.top.size(), static_cast<std::size_t>(std::max<std::int64_t>(request.top_logprobs, 0)));
    for (std::size_t j = 0; j < count; ++j) top.push_back(TokenJson(position.top[j]));
    entry["top_logprobs"] = std::move(top);
    content.push_back(std::move(entry));
  }
  return content;
}

std::optional<std::int64_t> InputTokens(const Observation& observation, const ReplyHead& head) {
  const std::optional<std::int64_t>& recorded = observation.usage.input_tokens;
  if (!recorded.has_value()) return std::nullopt;
  return *recorded + head.extra_input_tokens;
}

std::string FinishReason(const Observation& observation) {
  return observation.response.finish_reason.value_or("stop");
}

StreamPlan PlanStream(const Observation& observation) {
  const std::vector<double> times = EventTimes(observation);
  const std::vector<std::size_t> bounds = TokenBounds(observation, times.size());
  std::vector<std::string> texts = TextPieces(observation, bounds);
  StreamPlan plan;
  for (std::size_t i = 0; i < times.size(); ++i) {
    plan.pieces.push_back({times[i], std::move(texts[i]), bounds[i], bounds[i + 1]});
  }
  plan.end_s = std::max(times.back(), observation.timing.total_s.value_or(0.0));
  return plan;
}

std::vector<std::string> SplitText(std::string_view text, std::size_t count) {
  std::vector<std::size_t> starts;
  for (std::size_t i = 0; i < text.size(); i += internal::DecodeCodePoint(text, i).length)
    starts.push_back(i);
  const std::size_t points = starts.size();
  starts.push_back(text.size());
  std::vector<std::string> pieces;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t first = starts[i * points / count], last = starts[(i + 1) * points / count];
    pieces.emplace_back(text.substr(first, last - first));
  }
  return pieces;
}

}  // namespace pinchbeck::cli
