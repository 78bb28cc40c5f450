// A random number out of 1 to 355: power against every other model by the number of answers.
#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bench/accuracy/choice_pairs.h"
#include "bench/accuracy/row.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/signal/evidence.h"
#include "src/signal/choice_comparison.h"

namespace pinchbeck::accuracy {
namespace {

constexpr const char* kSource = "aig_random_1_355";
constexpr std::size_t kReference = 240;
constexpr std::uint64_t kRow = 1;

// Contiguous splits in the order of recording: what an endpoint does over time, apart from random splits.
void ReportContiguous(const ChoiceData& data, std::size_t n_observed, const RowContext& context, Row& row) {
  std::int64_t alarms = 0, blocks = 0;
  for (std::size_t m = 0; m < data.models.size(); ++m) {
    const std::vector<int>& answers = data.models[m].answers;
    const SampleSet reference = data.SampleOf(CountAnswers({answers.data(), kReference}, data.categories()));
    for (std::size_t first = kReference; first + n_observed <= answers.size(); first += n_observed) {
      SignalOptions options;
      options.permutations = context.permutations;
      options.seed = context.seed + first;
      const SampleSet observed =
          data.SampleOf(CountAnswers({answers.data() + first, n_observed}, data.categories()));
      const auto comparison = pinchbeck::internal::CompareChoices(reference, observed, options);
      if (!comparison.ok()) continue;
      alarms += pinchbeck::internal::ChoicePValue(*comparison, {}) <= row.alpha ? 1 : 0;
      ++blocks;
    }
  }
  row.notes.push_back("Contiguous blocks of " + std::to_string(n_observed) + " answers against the first " +
                      std::to_string(kReference) + " of the same model, no library: " +
                      std::to_string(alarms) + " of " + std::to_string(blocks) + " reject at the level.");
}

}  // namespace

absl::StatusOr<Row> MeasureNumberPower(const RowContext& context) {
  PINCHBECK_ASSIGN_OR_RETURN(const auto recordings, LoadSource(context.data, kSource));
  PINCHBECK_ASSIGN_OR_RETURN(const ChoiceData data, MakeChoiceData(recordings));
  Row row;
  row.title = "Another model serves the random numbers";
  row.source = kSource;
  row.x_name = "answers";
  const std::vector<std::size_t> sizes =
      context.quick ? std::vector<std::size_t>{10, 50} : std::vector<std::size_t>{10, 25, 50, 100};
  PairPlan plan{.n_reference = kReference,
                .settings = sizes.size(),
                .draws = context.Draws(200, 5),
                .row = kRow,
                .claimed = {}};
  auto observe = [&](std::span<const ChoiceSplit> splits, std::size_t, std::size_t served,
                     std::size_t setting, stats::CounterRng&) {
    const std::vector<int>& rest = splits[served].rest;
    if (rest.size() < sizes[setting]) return std::vector<int>();
    return std::vector<int>(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(sizes[setting]));
  };
  const std::vector<bool> reports = Reporting(data, kSource, context.split);
  const auto tallies = JudgePairs(data, plan, context, row.alpha, observe);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    tallies[i].Report(static_cast<double>(sizes[i]), row.alpha, reports, row);
    if (sizes[i] == 50) tallies[i].ReportScores(50, true, row);
  }
  if (!context.quick) {
    // As many observed answers as reference answers. The rate is one over all pairs, so fewer draws of each
    // do.
    const std::vector<std::size_t> large = {kReference};
    plan.settings = 1;
    plan.draws = context.Draws(50, 1);
    const auto observe_large = [&](std::span<const ChoiceSplit> splits, std::size_t, std::size_t served,
                                   std::size_t, stats::CounterRng&) {
      const std::vector<int>& rest = splits[served].rest;
      if (rest.size() < kReference) return std::vector<int>();
      return std::vector<int>(rest.begin(), rest.begin() + kReference);
    };
    const auto tally = JudgePairs(data, plan, context, row.alpha, observe_large);
    tally[0].ReportScores(static_cast<double>(kReference), false, row);
    for (const std::size_t n : {std::size_t{50}, std::size_t{100}}) ReportContiguous(data, n, context, row);
  }
  return row;
}

}  // namespace pinchbeck::accuracy
