// The level of the margin test on the boundary of its null, by the shape of the differences, and its power.
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

constexpr std::int64_t kRuns = 20000;

double Normal(CounterRng& rng) {
  const double radius = std::sqrt(-2 * std::log(1 - rng.Uniform()));
  return radius * std::cos(2 * 3.141592653589793 * rng.Uniform());
}

// Every shape has mean 1 over the probes and values of at least -kFloor.
constexpr double kFloor = 0.25;
struct Shape {
  const char* name;
  double (*draw)(CounterRng& rng, std::size_t probe, std::size_t probes);
};

const Shape kShapes[] = {
    {"narrow", [](CounterRng& rng, std::size_t, std::size_t) { return 0.9 + 0.2 * rng.Uniform(); }},
    {"right-skewed", [](CounterRng& rng, std::size_t, std::size_t) { return std::exp(Normal(rng) - 0.5); }},
    // Mostly a little above 1, sometimes far below.
    {"left-skewed",
     [](CounterRng& rng, std::size_t, std::size_t) { return 1.25 * (1 - std::pow(rng.Uniform(), 4)); }},
    // The least favourable one: one value with the largest probability that the mean allows, else the floor.
    {"two values",
     [](CounterRng& rng, std::size_t, std::size_t) { return rng.Uniform() < 1.25 / 1.85 ? 1.6 : -0.25; }},
    // Probes that differ: half of them around twice the mean, half at 0.
    {"unlike probes",
     [](CounterRng& rng, std::size_t probe, std::size_t probes) {
       const std::size_t high_probes = (probes + 1) / 2;
       const double high = static_cast<double>(probes) / static_cast<double>(high_probes);
       return probe % 2 == 0 ? high * (0.5 + rng.Uniform()) : 0.0;
     }},
};

// 5 shapes x 5 sizes x 3 levels; each check fails by itself with a chance of at most kCheckFailureChance,
// 0.75 % in all.
TEST(MarginCalibrationTest, NeverRejectsMoreOftenThanItsLevel) {
  for (const Shape& shape : kShapes) {
    for (const std::size_t probes : {1u, 2u, 8u, 15u, 30u}) {
      const double levels[] = {0.001, 0.01, 0.05};
      std::int64_t rejected[3] = {0, 0, 0};
      for (std::uint64_t run = 0; run < kRuns; ++run) {
        CounterRng rng(16, run);
        std::vector<double> d;
        for (std::size_t i = 0; i < probes; ++i) d.push_back(shape.draw(rng, i, probes));
        const double p = *MeanAboveMarginPValue(d, 1.0, kFloor);
        for (int i = 0; i < 3; ++i) rejected[i] += p <= levels[i];
      }
      std::printf("margin, %-13s k = %2zu: %.4f %.4f %.4f at levels 0.001, 0.01, 0.05\n", shape.name, probes,
                  static_cast<double>(rejected[0]) / kRuns, static_cast<double>(rejected[1]) / kRuns,
                  static_cast<double>(rejected[2]) / kRuns);
      for (int i = 0; i < 3; ++i) {
        EXPECT_GT(BinomialUpperTail(rejected[i], kRuns, levels[i]), kCheckFailureChance)
            << shape.name << " " << probes << " at " << levels[i];
      }
    }
  }
}

// What is paid for that: differences around 1.5 and 2 times the margin, with a spread of a third.
TEST(MarginCalibrationTest, PowerGrowsWithProbes) {
  double before = 0;
  for (const std::size_t probes : {8u, 15u, 30u}) {
    std::int64_t rejected_15 = 0, rejected_20 = 0;
    for (std::uint64_t run = 0; run < 2000; ++run) {
      CounterRng rng(17, run);
      std::vector<double> d, e;
      for (std::size_t i = 0; i < probes; ++i) {
        const double factor = 0.5 + rng.Uniform();
        d.push_back(1.5 * factor);
        e.push_back(2.0 * factor);
      }
      rejected_15 += *MeanAboveMarginPValue(d, 1.0, 0) <= 0.01;
      rejected_20 += *MeanAboveMarginPValue(e, 1.0, 0) <= 0.01;
    }
    const double power = static_cast<double>(rejected_15) / 2000;
    std::printf("margin, power at 0.01, k = %2zu: %.3f at 1.5 margins, %.3f at 2\n", probes, power,
                static_cast<double>(rejected_20) / 2000);
    EXPECT_GE(power, before);
    before = power;
    if (probes == 30) {
      EXPECT_GT(power, 0.9);
      EXPECT_EQ(rejected_20, 2000);
    }
  }
}

}  // namespace
}  // namespace pinchbeck::stats
