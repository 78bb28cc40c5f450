// What share of the observed answers comes from a stored alternative?
#ifndef PINCHBECK_SIGNAL_MIXTURE_H_
#define PINCHBECK_SIGNAL_MIXTURE_H_

#include <cstdint>
#include <optional>

#include "pinchbeck/signal/sample.h"

namespace pinchbeck {

// Share of answers from an alternative with a 95 % interval, in [0, 1].
struct MixtureEstimate {
  double fraction = 0;
  double low = 0;
  double high = 1;
};

// Fits observed choices as (1 - q) P + q A, with P the claimed model and A the alternative, over every cell
// that all three samples have:
//
//   q = sum <y - x, a - x>_w / sum <a - x, a - x>_w
//
// with x, a, y the empirical distributions, weights w_k = 1 / pooled share of category k, and squared terms
// estimated without their diagonals (U-statistics), so that the sampling noise of the three samples cancels
// in the mean. The interval is normal with the standard deviation of 200 bootstrap replicates that redraw all
// three samples.
//
// Maximum likelihood over q, P and A together is not used: with many rare answers it has as many nuisance
// parameters as data and runs to q = 0 or 1 (docs/design/0005-mixture-estimate.md).
//
// nullopt: no cell is shared, or the two models cannot be told apart (denominator not above its own noise).
[[nodiscard]] std::optional<MixtureEstimate> EstimateChoiceMixture(const SampleSet& reference,
                                                                   const SampleSet& observed,
                                                                   const SampleSet& alternative,
                                                                   std::uint64_t seed = 1);

}  // namespace pinchbeck

#endif  // PINCHBECK_SIGNAL_MIXTURE_H_
