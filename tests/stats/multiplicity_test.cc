// tests/golden/make_combination_golden.py made the golden values.
#include "pinchbeck/stats/multiplicity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

TEST(HolmAdjustTest, MembersThatCouldNotBeMeasuredCount) {
  const std::vector<double> p = {0.004};
  EXPECT_DOUBLE_EQ(HolmAdjust(p, 1)[0], 0.004);
  EXPECT_DOUBLE_EQ(HolmAdjust(p, 4)[0], 0.016);
}

TEST(HolmAdjustTest, NeverAboveOneAndEmptyIsEmpty) {
  const std::vector<double> p = {0.9, 0.8};
  for (const double adjusted : HolmAdjust(p, 2)) EXPECT_EQ(adjusted, 1);
  EXPECT_TRUE(HolmAdjust({}, 3).empty());
}

TEST(HolmAdjustTest, WhatIsNoPValueCountsAsOne) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(HolmAdjust(std::vector<double>{nan, 0.01, -1, 2}, 4), (std::vector<double>{1, 0.04, 1, 1}));
}

TEST(MultiplicityTest, AgreesWithR) {
  const Json golden =
      Json::parse(std::ifstream(std::string(PINCHBECK_SOURCE_DIR) + "/tests/golden/combination.json"));
  ASSERT_GE(golden["adjust"].size(), 10u);
  for (const Json& item : golden["adjust"]) {
    const auto p = item["p"].get<std::vector<double>>();
    const auto family = item["family"].get<std::size_t>();
    const auto bonferroni = *BonferroniAdjust(p, family), hochberg = *BenjaminiHochbergAdjust(p, family);
    const auto yekutieli = *BenjaminiYekutieliAdjust(p, family);
    const auto holm = HolmAdjust(p, family);
    for (std::size_t i = 0; i < p.size(); ++i) {
      EXPECT_NEAR(bonferroni[i], item["bonferroni"][i].get<double>(), 1e-15) << item;
      EXPECT_NEAR(hochberg[i], item["BH"][i].get<double>(), 1e-15) << item;
      EXPECT_NEAR(yekutieli[i], item["BY"][i].get<double>(), 1e-15) << item;
      EXPECT_NEAR(holm[i], item["holm"][i].get<double>(), 1e-15) << item;
    }
  }
}

TEST(MultiplicityTest, BadPValuesAreNamed) {
  for (const double bad : {-0.5, 1.01, std::numeric_limits<double>::quiet_NaN()}) {
    const std::vector<double> p = {0.2, 0.3, bad};
    for (const absl::Status& status :
         {BonferroniAdjust(p, 3).status(), BenjaminiHochbergAdjust(p, 3).status(),
          BenjaminiYekutieliAdjust(p, 3).status()}) {
      ASSERT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
      EXPECT_THAT(pinchbeck::internal::Message(status), HasSubstr("p_values[2] is " + std::to_string(bad)));
    }
  }
  EXPECT_EQ(BonferroniAdjust({}, 3).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(BenjaminiHochbergAdjust({}, 3).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace pinchbeck::stats
