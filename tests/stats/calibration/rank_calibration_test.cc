// Under the null the rank, count, energy and log-probability tests reject no more often than their levels.
//
// Every rejection count is compared with its level by a one-sided exact binomial test, and for exact
// continuous cases also from below with the largest level that can be attained. Seeds are fixed; for another
// seed a correct method fails a check with chance 1e-9 at most. The file makes fewer than 800 checks, so it
// fails by itself with chance 8e-7.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "pinchbeck/stats/contingency.h"
#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/energy_distance.h"
#include "pinchbeck/stats/logprob_difference.h"
#include "pinchbeck/stats/mann_whitney.h"
#include "pinchbeck/stats/rank_uniformity.h"
#include "pinchbeck/stats/van_elteren.h"
#include "tests/exact_binomial.h"

namespace pinchbeck::stats {
namespace {

constexpr double kChance = 1e-9;
constexpr double kLevels[] = {0.001, 0.01, 0.05};

using Values = std::vector<double>;
using Counts = std::vector<std::int64_t>;

std::int64_t Rejections(const Values& p_values, double level) {
  std::int64_t rejected = 0;
  for (const double p : p_values) rejected += p <= level * (1 + 1e-12);
  return rejected;
}

// One p-value per run; the run's number is its seed.
Values Simulate(std::int64_t runs, const std::function<absl::StatusOr<TwoSampleResult>(std::uint64_t)>& run) {
  Values p_values;
  for (std::int64_t r = 0; r < runs; ++r) {
    const auto result = run(static_cast<std::uint64_t>(r));
    EXPECT_TRUE(result.ok()) << result.status();
    if (!result.ok()) return {};
    p_values.push_back(result->p_value);
  }
  return p_values;
}

void ExpectNotAbove(const Values& p_values, const std::string& what) {
  const auto n = static_cast<std::int64_t>(p_values.size());
  ASSERT_GT(n, 0) << what;
  std::string line;
  for (const double level : kLevels) {
    const std::int64_t rejected = Rejections(p_values, level);
    line += "  " + std::to_string(static_cast<double>(rejected) / static_cast<double>(n));
    EXPECT_GT(BinomialUpperTail(rejected, n, level), kChance) << what << " at level " << level;
  }
  std::printf("%-52s%s\n", what.c_str(), line.c_str());
}

// `attainable`: the largest size of a test at a level, for p-values that are exact.
void ExpectNotBelow(const Values& p_values, const std::function<double(double)>& attainable,
                    const std::string& what) {
  const auto n = static_cast<std::int64_t>(p_values.size());
  for (const double level : kLevels) {
    const double size = attainable(level);
    const std::int64_t kept = n - Rejections(p_values, level);
    if (size > 0) {
      EXPECT_GT(BinomialUpperTail(kept, n, 1 - size), kChance) << what << " below level " << level;
    }
  }
}

enum class Shape { kNormal, kCauchy, kDiscrete, kMostlyEqual, kConstant };
struct NamedShape {
  Shape shape;
  const char* name;
};
constexpr NamedShape kShapes[] = {{Shape::kNormal, "normal"},
                                  {Shape::kCauchy, "Cauchy"},
                                  {Shape::kDiscrete, "six values"},
                                  {Shape::kMostlyEqual, "90% equal"},
                                  {Shape::kConstant, "constant"}};

double Draw(Shape shape, CounterRng& rng) {
  constexpr double kPi = 3.14159265358979323846;
  switch (shape) {
    case Shape::kNormal:
      return std::sqrt(-2 * std::log(1 - rng.Uniform())) * std::cos(2 * kPi * rng.Uniform());
    case Shape::kCauchy:
      return std::tan(kPi * (rng.Uniform() - 0.5));
    case Shape::kDiscrete:
      return rng.Below(6);
    case Shape::kMostlyEqual:
      return rng.Below(10) > 0 ? 0 : 1 + rng.Below(3);
    case Shape::kConstant:
      break;
  }
  return 1;
}

Values Sample(Shape shape, std::int64_t n, CounterRng& rng) {
  Values values(static_cast<std::size_t>(n));
  for (double& value : values) value = Draw(shape, rng);
  return values;
}

std::string Sizes(const Stratum& s) {
  return std::to_string(s.n_reference) + "+" + std::to_string(s.n_observed);
}

// Sums the null probabilities of all U from the largest down: what the two-sided exact test can attain.
double AttainableMannWhitney(std::int64_t m, std::int64_t n, double level) {
  double size = 0;
  for (std::int64_t u = 0; 2 * u < m * n; ++u) {
    const double p = 2 * internal::MannWhitneyLowerTail(u, m, n);
    if (p > level) break;
    size = p;
  }
  return size;
}

TEST(RankCalibrationTest, MannWhitneyDefaults) {
  for (const Stratum& s : {Stratum{2, 2}, {3, 20}, {10, 10}, {40, 25}, {120, 120}, {500, 500}, {400, 60}}) {
    for (const NamedShape& shape : kShapes) {
      const std::int64_t runs = s.size() > 100 ? 2000 : 4000;
      const Values p = Simulate(runs, [&](std::uint64_t run) {
        CounterRng rng(101, run);
        const Values x = Sample(shape.shape, s.n_reference, rng), y = Sample(shape.shape, s.n_observed, rng);
        return MannWhitney(x, y, {.permutation = {.permutations = 199, .seed = run}});
      });
      const std::string what = std::string("Mann-Whitney ") + Sizes(s) + ", " + shape.name;
      ExpectNotAbove(p, what);
      if (shape.shape == Shape::kNormal && s.n_reference * s.n_observed <= 10'000) {
        ExpectNotBelow(
            p, [&](double level) { return AttainableMannWhitney(s.n_reference, s.n_observed, level); }, what);
      }
    }
  }
}

// The normal limit where kAuto takes it, one-sided too, with enough runs for the level .001.
TEST(RankCalibrationTest, MannWhitneyLimit) {
  struct Case {
    Stratum sizes;
    Shape shape;
    const char* name;
  };
  for (const Case& c :
       {Case{{101, 100}, Shape::kNormal, "normal"}, Case{{3, 4000}, Shape::kNormal, "normal"},
        Case{{101, 100}, Shape::kDiscrete, "six values"}, Case{{500, 500}, Shape::kMostlyEqual, "90% equal"},
        Case{{560, 560}, Shape::kMostlyEqual, "90% equal"}}) {
    for (const Alternative alternative :
         {Alternative::kTwoSided, Alternative::kObservedGreater, Alternative::kObservedLess}) {
      const Values p = Simulate(c.sizes.size() > 1000 ? 6000 : 20000, [&](std::uint64_t run) {
        CounterRng rng(102, run);
        const Values x = Sample(c.shape, c.sizes.n_reference, rng),
                     y = Sample(c.shape, c.sizes.n_observed, rng);
        return MannWhitney(x, y, {.method = MannWhitneyMethod::kAsymptotic, .alternative = alternative});
      });
      ExpectNotAbove(p, "Mann-Whitney limit " + Sizes(c.sizes) + ", " + c.name);
    }
  }
}

TEST(RankCalibrationTest, VanElteren) {
  struct Design {
    const char* name;
    std::vector<Stratum> strata;
    std::int64_t runs;
    VanElterenMethod method;
  };
  const Design designs[] = {
      {"8 x 1+1", std::vector<Stratum>(8, {1, 1}), 4000, VanElterenMethod::kAuto},
      {"2+2, 1+4, 5+3", {{2, 2}, {1, 4}, {5, 3}}, 4000, VanElterenMethod::kAuto},
      {"25 x 4+4", std::vector<Stratum>(25, {4, 4}), 1000, VanElterenMethod::kAuto},
      {"100 x 2+3", std::vector<Stratum>(100, {2, 3}), 500, VanElterenMethod::kAuto},
      {"limit, 100 x 6+6", std::vector<Stratum>(100, {6, 6}), 4000, VanElterenMethod::kAsymptotic},
      {"502 x 1+1", std::vector<Stratum>(502, {1, 1}), 500, VanElterenMethod::kAuto},
      {"527 x 1+1", std::vector<Stratum>(527, {1, 1}), 500, VanElterenMethod::kAuto},
      {"251 x 2+2", std::vector<Stratum>(251, {2, 2}), 500, VanElterenMethod::kAuto},
      {"limit, 4 x 130+130", std::vector<Stratum>(4, {130, 130}), 4000, VanElterenMethod::kAuto}};
  for (const Design& design : designs) {
    for (const NamedShape& shape : kShapes) {
      // Outside the limit's range: too few values differ.
      if (design.method == VanElterenMethod::kAsymptotic && shape.shape == Shape::kMostlyEqual &&
          design.strata[0].n_reference == 1) {
        continue;
      }
      const Values p = Simulate(design.runs, [&](std::uint64_t run) {
        CounterRng rng(103, run);
        std::vector<Values> values;
        for (const Stratum& s : design.strata) {
          values.push_back(Sample(shape.shape, s.n_reference, rng));
          values.push_back(Sample(shape.shape, s.n_observed, rng));
        }
        std::vector<StratumSample> samples;
        for (std::size_t i = 0; i < values.size(); i += 2) samples.push_back({values[i], values[i + 1]});
        return VanElteren(samples,
                          {.method = design.method, .permutation = {.permutations = 199, .seed = run}});
      });
      ExpectNotAbove(p, std::string("van Elteren ") + design.name + ", " + shape.name);
    }
  }
}

Counts Multinomial(const Values& cumulative, std::int64_t n, CounterRng& rng) {
  Counts counts(cumulative.size(), 0);
  for (std::int64_t i = 0; i < n; ++i) {
    const double u = rng.Uniform();
    ++counts[static_cast<std::size_t>(std::lower_bound(cumulative.begin(), cumulative.end() - 1, u) -
                                      cumulative.begin())];
  }
  return counts;
}

TEST(RankCalibrationTest, Contingency) {
  struct Design {
    const char* name;
    std::size_t cells;
    Stratum sizes;
    Values cumulative;
    std::int64_t runs;
    ContingencyMethod method;
  };
  const Values even_ten = {.1, .2, .3, .4, .5, .6, .7, .8, .9, 1}, skewed = {.7, .9, .97, .99, 1};
  const Design designs[] = {
      {"2+2, 2 categories", 1, {2, 2}, {.5, 1}, 4000, ContingencyMethod::kAuto},
      {"10+10, 2 categories", 1, {10, 10}, {.5, 1}, 10000, ContingencyMethod::kAuto},
      {"15+10, 2 categories", 1, {15, 10}, {.5, 1}, 10000, ContingencyMethod::kAuto},
      {"30+30, 2 categories", 1, {30, 30}, {.3, 1}, 10000, ContingencyMethod::kAuto},
      {"50+50, 5 categories", 1, {50, 50}, {.1, .3, .5, .7, 1}, 8000, ContingencyMethod::kAuto},
      {"25+25, skewed", 1, {25, 25}, skewed, 3000, ContingencyMethod::kAuto},
      {"60+60, 10 categories", 1, {60, 60}, even_ten, 4000, ContingencyMethod::kAuto},
      {"500+500, skewed", 1, {500, 500}, skewed, 3000, ContingencyMethod::kAuto},
      {"400+400, 3 categories", 1, {400, 400}, {.3, .6, 1}, 20000, ContingencyMethod::kAuto},
      {"36 x 25+25, skewed", 36, {25, 25}, skewed, 500, ContingencyMethod::kAuto},
      {"36 x 12+12, 2 categories", 36, {12, 12}, {.5, 1}, 800, ContingencyMethod::kAuto},
      {"5+5, skewed, relabelings", 1, {5, 5}, skewed, 4000, ContingencyMethod::kPermutation},
      {"constant", 1, {30, 30}, {1}, 200, ContingencyMethod::kPermutation}};
  for (const Design& design : designs) {
    for (const bool g : {false, true}) {
      std::int64_t limits = 0;
      const Values p = Simulate(design.runs, [&](std::uint64_t run) {
        CounterRng rng(104, run);
        std::vector<Counts> counts;
        for (std::size_t s = 0; s < design.cells; ++s) {
          counts.push_back(Multinomial(design.cumulative, design.sizes.n_reference, rng));
          counts.push_back(Multinomial(design.cumulative, design.sizes.n_observed, rng));
        }
        std::vector<CountSample> cells;
        for (std::size_t i = 0; i < counts.size(); i += 2) cells.push_back({counts[i], counts[i + 1]});
        const ContingencyOptions options{.method = design.method,
                                         .permutation = {.permutations = 199, .seed = run}};
        auto result = g ? LikelihoodRatioTest(cells, options) : ChiSquareTest(cells, options);
        if (result.ok()) limits += result->calibration == Calibration::kAsymptotic;
        return result;
      });
      ExpectNotAbove(p, std::string(g ? "G " : "X2 ") + design.name + ", limit " +
                            std::to_string(100 * limits / design.runs) + "%");
    }
  }
}

// Answers drawn by look-up, so that many runs are affordable: probabilities are multiples of 1/4096.
class FastMultinomial {
 public:
  explicit FastMultinomial(const Values& cumulative) : size_(cumulative.size()) {
    for (std::size_t k = 0; k < size_; ++k) {
      category_.resize(static_cast<std::size_t>(std::lround(cumulative[k] * 4096)),
                       static_cast<std::uint8_t>(k));
    }
  }
  Counts Draw(std::int64_t n, CounterRng& rng) const {
    Counts counts(size_, 0);
    for (std::int64_t i = 0; i < n; ++i) ++counts[category_[rng.Next32() >> 20]];
    return counts;
  }

