// A reference that mixes honest servings as the observed answers seem to.
#ifndef PINCHBECK_SRC_SIGNAL_VARIANT_MIXTURE_H_
#define PINCHBECK_SRC_SIGNAL_VARIANT_MIXTURE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "pinchbeck/signal/sample.h"

namespace pinchbeck::internal {

// Maximum-likelihood weights of the servings in the observed short answers, by expectation-maximisation with
// the servings' smoothed shares held fixed, over the probes that all have. nullopt: no such probe, or fewer
// than two servings.
[[nodiscard]] std::optional<std::vector<double>> FitVariantWeights(std::span<const SampleSet* const> variants,
                                                                   const SampleSet& observed);

// A sample of the mixture of the servings with the given weights: of every probe and kind of data as many
// answers as the scarcest serving allows, drawn without replacement, the servings' numbers in proportion to
// the weights up to rounding at random. Data of a probe that only some servings have is pooled from those.
[[nodiscard]] SampleSet DrawVariantMixture(std::span<const SampleSet* const> variants,
                                           std::span<const double> weights, std::uint64_t seed);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_VARIANT_MIXTURE_H_
