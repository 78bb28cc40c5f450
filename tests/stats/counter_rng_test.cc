#include "pinchbeck/stats/counter_rng.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace pinchbeck::stats {
namespace {

// Known-answer vectors of Philox4x32-10 from the reference implementation of Salmon et al. 2011.
TEST(CounterRngTest, KnownAnswer) {
  CounterRng zero(0, 0);
  const std::array<std::uint32_t, 4> expected = {0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u};
  for (const std::uint32_t word : expected) EXPECT_EQ(zero.Next32(), word);
}

TEST(CounterRngTest, StreamsAndSeedsDiffer) {
  EXPECT_NE(CounterRng(1, 0).Next32(), CounterRng(2, 0).Next32());
  EXPECT_NE(CounterRng(1, 0).Next32(), CounterRng(1, 1).Next32());
  EXPECT_EQ(CounterRng(5, 7).Next32(), CounterRng(5, 7).Next32());
  EXPECT_NE(MixSeed(1, 0), MixSeed(1, 1));
}

TEST(CounterRngTest, BelowIsUniform) {
  CounterRng rng(42, 0);
  std::vector<int> counts(7, 0);
  constexpr int kDraws = 70000;
  for (int i = 0; i < kDraws; ++i) {
    const std::uint32_t value = rng.Below(7);
    ASSERT_LT(value, 7u);
    ++counts[value];
  }
  double chi_square = 0;
  for (const int count : counts)
    chi_square += (count - kDraws / 7.0) * (count - kDraws / 7.0) / (kDraws / 7.0);
  // 0.9999 quantile of chi-square with 6 degrees of freedom.
  EXPECT_LT(chi_square, 27.86);
  EXPECT_EQ(rng.Below(1), 0u);
}

TEST(CounterRngTest, UniformIsInTheUnitInterval) {
  CounterRng rng(3, 9);
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    const double value = rng.Uniform();
    ASSERT_GE(value, 0);
    ASSERT_LT(value, 1);
    sum += value;
  }
  EXPECT_NEAR(sum / 10000, 0.5, 0.02);
}

}  // namespace
}  // namespace pinchbeck::stats
