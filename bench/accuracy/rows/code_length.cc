// Token counts of answers to programming tasks: a sibling serves them.
#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bench/accuracy/answer_pool.h"
#include "bench/accuracy/random.h"
#include "bench/accuracy/row.h"
#include "pinchbeck/internal/parallel_for.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/stats/kolmogorov_smirnov.h"

namespace pinchbeck::accuracy {
namespace {

constexpr const char* kSource = "humaneval";
constexpr std::uint64_t kRow = 11;

enum Contestant : std::size_t { kOurs, kPooled, kContestants };
constexpr const char* kNames[] = {"pinchbeck, token length", "Kolmogorov-Smirnov, probes pooled"};

struct Sides {
  std::vector<const SampleSet*> reference, observed;
};

// `count` random probes, one observed answer each; the reference keeps all its answers of these probes but
// one, so that honest and other comparisons have the same sizes.
Sides Draw(const AnswerPool& claimed, const AnswerPool& served, std::size_t count, stats::CounterRng& rng) {
  std::vector<const std::string*> probes;
  for (const auto& [probe, answers] : claimed.probes) {
    if (answers.size() >= 2 && served.probes.count(probe) > 0) probes.push_back(&probe);
  }
  ShuffleFront(probes, count, rng);
  Sides sides;
  for (std::size_t i = 0; i < std::min(count, probes.size()); ++i) {
    const std::vector<SampleSet>& own = claimed.probes.at(*probes[i]);
    const std::vector<SampleSet>& other = served.probes.at(*probes[i]);
    const std::size_t left_out = rng.Below(static_cast<std::uint32_t>(own.size()));
    for (std::size_t a = 0; a < own.size(); ++a) {
      if (a != left_out) sides.reference.push_back(&own[a]);
    }
    const bool honest = &claimed == &served;
    sides.observed.push_back(honest ? &own[left_out]
                                    : &other[rng.Below(static_cast<std::uint32_t>(other.size()))]);
  }
  return sides;
}

std::vector<double> Lengths(const std::vector<const SampleSet*>& answers) {
  std::vector<double> lengths;
  for (const SampleSet* answer : answers) {
    for (const auto& [probe, sample] : answer->probes) {
      for (const OutputLength& length : sample.lengths) lengths.push_back(length.length);
    }
  }
  return lengths;
}

struct Judged {
  Outcome outcomes[kContestants];
};

Judged Judge(const Sides& sides, const RowContext& context, double alpha, std::uint64_t seed) {
  Judged judged;
  SignalOptions options;
  options.permutations = context.permutations;
  options.seed = seed;
  const SignalEvidence evidence =
      EvaluateTokenLength(MergeSamples(sides.reference), MergeSamples(sides.observed), options);
  judged.outcomes[kOurs] = evidence.p_value ? FromPValue(*evidence.p_value, alpha) : Outcome{false, false, 0};
  const auto pooled = stats::KolmogorovSmirnov(Lengths(sides.reference), Lengths(sides.observed));
  judged.outcomes[kPooled] = pooled.ok() ? FromPValue(pooled->p_value, alpha) : Outcome{false, false, 0};
  return judged;
}

}  // namespace

absl::StatusOr<Row> MeasureCodeLength(const RowContext& context) {
  Row row;
  row.title = "A sibling writes the code: output tokens";
  row.source = kSource;
  row.x_name = "answers";
  constexpr const char* kRelations[] = {"sibling"};
  PINCHBECK_ASSIGN_OR_RETURN(const auto pairs, LoadPairs(context.data, "humaneval_runs", kRelations));
  std::vector<AnswerPool> claimed, served;
  std::vector<bool> reporting;
  for (const ModelPair& pair : pairs) {
    PINCHBECK_ASSIGN_OR_RETURN(const auto own, LoadRecording(context.data, kSource, pair.claimed));
    PINCHBECK_ASSIGN_OR_RETURN(const auto other, LoadRecording(context.data, kSource, pair.served));
    PINCHBECK_ASSIGN_OR_RETURN(const SignalPlan plan, PlanOf(own.observations));
    PINCHBECK_ASSIGN_OR_RETURN(AnswerPool pool, MakePool(own, plan));
    claimed.push_back(std::move(pool));
    PINCHBECK_ASSIGN_OR_RETURN(pool, MakePool(other, plan));
    served.push_back(std::move(pool));
    reporting.push_back(context.split.Reports(kSource, pair.claimed));
  }
  if (pairs.empty()) return absl::NotFoundError("pairs.json names no siblings of " + std::string(kSource));
  const auto draws = static_cast<std::size_t>(context.Draws(1000, 100));
  for (const std::size_t count : {std::size_t{10}, std::size_t{25}}) {
    // Per pair and draw: a substitution and an honest comparison.
    std::vector<Judged> judged(pairs.size() * draws * 2);
    pinchbeck::internal::ParallelFor(
        static_cast<std::int64_t>(judged.size()), context.threads, [&](std::int64_t task) {
          const auto i = static_cast<std::size_t>(task);
          const std::size_t pair = i / (2 * draws);
          const std::uint64_t seed = SeedFor(context.seed, kRow, count, i);
          stats::CounterRng rng(seed, 0);
          const AnswerPool& other = i % 2 == 0 ? served[pair] : claimed[pair];
          judged[i] = Judge(Draw(claimed[pair], other, count, rng), context, row.alpha, seed);
        });
    for (std::size_t c = 0; c < kContestants; ++c) {
      std::vector<PairCount> different(pairs.size()), honest(pairs.size());
      for (std::size_t i = 0; i < judged.size(); ++i) {
        (i % 2 == 0 ? different : honest)[i / (2 * draws)].Add(judged[i].outcomes[c]);
      }
      Measurement measurement = PowerOf(different, reporting);
      measurement.contestant = kNames[c];
      measurement.x = static_cast<double>(count);
      SetFalseAlarms(honest, row.alpha, measurement);
      row.measurements.push_back(std::move(measurement));
    }
  }
  row.notes.emplace_back(
      "Each draw takes random probes with one observed answer each; the reference holds all "
      "other answers of the claimed model to these probes.");
  return row;
}

}  // namespace pinchbeck::accuracy
