#include "src/audit/audit_simulation.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/special_functions.h"

namespace pinchbeck::internal {
namespace {

// Ranks at or below the level that the relabelings of a simulated test leave room for.
constexpr double kRanksBelowLevel = 5;
constexpr std::int64_t kFewestPermutations = 499;
constexpr std::int64_t kScorePermutations = 199;

std::size_t CountOf(const ProbeSample& sample, std::string_view signal) {
  if (signal == "choice") return static_cast<std::size_t>(sample.choice_count());
  if (signal == "logprob") return sample.logprobs.size();
  if (signal == "text") return sample.texts.size();
  if (signal == "reasoning") return sample.reasoning.size();
  return sample.lengths.size();
}

// Splits a pool in answers that are lent to the observed side and the rest. At most `most` are lent; where
// more are wanted, lent ones are given several times.
template <class T>
void Split(std::vector<T> pool, std::int64_t wanted, std::int64_t most, stats::CounterRng& rng,
           std::vector<T>& drawn, std::vector<T>& rest) {
  const auto size = static_cast<std::int64_t>(pool.size());
  const std::int64_t lent = std::min({wanted, most, size});
  for (std::int64_t i = 0; i < lent; ++i) {
    const auto j = i + static_cast<std::int64_t>(rng.Below(static_cast<std::uint32_t>(size - i)));
    std::swap(pool[static_cast<std::size_t>(i)], pool[static_cast<std::size_t>(j)]);
  }
  for (std::int64_t i = 0; i < wanted && lent > 0; ++i) {
    const auto index = i < lent ? static_cast<std::size_t>(i)
                                : static_cast<std::size_t>(rng.Below(static_cast<std::uint32_t>(lent)));
    drawn.push_back(pool[index]);
  }
  rest.insert(rest.end(), std::make_move_iterator(pool.begin() + lent), std::make_move_iterator(pool.end()));
}

std::vector<const std::string*> AnswerPool(const std::map<std::string, std::int64_t>& choices) {
  std::vector<const std::string*> pool;
  for (const auto& [answer, count] : choices)
    pool.insert(pool.end(), static_cast<std::size_t>(count), &answer);
  return pool;
}

// Moves `wanted` answers of one signal from the pool to `observed`, at most `most` different ones; the pool
// keeps the rest.
void Lend(ProbeSample& pool, std::string_view signal, std::int64_t wanted, std::int64_t most,
          stats::CounterRng& rng, ProbeSample& observed) {
  if (signal == "choice") {
    const std::map<std::string, std::int64_t> choices = std::move(pool.choices);
    std::vector<const std::string*> drawn, rest;
    Split(AnswerPool(choices), wanted, most, rng, drawn, rest);
    pool.choices.clear();
    for (const std::string* answer : drawn) ++observed.choices[*answer];
    for (const std::string* answer : rest) ++pool.choices[*answer];
    return;
  }
  const auto split = [&](auto& items, auto& target) {
    auto all = std::move(items);
    items.clear();
    Split(std::move(all), wanted, most, rng, target, items);
  };
  if (signal == "logprob") {
    std::vector<FirstTokenLogprobs> drawn;
    split(pool.logprobs, drawn);
    AppendLogprobs(drawn, pool.tokens, 0, observed);
  } else if (signal == "text") {
    split(pool.texts, observed.texts);
  } else if (signal == "reasoning") {
    split(pool.reasoning, observed.reasoning);
  } else {
    split(pool.lengths, observed.lengths);
  }
}

// The probe with the data of one signal, or of all counted ones.
ProbeSample Only(const ProbeSample& sample, const std::string& signal) {
  const auto wanted = [&](std::string_view name) { return signal.empty() || signal == name; };
  ProbeSample only;
  only.conditions = sample.conditions;
  if (wanted("choice")) only.choices = sample.choices;
  if (wanted("logprob")) {
    only.tokens = sample.tokens;
    only.logprobs = sample.logprobs;
  }
  if (wanted("text")) only.texts = sample.texts;
  if (wanted("token_length")) only.lengths = sample.lengths;
  if (wanted("reasoning")) only.reasoning = sample.reasoning;
  return only;
}

SampleSet Restrict(const SampleSet& sample, const AuditDesign& design) {
  SampleSet restricted;
  for (const std::string& id : design.probes) {
    const auto it = sample.probes.find(id);
    if (it != sample.probes.end()) restricted.probes.emplace(id, Only(it->second, design.signal));
  }
  return restricted;
}

std::int64_t Binomial(std::int64_t n, double share, stats::CounterRng& rng) {
  if (share >= 1) return n;
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < n; ++i) count += rng.Uniform() < share ? 1 : 0;
  return count;
}

std::vector<SampleSet> VariantSamples(const Fingerprint& fingerprint, Claim claim) {
  std::vector<SampleSet> samples;
  if (claim == Claim::kWeights) {
    for (auto& variant : fingerprint.Variants()) samples.push_back(std::move(variant.second));
  } else {
    samples.push_back(fingerprint.Pooled());
  }
  return samples;
}

}  // namespace

