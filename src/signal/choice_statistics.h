// The statistics of short answers under relabelings, and how they become one.
#ifndef PINCHBECK_SRC_SIGNAL_CHOICE_STATISTICS_H_
#define PINCHBECK_SRC_SIGNAL_CHOICE_STATISTICS_H_

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pinchbeck/signal/sample.h"
#include "pinchbeck/stats/count_statistics.h"

namespace pinchbeck::internal {

// The short answers of one probe on both sides, by category.
struct ChoiceCell {
  std::vector<std::int64_t> reference, observed;
  // Smoothed probabilities of each alternative that has this probe; empty where it does not.
  std::vector<std::vector<double>> alternatives;
  // The answers as numbers, if all of them are whole numbers and there are at least three; else empty.
  std::vector<std::int64_t> numbers;
  // Smoothed probabilities from the pooled answers (smoothed_answers.h): weight of a side's own shares, the
  // rest by category, and the probability if all answers were equally likely. Empty `base` where not asked
  // for.
  struct Smoothed {
    double own = 0;
    std::vector<double> base;
    double uniform = 0;
  } smoothed;
};

[[nodiscard]] ChoiceCell BuildChoiceCell(const std::string& id, const ProbeSample& reference,
                                         const ProbeSample& observed,
                                         const std::vector<const SampleSet*>& alternatives,
                                         bool against_noise = false);

// Sums over cells, a row each:
//   the Jensen-Shannon divergence;
//   for every alternative and share a log-likelihood ratio against the claimed model, whose probabilities are
//   estimated from the relabeled reference itself;
//   the log-likelihood ratio of equally likely answers, where asked for;
//   where answers are numbers, sums of ranks, of squared ranks and of each last digit.
class ChoiceStatistics {
 public:
  ChoiceStatistics(const std::vector<ChoiceCell>& cells, std::size_t alternatives,
                   bool against_noise = false);

  [[nodiscard]] bool has_alternatives() const { return alternatives_ > 0; }
  [[nodiscard]] bool has_numbers() const { return has_numbers_; }
  // Adds the rows' contributions; `weight` is that of the cell's divergence.
  void AddTo(const ChoiceCell& cell, double weight, stats::CountCell& table) const;
  // One row out of the table of all rows: their nonparametric combination.
  [[nodiscard]] Eigen::RowVectorXd Combine(const Eigen::MatrixXd& values) const;
  // The same with some of the alternatives only, given by their indices.
  [[nodiscard]] Eigen::RowVectorXd Combine(const Eigen::MatrixXd& values,
                                           std::span<const std::size_t> alternatives) const;

 private:
  std::size_t alternatives_;
  [[nodiscard]] Eigen::RowVectorXd CombineWithoutNoise(const Eigen::MatrixXd& values) const;

  bool against_noise_ = false;
  bool has_numbers_ = false;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_CHOICE_STATISTICS_H_
