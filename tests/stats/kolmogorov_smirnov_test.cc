// Kolmogorov-Smirnov against SciPy, R and counts in unbounded integers (tests/golden/make_ecdf_golden.py),
// and its properties.
#include "pinchbeck/stats/kolmogorov_smirnov.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "pinchbeck/stats/counter_rng.h"
#include "tests/stats/early_stopping.h"

namespace pinchbeck::stats {
namespace {

using Json = nlohmann::json;
using Values = std::vector<double>;

constexpr std::array<Alternative, 3> kAlternatives = {Alternative::kTwoSided, Alternative::kObservedGreater,
                                                      Alternative::kObservedLess};

const Json& Golden() {
  static const Json golden =
      Json::parse(std::ifstream(std::string(PINCHBECK_SOURCE_DIR) + "/tests/golden/ecdf.json"));
  return golden;
}

TwoSampleResult Evaluate(const Values& reference, const Values& observed, KsMethod method,
                         Alternative alternative = Alternative::kTwoSided, std::int64_t permutations = 9999) {
  const auto result = KolmogorovSmirnov(
      reference, observed,
      {.method = method, .alternative = alternative, .permutation = {.permutations = permutations}});
  EXPECT_TRUE(result.ok()) << result.status();
  return result.value_or(TwoSampleResult{});
}

// |a / b - 1|, or 0 where they are equal.
double RelativeError(double a, double b) { return a == b ? 0 : std::abs(a / b - 1); }

Values Draw(CounterRng& rng, std::size_t n, double shift = 0) {
  Values values(n);
  for (double& value : values) value = std::tan(3.14159 * (rng.Uniform() - 0.5)) + shift;
  return values;
}

Values DrawDiscrete(CounterRng& rng, std::size_t n, std::uint32_t distinct) {
  Values values(n);
  for (double& value : values) value = rng.Below(distinct);
  return values;
}

TEST(KolmogorovSmirnovGolden, StatisticsOfSciPy) {
  ASSERT_GE(Golden()["kolmogorov_smirnov"].size(), 60u);
  for (const Json& item : Golden()["kolmogorov_smirnov"]) {
    const Values x = item["reference"], y = item["observed"];
    for (std::size_t a = 0; a < 3; ++a) {
      const TwoSampleResult result = Evaluate(x, y, KsMethod::kAsymptotic, kAlternatives[a]);
      // SciPy subtracts two rounded fractions.
      EXPECT_NEAR(result.statistic, item["statistic"][a].get<double>(), 5e-16) << item["name"] << a;
      EXPECT_EQ(std::abs(result.effect), result.statistic) << item["name"] << a;
    }
  }
}

// Averaging over m + n steps rounds by about (m + n) 2^-52 relative: 2e-13 for 1,000 values.
TEST(KolmogorovSmirnovGolden, ExactPValuesOfUnboundedIntegers) {
  double smallest = 1;
  for (const Json& item : Golden()["kolmogorov_smirnov"]) {
    const Values x = item["reference"], y = item["observed"];
    for (std::size_t a = 0; a < 3; ++a) {
      const TwoSampleResult result = Evaluate(x, y, KsMethod::kExact, kAlternatives[a]);
      const double expected = item["p"][a];
      if (expected >= 1e-280) {
        EXPECT_LT(RelativeError(result.p_value, expected), 1e-12) << item["name"] << a;
      }
      EXPECT_GT(result.p_value, 0) << item["name"] << a;
      EXPECT_LE(result.p_value, 1) << item["name"] << a;
      EXPECT_EQ(result.calibration, Calibration::kExact);
      smallest = std::min(smallest, expected);
    }
  }
  EXPECT_LT(smallest, 1e-200) << "no case tests the tail";
}

TEST(KolmogorovSmirnovGolden, ExactPValuesOfSciPyAndR) {
  std::size_t scipy = 0, r = 0;
  for (const Json& item : Golden()["kolmogorov_smirnov"]) {
    const Values x = item["reference"], y = item["observed"];
    for (std::size_t a = 0; a < 3; ++a) {
      const double p = Evaluate(x, y, KsMethod::kExact, kAlternatives[a]).p_value;
      if (item.contains("scipy")) {
        const double expected = item["scipy"][a];
        // SciPy's own tail: it subtracts from 1 for some sizes, and 0 marks its underflow.
        EXPECT_NEAR(p, expected, 1e-10 * expected + 1e-13) << item["name"] << a;
        ++scipy;
      }
      if (item.contains("r")) {
        // R subtracts from 1.
        EXPECT_NEAR(p, item["r"][a].get<double>(), 1e-10 * p + 1e-12) << item["name"] << a;
        ++r;
      }
    }
  }
  EXPECT_GE(scipy, 60u);
  EXPECT_GE(r, 100u);
}

TEST(KolmogorovSmirnovGolden, KolmogorovTail) {
  for (const Json& item : Golden()["limits"]["kolmogorov"]) {
    const double z = item[0], expected = item[1];
    EXPECT_LT(RelativeError(KolmogorovUpperTail(z), expected), 1e-14 + 2 * z * z * 0x1.0p-52) << z;
  }
  EXPECT_EQ(KolmogorovUpperTail(0), 1);
  EXPECT_EQ(KolmogorovUpperTail(-1), 1);
  EXPECT_EQ(KolmogorovUpperTail(1e-300), 1);
  EXPECT_EQ(KolmogorovUpperTail(std::numeric_limits<double>::infinity()), 0);
  EXPECT_TRUE(std::isnan(KolmogorovUpperTail(std::numeric_limits<double>::quiet_NaN())));
}

// Where the two series meet, both are exact.
TEST(KolmogorovSmirnovTest, SeriesMeet) {
  EXPECT_LT(RelativeError(KolmogorovUpperTail(std::nextafter(1.0, 0.0)), KolmogorovUpperTail(1.0)), 1e-14);
}

TEST(KolmogorovSmirnovTest, OneSidedLimit) {
  CounterRng rng(1, 1);
  const Values x = Draw(rng, 3000), y = Draw(rng, 2000, 0.1);
  const TwoSampleResult result = Evaluate(x, y, KsMethod::kAsymptotic, Alternative::kObservedGreater);
  EXPECT_NEAR(result.p_value, std::exp(-2 * result.statistic * result.statistic * 1200), 1e-12);
}

// Reflecting paths gives P(D+ >= h / n) = C(2n, n + h) / C(2n, n) for equal sizes without ties.
TEST(KolmogorovSmirnovTest, ReflectionPrincipleForEqualSizes) {
  for (const std::int64_t n : {1, 4, 37, 600}) {
    for (const std::int64_t shift : {std::int64_t{0}, n / 3, n - 1}) {
      // Reference 0 .. n-1, observed shifted by h - 1/2: the largest gap is h / n.
      Values x, y;
      for (std::int64_t i = 0; i < n; ++i) {
        x.push_back(static_cast<double>(i));
        y.push_back(static_cast<double>(i + shift) + 0.5);
      }
      double expected = 1;
      const std::int64_t h = shift + 1;
      for (std::int64_t i = 1; i <= h; ++i) {
        expected *= static_cast<double>(n - h + i) / static_cast<double>(n + i);
      }
      const TwoSampleResult result = Evaluate(x, y, KsMethod::kExact, Alternative::kObservedGreater);
      EXPECT_DOUBLE_EQ(result.statistic, static_cast<double>(h) / static_cast<double>(n));
      if (expected > 1e-290) {
        EXPECT_LT(RelativeError(result.p_value, expected), 1e-12) << n << " " << h;
      }
    }
  }
}

// Large values of the limit exceed the exact p-value; the header states the range.
TEST(KolmogorovSmirnovTest, LimitAgainstExactAboveTheSwitch) {
  struct Sizes {
    std::size_t m, n;
  };
  for (const Sizes sizes : {Sizes{1001, 1001}, Sizes{1000, 1001}, Sizes{100, 10001}}) {
    for (const double shift : {0.1, 0.2, 0.3}) {
      CounterRng rng(2, static_cast<std::uint64_t>(shift * 100));
      const Values x = Draw(rng, sizes.m), y = Draw(rng, sizes.n, shift);
      for (const Alternative alternative : kAlternatives) {
        const double exact = Evaluate(x, y, KsMethod::kExact, alternative).p_value;
        const double limit = Evaluate(x, y, KsMethod::kAsymptotic, alternative).p_value;
        if (exact < 1e-6) continue;
        EXPECT_GE(limit, 0.999 * exact) << sizes.m << " " << sizes.n << " " << exact;
        EXPECT_LE(limit, (1 + 5 / std::sqrt(static_cast<double>(sizes.m))) * exact)
            << sizes.m << " " << sizes.n << " " << exact;
      }
    }
  }
}

TEST(KolmogorovSmirnovTest, EnumerationEqualsExactGivenTies) {
  for (std::uint64_t run = 0; run < 60; ++run) {
    CounterRng rng(3, run);
    const std::size_t m = 1 + rng.Below(5), n = 1 + rng.Below(5);
    const std::uint32_t distinct = run % 3 == 0 ? 1000000 : 1 + rng.Below(5);
    const Values x = DrawDiscrete(rng, m, distinct), y = DrawDiscrete(rng, n, distinct);
    for (const Alternative alternative : kAlternatives) {
      const TwoSampleResult all = Evaluate(x, y, KsMethod::kPermutation, alternative);
      const TwoSampleResult exact = Evaluate(x, y, KsMethod::kExact, alternative);
      EXPECT_EQ(all.calibration, Calibration::kExact);
      EXPECT_NEAR(all.p_value, exact.p_value, 1e-13) << run;
    }
  }
}

// 2,000 relabelings: standard error at most 0.011; six of them are allowed.
TEST(KolmogorovSmirnovTest, RandomRelabelingsEstimateTheExactPValue) {
  struct Design {
    std::size_t m, n;
    std::uint32_t distinct;
  };
  // 300 + 299 needs more than 16 bits for its gaps.
  for (const Design design :
       {Design{20, 30, 4}, Design{50, 50, 1000000}, Design{300, 299, 40}, Design{25, 25, 9}}) {
    CounterRng rng(4, design.m);
    const Values x = DrawDiscrete(rng, design.m, design.distinct);
    const Values y = DrawDiscrete(rng, design.n, design.distinct);
    for (const Alternative alternative : kAlternatives) {
      const TwoSampleResult random = Evaluate(x, y, KsMethod::kPermutation, alternative, 2000);
      EXPECT_EQ(random.calibration, Calibration::kPermutation);
      EXPECT_NEAR(random.p_value, Evaluate(x, y, KsMethod::kExact, alternative).p_value, 0.067) << design.m;
    }
  }
}

TEST(KolmogorovSmirnovTest, DirectionAndSign) {
  const Values low = {1, 2, 3, 4}, high = {3.5, 5, 6, 7};
  const TwoSampleResult greater = Evaluate(low, high, KsMethod::kExact, Alternative::kObservedGreater);
  const TwoSampleResult less = Evaluate(low, high, KsMethod::kExact, Alternative::kObservedLess);
  EXPECT_DOUBLE_EQ(greater.statistic, 0.75);
  EXPECT_DOUBLE_EQ(greater.effect, 0.75);
  EXPECT_EQ(less.statistic, 0);
  EXPECT_EQ(less.effect, 0);
  EXPECT_EQ(less.p_value, 1);
  EXPECT_LT(greater.p_value, 0.15);
  EXPECT_DOUBLE_EQ(Evaluate(low, high, KsMethod::kExact).effect, 0.75);
  EXPECT_DOUBLE_EQ(Evaluate(high, low, KsMethod::kExact).effect, -0.75);
}

TEST(KolmogorovSmirnovTest, SwappedSamplesGiveTheSamePValue) {
  for (std::uint64_t run = 0; run < 20; ++run) {
    CounterRng rng(5, run);
    const Values x = DrawDiscrete(rng, 13, run % 2 == 0 ? 5 : 1000000), y = DrawDiscrete(rng, 8, 7);
    EXPECT_NEAR(Evaluate(x, y, KsMethod::kExact).p_value, Evaluate(y, x, KsMethod::kExact).p_value, 1e-14);
    EXPECT_NEAR(Evaluate(x, y, KsMethod::kExact, Alternative::kObservedGreater).p_value,
                Evaluate(y, x, KsMethod::kExact, Alternative::kObservedLess).p_value, 1e-14);
  }
}

TEST(KolmogorovSmirnovTest, MonotoneTransformsAndOrderChangeNothing) {
  CounterRng rng(6, 0);
  const Values x = DrawDiscrete(rng, 700, 90), y = DrawDiscrete(rng, 40, 95);
  auto transformed = [](Values values) {
    for (double& value : values) value = std::exp(value / 10) - 40;
    std::reverse(values.begin(), values.end());
    return values;
  };
  for (const KsMethod method :
       {KsMethod::kAuto, KsMethod::kExact, KsMethod::kAsymptotic, KsMethod::kPermutation}) {
    const TwoSampleResult a = Evaluate(x, y, method), b = Evaluate(transformed(x), transformed(y), method);
    EXPECT_EQ(a.statistic, b.statistic);
    EXPECT_EQ(a.p_value, b.p_value);
    EXPECT_EQ(a.effect, b.effect);
  }
}

TEST(KolmogorovSmirnovTest, AutoChoosesBySizeAndTies) {
  CounterRng rng(7, 0);
  auto calibration = [&](std::size_t m, std::size_t n, std::uint32_t distinct) {
    const Values x = DrawDiscrete(rng, m, distinct), y = DrawDiscrete(rng, n, distinct);
    return Evaluate(x, y, KsMethod::kAuto, Alternative::kTwoSided, 99).calibration;
  };
  EXPECT_EQ(calibration(1000, 1000, 30), Calibration::kExact);
  EXPECT_EQ(calibration(1000, 1001, 30), Calibration::kPermutation);
  const Values x = Draw(rng, 1000), y = Draw(rng, 1001);
  EXPECT_EQ(Evaluate(x, y, KsMethod::kAuto).calibration, Calibration::kAsymptotic);
}

TEST(KolmogorovSmirnovTest, ConstantsSinglesAndSignedZeros) {
  for (const KsMethod method :
       {KsMethod::kAuto, KsMethod::kExact, KsMethod::kAsymptotic, KsMethod::kPermutation}) {
    const TwoSampleResult constant = Evaluate({2, 2, 2}, {2, 2}, method);
    EXPECT_EQ(constant.statistic, 0);
    EXPECT_EQ(constant.p_value, 1);
    EXPECT_EQ(constant.effect, 0);
    EXPECT_EQ(Evaluate({0.0, 1}, {-0.0, 1}, method).statistic, 0);
    EXPECT_GT(Evaluate({1}, {2}, method).p_value, 0);
  }
  EXPECT_EQ(Evaluate({1}, {2}, KsMethod::kExact).p_value, 1);
  EXPECT_DOUBLE_EQ(Evaluate({1}, {2}, KsMethod::kExact, Alternative::kObservedGreater).p_value, 0.5);
}

TEST(KolmogorovSmirnovTest, ThreadsDoNotChangeThePValue) {
  CounterRng rng(8, 0);
  const Values x = DrawDiscrete(rng, 60, 9), y = DrawDiscrete(rng, 70, 9);
  auto p = [&](int threads) {
    return KolmogorovSmirnov(x, y, {.method = KsMethod::kPermutation, .permutation = {.threads = threads}})
        ->p_value;
  };
  EXPECT_EQ(p(1), p(3));
}

// The digits of the long-array sort, against std::sort.
TEST(SortDoublesTest, AllMagnitudesAndSigns) {
  for (const std::size_t n : {0u, 1u, 511u, 512u, 5000u}) {
    CounterRng rng(9, n);
    Values values(n);
    for (double& value : values) {
      value = (rng.Uniform() - 0.5) * std::pow(10, static_cast<int>(rng.Below(600)) - 300);
      if (rng.Below(10) == 0) value = std::floor(value);
    }
    if (n > 2)
      values[1] = std::numeric_limits<double>::denorm_min(), values[2] = std::numeric_limits<double>::max();
    Values expected = values;
    std::sort(expected.begin(), expected.end());
    internal::SortDoubles(values);
    EXPECT_EQ(values, expected) << n;
  }
}

TEST(KolmogorovSmirnovBadInput, NamesTheArgument) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN(),
                   kInf = std::numeric_limits<double>::infinity();
  struct Case {
    Values reference, observed;
    std::int64_t permutations;
    const char* message;
  };
  for (const Case& c :
       {Case{{}, {1}, 9, "reference: "}, Case{{1}, {}, 9, "observed: "},
        Case{{1, kNan}, {1}, 9, "reference[1] is NaN"}, Case{{1}, {kInf}, 9, "observed[0] is infinite"},
        Case{{1}, {2, -kInf}, 9, "observed[1] is infinite"},
        Case{{1}, {2}, 0, "options.permutation.permutations is 0"},
        Case{{1}, {2}, -5, "options.permutation.permutations is -5"}}) {
    const auto result =
        KolmogorovSmirnov(c.reference, c.observed, {.permutation = {.permutations = c.permutations}});
    EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument) << c.message;
    EXPECT_NE(result.status().message().find(c.message), std::string_view::npos) << result.status();
  }
}

TEST(KolmogorovUpperTailTest, FarTails) {
  for (const double z : {1e-310, 1e-20, 0.01, 0.04}) EXPECT_EQ(KolmogorovUpperTail(z), 1) << z;
  EXPECT_EQ(KolmogorovUpperTail(std::numeric_limits<double>::infinity()), 0);
}

TEST(KolmogorovSmirnovBadInput, SizesThatWouldOverflow) {
  constexpr std::size_t kLimit = std::size_t{1} << 30;
  EXPECT_TRUE(internal::CheckSize(kLimit, "observed").ok());
  const absl::Status above = internal::CheckSize(kLimit + 1, "observed");
  EXPECT_EQ(above.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(above.message().find("observed: 1073741825"), std::string_view::npos);
}

TEST(KolmogorovSmirnovTest, StopsEarlyAtTheAskedNumberOfRelabelings) {
  const Values x = UniformSample(20, 1, 0), y = UniformSample(25, 2, 0), far = UniformSample(25, 2, 9);
  ExpectStopsEarly([&](bool different, const PermutationOptions& options) {
    return KolmogorovSmirnov(x, different ? far : y,
                             {.method = KsMethod::kPermutation, .permutation = options});
  });
}

}  // namespace
}  // namespace pinchbeck::stats