 private:
  std::size_t size_;
  std::vector<std::uint8_t> category_;
};

// The chi-square limit in the runs in which the rule of kAuto takes it. contingency.h quotes the largest
// rates of these seeded runs; they are above two levels by what the limit is wrong by and by noise.
TEST(RankCalibrationTest, ContingencyLimitWhereItIsTrusted) {
  struct Design {
    Stratum sizes;
    Values cumulative;
  };
  Values even_twenty, even_eight;
  for (int k = 1; k <= 20; ++k) even_twenty.push_back(k / 20.0);
  for (int k = 1; k <= 8; ++k) even_eight.push_back(k / 8.0);
  const Design designs[] = {
      {{30, 30}, {.3, .6, 1}},    {{50, 50}, {.1, .3, .5, .7, 1}}, {{500, 500}, {.7, .9, .97, .99, 1}},
      {{200, 200}, even_twenty},  {{500, 250}, even_eight},        {{1000, 500}, {.0125, .0425, .1025, 1}},
      {{6000, 1500}, {.1, .2, 1}}};
  constexpr double kQuoted[] = {0.00125, 0.01025, 0.05115};
  constexpr std::int64_t kRuns = 100'000;
  for (const Design& design : designs) {
    const FastMultinomial answers(design.cumulative);
    Values p_values[2];
    for (std::int64_t run = 0; run < kRuns; ++run) {
      CounterRng rng(110, static_cast<std::uint64_t>(run));
      const Counts x = answers.Draw(design.sizes.n_reference, rng);
      const Counts y = answers.Draw(design.sizes.n_observed, rng);
      const CountSample cell[] = {{x, y}};
      for (const bool g : {false, true}) {
        const auto kind =
            g ? internal::CountStatistic::kLikelihoodRatio : internal::CountStatistic::kChiSquare;
        const auto sum = internal::SummariseCells(kind, cell);
        ASSERT_TRUE(sum.ok()) << sum.status();
        if (!internal::LimitIsTrusted(kind, *sum)) continue;
        p_values[g ? 1 : 0].push_back(ChiSquareUpperTail(sum->statistic, sum->degrees));
      }
    }
    for (const bool g : {false, true}) {
      const auto n = static_cast<std::int64_t>(p_values[g ? 1 : 0].size());
      if (n == 0) continue;  // G asks for larger samples
      std::string line;
      for (std::size_t i = 0; i < 3; ++i) {
        const std::int64_t rejected = Rejections(p_values[g ? 1 : 0], kLevels[i]);
        const double rate = static_cast<double>(rejected) / static_cast<double>(n);
        line += "  " + std::to_string(rate);
        EXPECT_LT(rate, kQuoted[i]) << kLevels[i];
      }
      std::printf("%s limit %s, %zu categories, trusted in %lld%s\n", g ? "G" : "X2",
                  Sizes(design.sizes).c_str(), design.cumulative.size(), static_cast<long long>(n),
                  line.c_str());
    }
  }
}

TEST(RankCalibrationTest, EnergyDistance) {
  for (const Stratum& s : {Stratum{2, 2}, {1, 30}, {4, 4}, {12, 7}, {60, 60}, {500, 500}}) {
    for (const NamedShape& shape : kShapes) {
      const std::int64_t runs = s.size() > 200 ? 400 : 3000;
      const Values p = Simulate(runs, [&](std::uint64_t run) {
        CounterRng rng(105, run);
        const Values x = Sample(shape.shape, s.n_reference, rng), y = Sample(shape.shape, s.n_observed, rng);
        return EnergyDistance(x, y, {.permutation = {.permutations = 199, .seed = run}});
      });
      const std::string what = std::string("energy ") + Sizes(s) + ", " + shape.name;
      ExpectNotAbove(p, what);
      // Continuous values, more than 199 relabelings: every multiple of 1/200 is attained.
      if (shape.shape == Shape::kNormal && s.n_reference > 4) {
        ExpectNotBelow(
            p, [](double level) { return level < 0.005 ? 0 : level; }, what);
      }
    }
  }
}

TEST(RankCalibrationTest, MultivariateEnergyDistance) {
  for (const Stratum& s : {Stratum{2, 3}, {8, 8}, {30, 12}}) {
    for (const NamedShape& shape : kShapes) {
      const Values p = Simulate(1000, [&](std::uint64_t run) {
        CounterRng rng(106, run);
        Eigen::MatrixXd x(s.n_reference, 3), y(s.n_observed, 3);
        for (double& v : x.reshaped()) v = Draw(shape.shape, rng);
        for (double& v : y.reshaped()) v = Draw(shape.shape, rng);
        return MultivariateEnergyDistance(x, y, {.permutation = {.permutations = 199, .seed = run}});
      });
      ExpectNotAbove(p, std::string("energy, 3 columns, ") + Sizes(s) + ", " + shape.name);
    }
  }
}

TEST(RankCalibrationTest, RankUniformity) {
  struct Design {
    std::int64_t prompts, m, n, runs;
  };
  for (const Design& d : {Design{1, 5, 1, 4000},
                          {10, 4, 1, 4000},
                          {100, 10, 1, 600},
                          {250, 3, 1, 8000},
                          {1, 4, 4, 4000},
                          {10, 3, 2, 3000},
                          {40, 5, 5, 500}}) {
    for (const NamedShape& shape : kShapes) {
      const Values p = Simulate(d.runs, [&](std::uint64_t run) {
        CounterRng rng(107, run);
        std::vector<Values> values;
        for (std::int64_t i = 0; i < d.prompts; ++i) {
          values.push_back(Sample(shape.shape, d.m, rng));
          values.push_back(Sample(shape.shape, d.n, rng));
        }
        std::vector<StratumSample> prompts;
        for (std::size_t i = 0; i < values.size(); i += 2) prompts.push_back({values[i], values[i + 1]});
        return RankUniformity(prompts, {.permutation = {.permutations = 199, .seed = run}});
      });
      const std::string what =
          "rank uniformity " + std::to_string(d.prompts) + " x " + Sizes({d.m, d.n}) + ", " + shape.name;
      ExpectNotAbove(p, what);
      // Randomised ranks are uniform with every shape, ties included.
      if (d.n == 1 && d.prompts < 200) {
        ExpectNotBelow(
            p, [](double level) { return level < 0.005 ? 0 : level; }, what);
      }
    }
  }
}

TEST(RankCalibrationTest, LogprobDifference) {
  struct Design {
    const char* name;
    std::vector<Stratum> strata;
    std::int64_t runs;
  };
  for (const Design& design : {Design{"2+2", {{2, 2}}, 4000}, Design{"1+1, 3+5", {{1, 1}, {3, 5}}, 4000},
                               Design{"20 x 4+4", std::vector<Stratum>(20, {4, 4}), 1000},
                               Design{"100 x 1+2", std::vector<Stratum>(100, {1, 2}), 500}}) {
    for (const NamedShape& shape : kShapes) {
      const Values p = Simulate(design.runs, [&](std::uint64_t run) {
        CounterRng rng(108, run);
        std::vector<LogprobStratum> strata;
        for (const Stratum& s : design.strata) {
          LogprobStratum stratum{Eigen::MatrixXd(s.n_reference, 6), Eigen::MatrixXd(s.n_observed, 6)};
          for (Eigen::MatrixXd* side : {&stratum.reference, &stratum.observed}) {
            // A third of the tokens is missing, the first never.
            for (Eigen::Index i = 0; i < side->size(); ++i) {
              const double value = Draw(shape.shape, rng);
              const bool missing = i >= side->rows() && rng.Below(3) == 0;
              (*side)(i) = missing ? std::nan("") : value;
            }
          }
          strata.push_back(stratum);
        }
        return LogprobDifference(strata, {.permutation = {.permutations = 199, .seed = run}});
      });
      ExpectNotAbove(p, std::string("log-probability difference ") + design.name + ", " + shape.name);
    }
  }
}

// The checks notice the mistake they are there for: the null distribution of one pooled sample, used where
// labels must stay within strata of very different levels.
TEST(RankCalibrationTest, PoolingStrataWouldBeNoticed) {
  const Values p = Simulate(2000, [&](std::uint64_t run) {
    CounterRng rng(109, run);
    Values x = Sample(Shape::kNormal, 30, rng), y = Sample(Shape::kNormal, 30, rng);
    for (std::size_t i = 0; i < 20; ++i) x[i] += 10;  // an uneven mix of two probes
    for (std::size_t i = 0; i < 10; ++i) y[i] += 10;
    return MannWhitney(x, y);
  });
  EXPECT_LT(BinomialUpperTail(Rejections(p, 0.05), 2000, 0.05), kChance);
}

}  // namespace
}  // namespace pinchbeck::stats
