// Anderson-Darling against SciPy and mpmath (tests/golden/make_ecdf_golden.py), and its properties.
#include "pinchbeck/stats/anderson_darling.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "pinchbeck/stats/anderson_darling_k_sample.h"
#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/rank_statistics.h"
#include "tests/stats/early_stopping.h"

namespace pinchbeck::stats {
namespace {

using Json = nlohmann::json;
using Values = std::vector<double>;
using Method = AndersonDarlingMethod;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

const Json& Golden() {
  static const Json golden =
      Json::parse(std::ifstream(std::string(PINCHBECK_SOURCE_DIR) + "/tests/golden/ecdf.json"));
  return golden;
}

KSampleResult Evaluate(const std::vector<Values>& groups, Method method, std::int64_t permutations = 9999,
                       int threads = 1) {
  const std::vector<std::span<const double>> samples(groups.begin(), groups.end());
  const auto result = AndersonDarlingKSample(
      samples, {.method = method, .permutation = {.permutations = permutations, .threads = threads}});
  EXPECT_TRUE(result.ok()) << result.status();
  return result.value_or(KSampleResult{});
}

Values Draw(CounterRng& rng, std::size_t n, std::uint32_t distinct) {
  Values values(n);
  for (double& value : values) value = rng.Below(distinct);
  return values;
}

TEST(AndersonDarlingGolden, StatisticsOfSciPy) {
  ASSERT_GE(Golden()["anderson_darling"].size(), 70u);
  for (const Json& item : Golden()["anderson_darling"]) {
    const double expected = item["statistic"];
    EXPECT_NEAR(Evaluate(item["groups"], Method::kAsymptotic).statistic, expected,
                1e-10 * (1 + std::abs(expected)))
        << item["name"];
  }
}

// SciPy interpolates a table of the limit's percentage points; the limit itself differs by the table's error.
TEST(AndersonDarlingGolden, LimitAgainstSciPysTable) {
  std::size_t compared = 0;
  for (const Json& item : Golden()["anderson_darling"]) {
    if (!item.contains("table")) continue;
    EXPECT_NEAR(Evaluate(item["groups"], Method::kAsymptotic).p_value / item["table"].get<double>(), 1, 0.04)
        << item["name"];
    ++compared;
  }
  EXPECT_GE(compared, 3u);
}

TEST(AndersonDarlingGolden, EnumeratedPValues) {
  std::size_t compared = 0;
  for (const Json& item : Golden()["anderson_darling"]) {
    if (!item.contains("p")) continue;
    const KSampleResult result = Evaluate(item["groups"], Method::kPermutation);
    EXPECT_EQ(result.calibration, Calibration::kExact);
    EXPECT_NEAR(result.p_value, item["p"].get<double>(), 1e-13) << item["name"];
    ++compared;
  }
  EXPECT_GE(compared, 10u);
}

TEST(AndersonDarlingGolden, LimitingTail) {
  for (const std::int64_t k : {2, 3}) {
    for (const Json& item : Golden()["limits"]["anderson_darling_" + std::to_string(k)]) {
      const double x = item[0], expected = item[1];
      EXPECT_NEAR(AndersonDarlingUpperTail(x, k) / expected, 1, 1e-12) << x << " " << k;
    }
  }
  EXPECT_EQ(AndersonDarlingUpperTail(0, 2), 1);
  EXPECT_EQ(AndersonDarlingUpperTail(-3, 5), 1);
  EXPECT_NEAR(AndersonDarlingUpperTail(1e-6, 2), 1, 1e-13);
  EXPECT_LT(AndersonDarlingUpperTail(1e6, 2), 1e-300);
  EXPECT_TRUE(std::isnan(AndersonDarlingUpperTail(kNan, 2)));
  EXPECT_TRUE(std::isnan(AndersonDarlingUpperTail(1, 1)));
}

// Mean k - 1 of the limit: the integral of its tail.
TEST(AndersonDarlingTest, LimitHasItsMeanForManySamples) {
  for (const std::int64_t k : {2, 4, 7, 30}) {
    double integral = 0, before = 1;
    const double mean = static_cast<double>(k - 1), step = mean / 100;
    for (int i = 0; i < 100 * 12; ++i) {
      const double tail = AndersonDarlingUpperTail((i + 0.5) * step, k);
      EXPECT_LE(tail, before + 1e-13);
      before = tail;
      integral += tail * step;
    }
    EXPECT_NEAR(integral / mean, 1, 1e-3) << k;
  }
}

// The statistic of the signals' strata is the same A2.
TEST(AndersonDarlingTest, AgreesWithTheStratifiedStatistic) {
  for (std::uint64_t run = 0; run < 20; ++run) {
    CounterRng rng(1, run);
    const Values x = Draw(rng, 3 + rng.Below(20), 8), y = Draw(rng, 2 + rng.Below(20), 9);
    Values pooled = x;
    pooled.insert(pooled.end(), y.begin(), y.end());
    LabelMatrix labels = LabelMatrix::Zero(static_cast<Eigen::Index>(pooled.size()), 1);
    labels.bottomRows(static_cast<Eigen::Index>(y.size())).setOnes();
    Eigen::RowVectorXd a2 = Eigen::RowVectorXd::Zero(1);
    RankedStratum(pooled).AccumulateAndersonDarling(labels, a2);
    const auto result = AndersonDarling(x, y, {.method = Method::kAsymptotic});
    EXPECT_NEAR(result->effect, a2(0) / static_cast<double>(pooled.size() - 1), 1e-13);
  }
}

// With k = 2 both functions are one; the k-sample relabelings must agree with those of the shared engine.
TEST(AndersonDarlingTest, TwoOfKSamples) {
  CounterRng rng(2, 0);
  const Values x = Draw(rng, 14, 9), y = Draw(rng, 12, 9);
  const KSampleResult both = Evaluate({x, y}, Method::kPermutation);
  EXPECT_EQ(both.p_value, AndersonDarling(x, y, {.method = Method::kPermutation})->p_value);
  EXPECT_EQ(both.sizes, (std::vector<std::int64_t>{14, 12}));
  const std::vector<std::span<const double>> samples = {x, y};
  const internal::LabeledPool pool(samples);
  std::vector<double> scratch;
  EXPECT_NEAR(pool.Statistic(pool.labels(), scratch) / 25, both.effect, 1e-14);
  // Standard error of each below 0.005.
  EXPECT_NEAR(internal::RelabelSamples(pool, {}).p_value, both.p_value, 0.05);
}

TEST(AndersonDarlingTest, RandomKSampleRelabelingsEstimateTheEnumeration) {
  for (std::uint64_t run = 0; run < 4; ++run) {
    CounterRng rng(3, run);
    const std::vector<Values> groups = {Draw(rng, 3, 6), Draw(rng, 4, 6), Draw(rng, 4, 7)};
    const KSampleResult all = Evaluate(groups, Method::kPermutation, 11550);
    const KSampleResult random = Evaluate(groups, Method::kPermutation, 3000);
    EXPECT_EQ(all.calibration, Calibration::kExact);
    EXPECT_EQ(random.calibration, Calibration::kPermutation);
    EXPECT_NEAR(random.p_value, all.p_value, 0.055);  // six standard errors
  }
}

TEST(AndersonDarlingTest, SeparateSamplesAreRejectedByTheLimitBeyondTheTable) {
  Values x(150), y(150), z(150);
  for (std::size_t i = 0; i < 150; ++i) x[i] = double(i), y[i] = double(i) + 200.5, z[i] = double(i) + 400.25;
  EXPECT_LT(AndersonDarling(x, y)->p_value, 1e-40);
  EXPECT_GT(AndersonDarling(x, y)->p_value, 0);
  EXPECT_LT(Evaluate({x, y, z}, Method::kAuto).p_value, 1e-60);
}

TEST(AndersonDarlingTest, SwappedSamplesGiveTheSameResult) {
  for (std::uint64_t run = 0; run < 20; ++run) {
    CounterRng rng(4, run);
    const Values x = Draw(rng, 6, run % 2 == 0 ? 5 : 1000000), y = Draw(rng, 5, 7), z = Draw(rng, 2, 7);
    const auto a = AndersonDarling(x, y), b = AndersonDarling(y, x);
    EXPECT_NEAR(a->statistic, b->statistic, 1e-12);
    EXPECT_NEAR(a->p_value, b->p_value, 1e-13);
    const KSampleResult c = Evaluate({x, y, z}, Method::kPermutation, 50000);
    const KSampleResult d = Evaluate({z, x, y}, Method::kPermutation, 50000);
    EXPECT_EQ(c.calibration, Calibration::kExact);
    EXPECT_NEAR(c.statistic, d.statistic, 1e-12);
    EXPECT_NEAR(c.p_value, d.p_value, 1e-13);
    EXPECT_NEAR(c.effect, d.effect, 1e-14);
  }
}

TEST(AndersonDarlingTest, MonotoneTransformsAndOrderChangeNothing) {
  CounterRng rng(5, 0);
  auto transformed = [](Values values) {
    for (double& value : values) value = std::exp(value / 10) - 40;
    std::reverse(values.begin(), values.end());
    return values;
  };
  const std::vector<Values> groups = {Draw(rng, 60, 90), Draw(rng, 20, 95), Draw(rng, 10, 95)};
  const std::vector<Values> changed = {transformed(groups[0]), transformed(groups[1]),
                                       transformed(groups[2])};
  for (const Method method : {Method::kAuto, Method::kAsymptotic, Method::kPermutation}) {
    const KSampleResult a = Evaluate(groups, method, 999), b = Evaluate(changed, method, 999);
    EXPECT_EQ(a.statistic, b.statistic);
    EXPECT_EQ(a.p_value, b.p_value);
    EXPECT_EQ(AndersonDarling(groups[0], groups[1], {.method = method})->p_value,
              AndersonDarling(changed[0], changed[1], {.method = method})->p_value);
  }
}

TEST(AndersonDarlingTest, AutoChoosesBySizeAndTies) {
  CounterRng rng(6, 0);
  constexpr std::uint32_t kMany = 4000000000;
  auto calibration = [&](std::size_t m, std::size_t n, std::uint32_t distinct) {
    const Values x = Draw(rng, m, distinct), y = Draw(rng, n, distinct);
    return AndersonDarling(x, y, {.permutation = {.permutations = 99}})->calibration;
  };
  EXPECT_EQ(calibration(100, 100, kMany), Calibration::kAsymptotic);
  EXPECT_EQ(calibration(100, 99, kMany), Calibration::kPermutation);
  EXPECT_EQ(calibration(19, 300, kMany), Calibration::kPermutation);
  EXPECT_EQ(calibration(100, 100, 20), Calibration::kPermutation);
  EXPECT_EQ(calibration(2, 3, kMany), Calibration::kExact);
}

TEST(AndersonDarlingTest, ConstantsSinglesAndTinySamples) {
  for (const Method method : {Method::kAuto, Method::kAsymptotic, Method::kPermutation}) {
    EXPECT_EQ(AndersonDarling(Values{2, 2, 2}, Values{2, 2}, {.method = method})->p_value, 1);
    EXPECT_EQ(AndersonDarling(Values{2, 2, 2}, Values{2, 2}, {.method = method})->effect, 0);
    EXPECT_EQ(Evaluate({{4}, {4}, {4}}, method).p_value, 1);
    EXPECT_TRUE(std::isfinite(AndersonDarling(Values{1}, Values{2}, {.method = method})->statistic));
    EXPECT_TRUE(std::isfinite(Evaluate({{1}, {2}, {3}}, method).statistic));
  }
  EXPECT_EQ(AndersonDarling(Values{1}, Values{2})->p_value, 1);
  EXPECT_EQ(Evaluate({{1}, {2}, {3}}, Method::kAuto).p_value, 1);
}

TEST(AndersonDarlingTest, FarTailsAndEqualValuesUnderTheLimit) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const std::int64_t k : {2, 3, 10, 30}) {
    for (const double x : {1e-300, 1e-8, 1e-5, 1e-4}) EXPECT_EQ(AndersonDarlingUpperTail(x, k), 1) << x;
    EXPECT_EQ(AndersonDarlingUpperTail(kInfinity, k), 0);
    EXPECT_EQ(AndersonDarlingUpperTail(1e308, k), 0);
  }
  const Values one = {1};
  const auto equal = AndersonDarling(one, one, {.method = AndersonDarlingMethod::kAsymptotic});
  ASSERT_TRUE(equal.ok());
  EXPECT_EQ(equal->p_value, 1);
}

