#include "pinchbeck/stats/margin_test.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

#include "pinchbeck/internal/absl_strings.h"

namespace pinchbeck::stats {
namespace {

const std::vector<double> kDifferences = {0.9, 1.1, 1.0, 1.3, 0.8, 1.2, 0.95, 1.05};

TEST(MeanAboveMarginTest, BelowTheMarginNeverRejects) {
  EXPECT_EQ(*MeanAboveMarginPValue(kDifferences, 2.0, 0), 1);
  EXPECT_EQ(*MeanAboveMarginPValue(kDifferences, 8.3 / 8, 0), 1);
  EXPECT_EQ(*MeanAboveMarginPValue({}, 0.0, 0), 1);
}

// NumPy 1.24.2: b = [.25, .5, .75, 1]; y = (d + f) / (m + f); 1 / np.mean([np.prod(1 - x + x * y) for x in
// b])
TEST(MeanAboveMarginTest, AgreesWithItsFormula) {
  EXPECT_NEAR(*MeanAboveMarginPValue(kDifferences, 0.5, 0), 0.008723881610368286, 1e-15);
  EXPECT_NEAR(*MeanAboveMarginPValue(kDifferences, 0.5, 0.2), 0.027875859234348824, 1e-15);
  EXPECT_NEAR(*MeanAboveMarginPValue(kDifferences, 0.1, 0), 2.8520039618628017e-08, 1e-20);
}

TEST(MeanAboveMarginTest, EqualDifferencesOfTwiceTheMargin) {
  const std::vector<double> constant(10, 1.0);
  double e = 0;
  for (const double bet : {0.25, 0.5, 0.75, 1.0}) e += std::pow(1 + bet, 10) / 4;
  EXPECT_NEAR(*MeanAboveMarginPValue(constant, 0.5, 0), 1 / e, 1e-15);
  EXPECT_EQ(*MeanAboveMarginPValue(constant, 1.0, 0), 1);
}

TEST(MeanAboveMarginTest, OneValueAtTheFloorCostsTheBoldestBetOnly) {
  std::vector<double> d(20, 2.0);
  d.push_back(0);
  const double p = *MeanAboveMarginPValue(d, 1.0, 0);
  EXPECT_GT(p, 0);
  EXPECT_LT(p, 1e-3);
  // Below the floor counts as the floor.
  d.back() = -5;
  EXPECT_EQ(*MeanAboveMarginPValue(d, 1.0, 0), p);
}

TEST(MeanAboveMarginTest, IsNeverZeroAndDoesNotOverflow) {
  const std::vector<double> huge(1000, 1e300);
  EXPECT_EQ(*MeanAboveMarginPValue(huge, 1.0, 0), std::numeric_limits<double>::min());
  const std::vector<double> tiny = {0, 0, 1e-9};
  EXPECT_EQ(*MeanAboveMarginPValue(tiny, 0, 0), std::numeric_limits<double>::min());
  EXPECT_EQ(*MeanAboveMarginPValue(std::vector<double>{0, 0}, 0, 0), 1);
}

TEST(MeanAboveMarginTest, WhatIsNoNumberIsAnErrorAndNoPValue) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN(),
                   kInfinity = std::numeric_limits<double>::infinity();
  struct Case {
    std::vector<double> differences;
    double margin, floor;
    const char* named;
  };
  for (const Case& bad :
       {Case{{kNaN, 10, 10, 10}, 0.1, 0.1, "differences[0]"},
        Case{{1, kInfinity}, 0.1, 0.1, "differences[1]"}, Case{{1, 2}, -0.05, 0.1, "margin"},
        Case{{1, 2}, kNaN, 0.1, "margin"}, Case{{1, 2}, 0.1, kInfinity, "floor"}}) {
    const auto p = MeanAboveMarginPValue(bad.differences, bad.margin, bad.floor);
    ASSERT_FALSE(p.ok()) << bad.named;
    EXPECT_EQ(p.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(p.status().message().find(bad.named), std::string_view::npos) << p.status();
  }
}

TEST(DetectableAboveMarginTest, ReachesTheLevel) {
  for (const double probes : {3.0, 8.0, 30.0}) {
    const double d = DetectableAboveMargin(0.5, 0.1, 0.01, probes);
    const std::vector<double> equal(static_cast<std::size_t>(probes), d);
    EXPECT_LE(*MeanAboveMarginPValue(equal, 0.5, 0.1), 0.01) << probes;
    EXPECT_GT(d, 0.5) << probes;
  }
}

}  // namespace
}  // namespace pinchbeck::stats
