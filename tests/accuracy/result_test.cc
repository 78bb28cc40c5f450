#include "bench/accuracy/result.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace pinchbeck::accuracy {
namespace {

TEST(PairCountTest, AnswersThatCannotBeScoredDoNotCountAsDetections) {
  PairCount count;
  count.Add({true, true, 1});
  count.Add({false, true, 1});
  count.Add({true, false, 0});
  EXPECT_EQ(count.draws, 3);
  EXPECT_EQ(count.not_scoreable, 1);
  EXPECT_NEAR(count.rate(), 1.0 / 3, 1e-15);
}

TEST(PowerOfTest, AveragesPairsAndTheReportingHalf) {
  const std::vector<PairCount> pairs = {{10, 10, 0}, {10, 5, 0}, {10, 0, 0}};
  const Measurement mean = PowerOf(pairs, {true, true, false});
  EXPECT_NEAR(mean.value, 0.5, 1e-15);
  EXPECT_NEAR(mean.standard_error, 0.5 / std::sqrt(3), 1e-12);
  EXPECT_NEAR(*mean.reporting_half, 0.75, 1e-15);
  EXPECT_EQ(mean.draws_per_pair, 10);
  const Measurement median = MedianPowerOf(pairs, {false, false, false});
  EXPECT_NEAR(median.value, 0.5, 1e-15);
  EXPECT_FALSE(median.reporting_half.has_value());
  EXPECT_GT(median.monte_carlo_error, mean.monte_carlo_error);
}

TEST(FalseAlarmsTest, IntervalAboveTheLevelVoidsAMeasurement) {
  Measurement measurement;
  const std::vector<PairCount> many = {{100, 9, 0}}, few = {{100, 2, 0}};
  SetFalseAlarms(many, 0.01, measurement);
  EXPECT_FALSE(measurement.valid);
  EXPECT_NEAR(measurement.false_alarms->rate, 0.09, 1e-15);
  SetFalseAlarms(few, 0.01, measurement);
  EXPECT_TRUE(measurement.valid);
  // Clopper & Pearson for 2 of 100.
  EXPECT_NEAR(measurement.false_alarms->low, 0.002431, 1e-6);
  EXPECT_NEAR(measurement.false_alarms->high, 0.070384, 1e-6);
}

TEST(EqualErrorRateTest, KnownCases) {
  EXPECT_NEAR(EqualErrorRate({3, 4, 5}, {0, 1, 2}), 0, 1e-15);
  EXPECT_NEAR(EqualErrorRate({0, 1, 2}, {3, 4, 5}), 1, 1e-15);
  EXPECT_NEAR(EqualErrorRate({1, 1, 1}, {1, 1}), 0.5, 1e-15);
  // At the threshold 2 one of four is missed and one of four is a false alarm.
  EXPECT_NEAR(EqualErrorRate({1, 3, 4, 5}, {0, 0, 1, 3.5}), 0.25, 1e-15);
}

TEST(RocOfTest, RisesFromNothingToEverythingAndIsThinned) {
  std::vector<double> different, honest;
  for (int i = 0; i < 5000; ++i) {
    different.push_back(i + 1000);
    honest.push_back(i + 0.5);
  }
  const std::vector<Point> roc = RocOf(different, honest, 50);
  EXPECT_LT(roc.size(), 150u);
  EXPECT_EQ(roc.front().x, 0);
  EXPECT_EQ(roc.back().x, 1);
  EXPECT_EQ(roc.back().y, 1);
  for (std::size_t i = 1; i < roc.size(); ++i) {
    EXPECT_GE(roc[i].x, roc[i - 1].x);
    EXPECT_GE(roc[i].y, roc[i - 1].y);
  }
}

}  // namespace
}  // namespace pinchbeck::accuracy
