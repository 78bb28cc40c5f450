#include "src/signal/variant_mixture.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <utility>

#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck::internal {
namespace {

// Added to every count before a share is taken (Krichevsky & Trofimov 1981).
constexpr double kSmoothing = 0.5;
constexpr int kMostRounds = 200;
constexpr double kConverged = 1e-6;

// One distinct observed answer: how often it came, and each serving's share of it.
struct Answer {
  double count = 0;
  std::vector<double> shares;
};

void AddAnswers(const std::string& id, const ProbeSample& observed,
                std::span<const SampleSet* const> variants, std::vector<Answer>& answers) {
  std::set<std::string> categories;
  for (const auto& entry : observed.choices) categories.insert(entry.first);
  std::vector<const ProbeSample*> probes;
  for (const SampleSet* variant : variants) {
    const auto it = variant->probes.find(id);
    if (it == variant->probes.end() || it->second.choices.empty()) return;
    probes.push_back(&it->second);
    for (const auto& entry : it->second.choices) categories.insert(entry.first);
  }
  const double support = static_cast<double>(categories.size());
  for (const auto& [answer, count] : observed.choices) {
    Answer added{static_cast<double>(count), {}};
    for (const ProbeSample* probe : probes) {
      const auto it = probe->choices.find(answer);
      const double stored = it == probe->choices.end() ? 0.0 : static_cast<double>(it->second);
      added.shares.push_back((stored + kSmoothing) /
                             (static_cast<double>(probe->choice_count()) + kSmoothing * support));
    }
    answers.push_back(std::move(added));
  }
}

// How many answers each serving gives: as many in all as the scarcest allows, rounded from a random start, so
// that the expected numbers are exactly proportional to the weights.
std::vector<std::size_t> Numbers(const std::vector<std::size_t>& available, std::span<const double> weights,
                                 stats::CounterRng& rng) {
  const double start = rng.Uniform();
  double most = -1;
  for (std::size_t v = 0; v < available.size(); ++v) {
    if (available[v] == 0) return available;
    if (weights[v] <= 0) continue;
    const double allowed = static_cast<double>(available[v]) / weights[v];
    most = most < 0 ? allowed : std::min(most, allowed);
  }
  const double all = std::floor(most + 1e-9);
  std::vector<std::size_t> numbers;
  double sum = 0, before = std::floor(start);
  for (std::size_t v = 0; v < available.size(); ++v) {
    sum += weights[v];
    const double now = v + 1 == available.size() ? all : std::min(all, std::floor(all * sum + start));
    numbers.push_back(std::min(available[v], static_cast<std::size_t>(std::max(0.0, now - before))));
    before = std::max(before, now);
  }
  return numbers;
}

// In the order of the pool: neighbouring requests stay neighbours.
template <class T>
std::vector<T> Draw(const std::vector<T>& pool, std::size_t count, stats::CounterRng& rng) {
  std::vector<std::size_t> order(pool.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = 0; i < count; ++i) {
    std::swap(order[i], order[i + rng.Below(static_cast<std::uint32_t>(order.size() - i))]);
  }
  order.resize(count);
  std::sort(order.begin(), order.end());
  std::vector<T> drawn;
  for (const std::size_t i : order) drawn.push_back(pool[i]);
  return drawn;
}

template <class Key>
std::map<Key, std::int64_t> Draw(const std::map<Key, std::int64_t>& counts, std::size_t count,
                                 stats::CounterRng& rng) {
  std::vector<const Key*> pool;
  for (const auto& [key, times] : counts) pool.insert(pool.end(), static_cast<std::size_t>(times), &key);
  std::map<Key, std::int64_t> drawn;
  for (const Key* key : Draw(pool, count, rng)) ++drawn[*key];
  return drawn;
}

template <class T>
std::size_t CountOf(const std::vector<T>& items) {
  return items.size();
}
template <class Key>
std::size_t CountOf(const std::map<Key, std::int64_t>& counts) {
  std::size_t total = 0;
  for (const auto& entry : counts) total += static_cast<std::size_t>(entry.second);
  return total;
}

// Thins one kind of data of the servings' copies of a probe.
template <class Member>
void Thin(const std::vector<ProbeSample*>& probes, Member member, std::span<const double> weights,
          stats::CounterRng& rng) {
  std::vector<std::size_t> available;
  for (const ProbeSample* probe : probes) available.push_back(CountOf(probe->*member));
  const std::vector<std::size_t> numbers = Numbers(available, weights, rng);
  for (std::size_t v = 0; v < probes.size(); ++v) {
    if (numbers[v] < available[v]) probes[v]->*member = Draw(probes[v]->*member, numbers[v], rng);
  }
}

}  // namespace

std::optional<std::vector<double>> FitVariantWeights(std::span<const SampleSet* const> variants,
                                                     const SampleSet& observed) {
  if (variants.size() < 2) return std::nullopt;
  std::vector<Answer> answers;
  for (const auto& [id, probe] : observed.probes) {
    if (!probe.choices.empty()) AddAnswers(id, probe, variants, answers);
  }
  if (answers.empty()) return std::nullopt;
  std::vector<double> weights(variants.size(), 1 / static_cast<double>(variants.size()));
  for (int round = 0; round < kMostRounds; ++round) {
    std::vector<double> sums(weights.size(), 0);
    double total = 0;
    for (const Answer& answer : answers) {
      double mixed = 0;
      for (std::size_t v = 0; v < weights.size(); ++v) mixed += weights[v] * answer.shares[v];
      for (std::size_t v = 0; v < weights.size(); ++v) {
        sums[v] += answer.count * weights[v] * answer.shares[v] / mixed;
      }
      total += answer.count;
    }
    double moved = 0;
    for (std::size_t v = 0; v < weights.size(); ++v) {
      moved = std::max(moved, std::abs(sums[v] / total - weights[v]));
      weights[v] = sums[v] / total;
    }
    if (moved < kConverged) break;
  }
  return weights;
}

SampleSet DrawVariantMixture(std::span<const SampleSet* const> variants, std::span<const double> weights,
                             std::uint64_t seed) {
  std::vector<SampleSet> parts;
  for (const SampleSet* variant : variants) parts.push_back(*variant);
  std::set<std::string> ids;
  for (const SampleSet& part : parts) {
    for (const auto& entry : part.probes) ids.insert(entry.first);
  }
  std::uint64_t stream = 0;
  for (const std::string& id : ids) {
    stats::CounterRng rng(stats::MixSeed(seed, 0x313A), stream++);
    std::vector<ProbeSample*> probes;
    std::vector<double> own;
    for (std::size_t v = 0; v < parts.size(); ++v) {
      const auto it = parts[v].probes.find(id);
      if (it == parts[v].probes.end()) continue;
      probes.push_back(&it->second);
      own.push_back(weights[v]);
    }
    if (probes.size() < parts.size()) continue;
    Thin(probes, &ProbeSample::choices, own, rng);
    Thin(probes, &ProbeSample::logprobs, own, rng);
    Thin(probes, &ProbeSample::lengths, own, rng);
    Thin(probes, &ProbeSample::reasoning, own, rng);
    Thin(probes, &ProbeSample::latencies, own, rng);
    Thin(probes, &ProbeSample::texts, own, rng);
    Thin(probes, &ProbeSample::input_tokens, own, rng);
  }
  std::vector<const SampleSet*> pointers;
  for (const SampleSet& part : parts) pointers.push_back(&part);
  return MergeSamples(pointers);
}

}  // namespace pinchbeck::internal
