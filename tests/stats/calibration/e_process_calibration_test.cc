// The guarantees of the sequential tests, measured: conformal p-values are uniform and independent;
// e-processes cross 1/alpha at most alpha of the time over 10,000 runs of 5,000 steps, with the finite
// reference drawn anew in every run; e-detectors run 1/alpha on average to a false alarm. Seeds are fixed.
// Each of the about 70 checks of a correct method would fail with chance at most 1e-9 for another seed, so
// the file with 1e-7. The last checks of each kind show that the measurement can fail.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pinchbeck/stats/change_detection.h"
#include "pinchbeck/stats/conformal_e_process.h"
#include "pinchbeck/stats/likelihood_ratio_e_process.h"
#include "pinchbeck/stats/special_functions.h"
#include "tests/exact_binomial.h"

namespace pinchbeck::stats {
namespace {

constexpr double kFailureChance = 1e-9;
constexpr std::array<double, 3> kLevels = {0.05, 0.01, 0.001};

// Shares of runs whose largest wealth reached 1/alpha.
void ExpectCrossingsHold(const std::vector<double>& max_log_wealth, double alpha_reference,
                         const std::string& what) {
  const auto n = static_cast<std::int64_t>(max_log_wealth.size());
  for (const double alpha : kLevels) {
    std::int64_t crossed = 0;
    for (const double wealth : max_log_wealth) crossed += wealth >= -std::log(alpha) ? 1 : 0;
    std::printf("%-62s 1/alpha %5.0f: %4lld of %lld\n", what.c_str(), 1 / alpha,
                static_cast<long long>(crossed), static_cast<long long>(n));
    EXPECT_GT(pinchbeck::BinomialUpperTail(crossed, n, alpha + alpha_reference), kFailureChance)
        << what << " at alpha " << alpha;
  }
}

double ShareCrossing(const std::vector<double>& max_log_wealth, double alpha) {
  double crossed = 0;
  for (const double wealth : max_log_wealth) crossed += wealth >= -std::log(alpha) ? 1 : 0;
  return crossed / static_cast<double>(max_log_wealth.size());
}

// ---- Conformal e-process

enum class Kind { kFixedCategories, kOpenCategories, kContinuous, kTiedScores };

struct CellDesign {
  Kind kind;
  std::int64_t n_reference;
  std::uint32_t categories;  // distinct answers or score values; 0: all distinct
};

struct ConformalDesign {
  const char* name;
  std::vector<CellDesign> cells;
  std::size_t alternatives = 0;
  std::int64_t steps = 5000;
  std::int64_t runs = 10000;
};

// Squaring makes some answers rare.
std::uint32_t DrawAnswer(CounterRng& rng, std::uint32_t categories) {
  const std::uint64_t square = std::uint64_t{rng.Below(1u << 16)} * rng.Below(1u << 16);
  return static_cast<std::uint32_t>((square * categories) >> 32);
}

// One honest run.
class HonestRun {
 public:
  HonestRun(const ConformalDesign& design, std::uint64_t seed) : design_(design), rng_(seed, 77) {
    std::vector<ConformalCell> cells;
    for (std::size_t i = 0; i < design.cells.size(); ++i) cells.push_back(MakeCell(i));
    auto created = ConformalEProcess::Create(cells, {.seed = MixSeed(seed, 1)});
    EXPECT_TRUE(created.ok()) << created.status();
    process_.emplace(*std::move(created));
  }

  ConformalEProcess& process() { return *process_; }

  void Step() {
    const auto count = static_cast<std::uint32_t>(design_.cells.size());
    // The next cell depends on the past: stay while winning.
    if (count > 1 && !(process_->max_log_wealth() > best_)) cell_ = rng_.Below(count);
    best_ = process_->max_log_wealth();
    const CellDesign& cell = design_.cells[cell_];
    const absl::Status status = Categorical(cell.kind) ? process_->Update(cell_, Category(cell_))
                                                       : process_->UpdateScore(cell_, Score(cell));
    EXPECT_TRUE(status.ok()) << status;
  }

 private:
  static bool Categorical(Kind kind) {
    return kind == Kind::kFixedCategories || kind == Kind::kOpenCategories;
  }

