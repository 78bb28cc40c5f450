// Error rates of the rules that combine p-values and e-values, under the dependence that each one claims.
//
// Seeds are fixed; for another seed each check of a correct rule would fail with chance below 1e-9, and there
// are fewer than 300 checks: the file fails by itself with chance below 3e-7.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "pinchbeck/stats/combination.h"
#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/e_values.h"
#include "pinchbeck/stats/multiplicity.h"
#include "pinchbeck/stats/special_functions.h"
#include "tests/exact_binomial.h"

namespace pinchbeck::stats {
namespace {

constexpr double kFailureChance = 1e-9;
constexpr double kLevels[] = {0.001, 0.01, 0.05};

using Rule = std::function<double(std::span<const double>)>;
using Draw = std::function<void(CounterRng&, std::vector<double>&)>;

struct Named {
  std::string name;
  Rule rule;
};

const Named kFisher = {"Fisher", [](std::span<const double> p) { return *FisherCombination(p); }};
const Named kStouffer = {"Stouffer", [](std::span<const double> p) { return *StoufferCombination(p); }};
const Named kWeighted = {"Stouffer, weights 1 2 3 ..", [](std::span<const double> p) {
                           std::vector<double> weights;
                           for (std::size_t i = 0; i < p.size(); ++i)
                             weights.push_back(static_cast<double>(i) + 1);
                           return *StoufferCombination(p, weights);
                         }};
const Named kCauchy = {"Cauchy", [](std::span<const double> p) { return *CauchyCombination(p); }};
const Named kBonferroni = {"Bonferroni", [](std::span<const double> p) { return *BonferroniMinimum(p); }};
const Named kHochbergMinimum = {"smallest of Benjamini-Hochberg", [](std::span<const double> p) {
                                  const auto adjusted = *BenjaminiHochbergAdjust(p, p.size());
                                  return *std::min_element(adjusted.begin(), adjusted.end());
                                }};
const Named kHolmMinimum = {"smallest of Holm", [](std::span<const double> p) {
                              const auto adjusted = HolmAdjust(p, p.size());
                              return *std::min_element(adjusted.begin(), adjusted.end());
                            }};
const Named kMeanOfEValues = {"mean of calibrated e-values", [](std::span<const double> p) {
                                std::vector<double> logs;
                                for (const double value : p) logs.push_back(*LogMixtureCalibrator(value));
                                return *PValueFromEValue(std::exp(*LogMeanEValue(logs)));
                              }};
const Named kProductOfEValues = {"product of calibrated e-values", [](std::span<const double> p) {
                                   std::vector<double> logs;
                                   for (const double value : p)
                                     logs.push_back(*LogPowerCalibrator(value, 0.5));
                                   return *PValueFromEValue(std::exp(*LogProductEValue(logs)));
                                 }};

// Never exactly 0.
double Open(CounterRng& rng) { return (rng.Next32() + 0.5) * 0x1p-32; }

void Independent(CounterRng& rng, std::vector<double>& p) {
  for (double& value : p) value = Open(rng);
}

// Those of permutation tests with 19 relabelings.
void Discrete(CounterRng& rng, std::vector<double>& p) {
  for (double& value : p) value = (1 + rng.Below(20)) / 20.0;
}

Draw Equicorrelated(double correlation) {
  return [correlation](CounterRng& rng, std::vector<double>& p) {
    const double common = std::sqrt(correlation) * NormalQuantile(Open(rng));
    for (double& value : p) {
      value = NormalUpperTail(common + std::sqrt(1 - correlation) * NormalQuantile(Open(rng)));
    }
  };
}

// Rejections at each level over `runs` draws of k p-values.
std::map<double, std::int64_t> Rejections(const Named& named, const Draw& draw, std::size_t k,
                                          std::int64_t runs, const std::string& what) {
  std::map<double, std::int64_t> rejected;
  std::vector<double> p(k);
  for (std::int64_t run = 0; run < runs; ++run) {
    CounterRng rng(21, static_cast<std::uint64_t>(run));
    draw(rng, p);
    const double combined = named.rule(p);
    for (const double level : kLevels) rejected[level] += combined <= level;
  }
  std::printf("%-32s %-22s k = %-4zu", named.name.c_str(), what.c_str(), k);
  for (const double level : kLevels) {
    std::printf("  %.3f: %.5f", level, static_cast<double>(rejected[level]) / static_cast<double>(runs));
  }
  std::printf("\n");
  return rejected;
}

// `limits`: rejection rates at kLevels that an approximate rule is documented not to exceed.
void ExpectNotAbove(const Named& named, const Draw& draw, std::size_t k, std::int64_t runs,
                    const std::string& what, const std::map<double, double>& limits = {}) {
  for (const auto& [level, count] : Rejections(named, draw, k, runs, what)) {
    EXPECT_GT(pinchbeck::BinomialUpperTail(count, runs, limits.empty() ? level : limits.at(level)),
              kFailureChance)
        << named.name << " " << what << " k = " << k << " level " << level;
  }
}

void ExpectExact(const Named& named, const Draw& draw, std::size_t k, std::int64_t runs,
                 const std::string& what) {
  for (const auto& [level, count] : Rejections(named, draw, k, runs, what)) {
    EXPECT_GT(pinchbeck::BinomialUpperTail(count, runs, level), kFailureChance)
        << named.name << " " << what << " k = " << k << " level " << level;
    EXPECT_GT(1 - pinchbeck::BinomialUpperTail(count + 1, runs, level), kFailureChance)
        << named.name << " " << what << " k = " << k << " level " << level;
  }
}

TEST(CombinationCalibrationTest, IndependentUniformIsExact) {
  for (const Named& named : {kFisher, kStouffer, kWeighted, kCauchy}) {
    for (const std::size_t k : {1u, 2u, 3u, 10u, 100u}) {
      ExpectExact(named, Independent, k, k < 100 ? 100'000 : 20'000, "independent");
    }
  }
}

TEST(CombinationCalibrationTest, IndependentDiscreteIsConservative) {
  for (const Named& named : {kFisher, kStouffer, kCauchy, kBonferroni, kHochbergMinimum, kProductOfEValues}) {
    for (const std::size_t k : {2u, 5u, 40u}) ExpectNotAbove(named, Discrete, k, 40'000, "discrete");
  }
}

TEST(CombinationCalibrationTest, DependentKeepsTheLevelWhereClaimed) {
  for (const Named& named : {kBonferroni, kHolmMinimum, kHochbergMinimum, kMeanOfEValues}) {
    for (const double correlation : {0.0, 0.5, 0.95}) {
      for (const std::size_t k : {2u, 20u}) {
        ExpectNotAbove(named, Equicorrelated(correlation), k, 40'000,
                       "correlation " + std::to_string(correlation));
      }
    }
  }
}

// Approximate: the rates that the header documents.
TEST(CombinationCalibrationTest, DependentCauchyStaysNearItsLevel) {
  for (const double correlation : {0.2, 0.5, 0.8, 0.99}) {
    for (const std::size_t k : {2u, 10u, 100u}) {
      ExpectNotAbove(kCauchy, Equicorrelated(correlation), k, k < 100 ? 200'000 : 50'000,
                     "correlation " + std::to_string(correlation),
                     {{0.001, 0.0014}, {0.01, 0.015}, {0.05, k < 100 ? 0.065 : 0.086}});
    }
  }
}

// Worst case of the intersection-union test: one true hypothesis, all others false beyond doubt.
TEST(CombinationCalibrationTest, IntersectionUnionWithOneTrueHypothesis) {
  const Draw draw = [](CounterRng& rng, std::vector<double>& p) {
    std::fill(p.begin(), p.end(), 0.0);
    p[rng.Below(static_cast<std::uint32_t>(p.size()))] = Open(rng);
  };
  const Named rule = {"intersection-union", [](std::span<const double> p) { return *IntersectionUnion(p); }};
  for (const std::size_t k : {2u, 10u}) ExpectExact(rule, draw, k, 100'000, "one true");
}

// What the docstrings warn of: these rules exceed their level under dependence.
TEST(CombinationCalibrationTest, FisherAndStoufferNeedIndependence) {
  for (const Named& named : {kFisher, kStouffer}) {
    constexpr std::int64_t kRuns = 20'000;
    const auto rejected = Rejections(named, Equicorrelated(0.5), 10, kRuns, "correlation 0.5");
    EXPECT_GT(static_cast<double>(rejected.at(0.01)) / kRuns, 0.05) << named.name;
  }
}

// e-BH at level 0.1 with 10 true and 10 false hypotheses, all strongly dependent. The false discovery
// proportion is in [0, 1], so by Hoeffding's inequality its mean exceeds 0.1 by sqrt(log(1e9) / (2 runs))
// with chance below 1e-9.
TEST(CombinationCalibrationTest, EBenjaminiHochbergUnderDependence) {
  constexpr int kRuns = 20'000;
  double sum = 0, found = 0;
  for (std::uint64_t run = 0; run < kRuns; ++run) {
    CounterRng rng(22, run);
    std::vector<double> p(20), e;
    Equicorrelated(0.8)(rng, p);
    for (std::size_t i = 0; i < p.size(); ++i) {
      if (i >= 10) p[i] = NormalUpperTail(NormalQuantile(1 - p[i]) + 5);
      e.push_back(*MixtureCalibrator(p[i]));
    }
    double false_ones = 0, all = 0;
    const std::vector<std::size_t> rejected = *EBenjaminiHochberg(e, 0.1);
    for (const std::size_t index : rejected) {
      false_ones += index < 10;
      ++all;
    }
    if (all > 0) sum += false_ones / all;
    found += all - false_ones;
  }
  std::printf("e-BH at 0.1: false discovery rate %.4f, found %.3f of 10\n", sum / kRuns, found / kRuns);
  EXPECT_LT(sum / kRuns, 0.1 + std::sqrt(std::log(1e9) / (2 * kRuns)));
  EXPECT_GT(found / kRuns, 5);
}

}  // namespace
}  // namespace pinchbeck::stats
