// tests/golden/make_sequential_golden.py made the expected numbers.
#include "pinchbeck/stats/likelihood_ratio_e_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck::stats {
namespace {

using Json = nlohmann::json;

// Root finder of the bound (1e-12) times 40 steps, and logarithms.
constexpr double kTolerance = 1e-9;

const Json& Golden() {
  static const Json golden =
      Json::parse(std::ifstream(std::string(PINCHBECK_SOURCE_DIR) + "/tests/golden/sequential.json"));
  return golden;
}

std::vector<LikelihoodRatioCell> Cells(const Json& list) {
  std::vector<LikelihoodRatioCell> cells;
  for (const Json& item : list) {
    cells.push_back({.build_counts = item["build_counts"],
                     .bound_counts = item["bound_counts"],
                     .alternative_counts = item["alternative_counts"]});
  }
  return cells;
}

LikelihoodRatioEProcess Make(const Json& item) {
  LikelihoodRatioOptions options;
  options.tolerance = item["tolerance"];
  options.alpha_reference = item["alpha_reference"];
  options.scope = item["pooled"].get<bool>() ? BoundScope::kPooled : BoundScope::kPerCell;
  options.bound =
      item["method"] == "betting" ? MeanBoundMethod::kBetting : MeanBoundMethod::kEmpiricalBernstein;
  auto process = LikelihoodRatioEProcess::Create(Cells(item["cells"]), options);
  EXPECT_TRUE(process.ok()) << process.status();
  return *std::move(process);
}

TEST(LikelihoodRatioEProcessTest, AgreesWithAPlainImplementation) {
  ASSERT_GE(Golden()["ratio"].size(), 6u);
  for (const Json& item : Golden()["ratio"]) {
    SCOPED_TRACE(item["name"].get<std::string>());
    LikelihoodRatioEProcess process = Make(item);
    for (std::size_t t = 0; t < item["stream"].size(); ++t) {
      ASSERT_TRUE(process.Update(item["stream"][t][0], item["stream"][t][1]).ok());
      ASSERT_NEAR(process.log_wealth(), item["log_wealth"][t].get<double>(), kTolerance) << t;
    }
    EXPECT_NEAR(process.max_log_wealth(), item["max_log_wealth"].get<double>(), kTolerance);
  }
}

// Two cells with a large reference, the second uninformative.
std::vector<LikelihoodRatioCell> LargeCells() {
  return {{.build_counts = {5000, 3000, 2000},
           .bound_counts = {50000, 30000, 20000},
           .alternative_counts = {{100, 300, 600}, {480, 310, 210}}},
          {.build_counts = {500, 500}, .bound_counts = {5000, 5000}, .alternative_counts = {{50, 50}, {}}}};
}

TEST(LikelihoodRatioEProcessTest, EValuesKeepTheirBoundInTheWholeBall) {
  const double tolerance = 0.05;
  const auto cells = LargeCells();
  auto process = LikelihoodRatioEProcess::Create(cells, {.tolerance = tolerance});
  ASSERT_TRUE(process.ok());
  // The worst distribution moves `tolerance` from the smallest to the largest e-value; P is the bound part's
  // frequencies, which the confidence bound covers.
  std::vector<std::vector<double>> e;
  for (std::size_t k = 0; k < 3; ++k) {
    ASSERT_TRUE(process->Update(0, k).ok());
    e.emplace_back(process->StepEValues().begin(), process->StepEValues().end());
  }
  const std::vector<double> p = {0.5, 0.3, 0.2};
  bool bets = false;
  for (std::size_t c = 0; c < e[0].size(); ++c) {
    const double smallest = std::min({e[0][c], e[1][c], e[2][c]}),
                 largest = std::max({e[0][c], e[1][c], e[2][c]});
    const double mean = p[0] * e[0][c] + p[1] * e[1][c] + p[2] * e[2][c] + tolerance * (largest - smallest);
    EXPECT_LE(mean, 1 + 1e-12) << c;
    bets = bets || largest > 1;
  }
  EXPECT_TRUE(bets);
}

TEST(LikelihoodRatioEProcessTest, GrowthConditionAndToleratedShareAgree) {
  const auto cells = LargeCells();
  // Total variation between the tables of the first alternative: 0.4 in the first cell, 0 in the second.
  EXPECT_NEAR(*LargestToleratedShare(cells, 0, 0.1), 0.25, 1e-12);
  EXPECT_EQ(*LargestToleratedShare(cells, 0, 0.5), 1);
  EXPECT_EQ(*LargestToleratedShare(cells, 0, 0), 0);
  auto process = LikelihoodRatioEProcess::Create(cells, {.tolerance = 0.1});
  EXPECT_LE(*process->ExpectedGrowth(0, 0.25), 0);
  EXPECT_LE(*process->ExpectedGrowth(0, 0), 0);
  EXPECT_GT(*process->ExpectedGrowth(0, 0.5), 0);
  EXPECT_GT(*process->ExpectedGrowth(0, 1), *process->ExpectedGrowth(0, 0.5));
}

// METHODS 10: tolerance charged on every observation, so that longer audits get weaker. Here a longer audit
// is the stronger one; curves over many runs: tests/stats/calibration/e_process_power_test.cc.
TEST(LikelihoodRatioEProcessTest, ToleranceChargedOnEveryObservationDoesNotMakeLongerAuditsWeaker) {
  auto process = LikelihoodRatioEProcess::Create(LargeCells(), {.tolerance = 0.02});
  const double growth = *process->ExpectedGrowth(0, 0.2);
  ASSERT_GT(growth, 0);
  // A fifth of the first alternative: (.42, .3, .28) in the first cell.
  CounterRng rng(1, 1);
  double last = 0;
  for (int t = 1; t <= 40000; ++t) {
    if (t % 2 == 0) {
      ASSERT_TRUE(process->Update(1, rng.Below(2)).ok());
    } else {
      const double u = rng.Uniform();
      ASSERT_TRUE(process->Update(0, u < 0.42 ? 0 : u < 0.72 ? 1 : 2).ok());
    }
    if (t % 10000 == 0) {
      EXPECT_GT(process->log_wealth(), last) << t;
      last = process->log_wealth();
    }
  }
  EXPECT_NEAR(last / 40000, growth, 0.3 * growth);
}

TEST(LikelihoodRatioEProcessTest, LevelOfTheReferenceIsReported) {
  auto process = LikelihoodRatioEProcess::Create(LargeCells(), {.alpha_reference = 0.02});
  EXPECT_NEAR(*process->FalseAlarmBound(0.05), 0.07, 1e-15);
  EXPECT_EQ(process->FalseAlarmBound(0).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(process->p_value(), 1);
  for (int t = 0; t < 200; ++t) ASSERT_TRUE(process->Update(0, 2).ok());
  EXPECT_GE(process->p_value(), 0.02);
  EXPECT_LT(process->p_value(), 0.0201);
}

TEST(LikelihoodRatioEProcessTest, RoundsAreReadAtTheirEndOnly) {
  auto process =
      LikelihoodRatioEProcess::Create(LargeCells(), {.scope = BoundScope::kPooled, .round_length = 4});
  for (int t = 0; t < 3; ++t) {
    ASSERT_TRUE(process->Update(0, 2).ok());
    EXPECT_EQ(process->max_log_wealth(), 0);
  }
  ASSERT_TRUE(process->Update(0, 2).ok());
  EXPECT_EQ(process->max_log_wealth(), process->log_wealth());
  EXPECT_GT(process->max_log_wealth(), 0);
}

TEST(LikelihoodRatioEProcessTest, AlternativeEqualToTheReferenceIsNotBetOn) {
  auto process = LikelihoodRatioEProcess::Create(std::vector<LikelihoodRatioCell>{
      {.build_counts = {60, 40}, .bound_counts = {600, 400}, .alternative_counts = {{60, 40}}}});
  for (int t = 0; t < 50; ++t) ASSERT_TRUE(process->Update(0, 1).ok());
  EXPECT_EQ(process->log_wealth(), 0);
}

TEST(LikelihoodRatioEProcessTest, RestartContinuesIdentically) {
  for (const Json& item : Golden()["ratio"]) {
    LikelihoodRatioEProcess whole = Make(item), first = Make(item), second = Make(item);
    for (std::size_t t = 0; t < 40; ++t) {
      const auto& step = item["stream"][t];
      ASSERT_TRUE(whole.Update(step[0], step[1]).ok());
      ASSERT_TRUE((t < 17 ? first : second).Update(step[0], step[1]).ok());
      if (t == 16) {
        ASSERT_TRUE(second.Restore(first.state()).ok());
      }
    }
    EXPECT_EQ(whole.state().log_wealth, second.state().log_wealth);
    EXPECT_EQ(whole.max_log_wealth(), second.max_log_wealth());
  }
}

TEST(LikelihoodRatioEProcessTest, BrokenStatesAreRefused) {
  auto process = LikelihoodRatioEProcess::Create(LargeCells());
  const LikelihoodRatioState intact = process->state();
  const std::vector<std::function<void(LikelihoodRatioState*)>> damages = {
      [](auto* s) { s->version = 0; },
      [](auto* s) { ++s->design; },
      [](auto* s) { s->observations = -1; },
      [](auto* s) { s->max_log_wealth = -1; },
      [](auto* s) { s->max_log_wealth = std::nan(""); },
      [](auto* s) { s->log_wealth.pop_back(); },
      [](auto* s) { s->log_wealth[0] = std::nan(""); }};
  for (std::size_t i = 0; i < damages.size(); ++i) {
    LikelihoodRatioState state = intact;
    damages[i](&state);
    EXPECT_EQ(process->Restore(state).code(), absl::StatusCode::kInvalidArgument) << i;
  }
  EXPECT_TRUE(process->Restore(intact).ok());
  auto other = LikelihoodRatioEProcess::Create(LargeCells(), {.tolerance = 0.01});
  EXPECT_EQ(other->Restore(intact).code(), absl::StatusCode::kInvalidArgument);
}

TEST(LikelihoodRatioEProcessTest, BadDesigns) {
  struct Case {
    const char* message;
    std::vector<LikelihoodRatioCell> cells;
    LikelihoodRatioOptions options = {};
  };
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  const LikelihoodRatioCell good{{2, 1}, {3, 4}, {{1, 5}}};
  const std::vector<Case> cases = {{"cells", {}},
                                   {"no alternative", {{{2, 1}, {3, 4}}}},
                                   {"build_counts", {{{0, 0}, {3, 4}, {{1, 5}}}}},
                                   {"bound_counts", {{{2, 1}, {0, 0}, {{1, 5}}}}},
                                   {"bound_counts has 3", {{{2, 1}, {1, 1, 1}, {{1, 5}}}}},
                                   {"build_counts[0]", {{{-2, 1}, {1, 1}, {{1, 5}}}}},
                                   {"alternative_counts[0] has 3", {{{2, 1}, {3, 4}, {{1, 5, 1}}}}},
                                   {"alternative_counts[0]", {{{2, 1}, {3, 4}, {{0, 0}}}}},
                                   {"tolerance", {good}, {.tolerance = -0.1}},
                                   {"tolerance", {good}, {.tolerance = 1}},
                                   {"tolerance", {good}, {.tolerance = nan}},
                                   {"alpha_reference", {good}, {.alpha_reference = 0}},
                                   {"alpha_reference", {good}, {.alpha_reference = 1}},
                                   {"fractions", {good}, {.fractions = {}}},
                                   {"fractions", {good}, {.fractions = {0.5, 0}}},
                                   {"fractions", {good}, {.fractions = {1.5}}},
                                   {"cap", {good}, {.cap = 1}},
                                   {"cap", {good}, {.cap = infinity}},
                                   {"cell_weights", {good}, {.cell_weights = {1, 1}}},
                                   {"cell_weights", {good}, {.cell_weights = {0}}},
                                   {"round_length", {good}, {.round_length = 0}}};
  for (const Case& item : cases) {
    const auto process = LikelihoodRatioEProcess::Create(item.cells, item.options);
    ASSERT_EQ(process.status().code(), absl::StatusCode::kInvalidArgument) << item.message;
    EXPECT_THAT(pinchbeck::internal::Message(process.status()), testing::HasSubstr(item.message));
  }
}

TEST(LikelihoodRatioEProcessTest, BadCallsChangeNothing) {
  auto process = LikelihoodRatioEProcess::Create(LargeCells());
  EXPECT_EQ(process->Update(2, 0).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(process->Update(1, 2).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(process->observations(), 0);
  EXPECT_EQ(process->ExpectedGrowth(2, 0.5).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(process->ExpectedGrowth(0, 1.5).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(LargestToleratedShare(LargeCells(), 2, 0.1).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(LargestToleratedShare(LargeCells(), 0, 1).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(LargestToleratedShare({}, 0, 0.1).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace pinchbeck::stats