void HalveSample(const SampleSet& whole, std::uint64_t seed, SampleSet& first, SampleSet& second) {
  stats::CounterRng rng(seed, 0);
  for (const auto& [id, sample] : whole.probes) {
    ProbeSample& kept = first.probes.emplace(id, sample).first->second;
    ProbeSample& lent = second.probes[id];
    lent.conditions = sample.conditions;
    for (const std::string_view signal : kCountedSignals) {
      const auto count = static_cast<std::int64_t>(CountOf(sample, signal));
      if (count == 0) continue;
      if (count == 1) {
        ProbeSample copy = sample;
        Lend(copy, signal, 1, 1, rng, lent);
      } else {
        Lend(kept, signal, count / 2, count / 2, rng, lent);
      }
    }
  }
}

void RemoveSingles(const SampleSet& whole, SampleSet& half) {
  for (auto& [id, probe] : half.probes) {
    const ProbeSample& all = whole.probes.at(id);
    if (all.choice_count() < 2) probe.choices.clear();
    if (all.logprobs.size() < 2) probe.logprobs.clear();
    if (all.lengths.size() < 2) probe.lengths.clear();
    if (all.reasoning.size() < 2) probe.reasoning.clear();
    if (all.texts.size() < 2) probe.texts.clear();
  }
}

bool HasSignal(const ProbeSample& sample, std::string_view signal) { return CountOf(sample, signal) > 0; }

AuditSimulator::AuditSimulator(const Fingerprint& claimed, const Fingerprint& substitute,
                               const PlanOptions& options)
    : options_(options),
      variants_(VariantSamples(claimed, options.claim)),
      claimed_(claimed.Pooled()),
      substitute_(substitute.Pooled()),
      spread_(options.claim == Claim::kWeights ? claimed.variant_spread : claimed.session_spread) {
  for (const auto& entry : claimed_.probes) {
    if (!SignalsOf(entry.first).empty()) probes_.push_back(entry.first);
  }
  HalveSample(substitute_, stats::MixSeed(options.seed, 0x4A1F), looked_at_, kept_back_);
}

std::vector<std::string> AuditSimulator::SignalsOf(const std::string& probe) const {
  std::vector<std::string> signals;
  const auto a = claimed_.probes.find(probe), b = substitute_.probes.find(probe);
  if (a == claimed_.probes.end() || b == substitute_.probes.end()) return signals;
  for (const std::string_view signal : kCountedSignals) {
    if (HasSignal(a->second, signal) && HasSignal(b->second, signal)) signals.emplace_back(signal);
  }
  return signals;
}

std::vector<std::string> AuditSimulator::Family(const std::vector<std::string>& probes) const {
  std::vector<std::string> family;
  for (const std::string_view signal : kCountedSignals) {
    const bool fed = std::any_of(probes.begin(), probes.end(), [&](const std::string& probe) {
      const std::vector<std::string> signals = SignalsOf(probe);
      return std::find(signals.begin(), signals.end(), signal) != signals.end();
    });
    if (fed) family.emplace_back(signal);
  }
  return family;
}

std::int64_t AuditSimulator::Stored(const std::string& probe) const {
  std::size_t stored = 0;
  for (const std::string& signal : SignalsOf(probe)) {
    const std::size_t count =
        std::min(CountOf(claimed_.probes.at(probe), signal), CountOf(substitute_.probes.at(probe), signal));
    stored = std::max(stored, count);
  }
  return static_cast<std::int64_t>(stored);
}

std::int64_t AuditSimulator::Drawable(const ProbeSample& pool, std::string_view signal, bool keep) const {
  const auto count = static_cast<std::int64_t>(CountOf(pool, signal));
  return keep ? std::max<std::int64_t>(1, count / 2) : count;
}

bool AuditSimulator::BeyondStored(const AuditDesign& design) const {
  for (const std::string& probe : design.probes) {
    for (const std::string& signal : SignalsOf(probe)) {
      if (!design.signal.empty() && signal != design.signal) continue;
      const double n = static_cast<double>(design.answers);
      const auto from_substitute = static_cast<std::int64_t>(std::ceil(n * options_.share));
      const bool keep = options_.known_substitute && !design.chosen;
      const SampleSet& served = design.chosen ? kept_back_ : substitute_;
      if (from_substitute > Drawable(served.probes.at(probe), signal, keep)) return true;
      for (const SampleSet& variant : variants_) {
        const auto it = variant.probes.find(probe);
        if (options_.share >= 1 || it == variant.probes.end()) continue;
        if (design.answers - from_substitute > Drawable(it->second, signal, true)) return true;
      }
    }
  }
  return false;
}

std::int64_t AuditSimulator::MostAnswers(const std::vector<std::string>& probes) const {
  std::int64_t most = 1;
  for (const std::string& probe : probes) most = std::max(most, 2 * Stored(probe));
  return most;
}

