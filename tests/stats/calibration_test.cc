// Under the null no p-value rejects more often than its level. Seeds are fixed; each check of a correct
// method would fail with probability 1e-4 for another seed.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "pinchbeck/stats/count_statistics.h"
#include "pinchbeck/stats/kernel_statistics.h"
#include "pinchbeck/stats/rank_statistics.h"
#include "tests/exact_binomial.h"

namespace pinchbeck::stats {
namespace {

void ExpectLevelsHold(const std::vector<double>& p_values, const std::string& what) {
  for (const double level : {0.001, 0.01, 0.05}) {
    std::int64_t rejected = 0;
    for (const double p : p_values) rejected += p <= level;
    const auto n = static_cast<std::int64_t>(p_values.size());
    std::printf("%-40s level %.3f: %lld of %lld\n", what.c_str(), level, static_cast<long long>(rejected),
                static_cast<long long>(n));
    EXPECT_GT(BinomialUpperTail(rejected, n, level), kCheckFailureChance) << what << " at level " << level;
  }
}

double Normal(CounterRng& rng) {
  return std::sqrt(-2 * std::log(1 - rng.Uniform())) * std::cos(2 * 3.141592653589793 * rng.Uniform());
}

struct Design {
  const char* name;
  std::vector<Stratum> strata;
  std::uint32_t distinct;  // small: ties everywhere; 0: continuous
};

const std::vector<Design>& Designs() {
  static const std::vector<Design> designs = {{"2+2 in 4 strata, ties", {{2, 2}, {2, 2}, {2, 2}, {2, 2}}, 3},
                                              {"3+5 in 2 strata, continuous", {{3, 5}, {3, 5}}, 0},
                                              {"10+10, ties", {{10, 10}}, 4},
                                              {"30+6 and 1+4, continuous", {{30, 6}, {1, 4}}, 0}};
  return designs;
}

TEST(CalibrationTest, RankStatisticsMaximum) {
  for (const Design& design : Designs()) {
    std::vector<double> p_values;
    for (std::uint64_t run = 0; run < 3000; ++run) {
      CounterRng rng(11, run);
      std::vector<RankedStratum> ranked;
      for (const Stratum& stratum : design.strata) {
        std::vector<double> values;
        for (std::int64_t i = 0; i < stratum.size(); ++i) {
          values.push_back(design.distinct > 0 ? rng.Below(design.distinct) : Normal(rng));
        }
        ranked.emplace_back(values);
      }
      auto table =
          EvaluateRelabelings(design.strata, 2,
                              [&](std::size_t s, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
                                Eigen::RowVectorXd sum = Eigen::RowVectorXd::Zero(out.cols()), anderson = sum;
                                ranked[s].AccumulateRankSum(labels, sum);
                                ranked[s].AccumulateAndersonDarling(labels, anderson);
                                out.row(0) += sum;
                                out.row(1) += anderson;
                              },
                              {.permutations = 199, .seed = run});
      ASSERT_TRUE(table.ok());
      Eigen::MatrixXd rows = table->values;
      rows.row(0) = rows.row(0).cwiseAbs();
      p_values.push_back(PermutationPValue(StudentisedMaximum(rows)));
    }
    ExpectLevelsHold(p_values, std::string("ranks, ") + design.name);
  }
}

TEST(CalibrationTest, JensenShannon) {
  for (const Design& design : Designs()) {
    std::vector<double> p_values;
    for (std::uint64_t run = 0; run < 3000; ++run) {
      CounterRng rng(12, run);
      const std::uint32_t categories = design.distinct > 0 ? design.distinct : 20;
      std::vector<CountCell> cells;
      for (const Stratum& stratum : design.strata) {
        std::vector<std::int64_t> x(categories, 0), y(categories, 0);
        // Squaring makes some categories rare.
        auto draw = [&] { return static_cast<std::uint32_t>(rng.Uniform() * rng.Uniform() * categories); };
        for (std::int64_t i = 0; i < stratum.n_reference; ++i) ++x[draw()];
        for (std::int64_t i = 0; i < stratum.n_observed; ++i) ++y[draw()];
        cells.emplace_back(x, y);
        cells.back().AddJensenShannon(1.0);
      }
      const auto table =
          EvaluateRelabelings(design.strata, 1,
                              [&](std::size_t s, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
                                cells[s].Accumulate(labels, out);
                              },
                              {.permutations = 199, .seed = run});
      ASSERT_TRUE(table.ok());
      p_values.push_back(PermutationPValue(table->values.row(0)));
    }
    ExpectLevelsHold(p_values, std::string("choice, ") + design.name);
  }
}

TEST(CalibrationTest, KernelAndFeaturesMaximum) {
  const std::vector<Stratum> strata = {{4, 3}, {2, 6}, {1, 2}};
  std::vector<double> p_values;
  for (std::uint64_t run = 0; run < 3000; ++run) {
    CounterRng rng(13, run);
    std::vector<Eigen::MatrixXd> features, grams;
    for (const Stratum& stratum : strata) {
      Eigen::MatrixXd f(stratum.size(), 2);
      for (Eigen::Index i = 0; i < f.size(); ++i) f(i) = Normal(rng);
      grams.push_back((f * f.transpose()).array().tanh().matrix());
      features.push_back(f);
    }
    const auto table = EvaluateRelabelings(
        strata, 3,
        [&](std::size_t s, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
          Eigen::RowVectorXd kernel = Eigen::RowVectorXd::Zero(out.cols());
          AccumulateMmd(grams[s], strata[s], 1.0, labels, kernel);
          out.row(0) += kernel;
          AccumulateMeanDifference(features[s], strata[s], 1.0, labels, out.bottomRows(2));
        },
        {.permutations = 199, .seed = run});
    ASSERT_TRUE(table.ok());
    Eigen::MatrixXd rows = table->values;
    rows.bottomRows(2) = rows.bottomRows(2).cwiseAbs();
    p_values.push_back(PermutationPValue(StudentisedMaximum(rows)));
  }
  ExpectLevelsHold(p_values, "kernel and features");
}

// With few relabelings the level is held only because mean and deviation include the observed column.
TEST(CalibrationTest, StudentisedMaximumAtNineteenRelabelings) {
  const std::vector<Stratum> strata = {{12, 12}};
  std::vector<double> with, without;
  for (std::uint64_t run = 0; run < 6000; ++run) {
    CounterRng rng(14, run);
    Eigen::MatrixXd f(24, 4);
    for (Eigen::Index i = 0; i < f.size(); ++i) f(i) = Normal(rng);
    const auto table =
        EvaluateRelabelings(strata, 4,
                            [&](std::size_t, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
                              AccumulateMeanDifference(f, strata[0], 1.0, labels, out);
                            },
                            {.permutations = 19, .seed = run});
    ASSERT_TRUE(table.ok());
    with.push_back(PermutationPValue(StudentisedMaximum(table->values)));
    Eigen::MatrixXd wrong = table->values;
    for (Eigen::Index r = 0; r < wrong.rows(); ++r) {
      const Eigen::RowVectorXd rest = wrong.row(r).tail(19);
      const double mean = rest.mean();
      wrong.row(r) = (wrong.row(r).array() - mean) / std::sqrt((rest.array() - mean).square().sum() / 19);
    }
    without.push_back(PermutationPValue(wrong.colwise().maxCoeff()));
  }
  ExpectLevelsHold(with, "maximum, observed column included");
  std::int64_t rejected = 0;
  for (const double p : without) rejected += p <= 0.05;
  EXPECT_LT(BinomialUpperTail(rejected, 6000, 0.05), kCheckFailureChance)
      << "leaving the observed column out should exceed the level here; the check above would prove nothing";
}

}  // namespace
}  // namespace pinchbeck::stats
