// Power of the sequential tests against fixed alternatives, compared with tests/golden/e_process_power.json.
// A power may lie below the recorded one by three standard errors of the simulation; seeds are fixed, so an
// unchanged program repeats the recorded figures.
//
// To record: PINCHBECK_RECORD_POWER=1 ./e_process_power_test   (writes the file in the source tree)
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pinchbeck/stats/change_detection.h"
#include "pinchbeck/stats/conformal_e_process.h"
#include "pinchbeck/stats/likelihood_ratio_e_process.h"

namespace pinchbeck::stats {
namespace {

using Json = nlohmann::json;
using Distribution = std::array<double, 5>;

constexpr int kRuns = 400;
constexpr double kAlpha = 0.01;
// Total variation 0.7 apart.
constexpr Distribution kClaimed = {0.5, 0.25, 0.15, 0.08, 0.02};
constexpr Distribution kSubstitute = {0.05, 0.05, 0.1, 0.3, 0.5};

std::size_t Draw(CounterRng& rng, double share) {
  const Distribution& served = rng.Uniform() < share ? kSubstitute : kClaimed;
  double u = rng.Uniform();
  std::size_t k = 0;
  while (k + 1 < served.size() && u >= served[k]) u -= served[k++];
  return k;
}

std::vector<std::int64_t> DrawCounts(CounterRng& rng, double share, std::int64_t n) {
  std::vector<std::int64_t> counts(kClaimed.size(), 0);
  for (std::int64_t i = 0; i < n; ++i) ++counts[Draw(rng, share)];
  return counts;
}

struct Curve {
  std::string name;
  std::vector<std::int64_t> n;
  std::vector<double> power;
};

// `first_alarm` simulates one run of the largest size and returns the first observation with an alarm, or 0.
Curve Measure(std::string name, std::vector<std::int64_t> n,
              const std::function<std::int64_t(std::uint64_t seed, std::int64_t longest)>& first_alarm) {
  Curve curve{std::move(name), std::move(n), {}};
  std::vector<int> alarms(curve.n.size(), 0);
  for (std::uint64_t run = 0; run < kRuns; ++run) {
    const std::int64_t alarm = first_alarm(run, curve.n.back());
    for (std::size_t i = 0; i < curve.n.size(); ++i) alarms[i] += alarm > 0 && alarm <= curve.n[i] ? 1 : 0;
  }
  for (const int count : alarms) curve.power.push_back(static_cast<double>(count) / kRuns);
  std::printf("%-64s", curve.name.c_str());
  for (std::size_t i = 0; i < curve.n.size(); ++i) {
    std::printf(" %lld: %.3f", static_cast<long long>(curve.n[i]), curve.power[i]);
  }
  std::printf("\n");
  return curve;
}

Curve ConformalCurve(const std::string& name, bool alternative, double share, std::vector<std::int64_t> n) {
  return Measure(name, std::move(n), [=](std::uint64_t seed, std::int64_t longest) -> std::int64_t {
    CounterRng rng(51, seed);
    std::vector<ConformalCell> cells(12);
    for (ConformalCell& cell : cells) {
      cell.reference_counts = DrawCounts(rng, 0, 50);
      if (alternative) cell.alternative_counts = {DrawCounts(rng, 1, 50)};
    }
    auto process = ConformalEProcess::Create(cells, {.seed = seed});
    for (std::int64_t t = 1; t <= longest; ++t) {
      EXPECT_TRUE(process->Update(static_cast<std::size_t>(t % 12), Draw(rng, share)).ok());
      if (process->max_log_wealth() >= -std::log(kAlpha)) return t;
    }
    return 0;
  });
}

Curve ContinuousCurve(double shift, std::vector<std::int64_t> n) {
  return Measure(
      "conformal, 6 continuous cells of 50, uniform shifted by 0.2", std::move(n),
      [=](std::uint64_t seed, std::int64_t longest) -> std::int64_t {
        CounterRng rng(52, seed);
        std::vector<ConformalCell> cells(6);
        for (ConformalCell& cell : cells) {
          for (int i = 0; i < 50; ++i) cell.reference_scores.push_back(rng.Uniform());
        }
        auto process = ConformalEProcess::Create(cells, {.seed = seed});
        for (std::int64_t t = 1; t <= longest; ++t) {
          EXPECT_TRUE(process->UpdateScore(static_cast<std::size_t>(t % 6), shift + rng.Uniform()).ok());
          if (process->max_log_wealth() >= -std::log(kAlpha)) return t;
        }
        return 0;
      });
}

struct RatioDesign {
  std::size_t cells;
  std::int64_t n_build, n_bound;
  LikelihoodRatioOptions options;
};

LikelihoodRatioEProcess MakeRatio(const RatioDesign& design, CounterRng& rng) {
  std::vector<LikelihoodRatioCell> cells;
  for (std::size_t i = 0; i < design.cells; ++i) {
    cells.push_back({.build_counts = DrawCounts(rng, 0, design.n_build),
                     .bound_counts = DrawCounts(rng, 0, design.n_bound),
                     .alternative_counts = {DrawCounts(rng, 1, design.n_build), {30, 20, 20, 20, 10}}});
  }
  auto process = LikelihoodRatioEProcess::Create(cells, design.options);
  EXPECT_TRUE(process.ok()) << process.status();
  return *std::move(process);
}

Curve RatioCurve(const std::string& name, const RatioDesign& design, double share,
                 std::vector<std::int64_t> n) {
  return Measure(name, std::move(n), [=](std::uint64_t seed, std::int64_t longest) -> std::int64_t {
    CounterRng rng(53, seed);
    LikelihoodRatioEProcess process = MakeRatio(design, rng);
    for (std::int64_t t = 1; t <= longest; ++t) {
      EXPECT_TRUE(process.Update(rng.Below(static_cast<std::uint32_t>(design.cells)), Draw(rng, share)).ok());
      if (process.max_log_wealth() >= -std::log(kAlpha)) return t;
    }
    return 0;
  });
}

// Alarms after a change to the substitute (share 0.5) that follows 1,000 honest responses. Alarms before the
// change count as misses.
Curve ChangeCurve(bool detector, std::vector<std::int64_t> n) {
  return Measure(detector ? "e-detector, share 0.5 after 1,000 honest responses"
                          : "e-process, share 0.5 after 1,000 honest responses",
                 std::move(n), [=](std::uint64_t seed, std::int64_t longest) -> std::int64_t {
                   CounterRng rng(54, seed);
                   LikelihoodRatioEProcess process = MakeRatio({1, 500, 2000, {}}, rng);
                   // A mean run of 10,000 responses.
                   auto change = ChangeDetector::Create(process.ComponentWeights(), 1e-4);
                   for (std::int64_t t = 1 - 1000; t <= longest; ++t) {
                     EXPECT_TRUE(process.Update(0, Draw(rng, t > 0 ? 0.5 : 0)).ok());
                     EXPECT_TRUE(change->Update(process.StepEValues()).ok());
                     const bool alarm =
                         detector ? change->alarm() : process.max_log_wealth() >= -std::log(1e-4);
                     if (alarm) return std::max<std::int64_t>(t, 0);
                   }
                   return 0;
                 });
}

const std::vector<Curve>& Curves() {
  static const std::vector<Curve>* const kCurves = [] {
    auto* curves = new std::vector<Curve>();
    const std::vector<std::int64_t> short_runs = {25, 50, 100, 200, 400, 800};
    curves->push_back(ConformalCurve("conformal, 12 cells of 50, substitute", false, 1, short_runs));
    curves->push_back(ConformalCurve("conformal, 12 cells of 50, substitute, stored", true, 1, short_runs));
    curves->push_back(ConformalCurve("conformal, 12 cells of 50, share 0.2", false, 0.2, short_runs));
    curves->push_back(ConformalCurve("conformal, 12 cells of 50, share 0.2, stored", true, 0.2, short_runs));
    curves->push_back(ContinuousCurve(0.2, short_runs));
    const std::vector<std::int64_t> long_runs = {100, 250, 500, 1000, 2000, 4000};
    for (const double tolerance : {0.0, 0.02, 0.05}) {
      const std::string label = "tolerance " + std::to_string(tolerance).substr(0, 4) + ", share 0.2";
      curves->push_back(RatioCurve("ratio, 2 cells of 1000 + 5000, " + label,
                                   {2, 1000, 5000, {.tolerance = tolerance}}, 0.2, long_runs));
      curves->push_back(RatioCurve("ratio, 12 cells of 100 + 400 pooled, " + label,
                                   {12, 100, 400, {.tolerance = tolerance, .scope = BoundScope::kPooled}},
                                   0.2, long_runs));
    }
    curves->push_back(ChangeCurve(true, {10, 20, 40, 80, 160, 320}));
    curves->push_back(ChangeCurve(false, {10, 20, 40, 80, 160, 320}));
    return curves;
  }();
  return *kCurves;
}

std::string FileName() { return std::string(PINCHBECK_SOURCE_DIR) + "/tests/golden/e_process_power.json"; }

TEST(EProcessPowerTest, IsNotBelowTheRecordedCurves) {
  if (std::getenv("PINCHBECK_RECORD_POWER") != nullptr) {
    Json file = {{"made_with", "PINCHBECK_RECORD_POWER=1 e_process_power_test; " + std::to_string(kRuns) +
                                   " runs a curve, alpha 0.01 (change curves: 0.0001)"}};
    for (const Curve& curve : Curves()) {
      file["curves"].push_back({{"name", curve.name}, {"n", curve.n}, {"power", curve.power}});
    }
    std::ofstream(FileName()) << file.dump(1) << "\n";
    GTEST_SKIP() << "recorded " << FileName();
  }
  const Json file = Json::parse(std::ifstream(FileName()));
  ASSERT_EQ(file["curves"].size(), Curves().size());
  for (std::size_t c = 0; c < Curves().size(); ++c) {
    const Curve& curve = Curves()[c];
    const Json& recorded = file["curves"][c];
    ASSERT_EQ(recorded["name"], curve.name);
    ASSERT_EQ(recorded["n"], Json(curve.n));
    for (std::size_t i = 0; i < curve.n.size(); ++i) {
      const double power = recorded["power"][i];
      const double error = std::sqrt(std::max(power * (1 - power), 1.0 / kRuns) / kRuns);
      EXPECT_GE(curve.power[i], power - 3 * error) << curve.name << " at n = " << curve.n[i];
    }
  }
}

// METHODS 10: tolerance charged on every observation, so that longer audits get weaker. Against a substituted
// fifth the power tends to 1 for every declared tolerance.
TEST(EProcessPowerTest, ToleranceChargedOnEveryObservationDoesNotMakeLongerAuditsWeaker) {
  int seen = 0;
  for (const Curve& curve : Curves()) {
    if (curve.name.find("tolerance") == std::string::npos) continue;
    ++seen;
    EXPECT_GT(curve.power.back(), 0.9) << curve.name;
    EXPECT_LT(curve.power.front(), curve.power.back()) << curve.name;
  }
  EXPECT_EQ(seen, 6);
}

}  // namespace
}  // namespace pinchbeck::stats
