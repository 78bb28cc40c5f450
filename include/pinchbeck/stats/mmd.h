// Kernel two-sample tests from Gram matrices: maximum mean discrepancy, and its version for pairs.
#ifndef PINCHBECK_STATS_MMD_H_
#define PINCHBECK_STATS_MMD_H_

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/gram_product.h"
#include "pinchbeck/stats/kernel_statistics.h"
#include "pinchbeck/stats/permutation.h"
#include "pinchbeck/stats/two_sample.h"

namespace pinchbeck::stats {

// The kernel values of one stratum (probe).
struct GramStratum {
  // Of the pooled items, reference first; the diagonal is ignored. Not copied: it outlives the call.
  Eigen::Ref<const Eigen::MatrixXd> gram;
  Stratum stratum;
  // Share in the sum over strata, in any unit.
  double weight = 1;
};

struct MmdOptions {
  PermutationOptions permutation = {};
};

namespace internal {

// A stratum's Gram matrix made ready, and its share.
struct MmdPart {
  RelabelingGram gram;
  Stratum stratum;
  double weight = 0;
};

inline absl::Status CheckGramStrata(std::span<const GramStratum> strata) {
  for (std::size_t s = 0; s < strata.size(); ++s) {
    const std::string name = "strata[" + std::to_string(s) + "]";
    const Eigen::Index n = strata[s].stratum.size();
    if (strata[s].gram.rows() != n || strata[s].gram.cols() != n) {
      return absl::InvalidArgumentError(name + ".gram is " + std::to_string(strata[s].gram.rows()) + " x " +
                                        std::to_string(strata[s].gram.cols()) + ", but the stratum has " +
                                        std::to_string(n) + " items; give one row and column per item");
    }
    if (!(strata[s].weight > 0) || !std::isfinite(strata[s].weight)) {
      return absl::InvalidArgumentError(name + ".weight is " + std::to_string(strata[s].weight) +
                                        "; weights are positive and finite");
    }
  }
  return absl::OkStatus();
}

// Weights sum to 1. The first kernel value is the offset: values that are all equal become zero, and those
// that differ little keep the digits in which they differ.
inline absl::StatusOr<std::vector<MmdPart>> MakeMmdParts(std::span<const GramStratum> strata) {
  PINCHBECK_RETURN_IF_ERROR(CheckGramStrata(strata));
  double largest = 0, total = 0;
  for (const GramStratum& s : strata) largest = std::max(largest, s.weight);
  for (const GramStratum& s : strata) total += s.weight / largest;
  std::vector<MmdPart> parts;
  for (std::size_t s = 0; s < strata.size(); ++s) {
    absl::StatusOr<RelabelingGram> gram = RelabelingGram::Make(strata[s].gram, strata[s].gram(1, 0));
    if (!gram.ok()) {
      return absl::InvalidArgumentError("strata[" + std::to_string(s) + "]." +
                                        std::string(gram.status().message()));
    }
    parts.push_back({*std::move(gram), strata[s].stratum, strata[s].weight / largest / total});
  }
  return parts;
}

// D_ij = k(x_i, x_j) - k(x_i, y_j) - k(y_i, x_j) + k(y_i, y_j) of pairs i > j, mirrored; zero diagonal.
inline Eigen::MatrixXd PairDifferences(const Eigen::Ref<const Eigen::MatrixXd>& gram) {
  const Eigen::Index k = gram.rows() / 2;
  Eigen::MatrixXd differences = Eigen::MatrixXd::Zero(k, k);
  for (Eigen::Index j = 0; j < k; ++j) {
    for (Eigen::Index i = j + 1; i < k; ++i) {
      const double d = (gram(i, j) - gram(k + j, i)) - (gram(k + i, j) - gram(k + i, k + j));
      differences(i, j) = differences(j, i) = d;
    }
  }
  return differences;
}

inline absl::Status CheckPairedGram(const Eigen::Ref<const Eigen::MatrixXd>& gram) {
  PINCHBECK_RETURN_IF_ERROR(CheckGram(gram, "gram"));
  if (gram.rows() % 2 != 0) {
    return absl::InvalidArgumentError("gram has " + std::to_string(gram.rows()) +
                                      " rows; pairs x_1 .. x_k, y_1 .. y_k make an even number");
  }
  if (gram.cwiseAbs().maxCoeff() > kMaxGramEntry / 4) {
    return absl::InvalidArgumentError("gram holds values above 2.5e289 in size; rescale the kernel");
  }
  return absl::OkStatus();
}

}  // namespace internal

// Maximum mean discrepancy of two samples, from their kernel values, in one stratum or several.
//
//   MMD^2 = mean of k(x, x') + mean of k(y, y') - 2 mean of k(x, y),   pairs of different items only,
//
// the unbiased U-statistic; over strata the weighted mean of theirs. H0: within each stratum reference and
// observed items are exchangeable. With a characteristic kernel every difference is found with enough data;
// otherwise those that change a mean in the kernel's feature space.
//
// `statistic` and `effect` are MMD^2 in the kernel's unit, 0 on average under H0 and negative at times. A
// side with one item has no pairs; its term is left out, the same in every relabeling, so the p-value stays
// valid but the effect is no longer 0 on average. With one item on both sides of every stratum nothing
// varies and p = 1: use PairedKernelTest(). Large values speak against H0. When all kernel values of each
// stratum are equal p = 1.
//
// InvalidArgument, naming the stratum: no stratum, an empty side, a matrix that is not square, not symmetric,
// not as large as its stratum or above 16,384 items, a NaN or an infinity, a weight that is not positive and
// finite, fewer than one permutation.
// Cost: N^2 / 2 multiply-adds per stratum and relabeling, 2 N^2 bytes where kernel values are whole numbers,
// else 4 N^2. The p-value does not depend on the number of threads.
// Accuracy: within 1e-10 of NumPy and of enumeration there (tests/golden/kernel.json); level: see
// tests/stats/calibration/mmd_calibration_test.cc.
// Reference: Gretton, Borgwardt, Rasch, Schoelkopf & Smola 2012, JMLR 13, 723-773.
[[nodiscard]] inline absl::StatusOr<TwoSampleResult> Mmd(std::span<const GramStratum> strata,
                                                         const MmdOptions& options = {}) {
  std::vector<Stratum> sizes;
  for (const GramStratum& s : strata) sizes.push_back(s.stratum);
  PINCHBECK_RETURN_IF_ERROR(internal::CheckStrata(sizes, options.permutation));
  PINCHBECK_ASSIGN_OR_RETURN(const std::vector<internal::MmdPart> parts, internal::MakeMmdParts(strata));
  PINCHBECK_ASSIGN_OR_RETURN(
      const PermutationTestResult test,
      PermutationTest(
          sizes, 1,
          [&](std::size_t s, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
            Eigen::RowVectorXd row = Eigen::RowVectorXd::Zero(out.cols());
            AccumulateMmd(parts[s].gram, parts[s].stratum, parts[s].weight, labels, row);
            out.row(0) += row;
          },
          options.permutation));
  TwoSampleResult result;
  result.statistic = result.effect = test.statistics[0];
  result.p_value = test.p_values[0];
  for (const Stratum& s : sizes) {
    result.n_reference += s.n_reference;
    result.n_observed += s.n_observed;
  }
  result.calibration = test.exact ? Calibration::kExact : Calibration::kPermutation;
  result.method = test.exact ? "MMD, all relabelings" : "MMD, random relabelings";
  return result;
}

// The same for one stratum.
[[nodiscard]] inline absl::StatusOr<TwoSampleResult> Mmd(const Eigen::Ref<const Eigen::MatrixXd>& gram,
                                                         const Stratum& stratum,
                                                         const MmdOptions& options = {}) {
  const GramStratum only{gram, stratum};
  return Mmd({&only, 1}, options);
}

// Kernel test for pairs: one reference and one observed item per probe, k probes.
//
//   T = sum over i != j of D_ij,   D_ij = k(x_i, x_j) - k(x_i, y_j) - k(y_i, x_j) + k(y_i, y_j),
//
// the squared length of the summed feature differences f(x_i) - f(y_i) without their own squares. H0: within
// each probe the two items are exchangeable, so that swapping them, D_ij -> s_i s_j D_ij with signs s, does
// not change the distribution. It sees differences that point the same way in many probes. All 2^k sign
// vectors are taken when there are at most B + 1 of them, else random ones.
//
// `gram` has the kernel values of x_1 .. x_k, y_1 .. y_k in this order; its diagonal is ignored. `statistic`
// is T and `effect` its mean over ordered pairs of probes, T / (k (k - 1)), in the kernel's unit, 0 on
// average under H0. Large values speak against H0. With one pair, or equal kernel values, T = 0 and p = 1;
// T is the same for s and -s, so p >= 2^(1 - k).
//
// InvalidArgument: `gram` is empty, not square, with an odd number of rows, not symmetric, above 16,384 rows,
// holds a NaN, an infinity or a value above 2.5e289; fewer than one permutation.
// Cost: k^2 / 2 multiply-adds per sign vector. The p-value does not depend on the number of threads.
// Accuracy: within 1e-10 of NumPy and of enumeration there (tests/golden/kernel.json); level: see
// tests/stats/calibration/mmd_calibration_test.cc.
[[nodiscard]] inline absl::StatusOr<TwoSampleResult> PairedKernelTest(
    const Eigen::Ref<const Eigen::MatrixXd>& gram, const MmdOptions& options = {}) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckPairedGram(gram));
  const Eigen::Index k = gram.rows() / 2;
  const std::vector<Stratum> pairs(static_cast<std::size_t>(k), Stratum{1, 1});
  PINCHBECK_ASSIGN_OR_RETURN(const RelabelingPlan plan, RelabelingPlan::Make(pairs, options.permutation));
  PINCHBECK_ASSIGN_OR_RETURN(const RelabelingGram differences,
                             RelabelingGram::Make(internal::PairDifferences(gram)));
  const internal::EvaluateColumns evaluate = [&](std::int64_t first, Eigen::Ref<Eigen::MatrixXd> out) {
    LabelMatrix swapped(k, out.cols()), pair(2, out.cols());
    for (Eigen::Index i = 0; i < k; ++i) {
      plan.FillLabels(static_cast<std::size_t>(i), first, pair);
      swapped.row(i) = pair.row(0);
    }
    // With signs 1 - 2 z: s_i s_j = 1 - 2 z_i - 2 z_j + 4 z_i z_j.
    const RelabelingSums sums = differences.Sums(swapped);
    out.row(0).array() += differences.total() + 4 * (sums.within - sums.rows).array();
  };
  PINCHBECK_ASSIGN_OR_RETURN(const PermutationTestResult test,
                             internal::StreamedTest(plan, 1, evaluate, options.permutation).Run());
  TwoSampleResult result;
  result.statistic = test.statistics[0];
  result.p_value = test.p_values[0];
  result.effect = k > 1 ? result.statistic / static_cast<double>(k) / static_cast<double>(k - 1) : 0;
  result.n_reference = result.n_observed = k;
  result.calibration = test.exact ? Calibration::kExact : Calibration::kPermutation;
  result.method = test.exact ? "paired kernel test, all swaps" : "paired kernel test, random swaps";
  return result;
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_MMD_H_
