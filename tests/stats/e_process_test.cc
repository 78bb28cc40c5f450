#include "pinchbeck/stats/e_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "pinchbeck/internal/absl_strings.h"

namespace pinchbeck::stats {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TEST(AnytimePValueTest, InvertsTheLargestWealth) {
  EXPECT_DOUBLE_EQ(AnytimePValue(std::log(20)), 0.05);
  EXPECT_EQ(AnytimePValue(0), 1);
  EXPECT_EQ(AnytimePValue(-3), 1);
  EXPECT_EQ(AnytimePValue(kNaN), 1);
}

TEST(AnytimePValueTest, IsNeverZero) {
  EXPECT_GT(AnytimePValue(1e6), 0);
  EXPECT_GT(AnytimePValue(kInfinity), 0);
}

TEST(AverageLogWealthTest, AveragesWealthNotLogarithms) {
  const auto average = AverageLogWealth(std::vector<double>{std::log(1), std::log(5), -kInfinity});
  ASSERT_TRUE(average.ok());
  EXPECT_NEAR(*average, std::log(2), 1e-15);
  EXPECT_EQ(*AverageLogWealth(std::vector<double>{-kInfinity, -kInfinity}), -kInfinity);
  EXPECT_EQ(*AverageLogWealth(std::vector<double>{-2.5}), -2.5);
}

TEST(AverageLogWealthTest, NeitherOverflowsNorUnderflows) {
  EXPECT_NEAR(*AverageLogWealth(std::vector<double>{5000, 5000}), 5000, 1e-12);
  EXPECT_NEAR(*AverageLogWealth(std::vector<double>{-5000, -6000}), -5000 - std::log(2), 1e-12);
}

TEST(AverageLogWealthTest, BadInput) {
  for (const std::vector<double>& list :
       {std::vector<double>{}, std::vector<double>{0, kNaN}, std::vector<double>{kInfinity}}) {
    const auto result = AverageLogWealth(list);
    ASSERT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(pinchbeck::internal::Message(result.status()), testing::HasSubstr("log_wealths"));
  }
}

TEST(RunningWealthTest, KeepsTheMaximum) {
  RunningWealth wealth;
  EXPECT_EQ(wealth.p_value(), 1);
  ASSERT_TRUE(wealth.Record(std::log(10)).ok());
  ASSERT_TRUE(wealth.Record(-kInfinity).ok());
  EXPECT_EQ(wealth.readings, 2);
  EXPECT_EQ(wealth.log_wealth, -kInfinity);
  EXPECT_NEAR(wealth.p_value(), 0.1, 1e-15);
  EXPECT_EQ(wealth.Record(kNaN).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(wealth.readings, 2);
}

TEST(CheckedTotalTest, RefusesSumsThatOverflow) {
  const std::vector<std::int64_t> huge(3, std::numeric_limits<std::int64_t>::max() / 2);
  EXPECT_EQ(internal::CheckedTotal(huge, "counts").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(internal::CheckedTotal(std::vector<std::int64_t>{0, 0}, "counts").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(*internal::CheckedTotal(std::vector<std::int64_t>{0, 7}, "counts"), 7);
}

}  // namespace
}  // namespace pinchbeck::stats
