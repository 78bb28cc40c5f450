// Checks shared by the tests of everything that takes PermutationOptions.
#ifndef PINCHBECK_TESTS_STATS_EARLY_STOPPING_H_
#define PINCHBECK_TESTS_STATS_EARLY_STOPPING_H_

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/permutation.h"

namespace pinchbeck::stats {

inline std::vector<double> UniformSample(std::size_t n, std::uint64_t seed, double shift) {
  CounterRng rng(seed, 0);
  std::vector<double> values(n);
  for (double& value : values) value = rng.Uniform() + shift;
  return values;
}

// `test(different, options)` compares two samples with more than 10,000 relabelings, like or far apart, by
// random relabelings.
template <typename Test>
void ExpectStopsEarly(const Test& test) {
  constexpr std::int64_t kReached = 7;
  const auto stopped =
      test(false, PermutationOptions{.permutations = 9'999, .seed = 3, .threads = 2, .stop_after = kReached});
  ASSERT_TRUE(stopped.ok()) << stopped.status();
  // p = h / l. Relabelings have fixed numbers, so runs of l and l - 1 of them show that the h-th one to reach
  // the observed value is the l-th.
  const std::int64_t last = std::llround(static_cast<double>(kReached) / stopped->p_value);
  EXPECT_DOUBLE_EQ(stopped->p_value, static_cast<double>(kReached) / static_cast<double>(last));
  EXPECT_LT(last, 1'000);
  const auto all = test(false, PermutationOptions{.permutations = last, .seed = 3});
  const auto but_one = test(false, PermutationOptions{.permutations = last - 1, .seed = 3});
  ASSERT_TRUE(all.ok() && but_one.ok());
  EXPECT_DOUBLE_EQ(all->p_value, static_cast<double>(1 + kReached) / static_cast<double>(1 + last));
  EXPECT_DOUBLE_EQ(but_one->p_value, static_cast<double>(kReached) / static_cast<double>(last));

  const auto rare = test(true, PermutationOptions{.permutations = 199, .seed = 3, .stop_after = kReached});
  ASSERT_TRUE(rare.ok()) << rare.status();
  EXPECT_DOUBLE_EQ(rare->p_value, 1.0 / 200);

  for (const PermutationOptions& bad :
       {PermutationOptions{.permutations = 0}, PermutationOptions{.permutations = -1},
        PermutationOptions{.permutations = (std::int64_t{1} << 48) + 1},
        PermutationOptions{.stop_after = -1}}) {
    EXPECT_EQ(test(false, bad).status().code(), absl::StatusCode::kInvalidArgument)
        << bad.permutations << " " << bad.stop_after;
  }
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_TESTS_STATS_EARLY_STOPPING_H_
