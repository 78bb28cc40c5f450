// Coverage of the confidence intervals of effects.
//
// The Hodges-Lehmann interval is exact and must cover at its level. The others are approximate; each case
// below carries the coverage that their headers document, and the test fails when the measured one is lower.
// Seeds are fixed; for another seed a check fails by itself with chance below 1e-9 where the documented
// coverage is true, and there are fewer than 200 checks: below 2e-7 for the file.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "pinchbeck/stats/bootstrap.h"
#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/divergence.h"
#include "pinchbeck/stats/effect_size.h"
#include "pinchbeck/stats/special_functions.h"
#include "tests/exact_binomial.h"

namespace pinchbeck::stats {
namespace {

constexpr double kFailureChance = 1e-9;

using Values = std::vector<double>;
using Source = std::function<double(CounterRng&)>;

double Open(CounterRng& rng) { return (rng.Next32() + 0.5) * 0x1p-32; }
double Normal(CounterRng& rng) { return NormalQuantile(Open(rng)); }
double Cauchy(CounterRng& rng) { return std::tan(3.141592653589793 * (Open(rng) - 0.5)); }
double Exponential(CounterRng& rng) { return -std::log(Open(rng)); }
double FewValues(CounterRng& rng) { return std::floor(2 * std::abs(Normal(rng))); }

Values Draw(const Source& source, int size, CounterRng& rng) {
  Values values;
  for (int i = 0; i < size; ++i) values.push_back(source(rng));
  return values;
}

struct Coverage {
  std::int64_t runs = 0;
  std::int64_t below = 0;  // the truth lies below the interval
  std::int64_t above = 0;
  void Count(const EffectEstimate& estimate, double truth) {
    ++runs;
    below += truth < estimate.low - 1e-12;
    above += truth > estimate.high + 1e-12;
  }
  void ExpectAtLeast(double coverage, const std::string& what) const {
    const double n = static_cast<double>(runs);
    std::printf("%-58s covered %.4f (truth below %.4f, above %.4f), documented %.3f\n", what.c_str(),
                1 - static_cast<double>(below + above) / n, static_cast<double>(below) / n,
                static_cast<double>(above) / n, coverage);
    EXPECT_GT(pinchbeck::BinomialUpperTail(below + above, runs, 1 - coverage), kFailureChance) << what;
  }
};

std::string Sizes(int m, int n) { return std::to_string(m) + "+" + std::to_string(n); }

TEST(IntervalCalibrationTest, HodgesLehmannCoversAtItsLevel) {
  const struct {
    const char* name;
    Source source;
  } sources[] = {
      {"normal", Normal}, {"Cauchy", Cauchy}, {"exponential", Exponential}, {"few values", FewValues}};
  const int sizes[][2] = {{4, 4}, {3, 9}, {1, 60}, {20, 13}, {60, 40}, {170, 150}};
  for (const auto& [name, source] : sources) {
    for (const auto& [m, n] : sizes) {
      const int runs = m + n < 90 ? 4000 : 500;
      for (const double level : {0.9, 0.95, 0.99}) {
        Coverage coverage;
        for (int run = 0; run < runs; ++run) {
          CounterRng rng(31, static_cast<std::uint64_t>(run));
          Values x = Draw(source, m, rng), y = Draw(source, n, rng);
          for (double& value : y) value += 3;
          coverage.Count(*HodgesLehmannShift(x, y, {.confidence = level}), 3);
        }
        const auto what = std::string("shift, ") + name + " " + Sizes(m, n) + " at " + std::to_string(level);
        coverage.ExpectAtLeast(level, what);
        // Where the null distribution is continuous the coverage is attained, not exceeded.
        const auto rank = pinchbeck::stats::internal::FindShiftRank(m, n, level);
        if (source.target_type() != Source(FewValues).target_type() && rank.exact &&
            std::string(name) != "few values") {
          const double miss =
              rank.rank > 0 ? 2 * pinchbeck::stats::internal::MannWhitneyLowerTail(rank.rank - 1, m, n) : 0;
          EXPECT_GT(
              1 - pinchbeck::BinomialUpperTail(coverage.below + coverage.above + 1, coverage.runs, miss),
              kFailureChance)
              << what;
        }
      }
    }
  }
}

TEST(IntervalCalibrationTest, ProbabilityOfSuperiority) {
  struct Case {
    const char* name;
    int m, n;
    Source reference, observed;
    double truth;
    double documented;
  };
  const Source shifted = [](CounterRng& rng) { return Normal(rng) + 1; };
  const Source far = [](CounterRng& rng) { return Normal(rng) + 2.5; };
  const Source wide = [](CounterRng& rng) { return 4 * Normal(rng); };
  const Source longer = [](CounterRng& rng) { return 3 * Exponential(rng); };
  const double one = 1 - NormalUpperTail(1 / std::sqrt(2.0)), two = 1 - NormalUpperTail(2.5 / std::sqrt(2.0));
  const std::vector<Case> cases = {{"normal, equal", 5, 5, Normal, Normal, 0.5, 0.94},
                                   {"normal, equal", 25, 25, Normal, Normal, 0.5, 0.94},
                                   {"normal, equal", 10, 50, Normal, Normal, 0.5, 0.95},
                                   {"normal, equal", 200, 200, Normal, Normal, 0.5, 0.94},
                                   {"normal, shift 1", 5, 5, Normal, shifted, one, 0.95},
                                   {"normal, shift 1", 25, 25, Normal, shifted, one, 0.95},
                                   {"normal, shift 1", 10, 50, Normal, shifted, one, 0.95},
                                   {"normal, shift 2.5", 10, 10, Normal, far, two, 0.95},
                                   {"normal, shift 2.5", 25, 25, Normal, far, two, 0.95},
                                   {"exponential, ratio 3", 25, 25, Exponential, longer, 0.75, 0.94},
                                   {"exponential, ratio 3", 10, 40, Exponential, longer, 0.75, 0.95},
                                   {"few values", 10, 10, FewValues, FewValues, 0.5, 0.95},
                                   {"few values", 50, 50, FewValues, FewValues, 0.5, 0.95},
                                   {"normal, deviation 4 times", 25, 25, Normal, wide, 0.5, 0.92},
                                   {"normal, deviation 4 times", 50, 10, Normal, wide, 0.5, 0.82},
                                   {"normal, deviation 4 times", 10, 50, Normal, wide, 0.5, 0.95}};
  for (const Case& c : cases) {
    Coverage coverage;
    for (std::uint64_t run = 0; run < 4000; ++run) {
      CounterRng rng(32, run);
      coverage.Count(*ProbabilityOfSuperiority(Draw(c.reference, c.m, rng), Draw(c.observed, c.n, rng)),
                     c.truth);
    }
    coverage.ExpectAtLeast(c.documented, std::string("superiority, ") + c.name + " " + Sizes(c.m, c.n));
  }
}

double MeanAt(const Values& values, std::span<const std::uint32_t> positions) {
  double sum = 0;
  for (const std::uint32_t position : positions) sum += values[position];
  return sum / static_cast<double>(positions.size());
}

TEST(IntervalCalibrationTest, BootstrapOfAMeanDifference) {
  struct Case {
    const char* name;
    int m, n;
    Source source;
    BootstrapMethod method;
    double documented;
  };
  constexpr auto kBca = BootstrapMethod::kBca, kPercentile = BootstrapMethod::kPercentile;
  const std::vector<Case> cases = {{"normal, BCa", 8, 8, Normal, kBca, 0.90},
                                   {"normal, BCa", 25, 25, Normal, kBca, 0.92},
                                   {"normal, BCa", 100, 100, Normal, kBca, 0.94},
                                   {"normal, percentile", 8, 8, Normal, kPercentile, 0.90},
                                   {"normal, percentile", 25, 25, Normal, kPercentile, 0.92},
                                   {"exponential, BCa", 8, 8, Exponential, kBca, 0.87},
                                   {"exponential, BCa", 25, 25, Exponential, kBca, 0.90},
                                   {"exponential, BCa", 100, 20, Exponential, kBca, 0.91},
                                   {"exponential, percentile", 100, 20, Exponential, kPercentile, 0.91}};
  for (const Case& c : cases) {
    Coverage coverage;
    for (std::uint64_t run = 0; run < 2000; ++run) {
      CounterRng rng(33, run);
      const Values x = Draw(c.source, c.m, rng), y = Draw(c.source, c.n, rng);
      const std::vector<Stratum> strata = {{c.m, c.n}};
      const auto statistic = [&](std::span<const ResampleView> views) {
        return MeanAt(y, views[0].observed) - MeanAt(x, views[0].reference);
      };
      coverage.Count(*Bootstrap(strata, statistic, {.method = c.method, .replicates = 499, .seed = run}), 0);
    }
    coverage.ExpectAtLeast(c.documented, std::string("mean difference, ") + c.name + " " + Sizes(c.m, c.n));
  }
}

// Shares of an answer.
using Shares = std::vector<double>;

std::vector<std::int64_t> DrawCounts(const Shares& shares, int size, CounterRng& rng) {
  std::vector<std::int64_t> counts(shares.size());
  for (int i = 0; i < size; ++i) {
    double rest = rng.Uniform();
    std::size_t k = 0;
    while (k + 1 < shares.size() && rest >= shares[k]) rest -= shares[k++];
    ++counts[k];
  }
  return counts;
}

TEST(IntervalCalibrationTest, Divergences) {
  const Shares a = {0.4, 0.3, 0.2, 0.1}, b = {0.2, 0.3, 0.2, 0.3}, c = {0.7, 0.1, 0.1, 0.1};
  Shares flat(30, 1.0 / 30), tilted(30, 0.4 / 30);
  for (std::size_t k = 0; k < 15; ++k) tilted[k] = 1.6 / 30;
  const struct {
    const char* name;
    const Shares& reference;
    const Shares& observed;
  } pairs[] = {{"equal", a, a}, {"near", a, b}, {"far", b, c}, {"30 answers", flat, tilted}};
  // Documented coverage: Jensen-Shannon, total variation; by pair, then by answers a side and cells.
  const struct {
    int size, cells;
    double documented[4][2];
  } designs[] = {{10, 1, {{0.95, 0.95}, {0.95, 0.95}, {0.90, 0.90}, {0.90, 0.59}}},
                 {25, 1, {{0.95, 0.95}, {0.95, 0.95}, {0.93, 0.95}, {0.95, 0.92}}},
                 {100, 1, {{0.95, 0.95}, {0.95, 0.94}, {0.93, 0.94}, {0.95, 0.95}}},
                 {10, 20, {{0.95, 0.95}, {0.95, 0.90}, {0.91, 0.81}, {0.52, 0.06}}},
                 {25, 20, {{0.95, 0.95}, {0.95, 0.95}, {0.94, 0.94}, {0.78, 0.27}}},
                 {100, 20, {{0.95, 0.95}, {0.94, 0.65}, {0.93, 0.89}, {0.93, 0.46}}}};
  for (const auto& design : designs) {
    for (std::size_t pair = 0; pair < 4; ++pair) {
      const Shares &p = pairs[pair].reference, &q = pairs[pair].observed;
      double truth[2] = {0, 0};
      for (std::size_t k = 0; k < p.size(); ++k) {
        truth[0] += pinchbeck::stats::internal::JensenShannonTerm(p[k], q[k]);
        truth[1] += pinchbeck::stats::internal::TotalVariationTerm(p[k], q[k]);
      }
      Coverage coverage[2];
      double mean[2] = {0, 0};
      const int runs = design.cells == 1 ? 1500 : 250;
      for (int run = 0; run < runs; ++run) {
        CounterRng rng(34, static_cast<std::uint64_t>(run));
        std::vector<CellCounts> cells;
        for (int s = 0; s < design.cells; ++s) {
          cells.push_back({DrawCounts(p, design.size, rng), DrawCounts(q, design.size, rng)});
        }
        const DivergenceOptions options{.replicates = 199, .seed = static_cast<std::uint64_t>(run)};
        const EffectEstimate estimates[2] = {*JensenShannonEffect(cells, options),
                                             *TotalVariationEffect(cells, options)};
        for (int kind = 0; kind < 2; ++kind) {
          coverage[kind].Count(estimates[kind], truth[kind]);
          mean[kind] += estimates[kind].value / runs;
        }
      }
      for (int kind = 0; kind < 2; ++kind) {
        char what[120];
        std::snprintf(what, sizeof what, "%s, %s, %d cells %d+%d, %.3f for %.3f", kind == 0 ? "JSD" : "TV",
                      pairs[pair].name, design.cells, design.size, design.size, mean[kind], truth[kind]);
        coverage[kind].ExpectAtLeast(design.documented[pair][kind], what);
      }
    }
  }
}

// exp(-(x - y)^2 / 2) between N(0, 1) and N(shift, 1): MMD^2 = 2 (1 - exp(-shift^2 / 6)) / sqrt(3).
TEST(IntervalCalibrationTest, Mmd) {
  struct Case {
    int m, n;
    double shift;
    double documented;
  };
  const std::vector<Case> cases = {
      {10, 10, 1, 0.87}, {25, 25, 1, 0.90}, {25, 25, 0.3, 0.88}, {100, 30, 0.5, 0.86}, {25, 25, 0, 0.89}};
  for (const Case& c : cases) {
    Coverage coverage;
    for (std::uint64_t run = 0; run < 1500; ++run) {
      CounterRng rng(35, run);
      Values pooled = Draw(Normal, c.m + c.n, rng);
      for (std::size_t i = static_cast<std::size_t>(c.m); i < pooled.size(); ++i) pooled[i] += c.shift;
      const auto size = static_cast<Eigen::Index>(pooled.size());
      GramCell cell{Eigen::MatrixXd(size, size), {c.m, c.n}};
      for (Eigen::Index i = 0; i < size; ++i) {
        for (Eigen::Index j = 0; j < size; ++j) {
          const double gap = pooled[static_cast<std::size_t>(i)] - pooled[static_cast<std::size_t>(j)];
          cell.gram(i, j) = std::exp(-gap * gap / 2);
        }
      }
      coverage.Count(*MmdEffect({&cell, 1}), 2 * (1 - std::exp(-c.shift * c.shift / 6)) / std::sqrt(3.0));
    }
    coverage.ExpectAtLeast(c.documented, "MMD^2, shift " + std::to_string(c.shift) + " " + Sizes(c.m, c.n));
  }
}

}  // namespace
}  // namespace pinchbeck::stats
