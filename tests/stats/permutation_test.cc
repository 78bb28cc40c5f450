#include "pinchbeck/stats/permutation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace pinchbeck::stats {
namespace {

// Component: sum over observed items of 2^item + 100 * stratum, which names a labeling.
void NameLabeling(std::size_t stratum, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
  const double base = std::pow(100.0, static_cast<double>(stratum));
  for (Eigen::Index b = 0; b < labels.cols(); ++b) {
    double name = 0;
    for (Eigen::Index i = 0; i < labels.rows(); ++i)
      name += labels(i, b) * std::pow(2.0, static_cast<double>(i));
    out(0, b) += base * name;
  }
}

TEST(EvaluateRelabelingsTest, EnumeratesEveryLabelingOnce) {
  const std::vector<Stratum> strata = {{2, 2}, {3, 1}, {1, 1}};
  const auto table = EvaluateRelabelings(strata, 1, NameLabeling, {.permutations = 999});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_TRUE(table->exact);
  EXPECT_EQ(table->values.cols(), 6 * 4 * 2);
  const std::set<double> names(table->values.data(), table->values.data() + table->values.size());
  EXPECT_EQ(names.size(), 48u);
  // The observed labeling: items 2 and 3, item 3, item 1.
  EXPECT_EQ(table->values(0, 0), 12 + 100 * 8 + 10000 * 2);
}

TEST(EvaluateRelabelingsTest, DrawsKeepTheGroupSizes) {
  const std::vector<Stratum> strata = {{30, 7}, {4, 50}};
  std::mutex mutex;
  bool kept = true;
  const auto table =
      EvaluateRelabelings(strata, 1,
                          [&](std::size_t s, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
                            const std::lock_guard<std::mutex> lock(mutex);
                            for (Eigen::Index b = 0; b < labels.cols(); ++b) {
                              kept = kept && labels.col(b).cast<int>().sum() == strata[s].n_observed;
                              out(0, b) += labels(0, b);
                            }
                          },
                          {.permutations = 500});
  ASSERT_TRUE(table.ok());
  EXPECT_FALSE(table->exact);
  EXPECT_EQ(table->relabelings(), 500);
  EXPECT_TRUE(kept);
}

TEST(EvaluateRelabelingsTest, ResultDoesNotDependOnThreads) {
  const std::vector<Stratum> strata = {{12, 9}, {6, 6}};
  const auto one =
      EvaluateRelabelings(strata, 1, NameLabeling, {.permutations = 1000, .seed = 5, .threads = 1});
  for (const int threads : {2, 7}) {
    const auto many =
        EvaluateRelabelings(strata, 1, NameLabeling, {.permutations = 1000, .seed = 5, .threads = threads});
    EXPECT_EQ(one->values, many->values) << threads;
  }
  const auto other = EvaluateRelabelings(strata, 1, NameLabeling, {.permutations = 1000, .seed = 6});
  EXPECT_NE(one->values, other->values);
}

TEST(EvaluateRelabelingsTest, RefusesWhatItCannotTest) {
  EXPECT_EQ(EvaluateRelabelings({}, 1, NameLabeling).status().code(), absl::StatusCode::kInvalidArgument);
  const std::vector<Stratum> empty_side = {{3, 0}};
  EXPECT_EQ(EvaluateRelabelings(empty_side, 1, NameLabeling).status().code(),
            absl::StatusCode::kInvalidArgument);
  const std::vector<Stratum> good = {{3, 3}};
  EXPECT_EQ(EvaluateRelabelings(good, 1, NameLabeling, {.permutations = 0}).status().code(),
            absl::StatusCode::kInvalidArgument);
  const auto nan = [](std::size_t, const LabelMatrix&, Eigen::Ref<Eigen::MatrixXd> out) {
    out.setConstant(std::numeric_limits<double>::quiet_NaN());
  };
  EXPECT_EQ(EvaluateRelabelings(good, 1, nan).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(PermutationPValueTest, CountsTheObservedColumnAndRoundingTies) {
  Eigen::RowVectorXd row(5);
  row << 2, 1, 3, 2, 0;
  EXPECT_DOUBLE_EQ(PermutationPValue(row), 3.0 / 5);
  row << 2, 1, 3, 2 - 1e-12, 0;
  EXPECT_DOUBLE_EQ(PermutationPValue(row), 3.0 / 5);
  row << 9, 1, 3, 2, 0;
  EXPECT_DOUBLE_EQ(PermutationPValue(row), 1.0 / 5);
  EXPECT_DOUBLE_EQ(PermutationPValue(Eigen::RowVectorXd::Zero(4)), 1.0);
}

TEST(PermutationPValueTest, WhatIsNotFiniteIsNoEvidence) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), kInfinity, -kInfinity}) {
    Eigen::RowVectorXd row(4);
    row << bad, 1, 2, 3;
    EXPECT_EQ(PermutationPValue(row), 1);
    row << 3, 1, bad, 2;
    EXPECT_GE(PermutationPValue(row), 0.5);
  }
}

TEST(StudentiseTest, ConstantsAndRoundingNoiseBecomeZero) {
  EXPECT_TRUE(Studentise(Eigen::RowVectorXd::Constant(6, 3.0)).isZero());
  Eigen::RowVectorXd noise = Eigen::RowVectorXd::Constant(6, 3.0);
  noise(2) += 1e-15;
  EXPECT_TRUE(Studentise(noise).isZero());
}

TEST(StudentiseTest, IncludesTheObservedColumn) {
  Eigen::RowVectorXd row(4);
  row << 10, 0, 0, 2;
  const Eigen::RowVectorXd z = Studentise(row);
  EXPECT_NEAR(z.mean(), 0, 1e-12);
  EXPECT_NEAR(z.squaredNorm() / 4, 1, 1e-12);
}

TEST(RejectionThresholdTest, IsReachedAtMostByTheStatedFraction) {
  Eigen::RowVectorXd row(100);
  for (int i = 0; i < 100; ++i) row(i) = i;
  EXPECT_EQ(RejectionThreshold(row, 0.05), 95);
  EXPECT_EQ(RejectionThreshold(row, 0.01), 99);
  EXPECT_TRUE(std::isinf(RejectionThreshold(row, 0.001)));
  // Ten tied values at the top are more than five of a hundred.
  row.tail(10).setConstant(1000);
  EXPECT_TRUE(std::isinf(RejectionThreshold(row, 0.05)));
  EXPECT_EQ(RejectionThreshold(row, 0.10), 1000);
}

TEST(RejectionThresholdTest, ValuesThatAreNotFiniteRejectNothing) {
  for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    Eigen::RowVectorXd row = Eigen::RowVectorXd::LinSpaced(100, 0, 99);
    row(40) = bad;
    EXPECT_TRUE(std::isinf(RejectionThreshold(row, 0.05))) << bad;
  }
}

}  // namespace
}  // namespace pinchbeck::stats
