#include "src/signal/length_statistics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/signal/length_samples.h"

namespace pinchbeck {
namespace {

using internal::LengthCell;
using internal::LengthStatistics;

double XLogX(double x) { return x > 0 ? x * std::log(x) : 0; }

// Every row against its definition, under every labeling of a small cell.
TEST(LengthStatisticsTest, RowsAreTheirDefinitions) {
  SampleSet reference = LengthSample({{5, 5, 8}}), observed = LengthSample({{8, 11, 16}});
  observed.probes.at("p0").lengths[2].capped = true;
  const SampleSet alternative = LengthSample({{11, 11, 12, 10}});
  const std::vector<LengthCell> cells =
      internal::BuildLengthCells(reference, observed, &ProbeSample::lengths);
  const auto stored = internal::AlternativeLengthLogs(reference, alternative, cells);
  ASSERT_TRUE(stored);
  const LengthStatistics statistics(cells, {*stored});
  const Eigen::VectorXd pooled = internal::PooledLengthLogs(cells)[0], other = stored->at(0);
  const auto aligned = internal::AlignedRanks(cells)[0];
  ASSERT_EQ(statistics.rows(), 7);
  // Categories: 5, 8, single lengths, cut.
  const std::size_t category[] = {0, 0, 1, 1, 2, 3};
  int labelings = 0;
  for (unsigned mask = 0; mask < 64; ++mask) {
    if (__builtin_popcount(mask) != 3) continue;
    ++labelings;
    stats::LabelMatrix labels(6, 1);
    double surprise = 0, rank = 0, third = 0, whole = 0, counts[2][4] = {};
    for (unsigned i = 0; i < 6; ++i) {
      const bool chosen = (mask >> i & 1) != 0;
      labels(i, 0) = chosen ? 1 : 0;
      counts[chosen ? 1 : 0][category[i]] += 1;
      if (!chosen) continue;
      surprise -= pooled(i);
      rank += aligned[i];
      third += std::log(0.7 + 0.3 * std::exp(other(i) - pooled(i)));
      whole += other(i) - pooled(i);
    }
    double divergence = XLogX(6) - 2 * XLogX(3);
    for (int k = 0; k < 4; ++k)
      divergence += XLogX(counts[0][k]) + XLogX(counts[1][k]) - XLogX(counts[0][k] + counts[1][k]);
    Eigen::MatrixXd out = Eigen::MatrixXd::Zero(7, 1);
    statistics.Accumulate(0, labels, out);
    EXPECT_NEAR(out(2, 0), divergence, 1e-12);
    EXPECT_NEAR(out(3, 0), rank, 1e-12);
    EXPECT_NEAR(out(4, 0), surprise, 1e-12);
    EXPECT_NEAR(out(5, 0), third, 1e-12);
    EXPECT_NEAR(out(6, 0), whole, 1e-12);
  }
  EXPECT_EQ(labelings, 20);
}

TEST(LengthStatisticsTest, TheClosestAlternativeNeedsAPValueOfItsOwn) {
  const SampleSet reference = LengthSample({{20, 21, 22, 20, 23}}), observed = LengthSample({{40, 41, 40}});
  const std::vector<LengthCell> cells =
      internal::BuildLengthCells(reference, observed, &ProbeSample::lengths);
  std::vector<internal::ItemLogs> alternatives;
  for (const double length : {21.0, 40.0, 90.0}) {
    alternatives.push_back(
        *internal::AlternativeLengthLogs(reference, LengthSample({{length, length + 1, length}}), cells));
  }
  const LengthStatistics statistics(cells, alternatives);
  const auto table = stats::EvaluateRelabelings(
      std::vector<stats::Stratum>{cells[0].stratum}, statistics.rows(),
      [&](std::size_t s, const stats::LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
        statistics.Accumulate(s, labels, out);
      });
  ASSERT_TRUE(table.ok());
  // One of 56 relabelings is as large.
  EXPECT_EQ(statistics.Closest(table->values, 3.0 / 56), std::size_t{1});
  EXPECT_FALSE(statistics.Closest(table->values, 2.9 / 56));
  EXPECT_FALSE(LengthStatistics(cells, {}).Closest(table->values, 1));
}

}  // namespace
}  // namespace pinchbeck
