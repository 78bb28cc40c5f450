// The statistics and the engine against direct computations: every subset by bit mask, double loops over
// pairs.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "pinchbeck/stats/count_statistics.h"
#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/kernel_statistics.h"
#include "pinchbeck/stats/multiplicity.h"
#include "pinchbeck/stats/permutation.h"

namespace pinchbeck::stats {
namespace {

// Bit i is set where item i counts as observed.
std::vector<std::uint32_t> AllLabelings(const Stratum& stratum) {
  std::vector<std::uint32_t> masks;
  for (std::uint32_t mask = 0; mask < (1u << stratum.size()); ++mask) {
    if (std::popcount(mask) == stratum.n_observed) masks.push_back(mask);
  }
  return masks;
}

std::uint32_t ObservedMask(const Stratum& stratum) {
  return ((1u << stratum.n_observed) - 1) << stratum.n_reference;
}

LabelMatrix ToLabels(std::uint32_t mask, const Stratum& stratum) {
  LabelMatrix labels(stratum.size(), 1);
  for (Eigen::Index i = 0; i < labels.rows(); ++i) labels(i, 0) = static_cast<std::uint8_t>(mask >> i & 1);
  return labels;
}

double DirectMmd(const Eigen::MatrixXd& gram, std::uint32_t mask) {
  double sum[2] = {0, 0}, pairs[2] = {0, 0}, between = 0, between_pairs = 0;
  for (Eigen::Index i = 0; i < gram.rows(); ++i) {
    for (Eigen::Index j = 0; j < gram.rows(); ++j) {
      const unsigned a = mask >> i & 1, b = mask >> j & 1;
      if (i == j) continue;
      if (a == b) {
        sum[a] += gram(i, j);
        ++pairs[a];
      } else {
        between += gram(i, j);
        ++between_pairs;
      }
    }
  }
  double result = -2 * between / between_pairs;
  for (int side = 0; side < 2; ++side) {
    if (pairs[side] > 0) result += sum[side] / pairs[side];
  }
  return result;
}

// H(mixture) - mean of the entropies, from natural logarithms of counts.
double DirectJensenShannon(const std::vector<std::uint32_t>& category, std::uint32_t mask,
                           const Stratum& stratum) {
  double sum = 0;
  for (std::uint32_t k = 0; k < 3; ++k) {
    double count[2] = {0, 0};
    for (std::size_t i = 0; i < category.size(); ++i) {
      if (category[i] == k) ++count[mask >> i & 1];
    }
    const double p = count[0] / static_cast<double>(stratum.n_reference);
    const double q = count[1] / static_cast<double>(stratum.n_observed);
    if (p > 0) sum += p * std::log(2 * p / (p + q)) / 2;
    if (q > 0) sum += q * std::log(2 * q / (p + q)) / 2;
  }
  return sum / std::log(2.0);
}

Eigen::MatrixXd RandomGram(Eigen::Index n, std::uint64_t seed) {
  CounterRng rng(seed, 0);
  Eigen::MatrixXd f(n, 3);
  for (Eigen::Index i = 0; i < f.size(); ++i) f(i) = rng.Uniform() - 0.5;
  return f * f.transpose();
}

double ReachedShare(const std::vector<double>& values, double observed) {
  double reached = 0;
  for (const double value : values) reached += value >= observed - 1e-10;
  return reached / static_cast<double>(values.size());
}

TEST(BruteForceTest, EnumerationIsTheSetOfAllLabelings) {
  const std::vector<Stratum> strata = {{3, 2}, {1, 3}, {2, 1}};
  // One row per stratum: the labeling as a number.
  const auto name = [](std::size_t s, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
    for (Eigen::Index b = 0; b < labels.cols(); ++b) {
      for (Eigen::Index i = 0; i < labels.rows(); ++i)
        out(static_cast<Eigen::Index>(s), b) += std::ldexp(labels(i, b), static_cast<int>(i));
    }
  };
  const auto table = EvaluateRelabelings(strata, 3, name, {.permutations = 10 * 4 * 3 - 1});
  ASSERT_TRUE(table.ok()) << table.status();
  ASSERT_TRUE(table->exact);
  std::set<std::vector<double>> expected, seen;
  for (const std::uint32_t a : AllLabelings(strata[0])) {
    for (const std::uint32_t b : AllLabelings(strata[1])) {
      for (const std::uint32_t c : AllLabelings(strata[2]))
        expected.insert({static_cast<double>(a), static_cast<double>(b), static_cast<double>(c)});
    }
  }
  for (Eigen::Index c = 0; c < table->values.cols(); ++c)
    seen.insert({table->values(0, c), table->values(1, c), table->values(2, c)});
  EXPECT_EQ(table->values.cols(), 120);
  EXPECT_EQ(seen, expected);
  for (std::size_t s = 0; s < strata.size(); ++s)
    EXPECT_EQ(table->values(static_cast<Eigen::Index>(s), 0), ObservedMask(strata[s])) << s;
  // One relabeling fewer than needed: random instead.
  const auto drawn = EvaluateRelabelings(strata, 3, name, {.permutations = 10 * 4 * 3 - 2});
  ASSERT_TRUE(drawn.ok());
  EXPECT_FALSE(drawn->exact);
}

TEST(BruteForceTest, MmdOfEveryLabeling) {
  for (const Stratum& stratum : {Stratum{1, 1}, {1, 5}, {5, 1}, {2, 3}, {4, 4}}) {
    const Eigen::MatrixXd gram = RandomGram(stratum.size(), 21);
    for (const std::uint32_t mask : AllLabelings(stratum)) {
      Eigen::RowVectorXd out = Eigen::RowVectorXd::Constant(1, 7);  // Accumulates, does not overwrite.
      AccumulateMmd(gram, stratum, 0.5, ToLabels(mask, stratum), out);
      EXPECT_NEAR(out(0), 7 + 0.5 * DirectMmd(gram, mask), 1e-12)
          << stratum.n_reference << "+" << stratum.n_observed << " mask " << mask;
    }
  }
}

TEST(BruteForceTest, ExactPValueOfMmd) {
  const Stratum stratum{6, 5};
  Eigen::MatrixXd f(11, 1);
  f << 0.1, -0.4, 0.3, 0.8, -0.2, 0.5, 0.9, 1.4, 0.7, 1.9, 0.2;
  const Eigen::MatrixXd gram = f * f.transpose();
  std::vector<double> values;
  for (const std::uint32_t mask : AllLabelings(stratum)) values.push_back(DirectMmd(gram, mask));
  const auto table =
      EvaluateRelabelings(std::vector<Stratum>{stratum}, 1,
                          [&](std::size_t, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
                            Eigen::RowVectorXd row = Eigen::RowVectorXd::Zero(out.cols());
                            AccumulateMmd(gram, stratum, 1.0, labels, row);
                            out.row(0) += row;
                          },
                          {.permutations = 999});
  ASSERT_TRUE(table.ok() && table->exact);
  const double p = ReachedShare(values, DirectMmd(gram, ObservedMask(stratum)));
  EXPECT_LT(p, 0.5);
  EXPECT_NEAR(PermutationPValue(table->values.row(0)), p, 1e-12);
}

TEST(BruteForceTest, ExactPValueOfTheJensenShannonSum) {
  const std::vector<Stratum> strata = {{4, 4}, {3, 2}};
  const std::vector<std::vector<std::uint32_t>> category = {{0, 0, 0, 1, 0, 1, 2, 2}, {0, 0, 1, 1, 2}};
  std::vector<CountCell> cells;
  cells.emplace_back(std::vector<std::int64_t>{3, 1, 0}, std::vector<std::int64_t>{1, 1, 2});
  cells.emplace_back(std::vector<std::int64_t>{2, 1, 0}, std::vector<std::int64_t>{0, 1, 1});
  for (CountCell& cell : cells) cell.AddJensenShannon(1.0);
  const auto table =
      EvaluateRelabelings(strata, 1,
                          [&](std::size_t s, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
                            cells[s].Accumulate(labels, out);
                          },
                          {.permutations = 999});
  ASSERT_TRUE(table.ok() && table->exact);
  std::vector<double> values;
  for (const std::uint32_t a : AllLabelings(strata[0])) {
    for (const std::uint32_t b : AllLabelings(strata[1])) {
      values.push_back(DirectJensenShannon(category[0], a, strata[0]) +
                       DirectJensenShannon(category[1], b, strata[1]));
    }
  }
  const double observed = DirectJensenShannon(category[0], ObservedMask(strata[0]), strata[0]) +
                          DirectJensenShannon(category[1], ObservedMask(strata[1]), strata[1]);
  EXPECT_NEAR(table->values(0, 0), observed, 1e-12);
  EXPECT_NEAR(PermutationPValue(table->values.row(0)), ReachedShare(values, observed), 1e-12);
}

TEST(CountCellTest, RelabelingKeepsCategoryTotals) {
  const std::vector<std::int64_t> reference = {5, 0, 2, 1}, observed = {1, 3, 0, 1};
  CountCell cell(reference, observed);
  for (std::size_t wanted = 0; wanted < 4; ++wanted) {
    cell.AddStatistic([wanted](std::size_t k, std::int64_t x, std::int64_t y) {
      return k == wanted ? static_cast<double>(x + y) : 0.0;
    });
  }
  cell.AddStatistic([](std::size_t, std::int64_t, std::int64_t y) { return static_cast<double>(y); });
  const auto table =
      EvaluateRelabelings(std::vector<Stratum>{cell.stratum()}, 5,
                          [&](std::size_t, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
                            cell.Accumulate(labels, out);
                          },
                          {.permutations = 200});
  ASSERT_TRUE(table.ok());
  for (std::size_t k = 0; k < 4; ++k) {
    EXPECT_TRUE((table->values.row(static_cast<Eigen::Index>(k)).array() ==
                 static_cast<double>(reference[k] + observed[k]))
                    .all())
        << k;
  }
  EXPECT_TRUE((table->values.row(4).array() == 5.0).all());
}

// R 4.2.2: p.adjust(p, "holm").
TEST(HolmAdjustTest, LargerFamilyWithTiesAgreesWithR) {
  const std::vector<double> p = {0.0002, 0.9, 0.011, 0.02, 0.02, 0.6, 0.0499, 0.003, 0.003, 1, 0.3, 0.00001};
  const std::vector<double> expected = {0.0022, 1, 0.088, 0.14, 0.14, 1, 0.2495, 0.03, 0.03, 1, 1, 0.00012};
  const std::vector<double> adjusted = HolmAdjust(p, p.size());
  for (std::size_t i = 0; i < p.size(); ++i) EXPECT_NEAR(adjusted[i], expected[i], 1e-14) << i;
}

}  // namespace
}  // namespace pinchbeck::stats
