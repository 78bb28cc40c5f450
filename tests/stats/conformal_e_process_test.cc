// tests/golden/make_sequential_golden.py made the expected numbers.
#include "pinchbeck/stats/conformal_e_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pinchbeck/internal/absl_strings.h"

namespace pinchbeck::stats {
namespace {

using Json = nlohmann::json;

// Hundreds of logarithms, each within a few ULP.
constexpr double kTolerance = 1e-9;

const Json& Golden() {
  static const Json golden =
      Json::parse(std::ifstream(std::string(PINCHBECK_SOURCE_DIR) + "/tests/golden/sequential.json"));
  return golden;
}

std::vector<ConformalCell> Cells(const Json& list) {
  std::vector<ConformalCell> cells;
  for (const Json& item : list) {
    ConformalCell cell;
    cell.reference_counts = item.value("reference_counts", std::vector<std::int64_t>());
    cell.reference_scores = item.value("reference_scores", std::vector<double>());
    cell.alternative_counts = item.value("alternative_counts", std::vector<std::vector<std::int64_t>>());
    cell.open = item.value("open", false);
    cells.push_back(cell);
  }
  return cells;
}

void Feed(const Json& item, const Json& step, ConformalEProcess* process) {
  const std::size_t cell = step[0];
  const bool categorical = item["cells"][cell].contains("reference_counts");
  const absl::Status status = categorical ? process->Update(cell, step[1].get<std::size_t>())
                                          : process->UpdateScore(cell, step[1].get<double>());
  ASSERT_TRUE(status.ok()) << status;
}

ConformalEProcess Make(const Json& item) {
  auto process = ConformalEProcess::Create(Cells(item["cells"]), {.seed = item["seed"]});
  EXPECT_TRUE(process.ok()) << process.status();
  return *std::move(process);
}

TEST(ConformalEProcessTest, AgreesWithAPlainImplementation) {
  ASSERT_GE(Golden()["conformal"].size(), 6u);
  for (const Json& item : Golden()["conformal"]) {
    SCOPED_TRACE(item["name"].get<std::string>());
    ConformalEProcess process = Make(item);
    for (std::size_t t = 0; t < item["stream"].size(); ++t) {
      Feed(item, item["stream"][t], &process);
      ASSERT_NEAR(process.log_wealth(), item["log_wealth"][t].get<double>(), kTolerance) << t;
    }
    EXPECT_NEAR(process.max_log_wealth(), item["max_log_wealth"].get<double>(), kTolerance);
    const auto expected = item["step_e_values"].get<std::vector<double>>();
    const std::vector<double> step = process.StepEValues();
    ASSERT_EQ(step.size(), expected.size());
    for (std::size_t c = 0; c < step.size(); ++c) EXPECT_NEAR(step[c], expected[c], kTolerance * expected[c]);
  }
}

TEST(ConformalEProcessTest, WeightsAddUpToOneAndEValuesAverageToTheFirstWealth) {
  for (const Json& item : Golden()["conformal"]) {
    ConformalEProcess process = Make(item);
    Feed(item, item["stream"][0], &process);
    const std::vector<double> weights = process.ComponentWeights(), step = process.StepEValues();
    ASSERT_EQ(weights.size(), step.size());
    double total = 0, average = 0;
    for (std::size_t c = 0; c < step.size(); ++c) {
      total += weights[c];
      average += weights[c] * step[c];
    }
    EXPECT_NEAR(total, 1, 1e-12);
    EXPECT_NEAR(std::log(average), process.log_wealth(), 1e-12);
  }
}

TEST(ConformalEProcessTest, RestartContinuesIdentically) {
  for (const Json& item : Golden()["conformal"]) {
    SCOPED_TRACE(item["name"].get<std::string>());
    ConformalEProcess whole = Make(item), first = Make(item), second = Make(item);
    const std::size_t half = item["stream"].size() / 2;
    for (std::size_t t = 0; t < item["stream"].size(); ++t) {
      Feed(item, item["stream"][t], &whole);
      Feed(item, item["stream"][t], t < half ? &first : &second);
      if (t + 1 == half) {
        ASSERT_TRUE(second.Restore(first.state()).ok());
      }
    }
    EXPECT_EQ(whole.log_wealth(), second.log_wealth());
    EXPECT_EQ(whole.max_log_wealth(), second.max_log_wealth());
    EXPECT_EQ(whole.state().weights, second.state().weights);
    EXPECT_EQ(whole.state().minus_log_p, second.state().minus_log_p);
  }
}

// The maximum is only summed up when a cheap bound allows a new one; no step may be missed.
TEST(ConformalEProcessTest, MaximumIsTheMaximumOfAllReadings) {
  for (std::uint64_t run = 0; run < 20; ++run) {
    CounterRng rng(3, run);
    std::vector<ConformalCell> cells(2);
    cells[0].reference_counts = {5, 3, 1};
    cells[0].alternative_counts = {{1, 1, 8}};
    cells[1].reference_scores = {1, 2, 3, 4, 5, 6, 7};
    auto process = ConformalEProcess::Create(cells, {.seed = run});
    double largest = 0;
    for (int t = 0; t < 200; ++t) {
      ASSERT_TRUE(process->Update(0, rng.Below(3)).ok());
      largest = std::max(largest, process->log_wealth());
      ASSERT_TRUE(process->UpdateScore(1, 8 * rng.Uniform()).ok());
      largest = std::max(largest, process->log_wealth());
      ASSERT_NEAR(process->max_log_wealth(), largest, 1e-12);
    }
  }
}

TEST(ConformalEProcessTest, FindsEverySimpleChange) {
  struct Case {
    const char* name;
    ConformalCell cell;
    std::function<double(CounterRng&)> next;
  };
  ConformalCell choices{.reference_counts = {40, 30, 20, 10, 0}}, aimed = choices, scores;
  aimed.alternative_counts = {{5, 30, 35, 30, 0}};
  for (int i = 0; i < 100; ++i) scores.reference_scores.push_back(i);
  const std::vector<Case> cases = {
      {"always the most common answer", choices, [](CounterRng&) { return 0.0; }},
      {"always a new answer", choices, [](CounterRng&) { return 4.0; }},
      {"the stored alternative", aimed, [](CounterRng& rng) { return 1.0 + rng.Below(3); }},
      {"larger scores", scores, [](CounterRng& rng) { return 40 + 100 * rng.Uniform(); }},
      {"smaller scores", scores, [](CounterRng& rng) { return 40 * rng.Uniform(); }},
      {"one constant score", scores, [](CounterRng&) { return 50.0; }},
      {"scattered scores", scores, [](CounterRng& rng) { return 400 * rng.Uniform() - 150; }}};
  for (const Case& item : cases) {
    auto process = ConformalEProcess::Create(std::vector<ConformalCell>{item.cell});
    CounterRng rng(1, 1);
    for (int t = 0; t < 300; ++t) {
      const double y = item.next(rng);
      ASSERT_TRUE((item.cell.reference_counts.empty() ? process->UpdateScore(0, y)
                                                      : process->Update(0, static_cast<std::size_t>(y)))
                      .ok());
    }
    EXPECT_LT(process->p_value(), 0.001) << item.name;
  }
}

TEST(ConformalEProcessTest, ConstantCellGivesNoEvidence) {
  auto process = ConformalEProcess::Create(std::vector<ConformalCell>{{.reference_counts = {4}}});
  for (int t = 0; t < 500; ++t) ASSERT_TRUE(process->Update(0, 0).ok());
  EXPECT_GT(process->p_value(), 0.05);
}

// Far from every double's range in wealth, still finite in logarithms.
TEST(ConformalEProcessTest, ExtremeWealthStaysFinite) {
  ConformalCell cell;
  for (int i = 0; i < 2000; ++i) cell.reference_scores.push_back(i);
  auto process = ConformalEProcess::Create(std::vector<ConformalCell>{cell}, {.bins = 2000});
  for (int t = 0; t < 4000; ++t) ASSERT_TRUE(process->UpdateScore(0, 1e300).ok());
  EXPECT_GT(process->max_log_wealth(), 1000);
  EXPECT_TRUE(std::isfinite(process->log_wealth()));
  EXPECT_GT(process->p_value(), 0);
}

TEST(ConformalEProcessTest, OrderOfReferenceScoresDoesNotMatter) {
  ConformalCell a, b;
  a.reference_scores = {3, 1, 2, 2, 2, 9};
  b.reference_scores = {2, 9, 2, 1, 2, 3};
  auto first = ConformalEProcess::Create(std::vector<ConformalCell>{a});
  auto second = ConformalEProcess::Create(std::vector<ConformalCell>{b});
  for (int t = 0; t < 50; ++t) {
    ASSERT_TRUE(first->UpdateScore(0, t % 4).ok());
    ASSERT_TRUE(second->UpdateScore(0, t % 4).ok());
  }
  EXPECT_EQ(first->log_wealth(), second->log_wealth());
}

TEST(ConformalEProcessTest, BadDesigns) {
  struct Case {
    const char* message;
    std::vector<ConformalCell> cells;
    ConformalOptions options = {};
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<Case> cases = {
      {"cells", {}},
      {"cells[0]", {{}}},
      {"cells[1]", {{.reference_counts = {1}}, {.reference_counts = {1}, .reference_scores = {1}}}},
      {"reference_counts", {{.reference_counts = {0, 0}}}},
      {"reference_counts[1]", {{.reference_counts = {1, -1}}}},
      {"reference_scores[1] is NaN", {{.reference_scores = {1, nan}}}},
      {"alternative_counts[0] has 3", {{.reference_counts = {1, 2}, .alternative_counts = {{1, 2, 3}}}}},
      {"alternative_counts[0]", {{.reference_counts = {1, 2}, .alternative_counts = {{0, 0}}}}},
      {"categorical cell", {{.alternative_counts = {{1}}, .reference_scores = {1}}}},
      {"categorical cell", {{.open = true, .reference_scores = {1}}}},
      {"exponents", {{.reference_counts = {1}}}, {.exponents = {}}},
      {"exponents", {{.reference_counts = {1}}}, {.exponents = {0.5, 1}}},
      {"exponents", {{.reference_counts = {1}}}, {.exponents = {nan}}},
      {"bins", {{.reference_scores = {1}}}, {.bins = 1}}};
  for (const Case& item : cases) {
    const auto process = ConformalEProcess::Create(item.cells, item.options);
    ASSERT_EQ(process.status().code(), absl::StatusCode::kInvalidArgument) << item.message;
    EXPECT_THAT(pinchbeck::internal::Message(process.status()), testing::HasSubstr(item.message));
  }
}

TEST(ConformalEProcessTest, BadResponsesChangeNothing) {
  auto process = ConformalEProcess::Create(std::vector<ConformalCell>{
      {.reference_counts = {1, 2}}, {.reference_scores = {1, 2}}, {.reference_counts = {1}, .open = true}});
  ASSERT_TRUE(process.ok());
  for (const absl::Status& status :
       {process->Update(3, 0), process->Update(0, 2), process->Update(1, 0), process->UpdateScore(0, 1),
        process->UpdateScore(1, std::nan("")),
        process->UpdateScore(1, std::numeric_limits<double>::infinity()), process->Update(2, 2)}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  }
  EXPECT_EQ(process->observations(), 0);
  EXPECT_TRUE(process->Update(2, 1).ok());
}

TEST(ConformalEProcessTest, BrokenStatesAreRefused) {
  const std::vector<ConformalCell> cells = {{.reference_counts = {1, 2}}, {.reference_scores = {1, 2}}};
  auto process = ConformalEProcess::Create(cells);
  ASSERT_TRUE(process->Update(0, 1).ok());
  const ConformalState intact = process->state();
  const double nan = std::nan("");
  const std::vector<std::function<void(ConformalState*)>> damages = {
      [](ConformalState* s) { s->version = 2; },
      [](ConformalState* s) { ++s->design; },
      [](ConformalState* s) { s->observations = -1; },
      [](ConformalState* s) { s->observations = 2; },
      [=](ConformalState* s) { s->max_log_wealth = nan; },
      [](ConformalState* s) { s->max_log_wealth = -1; },
      [](ConformalState* s) { s->cell_sizes.pop_back(); },
      [](ConformalState* s) { s->cell_sizes[0] = -1; },
      [](ConformalState* s) { s->cell_sizes[0] = 3; },
      [](ConformalState* s) { s->weights.push_back(1); },
      [](ConformalState* s) { s->weights[0] = 0; },
      [](ConformalState* s) { s->weights[1] = std::numeric_limits<std::int64_t>::max(); },
      [](ConformalState* s) { s->bets.clear(); },
      [](ConformalState* s) { s->bets[0] = 2; },
      [=](ConformalState* s) { s->minus_log_p[0] = nan; },
      [](ConformalState* s) { s->minus_log_complement[0] = -1; },
      [=](ConformalState* s) { s->both_ends_full[0] = nan; }};
  for (std::size_t i = 0; i < damages.size(); ++i) {
    ConformalState state = intact;
    damages[i](&state);
    EXPECT_EQ(process->Restore(state).code(), absl::StatusCode::kInvalidArgument) << i;
    EXPECT_EQ(process->state().weights, intact.weights);
  }
  EXPECT_TRUE(process->Restore(intact).ok());
  // A state of the same shape from another reference.
  auto other = ConformalEProcess::Create(
      std::vector<ConformalCell>{{.reference_counts = {2, 1}}, {.reference_scores = {1, 2}}});
  EXPECT_EQ(other->Restore(intact).code(), absl::StatusCode::kInvalidArgument);
}

// Answers come in ten pairs, equally often within each. The endpoint prefers the first of every pair: common
// and rare answers are hit alike, and only the held-out part shows the excess.
TEST(ConformalEProcessTest, AHeldOutPartLearnsWhatComesTooOften) {
  double with_total = 0, without_total = 0;
  int honest_alarms = 0;
  for (std::uint64_t run = 0; run < 40; ++run) {
    CounterRng rng(3, run);
    // The smaller of two draws: low pairs are more common.
    const auto pair = [&]() { return std::min(rng.Below(10), rng.Below(10)); };
    std::vector<std::int64_t> bag(20, 0), held_out(20, 0), all(20, 0);
    for (int i = 0; i < 800; ++i) {
      const std::size_t k = 2 * pair() + rng.Below(2);
      ++all[k];
      ++(i % 2 == 0 ? bag : held_out)[k];
    }
    const ConformalCell plain = {.reference_counts = all};
    const ConformalCell split = {.reference_counts = bag, .held_out_counts = held_out};
    ConformalEProcess without = *ConformalEProcess::Create({&plain, 1}, {.seed = run});
    ConformalEProcess with = *ConformalEProcess::Create({&split, 1}, {.seed = run});
    ConformalEProcess honest = *ConformalEProcess::Create({&split, 1}, {.seed = run});
    for (int t = 0; t < 300; ++t) {
      const std::size_t preferred = 2 * pair() + (rng.Below(10) < 1 ? 1 : 0);
      const std::size_t any = 2 * pair() + rng.Below(2);
      ASSERT_TRUE(without.Update(0, preferred).ok());
      ASSERT_TRUE(with.Update(0, preferred).ok());
      ASSERT_TRUE(honest.Update(0, any).ok());
    }
    with_total += with.max_log_wealth();
    without_total += without.max_log_wealth();
    honest_alarms += honest.max_log_wealth() >= std::log(100.0) ? 1 : 0;
  }
  EXPECT_GT(with_total, without_total);
  EXPECT_LE(honest_alarms, 4);  // Chance 1e-4 at 0.01 a run.

  const std::vector<std::int64_t> flat(10, 50);
  const std::vector<ConformalCell> split = {{.reference_counts = flat, .held_out_counts = flat}};
  ConformalEProcess with = *ConformalEProcess::Create(split);
  for (std::size_t t = 0; t < 20; ++t) ASSERT_TRUE(with.Update(0, t % 3).ok());
  ConformalEProcess restored = *ConformalEProcess::Create(split);
  ASSERT_TRUE(restored.Restore(with.state()).ok());
  ASSERT_TRUE(restored.Update(0, 1).ok());
  ASSERT_TRUE(with.Update(0, 1).ok());
  EXPECT_EQ(restored.log_wealth(), with.log_wealth());
}

TEST(ConformalEProcessTest, HeldOutCountsAreChecked) {
  ConformalCell cell = {.reference_counts = {1, 2}, .held_out_counts = {1}};
  EXPECT_FALSE(ConformalEProcess::Create({&cell, 1}).ok());
  cell.held_out_counts = {0, 0};
  EXPECT_FALSE(ConformalEProcess::Create({&cell, 1}).ok());
  cell = {.held_out_counts = {1}, .reference_scores = {0.5}};
  EXPECT_FALSE(ConformalEProcess::Create({&cell, 1}).ok());
}

}  // namespace
}  // namespace pinchbeck::stats
