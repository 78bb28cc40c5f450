// Output lengths: stratified Anderson-Darling and van Elteren under shared relabelings.
#include <string>
#include <vector>

#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/stats/permutation.h"
#include "pinchbeck/stats/rank_statistics.h"
#include "src/signal/effect.h"

namespace pinchbeck {
namespace {

// docs/design/0004-effect-gates.md
constexpr internal::GateFloors kGateFloors = {.sampled = 0.25, .low_temperature = 0.5};
constexpr double kDefaultEffectPerGate = 1.4;
// Rank of answers cut at max_tokens: they tie above every counted length.
constexpr double kCappedRank = 1e18;

std::vector<double> PooledLengths(const ProbeSample& reference, const ProbeSample& observed) {
  std::vector<double> pooled;
  for (const ProbeSample* side : {&reference, &observed}) {
    for (const OutputLength& length : side->lengths)
      pooled.push_back(length.capped ? kCappedRank : length.length);
  }
  return pooled;
}

}  // namespace

SignalEvidence EvaluateTokenLength(const SampleSet& reference, const SampleSet& observed,
                                   const SignalOptions& options) {
  SignalEvidence evidence;
  evidence.signal = "token_length";
  evidence.effect_unit = "Cliff's delta";
  std::vector<stats::Stratum> strata;
  std::vector<stats::RankedStratum> ranked;
  std::vector<double> deltas, weights;
  double total_weight = 0, gate = 0;
  for (const auto& [id, probe] : reference.probes) {
    const auto it = observed.probes.find(id);
    if (probe.lengths.empty() || it == observed.probes.end() || it->second.lengths.empty()) continue;
    strata.push_back({static_cast<std::int64_t>(probe.lengths.size()),
                      static_cast<std::int64_t>(it->second.lengths.size())});
    ranked.emplace_back(PooledLengths(probe, it->second));
    deltas.push_back(ranked.back().CliffDelta(strata.back()));
    // Van Elteren's weights; with them the statistic is half the weighted sum of the deltas.
    const double m = static_cast<double>(strata.back().n_reference),
                 n = static_cast<double>(strata.back().n_observed);
    weights.push_back(m * n / (m + n + 1));
    total_weight += weights.back();
    gate += weights.back() * kGateFloors.At(probe.conditions);
    evidence.n_reference += strata.back().n_reference;
    evidence.n_observed += strata.back().n_observed;
  }
  if (strata.empty()) {
    evidence.reason = "no probe with output lengths on both sides";
    return evidence;
  }
  gate /= total_weight;
  evidence.effect_gate = internal::EffectGate(gate, options);
  evidence.default_effect = kDefaultEffectPerGate * gate;
  const auto table = stats::EvaluateRelabelings(
      strata, 2,
      [&](std::size_t s, const stats::LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
        Eigen::RowVectorXd rank_sum = Eigen::RowVectorXd::Zero(out.cols()), anderson = rank_sum;
        ranked[s].AccumulateRankSum(labels, rank_sum);
        ranked[s].AccumulateAndersonDarling(labels, anderson);
        out.row(0) += rank_sum;
        out.row(1) += anderson;
      },
      {.permutations = options.permutations,
       .seed = stats::MixSeed(options.seed, 3),
       .threads = options.threads});
  if (!table.ok()) {
    evidence.reason = std::string(table.status().message());
    return evidence;
  }
  Eigen::MatrixXd rows = table->values;
  rows.row(0) = rows.row(0).cwiseAbs();
  const Eigen::RowVectorXd combined = stats::StudentisedMaximum(rows);
  evidence.measurable = true;
  evidence.probes = static_cast<std::int64_t>(strata.size());
  evidence.statistic = combined(0);
  evidence.p_value = stats::PermutationPValue(combined);
  const auto mean = internal::MeanOverProbes(deltas, weights);
  const Eigen::RowVectorXd null_row = 2 / total_weight * rows.row(0);
  internal::SetEffect(mean.mean, mean.standard_error, null_row, options, evidence);
  // The null row holds absolute values, whose mean is not zero: state what |delta| must reach.
  if (evidence.detectable_effect) {
    *evidence.detectable_effect += null_row.mean();
    const double ratio = *evidence.detectable_effect / evidence.default_effect;
    // A delta's noise shrinks like the square root of the sample.
    if (ratio > 1) evidence.size_factor = ratio * ratio;
  }
  evidence.method = std::string("van Elteren and Anderson-Darling, studentised maximum") +
                    (table->exact ? ", all relabelings" : ", permutation within probes");
  return evidence;
}

}  // namespace pinchbeck
