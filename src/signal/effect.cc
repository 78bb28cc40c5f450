#include "src/signal/effect.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "pinchbeck/stats/permutation.h"

namespace pinchbeck::internal {

ClusteredMean MeanOverProbes(std::span<const double> effects, std::span<const double> weights) {
  ClusteredMean result;
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (std::size_t i = 0; i < effects.size(); ++i) result.mean += weights[i] / total * effects[i];
  double squares = 0;
  for (std::size_t i = 0; i < effects.size(); ++i) {
    const double residual = weights[i] / total * (effects[i] - result.mean);
    squares += residual * residual;
  }
  const double k = static_cast<double>(effects.size());
  result.standard_error = k > 1 ? std::sqrt(squares * k / (k - 1)) : 0;
  return result;
}

void SetEffect(double effect, double standard_error, const Eigen::RowVectorXd& null_row,
               const SignalOptions& options, SignalEvidence& evidence) {
  evidence.effect = effect;
  if (standard_error > 0) {
    constexpr double kNormal95 = 1.959963984540054;
    evidence.effect_low = effect - kNormal95 * standard_error;
    evidence.effect_high = effect + kNormal95 * standard_error;
  }
  const double threshold = stats::RejectionThreshold(null_row, options.level);
  if (!std::isfinite(threshold)) return;
  const double mean = null_row.mean();
  const double deviation =
      std::sqrt((null_row.array() - mean).square().sum() / static_cast<double>(null_row.size()));
  constexpr double kNormal90 = 1.2815515655446004;
  // Sampling noise grows with the effect, so the larger of the null's and the estimate's own deviation is
  // used.
  const double noise = std::max(deviation, std::min(standard_error, 3 * deviation));
  evidence.detectable_effect = threshold - mean + kNormal90 * noise;
}

double EffectGate(double default_gate, const SignalOptions& options) {
  const double spread = std::max(0.0, options.honest_spread.value_or(0));
  return options.claim == Claim::kWeights ? std::max(default_gate, spread) : spread;
}

double StratumWeight(double n_reference, double n_observed) {
  return n_reference * n_observed / (n_reference + n_observed);
}

}  // namespace pinchbeck::internal
