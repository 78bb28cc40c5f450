// Time to first token: a smaller model of the same family behind the same provider.
#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bench/accuracy/answer_pool.h"
#include "bench/accuracy/random.h"
#include "bench/accuracy/row.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/signal/evidence.h"

namespace pinchbeck::accuracy {
namespace {

constexpr const char* kSource = "llmperf";
constexpr std::size_t kObserved = 10;
// Recordings in which most requests failed say more about rate limits than about models.
constexpr std::size_t kLeastAnswers = 100;
constexpr std::uint64_t kRow = 12;

// Answers first .. first + count of the only probe.
SampleSet Consecutive(const AnswerPool& pool, std::size_t first, std::size_t count) {
  std::vector<const SampleSet*> parts;
  const std::vector<SampleSet>& answers = pool.probes.begin()->second;
  for (std::size_t i = first; i < std::min(first + count, answers.size()); ++i) parts.push_back(&answers[i]);
  return MergeSamples(parts);
}

PairCount CountStarts(const SampleSet& reference, const AnswerPool& pool, std::size_t from,
                      const RowContext& context, double alpha, std::uint64_t seed) {
  PairCount count;
  const std::size_t answers = pool.probes.begin()->second.size();
  // Every start, so that nothing is left to chance; --quick takes every fifth.
  for (std::size_t first = from; first + kObserved <= answers; first += context.quick ? 5 : 1) {
    SignalOptions options;
    options.permutations = context.permutations;
    options.seed = SeedFor(seed, first);
    const SignalEvidence evidence = EvaluateLatency(reference, Consecutive(pool, first, kObserved), options);
    count.Add(evidence.p_value ? FromPValue(*evidence.p_value, alpha) : Outcome{false, false, 0});
  }
  return count;
}

}  // namespace

absl::StatusOr<Row> MeasureServedLatency(const RowContext& context) {
  Row row;
  row.title = "A smaller model answers at the same provider: time to first token";
  row.source = kSource;
  row.x_name = "consecutive answers";
  constexpr const char* kRelations[] = {"sibling_same_provider"};
  PINCHBECK_ASSIGN_OR_RETURN(const auto pairs, LoadPairs(context.data, "llmperf_latency", kRelations));
  std::vector<PairCount> different;
  std::vector<bool> reporting;
  for (std::size_t p = 0; p < pairs.size(); ++p) {
    PINCHBECK_ASSIGN_OR_RETURN(const auto own, LoadRecording(context.data, kSource, pairs[p].claimed));
    PINCHBECK_ASSIGN_OR_RETURN(const auto other, LoadRecording(context.data, kSource, pairs[p].served));
    if (std::min(own.observations.size(), other.observations.size()) < kLeastAnswers) {
      row.notes.push_back(pairs[p].claimed + " left out: most of its or the other model's requests failed.");
      continue;
    }
    PINCHBECK_ASSIGN_OR_RETURN(const SignalPlan plan, PlanOf(own.observations));
    PINCHBECK_ASSIGN_OR_RETURN(const AnswerPool claimed, MakePool(own, plan));
    PINCHBECK_ASSIGN_OR_RETURN(const AnswerPool served, MakePool(other, plan));
    const std::size_t half = own.observations.size() / 2;
    const SampleSet reference = Consecutive(claimed, 0, half);
    const std::uint64_t seed = SeedFor(context.seed, kRow, p);
    different.push_back(CountStarts(reference, served, 0, context, row.alpha, seed));
    reporting.push_back(context.split.Reports(kSource, pairs[p].claimed));
    const PairCount honest = CountStarts(reference, claimed, half, context, row.alpha, seed);
    row.notes.push_back(pairs[p].claimed + ": power " + std::to_string(different.back().rate()).substr(0, 5) +
                        "; between the halves of one run " + std::to_string(honest.differs) + " of " +
                        std::to_string(honest.draws) + " reject.");
  }
  if (different.empty()) return absl::NotFoundError("no pair with enough answers in " + std::string(kSource));
  Measurement measurement = PowerOf(different, reporting);
  measurement.contestant = "pinchbeck, latency";
  measurement.x = kObserved;
  row.measurements.push_back(std::move(measurement));
  row.notes.emplace_back(
      "Requests overlap and their times of day are blanked, so they are relabeled as if "
      "independent; the rates between halves show what that costs, provider by provider, "
      "and no rate is claimed over all of them. The signal is advisory in a verdict.");
  return row;
}

}  // namespace pinchbeck::accuracy
