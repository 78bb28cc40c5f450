#include "src/audit/power.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "pinchbeck/stats/counter_rng.h"
#include "src/audit/audit_simulation.h"

namespace pinchbeck::internal {
namespace {

constexpr int kSimulations = 20;

// Indices drawn without replacement while the pool lasts, else with replacement.
std::vector<std::size_t> DrawIndices(std::size_t pool, std::size_t count, stats::CounterRng& rng) {
  std::vector<std::size_t> indices;
  if (count > pool) {
    for (std::size_t i = 0; i < count; ++i) indices.push_back(rng.Below(static_cast<std::uint32_t>(pool)));
    return indices;
  }
  indices.resize(pool);
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  for (std::size_t i = 0; i < count; ++i) {
    std::swap(indices[i], indices[i + rng.Below(static_cast<std::uint32_t>(pool - i))]);
  }
  indices.resize(count);
  return indices;
}

std::size_t Scaled(std::size_t count, double factor) {
  return static_cast<std::size_t>(std::llround(static_cast<double>(count) * factor));
}

template <class T>
std::vector<T> DrawItems(const std::vector<T>& pool, std::size_t count, stats::CounterRng& rng) {
  std::vector<T> drawn;
  if (pool.empty()) return drawn;
  for (const std::size_t index : DrawIndices(pool.size(), count, rng)) drawn.push_back(pool[index]);
  return drawn;
}

template <class T>
std::vector<T> DrawOnce(const std::vector<T>& pool, std::size_t count, stats::CounterRng& rng) {
  return DrawItems(pool, std::min(count, pool.size()), rng);
}

std::map<std::string, std::int64_t> DrawChoices(const std::map<std::string, std::int64_t>& counts,
                                                std::size_t count, stats::CounterRng& rng) {
  std::vector<const std::string*> pool;
  for (const auto& [answer, times] : counts)
    pool.insert(pool.end(), static_cast<std::size_t>(times), &answer);
  std::map<std::string, std::int64_t> drawn;
  if (pool.empty()) return drawn;
  for (const std::size_t index : DrawIndices(pool.size(), count, rng)) ++drawn[*pool[index]];
  return drawn;
}

// A sample of the observed one's design, with the alternative's answers.
SampleSet Simulate(const SampleSet& alternative, const SampleSet& observed, double factor,
                   stats::CounterRng& rng) {
  SampleSet simulated;
  for (const auto& [id, design] : observed.probes) {
    const auto it = alternative.probes.find(id);
    if (it == alternative.probes.end()) continue;
    const ProbeSample& pool = it->second;
    ProbeSample drawn;
    drawn.conditions = design.conditions;
    drawn.tokens = pool.tokens;
    drawn.choices =
        DrawChoices(pool.choices, Scaled(static_cast<std::size_t>(design.choice_count()), factor), rng);
    drawn.logprobs = DrawItems(pool.logprobs, Scaled(design.logprobs.size(), factor), rng);
    drawn.lengths = DrawOnce(pool.lengths, Scaled(design.lengths.size(), factor), rng);
    drawn.reasoning = DrawOnce(pool.reasoning, Scaled(design.reasoning.size(), factor), rng);
    drawn.texts = DrawOnce(pool.texts, Scaled(design.texts.size(), factor), rng);
    simulated.probes.emplace(id, std::move(drawn));
  }
  return simulated;
}

// How far beyond the gates the answers are from a reference.
double DistanceFrom(const SampleSet& reference, DecisionInput input, const VerifyOptions& options) {
  input.reference = &reference;
  double distance = 0;
  for (const SignalReport& signal : Decide(input, options).signals) {
    const SignalEvidence& evidence = signal.evidence;
    if (!evidence.measurable || !evidence.effect) continue;
    const double scale = evidence.effect_gate > 0 ? evidence.effect_gate : 1;
    distance = std::max(distance, std::abs(*evidence.effect) / scale);
  }
  return distance;
}

// The references that the answers are nearest to: what is told from them is told from the others.
std::vector<const SampleSet*> Nearest(const std::vector<const SampleSet*>& references,
                                      const DecisionInput& input, const VerifyOptions& options) {
  constexpr std::size_t kKept = 2;
  if (references.size() <= kKept) return references;
  std::vector<std::pair<double, const SampleSet*>> order;
  for (const SampleSet* reference : references)
    order.emplace_back(DistanceFrom(*reference, input, options), reference);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  return {order[0].second, order[1].second};
}

}  // namespace

double PowerAgainst(const SampleSet& alternative, const DecisionInput& input,
                    const std::vector<const SampleSet*>& references, const VerifyOptions& options,
                    double factor) {
  VerifyOptions quick = options;
  const double family = static_cast<double>(FamilySize(*input.reference, *input.observed, options));
  // Enough relabelings for p-values well below the smallest level that Holm's procedure uses.
  quick.permutations =
      std::max<std::int64_t>(499, static_cast<std::int64_t>(std::ceil(2 * family / options.alpha)));
  std::vector<const SampleSet*> nearest;
  int detected = 0, missed = 0;
  for (int i = 0; i < kSimulations; ++i) {
    const auto number = static_cast<std::uint64_t>(i);
    stats::CounterRng rng(stats::MixSeed(options.seed, 77), number);
    SampleSet stored, served;
    HalveSample(alternative, stats::MixSeed(options.seed, 2000 + number), stored, served);
    // A single stored answer that is given cannot be in the library as well.
    RemoveSingles(alternative, stored);
    const SampleSet simulated = Simulate(served, *input.observed, factor, rng);
    DecisionInput trial = input;
    trial.observed = &simulated;
    // Looking for one alternative at a time is what makes the simulation quick; the maximum over all of them
    // in the real test costs little power.
    if (!input.alternatives.empty()) trial.alternatives = {&stored};
    quick.seed = stats::MixSeed(options.seed, 1000 + number);
    if (i == 0) nearest = Nearest(references, trial, quick);
    const bool found = std::all_of(nearest.begin(), nearest.end(), [&](const SampleSet* reference) {
      trial.reference = reference;
      return Detects(trial, quick);
    });
    (found ? detected : missed) += 1;
    if (missed > kSimulations * (1 - kRequiredPower) + 1e-9) break;
  }
  return static_cast<double>(detected) / (detected + missed);
}

std::optional<double> FactorToSettle(const SampleSet& alternative, const DecisionInput& input,
                                     const std::vector<const SampleSet*>& references,
                                     const VerifyOptions& options) {
  for (const double factor : {2.0, 4.0, 8.0, 16.0}) {
    if (PowerAgainst(alternative, input, references, options, factor) >= kRequiredPower) return factor;
  }
  return std::nullopt;
}

}  // namespace pinchbeck::internal