AuditSimulator::Trial AuditSimulator::Simulate(const AuditDesign& design, std::uint64_t seed,
                                               bool pilot) const {
  stats::CounterRng rng(stats::MixSeed(options_.seed, 0x9A17), seed);
  Trial trial;
  for (const SampleSet& variant : variants_) trial.references.push_back(Restrict(variant, design));
  // Where observed answers are taken from; what is left there is the stored alternative, unless that is the
  // half that was looked at.
  SampleSet served = Restrict(pilot ? looked_at_ : design.chosen ? kept_back_ : substitute_, design);
  const bool keep = options_.known_substitute && !design.chosen;
  // An honest answer comes from one honest serving.
  SampleSet& honest = trial.references[rng.Below(static_cast<std::uint32_t>(trial.references.size()))];
  for (const std::string& id : design.probes) {
    ProbeSample& observed = trial.observed.probes[id];
    ProbeSample& stored = served.probes.at(id);
    observed.conditions = stored.conditions;
    const std::int64_t substituted = Binomial(design.answers, options_.share, rng);
    for (const std::string_view signal : kCountedSignals) {
      if (!HasSignal(stored, signal)) continue;
      Lend(stored, signal, substituted, Drawable(stored, signal, keep), rng, observed);
      const auto it = honest.probes.find(id);
      if (substituted == design.answers || it == honest.probes.end()) continue;
      Lend(it->second, signal, design.answers - substituted, Drawable(it->second, signal, true), rng,
           observed);
    }
  }
  trial.alternative = design.chosen ? Restrict(looked_at_, design) : std::move(served);
  if (trial.references.size() > 1) {
    std::vector<const SampleSet*> parts;
    for (const SampleSet& reference : trial.references) parts.push_back(&reference);
    SampleSet mixture = MergeSamples(parts);
    trial.references.push_back(std::move(mixture));
  }
  return trial;
}

VerifyOptions AuditSimulator::TestOptions(const AuditDesign& design, std::uint64_t seed) const {
  const double family = static_cast<double>(std::max<std::size_t>(1, Family(design.probes).size()));
  VerifyOptions options;
  options.claim = options_.claim;
  options.alpha = options_.alpha;
  // One signal alone still shares alpha with the others that its probes feed.
  if (!design.signal.empty()) options.alpha /= family;
  const double level = options_.alpha / family;
  options.permutations =
      std::max(kFewestPermutations, static_cast<std::int64_t>(std::ceil(kRanksBelowLevel / level)) - 1);
  options.seed = stats::MixSeed(options_.seed, seed);
  return options;
}

template <class Judge>
bool AuditSimulator::AgainstEveryReference(const AuditDesign& design, std::uint64_t seed, Judge judge) const {
  const Trial trial = Simulate(design, seed, false);
  const VerifyOptions options = TestOptions(design, seed);
  return std::all_of(trial.references.begin(), trial.references.end(), [&](const SampleSet& reference) {
    DecisionInput input;
    input.reference = &reference;
    input.observed = &trial.observed;
    if (options_.known_substitute) input.alternatives = {&trial.alternative};
    input.spread = &spread_;
    input.counted_only = true;
    return judge(input, options);
  });
}

bool AuditSimulator::Differs(const AuditDesign& design, std::uint64_t seed) const {
  return AgainstEveryReference(design, seed, Detects);
}

bool AuditSimulator::Rejects(const AuditDesign& design, std::uint64_t seed) const {
  return AgainstEveryReference(design, seed, [](const DecisionInput& input, const VerifyOptions& options) {
    return Decide(input, options).any_rejected;
  });
}

double AuditSimulator::StandardScore(const std::string& probe, const std::string& signal,
                                     std::int64_t answers, std::uint64_t seed) const {
  const Trial trial = Simulate({.probes = {probe}, .signal = signal, .answers = answers}, seed, true);
  SignalOptions options;
  options.claim = options_.claim;
  options.permutations = kScorePermutations;
  options.seed = stats::MixSeed(options_.seed, seed);
  options.decision_only = true;
  if (options_.known_substitute) options.alternatives = {&trial.alternative};
  const auto evaluate = signal == "choice"      ? EvaluateChoice
                        : signal == "logprob"   ? EvaluateLogprob
                        : signal == "text"      ? EvaluateText
                        : signal == "reasoning" ? EvaluateReasoning
                                                : EvaluateTokenLength;
  const SignalEvidence evidence = evaluate(trial.references.back(), trial.observed, options);
  const std::optional<double> p = evidence.equality_p_value ? evidence.equality_p_value : evidence.p_value;
  if (!evidence.measurable || !p) return 0;
  // The middle of the step that the p-value stands for.
  const double half_step = 0.5 / static_cast<double>(kScorePermutations + 1);
  return -stats::NormalQuantile(std::clamp(*p - half_step, half_step, 1 - half_step));
}

}  // namespace pinchbeck::internal
