// The texts that a comparison uses: one cell a probe, reference first, and their Gram matrices.
#ifndef PINCHBECK_SRC_SIGNAL_TEXT_CELLS_H_
#define PINCHBECK_SRC_SIGNAL_TEXT_CELLS_H_

#include <Eigen/Core>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "pinchbeck/signal/sample.h"
#include "pinchbeck/stats/relabeling.h"

namespace pinchbeck::internal {

using Texts = std::vector<const TextFeatures*>;

// Probes with one answer on each side that are compared.
inline constexpr std::size_t kMaxPairs = 512;

struct TextCell {
  std::string probe;
  stats::Stratum stratum;
  // Reference first.
  Texts items;
  // Share in sums over probes: mn / (m + n), scaled so that all cells sum to 1.
  double weight = 0;
  const ProbeConditions* conditions = nullptr;
  // One answer on each side.
  [[nodiscard]] bool pair() const { return stratum.size() == 2; }
};

// Probes with texts on both sides, by id. Where a side has more answers than are used, or there are more
// pairs than are used, they are spread evenly over the recording.
[[nodiscard]] std::vector<TextCell> BuildTextCells(const SampleSet& reference, const SampleSet& observed);

// At most `count` of the texts, spread evenly: the first ones would all come from one stretch of time.
[[nodiscard]] Texts Spread(const std::vector<TextFeatures>& texts, std::size_t count);

enum class TextKernel { kTrigrams, kPrefixMatches, kSharedPrefix, kTokenMatches, kSharedTokens };
inline constexpr std::array<TextKernel, 5> kTextKernels = {
    TextKernel::kTrigrams, TextKernel::kPrefixMatches, TextKernel::kSharedPrefix, TextKernel::kTokenMatches,
    TextKernel::kSharedTokens};

// Do all texts have what the kernel compares? Prefixes are missing in private fingerprints, and token ids
// where they were not recorded.
[[nodiscard]] bool HasKernel(TextKernel kernel, const Texts& items);

// Inner products of square-root shares of 3-grams, each divided by the fourth root of its sum of squares
// within the cells: 3-grams of a prompt's subject, which vary much within it, no longer drown the others. The
// weights do not depend on which side a text came from. Items are those of the cells in turn.
[[nodiscard]] Eigen::MatrixXd BalancedTrigramGram(const std::vector<Texts>& cells);

// Kernel values of texts that have it; at most 16,384 texts.
[[nodiscard]] Eigen::MatrixXd TextGram(TextKernel kernel, const Texts& items);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_TEXT_CELLS_H_
