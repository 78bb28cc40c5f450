// Texts, one answer a prompt on each side: a sibling serves the claimed model.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bench/accuracy/answer_pool.h"
#include "bench/accuracy/random.h"
#include "bench/accuracy/row.h"
#include "bench/accuracy/text_contestants.h"
#include "pinchbeck/internal/parallel_for.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/signal/evidence.h"

namespace pinchbeck::accuracy {
namespace {

constexpr const char* kSource = "alpaca_eval";
constexpr std::uint64_t kRow = 13;
// Stored alternatives of the library-aware contestant, the substitute among them.
constexpr std::size_t kLibrary = 6;

enum Contestant : std::size_t { kOurs, kOursLibrary, kPairedMmd, kMmd, kLengths, kContestants };
constexpr const char* kNames[] = {"pinchbeck, text, no library", "pinchbeck, text, substitute in the library",
                                  "3-gram MMD permutation test, answers swapped within prompts",
                                  "3-gram MMD permutation test, unstratified",
                                  "Kolmogorov-Smirnov on lengths"};

struct Judged {
  Outcome outcomes[kContestants];
};

// Two models' answers to the prompts that both have.
struct PairedAnswers {
  ModelPair pair;
  std::vector<std::string> probes;
  std::vector<const SampleSet*> claimed, served;
  // 3-gram kernel of all texts, the claimed model's first.
  Eigen::MatrixXf gram;
};

PairedAnswers Pair(const ModelPair& pair, const AnswerPool& claimed, const AnswerPool& served,
                   std::size_t most_prompts) {
  PairedAnswers paired{pair, {}, {}, {}, {}};
  std::vector<const TextFeatures*> texts, other;
  for (const auto& [probe, answers] : claimed.probes) {
    const auto found = served.probes.find(probe);
    if (found == served.probes.end() || paired.probes.size() == most_prompts) continue;
    const ProbeSample& x = answers[0].probes.at(probe);
    const ProbeSample& y = found->second[0].probes.at(probe);
    if (x.texts.empty() || y.texts.empty()) continue;
    paired.probes.push_back(probe);
    paired.claimed.push_back(answers.data());
    paired.served.push_back(found->second.data());
    texts.push_back(x.texts.data());
    other.push_back(y.texts.data());
  }
  texts.insert(texts.end(), other.begin(), other.end());
  paired.gram = TrigramGram(texts);
  return paired;
}

// The prompts of one draw; `swapped` marks those whose answers change sides, which makes both sides alike.
struct Draw {
  std::vector<std::size_t> prompts;
  std::vector<bool> swapped;
};

Draw MakeDraw(std::size_t prompts, std::size_t count, bool honest, std::uint64_t seed) {
  stats::CounterRng rng(seed, 0);
  Draw draw;
  for (std::size_t i = 0; i < prompts; ++i) draw.prompts.push_back(i);
  ShuffleFront(draw.prompts, count, rng);
  draw.prompts.resize(std::min(count, prompts));
  for (std::size_t i = 0; i < draw.prompts.size(); ++i) draw.swapped.push_back(honest && rng.Below(2) == 1);
  return draw;
}

Judged Judge(const PairedAnswers& answers, const Draw& draw, const std::vector<const AnswerPool*>& library,
             const RowContext& context, double alpha, std::uint64_t seed) {
  std::vector<const SampleSet*> reference, observed;
  for (std::size_t i = 0; i < draw.prompts.size(); ++i) {
    const std::size_t p = draw.prompts[i];
    reference.push_back(draw.swapped[i] ? answers.served[p] : answers.claimed[p]);
    observed.push_back(draw.swapped[i] ? answers.claimed[p] : answers.served[p]);
  }
  SignalOptions options;
  options.permutations = context.permutations;
  options.seed = seed;
  Judged judged;
  const auto score = [&](const SignalEvidence& evidence) {
    return evidence.p_value ? FromPValue(*evidence.p_value, alpha) : Outcome{false, false, 0};
  };
  const SampleSet x = MergeSamples(reference), y = MergeSamples(observed);
  judged.outcomes[kOurs] = score(EvaluateText(x, y, options));
  if (!library.empty()) {
    // Stored answers to the prompts under test would be the observed ones themselves, so the library and the
    // reference know the other prompts.
    const std::set<std::size_t> tested(draw.prompts.begin(), draw.prompts.end());
    for (std::size_t p = 0; p < answers.probes.size(); ++p) {
      if (tested.count(p) == 0) reference.push_back(answers.claimed[p]);
    }
    std::vector<SampleSet> stored;
    for (const AnswerPool* pool : library) {
      std::vector<const SampleSet*> parts;
      for (std::size_t p = 0; p < answers.probes.size(); ++p) {
        const auto found = pool->probes.find(answers.probes[p]);
        if (tested.count(p) == 0 && found != pool->probes.end()) parts.push_back(found->second.data());
      }
      stored.push_back(MergeSamples(parts));
    }
    for (const SampleSet& sample : stored) options.alternatives.push_back(&sample);
    judged.outcomes[kOursLibrary] = score(EvaluateText(MergeSamples(reference), y, options));
  } else {
    judged.outcomes[kOursLibrary] = {false, false, 0};
  }
  judged.outcomes[kPairedMmd] =
      FromPValue(PairedMmd(answers.gram, draw.prompts, draw.swapped, context.permutations, seed), alpha);
  judged.outcomes[kMmd] = FromPValue(
      UnstratifiedMmd(answers.gram, draw.prompts, draw.swapped, context.permutations, seed), alpha);
  judged.outcomes[kLengths] = FromPValue(LengthsPValue(x, y), alpha);
  return judged;
}

}  // namespace

absl::StatusOr<Row> MeasureTextSiblings(const RowContext& context) {
  Row row;
  row.title = "A sibling answers, one text a prompt";
  row.source = kSource;
  row.alpha = 0.05;
  row.x_name = "prompts";
  constexpr const char* kRelations[] = {"sibling", "same_model"};
  PINCHBECK_ASSIGN_OR_RETURN(auto pairs, LoadPairs(context.data, "alpaca_eval_text", kRelations));
  if (pairs.empty()) return absl::NotFoundError("pairs.json names no pairs of " + std::string(kSource));
  std::map<std::string, AnswerPool> pools;
  for (const ModelPair& pair : pairs) {
    for (const std::string& name : {pair.claimed, pair.served}) {
      if (pools.count(name) > 0) continue;
      PINCHBECK_ASSIGN_OR_RETURN(const auto recording, LoadRecording(context.data, kSource, name));
      PINCHBECK_ASSIGN_OR_RETURN(const SignalPlan plan, PlanOf(recording.observations));
      SignalPlan texts;
      for (const auto& [probe, one] : plan) texts[probe].text = true;
      PINCHBECK_ASSIGN_OR_RETURN(AnswerPool pool, MakePool(recording, texts));
      pools.emplace(name, std::move(pool));
    }
  }
  const std::vector<std::size_t> sizes =
      context.quick ? std::vector<std::size_t>{25} : std::vector<std::size_t>{10, 25, 50, 100};
  const auto draws = static_cast<std::size_t>(context.Draws(200, 8));
  const std::size_t honest_draws = std::max<std::size_t>(1, draws / 4);
  // The kernel of all pairs of texts takes most of a quick run's time.
  const std::size_t most_prompts = context.quick ? 150 : SIZE_MAX;
  std::vector<PairedAnswers> paired(pairs.size());
  pinchbeck::internal::ParallelFor(
      static_cast<std::int64_t>(pairs.size()), context.threads, [&](std::int64_t task) {
        const auto p = static_cast<std::size_t>(task);
        paired[p] = Pair(pairs[p], pools.at(pairs[p].claimed), pools.at(pairs[p].served), most_prompts);
      });
  for (const std::size_t size : sizes) {
    const std::size_t per_pair = draws + honest_draws;
    std::vector<Judged> judged(pairs.size() * per_pair);
    pinchbeck::internal::ParallelFor(
        static_cast<std::int64_t>(judged.size()), context.threads, [&](std::int64_t task) {
          const auto i = static_cast<std::size_t>(task);
          const std::size_t p = i / per_pair;
          const std::uint64_t seed = SeedFor(context.seed, kRow, size, i);
          std::vector<const AnswerPool*> library = {&pools.at(pairs[p].served)};
          for (const auto& [name, pool] : pools) {
            if (library.size() == kLibrary) break;
            if (name != pairs[p].claimed && name != pairs[p].served) library.push_back(&pool);
          }
          const Draw draw = MakeDraw(paired[p].probes.size(), size, i % per_pair >= draws, seed);
          judged[i] = Judge(paired[p], draw, library, context, row.alpha, seed);
        });
    for (std::size_t c = 0; c < kContestants; ++c) {
      std::vector<PairCount> different, honest;
      std::vector<bool> reporting;
      for (std::size_t p = 0; p < pairs.size(); ++p) {
        PairCount rejected, swapped;
        for (std::size_t d = 0; d < per_pair; ++d) {
          (d < draws ? rejected : swapped).Add(judged[p * per_pair + d].outcomes[c]);
        }
        honest.push_back(swapped);
        if (pairs[p].relation == "sibling") {
          different.push_back(rejected);
          reporting.push_back(context.split.Reports(kSource, pairs[p].claimed));
        } else {
          row.notes.push_back("One model recorded twice, " + pairs[p].claimed + " and " + pairs[p].served +
                              ", " + std::to_string(size) + " prompts: " + kNames[c] + " rejects " +
                              std::to_string(rejected.differs) + " of " + std::to_string(rejected.draws) +
                              ".");
        }
      }
      Measurement measurement = MedianPowerOf(different, reporting);
      measurement.contestant = kNames[c];
      measurement.x = static_cast<double>(size);
      SetFalseAlarms(honest, row.alpha, measurement);
      row.measurements.push_back(std::move(measurement));
    }
  }
  row.notes.emplace_back(
      "False alarms: the two answers of a prompt change sides at random, so that both sides "
      "come from one distribution.");
  return row;
}

}  // namespace pinchbeck::accuracy
