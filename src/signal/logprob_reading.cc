#include "src/signal/logprob_reading.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>
#include <utility>
#include <vector>

namespace pinchbeck::internal {
namespace {

// Entries of one list that its checks look at.
constexpr std::size_t kMaxCheckedEntries = 128;
constexpr double kOrderSlack = 1e-3;
// Values of eight binary digits are off by 0.4 %.
constexpr double kLargestSum = 1.02;

using TokenIndex = std::map<std::string, std::uint32_t>;

bool HasLogprob(const TokenLogprob& token) { return token.logprob && IsLogprob(*token.logprob); }

std::uint32_t NumberOf(const std::string& token, TokenIndex& index, ProbeSample& sample) {
  const auto [it, added] = index.emplace(token, static_cast<std::uint32_t>(sample.tokens.size()));
  if (added) sample.tokens.push_back(token);
  return it->second;
}

bool Lists(const PositionLogprobs& position, const std::string& token) {
  return std::any_of(position.top.begin(), position.top.end(),
                     [&](const TokenLogprob& listed) { return listed.token == token; });
}

// The usable entries, most likely first. Some servers list the alternatives to the sampled token only: it is
// put back where it is as likely as they are. A sampled token below the list stays outside, because whether
// it was reported depends on the draw.
std::vector<const TokenLogprob*> Listed(const PositionLogprobs& position) {
  std::vector<const TokenLogprob*> listed;
  const TokenLogprob& sampled = position.sampled;
  if (position.top.size() < 2) {
    if (HasLogprob(sampled)) listed.push_back(&sampled);
    return listed;
  }
  double smallest = 0;
  for (const TokenLogprob& token : position.top) {
    if (!HasLogprob(token)) continue;
    listed.push_back(&token);
    smallest = std::min(smallest, *token.logprob);
  }
  if (!listed.empty() && HasLogprob(sampled) && *sampled.logprob >= smallest &&
      !Lists(position, sampled.token)) {
    listed.push_back(&sampled);
  }
  std::stable_sort(listed.begin(), listed.end(),
                   [](const auto* a, const auto* b) { return *a->logprob > *b->logprob; });
  return listed;
}

// Entries that would have to go for the rest to fall: the list without its longest falling subsequence.
std::size_t OutOfOrder(const std::vector<double>& values) {
  std::vector<std::size_t> longest(values.size(), 1);
  std::size_t best = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (values[i] <= values[j] + kOrderSlack) longest[i] = std::max(longest[i], longest[j] + 1);
    }
    best = std::max(best, longest[i]);
  }
  return values.size() - best;
}

// One entry may stand out: undecodable tokens share a spelling, and converters then keep one value of
// several.
void CountList(const PositionLogprobs& position, LogprobListCounts& counts) {
  std::vector<double> values;
  std::set<std::pair<std::string, double>> distinct;
  double sum = 0;
  for (const TokenLogprob& token : position.top) {
    if (distinct.size() == kMaxCheckedEntries) break;
    if (!HasLogprob(token) || !distinct.emplace(token.token, *token.logprob).second) continue;
    sum += std::exp(*token.logprob);
    if (token.token != position.sampled.token) values.push_back(*token.logprob);
  }
  if (distinct.size() < 2) return;
  if (HasLogprob(position.sampled) && !Lists(position, position.sampled.token)) {
    sum += std::exp(*position.sampled.logprob);
  }
  ++counts.lists;
  counts.unsorted += OutOfOrder(values) > 1 ? 1 : 0;
  counts.above_one += sum > kLargestSum ? 1 : 0;
}

void AddEntries(const PositionLogprobs& position, TokenIndex& index, ProbeSample& sample,
                FirstTokenLogprobs& item) {
  for (const TokenLogprob* token : Listed(position)) {
    if (item.entries.size() == kMaxTopLogprobs) break;
    const std::uint32_t number = NumberOf(token->token, index, sample);
    // Special tokens can share one spelling; the most likely of them stands for all.
    const bool repeated = std::any_of(item.entries.begin(), item.entries.end(),
                                      [&](const auto& entry) { return entry.first == number; });
    if (!repeated) item.entries.emplace_back(number, *token->logprob);
  }
  // What is left counts: a list whose other entries are all censored reports one token only.
  item.has_alternatives = item.entries.size() >= 2;
  if (!position.sampled.logprob && position.sampled.token.empty()) return;
  const auto found = std::find_if(item.entries.begin(), item.entries.end(), [&](const auto& entry) {
    return sample.tokens[entry.first] == position.sampled.token;
  });
  item.sampled = static_cast<std::size_t>(found - item.entries.begin());
}

void AddLaterPositions(const Observation& observation, TokenIndex& index, ProbeSample& sample,
                       FirstTokenLogprobs& item) {
  if (observation.logprobs.size() < 2) return;
  double sum = 0;
  std::int64_t count = 0;
  for (const PositionLogprobs& position : observation.logprobs) {
    if (!HasLogprob(position.sampled)) continue;
    sum += *position.sampled.logprob;
    ++count;
  }
  if (count >= 2) {
    item.mean = sum / static_cast<double>(count);
    item.mean_tokens = count;
  }
  if (observation.request.temperature != 0.0) return;
  for (const PositionLogprobs& position : observation.logprobs) {
    if (item.path.size() == kMaxPathTokens || !HasLogprob(position.sampled)) break;
    item.path.emplace_back(NumberOf(position.sampled.token, index, sample), *position.sampled.logprob);
  }
}

}  // namespace

void AddLogprobs(const Observation& observation, std::map<std::string, std::uint32_t>& index,
                 ProbeSample& sample) {
  if (observation.logprobs.empty()) return;
  const PositionLogprobs& first = observation.logprobs.front();
  CountList(first, sample.logprob_lists);
  FirstTokenLogprobs item;
  AddEntries(first, index, sample, item);
  if (item.entries.empty()) return;
  AddLaterPositions(observation, index, sample, item);
  sample.logprobs.push_back(std::move(item));
}

}  // namespace pinchbeck::internal
