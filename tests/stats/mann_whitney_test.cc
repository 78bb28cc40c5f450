#include "pinchbeck/stats/mann_whitney.h"

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

// Both sides evaluate the same few elementary functions; the exact tails differ by the rounding of at most a
// thousand factors.
constexpr double kTolerance = 1e-10;

const Json& Golden() {
  static const Json golden =
      Json::parse(std::ifstream(std::string(PINCHBECK_SOURCE_DIR) + "/tests/golden/rank.json"));
  return golden;
}

struct Side {
  const char* name;
  Alternative alternative;
};
constexpr Side kSides[] = {{"two_sided", Alternative::kTwoSided},
                           {"observed_greater", Alternative::kObservedGreater},
                           {"observed_less", Alternative::kObservedLess}};

TEST(MannWhitneyTest, AgreesWithSciPyAndR) {
  ASSERT_GE(Golden()["mann_whitney"].size(), 30u);
  for (const Json& item : Golden()["mann_whitney"]) {
    SCOPED_TRACE(item["name"].get<std::string>());
    const auto x = item["reference"].get<Values>(), y = item["observed"].get<Values>();
    for (const Side& side : kSides) {
      SCOPED_TRACE(side.name);
      auto expect = [&](const char* field, MannWhitneyMethod method, double tolerance) {
        const auto result = MannWhitney(x, y, {.method = method, .alternative = side.alternative});
        ASSERT_TRUE(result.ok()) << result.status();
        EXPECT_EQ(result->statistic, item["u"].get<double>());
        EXPECT_NEAR(result->effect, item["cliff_delta"].get<double>(), 1e-14);
        EXPECT_EQ(result->n_reference, static_cast<std::int64_t>(x.size()));
        EXPECT_EQ(result->n_observed, static_cast<std::int64_t>(y.size()));
        if (!item.contains(field)) return;
        const double p = item[field][side.name];
        EXPECT_NEAR(result->p_value, p, tolerance * p) << field;
      };
      expect("normal", MannWhitneyMethod::kAsymptotic, kTolerance);
      expect("r_normal", MannWhitneyMethod::kAsymptotic, kTolerance);
      if (item.contains("exact")) expect("exact", MannWhitneyMethod::kExact, kTolerance);
      if (item.contains("enumerated")) expect("enumerated", MannWhitneyMethod::kPermutation, 1e-12);
    }
  }
}

TEST(MannWhitneyTest, ExactTailsAgreeWithR) {
  for (const Json& item : Golden()["rank_sum_tails"]) {
    const double p = item["p"];
    // R divides rounded counts; its own error grows with the number of cells.
    EXPECT_NEAR(internal::MannWhitneyLowerTail(item["u"], item["m"], item["n"]), p, kTolerance * p)
        << item.dump();
  }
}

TEST(MannWhitneyTest, ExactTailsAddUpToOne) {
  for (const auto& [m, n] : {std::pair{1, 1}, {3, 4}, {5, 5}, {1, 9}, {20, 33}}) {
    for (std::int64_t u = 0; u < m * n; ++u) {
      EXPECT_NEAR(
          internal::MannWhitneyLowerTail(u, m, n) + internal::MannWhitneyLowerTail(m * n - u - 1, m, n), 1,
          1e-13);
    }
  }
  EXPECT_EQ(internal::MannWhitneyLowerTail(-1, 3, 4), 0);
  EXPECT_EQ(internal::MannWhitneyLowerTail(12, 3, 4), 1);
}

TEST(MannWhitneyTest, ExactAndEnumeratedPValuesAreTheSame) {
  const Values x = {0.1, 2.5, 3.5, 7}, y = {0.2, 5, 8, 9, 10};
  for (const Side& side : kSides) {
    const auto exact =
        MannWhitney(x, y, {.method = MannWhitneyMethod::kExact, .alternative = side.alternative});
    const auto listed =
        MannWhitney(x, y, {.method = MannWhitneyMethod::kPermutation, .alternative = side.alternative});
    ASSERT_TRUE(exact.ok() && listed.ok());
    EXPECT_EQ(listed->calibration, Calibration::kExact);
    EXPECT_NEAR(exact->p_value, listed->p_value, 1e-14) << side.name;
  }
}

TEST(MannWhitneyTest, SmallestExactPValueIsOneOverAllLabelings) {
  Values x, y;
  for (int i = 0; i < 100; ++i) {
    x.push_back(i);
    y.push_back(200 + i);
  }
  const auto result = MannWhitney(x, y, {.alternative = Alternative::kObservedGreater});
  ASSERT_TRUE(result.ok());
  // C(200, 100) = 9.0548514656103281e58.
  EXPECT_NEAR(result->p_value * 9.0548514656103281e58, 1, 1e-12);
  EXPECT_EQ(result->effect, 1);
  EXPECT_EQ(result->statistic, 0);
}

TEST(MannWhitneyTest, DefaultMethod) {
  auto method = [](std::size_t m, std::size_t n, std::size_t tied, std::size_t group) {
    Values x, y;
    for (std::size_t i = 0; i < m; ++i) x.push_back(static_cast<double>(i));
    for (std::size_t i = 0; i < n; ++i) y.push_back(static_cast<double>(m + i));
    for (std::size_t i = 0; i < tied; ++i) x[i] = static_cast<double>(i / group);
    for (std::size_t i = 0; i < tied && i < n; ++i) y[i] = static_cast<double>(i / group);
    const auto result = MannWhitney(x, y, {.permutation = {.permutations = 99}});
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? result->calibration : Calibration::kAsymptotic;
  };
  EXPECT_EQ(method(100, 100, 0, 1), Calibration::kExact);
  EXPECT_EQ(method(100, 101, 0, 1), Calibration::kAsymptotic);
  EXPECT_EQ(method(100, 100, 2, 2), Calibration::kPermutation);
  EXPECT_EQ(method(150, 150, 150, 3), Calibration::kAsymptotic);
  // Nearly everything is one value: rank sums are skewed, whatever the size.
  EXPECT_EQ(method(150, 150, 140, 150), Calibration::kPermutation);
}

