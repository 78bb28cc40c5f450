// Kernel statistics of one stratum under relabelings, from its Gram matrix.
#ifndef PINCHBECK_STATS_KERNEL_STATISTICS_H_
#define PINCHBECK_STATS_KERNEL_STATISTICS_H_

#include <Eigen/Core>

#include "pinchbeck/stats/gram_product.h"
#include "pinchbeck/stats/relabeling.h"

namespace pinchbeck::stats {

// Adds weight * MMD^2 of each relabeling to `out`: the unbiased U-statistic
//
//   mean of K over pairs within reference + mean within observed - 2 mean between,   diagonals left out,
//
// (Gretton et al. 2012, JMLR 13, 723-773). A side with one item has no pairs; its term is left out, the same
// in every relabeling, which keeps the permutation test valid. `gram` is symmetric with the diagonal ignored.
// All relabelings of a batch are one matrix product: O(N^2) per relabeling.
inline void AccumulateMmd(const Eigen::MatrixXd& gram, const Stratum& stratum, double weight,
                          const LabelMatrix& labels, Eigen::Ref<Eigen::RowVectorXd> out) {
  const double m = static_cast<double>(stratum.n_reference), n = static_cast<double>(stratum.n_observed);
  const double total = gram.sum() - gram.trace();
  const Eigen::MatrixXd z = labels.cast<double>();
  const Eigen::MatrixXd product = gram * z;
  const Eigen::RowVectorXd diagonal = gram.diagonal().transpose() * z;
  // Ordered pairs: observed-observed, and rows of observed items over all items.
  const Eigen::RowVectorXd within_observed = z.cwiseProduct(product).colwise().sum() - diagonal;
  const Eigen::RowVectorXd rows_observed = product.colwise().sum() - diagonal;
  const Eigen::RowVectorXd between = rows_observed - within_observed;
  const Eigen::RowVectorXd within_reference = (total - rows_observed.array() - between.array()).matrix();
  if (n > 1) out += weight / (n * (n - 1)) * within_observed;
  if (m > 1) out += weight / (m * (m - 1)) * within_reference;
  out -= 2 * weight / (m * n) * between;
}

// The same from a Gram matrix made ready once: the inner loops of all relabelings run on the lower triangle
// only, and on floats where the entries are whole numbers. The sizes of `stratum` add up to gram.size().
inline void AccumulateMmd(const RelabelingGram& gram, const Stratum& stratum, double weight,
                          const LabelMatrix& labels, Eigen::Ref<Eigen::RowVectorXd> out) {
  const double m = static_cast<double>(stratum.n_reference), n = static_cast<double>(stratum.n_observed);
  const RelabelingSums sums = gram.Sums(labels);
  const auto between = (sums.rows - sums.within).eval();
  // Where both sides have pairs the three terms cancel the offset; else one or both of its means are missing.
  const double offset = gram.offset() * ((n > 1 ? 1 : 0) + (m > 1 ? 1 : 0) - 2);
  out.array() += weight * offset - 2 * weight / (m * n) * between.array();
  if (n > 1) out += weight / (n * (n - 1)) * sums.within;
  if (m > 1) out.array() += weight / (m * (m - 1)) * (gram.total() - sums.rows.array() - between.array());
}

// Adds weight * (mean of observed rows - mean of reference rows) of a feature matrix (items x features) to
// `out` (features x relabelings).
inline void AccumulateMeanDifference(const Eigen::MatrixXd& features, const Stratum& stratum, double weight,
                                     const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
  const double m = static_cast<double>(stratum.n_reference), n = static_cast<double>(stratum.n_observed);
  const Eigen::VectorXd total = features.colwise().sum();
  const Eigen::MatrixXd observed = features.transpose() * labels.cast<double>();
  // observed/n - (total - observed)/m
  out += (weight * (1 / n + 1 / m) * observed).colwise() - weight / m * total;
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_KERNEL_STATISTICS_H_
