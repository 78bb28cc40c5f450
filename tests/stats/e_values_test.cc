// tests/golden/make_combination_golden.py made the golden values.
#include "pinchbeck/stats/e_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(CalibratorTest, MixtureAgreesWithItsDefinition) {
  const Json golden =
      Json::parse(std::ifstream(std::string(PINCHBECK_SOURCE_DIR) + "/tests/golden/combination.json"));
  ASSERT_GE(golden["calibrator"].size(), 9u);
  for (const Json& item : golden["calibrator"]) {
    const double expected = item["log_mixture"];
    EXPECT_NEAR(*LogMixtureCalibrator(item["p"]), expected, 1e-14 * (1 + std::abs(expected))) << item;
  }
  EXPECT_DOUBLE_EQ(*MixtureCalibrator(1), 0.5);
  EXPECT_EQ(*MixtureCalibrator(0), kInfinity);
}

TEST(CalibratorTest, PowerIsItsFormula) {
  EXPECT_DOUBLE_EQ(*PowerCalibrator(0.01, 0.5), 5);
  EXPECT_DOUBLE_EQ(*PowerCalibrator(1, 0.3), 0.3);
  EXPECT_EQ(*PowerCalibrator(0, 0.3), kInfinity);
  EXPECT_NEAR(*LogPowerCalibrator(1e-300, 0.01), std::log(0.01) + 0.99 * 300 * std::log(10.0), 1e-10);
}

// An e-value has expectation at most 1: the integral over uniform p, substituted p = e^-t so that the
// singular end is smooth, by the midpoint rule.
TEST(CalibratorTest, ExpectationUnderTheNullIsOne) {
  double power = 0, mixture = 0;
  constexpr double kWidth = 0.01;
  for (double t = kWidth / 2; t < 700; t += kWidth) {
    power += kWidth * std::exp(-t) * *PowerCalibrator(std::exp(-t), 0.2);
    mixture += kWidth * std::exp(-t) * *MixtureCalibrator(std::exp(-t));
  }
  EXPECT_NEAR(power, 1, 1e-5);
  // The tail beyond t = 700 holds 1 / 700 of the mixture.
  EXPECT_NEAR(mixture + 1.0 / 700, 1, 1e-5);
}

TEST(CalibratorTest, EValueToPValueAndBackLoses) {
  EXPECT_EQ(*PValueFromEValue(20), 0.05);
  EXPECT_EQ(*PValueFromEValue(0), 1);
  EXPECT_EQ(*PValueFromEValue(0.7), 1);
  EXPECT_EQ(*PValueFromEValue(kInfinity), 0);
  for (const double p : {1e-10, 0.001, 0.2}) {
    EXPECT_GT(*PValueFromEValue(*MixtureCalibrator(p)), p);
    EXPECT_GT(*PValueFromEValue(*PowerCalibrator(p, 0.5)), p);
  }
}

TEST(MergeTest, MeanAndProduct) {
  const std::vector<double> e = {2, 8, 0.5};
  EXPECT_DOUBLE_EQ(*MeanEValue(e), 3.5);
  EXPECT_DOUBLE_EQ(*ProductEValue(e), 8);
  EXPECT_EQ(*ProductEValue(std::vector<double>{0, 5}), 0);
  EXPECT_EQ(*MeanEValue(std::vector<double>{kInfinity, 0}), kInfinity);
}

TEST(MergeTest, LogarithmsDoNotOverflow) {
  const std::vector<double> logs = {1000, 998, -5000};
  EXPECT_NEAR(*LogMeanEValue(logs), 1000 + std::log((1 + std::exp(-2.0)) / 3), 1e-12);
  EXPECT_DOUBLE_EQ(*LogProductEValue(logs), -3002);
  EXPECT_DOUBLE_EQ(*MeanEValue(std::vector<double>(4, 1e308)), 1e308);
  EXPECT_EQ(*LogMeanEValue(std::vector<double>(3, -kInfinity)), -kInfinity);
  EXPECT_EQ(*LogMeanEValue(std::vector<double>{kInfinity, 2}), kInfinity);
}

TEST(EBenjaminiHochbergTest, FollowsItsDefinition) {
  using Indices = std::vector<std::size_t>;
  // alpha = 0.1, m = 4: thresholds 40, 20, 13.3, 10 for one to four rejections.
  EXPECT_EQ(*EBenjaminiHochberg(std::vector<double>{1, 45, 3, 2}, 0.1), Indices{1});
  EXPECT_EQ(*EBenjaminiHochberg(std::vector<double>{25, 1, 21, 2}, 0.1), (Indices{0, 2}));
  EXPECT_EQ(*EBenjaminiHochberg(std::vector<double>{10, 10, 10, 10}, 0.1), (Indices{0, 1, 2, 3}));
  EXPECT_EQ(*EBenjaminiHochberg(std::vector<double>{39, 19, 13, 9}, 0.1), Indices{});
  EXPECT_EQ(*EBenjaminiHochberg(std::vector<double>{45}, 0.1, 4), Indices{0});
  EXPECT_EQ(*EBenjaminiHochberg(std::vector<double>{39}, 0.1, 4), Indices{});
  EXPECT_EQ(*EBenjaminiHochberg(std::vector<double>{kInfinity, 0}, 1e-9), Indices{0});
}

TEST(EValuesTest, BadInputIsNamed) {
  const std::vector<double> bad_list = {1, -2}, nan_list = {kNan};
  struct Case {
    absl::Status status;
    const char* message;
  };
  const std::vector<Case> cases = {
      {PowerCalibrator(-0.1, 0.5).status(), "p_value is -0.1"},
      {PowerCalibrator(kNan, 0.5).status(), "p_value is nan"},
      {PowerCalibrator(0.1, 0).status(), "kappa is 0"},
      {PowerCalibrator(0.1, 1).status(), "kappa is 1"},
      {LogPowerCalibrator(0.1, kNan).status(), "kappa is nan"},
      {MixtureCalibrator(1.5).status(), "p_value is 1.5"},
      {LogMixtureCalibrator(kNan).status(), "p_value is nan"},
      {PValueFromEValue(-1).status(), "e_value is -1"},
      {PValueFromEValue(kNan).status(), "e_value is nan"},
      {MeanEValue({}).status(), "empty"},
      {MeanEValue(bad_list).status(), "e_values[1] is -2"},
      {ProductEValue(nan_list).status(), "e_values[0] is nan"},
      {ProductEValue(std::vector<double>{0, kInfinity}).status(), "0 and infinity"},
      {LogMeanEValue({}).status(), "empty"},
      {LogMeanEValue(nan_list).status(), "log_e_values[0] is NaN"},
      {LogProductEValue(std::vector<double>{kInfinity, -kInfinity}).status(), "0 and infinity"},
      {EBenjaminiHochberg({}, 0.1).status(), "empty"},
      {EBenjaminiHochberg(bad_list, 0.1).status(), "e_values[1] is -2"},
      {EBenjaminiHochberg(std::vector<double>{1}, 0).status(), "alpha is 0"},
      {EBenjaminiHochberg(std::vector<double>{1}, 1).status(), "alpha is 1"},
      {EBenjaminiHochberg(std::vector<double>{1}, kNan).status(), "alpha is nan"}};
  for (const Case& c : cases) {
    EXPECT_EQ(c.status.code(), absl::StatusCode::kInvalidArgument) << c.message;
    EXPECT_THAT(pinchbeck::internal::Message(c.status), HasSubstr(c.message));
  }
}

}  // namespace
}  // namespace pinchbeck::stats
