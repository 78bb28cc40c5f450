// Cramer-von Mises against SciPy, mpmath and counts in unbounded integers (tests/golden/make_ecdf_golden.py),
// and its properties.
#include "pinchbeck/stats/cramer_von_mises.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pinchbeck/stats/counter_rng.h"
#include "tests/stats/early_stopping.h"

namespace pinchbeck::stats {
namespace {

using Json = nlohmann::json;
using Values = std::vector<double>;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

const Json& Golden() {
  static const Json golden =
      Json::parse(std::ifstream(std::string(PINCHBECK_SOURCE_DIR) + "/tests/golden/ecdf.json"));
  return golden;
}

TwoSampleResult Evaluate(const Values& reference, const Values& observed, CvmMethod method,
                         std::int64_t permutations = 9999) {
  const auto result =
      CramerVonMises(reference, observed, {.method = method, .permutation = {.permutations = permutations}});
  EXPECT_TRUE(result.ok()) << result.status();
  return result.value_or(TwoSampleResult{});
}

Values Draw(CounterRng& rng, std::size_t n, std::uint32_t distinct) {
  Values values(n);
  for (double& value : values) value = rng.Below(distinct);
  return values;
}

TEST(CramerVonMisesGolden, StatisticAndLimitOfSciPy) {
  std::size_t compared = 0;
  for (const Json& item : Golden()["cramer_von_mises"]) {
    if (!item.contains("statistic")) continue;
    const TwoSampleResult result = Evaluate(item["reference"], item["observed"], CvmMethod::kAsymptotic);
    const double expected = item["statistic"];
    // SciPy subtracts about (m + n) / 6 from its rank form.
    EXPECT_NEAR(result.statistic, expected, 1e-12 * (1 + std::abs(expected))) << item["name"];
    // SciPy subtracts a series of a few terms from 1, which leaves up to 3e-8 where the tail is far smaller;
    // those tails are compared in LimitingTail.
    if (result.p_value > 1e-6) {
      EXPECT_NEAR(result.p_value, item["limit"].get<double>(), 1e-9) << item["name"];
    } else {
      EXPECT_LT(item["limit"].get<double>(), 2e-6) << item["name"];
    }
    EXPECT_EQ(result.calibration, Calibration::kAsymptotic);
    ++compared;
  }
  EXPECT_GE(compared, 40u);
}

// Up to 1,000 steps of averaging: a relative error below 1e-12.
TEST(CramerVonMisesGolden, ExactPValuesOfUnboundedIntegersAndSciPy) {
  std::size_t counted = 0, scipy = 0;
  for (const Json& item : Golden()["cramer_von_mises"]) {
    const Values x = item["reference"], y = item["observed"];
    // 1 + 500 values are beyond the table of path costs.
    if (x.size() + y.size() > 400) continue;
    if (item.contains("p")) {
      const double expected = item["p"];
      EXPECT_NEAR(Evaluate(x, y, CvmMethod::kExact).p_value / expected, 1, 1e-12) << item["name"];
      ++counted;
    }
    if (item.contains("scipy")) {
      const double expected = item["scipy"];
      EXPECT_NEAR(Evaluate(x, y, CvmMethod::kExact).p_value / expected, 1, 1e-10) << item["name"];
      ++scipy;
    }
  }
  EXPECT_GE(counted, 40u);
  EXPECT_GE(scipy, 12u);
}

TEST(CramerVonMisesGolden, LimitingTail) {
  for (const Json& item : Golden()["limits"]["cramer_von_mises"]) {
    const double x = item[0], expected = item[1];
    EXPECT_NEAR(CramerVonMisesUpperTail(x) / expected, 1, 1e-12) << x;
  }
  for (const double x : {0.0, -1.0, 1e-300, 1e-9, 1e-4, 0.003})
    EXPECT_NEAR(CramerVonMisesUpperTail(x), 1, 1e-13) << x;
  EXPECT_GE(CramerVonMisesUpperTail(1e6), 0);
  EXPECT_LT(CramerVonMisesUpperTail(1e6), 1e-300);
  EXPECT_TRUE(std::isnan(CramerVonMisesUpperTail(kNan)));
}

TEST(CramerVonMisesTest, LimitingTailFalls) {
  double before = 1;
  for (double x = 0.01; x < 100; x *= 1.01) {
    const double tail = CramerVonMisesUpperTail(x);
    EXPECT_LE(tail, before + 1e-14) << x;
    before = tail;
  }
}

// m n / N^2 times the sum of squared gaps, and the root mean square gap, from their definitions.
TEST(CramerVonMisesTest, DefinitionWithoutTies) {
  const Values x = {1, 4, 5, 9, 12}, y = {2, 3, 10};
  double sum = 0;
  for (const Values& values : {x, y}) {
    for (const double z : values) {
      auto share = [z](const Values& v) {
        return static_cast<double>(std::count_if(v.begin(), v.end(), [z](double u) { return u <= z; })) /
               static_cast<double>(v.size());
      };
      sum += (share(x) - share(y)) * (share(x) - share(y));
    }
  }
  const TwoSampleResult result = Evaluate(x, y, CvmMethod::kAuto);
  EXPECT_NEAR(result.statistic, 15.0 / 64 * sum, 1e-14);
  EXPECT_NEAR(result.effect, std::sqrt(sum / 8), 1e-14);
}

TEST(CramerVonMisesTest, EnumerationEqualsExactGivenTies) {
  for (std::uint64_t run = 0; run < 60; ++run) {
    CounterRng rng(3, run);
    const std::size_t m = 1 + rng.Below(6), n = 1 + rng.Below(5);
    const std::uint32_t distinct = run % 3 == 0 ? 1000000 : 1 + rng.Below(6);
    const Values x = Draw(rng, m, distinct), y = Draw(rng, n, distinct);
    const TwoSampleResult all = Evaluate(x, y, CvmMethod::kPermutation);
    EXPECT_EQ(all.calibration, Calibration::kExact);
    EXPECT_NEAR(all.p_value, Evaluate(x, y, CvmMethod::kExact).p_value, 1e-13) << run;
  }
}

// 2,000 relabelings: standard error at most 0.011; six of them are allowed.
TEST(CramerVonMisesTest, RandomRelabelingsEstimateTheExactPValue) {
  struct Design {
    std::size_t m, n;
    std::uint32_t distinct;
  };
  for (const Design design :
       {Design{20, 30, 4}, Design{50, 50, 1000000}, Design{60, 12, 9}, Design{1, 60, 9}}) {
    CounterRng rng(4, design.m);
    const Values x = Draw(rng, design.m, design.distinct), y = Draw(rng, design.n, design.distinct);
    const TwoSampleResult random = Evaluate(x, y, CvmMethod::kPermutation, design.m == 1 ? 40 : 2000);
    EXPECT_EQ(random.calibration, Calibration::kPermutation);
    EXPECT_NEAR(random.p_value, Evaluate(x, y, CvmMethod::kExact).p_value, design.m == 1 ? 0.48 : 0.067)
        << design.m;
  }
}

TEST(CramerVonMisesTest, LimitIsCloseToExactInItsRange) {
  for (std::uint64_t run = 0; run < 12; ++run) {
    CounterRng rng(5, run);
    Values x = Draw(rng, 50, 1000000000), y = Draw(rng, 50, 1000000000);
    for (double& value : y) value += 4e7 * static_cast<double>(run);
    const double exact = Evaluate(x, y, CvmMethod::kExact).p_value;
    const double limit = Evaluate(x, y, CvmMethod::kAsymptotic).p_value;
    if (exact < 0.001) continue;
    EXPECT_GE(limit, 0.97 * exact) << exact;
    EXPECT_LE(limit, 1.2 * exact) << exact;
  }
}

TEST(CramerVonMisesTest, SwappedSamplesGiveTheSamePValue) {
  for (std::uint64_t run = 0; run < 20; ++run) {
    CounterRng rng(6, run);
    const Values x = Draw(rng, 13, run % 2 == 0 ? 5 : 1000000), y = Draw(rng, 8, 7);
    const TwoSampleResult a = Evaluate(x, y, CvmMethod::kExact), b = Evaluate(y, x, CvmMethod::kExact);
    EXPECT_NEAR(a.statistic, b.statistic, 1e-13);
    EXPECT_NEAR(a.p_value, b.p_value, 1e-13);
    EXPECT_NEAR(a.effect, b.effect, 1e-15);
  }
}

TEST(CramerVonMisesTest, MonotoneTransformsAndOrderChangeNothing) {
  CounterRng rng(7, 0);
  const Values x = Draw(rng, 30, 90), y = Draw(rng, 30, 95);
  auto transformed = [](Values values) {
    for (double& value : values) value = std::exp(value / 10) - 40;
    std::reverse(values.begin(), values.end());
    return values;
  };
  for (const CvmMethod method :
       {CvmMethod::kAuto, CvmMethod::kExact, CvmMethod::kAsymptotic, CvmMethod::kPermutation}) {
    const TwoSampleResult a = Evaluate(x, y, method, 999);
    const TwoSampleResult b = Evaluate(transformed(x), transformed(y), method, 999);
    EXPECT_EQ(a.statistic, b.statistic);
    EXPECT_EQ(a.p_value, b.p_value);
    EXPECT_EQ(a.effect, b.effect);
  }
}

TEST(CramerVonMisesTest, AutoChoosesBySizeAndTies) {
  CounterRng rng(8, 0);
  auto calibration = [&](std::size_t m, std::size_t n, std::uint32_t distinct) {
    const Values x = Draw(rng, m, distinct), y = Draw(rng, n, distinct);
    return Evaluate(x, y, CvmMethod::kAuto, 99).calibration;
  };
  constexpr std::uint32_t kMany = 4000000000;
  EXPECT_EQ(calibration(50, 50, kMany), Calibration::kExact);
  EXPECT_EQ(calibration(20, 30, 5), Calibration::kExact);
  EXPECT_EQ(calibration(40, 41, kMany), Calibration::kPermutation);
  EXPECT_EQ(calibration(19, 301, kMany), Calibration::kPermutation);
  EXPECT_EQ(calibration(300, 301, 20), Calibration::kPermutation);
  EXPECT_EQ(calibration(300, 301, kMany), Calibration::kAsymptotic);
}

// The choice of the method must not look at the statistic, or the level is lost.
TEST(CramerVonMisesTest, ChoiceOfTheExactMethodIgnoresTheLabels) {
  for (std::uint64_t run = 0; run < 10; ++run) {
    CounterRng rng(9, run);
    Values pooled = Draw(rng, 24, 1 + rng.Below(30));
    double work = -1;
    for (int shuffle = 0; shuffle < 5; ++shuffle) {
      std::swap(pooled[rng.Below(24)], pooled[rng.Below(24)]);
      const auto merged = internal::MergeSamples(Values(pooled.begin(), pooled.begin() + 10),
                                                 Values(pooled.begin() + 10, pooled.end()));
      const double now = internal::CramerVonMisesNull(*merged).work();
      if (work >= 0) {
        EXPECT_EQ(now, work);
      }
      work = now;
    }
  }
}

TEST(CramerVonMisesTest, ConstantsAndSingles) {
  for (const CvmMethod method : {CvmMethod::kAuto, CvmMethod::kExact, CvmMethod::kPermutation}) {
    EXPECT_EQ(Evaluate({2, 2, 2}, {2, 2}, method).p_value, 1);
    EXPECT_EQ(Evaluate({1}, {2}, method).p_value, 1);
    EXPECT_DOUBLE_EQ(Evaluate({1}, {2, 3, 4}, method).p_value, 0.5);
  }
  EXPECT_EQ(Evaluate({2, 2, 2}, {2, 2}, CvmMethod::kAuto).effect, 0);
  EXPECT_EQ(Evaluate({1, 2, 3}, {3, 2, 1}, CvmMethod::kAuto).effect, 0);
  EXPECT_EQ(Evaluate({1}, {2}, CvmMethod::kAsymptotic).p_value, 1);
}

// All labelings of 5 + 5 values without ties: the exact p-value of the most extreme pair is 2 / 252.
TEST(CramerVonMisesTest, SmallestPValue) {
  EXPECT_NEAR(Evaluate({1, 2, 3, 4, 5}, {6, 7, 8, 9, 10}, CvmMethod::kExact).p_value, 2.0 / 252, 1e-15);
}

TEST(CramerVonMisesTest, ThreadsDoNotChangeThePValue) {
  CounterRng rng(10, 0);
  const Values x = Draw(rng, 60, 9), y = Draw(rng, 70, 9);
  auto p = [&](int threads) {
    return CramerVonMises(x, y, {.method = CvmMethod::kPermutation, .permutation = {.threads = threads}})
        ->p_value;
  };
  EXPECT_EQ(p(1), p(3));
}

TEST(CramerVonMisesBadInput, NamesTheArgument) {
  struct Case {
    Values reference, observed;
    std::int64_t permutations;
    const char* message;
  };
  for (const Case& c : {Case{{}, {1}, 9, "reference: "}, Case{{1}, {}, 9, "observed: "},
                        Case{{1, kNan}, {1}, 9, "reference[1] is NaN"},
                        Case{{1}, {2, kInfinity}, 9, "observed[1] is infinite"},
                        Case{{1}, {2}, 0, "options.permutation.permutations is 0"}}) {
    const auto result =
        CramerVonMises(c.reference, c.observed, {.permutation = {.permutations = c.permutations}});
    EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument) << c.message;
    EXPECT_NE(result.status().message().find(c.message), std::string_view::npos) << result.status();
  }
}

TEST(CramerVonMisesBadInput, TooLargeForExact) {
  for (const std::size_t n : {150u, 1000u}) {
    Values x(n), y(n + 1);
    for (std::size_t i = 0; i < n; ++i)
      x[i] = static_cast<double>(2 * i), y[i] = static_cast<double>(2 * i + 1);
    y[n] = -1;
    const auto result = CramerVonMises(x, y, {.method = CvmMethod::kExact});
    EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(result.status().message().find("options.method: " + std::to_string(2 * n + 1)),
              std::string_view::npos);
  }
}

TEST(CramerVonMisesTest, StopsEarlyAtTheAskedNumberOfRelabelings) {
  const Values x = UniformSample(20, 1, 0), y = UniformSample(25, 2, 0), far = UniformSample(25, 2, 9);
  ExpectStopsEarly([&](bool different, const PermutationOptions& options) {
    return CramerVonMises(x, different ? far : y,
                          {.method = CvmMethod::kPermutation, .permutation = options});
  });
}

}  // namespace
}  // namespace pinchbeck::stats
