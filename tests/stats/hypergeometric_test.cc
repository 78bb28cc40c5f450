#include "pinchbeck/stats/hypergeometric.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/internal/philox_blocks.h"
#include "pinchbeck/stats/count_statistics.h"

namespace pinchbeck::stats {
namespace {

// Exact integer binomials, Python 3.11: Fraction(comb(K, x) * comb(N - K, n - x), comb(N, n)).
TEST(HypergeometricTest, ProbabilitiesAgreeWithExactFractions) {
  struct Case {
    std::int64_t population, marked, draws;
    std::size_t x;
    double probability;
  };
  for (const Case& c : {Case{10, 4, 5, 2, 0.47619047619047616},
                        {10, 9, 5, 4, 0.5},
                        {50, 20, 25, 3, 5.278302737425469e-05},
                        {50, 20, 25, 10, 0.22671272081296764},
                        {200, 13, 190, 13, 0.5024488852693939},
                        {1000, 400, 500, 200, 0.05146246972492867},
                        {1000, 400, 500, 120, 1.23958979474482e-25},
                        {1000, 30, 2, 1, 0.058258258258258255}}) {
    const auto result = HypergeometricProbabilities(c.population, c.marked, c.draws);
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_EQ(result->size(), static_cast<std::size_t>(c.marked) + 1);
    // A few hundred multiplications and divisions.
    EXPECT_NEAR((*result)[c.x], c.probability, 1e-12 * c.probability) << c.population;
    EXPECT_NEAR(std::accumulate(result->begin(), result->end(), 0.0), 1, 1e-14);
  }
}

TEST(HypergeometricTest, RefusesImpossibleSizes) {
  for (const auto& [population, marked, draws] : std::vector<std::array<std::int64_t, 3>>{
           {5, 6, 1}, {5, 1, 6}, {5, -1, 1}, {5, 1, -1}, {std::int64_t{1} << 40, 1, 1}}) {
    EXPECT_EQ(HypergeometricProbabilities(population, marked, draws).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
  const auto refused = [](std::vector<std::int64_t> counts, std::int64_t draws) {
    return MultivariateHypergeometric::Make(counts, draws).status().code() ==
           absl::StatusCode::kInvalidArgument;
  };
  EXPECT_TRUE(refused({}, 0));
  EXPECT_TRUE(refused({3, -1}, 1));
  EXPECT_TRUE(refused({3, 2}, 6));
  EXPECT_TRUE(refused({3, 2}, -1));
  EXPECT_TRUE(refused({std::int64_t{1} << 62, std::int64_t{1} << 62}, 1));
}

double LogBinomial(double n, double k) {
  return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1);
}

// Chi-square of drawn tables against the exact probabilities of whole tables; tables expected fewer than ten
// times are pooled.
void ExpectExactDraws(const std::vector<std::int64_t>& counts, std::int64_t draws, std::uint64_t seed) {
  constexpr std::size_t kDraws = 200000;
  const auto distribution = *MultivariateHypergeometric::Make(counts, draws);
  std::vector<std::uint32_t> drawn(kDraws * counts.size()), scratch;
  distribution.Draw(seed, 5, kDraws, scratch, drawn);
  std::map<std::vector<std::uint32_t>, double> seen;
  for (std::size_t i = 0; i < kDraws; ++i) {
    const auto begin = drawn.begin() + static_cast<std::ptrdiff_t>(i * counts.size());
    ++seen[std::vector<std::uint32_t>(begin, begin + static_cast<std::ptrdiff_t>(counts.size()))];
  }
  const auto total = static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
  double chi_square = 0, cells = 0, rest = kDraws, rest_expected = kDraws;
  for (const auto& [table, count] : seen) {
    ASSERT_EQ(std::accumulate(table.begin(), table.end(), std::int64_t{0}), draws);
    double log_probability = -LogBinomial(total, static_cast<double>(draws));
    for (std::size_t k = 0; k < counts.size(); ++k) {
      ASSERT_LE(table[k], counts[k]);
      log_probability += LogBinomial(static_cast<double>(counts[k]), table[k]);
    }
    const double expected = kDraws * std::exp(log_probability);
    if (expected < 10) continue;
    chi_square += (count - expected) * (count - expected) / expected;
    ++cells;
    rest -= count;
    rest_expected -= expected;
  }
  if (rest_expected > 10) {
    chi_square += (rest - rest_expected) * (rest - rest_expected) / rest_expected;
    ++cells;
  }
  ASSERT_GE(cells, 3) << "too few tables to tell";
  // Wilson and Hilferty 1931: beyond 5 standard deviations with chance below 1e-6.
  const double degrees = cells - 1, spread = 2 / (9 * degrees);
  EXPECT_LT((std::cbrt(chi_square / degrees) - (1 - spread)) / std::sqrt(spread), 5) << cells << " tables";
}

TEST(MultivariateHypergeometricTest, TabulatedDrawsFollowTheExactProbabilities) {
  ExpectExactDraws({4, 3, 2, 1}, 5, 1);
  ExpectExactDraws({1, 0, 20, 3}, 12, 2);
  ExpectExactDraws({9, 9, 9}, 26, 3);
  ExpectExactDraws({17, 30}, 20, 4);
}

TEST(MultivariateHypergeometricTest, DrawsFromBitsFollowTheExactProbabilities) {
  // Too many entries for tables: counted in a random subset of the items.
  ExpectExactDraws({600, 2, 2, 1}, 300, 5);
  ExpectExactDraws({700, 3, 2}, 60, 6);
  ExpectExactDraws({5, 4, 600, 3}, 580, 7);
}

TEST(MultivariateHypergeometricTest, EverythingAndNothing) {
  std::vector<std::uint32_t> scratch, counts(3);
  MultivariateHypergeometric::Make(std::vector<std::int64_t>{2, 0, 3}, 5)->Draw(1, 1, 1, scratch, counts);
  EXPECT_EQ(counts, (std::vector<std::uint32_t>{2, 0, 3}));
  MultivariateHypergeometric::Make(std::vector<std::int64_t>{2, 0, 3}, 0)->Draw(1, 1, 1, scratch, counts);
  EXPECT_EQ(counts, (std::vector<std::uint32_t>{0, 0, 0}));
}

TEST(MultivariateHypergeometricTest, AStreamDoesNotDependOnItsNeighbours) {
  for (const std::vector<std::int64_t>& counts :
       {std::vector<std::int64_t>{5, 9, 2, 7}, std::vector<std::int64_t>{900, 800, 30}}) {
    const auto distribution = *MultivariateHypergeometric::Make(counts, 11);
    std::vector<std::uint32_t> scratch, many(13 * counts.size()), one(counts.size());
    distribution.Draw(8, 100, 13, scratch, many);
    for (std::size_t c = 0; c < 13; ++c) {
      distribution.Draw(8, 100 + c, 1, scratch, one);
      EXPECT_TRUE(
          std::equal(one.begin(), one.end(), many.begin() + static_cast<std::ptrdiff_t>(c * counts.size())));
    }
  }
}

TEST(PhiloxBlocksTest, AreTheWordsOfTheGenerator) {
  for (const pinchbeck::internal::SimdPath path :
       {pinchbeck::internal::SimdPath::kPortable, pinchbeck::internal::BestSimdPath()}) {
    for (const std::uint64_t stream : {std::uint64_t{0}, std::uint64_t{0xFFFFFFFC}, ~std::uint64_t{0} - 9}) {
      pinchbeck::internal::PhiloxWords words;
      for (std::uint64_t block = 0; block < 3; ++block) {
        pinchbeck::internal::PhiloxBlocks(0x123456789ABCDEF0u, stream, block, words, path);
        for (std::size_t i = 0; i < pinchbeck::internal::kPhiloxStreams; ++i) {
          CounterRng rng(0x123456789ABCDEF0u, stream + i);
          for (std::uint64_t skipped = 0; skipped < 4 * block; ++skipped) rng.Next32();
          for (std::size_t w = 0; w < 4; ++w) EXPECT_EQ(words[w][i], rng.Next32());
        }
      }
    }
  }
}

TEST(CountPermutationTestTest, AgreesWithRelabeledItemsAndAnyNumberOfThreads) {
  CountCell cell(std::vector<std::int64_t>{30, 12, 8}, std::vector<std::int64_t>{18, 20, 12});
  cell.AddJensenShannon(1.0);
  cell.AddStatistic(
      [](std::size_t k, std::int64_t, std::int64_t y) { return k == 1 ? static_cast<double>(y) : 0.0; });
  const std::vector<CountCell> cells = {cell};
  const auto counts = CountPermutationTest(cells, {.permutations = 20000, .seed = 3});
  const auto items = PermutationTest(std::vector<Stratum>{cell.stratum()}, 2,
                                     [&](std::size_t, const LabelMatrix& labels,
                                         Eigen::Ref<Eigen::MatrixXd> out) { cell.Accumulate(labels, out); },
                                     {.permutations = 20000, .seed = 4});
  ASSERT_TRUE(counts.ok() && items.ok());
  EXPECT_FALSE(counts->exact);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_NEAR(counts->statistics[i], items->statistics[i], 1e-12);
    // Six standard errors of the difference.
    EXPECT_NEAR(counts->p_values[i], items->p_values[i], 6 * std::sqrt(2 * 0.25 / 20000));
  }
  const auto threaded = CountPermutationTest(cells, {.permutations = 20000, .seed = 3, .threads = 3});
  EXPECT_EQ(threaded->p_values, counts->p_values);
  EXPECT_EQ(threaded->maximum_p_value, counts->maximum_p_value);
}

TEST(CountPermutationTestTest, RefusesWhatItCannotTest) {
  EXPECT_EQ(CountPermutationTest({}).status().code(), absl::StatusCode::kInvalidArgument);
  const std::vector<CountCell> none = {CountCell(std::vector<std::int64_t>{3}, std::vector<std::int64_t>{3})};
  EXPECT_EQ(CountPermutationTest(none).status().code(), absl::StatusCode::kInvalidArgument);
  using Counts = std::vector<std::int64_t>;
  for (const auto& [reference, observed] :
       std::vector<std::pair<Counts, Counts>>{{{1, 2}, {3}},
                                              {{-1, 2}, {1, 1}},
                                              {{1, 1}, {std::int64_t{1} << 62, std::int64_t{1} << 62}},
                                              {{0}, {5}}}) {
    CountCell cell(reference, observed);
    cell.AddJensenShannon(1);
    EXPECT_EQ(CountPermutationTest({&cell, 1}).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(EvaluateCountRelabelings({&cell, 1}).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace pinchbeck::stats
