// What share of the observed answers comes from a stored alternative, or from anything else?
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

// Lower limit, at confidence 1 - level, of the share q of the observed answers that something other than the
// reference's model gave, whatever it is: with Q = (1 - q) P + q R and R unknown, every set A of answers has
// Q(A) >= (1 - q) P(A), so
//
//   q >= 1 - Q(A) / P(A)  >=  P(A) - Q(A),
//
// the second being the total variation bound for that set. There is no upper limit but 1, since R may equal
// P.
//
// Both samples are split at random; A is chosen on one half (ordered by one quarter, cut off by the next, so
// that few answers do not choose by accidents) and its two shares are limited on the other by
// exact binomial limits (Clopper and Pearson), then the halves change places. The better of the two limits is
// taken and `level` shared by the four one-sided limits, so the limit is valid at every sample size. Sums
// over probes are of independent answers with different chances, for which binomial limits hold too
// (Hoeffding 1956, doi:10.1214/aoms/1177728178). Every probe enters both sides in one proportion of whole
// numbers; a side's surplus is left out.
//
// Honest servings that drift from the reference count as "something else" as well: read it beside a verdict.
//
// nullopt: no probe has four short answers on both sides.
// Cost: two sorts and a binomial limit for each distinct answer.
// Reference: Clopper & Pearson 1934, doi:10.1093/biomet/26.4.404; for the bound, the separation of two
// distributions, Aldous & Diaconis 1987, doi:10.1016/0196-8858(87)90006-6.
[[nodiscard]] std::optional<double> LowerLimitOfUnknownShare(const SampleSet& reference,
                                                             const SampleSet& observed, double level = 0.05,
                                                             std::uint64_t seed = 1);

}  // namespace pinchbeck

#endif  // PINCHBECK_SIGNAL_MIXTURE_H_
