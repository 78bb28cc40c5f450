// tests/golden/make_effect_golden.py made the golden values.
#include "pinchbeck/stats/bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pinchbeck/internal/absl_strings.h"

namespace pinchbeck::stats {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;
using Values = std::vector<double>;

double MeanAt(const Values& values, std::span<const std::uint32_t> positions) {
  double sum = 0;
  for (const std::uint32_t position : positions) sum += values[position];
  return sum / static_cast<double>(positions.size());
}

// Difference or ratio of means of a single stratum.
ResampleStatistic MeanStatistic(const Values& x, const Values& y, bool ratio) {
  return [&x, &y, ratio](std::span<const ResampleView> strata) {
    const double first = MeanAt(x, strata[0].reference), second = MeanAt(y, strata[0].observed);
    return ratio ? second / first : second - first;
  };
}

std::vector<Stratum> OneStratum(const Values& x, const Values& y) {
  return {{static_cast<std::int64_t>(x.size()), static_cast<std::int64_t>(y.size())}};
}

TEST(BootstrapTest, IntervalsOfTheSameReplicatesAgreeWithSciPy) {
  const Json golden =
      Json::parse(std::ifstream(std::string(PINCHBECK_SOURCE_DIR) + "/tests/golden/effect.json"));
  ASSERT_EQ(golden["bootstrap"].size(), 4u);
  for (const Json& item : golden["bootstrap"]) {
    const auto x = item["reference"].get<Values>(), y = item["observed"].get<Values>();
    const auto statistic = MeanStatistic(x, y, item["statistic"] == "ratio");
    const auto strata = OneStratum(x, y);
    const double acceleration = internal::Acceleration(strata, statistic);
    EffectEstimate estimate;
    estimate.value = internal::Resample(strata).Evaluate(statistic);
    estimate.confidence = item["level"];
    EXPECT_NEAR(estimate.value, item["value"].get<double>(), 1e-14);
    for (const BootstrapMethod method : {BootstrapMethod::kPercentile, BootstrapMethod::kBca}) {
      auto replicates = item["replicates"].get<Values>();
      const char* name = method == BootstrapMethod::kBca ? "BCa" : "percentile";
      internal::SetInterval(replicates, method, acceleration, estimate);
      EXPECT_NEAR(estimate.low, item[name][0].get<double>(), 1e-12) << name;
      EXPECT_NEAR(estimate.high, item[name][1].get<double>(), 1e-12) << name;
    }
  }
}

// 3 + 2 items have 27 * 4 equally likely resamples; the percentile ends converge to the quantiles of their
// statistic.
TEST(BootstrapTest, ReplicatesFollowTheEnumeratedDistribution) {
  const Values x = {1, 2.5, 7}, y = {3, 11};
  const auto statistic = MeanStatistic(x, y, false);
  Values exact;
  for (std::uint32_t code = 0; code < 108; ++code) {
    const std::vector<std::uint32_t> first = {code % 3, code / 3 % 3, code / 9 % 3},
                                     second = {code / 27 % 2, code / 54};
    const ResampleView view{first, second};
    exact.push_back(statistic({&view, 1}));
  }
  std::sort(exact.begin(), exact.end());
  const auto replicates = internal::BootstrapReplicates(OneStratum(x, y), statistic, {.replicates = 40'000});
  for (const double cut : {-3.0, 0.1, 2.0, 5.2}) {
    const auto share = [cut](const Values& values) {
      return static_cast<double>(
                 std::count_if(values.begin(), values.end(), [&](double v) { return v <= cut; })) /
             static_cast<double>(values.size());
    };
    // Seven standard deviations at most.
    EXPECT_NEAR(share(replicates), share(exact), 7 * 0.5 / 200) << cut;
  }
}

TEST(BootstrapTest, ThreadsDoNotChangeTheResult) {
  const Values x = {1, 2, 3, 4, 9}, y = {2, 4, 8};
  const auto one = *Bootstrap(OneStratum(x, y), MeanStatistic(x, y, true), {.replicates = 501, .threads = 1});
  const auto three =
      *Bootstrap(OneStratum(x, y), MeanStatistic(x, y, true), {.replicates = 501, .threads = 3});
  EXPECT_EQ(one.low, three.low);
  EXPECT_EQ(one.high, three.high);
  const auto other = *Bootstrap(OneStratum(x, y), MeanStatistic(x, y, true), {.replicates = 501, .seed = 2});
  EXPECT_NE(one.low, other.low);
}

TEST(BootstrapTest, MoreThreadsThanTheSystemGivesAreNoError) {
  const std::vector<Stratum> strata = {{3, 3}};
  const ResampleStatistic first = [](std::span<const ResampleView> views) {
    return static_cast<double>(views[0].reference[0]);
  };
  const auto result = Bootstrap(strata, first, {.replicates = 100'000, .threads = 100'000});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->high, Bootstrap(strata, first, {.replicates = 100'000})->high);
}

TEST(BootstrapTest, StrataAreResampledWithinThemselves) {
  const std::vector<Stratum> strata = {{2, 3}, {1, 2}};
  const ResampleStatistic statistic = [](std::span<const ResampleView> views) {
    if (views.size() != 2 || views[1].reference.size() != 1 || views[1].reference[0] != 0)
      return std::nan("");
    for (const std::uint32_t position : views[0].observed) {
      if (position > 2) return std::nan("");
    }
    return static_cast<double>(views[0].reference.size() + views[1].observed.size());
  };
  // The percentile interval leaves out no item, so the sizes are always those of the strata.
  const auto result =
      *Bootstrap(strata, statistic, {.method = BootstrapMethod::kPercentile, .replicates = 99});
  EXPECT_EQ(result.low, 4);
  EXPECT_EQ(result.high, 4);
}

TEST(BootstrapTest, ConstantsAndSingleItemsHaveNoWidth) {
  const Values constant(5, 2.0), one = {3};
  for (const BootstrapMethod method : {BootstrapMethod::kPercentile, BootstrapMethod::kBca}) {
    const auto flat = *Bootstrap(OneStratum(constant, constant), MeanStatistic(constant, constant, false),
                                 {.method = method, .replicates = 99});
    EXPECT_EQ(flat.low, 0);
    EXPECT_EQ(flat.high, 0);
    const auto single =
        *Bootstrap(OneStratum(one, one), MeanStatistic(one, one, true), {.method = method, .replicates = 99});
    EXPECT_EQ(single.low, 1);
    EXPECT_EQ(single.high, 1);
  }
}

TEST(BootstrapTest, ValueOutsideAllReplicatesStaysInTheirRange) {
  EffectEstimate estimate{.value = 10, .low = 0, .high = 0, .confidence = 0.9, .method = {}};
  Values replicates = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  internal::SetInterval(replicates, BootstrapMethod::kBca, 0.1, estimate);
  EXPECT_GE(estimate.low, 1);
  EXPECT_LE(estimate.high, 9);
  EXPECT_GT(estimate.low, 5);
}

TEST(BootstrapTest, BadInputIsNamed) {
  const ResampleStatistic zero = [](std::span<const ResampleView>) { return 0.0; };
  const ResampleStatistic nan = [](std::span<const ResampleView>) { return std::nan(""); };
  const std::vector<Stratum> good = {{2, 2}}, none, empty_side = {{2, 2}, {0, 1}},
                             huge = {{std::int64_t{1} << 40, 1}};
  struct Case {
    const std::vector<Stratum>& strata;
    const ResampleStatistic& statistic;
    BootstrapOptions options;
    const char* message;
  };
  const std::vector<Case> cases = {{none, zero, {}, "strata: the list is empty"},
                                   {empty_side, zero, {}, "strata[1] has 0 and 1"},
                                   {huge, zero, {}, "strata[0] has 1099511627776"},
                                   {good, zero, {.confidence = 0}, "confidence is 0"},
                                   {good, zero, {.confidence = std::nan("")}, "confidence is nan"},
                                   {good, zero, {.replicates = 0}, "replicates is 0"},
                                   {good, zero, {.confidence = 0.99, .replicates = 100}, "replicates is 100"},
                                   {good,
                                    zero,
                                    {.replicates = std::numeric_limits<std::int64_t>::max()},
                                    "replicates is 9223372036854775807"},
                                   {good, nan, {.replicates = 50}, "statistic: "}};
  for (const Case& c : cases) {
    const auto result = Bootstrap(c.strata, c.statistic, c.options);
    ASSERT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument) << c.message;
    EXPECT_THAT(pinchbeck::internal::Message(result.status()), HasSubstr(c.message));
  }
}

}  // namespace
}  // namespace pinchbeck::stats
