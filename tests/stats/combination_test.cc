// tests/golden/make_combination_golden.py made the golden values.
#include "pinchbeck/stats/combination.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <regex>
#include <span>
#include <string>
#include <vector>

#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck::stats {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;

struct Rule {
  const char* name;
  std::function<absl::StatusOr<double>(std::span<const double>)> combine;
};

const std::vector<Rule>& Rules() {
  static const std::vector<Rule> rules = {
      {"Fisher", FisherCombination},
      {"Stouffer", [](std::span<const double> p) { return StoufferCombination(p); }},
      {"Cauchy", [](std::span<const double> p) { return CauchyCombination(p); }},
      {"Bonferroni", BonferroniMinimum},
      {"intersection-union", IntersectionUnion}};
  return rules;
}

TEST(CombinationTest, AgreesWithSciPy) {
  const Json golden =
      Json::parse(std::ifstream(std::string(PINCHBECK_SOURCE_DIR) + "/tests/golden/combination.json"));
  ASSERT_GE(golden["combination"].size(), 9u);
  for (const Json& item : golden["combination"]) {
    const auto p = item["p"].get<std::vector<double>>(), weights = item["weights"].get<std::vector<double>>();
    // SciPy's tails are good to about 1e-12 at 1e-250; quantiles of 1e-100 enter with factor z^2.
    EXPECT_NEAR(*FisherCombination(p) / item["fisher"].get<double>(), 1, 1e-11) << item;
    EXPECT_NEAR(*StoufferCombination(p, weights) / item["stouffer"].get<double>(), 1, 1e-10) << item;
    EXPECT_NEAR(*CauchyCombination(p, weights) / item["cauchy"].get<double>(), 1, 1e-13) << item;
  }
}

TEST(CombinationTest, OnePValueIsKept) {
  for (const Rule& rule : Rules()) {
    for (const double p : {1e-300, 1e-10, 0.04, 0.5, 0.97, 1.0}) {
      EXPECT_NEAR(*rule.combine(std::vector<double>{p}) / p, 1, 1e-12) << rule.name << " " << p;
    }
  }
}

TEST(CombinationTest, IncreasesWithEveryPValue) {
  const std::vector<double> grid = {0, 1e-300, 1e-12, 0.01, 0.3, 0.5, 0.8, 1 - 1e-12, 1};
  for (const Rule& rule : Rules()) {
    for (const double other : {1e-9, 0.2, 0.9}) {
      double previous = 0;
      for (const double p : grid) {
        const double combined = *rule.combine(std::vector<double>{other, p});
        EXPECT_GE(combined, previous) << rule.name << " " << p;
        EXPECT_LE(combined, 1) << rule.name << " " << p;
        previous = combined;
      }
    }
  }
}

TEST(CombinationTest, ZeroAndOne) {
  const std::vector<double> zero = {0, 0.5}, one = {1, 0.5}, both = {0, 1};
  EXPECT_EQ(*FisherCombination(zero), 0);
  EXPECT_EQ(*StoufferCombination(zero), 0);
  EXPECT_EQ(*CauchyCombination(zero), 0);
  EXPECT_EQ(*StoufferCombination(one), 1);
  EXPECT_EQ(*CauchyCombination(one), 1);
  EXPECT_EQ(*StoufferCombination(both), 1);
  EXPECT_EQ(*CauchyCombination(both), 1);
  EXPECT_EQ(*FisherCombination(both), 0);
  EXPECT_EQ(*StoufferCombination(both, std::vector<double>{1, 0}), 0);
  EXPECT_EQ(*CauchyCombination(std::vector<double>{1, 0.02}, std::vector<double>{0, 2}), 0.02);
}

TEST(CombinationTest, WeightsCountRelatively) {
  const std::vector<double> p = {0.01, 0.2, 0.6}, weights = {1, 2, 3}, scaled = {1e300, 2e300, 3e300};
  EXPECT_DOUBLE_EQ(*StoufferCombination(p, weights), *StoufferCombination(p, scaled));
  EXPECT_DOUBLE_EQ(*CauchyCombination(p, weights), *CauchyCombination(p, scaled));
}

