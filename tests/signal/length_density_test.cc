#include "src/signal/length_density.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "tests/signal/length_samples.h"

namespace pinchbeck {
namespace {

using internal::AlternativeLengthLogs;
using internal::BuildLengthCells;
using internal::LengthCell;
using internal::PooledLengthLogs;

std::vector<LengthCell> Cells(const SampleSet& reference, const SampleSet& observed) {
  return BuildLengthCells(reference, observed, &ProbeSample::lengths);
}

TEST(LengthDensityTest, ProbabilitiesOfAllLengthsSumToOne) {
  // One observed answer of each length asks for the probability of each.
  Lengths every(20000);
  std::iota(every.begin(), every.end(), 0.0);
  every.push_back(20001);
  const SampleSet reference = LengthSample({{100, 100, 130}});
  SampleSet asked = LengthSample({every});
  asked.probes.at("p0").lengths.back().capped = true;
  for (const Lengths& stored : {Lengths{100, 120, 100, 150, 90}, Lengths{100}, Lengths{200, 200, 200}}) {
    const auto logs = AlternativeLengthLogs(reference, LengthSample({stored}), Cells(reference, asked));
    ASSERT_TRUE(logs);
    // The first three items are the reference's. Some of the background lies beyond 20,000.
    const double sum = logs->at(0).tail(20001).array().exp().sum();
    EXPECT_LT(sum, 1.01) << stored.size();
    EXPECT_GT(sum, 0.85) << stored.size();
  }
}

TEST(LengthDensityTest, AtomsCutAnswersAndScatteredLengthsArePredicted) {
  const SampleSet reference = LengthSample({{50, 50, 50, 50, 70}}), observed = LengthSample({{50, 400}});
  const Eigen::VectorXd pooled = PooledLengthLogs(Cells(reference, observed))[0];
  EXPECT_GT(pooled(0), pooled(4) + 1);
  EXPECT_EQ(pooled(0), pooled(5));
  EXPECT_GT(pooled(4), pooled(6));
  SampleSet cut = LengthSample({{50, 50, 50, 50, 128, 128, 128}});
  for (std::size_t i = 4; i < 7; ++i) cut.probes.at("p0").lengths[i].capped = true;
  const auto under_cut = AlternativeLengthLogs(reference, cut, Cells(reference, cut));
  ASSERT_TRUE(under_cut);
  // Three of seven answers are cut; the prior of two answers has the same share.
  EXPECT_NEAR(std::exp(under_cut->at(0)(11)), 3.0 / 7, 0.01);
}

TEST(LengthDensityTest, PooledLogsDoNotDependOnWhichSideAnAnswerIsOn) {
  const SampleSet a = LengthSample({{10, 20, 30}, {7, 7}}), b = LengthSample({{40, 50}, {9}});
  const SampleSet c = LengthSample({{10, 20, 50}, {7, 9}}), d = LengthSample({{40, 30}, {7}});
  const auto one = PooledLengthLogs(Cells(a, b)), two = PooledLengthLogs(Cells(c, d));
  // 30 and 50 of the first probe and 7 and 9 of the second have changed sides.
  EXPECT_DOUBLE_EQ(one[0](2), two[0](4));
  EXPECT_DOUBLE_EQ(one[0](4), two[0](2));
  EXPECT_DOUBLE_EQ(one[0](0), two[0](0));
  EXPECT_DOUBLE_EQ(one[1](2), two[1](1));
}

TEST(LengthDensityTest, UnansweredProbesAreExpectedFromTheOthers) {
  // The alternative answers about twice as long as the reference wherever both are known.
  std::vector<Lengths> reference, alternative;
  for (int p = 0; p < 20; ++p) {
    const double length = 40 + 10 * p;
    reference.push_back({length});
    alternative.push_back({2 * length * (0.8 + 0.1 * (7 * p % 5))});
  }
  SampleSet stored = LengthSample(alternative);
  stored.probes.erase("p7");
  const SampleSet observed = [] {
    SampleSet sample = LengthSample({{220}});
    sample.probes["p7"] = sample.probes.at("p0");
    sample.probes.erase("p0");
    return sample;
  }();
  const SampleSet claimed = LengthSample(reference);
  const auto logs = AlternativeLengthLogs(claimed, stored, Cells(claimed, observed));
  ASSERT_TRUE(logs);
  // 110 is the reference's answer, 220 what the alternative would give.
  EXPECT_GT(logs->at(0)(1), logs->at(0)(0));
  EXPECT_FALSE(AlternativeLengthLogs(claimed, SampleSet(), Cells(claimed, observed)));
}

// A hostile fingerprint may hold as many distinct lengths as it likes.
TEST(LengthDensityTest, ManyDistinctLengthsTakeBinsAndLinearTime) {
  Lengths many(100'000);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<double>(1 + 9'000 * i);
  const SampleSet reference = LengthSample({{100, 100, 130}}), stored = LengthSample({many});
  const auto logs = AlternativeLengthLogs(reference, stored, Cells(reference, reference));
  ASSERT_TRUE(logs);
  EXPECT_TRUE(logs->at(0).allFinite());
  // Bins are far narrower than kernels: a few hundred lengths are predicted alike on both sides of the bound.
  Lengths below(250), above(260);
  for (std::size_t i = 0; i < above.size(); ++i) {
    above[i] = 1000.0 + static_cast<double>(7 * i);
    if (i < below.size()) below[i] = above[i];
  }
  const SampleSet asked = LengthSample({{1500, 2000, 2500}});
  const auto exact = AlternativeLengthLogs(asked, LengthSample({below}), Cells(asked, asked)),
             binned = AlternativeLengthLogs(asked, LengthSample({above}), Cells(asked, asked));
  for (Eigen::Index i = 0; i < 3; ++i) EXPECT_NEAR(exact->at(0)(i), binned->at(0)(i), 0.1) << i;
}

TEST(LengthCellsTest, AlignedRanksOfPairsAreWilcoxonsSignedRanks) {
  const SampleSet reference = LengthSample({{9}, {99}, {999}, {49}});
  const SampleSet observed = LengthSample({{19}, {119}, {799}, {49}});
  const auto ranks = internal::AlignedRanks(Cells(reference, observed));
  // log differences ln 2, ln 1.2, -ln 1.25 and 0: signed ranks 4, 2, -3 and 0 (average of 1), scaled: the
  // residuals' ranks among eight are 8, 6, 2 and the tie of the zeros at 4.5.
  EXPECT_DOUBLE_EQ(ranks[0][1], 7.5 / 8 - 0.5);
  EXPECT_DOUBLE_EQ(ranks[1][1], 5.5 / 8 - 0.5);
  EXPECT_DOUBLE_EQ(ranks[2][1], 1.5 / 8 - 0.5);
  EXPECT_DOUBLE_EQ(ranks[3][1], 0);
  EXPECT_DOUBLE_EQ(ranks[3][0], 0);
}

}  // namespace
}  // namespace pinchbeck