  double Score(const CellDesign& cell) {
    return cell.kind == Kind::kContinuous ? rng_.Uniform() : 1.0 * DrawAnswer(rng_, cell.categories);
  }

  std::size_t Category(std::size_t i) {
    const CellDesign& cell = design_.cells[i];
    const std::uint32_t answer = cell.categories > 0 ? DrawAnswer(rng_, cell.categories) : next_distinct_++;
    if (cell.kind == Kind::kFixedCategories) return answer;
    return names_[i].emplace(answer, names_[i].size()).first->second;
  }

  ConformalCell MakeCell(std::size_t i) {
    const CellDesign& design = design_.cells[i];
    ConformalCell cell;
    if (!Categorical(design.kind)) {
      for (std::int64_t r = 0; r < design.n_reference; ++r) cell.reference_scores.push_back(Score(design));
      return cell;
    }
    cell.open = design.kind == Kind::kOpenCategories;
    if (!cell.open) cell.reference_counts.resize(design.categories, 0);
    for (std::int64_t r = 0; r < design.n_reference; ++r) {
      const std::size_t k = Category(i);
      if (k >= cell.reference_counts.size()) cell.reference_counts.resize(k + 1, 0);
      ++cell.reference_counts[k];
    }
    for (std::size_t j = 0; j < design_.alternatives; ++j) {
      std::vector<std::int64_t> counts(cell.reference_counts.size(), 0);
      for (int r = 0; r < 30; ++r) ++counts[rng_.Below(static_cast<std::uint32_t>(counts.size()))];
      cell.alternative_counts.push_back(counts);
    }
    return cell;
  }

