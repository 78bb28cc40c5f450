// The statistics of output lengths under relabelings, and how they become one.
#ifndef PINCHBECK_SRC_SIGNAL_LENGTH_STATISTICS_H_
#define PINCHBECK_SRC_SIGNAL_LENGTH_STATISTICS_H_

#include <Eigen/Core>
#include <cstddef>
#include <optional>
#include <vector>

#include "pinchbeck/stats/permutation.h"
#include "pinchbeck/stats/rank_statistics.h"
#include "src/signal/length_cells.h"
#include "src/signal/length_density.h"

namespace pinchbeck::internal {

// Rows of the table: van Elteren's rank sum, Anderson-Darling, the divergence of atoms, the sum of aligned
// ranks, the observed answers' surprise, and for each alternative a likelihood ratio for each share that it
// may have in the observed answers.
//
// All but the first three are sums of numbers that belong to the observed answers and do not depend on
// labels, so a batch of relabelings is one matrix product.
class LengthStatistics {
 public:
  // `alternatives`: log-probabilities of the items under each, as from AlternativeLengthLogs().
  LengthStatistics(const std::vector<LengthCell>& cells, const std::vector<ItemLogs>& alternatives);

  [[nodiscard]] int rows() const { return static_cast<int>(kOmnibusRows + ratios_); }
  [[nodiscard]] const std::vector<stats::RankedStratum>& ranked() const { return ranked_; }
  // stats::Accumulate of one cell.
  void Accumulate(std::size_t cell, const stats::LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) const;

  // One statistic of the table's rows, large where the sides differ.
  [[nodiscard]] Eigen::RowVectorXd Combine(const Eigen::MatrixXd& values) const;
  static constexpr Eigen::Index kRankSum = 0;

  // The alternative whose full substitution the observed answers support best against both sides pooled,
  // among those whose log-likelihood ratio is positive and has a permutation p-value of at most `level`
  // divided by their number.
  [[nodiscard]] std::optional<std::size_t> Closest(const Eigen::MatrixXd& values, double level) const;

 private:
  // A cell's lengths that occur more than once, and the cap, each a category; all others are one.
  struct Atoms {
    // By item; empty where there is nothing but one category.
    std::vector<std::size_t> category;
    std::vector<double> pooled;
  };
  static Atoms FindAtoms(const LengthCell& cell);
  static void AccumulateAtoms(const Atoms& atoms, const stats::LabelMatrix& labels,
                              Eigen::Ref<Eigen::RowVectorXd> out);

  enum OmnibusRow : Eigen::Index { kAndersonDarling = 1, kAtoms, kAligned, kSurprise, kOmnibusRows };

  std::vector<stats::RankedStratum> ranked_;
  std::vector<Atoms> atoms_;
  // By cell: a row for each linear statistic, a column for each item.
  std::vector<Eigen::MatrixXd> linear_;
  Eigen::Index ratios_ = 0;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_LENGTH_STATISTICS_H_
