#include "pinchbeck/stats/margin_test.h"

#include <gtest/gtest.h>

#include <vector>

namespace pinchbeck::stats {
namespace {

const std::vector<double> kDifferences = {0.9, 1.1, 1.0, 1.3, 0.8, 1.2, 0.95, 1.05};

TEST(BootstrapMarginTest, BelowTheMarginNeverRejects) {
  EXPECT_EQ(BootstrapMarginPValue(kDifferences, 2.0, 999, 1), 1);
  EXPECT_EQ(BootstrapMarginPValue({}, 0.0, 999, 1), 1);
}

TEST(BootstrapMarginTest, FarAboveTheMarginRejectsButNeverAtZero) {
  const double p = BootstrapMarginPValue(kDifferences, 0.1, 999, 1);
  EXPECT_LE(p, 0.005);
  EXPECT_GE(p, 0.001);
}

TEST(BootstrapMarginTest, ShiftOfBothChangesNothing) {
  std::vector<double> shifted = kDifferences;
  for (double& d : shifted) d += 1000;
  EXPECT_DOUBLE_EQ(BootstrapMarginPValue(kDifferences, 0.95, 999, 3),
                   BootstrapMarginPValue(shifted, 1000.95, 999, 3));
}

TEST(BootstrapMarginTest, ConstantDifferencesDoNotDivideByZero) {
  const std::vector<double> constant(10, 0.5);
  EXPECT_DOUBLE_EQ(BootstrapMarginPValue(constant, 0.1, 999, 1), 0.001);
  EXPECT_EQ(BootstrapMarginPValue(constant, 0.5, 999, 1), 1);
}

}  // namespace
}  // namespace pinchbeck::stats
