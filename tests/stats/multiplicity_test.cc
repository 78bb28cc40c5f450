#include "pinchbeck/stats/multiplicity.h"

#include <gtest/gtest.h>

#include <vector>

namespace pinchbeck::stats {
namespace {

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

}  // namespace
}  // namespace pinchbeck::stats
