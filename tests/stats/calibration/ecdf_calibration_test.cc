// Error rates of Kolmogorov-Smirnov, Cramer-von Mises and Anderson-Darling under the null. Seeds are fixed;
// each check would fail for a correct method and another seed with probability at most 1e-9. There are fewer
// than 400 checks, so the file fails by itself with probability below 4e-7.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "pinchbeck/stats/anderson_darling.h"
#include "pinchbeck/stats/anderson_darling_k_sample.h"
#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/cramer_von_mises.h"
#include "pinchbeck/stats/kolmogorov_smirnov.h"
#include "tests/exact_binomial.h"

namespace pinchbeck::stats {
namespace {

using Values = std::vector<double>;
constexpr double kFailureChance = 1e-9;
constexpr std::array<double, 3> kLevels = {0.001, 0.01, 0.05};

enum class Law { kNormal, kCauchy, kDiscrete, kSkewedCounts, kConstant };

double Draw(Law law, CounterRng& rng) {
  constexpr double kPi = 3.141592653589793;
  switch (law) {
    case Law::kNormal:
      return std::sqrt(-2 * std::log(1 - rng.Uniform())) * std::cos(2 * kPi * rng.Uniform());
    case Law::kCauchy:
      return std::tan(kPi * (rng.Uniform() - 0.5));
    case Law::kDiscrete:
      return rng.Below(4);
    case Law::kSkewedCounts:
      return std::floor(std::exp(4 * rng.Uniform() * rng.Uniform()));
    case Law::kConstant:
      break;
  }
  return 7;
}

struct Design {
  std::string name;
  Law law;
  std::vector<std::size_t> sizes;
  std::int64_t runs;
};

using PValue = std::function<double(const std::vector<Values>&, std::uint64_t run)>;

std::vector<double> Simulate(const Design& design, const PValue& p_value) {
  std::vector<double> result;
  for (std::int64_t run = 0; run < design.runs; ++run) {
    CounterRng rng(20261124, static_cast<std::uint64_t>(run));
    std::vector<Values> samples;
    for (const std::size_t size : design.sizes) {
      samples.emplace_back(size);
      for (double& value : samples.back()) value = Draw(design.law, rng);
    }
    result.push_back(p_value(samples, static_cast<std::uint64_t>(run)));
  }
  return result;
}

// Rejections at `level` are Binomial(runs, chance) at most and, where `both_sides`, at least.
void ExpectRate(const std::vector<double>& p_values, double level, double chance, bool both_sides,
                const std::string& what) {
  const auto runs = static_cast<std::int64_t>(p_values.size());
  const auto rejected = static_cast<std::int64_t>(
      std::count_if(p_values.begin(), p_values.end(), [level](double p) { return p <= level; }));
  std::printf("%-48s level %.3f: %5lld of %lld, expected %s %.1f\n", what.c_str(), level,
              static_cast<long long>(rejected), static_cast<long long>(runs),
              both_sides ? "" : "<=", chance * static_cast<double>(runs));
  if (chance <= 0) {
    EXPECT_EQ(rejected, 0) << what << " at level " << level;
    return;
  }
  EXPECT_GT(BinomialUpperTail(rejected, runs, chance), kFailureChance) << what << " at level " << level;
  if (both_sides) {
    EXPECT_GT(BinomialUpperTail(runs - rejected, runs, 1 - chance), kFailureChance)
        << what << " at level " << level << " rejects too rarely";
  }
}

void ExpectLevelsHold(const Design& design, const std::string& method, const PValue& p_value) {
  const std::vector<double> p_values = Simulate(design, p_value);
  for (const double level : kLevels) ExpectRate(p_values, level, level, false, method + ", " + design.name);
}

std::vector<Design> TwoSampleDesigns() {
  std::vector<Design> designs;
  const std::vector<std::pair<Law, std::string>> laws = {{Law::kNormal, "normal"},
                                                         {Law::kCauchy, "Cauchy"},
                                                         {Law::kDiscrete, "four values"},
                                                         {Law::kSkewedCounts, "skewed counts"}};
  for (const auto& law : laws) {
    designs.push_back({law.second + " 2+2", law.first, {2, 2}, 4000});
    designs.push_back({law.second + " 3+7", law.first, {3, 7}, 4000});
    designs.push_back({law.second + " 12+10", law.first, {12, 10}, 4000});
    designs.push_back({law.second + " 60+25", law.first, {60, 25}, 1500});
  }
  designs.push_back({"normal 500+500", Law::kNormal, {500, 500}, 400});
  designs.push_back({"four values 500+500", Law::kDiscrete, {500, 500}, 400});
  designs.push_back({"all equal 10+10", Law::kConstant, {10, 10}, 200});
  return designs;
}

TEST(EcdfCalibration, DefaultsKeepTheirLevel) {
  for (const Design& design : TwoSampleDesigns()) {
    ExpectLevelsHold(design, "KS", [](const std::vector<Values>& s, std::uint64_t run) {
      return KolmogorovSmirnov(s[0], s[1], {.permutation = {.permutations = 999, .seed = run}})->p_value;
    });
    ExpectLevelsHold(design, "CvM", [](const std::vector<Values>& s, std::uint64_t run) {
      return CramerVonMises(s[0], s[1], {.permutation = {.permutations = 999, .seed = run}})->p_value;
    });
    ExpectLevelsHold(design, "AD", [](const std::vector<Values>& s, std::uint64_t run) {
      return AndersonDarling(s[0], s[1], {.permutation = {.permutations = 999, .seed = run}})->p_value;
    });
  }
}

TEST(EcdfCalibration, RandomRelabelingsKeepTheirLevel) {
  for (const Law law : {Law::kCauchy, Law::kSkewedCounts}) {
    const std::string name = law == Law::kCauchy ? "Cauchy" : "skewed counts";
    const Design design{name + " 15+9", law, {15, 9}, 3000};
    ExpectLevelsHold(design, "KS one-sided, relabeled", [](const std::vector<Values>& s, std::uint64_t run) {
      return KolmogorovSmirnov(s[0], s[1],
                               {.method = KsMethod::kPermutation,
                                .alternative = Alternative::kObservedLess,
                                .permutation = {.permutations = 999, .seed = run}})
          ->p_value;
    });
    ExpectLevelsHold(design, "CvM, relabeled", [](const std::vector<Values>& s, std::uint64_t run) {
      return CramerVonMises(
                 s[0], s[1],
                 {.method = CvmMethod::kPermutation, .permutation = {.permutations = 999, .seed = run}})
          ->p_value;
    });
    for (const std::vector<std::size_t>& sizes : {std::vector<std::size_t>{3, 2, 2}, {8, 1, 12, 6}}) {
      const Design several{name + ", " + std::to_string(sizes.size()) + " samples", law, sizes, 3000};
      ExpectLevelsHold(several, "AD", [](const std::vector<Values>& s, std::uint64_t run) {
        const std::vector<std::span<const double>> samples(s.begin(), s.end());
        return AndersonDarlingKSample(samples, {.permutation = {.permutations = 999, .seed = run}})->p_value;
      });
    }
  }
}

// Chance of p <= level for each level, from the p-values of all labelings of m + n distinct values.
std::array<double, 3> AttainableLevels(std::size_t m, std::size_t n, const PValue& p_value) {
  std::array<double, 3> reached{};
  double total = 0;
  std::vector<int> labels(m, 0);
  labels.insert(labels.end(), n, 1);
  do {
    std::vector<Values> samples(2);
    for (std::size_t i = 0; i < labels.size(); ++i) {
      samples[static_cast<std::size_t>(labels[i])].push_back(static_cast<double>(i));
    }
    const double p = p_value(samples, 0);
    for (std::size_t l = 0; l < 3; ++l) reached[l] += p <= kLevels[l];
    ++total;
  } while (std::next_permutation(labels.begin(), labels.end()));
  for (double& chance : reached) chance /= total;
  return reached;
}

// Without ties an exact p-value rejects exactly as often as its discrete law allows, neither more nor less.
TEST(EcdfCalibration, ExactPValuesReachTheirAttainableLevel) {
  const std::vector<std::pair<std::string, PValue>> methods = {
      {"KS exact",
       [](const std::vector<Values>& s, std::uint64_t) {
         return KolmogorovSmirnov(s[0], s[1], {.method = KsMethod::kExact})->p_value;
       }},
      {"KS one-sided exact",
       [](const std::vector<Values>& s, std::uint64_t) {
         return KolmogorovSmirnov(s[0], s[1],
                                  {.method = KsMethod::kExact, .alternative = Alternative::kObservedGreater})
             ->p_value;
       }},
      {"CvM exact", [](const std::vector<Values>& s, std::uint64_t) {
         return CramerVonMises(s[0], s[1], {.method = CvmMethod::kExact})->p_value;
       }}};
  for (const auto& method : methods) {
    for (const auto& sizes : {std::array<std::size_t, 2>{2, 2}, {5, 5}, {4, 9}, {7, 6}}) {
      const std::array<double, 3> attainable = AttainableLevels(sizes[0], sizes[1], method.second);
      const Design design{std::to_string(sizes[0]) + "+" + std::to_string(sizes[1]),
                          Law::kNormal,
                          {sizes[0], sizes[1]},
                          20000};
      const std::vector<double> p_values = Simulate(design, method.second);
      for (std::size_t l = 0; l < 3; ++l) {
        EXPECT_LE(attainable[l], kLevels[l]) << method.first;
        ExpectRate(p_values, kLevels[l], attainable[l], true, method.first + " " + design.name);
      }
    }
  }
}

// In the range that kAuto gives them.
TEST(EcdfCalibration, LimitsInTheirRange) {
  ExpectLevelsHold({"Cauchy 1001+1001", Law::kCauchy, {1001, 1001}, 8000}, "KS limit",
                   [](const std::vector<Values>& s, std::uint64_t) {
                     return KolmogorovSmirnov(s[0], s[1], {.method = KsMethod::kAsymptotic})->p_value;
                   });
  ExpectLevelsHold({"Cauchy 20+80", Law::kCauchy, {20, 80}, 20000}, "CvM limit",
                   [](const std::vector<Values>& s, std::uint64_t) {
                     return CramerVonMises(s[0], s[1], {.method = CvmMethod::kAsymptotic})->p_value;
                   });
  ExpectLevelsHold(
      {"Cauchy 20+180", Law::kCauchy, {20, 180}, 20000}, "AD limit",
      [](const std::vector<Values>& s, std::uint64_t) {
        return AndersonDarling(s[0], s[1], {.method = AndersonDarlingMethod::kAsymptotic})->p_value;
      });
  ExpectLevelsHold(
      {"Cauchy 20+60+50+70", Law::kCauchy, {20, 60, 50, 70}, 20000}, "AD limit",
      [](const std::vector<Values>& s, std::uint64_t) {
        const std::vector<std::span<const double>> samples(s.begin(), s.end());
        return AndersonDarlingKSample(samples, {.method = AndersonDarlingMethod::kAsymptotic})->p_value;
      });
}

}  // namespace
}  // namespace pinchbeck::stats
