// How well first-token log-probabilities of one probe fit many models at once.
#ifndef PINCHBECK_SRC_SIGNAL_LOGPROB_INDEX_H_
#define PINCHBECK_SRC_SIGNAL_LOGPROB_INDEX_H_

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "pinchbeck/signal/sample.h"

namespace pinchbeck::internal {

// Gaussian log density, up to a constant that all models share, of the mean log-probability of each token:
//
//   -1/2 mean_t d_t^2 / (s^2 + v),
//
// d_t the difference of the means, v the variance of repeated requests pooled over tokens and models (the
// shrinkage: a model with few requests has no variance worth using), s what honest servings of one model
// differ by. The tokens of one request rise and fall together and repeats add little, so a probe counts as
// one observation, not as one a token and request. A token that one side did not report is known to lie at
// most at the smallest value reported there; only the part of the difference that this leaves counts.
class LogprobIndex {
 public:
  LogprobIndex(std::vector<std::uint32_t> models, const std::vector<const ProbeSample*>& samples);

  [[nodiscard]] const std::vector<std::uint32_t>& models() const { return models_; }
  [[nodiscard]] Eigen::ArrayXd Score(const ProbeSample& observed) const;

 private:
  struct Entry {
    std::uint32_t row = 0;
    double mean = 0;
  };
  std::vector<std::uint32_t> models_;
  std::unordered_map<std::string, std::size_t> tokens_;
  std::vector<std::vector<Entry>> entries_;
  // Smallest value that each model reported.
  Eigen::ArrayXd floors_;
  double variance_ = 0;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_LOGPROB_INDEX_H_
