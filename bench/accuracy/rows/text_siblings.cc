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
// Parts of a pair's prompts, see Part.
constexpr std::size_t kParts = 3;

enum Contestant : std::size_t { kOurs, kOursLibrary, kPairedMmd, kMmd, kLengths, kContestants };
constexpr const char* kNames[] = {"pinchbeck, text, no library", "pinchbeck, text, substitute in the library",
                                  "3-gram MMD permutation test, answers swapped within prompts",
                                  "3-gram MMD permutation test, unstratified",
                                  "Kolmogorov-Smirnov on lengths"};

struct Judged {
  Outcome outcomes[kContestants];
};

// Some of the prompts, whose answers are tested; the library knows the answers to all others, since stored
// answers to tested prompts would be the observed ones themselves. All draws from one part share what was
// learned from the others.
struct Part {
  std::vector<const SampleSet*> claimed, served;
  // 3-gram kernel of the part's texts, the claimed model's first.
  Eigen::MatrixXf gram;
  TextLibrary library;
};

// Two models' answers to the prompts that both have.
struct PairedAnswers {
  std::vector<std::string> probes;
  std::vector<const SampleSet*> claimed, served;
};

PairedAnswers Pair(const AnswerPool& claimed, const AnswerPool& served, std::size_t most_prompts) {
  PairedAnswers paired;
  for (const auto& [probe, answers] : claimed.probes) {
    const auto found = served.probes.find(probe);
    if (found == served.probes.end() || paired.probes.size() == most_prompts) continue;
    if (answers[0].probes.at(probe).texts.empty() || found->second[0].probes.at(probe).texts.empty()) {
      continue;
    }
    paired.probes.push_back(probe);
    paired.claimed.push_back(answers.data());
    paired.served.push_back(found->second.data());
  }
  return paired;
}

const TextFeatures* TextOf(const SampleSet& answer) { return answer.probes.begin()->second.texts.data(); }

// Answers of a stored model to the prompts that are not tested.
SampleSet Stored(const AnswerPool& pool, const PairedAnswers& paired, const std::set<std::string>& tested) {
  std::vector<const SampleSet*> parts;
  for (const std::string& probe : paired.probes) {
    const auto found = pool.probes.find(probe);
    if (tested.count(probe) == 0 && found != pool.probes.end()) parts.push_back(found->second.data());
  }
  return MergeSamples(parts);
}

