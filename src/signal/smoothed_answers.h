// A model's answer probabilities estimated from a finite reference.
#ifndef PINCHBECK_SRC_SIGNAL_SMOOTHED_ANSWERS_H_
#define PINCHBECK_SRC_SIGNAL_SMOOTHED_ANSWERS_H_

#include <Eigen/Core>
#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "src/signal/answer_space.h"

namespace pinchbeck::internal {

// Deleted interpolation (Jelinek & Mercer 1980): answer k of a model with c_k of m reference answers has
//
//   p_k = w_0 c_k / m + w_1 L_k + w_2 u + sum_h (v_h + v'_h d_k / z_h) s_h(k)
//
// with L the mean of other models, u uniform over the possible answers, and, for numbers, s_h the model's own
// histogram smoothed by a triangle of h grid cells and d_k the relative frequency of the last digit. The
// weights maximise the likelihood of each reference answer predicted from all the others, by expectation
// maximisation, so that a model with few distinct answers keeps its counts and a nearly uniform one is
// described by its shape. Nothing is set by hand but the forms.
//
// As a prior for a Dirichlet-multinomial this is a_k = c_k + (m / w_0) (p_k - w_0 c_k / m): the own answers
// count as they are, the rest as pseudo-answers.
struct SmoothedAnswers {
  // Number of reference answers.
  double answers = 0;
  // Weights w_0, w_1 and w_2.
  double own = 0, library = 0, uniform = 0;
  // By grid cell: sum_h v_h s_h and sum_h v'_h s_h / z_h.
  Eigen::ArrayXd plain, by_digit;
  std::array<double, kLastDigits> digits{};

  // p_k without its first term, for an answer with the given library mean.
  [[nodiscard]] double Base(const AnswerSpace& space, const AnswerSpace::Place& place,
                            double library_share) const;
  // m / w_0, the sum of the Dirichlet prior.
  [[nodiscard]] double concentration() const { return answers / own; }
};

// Answers by dictionary id with their counts, at least one answer in all.
using CountedAnswers = std::vector<std::pair<std::uint32_t, std::int64_t>>;

// `library_shares`: mean shares of the other models by id, or empty where there is none.
[[nodiscard]] SmoothedAnswers SmoothAnswers(const AnswerSpace& space, const CountedAnswers& counts,
                                            std::span<const double> library_shares);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_SMOOTHED_ANSWERS_H_
