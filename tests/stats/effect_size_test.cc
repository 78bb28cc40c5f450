// tests/golden/make_effect_golden.py made the golden values.
#include "pinchbeck/stats/effect_size.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck::stats {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;
using Values = std::vector<double>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

const Json& Golden() {
  static const Json golden =
      Json::parse(std::ifstream(std::string(PINCHBECK_SOURCE_DIR) + "/tests/golden/effect.json"));
  return golden;
}

TEST(ProbabilityOfSuperiorityTest, AgreesWithSciPyAndARootFinder) {
  ASSERT_GE(Golden()["superiority"].size(), 25u);
  for (const Json& item : Golden()["superiority"]) {
    const auto x = item["reference"].get<Values>(), y = item["observed"].get<Values>();
    const auto result = ProbabilityOfSuperiority(x, y, {.confidence = item["level"]});
    ASSERT_TRUE(result.ok());
    EXPECT_NEAR(result->value, item["value"].get<double>(), 1e-15);
    // The root finder stops at 1e-14.
    EXPECT_NEAR(result->low, item["low"].get<double>(), 1e-12);
    EXPECT_NEAR(result->high, item["high"].get<double>(), 1e-12);
    EXPECT_EQ(result->confidence, item["level"].get<double>());
  }
}

TEST(CliffDeltaTest, IsTwiceTheProbabilityLessOne) {
  const Values x = {1, 2, 2, 5}, y = {2, 4, 6};
  const auto share = *ProbabilityOfSuperiority(x, y), delta = *CliffDelta(x, y);
  EXPECT_DOUBLE_EQ(delta.value, (8.0 - 2.0) / 12);
  EXPECT_DOUBLE_EQ(delta.low, 2 * share.low - 1);
  EXPECT_DOUBLE_EQ(delta.high, 2 * share.high - 1);
}

TEST(CliffDeltaTest, SwappingTheSamplesChangesTheSign) {
  const Values x = {1, 2, 2, 5, 9}, y = {2, 4, 6};
  const auto forward = *CliffDelta(x, y), backward = *CliffDelta(y, x);
  EXPECT_DOUBLE_EQ(forward.value, -backward.value);
  EXPECT_NEAR(forward.low, -backward.high, 1e-14);
}

TEST(CliffDeltaTest, IncreasingTransformationsChangeNothing) {
  const Values x = {-3, 0.5, 2, 2}, y = {0.5, 1, 7};
  Values u = x, v = y;
  for (Values* sample : {&u, &v}) {
    for (double& value : *sample) value = std::exp(value) + 4;
  }
  EXPECT_EQ(CliffDelta(x, y)->value, CliffDelta(u, v)->value);
  EXPECT_EQ(CliffDelta(x, y)->high, CliffDelta(u, v)->high);
}

TEST(CliffDeltaTest, ConstantsAndSeparatedSamples) {
  const auto constant = *CliffDelta(Values(6, 2.0), Values(4, 2.0));
  EXPECT_EQ(constant.value, 0);
  EXPECT_LT(constant.low, -0.2);
  EXPECT_GT(constant.high, 0.2);
  const auto apart = *CliffDelta(Values{1, 2, 3}, Values{4, 5});
  EXPECT_EQ(apart.value, 1);
  EXPECT_EQ(apart.high, 1);
  EXPECT_LT(apart.low, 0.8);
  const auto one_each = *CliffDelta(Values{1}, Values{2});
  EXPECT_EQ(one_each.value, 1);
  EXPECT_LT(one_each.low, 0);
}

TEST(HodgesLehmannTest, AgreesWithR) {
  ASSERT_GE(Golden()["shift"].size(), 10u);
  for (const Json& item : Golden()["shift"]) {
    const auto x = item["reference"].get<Values>(), y = item["observed"].get<Values>();
    const bool ratio = item["ratio"];
    const IntervalOptions options{.confidence = item["level"]};
    const auto result = ratio ? HodgesLehmannRatio(x, y, options) : HodgesLehmannShift(x, y, options);
    ASSERT_TRUE(result.ok());
    const std::string name = std::to_string(x.size()) + "+" + std::to_string(y.size());
    // Differences are the same doubles; logarithms add a few units in the last place.
    const double tolerance = ratio ? 1e-13 : 1e-15;
    EXPECT_NEAR(result->value, item["value"].get<double>(), tolerance * std::abs(result->value)) << name;
    EXPECT_NEAR(result->low, item["low"].get<double>(), tolerance * std::abs(result->low)) << name;
    EXPECT_NEAR(result->high, item["high"].get<double>(), tolerance * std::abs(result->high)) << name;
    EXPECT_EQ(result->method.find("exact") != std::string_view::npos, x.size() < 300) << name;
  }
}

