// The level of the margin test on the boundary of its null, by the shape of the differences. It is
// approximate: the limits here are the ones that its comment states, and left-skewed differences exceed the
// nominal level.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/margin_test.h"
#include "tests/exact_binomial.h"

namespace pinchbeck::stats {
namespace {

constexpr std::int64_t kRuns = 4000;

enum class Shape { kNormal, kRightSkewed, kLeftSkewed };

// Mean 1; the skewed ones are a lognormal with sigma 1 and its mirror image.
double Draw(Shape shape, CounterRng& rng) {
  const double z =
      std::sqrt(-2 * std::log(1 - rng.Uniform())) * std::cos(2 * 3.141592653589793 * rng.Uniform());
  if (shape == Shape::kNormal) return 1 + 0.4 * z;
  const double lognormal = std::exp(z - 0.5);
  return shape == Shape::kRightSkewed ? lognormal : 2 - lognormal;
}

struct Case {
  const char* name;
  Shape shape;
  std::size_t probes;
  // Documented limits of the rejection rate at level 0.01 and 0.05: the level itself where it is kept, else
  // the measured rate rounded up.
  double limit_01, limit_05;
};

TEST(MarginCalibrationTest, RejectsAtMostAsOftenAsDocumented) {
  for (const Case& c : {Case{"normal", Shape::kNormal, 8, 0.01, 0.05},
                        {"normal", Shape::kNormal, 15, 0.01, 0.05},
                        {"normal", Shape::kNormal, 30, 0.01, 0.05},
                        {"right-skewed", Shape::kRightSkewed, 8, 0.01, 0.05},
                        {"right-skewed", Shape::kRightSkewed, 15, 0.01, 0.05},
                        {"right-skewed", Shape::kRightSkewed, 30, 0.01, 0.05},
                        {"left-skewed", Shape::kLeftSkewed, 8, 0.065, 0.15},
                        {"left-skewed", Shape::kLeftSkewed, 15, 0.05, 0.13},
                        {"left-skewed", Shape::kLeftSkewed, 30, 0.035, 0.10}}) {
    std::int64_t at_01 = 0, at_05 = 0;
    for (std::uint64_t run = 0; run < kRuns; ++run) {
      CounterRng rng(16, run);
      std::vector<double> d;
      for (std::size_t i = 0; i < c.probes; ++i) d.push_back(Draw(c.shape, rng));
      const double p = BootstrapMarginPValue(d, 1.0, 499, run);
      at_01 += p <= 0.01;
      at_05 += p <= 0.05;
    }
    std::printf("margin, %-12s k = %2zu: %.4f at level 0.01, %.4f at level 0.05\n", c.name, c.probes,
                static_cast<double>(at_01) / kRuns, static_cast<double>(at_05) / kRuns);
    EXPECT_GT(BinomialUpperTail(at_01, kRuns, c.limit_01), kCheckFailureChance) << c.name << " " << c.probes;
    EXPECT_GT(BinomialUpperTail(at_05, kRuns, c.limit_05), kCheckFailureChance) << c.name << " " << c.probes;
  }
}

}  // namespace
}  // namespace pinchbeck::stats
