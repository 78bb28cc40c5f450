#include "pinchbeck/signal/sample.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

namespace pinchbeck {
namespace {

template <class Key>
void AddCounts(const std::map<Key, std::int64_t>& from, std::map<Key, std::int64_t>& to) {
  for (const auto& [key, count] : from) to[key] += count;
}

template <class T>
void Append(const std::vector<T>& from, std::vector<T>& to) {
  to.insert(to.end(), from.begin(), from.end());
}

// What one part did not record another may have.
template <class T>
void Fill(const std::optional<T>& from, std::optional<T>& to) {
  if (!to) to = from;
}

void AppendProbe(const ProbeSample& from, std::uint32_t first_session, ProbeSample& to) {
  Fill(from.conditions.temperature, to.conditions.temperature);
  Fill(from.conditions.top_p, to.conditions.top_p);
  Fill(from.conditions.top_k, to.conditions.top_k);
  Fill(from.conditions.min_p, to.conditions.min_p);
  Fill(from.conditions.max_tokens, to.conditions.max_tokens);
  Fill(from.conditions.prompt_sha256, to.conditions.prompt_sha256);
  to.usable += from.usable;
  to.failed += from.failed;
  AddCounts(from.choices, to.choices);
  AppendLogprobs(from.logprobs, from.tokens, first_session, to);
  to.logprob_lists.lists += from.logprob_lists.lists;
  to.logprob_lists.unsorted += from.logprob_lists.unsorted;
  to.logprob_lists.above_one += from.logprob_lists.above_one;
  Append(from.lengths, to.lengths);
  Append(from.reasoning, to.reasoning);
  Append(from.latencies, to.latencies);
  Append(from.texts, to.texts);
  AddCounts(from.input_tokens, to.input_tokens);
}

}  // namespace

std::string_view LengthSourceName(LengthSource source) {
  switch (source) {
    case LengthSource::kUsage:
      return "usage";
    case LengthSource::kEvents:
      return "events";
    case LengthSource::kCharacters:
      return "characters";
  }
  return "usage";
}

std::optional<GapShape> ShapeOfGaps(std::span<const double> gaps) {
  if (gaps.size() < kLeastGaps) return std::nullopt;
  const double count = static_cast<double>(gaps.size());
  const double mean = std::accumulate(gaps.begin(), gaps.end(), 0.0) / count;
  // All events at once have no shape.
  if (!(mean > 0) || !std::isfinite(mean)) return std::nullopt;
  double squares = 0, neighbours = 0;
  std::size_t short_gaps = 0;
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    // Relative to the mean, so that squares of tiny gaps do not vanish.
    const double gap = gaps[i] / mean - 1;
    squares += gap * gap;
    if (i > 0) neighbours += gap * (gaps[i - 1] / mean - 1);
    short_gaps += gaps[i] < 0.1 * mean ? 1 : 0;
  }
  GapShape shape;
  shape.dispersion = std::sqrt(squares / count);
  shape.burst_share = static_cast<double>(short_gaps) / count;
  if (shape.dispersion > 1e-9) shape.autocorrelation = neighbours / squares;
  return shape;
}

std::int64_t ProbeSample::choice_count() const {
  std::int64_t total = 0;
  for (const auto& [answer, count] : choices) total += count;
  return total;
}

void AppendLogprobs(const std::vector<FirstTokenLogprobs>& logprobs, const std::vector<std::string>& tokens,
                    std::uint32_t first_session, ProbeSample& sample) {
  if (logprobs.empty()) return;
  std::map<std::string, std::uint32_t> index;
  for (std::uint32_t i = 0; i < sample.tokens.size(); ++i) index.emplace(sample.tokens[i], i);
  const auto renumber = [&](std::pair<std::uint32_t, double>& entry) {
    const std::string& token = tokens[entry.first];
    const auto [it, added] = index.emplace(token, static_cast<std::uint32_t>(sample.tokens.size()));
    if (added) sample.tokens.push_back(token);
    entry.first = it->second;
  };
  for (FirstTokenLogprobs item : logprobs) {
    std::for_each(item.entries.begin(), item.entries.end(), renumber);
    std::for_each(item.path.begin(), item.path.end(), renumber);
    item.session += first_session;
    sample.logprobs.push_back(std::move(item));
  }
}

SampleSet MergeSamples(const std::vector<const SampleSet*>& parts) {
  SampleSet merged;
  merged.sessions = 0;
  for (const SampleSet* part : parts) {
    for (const auto& [id, probe] : part->probes) AppendProbe(probe, merged.sessions, merged.probes[id]);
    merged.sessions += part->sessions;
    AddCounts(part->declaration.models, merged.declaration.models);
    AddCounts(part->declaration.id_shapes, merged.declaration.id_shapes);
    AddCounts(part->declaration.system_fingerprints, merged.declaration.system_fingerprints);
    AddCounts(part->declaration.finish_reasons, merged.declaration.finish_reasons);
    AddCounts(part->declaration.usage_fields, merged.declaration.usage_fields);
    merged.declaration.responses += part->declaration.responses;
    merged.usable += part->usable;
    AddCounts(part->failures, merged.failures);
  }
  return merged;
}

}  // namespace pinchbeck
