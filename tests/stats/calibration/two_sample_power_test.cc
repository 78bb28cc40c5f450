// Power of the two-sample tests against fixed alternatives, compared with tests/golden/two_sample_power.json.
// A power may lie below the recorded one by four standard errors of the simulation; seeds are fixed, so an
// unchanged program repeats the recorded figures and the test fails by itself only where an algorithm draws
// otherwise.
//
// To record: PINCHBECK_RECORD_POWER=1 ./two_sample_power_test   (writes the file in the source tree)
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/stats/anderson_darling.h"
#include "pinchbeck/stats/contingency.h"
#include "pinchbeck/stats/cramer_von_mises.h"
#include "pinchbeck/stats/energy_distance.h"
#include "pinchbeck/stats/kolmogorov_smirnov.h"
#include "pinchbeck/stats/logprob_difference.h"
#include "pinchbeck/stats/mann_whitney.h"
#include "pinchbeck/stats/special_functions.h"

namespace pinchbeck::stats {
namespace {

using Json = nlohmann::json;
using Values = std::vector<double>;

constexpr int kRuns = 400;
constexpr double kLevel = 0.05;
const std::vector<std::int64_t> kSizes = {5, 10, 20, 40, 80};

double Normal(CounterRng& rng) { return NormalQuantile(0x1.0p-60 + rng.Uniform()); }

Values Draw(CounterRng& rng, std::int64_t n, double shift, double scale) {
  Values values;
  for (std::int64_t i = 0; i < n; ++i) values.push_back(shift + scale * Normal(rng));
  return values;
}

// Output-token counts: few distinct values, heavy ties.
Values DrawTied(CounterRng& rng, std::int64_t n, double shift) {
  Values values = Draw(rng, n, shift, 1);
  for (double& value : values) value = std::floor(2 * value);
  return values;
}

using UnivariateTest =
    std::function<absl::StatusOr<TwoSampleResult>(const Values& reference, const Values& observed)>;

struct NamedTest {
  const char* name;
  UnivariateTest test;
};

const std::vector<NamedTest>& UnivariateTests() {
  static const auto* const kTests = new std::vector<NamedTest>{
      {"Kolmogorov-Smirnov", [](const Values& x, const Values& y) { return KolmogorovSmirnov(x, y); }},
      {"Cramer-von Mises", [](const Values& x, const Values& y) { return CramerVonMises(x, y); }},
      {"Anderson-Darling",
       [](const Values& x, const Values& y) {
         return AndersonDarling(x, y, {.permutation = {.permutations = 399}});
       }},
      {"Mann-Whitney", [](const Values& x, const Values& y) { return MannWhitney(x, y); }},
      {"energy distance", [](const Values& x, const Values& y) {
         return EnergyDistance(x, y, {.permutation = {.permutations = 399}});
       }}};
  return *kTests;
}

struct Curve {
  std::string name;
  std::vector<double> power;
};

Curve Measure(std::string name, const std::function<double(CounterRng& rng, std::int64_t n)>& p_value) {
  Curve curve{std::move(name), {}};
  for (const std::int64_t n : kSizes) {
    int rejected = 0;
    for (std::uint64_t run = 0; run < kRuns; ++run) {
      CounterRng rng(61, run * 1000 + static_cast<std::uint64_t>(n));
      rejected += p_value(rng, n) <= kLevel;
    }
    curve.power.push_back(static_cast<double>(rejected) / kRuns);
  }
  std::printf("%-44s", curve.name.c_str());
  for (const double power : curve.power) std::printf(" %.3f", power);
  std::printf("\n");
  return curve;
}

double PValue(const absl::StatusOr<TwoSampleResult>& result) {
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? result->p_value : 1;
}

// Answers to a short choice: the substitute prefers other options.
double ChoicePValue(CounterRng& rng, std::int64_t n, bool likelihood_ratio) {
  const double claimed[] = {0.5, 0.2, 0.15, 0.1, 0.05}, served[] = {0.25, 0.25, 0.2, 0.2, 0.1};
  std::vector<std::int64_t> counts[2] = {std::vector<std::int64_t>(5, 0), std::vector<std::int64_t>(5, 0)};
  for (int side = 0; side < 2; ++side) {
    for (std::int64_t i = 0; i < n; ++i) {
      double u = rng.Uniform();
      std::size_t k = 0;
      for (const double* p = side == 0 ? claimed : served; k < 4 && u >= p[k]; ++k) u -= p[k];
      ++counts[side][k];
    }
  }
  const ContingencyOptions options{.permutation = {.permutations = 399}};
  return PValue(likelihood_ratio ? LikelihoodRatioTest(counts[0], counts[1], options)
                                 : ChiSquareTest(counts[0], counts[1], options));
}

// Log-probabilities of 8 tokens with noise 0.3 nats, one of them shifted by 0.25 nats.
double LogprobPValue(CounterRng& rng, std::int64_t n) {
  Eigen::MatrixXd reference(n, 8), observed(n, 8);
  for (double& value : reference.reshaped()) value = -3 + 0.3 * Normal(rng);
  for (double& value : observed.reshaped()) value = -3 + 0.3 * Normal(rng);
  observed.col(2).array() += 0.25;
  const std::vector<LogprobStratum> strata = {{reference, observed}};
  return PValue(LogprobDifference(strata, {.permutation = {.permutations = 399}}));
}

const std::vector<Curve>& Curves() {
  static const auto* const kCurves = [] {
    auto* curves = new std::vector<Curve>();
    for (const NamedTest& named : UnivariateTests()) {
      const std::string name = named.name;
      const UnivariateTest& test = named.test;
      curves->push_back(Measure(name + ", shifted by 0.8", [&](CounterRng& rng, std::int64_t n) {
        const Values x = Draw(rng, n, 0, 1), y = Draw(rng, n, 0.8, 1);
        return PValue(test(x, y));
      }));
      curves->push_back(Measure(name + ", three times as wide", [&](CounterRng& rng, std::int64_t n) {
        const Values x = Draw(rng, n, 0, 1), y = Draw(rng, n, 0, 3);
        return PValue(test(x, y));
      }));
      curves->push_back(Measure(name + ", ties, shifted by 0.8", [&](CounterRng& rng, std::int64_t n) {
        const Values x = DrawTied(rng, n, 0), y = DrawTied(rng, n, 0.8);
        return PValue(test(x, y));
      }));
    }
    for (const bool ratio : {false, true}) {
      curves->push_back(
          Measure(ratio ? "likelihood ratio, other preferences" : "chi-square, other preferences",
                  [&](CounterRng& rng, std::int64_t n) { return ChoicePValue(rng, n, ratio); }));
    }
    curves->push_back(Measure("log-probability difference, one token of 8", LogprobPValue));
    return curves;
  }();
  return *kCurves;
}

std::string FileName() { return std::string(PINCHBECK_SOURCE_DIR) + "/tests/golden/two_sample_power.json"; }

TEST(TwoSamplePowerTest, IsNotBelowTheRecordedCurves) {
  if (std::getenv("PINCHBECK_RECORD_POWER") != nullptr) {
    Json file = {{"made_with", "PINCHBECK_RECORD_POWER=1 two_sample_power_test; " + std::to_string(kRuns) +
                                   " runs a point, level 0.05"},
                 {"n", kSizes}};
    for (const Curve& curve : Curves()) file["power"][curve.name] = curve.power;
    std::ofstream(FileName()) << file.dump(1) << "\n";
    GTEST_SKIP() << "recorded " << FileName();
  }
  const Json file = Json::parse(std::ifstream(FileName()));
  ASSERT_EQ(file["n"], Json(kSizes));
  ASSERT_EQ(file["power"].size(), Curves().size());
  for (const Curve& curve : Curves()) {
    const Json& recorded = file["power"][curve.name];
    ASSERT_EQ(recorded.size(), kSizes.size()) << curve.name;
    for (std::size_t i = 0; i < kSizes.size(); ++i) {
      const double power = recorded[i];
      const double error = std::sqrt(std::max(power * (1 - power), 1.0 / kRuns) / kRuns);
      EXPECT_GE(curve.power[i], power - 4 * error) << curve.name << " at n = " << kSizes[i];
    }
  }
}

// Shape, not only level: every curve against a shift reaches 0.9 at 80 + 80.
TEST(TwoSamplePowerTest, ShiftsAreFoundWithEnoughData) {
  for (const Curve& curve : Curves()) {
    if (curve.name.find("shifted") == std::string::npos) continue;
    EXPECT_GT(curve.power.back(), 0.9) << curve.name;
  }
}

}  // namespace
}  // namespace pinchbeck::stats