TEST(HodgesLehmannTest, SelectsEveryDifference) {
  CounterRng rng(8, 0);
  Values x, y, differences;
  for (int i = 0; i < 9; ++i) x.push_back(rng.Below(5) - 2.0);
  for (int i = 0; i < 6; ++i) y.push_back(rng.Uniform() < 0.5 ? rng.Below(4) : rng.Uniform());
  std::sort(x.begin(), x.end());
  std::sort(y.begin(), y.end());
  for (const double a : x) {
    for (const double b : y) differences.push_back(b - a);
  }
  std::sort(differences.begin(), differences.end());
  for (std::size_t k = 0; k < differences.size(); ++k) {
    EXPECT_EQ(pinchbeck::stats::internal::SelectDifference(x, y, static_cast<std::int64_t>(k) + 1),
              differences[k]);
  }
}

TEST(HodgesLehmannTest, ShiftAndScaleAreFollowed) {
  const Values x = {1, 2, 4, 8, 16}, y = {1.5, 3, 3, 5, 20, 7};
  Values moved = y, scaled = y;
  for (double& value : moved) value += 32;
  for (double& value : scaled) value *= 4;
  const auto base = *HodgesLehmannShift(x, y), shifted = *HodgesLehmannShift(x, moved);
  EXPECT_EQ(shifted.value, base.value + 32);
  EXPECT_EQ(shifted.low, base.low + 32);
  const auto ratio = *HodgesLehmannRatio(x, y), stretched = *HodgesLehmannRatio(x, scaled);
  EXPECT_NEAR(stretched.value, 4 * ratio.value, 1e-13);
  EXPECT_NEAR(stretched.high, 4 * ratio.high, 1e-12);
}

TEST(HodgesLehmannTest, TooFewValuesForTheLevelGiveNoBounds) {
  const auto shift = *HodgesLehmannShift(Values{1, 2, 3}, Values{4, 5, 6});
  EXPECT_EQ(shift.value, 3);
  EXPECT_EQ(shift.low, -kInfinity);
  EXPECT_EQ(shift.high, kInfinity);
  EXPECT_TRUE(std::isfinite(HodgesLehmannShift(Values{1, 2, 3}, Values{4, 5, 6}, {.confidence = 0.9})->low));
  const auto ratio = *HodgesLehmannRatio(Values{2}, Values{6});
  EXPECT_NEAR(ratio.value, 3, 1e-15);
  EXPECT_EQ(ratio.low, 0);
  EXPECT_EQ(ratio.high, kInfinity);
}

TEST(HodgesLehmannTest, ConstantsGiveNoShift) {
  const auto result = *HodgesLehmannShift(Values(10, 7.0), Values(12, 7.0));
  EXPECT_EQ(result.value, 0);
  EXPECT_EQ(result.low, 0);
  EXPECT_EQ(result.high, 0);
}

TEST(EffectSizeTest, BadInputIsNamed) {
  const Values good = {1, 2}, empty, nan = {1, std::nan("")}, infinite = {kInfinity};
  using Function =
      std::function<absl::StatusOr<EffectEstimate>(const Values&, const Values&, const IntervalOptions&)>;
  const std::vector<Function> functions = {
      [](auto& x, auto& y, auto& o) { return ProbabilityOfSuperiority(x, y, o); },
      [](auto& x, auto& y, auto& o) { return CliffDelta(x, y, o); },
      [](auto& x, auto& y, auto& o) { return HodgesLehmannShift(x, y, o); },
      [](auto& x, auto& y, auto& o) { return HodgesLehmannRatio(x, y, o); }};
  struct Case {
    Values reference, observed;
    double confidence;
    const char* message;
  };
  const std::vector<Case> cases = {{empty, good, 0.9, "reference: the sample is empty"},
                                   {good, empty, 0.9, "observed: the sample is empty"},
                                   {nan, good, 0.9, "reference[1] is NaN"},
                                   {good, infinite, 0.9, "observed[0] is infinite"},
                                   {good, good, 0, "confidence is 0"},
                                   {good, good, 1, "confidence is 1"},
                                   {good, good, std::nan(""), "confidence is nan"}};
  for (const Function& function : functions) {
    for (const Case& c : cases) {
      const auto result = function(c.reference, c.observed, {.confidence = c.confidence});
      ASSERT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument) << c.message;
      EXPECT_THAT(pinchbeck::internal::Message(result.status()), HasSubstr(c.message));
    }
  }
  EXPECT_THAT(pinchbeck::internal::Message(HodgesLehmannRatio(good, Values{3, 0}).status()),
              HasSubstr("observed[1] is 0"));
  EXPECT_THAT(pinchbeck::internal::Message(HodgesLehmannRatio(Values{-1}, good).status()),
              HasSubstr("reference[0] is -1"));
  EXPECT_THAT(pinchbeck::internal::Message(HodgesLehmannShift(Values{-1e308}, Values{1e308}).status()),
              HasSubstr("overflows"));
}

}  // namespace
}  // namespace pinchbeck::stats
