// tests/golden/make_effect_golden.py made the golden values.
#include "pinchbeck/stats/divergence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/stats/count_statistics.h"
#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/kernel_statistics.h"

namespace pinchbeck::stats {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;

const Json& Golden() {
  static const Json golden =
      Json::parse(std::ifstream(std::string(PINCHBECK_SOURCE_DIR) + "/tests/golden/effect.json"));
  return golden;
}

TEST(DivergenceTest, AgreesWithSciPyOverAllRelabelings) {
  ASSERT_GE(Golden()["divergence"].size(), 5u);
  std::vector<CellCounts> all;
  double sum = 0;
  for (const Json& item : Golden()["divergence"]) {
    const std::vector<CellCounts> cell = {{item["reference"].get<std::vector<std::int64_t>>(),
                                           item["observed"].get<std::vector<std::int64_t>>()}};
    EXPECT_NEAR(JensenShannonEffect(cell)->value, item["jensen_shannon"].get<double>(), 1e-12) << item;
    // The root turns an error of 1e-16 into 1e-8 where it is 0.
    EXPECT_NEAR(TotalVariationEffect(cell)->value, item["total_variation"].get<double>(), 1e-7) << item;
    all.push_back(cell[0]);
    sum += item["jensen_shannon"].get<double>();
  }
  EXPECT_NEAR(JensenShannonEffect(all)->value, sum / static_cast<double>(all.size()), 1e-12);
}

TEST(DivergenceTest, RelabelingMeanOfLargeCountsHasNoOverflow) {
  const CellCounts cell{{400'000, 100'000, 500'000}, {200'000, 50'000, 250'000}};
  const Stratum sizes{1'000'000, 500'000};
  const double mean = internal::RelabelingMean(cell, sizes, internal::kJensenShannon);
  // First order: (categories - 1) (1/m + 1/n) / (8 log 2).
  EXPECT_NEAR(mean, 2 * (1e-6 + 2e-6) / (8 * std::log(2.0)), 1e-10);
}

TEST(DivergenceTest, DisjointAndEqualCells) {
  const std::vector<CellCounts> disjoint = {{{50, 0}, {0, 50}}}, constant = {{{30}, {20}}},
                                single = {{{1, 0}, {0, 1}}};
  const auto apart = *JensenShannonEffect(disjoint);
  EXPECT_GT(apart.value, 0.98);
  EXPECT_LE(apart.value, 1);
  EXPECT_EQ(JensenShannonEffect(constant)->value, 0);
  EXPECT_EQ(JensenShannonEffect(constant)->high, 0);
  EXPECT_EQ(TotalVariationEffect(constant)->value, 0);
  // Both relabelings of one answer each are equally far apart.
  EXPECT_NEAR(JensenShannonEffect(single)->value, 0, 1e-15);
}

TEST(DivergenceTest, ThreadsDoNotChangeTheInterval) {
  const std::vector<CellCounts> cells = {{{9, 3, 1}, {4, 4, 4}}, {{2, 2}, {1, 5}}};
  const auto one = *JensenShannonEffect(cells, {.threads = 1}),
             two = *JensenShannonEffect(cells, {.threads = 2});
  EXPECT_EQ(one.low, two.low);
  EXPECT_EQ(one.high, two.high);
  EXPECT_LT(one.low, one.value);
  EXPECT_GT(one.high, one.value);
}

TEST(DivergenceTest, BadCellsAreNamed) {
  struct Case {
    std::vector<CellCounts> cells;
    DivergenceOptions options;
    const char* message;
  };
  const CellCounts good{{2, 1}, {1, 2}};
  const std::vector<Case> cases = {{{}, {}, "cells: the list is empty"},
                                   {{good, {{1, 2}, {1}}}, {}, "cells[1]: 2 and 1 categories"},
                                   {{{{2, -1}, {1, 1}}}, {}, "cells[0]: category 1 has count -1"},
                                   {{{{std::int64_t{1} << 60}, {1}}}, {}, "cells[0]: category 0 has count"},
                                   {{{{0, 0}, {1, 1}}}, {}, "cells[0]: 0 and 2 answers"},
                                   {{{{}, {}}}, {}, "cells[0]: 0 and 0 answers"},
                                   {{good}, {.confidence = 1}, "confidence is 1"},
                                   {{good}, {.replicates = 10}, "replicates is 10"}};
  for (const Case& c : cases) {
    for (const auto& result :
         {JensenShannonEffect(c.cells, c.options), TotalVariationEffect(c.cells, c.options)}) {
      ASSERT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument) << c.message;
      EXPECT_THAT(pinchbeck::internal::Message(result.status()), HasSubstr(c.message));
    }
  }
}

std::vector<GramCell> GoldenGrams() {
  std::vector<GramCell> cells;
  for (const Json& item : Golden()["mmd"]) {
    const auto rows = item["gram"].get<std::vector<std::vector<double>>>();
    const auto size = static_cast<Eigen::Index>(rows.size());
    GramCell cell{Eigen::MatrixXd(size, size),
                  {item["n_reference"], size - item["n_reference"].get<std::int64_t>()}};
    for (Eigen::Index i = 0; i < size; ++i) {
      for (Eigen::Index j = 0; j < size; ++j) {
        cell.gram(i, j) = rows[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)];
      }
    }
    cells.push_back(cell);
  }
  return cells;
}

