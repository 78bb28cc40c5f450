// Linear discriminants between the stored answers of the claimed model and of one alternative.
//
// The features of a text are the square roots of the shares of its 3-grams, hashed, and its style vector.
// Each probe's texts are taken around the mean of its two classes' means, so that what the prompt does to
// both models drops out, and the weights solve the ridge regression
//
//   minimise  sum over texts omega (c - <w, f - centre>)^2 + lambda t |w|^2,   c = +1 alternative, -1
//   claimed,
//
// omega giving both classes of a probe the same weight and t the mean of |f - centre|^2. The system is solved
// by conjugate gradients on sparse rows.
//
// The scores are used in a permutation test whose relabelings exchange reference and observed texts of a
// probe while the weights stay. That is exact only if an exchange would leave the weights unchanged, so no
// text may be in a class because it belongs to the reference: DiscriminantScores() trains on probes that are
// not tested, or with the tested texts of both sides pooled into the claimed class.
#ifndef PINCHBECK_SRC_SIGNAL_TEXT_DISCRIMINANT_H_
#define PINCHBECK_SRC_SIGNAL_TEXT_DISCRIMINANT_H_

#include <Eigen/Core>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "pinchbeck/signal/sample.h"
#include "src/signal/text_cells.h"

namespace pinchbeck::internal {

// Texts of one probe.
struct TrainingCell {
  Texts claimed, alternative;
};

class TextDiscriminant {
 public:
  // Weights from at least two cells with texts in both classes; nothing where there are fewer, or where all
  // texts of each probe have the same features.
  static std::optional<TextDiscriminant> Train(std::span<const TrainingCell> cells);

  // Large where the text is like the alternative's.
  [[nodiscard]] double Score(const TextFeatures& text) const;

 private:
  TextDiscriminant() = default;
  std::vector<double> trigrams_;
  StyleVector style_{};
};

// Probes that both models have answered, but for the tested ones.
[[nodiscard]] std::vector<TrainingCell> UntestedCells(const SampleSet& reference,
                                                      const SampleSet& alternative,
                                                      const std::set<std::string>& tested);

// Scores of the cells' texts in turn, cell s by discriminant s modulo their number, around their cells' means
// and bounded, tanh(score / root mean square): one text must not outweigh the others. Nothing where no score
// differs from its cell's mean.
[[nodiscard]] std::optional<Eigen::VectorXd> BoundedScores(
    std::span<const TextDiscriminant* const> discriminants, const std::vector<TextCell>& cells);

// BoundedScores() against one alternative; nothing where no discriminant can be trained.
//
// Training: the probes that both models have answered and that are not tested, if they are at least as many
// as the tested ones; else five folds of the tested probes, each scored by a discriminant from the other
// folds (claimed class: reference and observed texts pooled) and from the probes that are not tested.
[[nodiscard]] std::optional<Eigen::VectorXd> DiscriminantScores(const SampleSet& reference,
                                                                const SampleSet& alternative,
                                                                const std::vector<TextCell>& cells);

// A column for each alternative with a discriminant.
[[nodiscard]] Eigen::MatrixXd AllDiscriminantScores(const SampleSet& reference,
                                                    const std::vector<const SampleSet*>& alternatives,
                                                    const std::vector<TextCell>& cells, int threads);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_TEXT_DISCRIMINANT_H_
