#include "pinchbeck/stats/repeat_test.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace pinchbeck::stats {
namespace {

using Counts = std::vector<std::int64_t>;

double PValue(const Counts& reference, const Counts& observed, std::uint64_t seed = 1,
              std::int64_t permutations = 9999) {
  const CountSample cell{reference, observed};
  const auto result = RepeatTest({&cell, 1}, {permutations, seed});
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? result->p_value : -1;
}

// Four different answers against one answer four times: of the C(8,4) = 70 relabelings only the observed one
// puts all equal answers on the observed side. 9,999 draws have a standard deviation of 0.0012.
TEST(RepeatTest, TendsToTheEnumeratedPValue) {
  EXPECT_NEAR(PValue({1, 1, 1, 1, 0}, {0, 0, 0, 0, 4}), 1.0 / 70, 0.006);
}

TEST(RepeatTest, EqualOrLessRepeatedAnswersAreNoEvidence) {
  EXPECT_GT(PValue({4, 3, 3}, {3, 4, 3}), 0.3);
  EXPECT_GT(PValue({0, 0, 0, 0, 4}, {1, 1, 1, 1, 0}), 0.9);
  EXPECT_EQ(PValue({5}, {5}), 1.0);
  EXPECT_EQ(PValue({1, 1, 1, 0, 0, 0}, {0, 0, 0, 1, 1, 1}), 1.0);
}

// 2,000 comparisons of equal sources with many ties: a valid test rejects at most 0.05 of them, with a
// standard deviation of 0.0049; it fails here with a chance below 1e-5.
TEST(RepeatTest, KeepsItsLevel) {
  int rejected = 0;
  constexpr int kRuns = 2000;
  for (int run = 0; run < kRuns; ++run) {
    CounterRng rng(23, static_cast<std::uint64_t>(run));
    std::vector<Counts> sides(4, Counts(5, 0));
    for (Counts& side : sides) {
      // Two of the five answers are frequent.
      for (int i = 0; i < 6; ++i) ++side[rng.Below(3) == 0 ? rng.Below(5) : rng.Below(2)];
    }
    const CountSample cells[] = {{sides[0], sides[1]}, {sides[2], sides[3]}};
    const auto result = RepeatTest(cells, {199, static_cast<std::uint64_t>(run)});
    ASSERT_TRUE(result.ok());
    rejected += result->p_value <= 0.05 ? 1 : 0;
  }
  EXPECT_LE(rejected, kRuns * (0.05 + 4.5 * 0.0049));
  EXPECT_GE(rejected, 20) << "far below its level: the test would notice nothing";
}

TEST(RepeatTest, CacheIsFoundOverSeveralPrompts) {
  const Counts varied = {1, 1, 1, 1, 1, 1, 0}, cached = {0, 0, 0, 0, 0, 0, 6};
  const CountSample cells[] = {{varied, cached}, {varied, cached}};
  const auto result = RepeatTest(cells, {9999, 1});
  ASSERT_TRUE(result.ok());
  EXPECT_LE(result->p_value, 0.001);
  EXPECT_DOUBLE_EQ(result->effect, 1);
}

TEST(RepeatTest, BadTablesAreRefused) {
  const Counts one = {1}, two = {2}, other = {1, 1}, negative = {-1, 4};
  const CountSample cells[] = {{one, two}, {two, other}, {other, negative}};
  for (const CountSample& cell : cells) {
    EXPECT_EQ(RepeatTest({&cell, 1}, {}).status().code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(RepeatTest({}, {}).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace pinchbeck::stats
