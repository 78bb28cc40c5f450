// Published ways to compare texts, to stand beside this project's.
#ifndef PINCHBECK_BENCH_ACCURACY_TEXT_CONTESTANTS_H_
#define PINCHBECK_BENCH_ACCURACY_TEXT_CONTESTANTS_H_

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/signal/sample.h"
#include "src/signal/text_discriminant.h"

namespace pinchbeck::accuracy {

// The discriminants of stored alternatives, trained once for all draws that test the same probes or some of
// them.
class TextLibrary {
 public:
  TextLibrary() = default;
  // Trains on the probes that the reference and an alternative have, but for those that may be tested.
  TextLibrary(const SampleSet& reference, const std::vector<const SampleSet*>& alternatives,
              const std::set<std::string>& tested);

  // To the last bit the p-values that EvaluateText() gives with and without these alternatives, if the
  // reference holds what was trained on beside the tested probes and these are no more than those. Nothing
  // where no probe has texts on both sides.
  struct PValues {
    double with_library = 1, without = 1;
  };
  [[nodiscard]] std::optional<PValues> Compare(const SampleSet& reference, const SampleSet& observed,
                                               const SignalOptions& options) const;

 private:
  std::vector<internal::TextDiscriminant> discriminants_;
};

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
