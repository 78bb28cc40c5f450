#include "src/signal/choice_comparison.h"

#include <utility>

#include "absl/status/status.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/count_statistics.h"
#include "src/signal/effect.h"

namespace pinchbeck::internal {

absl::StatusOr<ChoiceComparison> CompareChoices(const SampleSet& reference, const SampleSet& observed,
                                                const SignalOptions& options) {
  ChoiceComparison comparison;
  for (const auto& [id, probe] : reference.probes) {
    const auto it = observed.probes.find(id);
    if (probe.choices.empty() || it == observed.probes.end() || it->second.choices.empty()) continue;
    comparison.cells.push_back(
        BuildChoiceCell(id, probe, it->second, options.alternatives, options.against_noise));
    comparison.conditions.push_back(&probe.conditions);
  }
  if (comparison.cells.empty()) return absl::NotFoundError("no probe with short answers on both sides");
  std::vector<stats::CountCell> tables;
  for (const ChoiceCell& cell : comparison.cells) {
    tables.emplace_back(cell.reference, cell.observed);
    const stats::Stratum stratum = tables.back().stratum();
    comparison.strata.push_back(stratum);
    comparison.weights.push_back(
        StratumWeight(static_cast<double>(stratum.n_reference), static_cast<double>(stratum.n_observed)));
    comparison.total_weight += comparison.weights.back();
  }
  comparison.statistics =
      ChoiceStatistics(comparison.cells, options.alternatives.size(), options.against_noise);
  for (std::size_t s = 0; s < comparison.cells.size(); ++s) {
    comparison.weights[s] /= comparison.total_weight;
    comparison.statistics.AddTo(comparison.cells[s], comparison.weights[s], tables[s]);
  }
  PINCHBECK_ASSIGN_OR_RETURN(comparison.table,
                             stats::EvaluateCountRelabelings(tables, {.permutations = options.permutations,
                                                                      .seed = stats::MixSeed(options.seed, 1),
                                                                      .threads = options.threads}));
  return comparison;
}

double ChoicePValue(const ChoiceComparison& comparison, std::span<const std::size_t> alternatives) {
  return stats::PermutationPValue(comparison.statistics.Combine(comparison.table.values, alternatives));
}

}  // namespace pinchbeck::internal
