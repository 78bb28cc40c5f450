#include "pinchbeck/stats/contingency.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/stats/early_stopping.h"

namespace pinchbeck::stats {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;
using Counts = std::vector<std::int64_t>;

// SciPy adds observed times logarithm with both signs, so a small G of many answers loses some digits there.
constexpr double kTolerance = 1e-10;

const Json& Golden() {
  static const Json golden =
      Json::parse(std::ifstream(std::string(PINCHBECK_SOURCE_DIR) + "/tests/golden/rank.json"));
  return golden;
}

// Keeps the numbers that the spans point to.
struct Cells {
  std::vector<Counts> counts;
  std::vector<CountSample> samples;
  void Add(const Counts& reference, const Counts& observed) {
    counts.push_back(reference);
    counts.push_back(observed);
    samples.push_back({counts[counts.size() - 2], counts.back()});
  }
};

using TestFunction = absl::StatusOr<TwoSampleResult> (*)(std::span<const CountSample>,
                                                         const ContingencyOptions&);
struct Kind {
  const char* name;
  TestFunction test;
};
constexpr Kind kKinds[] = {{"chi_square", ChiSquareTest}, {"likelihood_ratio", LikelihoodRatioTest}};

TEST(ContingencyTest, AgreesWithSciPy) {
  ASSERT_GE(Golden()["contingency"].size(), 10u);
  for (const Json& item : Golden()["contingency"]) {
    Cells cells;
    for (std::size_t s = 0; s < item["reference"].size(); ++s) {
      cells.Add(item["reference"][s].get<Counts>(), item["observed"][s].get<Counts>());
    }
    for (const Kind& kind : kKinds) {
      SCOPED_TRACE(item.dump() + " " + kind.name);
      const Json& expected = item[kind.name];
      const auto limit = kind.test(cells.samples, {.method = ContingencyMethod::kAsymptotic});
      ASSERT_TRUE(limit.ok()) << limit.status();
      const double statistic = expected["statistic"], p = expected["p"];
      EXPECT_NEAR(limit->statistic, statistic, kTolerance * (1 + statistic));
      EXPECT_NEAR(limit->p_value, p, kTolerance * p);
      EXPECT_EQ(limit->calibration, Calibration::kAsymptotic);
      if (item.contains("cramer_v")) {
        EXPECT_NEAR(limit->effect, item["cramer_v"].get<double>(), kTolerance);
      }
      if (expected.contains("enumerated")) {
        const auto listed = kind.test(cells.samples, {.method = ContingencyMethod::kPermutation});
        ASSERT_TRUE(listed.ok());
        EXPECT_EQ(listed->calibration, Calibration::kExact);
        EXPECT_NEAR(listed->p_value, expected["enumerated"].get<double>(), 1e-12);
        const auto exact = kind.test(cells.samples, {.method = ContingencyMethod::kExact});
        if (exact.ok()) {
          EXPECT_NEAR(exact->p_value, expected["enumerated"].get<double>(), 1e-12);
        }
      }
    }
  }
}

TEST(ContingencyTest, OneCellOverloadsAreTheSame) {
  const Counts x = {10, 20, 30}, y = {14, 16, 30};
  const CountSample cell[] = {{x, y}};
  const auto a = ChiSquareTest(x, y), b = ChiSquareTest(cell), c = LikelihoodRatioTest(x, y),
             d = LikelihoodRatioTest(cell);
  ASSERT_TRUE(a.ok() && b.ok() && c.ok() && d.ok());
  EXPECT_EQ(a->p_value, b->p_value);
  EXPECT_EQ(c->p_value, d->p_value);
  EXPECT_NE(a->statistic, c->statistic);
}

TEST(ContingencyTest, EmptyCategoriesOrderAndSidesDoNotMatter) {
  for (const Kind& kind : kKinds) {
    Cells plain, padded, swapped;
    plain.Add({12, 30, 9}, {20, 18, 15});
    padded.Add({0, 9, 0, 12, 30}, {0, 15, 0, 20, 18});
    swapped.Add({20, 18, 15}, {12, 30, 9});
    const ContingencyOptions limit{.method = ContingencyMethod::kAsymptotic};
    const auto a = kind.test(plain.samples, limit), b = kind.test(padded.samples, limit),
               c = kind.test(swapped.samples, limit);
    ASSERT_TRUE(a.ok() && b.ok() && c.ok());
    EXPECT_NEAR(a->statistic, b->statistic, 1e-12);
    EXPECT_NEAR(a->p_value, b->p_value, 1e-13);
    EXPECT_NEAR(a->statistic, c->statistic, 1e-12);
    EXPECT_NEAR(a->effect, c->effect, 1e-14);
  }
}

TEST(ContingencyTest, TheMixOfCellsNeitherCreatesNorHidesADifference) {
  Cells mixed;  // equal within cells, but the reference has more of the first cell
  mixed.Add({90, 10}, {9, 1});
  mixed.Add({1, 9}, {10, 90});
  const auto result = ChiSquareTest(mixed.samples);
  ASSERT_TRUE(result.ok());
  EXPECT_NEAR(result->statistic, 0, 1e-12);
  EXPECT_EQ(result->p_value, 1);
}

TEST(ContingencyTest, DefaultMethod) {
  auto calibration = [](TestFunction test, const Cells& cells) {
    const auto result = test(cells.samples, {.permutation = {.permutations = 99}});
    EXPECT_TRUE(result.ok()) << result.status();
    return result->calibration;
  };
  Cells large, rare, many, two;
  two.Add({200, 300}, {190, 310});
  large.Add({400, 400, 200}, {390, 420, 190});
  rare.Add({200, 200, 4}, {190, 220, 5});
  for (int s = 0; s < 100; ++s) many.Add({10, 10}, {11, 9});
  for (const Kind& kind : kKinds) {
    EXPECT_EQ(calibration(kind.test, large), Calibration::kAsymptotic);
    EXPECT_EQ(calibration(kind.test, two), Calibration::kExact);
    EXPECT_EQ(calibration(kind.test, rare), Calibration::kPermutation);
    // Every expected count is 10, but a hundred small cells add up their excess.
    EXPECT_EQ(calibration(kind.test, many), Calibration::kPermutation);
  }
}

TEST(ContingencyTest, TwoCategoriesAgreeWithEnumeration) {
  for (const Kind& kind : kKinds) {
    for (const auto& [x, y] : {std::pair{Counts{3, 2}, Counts{0, 4}},
                               {Counts{0, 5}, Counts{3, 3}},
                               {Counts{1, 4}, Counts{4, 1}},
                               {Counts{2, 2}, Counts{2, 2}},
                               {Counts{1, 0}, Counts{0, 7}},
                               {Counts{5, 1}, Counts{3, 3}}}) {
      Cells cell;
      cell.Add(x, y);
      const auto exact = kind.test(cell.samples, {.method = ContingencyMethod::kExact});
      const auto listed = kind.test(cell.samples, {.method = ContingencyMethod::kPermutation});
      ASSERT_TRUE(exact.ok() && listed.ok()) << exact.status();
      EXPECT_EQ(listed->calibration, Calibration::kExact);
      EXPECT_NEAR(exact->p_value, listed->p_value, 1e-13) << kind.name;
    }
  }
}

TEST(ContingencyTest, ExactTailOfTwoCategoriesIsOneOverAllLabelings) {
  // Only the sample itself and its mirror are this extreme: 2 / C(200, 100).
  const auto result = ChiSquareTest(Counts{100, 0}, Counts{0, 100});
  ASSERT_TRUE(result.ok());
  EXPECT_NEAR(result->p_value * 9.0548514656103281e58 / 2, 1, 1e-12);
}

TEST(ContingencyTest, OneCategoryGivesOne) {
  for (const Kind& kind : kKinds) {
    for (const ContingencyMethod method : {ContingencyMethod::kAsymptotic, ContingencyMethod::kPermutation}) {
      Cells cells;
      cells.Add({0, 7}, {0, 9});
      const auto result = kind.test(cells.samples, {.method = method});
      ASSERT_TRUE(result.ok());
      EXPECT_EQ(result->statistic, 0);
      EXPECT_EQ(result->p_value, 1);
      EXPECT_EQ(result->effect, 0);
    }
  }
}

TEST(ContingencyTest, DisjointAnswersHaveEffectOne) {
  const auto result = ChiSquareTest(Counts{30, 0}, Counts{0, 50});
  ASSERT_TRUE(result.ok());
  EXPECT_NEAR(result->effect, 1, 1e-14);
  EXPECT_NEAR(result->statistic, 80, 1e-11);
  const auto large = ChiSquareTest(Counts{3000, 0}, Counts{0, 5000});
  ASSERT_TRUE(large.ok());
  EXPECT_GT(large->p_value, 0);  // an underflow of the limit
}

TEST(ContingencyTest, SmallDifferencesOfLargeCountsKeepTheirDigits) {
  // O ln(O / E) summed as such is off by 1e-7 here; to leading order G = X2.
  const std::int64_t n = 1'000'000'000;
  const Counts x = {n + 1, n - 1}, y = {n - 1, n + 1};
  const auto g = LikelihoodRatioTest(x, y), chi = ChiSquareTest(x, y);
  ASSERT_TRUE(g.ok() && chi.ok());
  EXPECT_NEAR(chi->statistic, 4e-9, 1e-20);
  EXPECT_NEAR(g->statistic, chi->statistic, 1e-15);
}

TEST(ContingencyTest, OneSeedGivesOnePValueForEveryThreadCount) {
  const Counts x = {9, 3, 1, 2}, y = {5, 5, 4, 4};
  auto p_value = [&](int threads) {
    const auto result = LikelihoodRatioTest(x, y, {.permutation = {.permutations = 999, .threads = threads}});
    EXPECT_TRUE(result.ok());
    EXPECT_EQ(result->calibration, Calibration::kPermutation);
    return result->p_value;
  };
  EXPECT_EQ(p_value(1), p_value(3));
}

// Few answers against many have counts as skewed as Poisson counts: the limit says .00103 here.
TEST(ContingencyTest, SidesOfVeryDifferentSizeAreRelabeledUnlessCountsAreLarge) {
  const std::vector<std::int64_t> reference = {300, 300, 4400}, observed = {15, 6, 79};
  const auto result = ChiSquareTest(reference, observed, {.permutation = {.permutations = 99'999}});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->calibration, Calibration::kPermutation);
  EXPECT_NEAR(result->p_value, 0.00223, 0.0006);
  EXPECT_NEAR(ChiSquareTest(reference, observed, {.method = ContingencyMethod::kAsymptotic})->p_value,
              0.00103, 0.00001);
  const std::vector<std::int64_t> many = {30'000, 30'000, 440'000}, some = {1500, 1600, 19'900};
  EXPECT_EQ(ChiSquareTest(many, some)->calibration, Calibration::kAsymptotic);
}

TEST(ContingencyTest, BadInput) {
  const Counts good = {1, 2}, negative = {3, -1}, zero = {0, 0}, longer = {1, 2, 3}, empty;
  const Counts huge = {std::numeric_limits<std::int64_t>::max(), 1},
               half = {std::int64_t{1} << 52, std::int64_t{1} << 52}, big = {200'000'000, 1};
  struct Case {
    std::vector<CountSample> cells;
    ContingencyOptions options;
    const char* message;
  };
  const Case cases[] = {
      {{}, {}, "cells"},
      {{{negative, good}}, {}, "reference[1] is -1"},
      {{{good, good}, {good, negative}}, {}, "cells[1].observed[1] is -1"},
      {{{good, longer}}, {}, "2 categories"},
      {{{good, zero}}, {}, "observed: all counts are 0"},
      {{{empty, empty}}, {}, "reference: all counts are 0"},
      {{{huge, good}}, {}, "2^53"},
      {{{half, good}}, {}, "2^53"},
      {{{big, good}}, {.method = ContingencyMethod::kPermutation}, "merge rare categories"},
      {{{longer, longer}}, {.method = ContingencyMethod::kExact}, "two categories"},
      {{{good, good}, {good, good}}, {.method = ContingencyMethod::kExact}, "two categories"},
      {{{good, good}},
       {.method = ContingencyMethod::kPermutation, .permutation = {.permutations = 0}},
       "permutations"}};
  for (const Case& c : cases) {
    for (const Kind& kind : kKinds) {
      const auto result = kind.test(c.cells, c.options);
      EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument) << c.message;
      EXPECT_THAT(std::string(result.status().message()), HasSubstr(c.message));
    }
  }
}

TEST(ContingencyTest, StopsEarlyAtTheAskedNumberOfRelabelings) {
  Cells like, apart;
  for (int s = 0; s < 2; ++s) {
    like.Add({9, 3, 1, 2}, {7, 3, 2, 4});
    apart.Add({9, 9, 0, 0}, {0, 0, 9, 9});
  }
  for (const Kind& kind : kKinds) {
    ExpectStopsEarly([&](bool different, const PermutationOptions& options) {
      return kind.test((different ? apart : like).samples,
                       {.method = ContingencyMethod::kPermutation, .permutation = options});
    });
  }
}

TEST(ContingencyTest, TwoCategoriesAreListedWhereTheLimitDoesNotHoldWhateverTheSize) {
  // No relabelings of ten million answers: two rare ones, both on one side, 2 * C(5e6, 2) / C(1e7, 2).
  const Counts x = {4'999'998, 2}, y = {5'000'000, 0};
  const auto result = ChiSquareTest(x, y);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->calibration, Calibration::kExact);
  EXPECT_NEAR(result->p_value, 4'999'999.0 / 9'999'999, 1e-9);
}

}  // namespace
}  // namespace pinchbeck::stats
