// Counts of output or reasoning tokens of the probes that both sides answered, pooled.
#ifndef PINCHBECK_SRC_SIGNAL_LENGTH_CELLS_H_
#define PINCHBECK_SRC_SIGNAL_LENGTH_CELLS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "pinchbeck/signal/sample.h"
#include "pinchbeck/stats/permutation.h"
#include "pinchbeck/stats/rank_statistics.h"
#include "src/signal/effect.h"

namespace pinchbeck::internal {

// docs/design/0004-effect-gates.md
inline constexpr GateFloors kLengthGateFloors = {.sampled = 0.25, .low_temperature = 0.5};
// Without stored alternatives power is judged against this multiple of the gate.
inline constexpr double kLengthDefaultEffectPerGate = 1.4;
// No answer is longer; larger counts are nonsense.
inline constexpr double kMostLength = 1e9;
// Answers that were cut tie above every counted length.
inline constexpr double kCappedLength = 1e18;

// Which counts of a probe are meant: ProbeSample::lengths or ProbeSample::reasoning.
using LengthField = std::vector<OutputLength> ProbeSample::*;

struct LengthCell {
  std::string probe;
  stats::Stratum stratum;
  // Reference first; kCappedLength for answers that were cut.
  std::vector<double> lengths;
  // log(1 + length). Answers that were cut have the largest value of their cell, or their own where that is
  // more.
  std::vector<double> logs;
  ProbeConditions conditions;
};

// By probe; none where no probe has counts on both sides.
[[nodiscard]] std::vector<LengthCell> BuildLengthCells(const SampleSet& reference, const SampleSet& observed,
                                                       LengthField field);

// Aligned ranks (Hodges & Lehmann 1962): the logarithms, less the mean of their cell, are ranked over all
// cells together and scaled to (-1/2, 1/2); by cell and item. They do not depend on labels. With one answer a
// side their sum over the observed answers is Wilcoxon's signed rank statistic, which sees by how much the
// answers to a probe differ where ranks within the probe see the sign alone.
[[nodiscard]] std::vector<std::vector<double>> AlignedRanks(const std::vector<LengthCell>& cells);

// Cliff's delta, P(observed longer) - P(observed shorter), averaged over cells with van Elteren's weights
// mn / (N + 1); the rank sum is half the weighted sum of the deltas.
struct LengthEffect {
  double delta = 0;
  double standard_error = 0;
  double total_weight = 0;
  // The floors of the cells' gates, averaged like the deltas.
  double gate = 0;
};
[[nodiscard]] LengthEffect EffectOfLengths(const std::vector<LengthCell>& cells,
                                           const std::vector<stats::RankedStratum>& ranked);

// Sets the samples' sizes, the gate and the default effect.
void SetLengthSizes(const std::vector<LengthCell>& cells, const LengthEffect& effect,
                    const SignalOptions& options, SignalEvidence& evidence);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_LENGTH_CELLS_H_
