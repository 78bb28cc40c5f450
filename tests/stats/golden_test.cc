// The statistics agree with SciPy and NumPy. tests/golden/make_stats_golden.py made the values.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pinchbeck/stats/count_statistics.h"
#include "pinchbeck/stats/kernel_statistics.h"
#include "pinchbeck/stats/multiplicity.h"
#include "pinchbeck/stats/rank_statistics.h"

namespace pinchbeck::stats {
namespace {

using Json = nlohmann::json;

// Sums of at most a few hundred terms in another order: relative error well below 1e-10.
constexpr double kTolerance = 1e-10;

const Json& Golden() {
  static const Json golden =
      Json::parse(std::ifstream(std::string(PINCHBECK_SOURCE_DIR) + "/tests/golden/stats.json"));
  return golden;
}

LabelMatrix ObservedLabels(const Stratum& stratum) {
  LabelMatrix labels = LabelMatrix::Zero(stratum.size(), 1);
  labels.bottomRows(stratum.n_observed).setOnes();
  return labels;
}

struct Pooled {
  std::vector<double> values;
  Stratum stratum;
};

Pooled Pool(const Json& item) {
  Pooled pooled;
  const auto x = item["reference"].get<std::vector<double>>(),
             y = item["observed"].get<std::vector<double>>();
  pooled.values = x;
  pooled.values.insert(pooled.values.end(), y.begin(), y.end());
  pooled.stratum = {static_cast<std::int64_t>(x.size()), static_cast<std::int64_t>(y.size())};
  return pooled;
}

TEST(GoldenTest, RankStatistics) {
  ASSERT_GE(Golden()["rank"].size(), 12u);
  for (const Json& item : Golden()["rank"]) {
    const std::string name = item["name"];
    const Pooled pooled = Pool(item);
    const RankedStratum ranked(pooled.values);
    Eigen::RowVectorXd rank_sum = Eigen::RowVectorXd::Zero(1), anderson = rank_sum;
    ranked.AccumulateRankSum(ObservedLabels(pooled.stratum), rank_sum);
    ranked.AccumulateAndersonDarling(ObservedLabels(pooled.stratum), anderson);
    EXPECT_NEAR(rank_sum(0), item["rank_sum"].get<double>(),
                kTolerance * static_cast<double>(pooled.values.size()))
        << name;
    EXPECT_NEAR(ranked.CliffDelta(pooled.stratum), item["cliff_delta"].get<double>(), kTolerance) << name;
    if (item.contains("anderson_darling")) {
      const double expected = item["anderson_darling"];
      EXPECT_NEAR(anderson(0), expected, 1e-9 * (1 + std::abs(expected))) << name;
    }
  }
}

TEST(GoldenTest, JensenShannon) {
  for (const Json& item : Golden()["count"]) {
    CountCell cell(item["reference"].get<std::vector<std::int64_t>>(),
                   item["observed"].get<std::vector<std::int64_t>>());
    cell.AddJensenShannon(2.0);
    Eigen::MatrixXd out = Eigen::MatrixXd::Zero(1, 1);
    cell.Accumulate(ObservedLabels(cell.stratum()), out);
    EXPECT_NEAR(out(0, 0), 2 * item["jensen_shannon_bits"].get<double>(), kTolerance);
  }
}

TEST(GoldenTest, MaximumMeanDiscrepancy) {
  for (const Json& item : Golden()["mmd"]) {
    const auto rows = item["gram"].get<std::vector<std::vector<double>>>();
    Eigen::MatrixXd gram(rows.size(), rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      for (std::size_t j = 0; j < rows.size(); ++j)
        gram(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) = rows[i][j];
    }
    const std::int64_t m = item["n_reference"];
    const Stratum stratum{m, gram.rows() - m};
    Eigen::RowVectorXd out = Eigen::RowVectorXd::Zero(1);
    AccumulateMmd(gram, stratum, 1.0, ObservedLabels(stratum), out);
    EXPECT_NEAR(out(0), item["mmd2"].get<double>(), kTolerance);
  }
}

TEST(GoldenTest, ExactPermutationPValues) {
  for (const Json& item : Golden()["exact"]) {
    const Pooled pooled = Pool(item);
    const RankedStratum ranked(pooled.values);
    const auto table =
        EvaluateRelabelings(std::vector<Stratum>{pooled.stratum}, 1,
                            [&](std::size_t, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
                              Eigen::RowVectorXd row = Eigen::RowVectorXd::Zero(out.cols());
                              ranked.AccumulateRankSum(labels, row);
                              out.row(0) += row;
                            },
                            {.permutations = 999});
    ASSERT_TRUE(table.ok());
    EXPECT_TRUE(table->exact);
    EXPECT_NEAR(PermutationPValue(table->values.row(0).cwiseAbs()), item["absolute_rank_sum_p"].get<double>(),
                1e-12);
  }
}

TEST(GoldenTest, Holm) {
  for (const Json& item : Golden()["holm"]) {
    const auto p = item["p"].get<std::vector<double>>();
    const std::vector<double> adjusted = HolmAdjust(p, p.size());
    for (std::size_t i = 0; i < p.size(); ++i)
      EXPECT_NEAR(adjusted[i], item["adjusted"][i].get<double>(), 1e-15);
  }
}

TEST(MmdTest, OneItemOnASideLeavesItsPairsOut) {
  Eigen::MatrixXd gram(3, 3);
  gram << 9, 0.2, 0.4, 0.2, 9, 0.6, 0.4, 0.6, 9;
  const Stratum stratum{1, 2};
  Eigen::RowVectorXd out = Eigen::RowVectorXd::Zero(1);
  AccumulateMmd(gram, stratum, 1.0, ObservedLabels(stratum), out);
  EXPECT_NEAR(out(0), 0.6 - 2 * (0.2 + 0.4) / 2, 1e-13);
}

TEST(MeanDifferenceTest, MatchesItsDefinition) {
  Eigen::MatrixXd features(4, 2);
  features << 1, 10, 3, 20, 5, 60, 8, 80;
  const Stratum stratum{1, 3};
  Eigen::MatrixXd out = Eigen::MatrixXd::Zero(2, 1);
  AccumulateMeanDifference(features, stratum, 0.5, ObservedLabels(stratum), out);
  EXPECT_NEAR(out(0, 0), 0.5 * (16.0 / 3 - 1), 1e-12);
  EXPECT_NEAR(out(1, 0), 0.5 * (160.0 / 3 - 10), 1e-12);
}

TEST(CountCellTest, SumsContributionsOfTheRelabeledCounts) {
  CountCell cell(std::vector<std::int64_t>{2, 1}, std::vector<std::int64_t>{0, 3});
  cell.AddStatistic([](std::size_t k, std::int64_t x, std::int64_t y) {
    return static_cast<double>(100 * static_cast<std::int64_t>(k + 1) + 10 * x + y);
  });
  LabelMatrix labels(6, 1);  // items: 0 0 1 | 1 1 1; observed now: one of category 0, two of category 1
  labels << 1, 0, 0, 0, 1, 1;
  Eigen::MatrixXd out = Eigen::MatrixXd::Zero(1, 1);
  cell.Accumulate(labels, out);
  EXPECT_EQ(out(0, 0), (100 + 10 * 1 + 1) + (200 + 10 * 2 + 2));
}

}  // namespace
}  // namespace pinchbeck::stats
