#include "pinchbeck/stats/rank_uniformity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/stats/early_stopping.h"

namespace pinchbeck::stats {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;
using Values = std::vector<double>;

// A few hundred squares; the limit is a quadrature that converges far below this.
constexpr double kTolerance = 1e-10;

const Json& Golden() {
  static const Json golden =
      Json::parse(std::ifstream(std::string(PINCHBECK_SOURCE_DIR) + "/tests/golden/rank.json"));
  return golden;
}

// Keeps the numbers that the spans point to.
struct Prompts {
  std::vector<Values> values;
  std::vector<StratumSample> samples;
  void Add(const Values& reference, const Values& observed) {
    values.push_back(reference);
    values.push_back(observed);
    samples.push_back({values[values.size() - 2], values.back()});
  }
};

// `prompts` prompts with `m` reference and `n` observed scores; the observed ones are raised by `shift`.
Prompts Draw(int prompts, int m, int n, double shift, std::uint64_t seed) {
  Prompts result;
  for (int i = 0; i < prompts; ++i) {
    CounterRng rng(seed, static_cast<std::uint64_t>(i));
    Values x, y;
    for (int k = 0; k < m; ++k) x.push_back(10 * i + rng.Uniform());
    for (int k = 0; k < n; ++k) y.push_back(10 * i + rng.Uniform() + shift);
    result.Add(x, y);
  }
  return result;
}

TEST(RankUniformityTest, StatisticAgreesWithSciPy) {
  ASSERT_GE(Golden()["uniformity"].size(), 5u);
  for (const Json& item : Golden()["uniformity"]) {
    auto u = item["u"].get<Values>();
    EXPECT_NEAR(internal::UniformityStatistic(u), item["statistic"].get<double>(), kTolerance);
  }
}

TEST(RankUniformityTest, LimitAgreesWithItsBesselSeries) {
  ASSERT_GE(Golden()["uniformity_limit"].size(), 10u);
  for (const Json& item : Golden()["uniformity_limit"]) {
    const double p = item["p"];
    EXPECT_NEAR(internal::UniformityLimitTail(item["x"]), p, kTolerance * p) << item.dump();
  }
  EXPECT_EQ(internal::UniformityLimitTail(0), 1);
  EXPECT_GT(internal::UniformityLimitTail(1e6), 0);
}

// One number: W2 = 1/12 + (u - 1/2)^2, so P(W2 >= w) = 1 - 2 sqrt(w - 1/12).
TEST(RankUniformityTest, DrawnDistributionOfOneNumber) {
  for (const double w : {0.09, 0.15, 0.3}) {
    const double p = internal::UniformityMonteCarlo(w, 1, {.permutations = 20000, .seed = 3}),
                 expected = 1 - 2 * std::sqrt(w - 1.0 / 12);
    EXPECT_NEAR(p, expected, 5 * std::sqrt(expected * (1 - expected) / 20000));
  }
}

TEST(RankUniformityTest, DrawnDistributionApproachesTheLimit) {
  // The exact tail at 200 numbers is 2% below the limit at .001 and less elsewhere.
  for (const double w : {0.347, 0.743}) {
    const double p = internal::UniformityMonteCarlo(w, 200, {.permutations = 4000, .seed = 4}),
                 limit = internal::UniformityLimitTail(w);
    EXPECT_NEAR(p, limit, 5 * std::sqrt(limit / 4000) + 0.02 * limit);
  }
}

TEST(RankUniformityTest, FindsShiftsAndReportsTheirDirection) {
  for (const int answers : {1, 4}) {
    const Prompts up = Draw(40, 10, answers, 0.4, 1), down = Draw(40, 10, answers, -0.4, 1);
    const auto a = RankUniformity(up.samples, {.permutation = {.permutations = 999}}),
               b = RankUniformity(down.samples, {.permutation = {.permutations = 999}});
    ASSERT_TRUE(a.ok() && b.ok());
    EXPECT_LT(a->p_value, 0.01);
    EXPECT_LT(b->p_value, 0.01);
    EXPECT_GT(a->effect, 0.2);
    EXPECT_LT(b->effect, -0.2);
    EXPECT_EQ(a->n_reference, 400);
    EXPECT_EQ(a->n_observed, 40 * answers);
    EXPECT_EQ(a->calibration, Calibration::kPermutation);
  }
}

TEST(RankUniformityTest, SeesADifferenceInSpread) {
  Prompts prompts;
  for (int i = 0; i < 60; ++i) {
    CounterRng rng(9, static_cast<std::uint64_t>(i));
    Values x;
    for (int k = 0; k < 20; ++k) x.push_back(rng.Uniform());
    prompts.Add(x, {0.45 + 0.1 * rng.Uniform()});
  }
  const auto result = RankUniformity(prompts.samples, {.permutation = {.permutations = 999}});
  ASSERT_TRUE(result.ok());
  EXPECT_LT(result->p_value, 0.01);
  EXPECT_NEAR(result->effect, 0, 0.05);
}

TEST(RankUniformityTest, MonotoneTransformsOfAPromptChangeNothing) {
  for (const int answers : {1, 3}) {
    Prompts plain = Draw(15, 6, answers, 0.1, 2), transformed;
    for (std::size_t s = 0; s + 1 < plain.values.size(); s += 2) {
      Values x = plain.values[s], y = plain.values[s + 1];
      for (Values* values : {&x, &y}) {
        for (double& v : *values) v = std::exp(v / 20) * static_cast<double>(s + 1);
      }
      transformed.Add(x, y);
    }
    const auto a = RankUniformity(plain.samples), b = RankUniformity(transformed.samples);
    ASSERT_TRUE(a.ok() && b.ok());
    EXPECT_EQ(a->statistic, b->statistic);
    EXPECT_EQ(a->p_value, b->p_value);
  }
}

// Averaging over U by hand: with m = 1 a rank is uniform on one half, or on all of [0, 1] when tied.
TEST(RankUniformityTest, SeveralAnswersAddUpTheirExpectedRanks) {
  Prompts prompts;
  prompts.Add({5}, {6, 5});
  const auto result = RankUniformity(prompts.samples);
  ASSERT_TRUE(result.ok());
  double expected = 0;
  for (int g = 1; g < 32; ++g) {
    const double u = g / 32.0, f = 0.5 * (std::max(0.0, 2 * u - 1) + u);
    expected += 2.0 / 32 * (f - u) * (f - u);
  }
  EXPECT_NEAR(result->statistic, expected, 1e-15);
  EXPECT_EQ(result->effect, 0.25);
  EXPECT_EQ(result->calibration, Calibration::kExact);
  // Three labelings; 6 as the reference mirrors the sample, 5 as either tied item is the sample itself.
  EXPECT_EQ(result->p_value, 1);
}

// The null mean of the grid's distribution function is the grid: averaged over all relabelings.
TEST(RankUniformityTest, RelabelingsAreCentredAtUniformity) {
  const Values x = {1, 2, 2, 4}, y = {2, 3, 4};
  const internal::PromptRanks ranks({x, y});
  const Stratum stratum{4, 3};
  const auto table =
      EvaluateRelabelings({&stratum, 1}, internal::PromptRanks::kPoints,
                          [&](std::size_t, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
                            ranks.Accumulate(labels, out);
                          });
  ASSERT_TRUE(table.ok() && table->exact);
  for (int g = 0; g < internal::PromptRanks::kPoints; ++g) {
    EXPECT_NEAR(table->values.row(g).mean() / 3, (g + 1) / 32.0, 1e-14);
  }
}

TEST(RankUniformityTest, EqualScores) {
  Prompts one, several;
  for (int i = 0; i < 5; ++i) {
    one.Add({1, 1, 1}, {1});
    several.Add({1, 1, 1}, {1, 1});
  }
  const auto a = RankUniformity(one.samples), b = RankUniformity(several.samples);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->effect, 0);
  EXPECT_EQ(b->effect, 0);
  EXPECT_EQ(b->p_value, 1);
  EXPECT_NEAR(b->statistic, 0, 1e-25);
}

