// A random number out of 1 to 355: whole verdicts, with every gate, and whom they name.
#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bench/accuracy/choice_data.h"
#include "bench/accuracy/choice_lineup.h"
#include "bench/accuracy/choice_pairs.h"
#include "bench/accuracy/random.h"
#include "bench/accuracy/row.h"
#include "pinchbeck/audit/verify.h"
#include "pinchbeck/internal/parallel_for.h"
#include "pinchbeck/internal/status_macros.h"

namespace pinchbeck::accuracy {
namespace {

constexpr const char* kSource = "aig_random_1_355";
constexpr std::size_t kReference = 240;
constexpr std::uint64_t kRow = 4;
constexpr const char* kName = "pinchbeck, whole verdict, substitute in the library";

struct Comparison {
  std::size_t claimed = 0, served = 0, n_observed = 0;
  int draw = 0;
  Outcome outcome;
  std::string verdict;
  bool named_right = false, named_wrong = false;
  double seconds = 0;
};

void Judge(const ChoiceData& data, const RowContext& context, double alpha, Comparison& comparison) {
  const std::uint64_t seed = SeedFor(context.seed, kRow);
  std::vector<Fingerprint> fingerprints;
  std::vector<int> rest;
  for (std::size_t m = 0; m < data.models.size(); ++m) {
    ChoiceSplit split = RandomSplit(data, m, kReference, seed, comparison.draw);
    fingerprints.push_back(data.FingerprintOf(m, split.reference));
    if (m == comparison.served) rest = std::move(split.rest);
  }
  rest.resize(std::min(rest.size(), comparison.n_observed));
  VerifyOptions options;
  options.alpha = alpha;
  options.permutations = context.permutations;
  options.seed = SeedFor(seed, comparison.claimed, comparison.served, comparison.n_observed);
  for (const Fingerprint& fingerprint : fingerprints) options.alternatives.push_back(&fingerprint);
  const double start = ThreadSeconds();
  const auto report =
      Verify(fingerprints[comparison.claimed], data.SampleOf(CountAnswers(rest, data.categories())), options);
  comparison.seconds = ThreadSeconds() - start;
  if (!report.ok()) {
    comparison.outcome = {false, false, 0};
    comparison.verdict = "refused";
    return;
  }
  comparison.outcome = {report->verdict != Verdict::kNotMeasurable, report->verdict == Verdict::kDiffers, 0};
  comparison.verdict = VerdictName(report->verdict);
  if (report->reason) comparison.verdict += " (" + *report->reason + ")";
  if (report->attribution) {
    const bool right = report->attribution->model == std::to_string(comparison.served);
    (right ? comparison.named_right : comparison.named_wrong) = true;
  }
}

std::string Summary(const std::vector<Comparison>& comparisons, bool honest) {
  std::map<std::string, int> verdicts;
  int right = 0, wrong = 0;
  for (const Comparison& one : comparisons) {
    if ((one.claimed == one.served) != honest) continue;
    ++verdicts[one.verdict];
    right += one.named_right ? 1 : 0;
    wrong += one.named_wrong ? 1 : 0;
  }
  std::string text = honest ? "Honest endpoints:" : "Another model serves:";
  for (const auto& [verdict, count] : verdicts) text += " " + std::to_string(count) + " " + verdict + ",";
  return text + " names the served model " + std::to_string(right) + " times and another one " +
         std::to_string(wrong) + " times.";
}

}  // namespace

absl::StatusOr<Row> MeasureNumberVerdict(const RowContext& context) {
  PINCHBECK_ASSIGN_OR_RETURN(const auto recordings, LoadSource(context.data, kSource));
  PINCHBECK_ASSIGN_OR_RETURN(const ChoiceData data, MakeChoiceData(recordings));
  Row row;
  row.title = "Another model serves the random numbers: whole verdicts";
  row.source = kSource;
  row.x_name = "answers";
  // A whole verdict costs as much as hundreds of p-values: power against every alternative is simulated. So
  // one size, and in a quick run every fortieth pair and every fourth model.
  const std::size_t size = 100, models = data.models.size();
  const int draws = context.Draws(1, 1), honest_draws = context.Draws(5, 1);
  std::vector<Comparison> comparisons;
  for (std::size_t claimed = 0; claimed < models; ++claimed) {
    for (std::size_t served = 0; served < models; ++served) {
      const bool honest = served == claimed;
      if (context.quick && (honest ? claimed % 4 : (claimed * models + served) % 40) != 0) continue;
      for (int draw = 0; draw < (honest ? honest_draws : draws); ++draw) {
        Comparison comparison;
        comparison.claimed = claimed;
        comparison.served = served;
        comparison.n_observed = size;
        comparison.draw = draw;
        comparisons.push_back(std::move(comparison));
      }
    }
  }
  pinchbeck::internal::ParallelFor(
      static_cast<std::int64_t>(comparisons.size()), context.threads,
      [&](std::int64_t i) { Judge(data, context, row.alpha, comparisons[static_cast<std::size_t>(i)]); });
  const std::vector<bool> reports = Reporting(data, kSource, context.split);
  std::vector<PairCount> pairs(models * models), different, honest;
  double seconds = 0;
  for (const Comparison& one : comparisons) {
    pairs[one.claimed * models + one.served].Add(one.outcome);
    seconds += one.seconds;
  }
  std::vector<bool> reporting;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (pairs[i].draws == 0) continue;
    const bool same = i / models == i % models;
    (same ? honest : different).push_back(pairs[i]);
    if (!same) reporting.push_back(reports[i / models]);
  }
  Measurement measurement = PowerOf(different, reporting);
  measurement.contestant = kName;
  measurement.x = static_cast<double>(size);
  measurement.seconds_per_verdict = seconds / static_cast<double>(comparisons.size());
  SetFalseAlarms(honest, row.alpha, measurement);
  row.measurements.push_back(std::move(measurement));
  row.notes.push_back(Summary(comparisons, false));
  row.notes.push_back(Summary(comparisons, true));
  return row;
}

}  // namespace pinchbeck::accuracy