TEST(MannWhitneyTest, MonotoneTransformsChangeNothing) {
  const Values x = {-3, -1, 0.5, 2, 2, 7}, y = {-2, 0.5, 2, 9};
  Values ex, ey;
  for (const double v : x) ex.push_back(std::exp(v));
  for (const double v : y) ey.push_back(std::exp(v));
  const auto a = MannWhitney(x, y), b = MannWhitney(ex, ey);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->statistic, b->statistic);
  EXPECT_EQ(a->p_value, b->p_value);
  EXPECT_EQ(a->effect, b->effect);
}

TEST(MannWhitneyTest, SwappingTheSamplesMirrorsTheResult) {
  const Values x = {1, 4, 4, 6, 9, 11}, y = {2, 4, 5, 12};
  for (const MannWhitneyMethod method : {MannWhitneyMethod::kAsymptotic, MannWhitneyMethod::kPermutation}) {
    const auto forward = MannWhitney(x, y, {.method = method, .alternative = Alternative::kObservedGreater});
    const auto backward = MannWhitney(y, x, {.method = method, .alternative = Alternative::kObservedLess});
    ASSERT_TRUE(forward.ok() && backward.ok());
    EXPECT_EQ(forward->statistic + backward->statistic, 24);
    EXPECT_EQ(forward->effect, -backward->effect);
    EXPECT_EQ(forward->p_value, backward->p_value);
  }
}

TEST(MannWhitneyTest, EqualValuesGivePOne) {
  for (const MannWhitneyMethod method :
       {MannWhitneyMethod::kAuto, MannWhitneyMethod::kAsymptotic, MannWhitneyMethod::kPermutation}) {
    for (const Side& side : kSides) {
      const auto result =
          MannWhitney(Values{3, 3, 3}, Values{3, 3}, {.method = method, .alternative = side.alternative});
      ASSERT_TRUE(result.ok());
      EXPECT_EQ(result->p_value, 1);
      EXPECT_EQ(result->effect, 0);
      EXPECT_EQ(result->statistic, 3);
    }
  }
}

TEST(MannWhitneyTest, UnderflowDoesNotMakeThePValueZero) {
  Values x, y;
  for (int i = 0; i < 3000; ++i) {
    x.push_back(i);
    y.push_back(5000 + i);
  }
  for (const Side& side : kSides) {
    const auto result = MannWhitney(x, y, {.alternative = side.alternative});
    ASSERT_TRUE(result.ok());
    EXPECT_GT(result->p_value, 0);
  }
}

TEST(MannWhitneyTest, OneSeedGivesOnePValueForEveryThreadCount) {
  Values x, y;
  for (int i = 0; i < 30; ++i) {
    x.push_back(i % 7);
    y.push_back(i % 5 + 1);
  }
  auto p_value = [&](int threads) {
    const auto result =
        MannWhitney(x, y, {.permutation = {.permutations = 999, .seed = 5, .threads = threads}});
    EXPECT_TRUE(result.ok());
    EXPECT_EQ(result->calibration, Calibration::kPermutation);
    return result->p_value;
  };
  EXPECT_EQ(p_value(1), p_value(3));
}

TEST(MannWhitneyTest, BadInput) {
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  const Values good = {1, 2, 3};
  struct Case {
    Values reference, observed;
    MannWhitneyOptions options;
    const char* message;
  };
  Values long_sample(1000);
  for (std::size_t i = 0; i < long_sample.size(); ++i) long_sample[i] = 10 + static_cast<double>(i);
  const Values half_sample = [] {
    Values values(101);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = 0.5 + static_cast<double>(i);
    return values;
  }();
  const Case cases[] = {{{}, good, {}, "reference"},
                        {good, {}, {}, "observed"},
                        {{1, nan}, good, {}, "reference[1] is NaN"},
                        {good, {-inf}, {}, "observed[0] is infinite"},
                        {good, good, {.method = MannWhitneyMethod::kExact}, "ties"},
                        {long_sample, half_sample, {.method = MannWhitneyMethod::kExact}, "1000 * 101"},
                        {good,
                         good,
                         {.method = MannWhitneyMethod::kPermutation, .permutation = {.permutations = 0}},
                         "permutations"}};
  for (const Case& c : cases) {
    const auto result = MannWhitney(c.reference, c.observed, c.options);
    EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument) << c.message;
    EXPECT_THAT(std::string(result.status().message()), HasSubstr(c.message));
  }
}

TEST(MannWhitneyTest, StopsEarlyAtTheAskedNumberOfRelabelings) {
  const Values x = UniformSample(20, 1, 0), y = UniformSample(25, 2, 0), far = UniformSample(25, 2, 9);
  ExpectStopsEarly([&](bool different, const PermutationOptions& options) {
    return MannWhitney(x, different ? far : y,
                       {.method = MannWhitneyMethod::kPermutation, .permutation = options});
  });
}

}  // namespace
}  // namespace pinchbeck::stats