TEST(RankUniformityTest, DefaultMethodAndSeed) {
  const Prompts few = Draw(199, 3, 1, 0, 1), many = Draw(200, 3, 1, 0, 1);
  const RankUniformityOptions options{.permutation = {.permutations = 99}};
  const auto a = RankUniformity(few.samples, options), b = RankUniformity(many.samples, options),
             again = RankUniformity(few.samples, options),
             other = RankUniformity(few.samples, {.permutation = {.permutations = 99, .seed = 2}});
  ASSERT_TRUE(a.ok() && b.ok() && again.ok() && other.ok());
  EXPECT_EQ(a->calibration, Calibration::kPermutation);
  EXPECT_EQ(b->calibration, Calibration::kAsymptotic);
  EXPECT_EQ(a->p_value, again->p_value);
  EXPECT_NE(a->statistic, other->statistic);
}

TEST(RankUniformityTest, RanksOfManyAnswersAreThoseOfEach) {
  const Values reference = {3, 1, 2, 2, 5}, observed = {2, 0, 6, 5, 2.5};
  const std::vector<internal::RankAmongReference> ranks = internal::RanksOf({reference, observed});
  ASSERT_EQ(ranks.size(), observed.size());
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    const internal::RankAmongReference one = internal::RankOf(observed[i], reference);
    EXPECT_EQ(ranks[i].below, one.below);
    EXPECT_EQ(ranks[i].equal, one.equal);
  }
}

TEST(RankUniformityTest, BadInput) {
  const Values good = {1, 2}, one = {1}, empty, bad = {std::numeric_limits<double>::infinity()};
  struct Case {
    std::vector<StratumSample> prompts;
    RankUniformityOptions options;
    const char* message;
  };
  const Case cases[] = {{{}, {}, "empty"},
                        {{{good, one}, {good, empty}}, {}, "[1].observed"},
                        {{{bad, one}}, {}, "[0].reference[0] is infinite"},
                        {{{good, good}}, {.method = RankUniformityMethod::kAsymptotic}, "kAsymptotic"},
                        {{{good, one}}, {.permutation = {.permutations = 0}}, "permutations"},
                        {{{good, good}}, {.permutation = {.permutations = 0}}, "permutations"}};
  for (const Case& c : cases) {
    const auto result = RankUniformity(c.prompts, c.options);
    EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument) << c.message;
    EXPECT_THAT(std::string(result.status().message()), HasSubstr(c.message));
  }
}

TEST(RankUniformityTest, StopsEarlyAtTheAskedNumberOfRelabelings) {
  for (const int answers : {1, 4}) {
    const Prompts like = Draw(30, 6, answers, 0, 1), apart = Draw(30, 6, answers, 9, 1);
    ExpectStopsEarly([&](bool different, const PermutationOptions& options) {
      return RankUniformity((different ? apart : like).samples, {.permutation = options});
    });
  }
}

}  // namespace
}  // namespace pinchbeck::stats
