// Short answers of two samples under shared relabelings: what the choice signal's p-value is made of.
#ifndef PINCHBECK_SRC_SIGNAL_CHOICE_COMPARISON_H_
#define PINCHBECK_SRC_SIGNAL_CHOICE_COMPARISON_H_

#include <cstddef>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/signal/sample.h"
#include "pinchbeck/stats/permutation.h"
#include "src/signal/choice_statistics.h"

namespace pinchbeck::internal {

// One entry a probe that both sides have; weights add up to 1.
struct ChoiceComparison {
  std::vector<ChoiceCell> cells;
  std::vector<const ProbeConditions*> conditions;
  std::vector<stats::Stratum> strata;
  std::vector<double> weights;
  // Sum of the weights before they were scaled: the harmonic sample size.
  double total_weight = 0;
  ChoiceStatistics statistics{{}, 0, false};
  // The rows of ChoiceStatistics under the relabelings of `options`.
  stats::PermutationTable table;
};

// NotFound: no probe with short answers on both sides. The samples must outlive the result.
[[nodiscard]] absl::StatusOr<ChoiceComparison> CompareChoices(const SampleSet& reference,
                                                              const SampleSet& observed,
                                                              const SignalOptions& options);

// The p-value that EvaluateChoice() gives when only `alternatives`, indices into the options' list, are
// stored: relabelings do not depend on the alternatives, so one table serves every subset of them.
[[nodiscard]] double ChoicePValue(const ChoiceComparison& comparison,
                                  std::span<const std::size_t> alternatives);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_CHOICE_COMPARISON_H_
