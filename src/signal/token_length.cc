// Output lengths: ranks, atoms, predictability and, where alternatives are stored, likelihood ratios towards
// them, under shared relabelings.
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/stats/permutation.h"
#include "src/signal/effect.h"
#include "src/signal/length_cells.h"
#include "src/signal/length_density.h"
#include "src/signal/length_statistics.h"

namespace pinchbeck {
namespace {

using internal::LengthCell;
using internal::LengthStatistics;

// Log-probabilities under the alternatives that share a probe with the reference, and which these are.
struct ComparableAlternatives {
  std::vector<internal::ItemLogs> logs;
  std::vector<std::size_t> index;
};

ComparableAlternatives FindAlternatives(const SampleSet& reference, const std::vector<LengthCell>& cells,
                                        const SignalOptions& options) {
  ComparableAlternatives found;
  for (std::size_t i = 0; i < options.alternatives.size(); ++i) {
    auto logs = internal::AlternativeLengthLogs(reference, *options.alternatives[i], cells);
    if (!logs) continue;
    found.logs.push_back(*std::move(logs));
    found.index.push_back(i);
  }
  return found;
}

std::string Method(std::size_t alternatives, bool exact) {
  std::string method = "van Elteren, Anderson-Darling, repeats and cap, aligned ranks, predictability";
  if (alternatives == 0) {
    method += ", no stored alternative";
  } else {
    method += ", likelihood ratios to " + std::to_string(alternatives) +
              (alternatives == 1 ? " stored alternative" : " stored alternatives");
  }
  return method + "; nonparametric combination" +
         (exact ? ", all relabelings" : ", permutation within probes");
}

void SetDelta(const internal::LengthEffect& effect, const Eigen::RowVectorXd& rank_sum,
              const SignalOptions& options, SignalEvidence& evidence) {
  const Eigen::RowVectorXd null_row = 2 / effect.total_weight * rank_sum.cwiseAbs();
  internal::SetEffect(effect.delta, effect.standard_error, null_row, options, evidence);
  if (!evidence.detectable_effect) return;
  // The null row holds absolute values, whose mean is not zero: state what |delta| must reach.
  *evidence.detectable_effect += null_row.mean();
  const double ratio = *evidence.detectable_effect / evidence.default_effect;
  // A delta's noise shrinks like the square root of the sample.
  if (ratio > 1) evidence.size_factor = ratio * ratio;
}

}  // namespace

SignalEvidence EvaluateTokenLength(const SampleSet& reference, const SampleSet& observed,
                                   const SignalOptions& options) {
  SignalEvidence evidence;
  evidence.signal = "token_length";
  evidence.effect_unit = "Cliff's delta";
  const std::vector<LengthCell> cells =
      internal::BuildLengthCells(reference, observed, &ProbeSample::lengths);
  if (cells.empty()) {
    evidence.reason = "no probe with output lengths on both sides";
    return evidence;
  }
  const ComparableAlternatives alternatives = FindAlternatives(reference, cells, options);
  const LengthStatistics statistics(cells, alternatives.logs);
  const internal::LengthEffect effect = internal::EffectOfLengths(cells, statistics.ranked());
  internal::SetLengthSizes(cells, effect, options, evidence);
  std::vector<stats::Stratum> strata;
  for (const LengthCell& cell : cells) strata.push_back(cell.stratum);
  const auto table = stats::EvaluateRelabelings(
      strata, statistics.rows(),
      [&](std::size_t s, const stats::LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
        statistics.Accumulate(s, labels, out);
      },
      {.permutations = options.permutations,
       .seed = stats::MixSeed(options.seed, 3),
       .threads = options.threads});
  if (!table.ok()) {
    evidence.reason = std::string(table.status().message());
    return evidence;
  }
  const Eigen::RowVectorXd combined = statistics.Combine(table->values);
  evidence.measurable = true;
  evidence.statistic = combined(0);
  evidence.p_value = stats::PermutationPValue(combined);
  SetDelta(effect, table->values.row(LengthStatistics::kRankSum), options, evidence);
  if (*evidence.p_value <= options.level) {
    const auto closest = statistics.Closest(table->values, options.level);
    if (closest) evidence.closest_alternative = alternatives.index[*closest];
  }
  evidence.method = Method(alternatives.logs.size(), table->exact);
  return evidence;
}

}  // namespace pinchbeck
