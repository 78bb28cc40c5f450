// Reasoning tokens: are there fewer than the reference's? One-sided, since a relay saves by letting a model
// reason less, and only more reasoning costs it money.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/stats/nonparametric_combination.h"
#include "pinchbeck/stats/permutation.h"
#include "src/signal/effect.h"
#include "src/signal/length_cells.h"

namespace pinchbeck {
namespace {

using internal::LengthCell;

bool HasCounts(const SampleSet& sample) {
  return std::any_of(sample.probes.begin(), sample.probes.end(),
                     [](const auto& entry) { return !entry.second.reasoning.empty(); });
}

std::string WhatIsMissing(const SampleSet& reference, const SampleSet& observed) {
  if (!HasCounts(reference)) return "the reference has no counts of reasoning tokens above zero";
  if (!HasCounts(observed)) {
    return "the observed answers come without counts of reasoning tokens, which is not the same as zero";
  }
  return "no probe with counts of reasoning tokens on both sides";
}

// Row 0: van Elteren's rank sum; row 1: the sum of aligned ranks. Both rise with the observed counts.
absl::StatusOr<stats::PermutationTable> Relabel(const std::vector<LengthCell>& cells,
                                                const std::vector<stats::RankedStratum>& ranked,
                                                const SignalOptions& options) {
  const std::vector<std::vector<double>> aligned = internal::AlignedRanks(cells);
  std::vector<stats::Stratum> strata;
  for (const LengthCell& cell : cells) strata.push_back(cell.stratum);
  return stats::EvaluateRelabelings(
      strata, 2,
      [&](std::size_t s, const stats::LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
        Eigen::RowVectorXd rank_sum = Eigen::RowVectorXd::Zero(out.cols());
        ranked[s].AccumulateRankSum(labels, rank_sum);
        out.row(0) += rank_sum;
        const Eigen::Map<const Eigen::RowVectorXd> scores(aligned[s].data(),
                                                          static_cast<Eigen::Index>(aligned[s].size()));
        out.row(1) += scores * labels.cast<double>();
      },
      {.permutations = options.permutations,
       .seed = stats::MixSeed(options.seed, 11),
       .threads = options.threads});
}

void SetReduction(const internal::LengthEffect& effect, const Eigen::RowVectorXd& rank_sum,
                  const SignalOptions& options, SignalEvidence& evidence) {
  // A reduction is a negative delta; its null distribution is turned round.
  const Eigen::RowVectorXd null_row = -2 / effect.total_weight * rank_sum;
  internal::SetEffect(effect.delta, effect.standard_error, null_row, options, evidence);
  if (!evidence.detectable_effect) return;
  const double ratio = *evidence.detectable_effect / evidence.default_effect;
  if (ratio > 1) evidence.size_factor = ratio * ratio;
}

}  // namespace

SignalEvidence EvaluateReasoning(const SampleSet& reference, const SampleSet& observed,
                                 const SignalOptions& options) {
  SignalEvidence evidence;
  evidence.signal = "reasoning";
  evidence.effect_unit = "Cliff's delta";
  const std::vector<LengthCell> cells =
      internal::BuildLengthCells(reference, observed, &ProbeSample::reasoning);
  if (cells.empty()) {
    evidence.reason = WhatIsMissing(reference, observed);
    return evidence;
  }
  std::vector<stats::RankedStratum> ranked;
  for (const LengthCell& cell : cells) ranked.emplace_back(cell.lengths);
  const internal::LengthEffect effect = internal::EffectOfLengths(cells, ranked);
  internal::SetLengthSizes(cells, effect, options, evidence);
  const auto table = Relabel(cells, ranked, options);
  if (!table.ok()) {
    evidence.reason = std::string(table.status().message());
    return evidence;
  }
  const Eigen::RowVectorXd fewer = stats::NonparametricCombination(-table->values);
  evidence.measurable = true;
  evidence.statistic = fewer(0);
  evidence.p_value = stats::PermutationPValue(fewer);
  // Of two statistics one may point at fewer tokens where the effect says more: that is no reduction. A
  // larger p-value stays valid.
  if (effect.delta >= 0) evidence.p_value = std::max(*evidence.p_value, 0.5);
  SetReduction(effect, table->values.row(0), options, evidence);
  char note[160];
  std::snprintf(note, sizeof note,
                "one-sided: tests for fewer reasoning tokens only; two-sided p %.4f, not counted",
                stats::PermutationPValue(stats::NonparametricCombination(table->values.cwiseAbs())));
  evidence.notes.emplace_back(note);
  evidence.method = std::string("one-sided van Elteren and aligned ranks, nonparametric combination") +
                    (table->exact ? ", all relabelings" : ", permutation within probes");
  return evidence;
}

}  // namespace pinchbeck
