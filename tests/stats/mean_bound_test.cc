// tests/golden/make_sequential_golden.py made the expected numbers.
#include "pinchbeck/stats/mean_bound.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace pinchbeck::stats {
namespace {

TEST(UpperMeanBoundTest, AgreesWithSciPy) {
  const auto golden = nlohmann::json::parse(
      std::ifstream(std::string(PINCHBECK_SOURCE_DIR) + "/tests/golden/sequential.json"));
  ASSERT_GE(golden["bound"].size(), 5u);
  for (const auto& item : golden["bound"]) {
    for (const MeanBoundMethod method : {MeanBoundMethod::kBetting, MeanBoundMethod::kEmpiricalBernstein}) {
      const auto bound =
          UpperMeanBound(item["values"].get<std::vector<double>>(),
                         item["counts"].get<std::vector<std::int64_t>>(), item["lower"], item["upper"],
                         {.method = method, .level = item["level"], .variance_guess = item["variance"]});
      ASSERT_TRUE(bound.ok()) << bound.status();
      // The root finder of either side stops within 1e-12 of the range.
      EXPECT_NEAR(*bound, item[method == MeanBoundMethod::kBetting ? "betting" : "bernstein"].get<double>(),
                  1e-11);
    }
  }
}

TEST(UpperMeanBoundTest, StaysBetweenMeanAndUpperAndShrinks) {
  double last = 1;
  for (const std::int64_t n : {1, 10, 100, 1000, 100000}) {
    const auto bound = UpperMeanBound(std::vector<double>{0, 1}, std::vector<std::int64_t>{n, 2 * n}, 0, 1);
    ASSERT_TRUE(bound.ok());
    EXPECT_GE(*bound, 2.0 / 3);
    EXPECT_LE(*bound, last);
    last = *bound;
  }
  EXPECT_LT(last, 0.68);
}

TEST(UpperMeanBoundTest, PointRange) {
  EXPECT_EQ(*UpperMeanBound(std::vector<double>{2}, std::vector<std::int64_t>{5}, 2, 2), 2);
}

TEST(UpperMeanBoundTest, BadInput) {
  const std::vector<double> values = {0, 1};
  const std::vector<std::int64_t> counts = {1, 1};
  const auto code = [](const auto& result) { return result.status().code(); };
  const auto bad = absl::StatusCode::kInvalidArgument;
  EXPECT_EQ(code(UpperMeanBound(values, std::vector<std::int64_t>{1}, 0, 1)), bad);
  EXPECT_EQ(code(UpperMeanBound(values, std::vector<std::int64_t>{0, 0}, 0, 1)), bad);
  EXPECT_EQ(code(UpperMeanBound(values, std::vector<std::int64_t>{2, -1}, 0, 1)), bad);
  EXPECT_EQ(code(UpperMeanBound(values, counts, 0, 0.5)), bad);
  EXPECT_EQ(code(UpperMeanBound(std::vector<double>{0, std::nan("")}, counts, 0, 1)), bad);
  EXPECT_EQ(code(UpperMeanBound(values, counts, 1, 0)), bad);
  EXPECT_EQ(code(UpperMeanBound(values, counts, 0, std::nan(""))), bad);
  for (const double level : {0.0, 1.0, -1.0, std::nan("")}) {
    EXPECT_EQ(code(UpperMeanBound(values, counts, 0, 1, {.level = level})), bad) << level;
  }
  EXPECT_EQ(code(UpperMeanBound(values, counts, 0, 1, {.variance_guess = -1})), bad);
}

}  // namespace
}  // namespace pinchbeck::stats