TEST(AndersonDarlingTest, ThreadsDoNotChangeThePValue) {
  CounterRng rng(7, 0);
  const std::vector<Values> groups = {Draw(rng, 30, 9), Draw(rng, 20, 9), Draw(rng, 10, 9)};
  const double p = Evaluate(groups, Method::kPermutation, 999, 1).p_value;
  EXPECT_EQ(p, Evaluate(groups, Method::kPermutation, 999, 3).p_value);
  EXPECT_EQ(p, Evaluate(groups, Method::kPermutation, 999, 2000).p_value);
}

TEST(AndersonDarlingBadInput, NamesTheArgument) {
  struct Case {
    std::vector<Values> groups;
    std::int64_t permutations;
    const char* message;
  };
  for (const Case& c :
       {Case{{}, 9, "samples: 0 given"}, Case{{{1, 2}}, 9, "samples: 1 given"},
        Case{{{1}, {}}, 9, "samples[1]: "}, Case{{{1}, {2}, {3, kNan}}, 9, "samples[2][1] is NaN"},
        Case{{{-std::numeric_limits<double>::infinity()}, {2}}, 9, "samples[0][0] is infinite"},
        Case{{{1}, {2}, {3}}, 0, "options.permutation.permutations is 0"},
        Case{{{1}, {2}}, -1, "options.permutation.permutations is -1"}}) {
    const std::vector<std::span<const double>> samples(c.groups.begin(), c.groups.end());
    const auto result = AndersonDarlingKSample(samples, {.permutation = {.permutations = c.permutations}});
    EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument) << c.message;
    EXPECT_NE(result.status().message().find(c.message), std::string_view::npos) << result.status();
  }
  EXPECT_NE(AndersonDarling(Values{}, Values{1}).status().message().find("reference: "),
            std::string_view::npos);
  EXPECT_NE(AndersonDarling(Values{1}, Values{kNan}).status().message().find("observed[0]"),
            std::string_view::npos);
}

TEST(AndersonDarlingTest, StopsEarlyAtTheAskedNumberOfRelabelings) {
  const Values x = UniformSample(20, 1, 0), y = UniformSample(25, 2, 0), far = UniformSample(25, 2, 9);
  ExpectStopsEarly([&](bool different, const PermutationOptions& options) {
    return AndersonDarling(x, different ? far : y, {.method = Method::kPermutation, .permutation = options});
  });
}

TEST(AndersonDarlingKSampleTest, StopsEarlyAtTheAskedNumberOfRelabelings) {
  const Values x = UniformSample(20, 1, 0), y = UniformSample(25, 2, 0), z = UniformSample(9, 3, 0),
               far = UniformSample(25, 2, 9);
  ExpectStopsEarly([&](bool different, const PermutationOptions& options) {
    const std::span<const double> samples[] = {x, z, different ? far : y};
    return AndersonDarlingKSample(samples, {.method = Method::kPermutation, .permutation = options});
  });
}

}  // namespace
}  // namespace pinchbeck::stats
