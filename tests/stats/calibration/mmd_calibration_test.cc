// Under the null the kernel tests reject no more often than their levels.
//
// Every rejection count is compared with its level by a one-sided exact binomial test. Seeds are fixed; for
// another seed a correct method fails a check with chance 1e-9 at most. The file makes 3 checks in each of
// fewer than 100 cases, so it fails by itself with chance 3e-7.
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/kernels.h"
#include "pinchbeck/stats/mmd.h"
#include "tests/exact_binomial.h"

namespace pinchbeck::stats {
namespace {

constexpr double kChance = 1e-9;
constexpr double kLevels[] = {0.001, 0.01, 0.05};

enum class Shape { kTexts, kFewTexts, kGaussian, kCauchy, kConstant };
struct NamedShape {
  Shape shape;
  const char* name;
};
constexpr NamedShape kShapes[] = {{Shape::kTexts, "texts"},
                                  {Shape::kFewTexts, "three texts"},
                                  {Shape::kGaussian, "Gaussian kernel"},
                                  {Shape::kCauchy, "linear kernel, Cauchy"},
                                  {Shape::kConstant, "constant"}};

// Kernel values of independent items of one distribution.
Eigen::MatrixXd DrawTexts(std::int64_t n, bool few, CounterRng& rng) {
  constexpr std::string_view kFew[] = {"", "yes", "yellow"};
  std::vector<std::string> texts(static_cast<std::size_t>(n));
  for (std::string& text : texts) {
    if (few) {
      text = kFew[rng.Below(3)];
      continue;
    }
    text.resize(rng.Below(30));
    for (char& c : text) c = static_cast<char>('a' + rng.Below(3));
  }
  return HammingGram(std::vector<std::string_view>(texts.begin(), texts.end()), 20).value();
}

Eigen::MatrixXd DrawGram(Shape shape, std::int64_t n, CounterRng& rng) {
  if (shape == Shape::kTexts || shape == Shape::kFewTexts) {
    return DrawTexts(n, shape == Shape::kFewTexts, rng);
  }
  if (shape == Shape::kConstant) return Eigen::MatrixXd::Constant(n, n, 0.1);
  constexpr double kPi = 3.14159265358979323846;
  Eigen::MatrixXd points(n, 1);
  for (Eigen::Index i = 0; i < n; ++i) {
    points(i, 0) = shape == Shape::kCauchy ? std::tan(kPi * (rng.Uniform() - 0.5)) : rng.Uniform();
  }
  if (shape == Shape::kCauchy) return LinearGram(points).value();
  return (-4 * (points.replicate(1, n).rowwise() - points.col(0).transpose()).array().square()).exp();
}

// One p-value per run; the run's number is its seed.
void ExpectNotAbove(std::int64_t runs, const std::string& what,
                    const std::function<absl::StatusOr<TwoSampleResult>(std::uint64_t)>& run) {
  std::vector<double> p_values;
  for (std::int64_t r = 0; r < runs; ++r) {
    const auto result = run(static_cast<std::uint64_t>(r));
    ASSERT_TRUE(result.ok()) << what << ": " << result.status();
    ASSERT_GT(result->p_value, 0) << what;
    ASSERT_LE(result->p_value, 1) << what;
    p_values.push_back(result->p_value);
  }
  std::string line;
  for (const double level : kLevels) {
    std::int64_t rejected = 0;
    for (const double p : p_values) rejected += p <= level * (1 + 1e-12) ? 1 : 0;
    line += "  " + std::to_string(static_cast<double>(rejected) / static_cast<double>(runs));
    EXPECT_GT(BinomialUpperTail(rejected, runs, level), kChance) << what << " at level " << level;
  }
  std::printf("%-60s%s\n", what.c_str(), line.c_str());
}

std::int64_t Runs(std::int64_t items) { return items <= 20 ? 4000 : items <= 100 ? 2000 : 300; }

TEST(MmdCalibrationTest, OneStratum) {
  for (const Stratum& sizes :
       {Stratum{2, 2}, Stratum{1, 12}, Stratum{3, 9}, Stratum{10, 10}, Stratum{40, 25}, Stratum{250, 250}}) {
    for (const NamedShape& shape : kShapes) {
      ExpectNotAbove(Runs(sizes.size()),
                     "MMD " + std::to_string(sizes.n_reference) + "+" + std::to_string(sizes.n_observed) +
                         ", " + shape.name,
                     [&](std::uint64_t run) {
                       CounterRng rng(401, run);
                       return Mmd(DrawGram(shape.shape, sizes.size(), rng), sizes,
                                  {.permutation = {.permutations = 199, .seed = run}});
                     });
    }
  }
}

// Probes differ in their answers; only labels within a probe are exchangeable. The level .001 can be reached.
TEST(MmdCalibrationTest, SeveralStrata) {
  const std::vector<Stratum> few = {{2, 2}, {1, 3}, {3, 1}, {4, 5}}, many(40, Stratum{2, 3});
  for (const std::vector<Stratum>& sizes : {few, many}) {
    for (const NamedShape& shape : kShapes) {
      ExpectNotAbove(1000, "MMD " + std::to_string(sizes.size()) + " strata, " + shape.name,
                     [&](std::uint64_t run) {
                       CounterRng rng(402, run);
                       std::vector<Eigen::MatrixXd> grams;
                       for (const Stratum& s : sizes) grams.push_back(DrawGram(shape.shape, s.size(), rng));
                       std::vector<GramStratum> strata;
                       for (std::size_t s = 0; s < sizes.size(); ++s) {
                         strata.push_back({grams[s], sizes[s], 1 + static_cast<double>(s % 3)});
                       }
                       return Mmd(strata, {.permutation = {.permutations = 999, .seed = run}});
                     });
    }
  }
}

TEST(MmdCalibrationTest, EarlyStopping) {
  const Stratum sizes{8, 7};
  for (const NamedShape& shape : kShapes) {
    ExpectNotAbove(3000, std::string("MMD 8+7, stopped at 10, ") + shape.name, [&](std::uint64_t run) {
      CounterRng rng(403, run);
      return Mmd(DrawGram(shape.shape, sizes.size(), rng), sizes,
                 {.permutation = {.permutations = 1999, .seed = run, .stop_after = 10}});
    });
  }
}

TEST(PairedKernelCalibrationTest, EveryNumberOfPairs) {
  for (const std::int64_t k : {2, 3, 7, 12, 25, 100, 250}) {
    for (const NamedShape& shape : kShapes) {
      ExpectNotAbove(Runs(2 * k), "paired " + std::to_string(k) + ", " + shape.name, [&](std::uint64_t run) {
        CounterRng rng(404, run);
        return PairedKernelTest(DrawGram(shape.shape, 2 * k, rng),
                                {.permutation = {.permutations = 999, .seed = run}});
      });
    }
  }
}

}  // namespace
}  // namespace pinchbeck::stats
