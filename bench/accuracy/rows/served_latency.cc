// Time to first token: a smaller model of the same family behind the same provider.
#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bench/accuracy/answer_pool.h"
#include "bench/accuracy/random.h"
#include "bench/accuracy/row.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/stats/mann_whitney.h"

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

enum Contestant : std::size_t { kOurs, kFirstToken, kDecodeSpeed, kContestants };
constexpr const char* kNames[] = {"pinchbeck, latency", "Mann-Whitney on time to first token",
                                  "Mann-Whitney on decode speed"};

std::vector<double> Values(const SampleSet& sample, bool speed) {
  std::vector<double> values;
  for (const auto& [probe, answers] : sample.probes) {
    for (const Latency& latency : answers.latencies) {
      if (!speed) values.push_back(latency.first_token_s);
      if (speed && latency.tokens_per_s) values.push_back(*latency.tokens_per_s);
    }
  }
  return values;
}

Outcome RankTest(const SampleSet& reference, const SampleSet& observed, bool speed, double alpha) {
  const auto result = stats::MannWhitney(Values(reference, speed), Values(observed, speed));
  return result.ok() ? FromPValue(result->p_value, alpha) : Outcome{false, false, 0};
}

// All contestants on every stretch of consecutive answers from `from` on.
std::array<PairCount, kContestants> CountStarts(const SampleSet& reference, const AnswerPool& pool,
                                                std::size_t from, const RowContext& context, double alpha,
                                                std::uint64_t seed) {
  std::array<PairCount, kContestants> counts;
  const std::size_t answers = pool.probes.begin()->second.size();
  // Every start, so that nothing is left to chance; --quick takes every fifth.
  for (std::size_t first = from; first + kObserved <= answers; first += context.quick ? 5 : 1) {
    SignalOptions options;
    options.claim = Claim::kServing;
    options.latency = LatencyMode::kStrict;
    options.permutations = context.permutations;
    options.seed = SeedFor(seed, first);
    const SampleSet observed = Consecutive(pool, first, kObserved);
    const SignalEvidence evidence = EvaluateLatency(reference, observed, options);
    counts[kOurs].Add(evidence.p_value ? FromPValue(*evidence.p_value, alpha) : Outcome{false, false, 0});
    counts[kFirstToken].Add(RankTest(reference, observed, false, alpha));
    counts[kDecodeSpeed].Add(RankTest(reference, observed, true, alpha));
  }
  return counts;
}

}  // namespace

absl::StatusOr<Row> MeasureServedLatency(const RowContext& context) {
  Row row;
  row.title = "A smaller model answers at the same provider: response times";
  row.source = kSource;
  row.x_name = "consecutive answers";
  constexpr const char* kRelations[] = {"sibling_same_provider"};
  PINCHBECK_ASSIGN_OR_RETURN(const auto pairs, LoadPairs(context.data, "llmperf_latency", kRelations));
  std::array<std::vector<PairCount>, kContestants> different;
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
    const auto rejected = CountStarts(reference, served, 0, context, row.alpha, seed);
    const auto honest = CountStarts(reference, claimed, half, context, row.alpha, seed);
    reporting.push_back(context.split.Reports(kSource, pairs[p].claimed));
    for (std::size_t c = 0; c < kContestants; ++c) {
      different[c].push_back(rejected[c]);
      row.notes.push_back(pairs[p].claimed + ", " + kNames[c] + ": power " +
                          std::to_string(rejected[c].rate()).substr(0, 5) +
                          "; between the halves of one run " + std::to_string(honest[c].differs) + " of " +
                          std::to_string(honest[c].draws) + " reject.");
    }
  }
  if (reporting.empty()) return absl::NotFoundError("no pair with enough answers in " + std::string(kSource));
  for (std::size_t c = 0; c < kContestants; ++c) {
    Measurement measurement = PowerOf(different[c], reporting);
    measurement.contestant = kNames[c];
    measurement.x = kObserved;
    row.measurements.push_back(std::move(measurement));
  }
  row.notes.emplace_back(
      "Requests overlap and their times of day are blanked, so they are relabeled as if "
      "independent; the rates between halves show what that costs, provider by provider, "
      "and no rate is claimed over all of them. Strict mode: counted for the claim serving, where "
      "both sides were recorded from one network position.");
  return row;
}

}  // namespace pinchbeck::accuracy
