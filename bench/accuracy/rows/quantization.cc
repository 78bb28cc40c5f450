// Quantized weights and a small sibling behind a real inference server: output tokens needed to notice them.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "bench/accuracy/answer_pool.h"
#include "bench/accuracy/hamming_test.h"
#include "bench/accuracy/random.h"
#include "bench/accuracy/row.h"
#include "pinchbeck/internal/parallel_for.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/signal/evidence.h"

namespace pinchbeck::accuracy {
namespace {

constexpr const char* kSource = "testbed";
constexpr const char* kClaimed = "A-f16";
// A second run of the claimed model, for false alarms.
constexpr const char* kHonest = "A-f16-run2";
constexpr const char* kServed[] = {"A-Q4_K_M", "A-Q8_0", "B"};
constexpr double kWantedPower = 0.9;
constexpr std::uint64_t kRow = 14;
constexpr std::int64_t kRelabelings = 499;

// One way to look at the answers: which groups of probes with how many answers each.
struct Design {
  int choice = 0, first = 0, text = 0;
};

enum Contestant : std::size_t {
  kChoice,
  kChoiceNoLibrary,
  kLogprob,
  kText,
  kTokenLength,
  kCombined,
  kHamming,
  kContestants
};
constexpr const char* kNames[] = {"pinchbeck, choice",          "pinchbeck, choice, no library",
                                  "pinchbeck, log-probability", "pinchbeck, text",
                                  "pinchbeck, token length",    "pinchbeck, choice and log-probability",
                                  "Hamming MMD, stratified"};

// Designs by rising cost.
std::vector<Design> DesignsOf(std::size_t contestant) {
  switch (contestant) {
    case kChoice:
    case kChoiceNoLibrary:
      return {{1, 0, 0}, {2, 0, 0}, {3, 0, 0}, {5, 0, 0}, {10, 0, 0}, {20, 0, 0}, {50, 0, 0}, {100, 0, 0}};
    case kLogprob:
      return {{0, 2, 0}, {0, 3, 0}, {0, 5, 0}, {0, 10, 0}};
    case kCombined:
      return {{1, 2, 0}, {2, 2, 0}, {5, 3, 0}, {10, 5, 0}, {20, 10, 0}};
    default:
      return {{0, 0, 1}, {0, 0, 2}, {0, 0, 5}, {0, 0, 10}, {0, 0, 20}};
  }
}

int Wanted(const Design& design, const std::string& probe) {
  if (probe.rfind("choice/", 0) == 0) return design.choice;
  if (probe.rfind("first/", 0) == 0) return design.first;
  return probe.rfind("text/", 0) == 0 ? design.text : 0;
}

// The answers of one model in one draw: the first half of each probe is the stored reference, the second is
// there to be observed.
struct Shuffled {
  const AnswerPool* pool = nullptr;
  const TextPool* texts = nullptr;
  std::map<std::string, std::vector<std::size_t>> order;
};

Shuffled Shuffle(const AnswerPool& pool, const TextPool& texts, std::uint64_t seed) {
  Shuffled shuffled{&pool, &texts, {}};
  std::uint64_t number = 0;
  for (const auto& [probe, answers] : pool.probes) {
    stats::CounterRng rng(seed, number++);
    std::vector<std::size_t>& order = shuffled.order[probe];
    for (std::size_t i = 0; i < answers.size(); ++i) order.push_back(i);
    ShuffleFront(order, order.size(), rng);
  }
  return shuffled;
}

SampleSet Part(const Shuffled& shuffled, const Design& design, bool reference) {
  std::vector<const SampleSet*> parts;
  for (const auto& [probe, order] : shuffled.order) {
    const int wanted = Wanted(design, probe);
    if (wanted == 0) continue;
    const std::size_t half = order.size() / 2;
    const std::size_t begin = reference ? 0 : half;
    const std::size_t end =
        reference ? half : std::min(order.size(), half + static_cast<std::size_t>(wanted));
    for (std::size_t i = begin; i < end; ++i) parts.push_back(&shuffled.pool->probes.at(probe)[order[i]]);
  }
  SampleSet merged = MergeSamples(parts);
  // The parts are single answers of one session.
  merged.sessions = 1;
  for (auto& [probe, sample] : merged.probes) {
    for (FirstTokenLogprobs& logprobs : sample.logprobs) logprobs.session = 0;
  }
  return merged;
}

std::vector<TextPair> TextsOf(const Shuffled& claimed, const Shuffled& served, const Design& design) {
  std::vector<TextPair> pairs;
  for (const auto& [probe, order] : claimed.order) {
    if (Wanted(design, probe) == 0 || served.order.count(probe) == 0) continue;
    TextPair pair;
    for (std::size_t i = 0; i < order.size() / 2; ++i) {
      pair.reference.push_back(&claimed.texts->at(probe)[order[i]]);
    }
    const std::vector<std::size_t>& other = served.order.at(probe);
    for (std::size_t i = other.size() / 2;
         i < std::min(other.size(), other.size() / 2 + static_cast<std::size_t>(design.text)); ++i) {
      pair.observed.push_back(&served.texts->at(probe)[other[i]]);
    }
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

Outcome Judge(std::size_t contestant, const Design& design, const Shuffled& claimed, const Shuffled& served,
              const std::vector<Shuffled>& library, const RowContext& context, double alpha,
              std::uint64_t seed) {
  if (contestant == kHamming) {
    return FromPValue(HammingMmd(TextsOf(claimed, served, design), context.permutations, seed), alpha);
  }
  const SampleSet reference = Part(claimed, design, true), observed = Part(served, design, false);
  SignalOptions options;
  // Whether this serving has changed: the other claim grants servings more than a light quantization shows.
  options.claim = Claim::kServing;
  options.permutations = context.permutations;
  options.seed = seed;
  std::vector<SampleSet> stored;
  if (contestant == kChoice || contestant == kCombined) {
    for (const Shuffled& model : library) stored.push_back(Part(model, design, true));
    for (const SampleSet& sample : stored) options.alternatives.push_back(&sample);
  }
  std::vector<double> p_values;
  const auto add = [&](const SignalEvidence& evidence) { p_values.push_back(evidence.p_value.value_or(1)); };
  if (design.choice > 0) add(EvaluateChoice(reference, observed, options));
  if (design.first > 0) add(EvaluateLogprob(reference, observed, options));
  if (contestant == kText) add(EvaluateText(reference, observed, options));
  if (contestant == kTokenLength) add(EvaluateTokenLength(reference, observed, options));
  const double smallest = *std::min_element(p_values.begin(), p_values.end());
  return FromPValue(std::min(1.0, static_cast<double>(p_values.size()) * smallest), alpha);
}

// Mean output tokens of one answer to every probe of the design, times the answers; or the answers alone.
double TokensOf(const Design& design, const std::vector<Observation>& observations, bool tokens_counted) {
  std::map<std::string, std::pair<double, double>> by_probe;
  for (const Observation& observation : observations) {
    auto& [tokens, count] = by_probe[observation.probe];
    tokens += static_cast<double>(observation.usage.output_tokens.value_or(1));
    ++count;
  }
  double total = 0;
  for (const auto& [probe, sums] : by_probe) {
    total += Wanted(design, probe) * (tokens_counted ? sums.first / sums.second : 1);
  }
  return total;
}

struct Model {
  std::string name;
  AnswerPool pool;
  TextPool texts;
  std::vector<Observation> observations;
};

// What one design does: rejections, and whether the wanted power is out of reach.
struct Tried {
  PairCount count;
  bool reached = false;
};

class Quantization {
 public:
  Quantization(std::vector<Model> models, const RowContext& context, double alpha)
      : models_(std::move(models)), context_(context), alpha_(alpha) {
    context_.permutations = std::min(context.permutations, kRelabelings);
    draws_ = context.Draws(200, 10);
  }

  // Tokens and answers of the cheapest design that reaches the wanted power, and its false alarms.
  void Measure(std::size_t contestant, std::size_t served, Row& row) {
    const std::vector<Design> designs = DesignsOf(contestant);
    Tried tried;
    for (std::size_t d = 0; d < designs.size(); ++d) {
      tried = TryDesign(contestant, designs[d], served, true);
      if (!tried.reached) continue;
      const Design& next = designs[std::min(d + 1, designs.size() - 1)];
      const PairCount& honest = Honest(contestant, d, designs[d]);
      Report(contestant, served, "output tokens", Tokens(designs[d]), Tokens(next), tried.count, honest, row);
      Report(contestant, served, "answers", Answers(designs[d]), Answers(next), tried.count, honest, row);
      return;
    }
    row.notes.push_back(std::string(kNames[contestant]) + " does not reach power 0.9 against " +
                        models_[served].name + " with " +
                        std::to_string(std::lround(Tokens(designs.back()))) + " tokens (power " +
                        std::to_string(tried.count.rate()).substr(0, 5) + " over " +
                        std::to_string(tried.count.draws) + " draws).");
  }

  // This project's goal: fewer tokens than the published test, or than all that it was given.
  void SetGoal(std::size_t served, Row& row) const {
    double goal = Tokens(DesignsOf(kHamming).back());
    for (const Measurement& m : row.measurements) {
      if (m.contestant == kNames[kHamming] && m.metric == Metric("output tokens", served)) goal = m.value;
    }
    for (Measurement& m : row.measurements) {
      if (m.contestant == kNames[kCombined] && m.metric == Metric("output tokens", served)) m.goal = goal;
    }
  }

 private:
  // Draws in batches, until all are made or, if asked for, the wanted power is out of reach.
  [[nodiscard]] Tried TryDesign(std::size_t contestant, const Design& design, std::size_t served,
                                bool stop_early) const {
    constexpr int kBatch = 20;
    const double most_missed = (1 - kWantedPower) * static_cast<double>(draws_) + 1e-9;
    Tried tried;
    for (int first = 0; first < draws_; first += kBatch) {
      std::vector<Outcome> outcomes(static_cast<std::size_t>(std::min(kBatch, draws_ - first)));
      pinchbeck::internal::ParallelFor(
          static_cast<std::int64_t>(outcomes.size()), context_.threads, [&](std::int64_t i) {
            outcomes[static_cast<std::size_t>(i)] = JudgeDraw(contestant, design, served, first + i);
          });
      for (const Outcome& outcome : outcomes) tried.count.Add(outcome);
      const auto missed = static_cast<double>(tried.count.draws - tried.count.differs);
      if (stop_early && missed > most_missed) return tried;
    }
    tried.reached = tried.count.rate() >= kWantedPower - 1e-9;
    return tried;
  }

  [[nodiscard]] Outcome JudgeDraw(std::size_t contestant, const Design& design, std::size_t served,
                                  std::int64_t draw) const {
    const std::uint64_t seed = SeedFor(context_.seed, kRow, draw);
    std::vector<Shuffled> shuffled;
    for (std::size_t m = 0; m < models_.size(); ++m) {
      shuffled.push_back(Shuffle(models_[m].pool, models_[m].texts, SeedFor(seed, m)));
    }
    const std::vector<Shuffled> library(shuffled.begin() + 2, shuffled.end());
    return Judge(contestant, design, shuffled[0], shuffled[served], library, context_, alpha_,
                 SeedFor(seed, 99));
  }

  // Rejections of the claimed model's second run, the same whatever is served.
  const PairCount& Honest(std::size_t contestant, std::size_t index, const Design& design) {
    const auto key = std::make_pair(contestant, index);
    const auto found = honest_.find(key);
    if (found != honest_.end()) return found->second;
    return honest_.emplace(key, TryDesign(contestant, design, 1, false).count).first->second;
  }

  [[nodiscard]] std::string Metric(const std::string& what, std::size_t served) const {
    return what + " needed, " + models_[served].name;
  }
  [[nodiscard]] double Tokens(const Design& design) const {
    return TokensOf(design, models_[0].observations, true);
  }
  [[nodiscard]] double Answers(const Design& design) const {
    return TokensOf(design, models_[0].observations, false);
  }

  void Report(std::size_t contestant, std::size_t served, const std::string& what, double value, double next,
              const PairCount& count, const PairCount& honest, Row& row) const {
    Measurement measurement = PowerOf(std::span(&count, 1), {});
    measurement.contestant = kNames[contestant];
    measurement.metric = Metric(what, served);
    measurement.x = kWantedPower;
    measurement.value = value;
    measurement.higher_is_better = false;
    // Chance moves the answer by one design at most.
    constexpr double kStepInErrors = 0.4;
    measurement.monte_carlo_error = measurement.standard_error = kStepInErrors * (next - value);
    SetFalseAlarms(std::span(&honest, 1), alpha_, measurement);
    row.measurements.push_back(std::move(measurement));
  }

  std::vector<Model> models_;
  RowContext context_;
  double alpha_;
  int draws_ = 1;
  std::map<std::pair<std::size_t, std::size_t>, PairCount> honest_;
};

}  // namespace

absl::StatusOr<Row> MeasureQuantization(const RowContext& context) {
  Row row;
  row.title = "Quantized weights and a sibling behind a real server: what power 0.9 takes, by signal";
  row.source = kSource;
  row.x_name = "power";
  std::vector<std::string> names = {kClaimed, kHonest};
  names.insert(names.end(), std::begin(kServed), std::end(kServed));
  std::vector<Model> models;
  std::optional<SignalPlan> plan;
  for (const std::string& name : names) {
    PINCHBECK_ASSIGN_OR_RETURN(ModelRecording recording, LoadRecording(context.data, kSource, name));
    if (!plan) {
      PINCHBECK_ASSIGN_OR_RETURN(plan, PlanOf(recording.observations));
    }
    PINCHBECK_ASSIGN_OR_RETURN(AnswerPool pool, MakePool(recording, *plan));
    TextPool texts = MakeTextPool(recording);
    models.push_back({name, std::move(pool), std::move(texts), std::move(recording.observations)});
  }
  Quantization quantization(std::move(models), context, row.alpha);
  const std::vector<std::size_t> quick = {kLogprob, kCombined};
  for (std::size_t c = 0; c < kContestants; ++c) {
    if (context.quick && std::find(quick.begin(), quick.end(), c) == quick.end()) continue;
    for (std::size_t served = 2; served < names.size(); ++served) quantization.Measure(c, served, row);
  }
  for (std::size_t served = 2; served < names.size(); ++served) quantization.SetGoal(served, row);
  row.notes.push_back("At most " + std::to_string(kRelabelings) +
                      " relabelings a test. A design is given up as soon as power 0.9 is out of its reach.");
  row.notes.emplace_back(
      "The reference is a random half of the claimed model's answers to each probe. Claim: "
      "serving, since weights that are quantized this lightly are within what the claim "
      "weights grants. False alarms: a second run of the claimed model.");
  return row;
}

}  // namespace pinchbeck::accuracy