Part MakePart(const PairedAnswers& paired, const std::vector<std::size_t>& prompts, const AnswerPool& claimed,
              const std::vector<const AnswerPool*>& library) {
  Part part;
  std::set<std::string> tested;
  std::vector<const TextFeatures*> texts, other;
  for (const std::size_t p : prompts) {
    tested.insert(paired.probes[p]);
    part.claimed.push_back(paired.claimed[p]);
    part.served.push_back(paired.served[p]);
    texts.push_back(TextOf(*paired.claimed[p]));
    other.push_back(TextOf(*paired.served[p]));
  }
  texts.insert(texts.end(), other.begin(), other.end());
  part.gram = TrigramGram(texts);
  std::vector<SampleSet> stored;
  for (const AnswerPool* pool : library) stored.push_back(Stored(*pool, paired, tested));
  std::vector<const SampleSet*> alternatives;
  for (const SampleSet& sample : stored) alternatives.push_back(&sample);
  part.library = TextLibrary(Stored(claimed, paired, tested), alternatives, tested);
  return part;
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

Judged Judge(const Part& part, const Draw& draw, const RowContext& context, double alpha,
             std::uint64_t seed) {
  std::vector<const SampleSet*> reference, observed;
  for (std::size_t i = 0; i < draw.prompts.size(); ++i) {
    const std::size_t p = draw.prompts[i];
    reference.push_back(draw.swapped[i] ? part.served[p] : part.claimed[p]);
    observed.push_back(draw.swapped[i] ? part.claimed[p] : part.served[p]);
  }
  SignalOptions options;
  options.permutations = context.permutations;
  options.seed = seed;
  Judged judged;
  const SampleSet x = MergeSamples(reference), y = MergeSamples(observed);
  const auto ours = part.library.Compare(x, y, options);
  judged.outcomes[kOurs] = ours ? FromPValue(ours->without, alpha) : Outcome{false, false, 0};
  judged.outcomes[kOursLibrary] = ours ? FromPValue(ours->with_library, alpha) : Outcome{false, false, 0};
  judged.outcomes[kPairedMmd] =
      FromPValue(PairedMmd(part.gram, draw.prompts, draw.swapped, context.permutations, seed), alpha);
  judged.outcomes[kMmd] =
      FromPValue(UnstratifiedMmd(part.gram, draw.prompts, draw.swapped, context.permutations, seed), alpha);
  judged.outcomes[kLengths] = FromPValue(LengthsPValue(x, y), alpha);
  return judged;
}

// The substitute and the first other models by name.
std::vector<const AnswerPool*> LibraryOf(const ModelPair& pair,
                                         const std::map<std::string, AnswerPool>& pools) {
  std::vector<const AnswerPool*> library = {&pools.at(pair.served)};
  for (const auto& [name, pool] : pools) {
    if (library.size() == kLibrary) break;
    if (name != pair.claimed && name != pair.served) library.push_back(&pool);
  }
  return library;
}

// Each pair's prompts cut at random into parts.
std::vector<Part> MakeParts(const std::vector<ModelPair>& pairs,
                            const std::map<std::string, AnswerPool>& pools, std::size_t most_prompts,
                            const RowContext& context) {
  std::vector<Part> parts(pairs.size() * kParts);
  pinchbeck::internal::ParallelFor(
      static_cast<std::int64_t>(parts.size()), context.threads, [&](std::int64_t task) {
        const auto i = static_cast<std::size_t>(task);
        const ModelPair& pair = pairs[i / kParts];
        const AnswerPool& claimed = pools.at(pair.claimed);
        const PairedAnswers paired = Pair(claimed, pools.at(pair.served), most_prompts);
        std::vector<std::size_t> order;
        for (std::size_t p = 0; p < paired.probes.size(); ++p) order.push_back(p);
        stats::CounterRng rng(SeedFor(context.seed, kRow, 55, i / kParts), 0);
        ShuffleFront(order, order.size(), rng);
        std::vector<std::size_t> prompts;
        for (std::size_t p = i % kParts; p < order.size(); p += kParts) prompts.push_back(order[p]);
        std::sort(prompts.begin(), prompts.end());
        parts[i] = MakePart(paired, prompts, claimed, LibraryOf(pair, pools));
      });
  return parts;
}

absl::StatusOr<std::map<std::string, AnswerPool>> LoadPools(const std::vector<ModelPair>& pairs,
                                                            const RowContext& context) {
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
  return pools;
}

// Everything at one number of prompts: `judged` holds `per_pair` draws of each pair, of which the first
// `draws` are substitutions.
void ReportSize(const std::vector<ModelPair>& pairs, const std::vector<Judged>& judged, std::size_t draws,
                std::size_t size, const DataSplit& split, Row& row) {
  const std::size_t per_pair = judged.size() / pairs.size();
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
        reporting.push_back(split.Reports(kSource, pairs[p].claimed));
      } else {
        row.notes.push_back("One model recorded twice, " + pairs[p].claimed + " and " + pairs[p].served +
                            ", " + std::to_string(size) + " prompts: " + kNames[c] + " rejects " +
                            std::to_string(rejected.differs) + " of " + std::to_string(rejected.draws) + ".");
      }
    }
    Measurement measurement = MedianPowerOf(different, reporting);
    measurement.contestant = kNames[c];
    measurement.x = static_cast<double>(size);
    SetFalseAlarms(honest, row.alpha, measurement);
    row.measurements.push_back(std::move(measurement));
  }
}

}  // namespace

absl::StatusOr<Row> MeasureTextSiblings(const RowContext& context) {
  Row row;
  row.title = "A sibling answers, one text a prompt";
  row.source = kSource;
  row.alpha = 0.05;
  row.x_name = "prompts";
  constexpr const char* kRelations[] = {"sibling", "same_model"};
  PINCHBECK_ASSIGN_OR_RETURN(const auto pairs, LoadPairs(context.data, "alpaca_eval_text", kRelations));
  if (pairs.empty()) return absl::NotFoundError("pairs.json names no pairs of " + std::string(kSource));
  PINCHBECK_ASSIGN_OR_RETURN(const auto pools, LoadPools(pairs, context));
  const std::vector<std::size_t> sizes =
      context.quick ? std::vector<std::size_t>{25} : std::vector<std::size_t>{10, 25, 50, 100};
  const auto draws = static_cast<std::size_t>(context.Draws(100, 8));
  const std::size_t honest_draws = std::max<std::size_t>(1, draws / 4), per_pair = draws + honest_draws;
  // Learning from all prompts would take most of a quick run's time.
  const std::vector<Part> parts = MakeParts(pairs, pools, context.quick ? 150 : SIZE_MAX, context);
  for (const std::size_t size : sizes) {
    std::vector<Judged> judged(pairs.size() * per_pair);
    pinchbeck::internal::ParallelFor(
        static_cast<std::int64_t>(judged.size()), context.threads, [&](std::int64_t task) {
          const auto i = static_cast<std::size_t>(task);
          const std::uint64_t seed = SeedFor(context.seed, kRow, size, i);
          const Part& part = parts[i / per_pair * kParts + i % per_pair % kParts];
          const Draw draw = MakeDraw(part.claimed.size(), size, i % per_pair >= draws, seed);
          judged[i] = Judge(part, draw, context, row.alpha, seed);
        });
    ReportSize(pairs, judged, draws, size, context.split, row);
  }
  row.notes.push_back("Each pair's prompts are cut into " + std::to_string(kParts) +
                      " parts; a draw takes prompts of one part, and the library knows the answers to the "
                      "other parts.");
  row.notes.emplace_back(
      "False alarms: the two answers of a prompt change sides at random, so that both sides "
      "come from one distribution.");
  return row;
}

}  // namespace pinchbeck::accuracy