  const ConformalDesign& design_;
  CounterRng rng_;
  std::map<std::size_t, std::map<std::uint32_t, std::size_t>> names_;
  std::uint32_t next_distinct_ = 0;
  std::optional<ConformalEProcess> process_;
  std::size_t cell_ = 0;
  double best_ = 0;
};

TEST(ConformalCalibrationTest, CrossingRates) {
  const std::vector<ConformalDesign> designs = {
      {"continuous, m = 10", {{Kind::kContinuous, 10, 0}}},
      {"continuous, m = 1", {{Kind::kContinuous, 1, 0}}, 0, 1000, 4000},
      {"scores with 3 values, 2 cells, m = 30", {{Kind::kTiedScores, 30, 3}, {Kind::kTiedScores, 30, 3}}},
      {"4 categories, m = 5", {{Kind::kFixedCategories, 5, 4}}, 0, 1000, 4000},
      {"one category", {{Kind::kFixedCategories, 3, 1}}, 0, 1000, 4000},
      {"open cell, 40 answers, m = 10", {{Kind::kOpenCategories, 10, 40}}, 0, 1000, 4000},
      {"6 cells, 2 alternatives, m = 2 .. 50",
       {{Kind::kFixedCategories, 2, 3},
        {Kind::kFixedCategories, 10, 6},
        {Kind::kFixedCategories, 25, 12},
        {Kind::kFixedCategories, 50, 2},
        {Kind::kFixedCategories, 20, 5},
        {Kind::kFixedCategories, 5, 8}},
       2},
      {"categorical, open and continuous cells",
       {{Kind::kFixedCategories, 20, 5},
        {Kind::kContinuous, 20, 0},
        {Kind::kTiedScores, 7, 4},
        {Kind::kOpenCategories, 15, 12}}},
      {"open cell, all answers distinct, 400 steps", {{Kind::kOpenCategories, 10, 0}}, 0, 400, 2000}};
  for (const ConformalDesign& design : designs) {
    std::vector<double> wealth;
    for (std::int64_t run = 0; run < design.runs; ++run) {
      HonestRun honest(design, static_cast<std::uint64_t>(run));
      for (std::int64_t t = 0; t < design.steps; ++t) honest.Step();
      wealth.push_back(honest.process().max_log_wealth());
    }
    ExpectCrossingsHold(wealth, 0, std::string("conformal, ") + design.name);
  }
}

// Given the bag a p-value is not uniform: who asks the cells with the most varied references accuses honest
// endpoints. Asking all cells in turn holds the level.
TEST(ConformalCalibrationTest, CellsChosenByTheReferenceBreakTheLevel) {
  constexpr int kRuns = 400, kSteps = 500;
  constexpr std::uint32_t kCells = 200, kReference = 10;
  std::int64_t crossed[2] = {0, 0};
  for (int run = 0; run < kRuns; ++run) {
    CounterRng rng(501, static_cast<std::uint64_t>(run));
    std::vector<ConformalCell> cells(kCells);
    std::vector<std::size_t> varied;
    for (std::size_t i = 0; i < kCells; ++i) {
      cells[i].reference_counts = {0, 0};
      for (std::uint32_t r = 0; r < kReference; ++r) ++cells[i].reference_counts[rng.Below(2)];
      if (cells[i].reference_counts[0] == kReference / 2) varied.push_back(i);
    }
    for (const bool chosen : {false, true}) {
      auto process = ConformalEProcess::Create(cells, {.seed = static_cast<std::uint64_t>(run)});
      ASSERT_TRUE(process.ok());
      for (std::size_t t = 0; t < kSteps; ++t) {
        ASSERT_TRUE(
            process->Update(chosen ? varied[t % (varied.size() / 2)] : t % kCells, rng.Below(2)).ok());
      }
      crossed[chosen ? 1 : 0] += process->max_log_wealth() >= std::log(20.0) ? 1 : 0;
    }
  }
  std::printf("conformal, 1/alpha 20: cells in turn %lld, those with varied references %lld of %d\n",
              static_cast<long long>(crossed[0]), static_cast<long long>(crossed[1]), kRuns);
  EXPECT_GT(pinchbeck::BinomialUpperTail(crossed[0], kRuns, 0.05), kFailureChance);
  EXPECT_LT(pinchbeck::BinomialUpperTail(crossed[1], kRuns, 0.05), kFailureChance);
}

// The exact statement behind: p-values are uniform, and neighbours are independent.
TEST(ConformalCalibrationTest, PValuesAreUniformAndIndependent) {
  constexpr int kBins = 10;
  const auto check = [](const char* name, const std::function<std::vector<double>(std::uint64_t)>& stream) {
    std::array<double, kBins * kBins> pairs{};
    constexpr int kRuns = 40000;
    for (std::uint64_t run = 0; run < kRuns; ++run) {
      const std::vector<double> p = stream(run);
      const auto bin = [&](double value) { return static_cast<std::size_t>(value * kBins); };
      ++pairs[bin(p[0]) * kBins + bin(p[1])];
    }
    double chi_square = 0;
    constexpr double kExpected = 1.0 * kRuns / (kBins * kBins);
    for (const double count : pairs) chi_square += (count - kExpected) * (count - kExpected) / kExpected;
    std::printf("%-40s chi-square %.1f on 99 degrees\n", name, chi_square);
    EXPECT_GT(ChiSquareUpperTail(chi_square, 99), kFailureChance) << name;
  };
  const auto continuous = [](bool tied, bool outer) {
    return [=](std::uint64_t run) {
      CounterRng rng(5, run);
      const auto draw = [&] { return tied ? 1.0 * rng.Below(3) : rng.Uniform(); };
      ConformalCell cell;
      for (int i = 0; i < 7; ++i) cell.reference_scores.push_back(draw());
      auto state = internal::ConformalCellState::Continuous(cell, "cell", 5, CounterRng(6, run));
      std::vector<double> p;
      for (int t = 0; t < 2; ++t) {
        const std::size_t bin = state->BinOf(draw(), rng.Uniform());
        const double u = rng.Uniform();
        p.push_back(outer ? state->OuterPValue(bin, u).p : state->OrderPValue(bin, u).p);
        state->Add(bin);
      }
      return p;
    };
  };
  check("order, continuous", continuous(false, false));
  check("order, tied", continuous(true, false));
  check("distance from the middle, continuous", continuous(false, true));
  check("distance from the middle, tied", continuous(true, true));
  for (const bool alternative : {false, true}) {
    check(alternative ? "alternative" : "rareness", [=](std::uint64_t run) {
      CounterRng rng(7, run);
      ConformalCell cell{.reference_counts = {0, 0, 0, 0}, .alternative_counts = {{5, 0, 3, 9}}};
      for (int i = 0; i < 6; ++i) ++cell.reference_counts[DrawAnswer(rng, 4)];
      auto state = internal::ConformalCellState::Categorical(cell, "cell");
      std::vector<double> p;
      for (int t = 0; t < 2; ++t) {
        const std::size_t k = DrawAnswer(rng, 4);
        const double u = rng.Uniform();
        state->Add(k);
        p.push_back(alternative ? state->AlternativePValue(0, k, u).p : state->FrequencyPValue(k, u).p);
      }
      return p;
    });
  }
}

// Lumping "what the reference never said" into one category looks harmless and rejects every honest endpoint
// with varied answers; this is why open cells exist, and shows that the crossing check can fail.
TEST(ConformalCalibrationTest, UnseenAnswersMustNotShareACategory) {
  std::vector<std::int64_t> counts(61, 1);
  counts.back() = 0;
  std::vector<double> wealth;
  for (std::uint64_t run = 0; run < 200; ++run) {
    auto process =
        ConformalEProcess::Create(std::vector<ConformalCell>{{.reference_counts = counts}}, {.seed = run});
    ASSERT_TRUE(process.ok());
    // Every answer is new, as every reference answer was.
    for (int t = 0; t < 300; ++t) ASSERT_TRUE(process->Update(0, 60).ok());
    wealth.push_back(process->max_log_wealth());
  }
  EXPECT_GT(ShareCrossing(wealth, 0.05), 0.5);
}

// ---- Likelihood-ratio e-process

struct RatioDesign {
  const char* name;
  std::size_t cells;
  std::int64_t n_build;
  std::int64_t n_bound;
  LikelihoodRatioOptions options;
  // Distance of the served distribution from P, towards the alternative.
  double drift = 0;
  std::int64_t runs = 10000;
};

// P and alternative of a cell; the first category is common, the last rare.
using Distribution = std::array<double, 5>;
constexpr Distribution kClaimed = {0.5, 0.25, 0.15, 0.08, 0.02};
constexpr Distribution kSubstitute = {0.2, 0.15, 0.2, 0.25, 0.2};  // total variation 0.4 from kClaimed

std::size_t Draw(CounterRng& rng, const Distribution& distribution) {
  const double u = 0x1.0p-32 * rng.Next32();
  double sum = 0;
  for (std::size_t k = 0; k + 1 < distribution.size(); ++k) {
    sum += distribution[k];
    if (u < sum) return k;
  }
  return distribution.size() - 1;
}

Distribution Mixture(double share) {
  Distribution result{};
  for (std::size_t k = 0; k < result.size(); ++k)
    result[k] = (1 - share) * kClaimed[k] + share * kSubstitute[k];
  return result;
}

std::vector<std::int64_t> DrawCounts(CounterRng& rng, const Distribution& distribution, std::int64_t n) {
  std::vector<std::int64_t> counts(distribution.size(), 0);
  for (std::int64_t i = 0; i < n; ++i) ++counts[Draw(rng, distribution)];
  return counts;
}

// The build part's frequencies, as if a million times as many responses had shown them.
std::vector<std::int64_t> TakenAsExact(std::vector<std::int64_t> counts) {
  for (std::int64_t& count : counts) count *= 1000000;
  return counts;
}

// n_bound = 0: no bound part, the build part is taken as exact.
std::vector<LikelihoodRatioCell> DrawCells(CounterRng& rng, std::size_t cells, std::int64_t n_build,
                                           std::int64_t n_bound) {
  std::vector<LikelihoodRatioCell> result;
  for (std::size_t i = 0; i < cells; ++i) {
    const std::vector<std::int64_t> build = DrawCounts(rng, kClaimed, n_build);
    result.push_back({.build_counts = build,
                      .bound_counts = n_bound > 0 ? DrawCounts(rng, kClaimed, n_bound) : TakenAsExact(build),
                      .alternative_counts = {{40, 30, 40, 50, 40}, {5, 10, 15, 20, 50}}});
  }
  return result;
}

std::vector<double> RatioRuns(const RatioDesign& design) {
  const Distribution served = Mixture(design.drift / 0.4);
  std::vector<double> wealth;
  for (std::int64_t run = 0; run < design.runs; ++run) {
    CounterRng rng(21, static_cast<std::uint64_t>(run));
    auto process = LikelihoodRatioEProcess::Create(
        DrawCells(rng, design.cells, design.n_build, design.n_bound), design.options);
    EXPECT_TRUE(process.ok()) << process.status();
    const bool rounds = design.options.round_length > 1;
    for (std::size_t t = 0; t < 5000; ++t) {
      const std::size_t cell =
          rounds ? t % design.cells : rng.Below(static_cast<std::uint32_t>(design.cells));
      EXPECT_TRUE(process->Update(cell, Draw(rng, served)).ok());
    }
    wealth.push_back(process->max_log_wealth());
  }
  return wealth;
}

TEST(LikelihoodRatioCalibrationTest, CrossingRates) {
  const auto options = [](double tolerance, BoundScope scope,
                          MeanBoundMethod bound = MeanBoundMethod::kBetting, std::int64_t round_length = 1) {
    return LikelihoodRatioOptions{
        .tolerance = tolerance, .bound = bound, .scope = scope, .round_length = round_length};
  };
  const std::vector<RatioDesign> designs = {
      {"1 cell, 200 + 2000", 1, 200, 2000, options(0, BoundScope::kPerCell)},
      {"1 cell, 200 + 2000, Bernstein", 1, 200, 2000,
       options(0, BoundScope::kPerCell, MeanBoundMethod::kEmpiricalBernstein)},
      {"1 cell, 3 + 1", 1, 3, 1, options(0, BoundScope::kPerCell)},
      {"2 cells, 100 + 500, drift = tolerance .05", 2, 100, 500, options(0.05, BoundScope::kPerCell), 0.05},
      {"12 cells, 20 + 60, pooled", 12, 20, 60, options(0, BoundScope::kPooled)},
      {"12 cells, 20 + 60, pooled, drift = tolerance .02", 12, 20, 60, options(0.02, BoundScope::kPooled),
       0.02},
      {"12 cells, 20 + 60, pooled, complete rounds", 12, 20, 60,
       options(0, BoundScope::kPooled, MeanBoundMethod::kBetting, 12)}};
  for (const RatioDesign& design : designs) {
    ExpectCrossingsHold(RatioRuns(design), 0.01, std::string("ratio, ") + design.name);
  }
}

// METHODS 10: treating the reference as known exactly. The same 200 responses without a bound part.
TEST(LikelihoodRatioCalibrationTest, TreatingTheReferenceAsKnownExactlyWouldExceedTheLevel) {
  const double crossed = ShareCrossing(RatioRuns({"", 1, 200, 0, {}, 0, 1000}), 0.05);
  std::printf("reference taken as known: %.3f of runs cross 20\n", crossed);
  EXPECT_GT(crossed, 0.15);
}

TEST(LikelihoodRatioCalibrationTest, DriftWithoutToleranceIsFound) {
  EXPECT_GT(ShareCrossing(RatioRuns({"", 1, 2000, 20000, {}, 0.1, 100}), 0.05), 0.9);
}

// ---- Confidence bound and change detection

TEST(MeanBoundCalibrationTest, FailsAtMostAtItsLevel) {
  for (const MeanBoundMethod method : {MeanBoundMethod::kBetting, MeanBoundMethod::kEmpiricalBernstein}) {
    for (const std::int64_t n : {1, 5, 30, 300}) {
      std::int64_t failures = 0;
      constexpr std::int64_t kRuns = 20000;
      for (std::uint64_t run = 0; run < kRuns; ++run) {
        CounterRng rng(31, run);
        // Two strata with different means, .1 and .7 (the first with n/2 responses).
        std::vector<std::int64_t> counts(2, 0);
        const std::int64_t first = n / 2;
        for (std::int64_t i = 0; i < n; ++i) ++counts[rng.Uniform() < (i < first ? 0.1 : 0.7) ? 1 : 0];
        const double mean = (0.1 * static_cast<double>(first) + 0.7 * static_cast<double>(n - first)) /
                            static_cast<double>(n);
        const auto bound = UpperMeanBound(std::vector<double>{0, 1}, counts, 0, 1,
                                          {.method = method, .level = 0.05, .variance_guess = 0.2});
        ASSERT_TRUE(bound.ok());
        failures += *bound < mean ? 1 : 0;
      }
      std::printf("mean bound, method %d, n = %3lld: %lld of %lld fail at .05\n", static_cast<int>(method),
                  static_cast<long long>(n), static_cast<long long>(failures), static_cast<long long>(kRuns));
      EXPECT_GT(pinchbeck::BinomialUpperTail(failures, kRuns, 0.05), kFailureChance);
    }
  }
}

struct MeanRun {
  double mean = 0;
  double standard_error = 0;
};

// Runs are cut at `longest`, which can only shorten the mean.
MeanRun MeasureRuns(int runs, std::int64_t longest,
                    const std::function<std::int64_t(std::uint64_t, std::int64_t)>& run_length) {
  double sum = 0, squares = 0;
  for (int run = 0; run < runs; ++run) {
    const auto n = static_cast<double>(run_length(static_cast<std::uint64_t>(run), longest));
    sum += n;
    squares += n * n;
  }
  const double mean = sum / runs;
  return {mean, std::sqrt((squares / runs - mean * mean) / runs)};
}

TEST(ChangeDetectorCalibrationTest, MeanRunToAFalseAlarm) {
  constexpr double kAlpha = 0.01;
  const ConformalDesign design{"", {{Kind::kContinuous, 30, 0}, {Kind::kFixedCategories, 20, 5}}};
  const auto conformal = [&](std::uint64_t seed, std::int64_t longest) {
    HonestRun honest(design, seed);
    auto detector = ChangeDetector::Create(honest.process().ComponentWeights(), kAlpha);
    std::int64_t n = 0;
    do {
      honest.Step();
      EXPECT_TRUE(detector->Update(honest.process().StepEValues()).ok());
    } while (!detector->alarm() && ++n < longest);
    return n;
  };
  const auto ratio = [&](std::uint64_t seed, std::int64_t longest) {
    CounterRng rng(41, seed);
    auto process = LikelihoodRatioEProcess::Create(DrawCells(rng, 1, 200, 5000));
    auto detector = ChangeDetector::Create(process->ComponentWeights(), kAlpha);
    std::int64_t n = 0;
    do {
      EXPECT_TRUE(process->Update(0, Draw(rng, kClaimed)).ok());
      EXPECT_TRUE(detector->Update(process->StepEValues()).ok());
    } while (!detector->alarm() && ++n < longest);
    return n;
  };
  // A plain likelihood ratio with known P, for which the bound is nearly reached.
  const auto known = [&](std::uint64_t seed, std::int64_t longest) {
    CounterRng rng(42, seed);
    auto detector = ChangeDetector::Create(std::vector<double>{1}, kAlpha);
    std::int64_t n = 0;
    do {
      const double e = rng.Uniform() < 0.5 ? 1.25 : 0.75;
      EXPECT_TRUE(detector->Update(std::vector<double>{e}).ok());
    } while (!detector->alarm() && ++n < longest);
    return n;
  };
  const auto expect = [&](const char* name, const auto& run_length) {
    const MeanRun run = MeasureRuns(4000, 5000, run_length);
    std::printf("e-detector, %-30s mean run %.1f +- %.1f, guaranteed %.0f\n", name, run.mean,
                run.standard_error, 1 / kAlpha);
    // Six standard errors: chance 1e-9.
    EXPECT_GT(run.mean + 6 * run.standard_error, 1 / kAlpha) << name;
    return run.mean;
  };
  expect("conformal", conformal);
  expect("likelihood ratio", ratio);
  // Not far above either: the statistic is no weaker than it has to be.
  EXPECT_LT(expect("known two-point ratio", known), 1.5 / kAlpha);
}

}  // namespace
}  // namespace pinchbeck::stats