// The mistake: one divergence threshold for all models. Fifty honest answers of a model with many answers lie
// further from its reference than another model's answers do where there are few.
TEST(DivergenceTest, OneThresholdForAllModelsIsNoTest) {
  constexpr double kGlobalThreshold = 0.25;
  constexpr std::int64_t kAnswers = 50;
  constexpr int kRuns = 100;
  CounterRng rng(11, 0);
  const auto draw = [&](std::vector<double> cumulative) {
    std::vector<std::int64_t> counts(cumulative.size(), 0);
    for (std::int64_t i = 0; i < kAnswers; ++i) {
      const auto it = std::upper_bound(cumulative.begin(), cumulative.end() - 1, rng.Uniform());
      ++counts[static_cast<std::size_t>(it - cumulative.begin())];
    }
    return counts;
  };
  std::vector<double> many(355);
  for (std::size_t k = 0; k < many.size(); ++k) many[k] = static_cast<double>(k + 1) / 355;
  const std::vector<double> few = {0.5, 0.8, 1}, substitute = {0.1, 0.5, 1};
  int honest_above = 0, substitute_above = 0, honest_rejected = 0, substitute_rejected = 0;
  const auto compare = [](const CellCounts& cell, int& above, int& rejected) {
    above +=
        internal::PluginDivergence(cell, {kAnswers, kAnswers}, internal::kJensenShannon) > kGlobalThreshold;
    std::vector<CountCell> cells = {CountCell(cell.reference, cell.observed)};
    cells[0].AddJensenShannon(1);
    rejected += CountPermutationTest(cells, {.permutations = 199})->p_values[0] <= 0.01;
  };
  for (int run = 0; run < kRuns; ++run) {
    compare({draw(many), draw(many)}, honest_above, honest_rejected);
    compare({draw(few), draw(substitute)}, substitute_above, substitute_rejected);
  }
  EXPECT_EQ(honest_above, kRuns) << "the threshold accuses every honest sample";
  EXPECT_LT(substitute_above, kRuns / 4) << "and few substitutes";
  // Nine or more of 100 have chance below 1e-6 at level 0.01.
  EXPECT_LT(honest_rejected, 9);
  EXPECT_GT(substitute_rejected, 9 * kRuns / 10);
}

TEST(MmdEffectTest, AgreesWithNumPy) {
  const std::vector<GramCell> cells = GoldenGrams();
  ASSERT_EQ(cells.size(), 3u);
  constexpr double kZ = 1.959963984540054;
  double sum = 0, variance = 0;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const Json& item = Golden()["mmd"][i];
    const double value = item["value"], error = item["standard_error"];
    const auto result = *MmdEffect({&cells[i], 1});
    EXPECT_NEAR(result.value, value, 1e-12);
    EXPECT_NEAR(result.low, value - kZ * error, 1e-12);
    EXPECT_NEAR(result.high, value + kZ * error, 1e-12);
    sum += value / 3;
    variance += error * error / 9;
  }
  const auto mean = *MmdEffect(cells);
  EXPECT_NEAR(mean.value, sum, 1e-12);
  EXPECT_NEAR(mean.high, sum + kZ * std::sqrt(variance), 1e-12);
}

TEST(MmdEffectTest, IsTheStatisticOfThePermutationTest) {
  for (const GramCell& cell : GoldenGrams()) {
    LabelMatrix labels = LabelMatrix::Zero(cell.stratum.size(), 1);
    labels.bottomRows(cell.stratum.n_observed).setOnes();
    Eigen::RowVectorXd out = Eigen::RowVectorXd::Zero(1);
    AccumulateMmd(cell.gram, cell.stratum, 1.0, labels, out);
    EXPECT_NEAR(MmdEffect({&cell, 1})->value, out(0), 1e-12);
  }
}

TEST(MmdEffectTest, TheDiagonalTakesNoPartAndSizesAreBounded) {
  GramCell cell{Eigen::MatrixXd::Constant(6, 6, 0.5), {3, 3}};
  cell.gram.topRightCorner(3, 3).setConstant(0.25);
  cell.gram.bottomLeftCorner(3, 3).setConstant(0.25);
  const auto plain = MmdEffect({&cell, 1});
  ASSERT_TRUE(plain.ok());
  EXPECT_NEAR(plain->value, 0.5, 1e-15);
  cell.gram.diagonal().setConstant(1e20);
  EXPECT_EQ(MmdEffect({&cell, 1})->value, plain->value);
  cell.gram(0, 1) = cell.gram(1, 0) = 1e300;
  EXPECT_FALSE(MmdEffect({&cell, 1}).ok());
  cell.gram(0, 1) = 0.5;
  EXPECT_FALSE(MmdEffect({&cell, 1}).ok()) << "not symmetric";
}

TEST(MmdEffectTest, BadCellsAreNamed) {
  const GramCell good{Eigen::MatrixXd::Ones(4, 4), {2, 2}};
  GramCell nan = good, small = good, wrong = good;
  nan.gram(0, 1) = std::nan("");
  small.stratum = {1, 3};
  wrong.stratum = {3, 2};
  EXPECT_EQ(MmdEffect({&good, 1})->value, 0);
  EXPECT_EQ(MmdEffect({&good, 1})->high, 0);
  for (const GramCell& bad : {nan, small, wrong}) {
    const std::vector<GramCell> cells = {good, bad};
    const auto result = MmdEffect(cells);
    ASSERT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(pinchbeck::internal::Message(result.status()), HasSubstr("cells[1]"));
  }
  EXPECT_THAT(pinchbeck::internal::Message(MmdEffect({}).status()), HasSubstr("empty"));
  EXPECT_THAT(pinchbeck::internal::Message(MmdEffect({&good, 1}, {.confidence = 2}).status()),
              HasSubstr("confidence is 2"));
}

}  // namespace
}  // namespace pinchbeck::stats
