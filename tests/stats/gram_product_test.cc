#include "pinchbeck/stats/gram_product.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

#include "pinchbeck/internal/simd.h"
#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/kernel_statistics.h"

namespace pinchbeck::stats {
namespace {

using pinchbeck::internal::SimdPath;
using ::testing::HasSubstr;

constexpr SimdPath kPaths[] = {SimdPath::kPortable, SimdPath::kAvx2, SimdPath::kAvx512};
// Around the tile's rows and depth, the width of a transposed block, and one large size.
constexpr Eigen::Index kSizes[] = {1, 2, 3, 4, 5, 15, 16, 17, 95, 96, 97, 100, 101, 193, 260};

Eigen::MatrixXd RandomGram(Eigen::Index n, bool whole) {
  CounterRng rng(21, static_cast<std::uint64_t>(n));
  Eigen::MatrixXd gram(n, n);
  for (Eigen::Index j = 0; j < n; ++j) {
    for (Eigen::Index i = 0; i <= j; ++i) {
      gram(i, j) = gram(j, i) = whole ? static_cast<double>(rng.Below(87'381)) - 43'690 : rng.Uniform() - 0.3;
    }
  }
  return gram;
}

LabelMatrix RandomLabels(Eigen::Index n, Eigen::Index columns) {
  CounterRng rng(22, static_cast<std::uint64_t>(n));
  LabelMatrix labels(n, columns);
  for (Eigen::Index b = 0; b < columns; ++b) {
    for (Eigen::Index i = 0; i < n; ++i) labels(i, b) = static_cast<std::uint8_t>(rng.Below(2));
  }
  return labels;
}

RelabelingSums Definition(const Eigen::MatrixXd& gram, const LabelMatrix& labels) {
  RelabelingSums sums{Eigen::RowVectorXd::Zero(labels.cols()), Eigen::RowVectorXd::Zero(labels.cols())};
  for (Eigen::Index b = 0; b < labels.cols(); ++b) {
    for (Eigen::Index j = 0; j < gram.cols(); ++j) {
      for (Eigen::Index i = 0; i < gram.rows(); ++i) {
        if (i == j || labels(i, b) == 0) continue;
        sums.rows(b) += gram(i, j);
        if (labels(j, b) != 0) sums.within(b) += gram(i, j);
      }
    }
  }
  return sums;
}

TEST(RelabelingGramTest, WholeNumbersAreExactOnEveryPath) {
  for (const Eigen::Index n : kSizes) {
    const Eigen::MatrixXd gram = RandomGram(n, true);
    const LabelMatrix labels = RandomLabels(n, 70);
    const RelabelingSums expected = Definition(gram, labels);
    const RelabelingGram ready = RelabelingGram::Make(gram).value();
    EXPECT_TRUE(ready.exact());
    EXPECT_EQ(ready.total(), gram.sum() - gram.trace());
    for (const SimdPath path : kPaths) {
      if (!pinchbeck::internal::SupportsSimdPath(path)) continue;
      const RelabelingSums sums = ready.Sums(labels, path);
      EXPECT_EQ(sums.within, expected.within) << n;
      EXPECT_EQ(sums.rows, expected.rows) << n;
    }
  }
}

// Sums of a tile that reach 2^24 - 256 and would be rounded with a tile one row deeper.
TEST(RelabelingGramTest, LargestWholeNumbersAreExact) {
  const Eigen::Index n = 200;
  const Eigen::MatrixXd gram = Eigen::MatrixXd::Constant(n, n, 43'689);
  const LabelMatrix labels = LabelMatrix::Ones(n, 3);
  const RelabelingGram ready = RelabelingGram::Make(gram).value();
  EXPECT_TRUE(ready.exact());
  for (const SimdPath path : kPaths) {
    if (!pinchbeck::internal::SupportsSimdPath(path)) continue;
    EXPECT_EQ(ready.Sums(labels, path).within(2), 43'689.0 * static_cast<double>(n * (n - 1)));
  }
  EXPECT_FALSE(RelabelingGram::Make(Eigen::MatrixXd::Constant(n, n, 43'691)).value().exact());
}

TEST(RelabelingGramTest, DoublesAgreeOnEveryPath) {
  for (const Eigen::Index n : kSizes) {
    const Eigen::MatrixXd gram = RandomGram(n, false);
    const LabelMatrix labels = RandomLabels(n, 70);
    const RelabelingSums expected = Definition(gram, labels);
    const RelabelingGram ready = RelabelingGram::Make(gram).value();
    const RelabelingSums portable = ready.Sums(labels, SimdPath::kPortable);
    const double scale = gram.cwiseAbs().sum();
    EXPECT_LT((portable.within - expected.within).cwiseAbs().maxCoeff(), 1e-12 * scale);
    EXPECT_LT((portable.rows - expected.rows).cwiseAbs().maxCoeff(), 1e-12 * scale);
    for (const SimdPath path : kPaths) {
      if (!pinchbeck::internal::SupportsSimdPath(path)) continue;
      const RelabelingSums sums = ready.Sums(labels, path);
      EXPECT_EQ(sums.within, portable.within) << "one order of summation: the same bits";
      EXPECT_EQ(sums.rows, portable.rows);
    }
  }
}

TEST(RelabelingGramTest, DoesNotReadTheDiagonal) {
  Eigen::MatrixXd gram = RandomGram(20, false);
  const LabelMatrix labels = RandomLabels(20, 9);
  const RelabelingSums before = RelabelingGram::Make(gram)->Sums(labels);
  gram.diagonal().setConstant(0.125);
  const RelabelingSums after = RelabelingGram::Make(gram)->Sums(labels);
  EXPECT_EQ(before.within, after.within);
  EXPECT_LT((before.rows - after.rows).cwiseAbs().maxCoeff(), 1e-12);
}

TEST(RelabelingGramTest, OffsetIsSubtracted) {
  const Eigen::MatrixXd gram = RandomGram(30, true);
  const LabelMatrix labels = RandomLabels(30, 9);
  const RelabelingSums expected = Definition((gram.array() - 3).matrix(), labels);
  const RelabelingSums sums = RelabelingGram::Make(gram, 3)->Sums(labels);
  EXPECT_EQ(sums.within, expected.within);
  EXPECT_EQ(sums.rows, expected.rows);
}

TEST(RelabelingGramTest, MmdIsThatOfThePlainMatrix) {
  for (const Stratum& stratum : {Stratum{10, 7}, Stratum{1, 16}, Stratum{16, 1}, Stratum{1, 1}}) {
    for (const double offset : {0.0, 0.75}) {
      const Eigen::MatrixXd gram = RandomGram(stratum.size(), false);
      LabelMatrix labels = LabelMatrix::Zero(stratum.size(), 5);
      for (Eigen::Index b = 0; b < labels.cols(); ++b) {
        for (Eigen::Index i = 0; i < stratum.n_observed; ++i) labels((i + b) % stratum.size(), b) = 1;
      }
      Eigen::RowVectorXd plain = Eigen::RowVectorXd::Constant(5, 2.5), ready = plain;
      AccumulateMmd(gram, stratum, 0.5, labels, plain);
      AccumulateMmd(RelabelingGram::Make(gram, offset).value(), stratum, 0.5, labels, ready);
      EXPECT_LT((plain - ready).cwiseAbs().maxCoeff(), 1e-13);
    }
  }
}

TEST(RelabelingGramTest, MisuseIsRefused) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const auto with = [](Eigen::Index i, Eigen::Index j, double value) {
    Eigen::MatrixXd gram = RandomGram(40, false);
    gram(i, j) = value;
    return gram;
  };
  struct Case {
    Eigen::MatrixXd gram;
    double offset;
    const char* message;
  };
  const Case cases[] = {
      {Eigen::MatrixXd(0, 0), 0, "gram is 0 x 0; it must be square"},
      {Eigen::MatrixXd::Ones(3, 4), 0, "gram is 3 x 4; it must be square"},
      {with(39, 2, kNan), 0, "gram(39, 2) is nan"},
      {with(2, 39, kNan), 0, "gram(2, 39) is nan"},
      {with(5, 5, kNan), 0, "gram(5, 5) is nan"},
      {with(0, 1, -kInfinity), 0, "gram(0, 1) is -inf"},
      {Eigen::MatrixXd::Constant(2, 2, 1e300), 0, "at most 1e290"},
      {with(35, 3, 0.9), 0, "gram(35, 3) is 0.900000; its mirror image"},
      {with(3, 35, 0.9), 0, "but a Gram matrix is symmetric"},
      {RandomGram(3, true), kNan, "offset is nan"},
  };
  for (const Case& c : cases) {
    const auto ready = RelabelingGram::Make(c.gram, c.offset);
    EXPECT_EQ(ready.status().code(), absl::StatusCode::kInvalidArgument) << c.message;
    EXPECT_THAT(std::string(ready.status().message()), HasSubstr(c.message));
  }
}

}  // namespace
}  // namespace pinchbeck::stats
