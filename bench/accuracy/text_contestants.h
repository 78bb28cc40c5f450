// Published ways to compare texts, to stand beside this project's.
#ifndef PINCHBECK_BENCH_ACCURACY_TEXT_CONTESTANTS_H_
#define PINCHBECK_BENCH_ACCURACY_TEXT_CONTESTANTS_H_

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pinchbeck/signal/sample.h"

namespace pinchbeck::accuracy {

// Inner products of square-root 3-gram counts scaled to unit length.
[[nodiscard]] Eigen::MatrixXf TrigramGram(std::span<const TextFeatures* const> texts);

// p-value of the unbiased MMD^2 with labels permuted over all texts, whatever their prompt. `gram` holds the
// claimed model's answers to all prompts and then the served model's; answers of swapped prompts change
// sides.
[[nodiscard]] double UnstratifiedMmd(const Eigen::MatrixXf& gram, const std::vector<std::size_t>& prompts,
                                     const std::vector<bool>& swapped, std::int64_t permutations,
                                     std::uint64_t seed);

// p-value of the same kernel's statistic over pairs of prompts, sum over i != j of
// <f(x_i) - f(y_i), f(x_j) - f(y_j)>, with the two answers of a prompt swapped at random.
[[nodiscard]] double PairedMmd(const Eigen::MatrixXf& gram, const std::vector<std::size_t>& prompts,
                               const std::vector<bool>& swapped, std::int64_t permutations,
                               std::uint64_t seed);

// p-value of the Kolmogorov-Smirnov test on the texts' lengths, prompts pooled.
[[nodiscard]] double LengthsPValue(const SampleSet& reference, const SampleSet& observed);

}  // namespace pinchbeck::accuracy

#endif  // PINCHBECK_BENCH_ACCURACY_TEXT_CONTESTANTS_H_
