// Under the null the permutation engine rejects no more often than its levels: kernel tests, paired tests,
// count statistics, the maximum of studentised statistics down to 19 relabelings, and early stopping.
//
// Every rejection count is compared with its level by a one-sided exact binomial test; where the p-value is
// exact for continuous data, also from below with the largest level that can be attained. Seeds are fixed;
// for another seed a correct method fails a check with chance 1e-9 at most. The file makes fewer than 700
// checks, so it fails by itself with chance 7e-7.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "pinchbeck/stats/count_statistics.h"
#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/kernel_statistics.h"
#include "pinchbeck/stats/mmd.h"
#include "pinchbeck/stats/permutation.h"
#include "tests/exact_binomial.h"

namespace pinchbeck::stats {
namespace {

constexpr double kChance = 1e-9;
constexpr double kLevels[] = {0.001, 0.01, 0.05};

using Values = std::vector<double>;

std::int64_t Rejections(const Values& p_values, double level) {
  std::int64_t rejected = 0;
  for (const double p : p_values) rejected += p <= level * (1 + 1e-12) ? 1 : 0;
  return rejected;
}

Values Simulate(std::uint64_t runs, const std::function<double(std::uint64_t)>& p_value) {
  Values p_values;
  for (std::uint64_t run = 0; run < runs; ++run) p_values.push_back(p_value(run));
  return p_values;
}

void ExpectNotAbove(const Values& p_values, const std::string& what) {
  const auto n = static_cast<std::int64_t>(p_values.size());
  std::string line;
  for (const double level : kLevels) {
    const std::int64_t rejected = Rejections(p_values, level);
    line += "  " + std::to_string(static_cast<double>(rejected) / static_cast<double>(n));
    EXPECT_GT(BinomialUpperTail(rejected, n, level), kChance) << what << " at level " << level;
  }
  EXPECT_GT(*std::min_element(p_values.begin(), p_values.end()), 0) << what;
  EXPECT_LE(*std::max_element(p_values.begin(), p_values.end()), 1) << what;
  std::printf("%-58s%s\n", what.c_str(), line.c_str());
}

// `attainable`: the largest value of an exact p-value that is not above the level, which is its chance too.
void ExpectNotBelow(const Values& p_values, const std::function<double(double)>& attainable,
                    const std::string& what) {
  const auto n = static_cast<std::int64_t>(p_values.size());
  for (const double level : kLevels) {
    const double size = attainable(level);
    if (size <= 0) continue;
    EXPECT_GT(BinomialUpperTail(n - Rejections(p_values, level), n, 1 - size), kChance)
        << what << " below level " << level;
  }
}

enum class Shape { kNormal, kCauchy, kDiscrete, kConstant };
struct NamedShape {
  Shape shape;
  const char* name;
};
constexpr NamedShape kShapes[] = {{Shape::kNormal, "normal"},
                                  {Shape::kCauchy, "Cauchy"},
                                  {Shape::kDiscrete, "three values"},
                                  {Shape::kConstant, "constant"}};

double Draw(Shape shape, CounterRng& rng) {
  constexpr double kPi = 3.14159265358979323846;
  switch (shape) {
    case Shape::kNormal:
      return std::sqrt(-2 * std::log1p(-rng.Uniform())) * std::cos(2 * kPi * rng.Uniform());
    case Shape::kCauchy:
      return std::tan(kPi * (rng.Uniform() - 0.5));
    case Shape::kDiscrete:
      return rng.Below(3);
    case Shape::kConstant:
      break;
  }
  return 7;
}

Eigen::VectorXd DrawItems(std::int64_t n, Shape shape, CounterRng& rng) {
  Eigen::VectorXd values(n);
  for (double& value : values) value = Draw(shape, rng);
  return values;
}

// exp(-|a - b|): every difference of distributions counts.
Eigen::MatrixXd LaplaceGram(const Eigen::VectorXd& values) {
  Eigen::MatrixXd gram(values.size(), values.size());
  for (Eigen::Index j = 0; j < values.size(); ++j) gram.col(j) = (-(values.array() - values(j)).abs()).exp();
  return gram;
}

struct Design {
  std::string name;
  std::vector<Stratum> strata;
  std::uint64_t runs;
};

std::vector<Design> Designs() {
  return {{"2+2", {{2, 2}}, 20'000},
          {"2+2 in 4 strata", std::vector<Stratum>(4, {2, 2}), 20'000},
          {"1+6 and 5+1", {{1, 6}, {5, 1}}, 20'000},
          {"10+10", {{10, 10}}, 10'000},
          {"30+6 and 1+4", {{30, 6}, {1, 4}}, 8'000},
          {"2+2 in 100 strata", std::vector<Stratum>(100, {2, 2}), 1'000},
          {"100+100", {{100, 100}}, 2'000},
          {"500+500", {{500, 500}}, 150}};
}

constexpr PermutationOptions kFew = {.permutations = 199};

PermutationOptions WithSeed(PermutationOptions options, std::uint64_t seed) {
  options.seed = seed;
  return options;
}

// --- Kernels -----------------------------------------------------------------------------------------------

TEST(PermutationCalibrationTest, Mmd) {
  for (const Design& design : Designs()) {
    for (const NamedShape& shape : kShapes) {
      // The cases that cost most are run for two shapes only.
      if (design.runs < 2'000 && (shape.shape == Shape::kDiscrete || shape.shape == Shape::kConstant))
        continue;
      const Values p_values = Simulate(design.runs, [&](std::uint64_t run) {
        CounterRng rng(101, run);
        std::vector<Eigen::MatrixXd> grams;
        for (const Stratum& stratum : design.strata)
          grams.push_back(LaplaceGram(DrawItems(stratum.size(), shape.shape, rng)));
        std::vector<GramStratum> strata;
        for (std::size_t s = 0; s < grams.size(); ++s) strata.push_back({grams[s], design.strata[s]});
        return Mmd(strata, {.permutation = WithSeed(kFew, run)})->p_value;
      });
      ExpectNotAbove(p_values, "MMD, " + design.name + ", " + shape.name);
    }
  }
}

TEST(PermutationCalibrationTest, PairedKernel) {
  for (const std::int64_t pairs : {2, 5, 8, 20, 100}) {
    for (const NamedShape& shape : kShapes) {
      const Values p_values = Simulate(pairs < 100 ? 10'000 : 1'500, [&](std::uint64_t run) {
        CounterRng rng(102, run);
        // Prompts differ from each other much more than the two answers to one prompt do.
        const Eigen::VectorXd prompt = 3 * DrawItems(pairs, Shape::kNormal, rng);
        Eigen::VectorXd answers = DrawItems(2 * pairs, shape.shape, rng);
        answers.head(pairs) += prompt;
        answers.tail(pairs) += prompt;
        return PairedKernelTest(LaplaceGram(answers), {.permutation = WithSeed(kFew, run)})->p_value;
      });
      ExpectNotAbove(p_values, "paired, " + std::to_string(pairs) + " pairs, " + shape.name);
    }
  }
}

// --- Counts ------------------------------------------------------------------------------------------------

TEST(PermutationCalibrationTest, Counts) {
  for (const Design& design : Designs()) {
    for (const std::uint32_t categories : {2u, 8u, 60u}) {
      const std::uint64_t runs = std::max<std::uint64_t>(1'000, design.runs / 2);
      Values divergence, maximum;
      for (std::uint64_t run = 0; run < runs; ++run) {
        CounterRng rng(103, run);
        std::vector<CountCell> cells;
        for (const Stratum& stratum : design.strata) {
          std::vector<std::int64_t> x(categories, 0), y(categories, 0);
          // The product makes some categories rare.
          const auto draw = [&] {
            return static_cast<std::size_t>(rng.Uniform() * rng.Uniform() * static_cast<double>(categories));
          };
          for (std::int64_t i = 0; i < stratum.n_reference; ++i) ++x[draw()];
          for (std::int64_t i = 0; i < stratum.n_observed; ++i) ++y[draw()];
          cells.emplace_back(x, y);
          cells.back().AddJensenShannon(1);
          cells.back().AddStatistic([](std::size_t k, std::int64_t, std::int64_t observed) {
            return k == 0 ? static_cast<double>(observed) : 0.0;
          });
        }
        const auto test = CountPermutationTest(cells, WithSeed(kFew, run));
        ASSERT_TRUE(test.ok()) << test.status();
        divergence.push_back(test->p_values[0]);
        maximum.push_back(test->maximum_p_value);
      }
      const std::string what = ", " + design.name + ", " + std::to_string(categories) + " categories";
      ExpectNotAbove(divergence, "divergence" + what);
      ExpectNotAbove(maximum, "divergence and a share" + what);
    }
  }
}

// --- Several statistics ------------------------------------------------------------------------------------

// Differences of means of four features of 12 + 12 items.
absl::StatusOr<PermutationTestResult> FourMeans(Shape shape, const PermutationOptions& options,
                                                std::uint64_t stream, std::uint64_t run) {
  CounterRng rng(stream, run);
  const Stratum stratum{12, 12};
  Eigen::MatrixXd features(24, 4);
  for (Eigen::Index i = 0; i < features.size(); ++i) features(i) = Draw(shape, rng);
  return PermutationTest(
      {&stratum, 1}, 4,
      [&](std::size_t, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
        AccumulateMeanDifference(features, stratum, 1, labels, out);
      },
      WithSeed(options, run));
}

double Attainable(double level, double columns) {
  return std::floor(level * columns * (1 + 1e-12)) / columns;
}

TEST(PermutationCalibrationTest, MaximumOfStudentisedStatistics) {
  for (const std::int64_t permutations : {19, 20, 99, 999}) {
    for (const NamedShape& shape : kShapes) {
      Values first, maximum;
      for (std::uint64_t run = 0; run < (permutations < 999 ? 40'000u : 8'000u); ++run) {
        const auto test = FourMeans(shape.shape, {.permutations = permutations}, 104, run);
        first.push_back(test->p_values[0]);
        maximum.push_back(test->maximum_p_value);
      }
      const std::string what = ", B = " + std::to_string(permutations) + ", " + shape.name;
      ExpectNotAbove(first, "one of four means" + what);
      ExpectNotAbove(maximum, "maximum of four means" + what);
      if (shape.shape != Shape::kNormal && shape.shape != Shape::kCauchy) continue;
      const auto attainable = [&](double level) {
        return Attainable(level, static_cast<double>(permutations + 1));
      };
      ExpectNotBelow(first, attainable, "one of four means" + what);
      ExpectNotBelow(maximum, attainable, "maximum of four means" + what);
    }
  }
}

// Enumerated: with C(7, 3) relabelings of continuous data the p-value takes the values 1/35, 2/35, ...
TEST(PermutationCalibrationTest, Enumeration) {
  const Stratum stratum{4, 3};
  const Values p_values = Simulate(40'000, [&](std::uint64_t run) {
    CounterRng rng(105, run);
    const Eigen::MatrixXd features = DrawItems(7, Shape::kNormal, rng);
    const auto test = PermutationTest(
        {&stratum, 1}, 1,
        [&](std::size_t, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
          AccumulateMeanDifference(features, stratum, 1, labels, out);
        },
        kFew);
    return test->p_values[0];
  });
  ExpectNotAbove(p_values, "mean, enumerated, 4+3");
  ExpectNotBelow(
      p_values, [](double level) { return Attainable(level, 35); }, "mean, enumerated, 4+3");
}

// --- Early stopping ----------------------------------------------------------------------------------------

// For continuous data P(p <= h / l) = h / l for h <= l <= B, and P(p <= (1 + g) / (1 + B)) = (1 + g) / (1 +
// B) for g < h: T is among the h largest of l values, or among the g + 1 largest of 1 + B.
double AttainableEarly(double level, double stop_after, double permutations) {
  const double whole = Attainable(level, permutations + 1);
  const double relabeling = std::ceil(stop_after / level * (1 - 1e-12));
  if (relabeling <= permutations) return stop_after / relabeling;
  return std::min(whole, stop_after / (permutations + 1));
}

TEST(PermutationCalibrationTest, EarlyStopping) {
  struct Case {
    std::int64_t stop_after, permutations;
    std::uint64_t runs;
  };
  for (const Case& c : {Case{1, 19, 40'000}, {3, 99, 40'000}, {10, 199, 20'000}, {10, 1'999, 20'000}}) {
    for (const NamedShape& shape : kShapes) {
      Values first, maximum;
      double used = 0;
      for (std::uint64_t run = 0; run < c.runs; ++run) {
        const auto test =
            FourMeans(shape.shape, {.permutations = c.permutations, .stop_after = c.stop_after}, 106, run);
        first.push_back(test->p_values[0]);
        maximum.push_back(test->maximum_p_value);
        used += static_cast<double>(test->relabelings_used);
      }
      const std::string what = ", h = " + std::to_string(c.stop_after) +
                               ", B = " + std::to_string(c.permutations) + ", " + shape.name;
      ExpectNotAbove(first, "stopped" + what);
      ExpectNotAbove(maximum, "stopped maximum" + what);
      std::printf("    relabelings used: %.0f\n", used / static_cast<double>(c.runs));
      if (shape.shape != Shape::kNormal && shape.shape != Shape::kCauchy) continue;
      const auto attainable = [&](double level) {
        return AttainableEarly(level, static_cast<double>(c.stop_after), static_cast<double>(c.permutations));
      };
      ExpectNotBelow(first, attainable, "stopped" + what);
      ExpectNotBelow(maximum, attainable, "stopped maximum" + what);
    }
  }
}

// What the checks above would find: p-values without the +1, studentising without the observed column, and
// stopping that reports (1 + g) / (1 + l) at the first relabeling that makes it small.
TEST(PermutationCalibrationTest, TheChecksFindMistakes) {
  Values no_plus_one, peeking;
  for (std::uint64_t run = 0; run < 4'000; ++run) {
    CounterRng rng(107, run);
    const Stratum stratum{12, 12};
    const Eigen::MatrixXd features = DrawItems(24, Shape::kNormal, rng);
    const auto table =
        EvaluateRelabelings({&stratum, 1}, 1,
                            [&](std::size_t, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
                              AccumulateMeanDifference(features, stratum, 1, labels, out);
                            },
                            {.permutations = 199, .seed = run});
    double reached = 0, smallest = 1;
    for (Eigen::Index c = 1; c < 200; ++c) {
      reached += table->values(0, c) >= table->values(0, 0) ? 1 : 0;
      smallest = std::min(smallest, (1 + reached) / (1 + static_cast<double>(c)));
    }
    no_plus_one.push_back(reached / 199);
    peeking.push_back(smallest);
  }
  EXPECT_LT(BinomialUpperTail(Rejections(no_plus_one, 0.001), 4'000, 0.001), kChance);
  EXPECT_LT(BinomialUpperTail(Rejections(peeking, 0.05), 4'000, 0.05), kChance);
  EXPECT_EQ(*std::min_element(no_plus_one.begin(), no_plus_one.end()), 0);
}

}  // namespace
}  // namespace pinchbeck::stats
