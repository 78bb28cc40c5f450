// The log-probability signal's statistics against NumPy and SciPy (tests/golden/make_logprob_golden.py).
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "src/signal/logprob_cells.h"
#include "src/signal/logprob_coherence.h"
#include "src/signal/logprob_margin.h"
#include "src/signal/logprob_statistics.h"
#include "tests/signal/logprob_samples.h"
#include "tests/signal/observations.h"

namespace pinchbeck::internal {
namespace {

using Json = nlohmann::json;

// Sums of a few thousand terms of size 1 in another order.
constexpr double kTolerance = 1e-10;

const Json& Golden() {
  static const Json golden =
      Json::parse(std::ifstream(std::string(PINCHBECK_SOURCE_DIR) + "/tests/golden/logprob.json"));
  return golden;
}

SampleSet Sample(const Json& probes, const char* side) {
  std::vector<Observation> observations;
  int number = 0;
  for (const Json& probe : probes) {
    for (const Json& answer : probe[side]) {
      TokenValues list;
      for (const Json& entry : answer) list.emplace_back(entry[0].get<std::string>(), entry[1].get<double>());
      observations.push_back(ListAnswer("p" + std::to_string(number), list, list[0]));
    }
    ++number;
  }
  return Build(observations);
}

TEST(LogprobGoldenTest, StatisticsAgreeWithTheirDefinitions) {
  ASSERT_GE(Golden()["signal"].size(), 5u);
  for (const Json& item : Golden()["signal"]) {
    const SampleSet reference = Sample(item["probes"], "reference"),
                    observed = Sample(item["probes"], "observed"),
                    alternative = Sample(item["probes"], "alternative");
    const std::vector<LogprobCell> cells = BuildLogprobCells(reference, observed);
    ASSERT_EQ(cells.size(), item["probes"].size());
    const LogprobStatistics statistics(cells, {&alternative});
    Eigen::MatrixXd values = Eigen::MatrixXd::Zero(statistics.rows(), 1);
    for (std::size_t s = 0; s < cells.size(); ++s) {
      stats::LabelMatrix labels = stats::LabelMatrix::Zero(cells[s].stratum.size(), 1);
      labels.bottomRows(cells[s].stratum.n_observed).setOnes();
      statistics.Accumulate(s, labels, values);
    }
    EXPECT_NEAR(values(0, 0), item["difference"].get<double>(), kTolerance);
    EXPECT_NEAR(values(1, 0), item["weighted"].get<double>(), kTolerance);
    EXPECT_NEAR(values(2, 0), item["energy"].get<double>(), kTolerance);
    EXPECT_NEAR(values(3, 0), item["ratio"].get<double>(), kTolerance);
  }
}

TEST(LogprobGoldenTest, LimitsOfNewSessionsAgreeWithStudentsDistribution) {
  ASSERT_GE(Golden()["sessions"].size(), 5u);
  for (const Json& item : Golden()["sessions"]) {
    const auto differences = item["differences"].get<std::vector<double>>();
    const auto limit = SessionLimit(differences, item["level"].get<double>());
    ASSERT_TRUE(limit.has_value());
    EXPECT_NEAR(*limit, item["limit"].get<double>(), 1e-9 * item["limit"].get<double>());
  }
}

TEST(LogprobGoldenTest, FrequenciesAgreeWithAFullEnumeration) {
  ASSERT_GE(Golden()["frequencies"].size(), 4u);
  for (const Json& item : Golden()["frequencies"]) {
    const auto listed = item["listed"].get<std::vector<double>>();
    TokenValues list;
    for (const double p : listed) list.emplace_back("t" + std::to_string(list.size()), std::log(p));
    std::vector<Observation> observations;
    std::size_t token = 0;
    for (const int count : item["counts"].get<std::vector<int>>()) {
      const auto name = token < listed.size() ? "t" + std::to_string(token) : "z";
      const double value = token < listed.size() ? list[token].second : -30.0;
      for (int i = 0; i < count; ++i) {
        observations.push_back(ListAnswer("p", list, {name, value}, 1.0));
      }
      ++token;
    }
    const auto check = CheckSampledFrequencies(Build(observations), 5);
    ASSERT_TRUE(check.has_value());
    const double p = item["p_value"].get<double>();
    // Five standard errors of the Monte-Carlo share that is doubled.
    EXPECT_NEAR(check->p_value, p, 5 * 2 * std::sqrt(p / 2 * (1 - p / 2) / 2000) + 0.001) << p;
  }
}

}  // namespace
}  // namespace pinchbeck::internal
