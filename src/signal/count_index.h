// Log marginal likelihoods of one probe's answers under many models at once.
#ifndef PINCHBECK_SRC_SIGNAL_COUNT_INDEX_H_
#define PINCHBECK_SRC_SIGNAL_COUNT_INDEX_H_

#include <Eigen/Core>
#include <cstdint>
#include <utility>
#include <vector>

#include "src/signal/answer_space.h"

namespace pinchbeck::internal {

// Dirichlet-multinomial with the priors of SmoothedAnswers for every model that has answers to a probe.
// Priors are kept as columns over models, an own count as an entry of its answer's list, so that scoring is a
// pass over one column for each distinct observed answer:
//
//   log p(y) = log G(A) / G(A + n) + sum_k log G(a_k + y_k) / G(a_k)     (G the gamma function).
//
// Memory: 12 bytes an own answer and 4 (4 + 2 x grid cells + 10) a model. Time: O(models x distinct observed
// answers).
class CountIndex {
 public:
  // `counts[i]` are the answers of model `models[i]`, none of them empty.
  CountIndex(std::vector<std::uint32_t> models, const std::vector<const AnswerCounts*>& counts, bool digits);

  // The models that the rows of Score() stand for.
  [[nodiscard]] const std::vector<std::uint32_t>& models() const { return models_; }
  [[nodiscard]] Eigen::ArrayXd Score(const AnswerCounts& observed) const;
  // The same if all possible answers were equally likely.
  [[nodiscard]] double ScoreUniform(const AnswerCounts& observed) const;

 private:
  // Adds `value` to the prior of an answer in a row.
  struct Entry {
    std::uint32_t row = 0;
    float value = 0;
  };
  [[nodiscard]] Eigen::ArrayXf PriorColumn(const AnswerSpace::Place& place) const;

  std::vector<std::uint32_t> models_;
  AnswerSpace space_;
  // Sums of the priors, and log G of them.
  Eigen::ArrayXd totals_, log_gamma_totals_;
  // Per model: weight of the library's mean and of the uniform part, times the prior's sum.
  Eigen::ArrayXf library_, uniform_;
  // Models x grid cells, and models x last digits.
  Eigen::ArrayXXf plain_, by_digit_, digits_;
  // By answer: summed shares of all models over the number of others, and the own counts.
  std::vector<float> library_shares_;
  std::vector<std::vector<Entry>> entries_;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_COUNT_INDEX_H_
