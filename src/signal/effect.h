// Effects, their intervals and the smallest effect a comparison could have found; shared by the signals.
#ifndef PINCHBECK_SRC_SIGNAL_EFFECT_H_
#define PINCHBECK_SRC_SIGNAL_EFFECT_H_

#include <Eigen/Core>
#include <span>

#include "pinchbeck/signal/evidence.h"

namespace pinchbeck::internal {

// Weighted mean of per-probe effects with a standard error that treats probes as the sampled units (a ratio
// estimator; at least two probes).
struct ClusteredMean {
  double mean = 0;
  double standard_error = 0;
};
[[nodiscard]] ClusteredMean MeanOverProbes(std::span<const double> effects, std::span<const double> weights);

// Sets effect, its 95 % interval (normal, from the standard error) and the detectable effect. `null_row`
// holds the effect under relabelings (column 0 observed), in the effect's unit: its upper quantile at the
// level plus 1.2816 null standard deviations is what a comparison of this size finds with power 0.9,
// approximately.
void SetEffect(double effect, double standard_error, const Eigen::RowVectorXd& null_row,
               const SignalOptions& options, SignalEvidence& evidence);

// Documented floors of the effect gate. Near temperature 0 a serving gives the same answer again and again,
// so that last-bit differences between honest servings turn whole answers over: the floor is higher there,
// and where the temperature was not recorded.
struct GateFloors {
  double sampled = 0;
  double low_temperature = 0;
  [[nodiscard]] double At(const ProbeConditions& conditions) const {
    return conditions.temperature && *conditions.temperature >= 0.5 ? sampled : low_temperature;
  }
};

// The gate of the weights claim: the documented default, or what the fingerprint's honest servings show if
// that is more. The serving claim grants only the spread of the reference's own sessions.
[[nodiscard]] double EffectGate(double default_gate, const SignalOptions& options);

// Weight of a stratum in statistics that pool strata: the harmonic sample size mn / (m + n).
[[nodiscard]] double StratumWeight(double n_reference, double n_observed);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_EFFECT_H_