TEST(CombinationTest, IdenticalPValuesStayUnderCauchyAndIntersectionUnion) {
  const std::vector<double> p(7, 0.031);
  EXPECT_NEAR(*CauchyCombination(p), 0.031, 1e-15);
  EXPECT_EQ(*IntersectionUnion(p), 0.031);
  EXPECT_NEAR(*BonferroniMinimum(p), 0.217, 1e-15);
}

TEST(CombinationTest, BadPValuesAreNamed) {
  for (const Rule& rule : Rules()) {
    const auto empty = rule.combine({});
    EXPECT_EQ(empty.status().code(), absl::StatusCode::kInvalidArgument) << rule.name;
    for (const double bad :
         {-0.25, 1.5, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
      const auto result = rule.combine(std::vector<double>{0.5, bad});
      ASSERT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument) << rule.name << " " << bad;
      EXPECT_THAT(pinchbeck::internal::Message(result.status()),
                  HasSubstr("p_values[1] is " + std::to_string(bad)));
    }
  }
}

TEST(CombinationTest, BadWeightsAreNamed) {
  const std::vector<double> p = {0.1, 0.2};
  struct Case {
    std::vector<double> weights;
    const char* message;
  };
  const std::vector<Case> cases = {{{1}, "1 given for 2"},
                                   {{1, -1}, "weights[1] is -1"},
                                   {{std::numeric_limits<double>::quiet_NaN(), 1}, "weights[0] is nan"},
                                   {{std::numeric_limits<double>::infinity(), 1}, "weights[0] is inf"},
                                   {{0, 0}, "all are 0"}};
  for (const Case& c : cases) {
    EXPECT_THAT(pinchbeck::internal::Message(StoufferCombination(p, c.weights).status()),
                HasSubstr(c.message));
    EXPECT_THAT(pinchbeck::internal::Message(CauchyCombination(p, c.weights).status()), HasSubstr(c.message));
  }
}

// METHODS section 10: the mean of valid p-values is no p-value. p and q below are both uniform, and their
// mean stays below u with chance 2 u. Every rule of this header that allows dependence keeps its level on the
// same pair.
TEST(CombinationTest, AveragingPValuesIntoAScore) {
  constexpr int kRuns = 200'000;
  constexpr double kLevel = 0.05;
  int mean_rejects = 0, first_rejects = 0, second_rejects = 0, minimum_rejects = 0;
  CounterRng rng(4, 0);
  for (int run = 0; run < kRuns; ++run) {
    const double p = rng.Uniform(), q = p < 2 * kLevel ? 2 * kLevel - p : p;
    first_rejects += p <= kLevel;
    second_rejects += q <= kLevel;
    mean_rejects += (p + q) / 2 <= kLevel * (1 + 1e-12);
    minimum_rejects += *BonferroniMinimum(std::vector<double>{p, q}) <= kLevel;
  }
  const double expected = kLevel * kRuns, deviation = std::sqrt(kRuns * kLevel * (1 - kLevel));
  // Seven standard deviations: this test fails by itself with chance below 1e-10.
  EXPECT_NEAR(first_rejects, expected, 7 * deviation);
  EXPECT_NEAR(second_rejects, expected, 7 * deviation);
  EXPECT_GT(mean_rejects, 1.9 * expected);
  EXPECT_LE(minimum_rejects, expected + 7 * deviation);
}

// A rule added to the header must be added here, and to the calibration suite, after asking under which
// dependence it is valid; a mean is valid under none.
TEST(CombinationTest, TheHeaderOffersTheseRulesOnly) {
  std::ifstream file(std::string(PINCHBECK_SOURCE_DIR) + "/include/pinchbeck/stats/combination.h");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::regex declaration("inline absl::StatusOr<double> (\\w+)\\(");
  std::vector<std::string> names;
  for (std::sregex_iterator match(text.begin(), text.end(), declaration), end; match != end; ++match) {
    names.push_back((*match)[1]);
  }
  EXPECT_THAT(names, ::testing::ElementsAre("FisherCombination", "StoufferCombination", "CauchyCombination",
                                            "BonferroniMinimum", "IntersectionUnion"));
}

}  // namespace
}  // namespace pinchbeck::stats
