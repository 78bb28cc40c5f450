#include "pinchbeck/stats/nonparametric_combination.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/permutation.h"
#include "tests/exact_binomial.h"

namespace pinchbeck::stats {
namespace {

TEST(NonparametricCombinationTest, IsItsDefinition) {
  Eigen::MatrixXd rows(2, 4);
  rows << 3, 1, 2, 2,  // shares 1/4, 1, 3/4, 3/4
      0, 5, 5, 9;      // shares 1, 3/4, 3/4, 1/4
  auto squared = [](double share) { return std::log(share) * std::log(share); };
  const Eigen::RowVectorXd combined = NonparametricCombination(rows);
  EXPECT_NEAR(combined(0), squared(0.25), 1e-15);
  EXPECT_NEAR(combined(1), squared(0.75), 1e-15);
  EXPECT_NEAR(combined(2), 2 * squared(0.75), 1e-15);
  EXPECT_NEAR(combined(3), squared(0.75) + squared(0.25), 1e-15);
  const Eigen::RowVectorXd fisher = NonparametricCombination(rows, CombiningFunction::kFisher);
  EXPECT_NEAR(fisher(0), -std::log(0.25), 1e-15);
  EXPECT_NEAR(fisher(3), -std::log(0.75) - std::log(0.25), 1e-15);
}

TEST(NonparametricCombinationTest, ConstantRowsAndRoundingAddNothing) {
  Eigen::MatrixXd rows(2, 5);
  rows << 7, 7, 7, 7, 7, 1, 1 + 1e-13, 1, 1 - 1e-13, 1;
  EXPECT_TRUE(NonparametricCombination(rows).isZero());
}

TEST(NonparametricCombinationTest, MonotoneTransformsChangeNothing) {
  CounterRng rng(5, 0);
  Eigen::MatrixXd rows(3, 200);
  for (Eigen::Index i = 0; i < rows.size(); ++i) rows(i) = rng.Uniform();
  const Eigen::RowVectorXd before = NonparametricCombination(rows);
  rows.row(1) = rows.row(1).array().exp() * 1000;
  EXPECT_EQ(NonparametricCombination(rows), before);
}

// Two statistics with opposite preferences and one that repeats the first: dependence as strong as it gets.
// Three checks with a chance of 1e-4 each to fail by themselves.
TEST(NonparametricCombinationTest, KeepsItsLevel) {
  constexpr std::int64_t kRuns = 4000;
  for (const std::int64_t permutations : {19, 99, 499}) {
    std::int64_t rejected = 0;
    for (std::uint64_t run = 0; run < kRuns; ++run) {
      CounterRng rng(6, run);
      Eigen::VectorXd values(14);
      for (double& value : values) value = rng.Below(6);
      const auto table =
          EvaluateRelabelings(std::vector<Stratum>{{8, 6}}, 3,
                              [&](std::size_t, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
                                const Eigen::RowVectorXd sums = values.transpose() * labels.cast<double>();
                                out.row(0) += sums;
                                out.row(1) -= sums;
                                out.row(2) += sums.cwiseAbs2();
                              },
                              {.permutations = permutations, .seed = run});
      ASSERT_TRUE(table.ok());
      rejected += PermutationPValue(NonparametricCombination(table->values)) <= 0.05;
    }
    EXPECT_GT(BinomialUpperTail(rejected, kRuns, 0.05), kCheckFailureChance) << permutations;
    EXPECT_GT(rejected, kRuns / 100) << permutations;
  }
}

}  // namespace
}  // namespace pinchbeck::stats
