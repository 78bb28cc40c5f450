// Texts: kernel discrepancies, style and discriminants under shared relabelings.
#include <algorithm>
#include <string>
#include <vector>

#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/stats/permutation.h"
#include "src/signal/effect.h"
#include "src/signal/text_cells.h"
#include "src/signal/text_discriminant.h"
#include "src/signal/text_statistics.h"

namespace pinchbeck {
namespace {

using internal::TextCell;
using internal::TextStatistics;

// docs/design/0004-effect-gates.md
constexpr internal::GateFloors kGateFloors = {.sampled = 0.02, .low_temperature = 0.25};
// The effect over pairs is that of the mean text, which moves less than texts of one probe do.
constexpr double kPairedGateFloor = 0.02;
// Without stored alternatives power is judged against this multiple of the gate.
constexpr double kDefaultEffectPerGate = 1.5;

double Gate(const std::vector<TextCell>& cells, bool paired) {
  if (paired) return kPairedGateFloor;
  double gate = 0;
  for (const TextCell& cell : cells) gate += cell.weight * kGateFloors.At(*cell.conditions);
  return gate;
}

// The effect is the 3-gram kernel's: within probes where there are several answers, else over probes.
void SetTextEffect(const std::vector<TextCell>& cells, const TextStatistics& statistics, bool paired,
                   const SignalOptions& options, SignalEvidence& evidence) {
  const double gate = Gate(cells, paired);
  evidence.effect_gate = internal::EffectGate(gate, options);
  evidence.default_effect = kDefaultEffectPerGate * gate;
  const auto& row = paired ? statistics.across_trigrams : statistics.within_trigrams;
  // A single pair of answers has no effect over probes.
  const Eigen::RowVectorXd effects = row.value_or(Eigen::RowVectorXd::Zero(statistics.style.cols()));
  double error = 0;
  if (statistics.cell_effects.size() > 1)
    error = internal::MeanOverProbes(statistics.cell_effects, statistics.cell_weights).standard_error;
  internal::SetEffect(effects(0) - effects.mean(), error, effects, options, evidence);
  // One answer on a side has no spread within the probe: the kernel's null says little about what it could
  // find.
  if (!paired && statistics.cell_effects.empty()) evidence.detectable_effect.reset();
  if (evidence.detectable_effect && *evidence.detectable_effect > evidence.default_effect) {
    // The noise of a squared distance shrinks like the sample.
    evidence.size_factor = *evidence.detectable_effect / evidence.default_effect;
  }
}

std::string Method(const TextStatistics& statistics, bool paired) {
  std::string method = "3-grams, beginnings, style and length, nonparametric combination";
  if (paired) method += ", one answer a probe compared as pairs";
  if (const auto models = statistics.discriminants.rows(); models > 0) {
    method += ", with discriminants against " + std::to_string(models) +
              (models == 1 ? " stored model" : " stored models");
  }
  return method + (statistics.exact ? ", all relabelings" : ", permutation within probes");
}

}  // namespace

SignalEvidence EvaluateText(const SampleSet& reference, const SampleSet& observed,
                            const SignalOptions& options) {
  SignalEvidence evidence;
  evidence.signal = "text";
  evidence.effect_unit = "MMD^2";
  const std::vector<TextCell> cells = internal::BuildTextCells(reference, observed);
  if (cells.empty()) {
    evidence.reason = "no probe with texts on both sides";
    return evidence;
  }
  for (const TextCell& cell : cells) {
    evidence.n_reference += cell.stratum.n_reference;
    evidence.n_observed += cell.stratum.n_observed;
  }
  const Eigen::MatrixXd scores =
      internal::AllDiscriminantScores(reference, options.alternatives, cells, options.threads);
  const auto statistics = internal::EvaluateTextStatistics(cells, scores, options);
  if (!statistics.ok()) {
    evidence.reason = std::string(statistics.status().message());
    return evidence;
  }
  const Eigen::RowVectorXd combined = CombineTextStatistics(*statistics);
  evidence.measurable = true;
  evidence.probes = static_cast<std::int64_t>(cells.size());
  evidence.statistic = combined(0);
  evidence.p_value = stats::PermutationPValue(combined);
  const bool paired =
      std::all_of(cells.begin(), cells.end(), [](const TextCell& cell) { return cell.pair(); });
  SetTextEffect(cells, *statistics, paired, options, evidence);
  evidence.method = Method(*statistics, paired);
  return evidence;
}

}  // namespace pinchbeck
