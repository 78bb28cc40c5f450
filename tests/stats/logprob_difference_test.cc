#include "pinchbeck/stats/logprob_difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/kernel_statistics.h"
#include "tests/stats/early_stopping.h"

namespace pinchbeck::stats {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;

// Sums of a few hundred terms in another order.
constexpr double kTolerance = 1e-10;
constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

const Json& Golden() {
  static const Json golden =
      Json::parse(std::ifstream(std::string(PINCHBECK_SOURCE_DIR) + "/tests/golden/rank.json"));
  return golden;
}

Eigen::MatrixXd ToMatrix(const Json& rows) {
  Eigen::MatrixXd matrix(rows.size(), rows[0].size());
  for (Eigen::Index i = 0; i < matrix.rows(); ++i) {
    for (Eigen::Index j = 0; j < matrix.cols(); ++j) {
      const Json& value = rows[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)];
      matrix(i, j) = value.is_null() ? kMissing : value.get<double>();
    }
  }
  return matrix;
}

LogprobStratum Draw(Eigen::Index m, Eigen::Index n, Eigen::Index tokens, double shift, std::uint64_t seed) {
  CounterRng rng(seed, 0);
  LogprobStratum stratum{Eigen::MatrixXd(m, tokens), Eigen::MatrixXd(n, tokens)};
  for (double& v : stratum.reference.reshaped()) v = -5 * rng.Uniform();
  for (double& v : stratum.observed.reshaped()) v = -5 * rng.Uniform() - shift;
  return stratum;
}

TEST(LogprobDifferenceTest, AgreesWithItsDefinition) {
  ASSERT_GE(Golden()["logprob"].size(), 6u);
  for (const Json& item : Golden()["logprob"]) {
    std::vector<LogprobStratum> strata;
    for (const Json& s : item["strata"])
      strata.push_back({ToMatrix(s["reference"]), ToMatrix(s["observed"])});
    const auto result = LogprobDifference(strata, {.permutation = {.permutations = 999}});
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_NEAR(result->statistic, item["statistic"].get<double>(), kTolerance);
    EXPECT_NEAR(result->effect, item["effect"].get<double>(), kTolerance);
    EXPECT_EQ(result->calibration == Calibration::kExact, item.contains("enumerated"));
    if (item.contains("enumerated")) {
      EXPECT_NEAR(result->p_value, item["enumerated"].get<double>(), 1e-12);
    }
  }
}

TEST(LogprobDifferenceTest, EveryRelabelingAgreesWithTheMeanDifference) {
  for (const auto& [m, n, tokens] : {std::tuple{1, 1, 1}, {3, 2, 8}, {10, 9, 13}, {30, 3, 40}}) {
    const Eigen::MatrixXd values = Eigen::MatrixXd::Random(m + n, tokens);
    const Stratum stratum{m, n};
    LabelMatrix labels = LabelMatrix::Zero(m + n, 20);
    std::vector<std::uint32_t> scratch;
    for (Eigen::Index b = 0; b < labels.cols(); ++b) {
      CounterRng rng(4, static_cast<std::uint64_t>(b));
      internal::DrawLabels(stratum, rng, scratch, {labels.col(b).data(), static_cast<std::size_t>(m + n)});
    }
    Eigen::MatrixXd difference = Eigen::MatrixXd::Zero(tokens, labels.cols());
    AccumulateMeanDifference(values, stratum, 1.0, labels, difference);
    Eigen::MatrixXd out = Eigen::MatrixXd::Constant(1, labels.cols(), 0.5);  // added to, not overwritten
    internal::LogprobTable(values, stratum).Accumulate(2.0, labels, out);
    const Eigen::RowVectorXd expected = difference.cwiseAbs().colwise().mean();
    EXPECT_LT((out.row(0) - 2 * expected).array().abs().maxCoeff(), 0.5 + 1e-13);
    EXPECT_GT((out.row(0) - 2 * expected).array().abs().minCoeff(), 0.5 - 1e-13);
  }
}

TEST(LogprobDifferenceTest, MissingTokensAreCensoredAtTheSmallestValueOfTheItem) {
  // The second item reports two tokens, so two of every item are used: the first item's -4 becomes -3.
  LogprobStratum stratum{Eigen::MatrixXd(1, 3), Eigen::MatrixXd(1, 3)};
  stratum.reference << -1, -3, -4;
  stratum.observed << -2, kMissing, -5;
  const auto result = LogprobDifference({&stratum, 1});
  ASSERT_TRUE(result.ok());
  // Used: (-1, -3, -3) and (-2, -5, -5).
  EXPECT_NEAR(result->statistic, (1.0 + 2 + 2) / 3, 1e-15);
}

TEST(LogprobDifferenceTest, ColumnsWithoutAValueAreDropped) {
  LogprobStratum stratum{Eigen::MatrixXd(2, 2), Eigen::MatrixXd(1, 2)}, padded = stratum;
  stratum.reference << -1, -2, -1.5, -2.5;
  stratum.observed << -3, -4;
  padded.reference.resize(2, 3);
  padded.reference << -1, kMissing, -2, -1.5, kMissing, -2.5;
  padded.observed.resize(1, 3);
  padded.observed << -3, kMissing, -4;
  const auto a = LogprobDifference({&stratum, 1}), b = LogprobDifference({&padded, 1});
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->statistic, b->statistic);
  EXPECT_EQ(a->effect, b->effect);
}

TEST(LogprobDifferenceTest, TheMostLikelyTokensAreKept) {
  LogprobStratum stratum{Eigen::MatrixXd(2, 3), Eigen::MatrixXd(2, 3)};
  stratum.reference << -9, -1, -2, -9, -1, -2;
  stratum.observed << -20, -1.5, -3, -20, -1.5, -3;
  const auto two = LogprobDifference({&stratum, 1}, {.max_tokens = 2});
  ASSERT_TRUE(two.ok());
  EXPECT_NEAR(two->statistic, 0.75, 1e-15);
  EXPECT_NEAR(two->effect, 0.75, 1e-15);  // no noise within a side
}

TEST(LogprobDifferenceTest, IdenticalItemsGiveOneExactly) {
  LogprobStratum stratum{Eigen::MatrixXd::Constant(3, 4, -0.1), Eigen::MatrixXd::Constant(5, 4, -0.1)};
  stratum.reference.col(2).setConstant(-1.0 / 3);
  stratum.observed.col(2).setConstant(-1.0 / 3);
  const auto result = LogprobDifference({&stratum, 1});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->statistic, 0);
  EXPECT_EQ(result->effect, 0);
  EXPECT_EQ(result->p_value, 1);
}

TEST(LogprobDifferenceTest, OffsetsPerTokenAndSwapsChangeNothing) {
  const LogprobStratum plain = Draw(12, 9, 5, 0.3, 1);
  LogprobStratum moved = plain;
  for (Eigen::Index t = 0; t < 5; ++t) {
    moved.reference.col(t).array() -= static_cast<double>(t);
    moved.observed.col(t).array() -= static_cast<double>(t);
  }
  const LogprobStratum swapped{plain.observed, plain.reference};
  const LogprobDifferenceOptions options{.permutation = {.permutations = 499}};
  const auto a = LogprobDifference({&plain, 1}, options), b = LogprobDifference({&moved, 1}, options),
             c = LogprobDifference({&swapped, 1}, options);
  ASSERT_TRUE(a.ok() && b.ok() && c.ok());
  EXPECT_NEAR(a->statistic, b->statistic, 1e-13);
  EXPECT_EQ(a->p_value, b->p_value);
  EXPECT_NEAR(a->statistic, c->statistic, 1e-13);
  EXPECT_NEAR(a->effect, c->effect, 1e-13);
}

TEST(LogprobDifferenceTest, EffectTakesTheNoiseOut) {
  std::vector<LogprobStratum> equal, shifted;
  for (std::uint64_t s = 0; s < 40; ++s) {
    equal.push_back(Draw(6, 6, 10, 0, s));
    shifted.push_back(Draw(6, 6, 10, 8, s));
  }
  const LogprobDifferenceOptions options{.permutation = {.permutations = 199}};
  const auto none = LogprobDifference(equal, options), some = LogprobDifference(shifted, options);
  ASSERT_TRUE(none.ok() && some.ok());
  EXPECT_GT(none->statistic, 0.6);  // noise alone, standard deviation 0.83
  EXPECT_NEAR(none->effect, -0.21 * 0.83, 0.1);
  EXPECT_NEAR(some->effect, 8, 0.15);
  EXPECT_GT(none->p_value, 0.01);
  EXPECT_EQ(some->p_value, 1.0 / 200);
}

TEST(LogprobDifferenceTest, OneSeedGivesOnePValueForEveryThreadCount) {
  const LogprobStratum stratum = Draw(20, 20, 6, 0.2, 1);
  const auto one = LogprobDifference({&stratum, 1}, {.permutation = {.permutations = 999, .threads = 1}});
  const auto three = LogprobDifference({&stratum, 1}, {.permutation = {.permutations = 999, .threads = 3}});
  ASSERT_TRUE(one.ok() && three.ok());
  EXPECT_EQ(one->p_value, three->p_value);
}

TEST(LogprobDifferenceTest, BadInput) {
  const LogprobStratum good = Draw(2, 2, 3, 0, 1);
  LogprobStratum empty = good, wide = good, infinite = good, missing = good, far = good;
  empty.observed.resize(0, 3);
  wide.reference = Eigen::MatrixXd::Zero(2, 4);
  infinite.observed(1, 2) = -std::numeric_limits<double>::infinity();
  missing.reference.row(1).setConstant(kMissing);
  far.reference(0, 0) = 1.5e308;
  far.observed(0, 0) = -1.5e308;
  struct Case {
    std::vector<LogprobStratum> strata;
    LogprobDifferenceOptions options;
    const char* message;
  };
  const Case cases[] = {{{}, {}, "strata"},
                        {{good, empty}, {}, "strata[1].observed is 0 x 3"},
                        {{wide}, {}, "4 tokens"},
                        {{infinite}, {}, "strata[0].observed(1, 2) is infinite"},
                        {{missing}, {}, "strata[0].reference row 1"},
                        {{far}, {}, "above 1e100 in size"},
                        {{good}, {.max_tokens = 0}, "max_tokens is 0"},
                        {{good}, {.permutation = {.permutations = 0}}, "permutations"}};
  for (const Case& c : cases) {
    const auto result = LogprobDifference(c.strata, c.options);
    EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument) << c.message;
    EXPECT_THAT(std::string(result.status().message()), HasSubstr(c.message));
  }
}

TEST(LogprobDifferenceTest, StopsEarlyAtTheAskedNumberOfRelabelings) {
  // Pairs are swapped by another generator than larger strata.
  const std::vector<LogprobStratum> like = {Draw(9, 8, 11, 0, 1), Draw(1, 1, 11, 0, 2), Draw(40, 3, 2, 0, 3)},
                                    apart = {Draw(9, 8, 11, 9, 1), Draw(1, 1, 11, 9, 2),
                                             Draw(40, 3, 2, 9, 3)};
  ExpectStopsEarly([&](bool different, const PermutationOptions& options) {
    return LogprobDifference(different ? apart : like, {.permutation = options});
  });
}

TEST(LogprobDifferenceTest, RelabelingsAreThoseOfTheEngine) {
  for (const auto& [m, n] : {std::pair{9, 8}, {1, 1}, {3, 61}, {40, 24}, {2, 2}}) {
    std::vector<internal::LogprobTable> tables;
    std::vector<Stratum> strata;
    for (int s = 0; s < 2; ++s) {
      strata.push_back({m, n});
      tables.emplace_back(Eigen::MatrixXd::Random(m + n, 9), strata.back());
    }
    const auto plan = RelabelingPlan::Make(strata, {.permutations = 300});
    ASSERT_TRUE(plan.ok());
    const auto direct = internal::MeanLogprobDifference(*plan, tables);
    const Accumulate accumulate = [&](std::size_t s, const LabelMatrix& labels,
                                      Eigen::Ref<Eigen::MatrixXd> out) {
      tables[s].Accumulate(0.5, labels, out);
    };
    const auto labeled = internal::FromLabels(*plan, accumulate);
    for (std::int64_t first = 0; first < plan->columns(); first += plan->batch()) {
      const std::int64_t width = std::min(plan->batch(), plan->columns() - first);
      Eigen::MatrixXd a = Eigen::MatrixXd::Zero(1, width), b = a;
      direct(first, a);
      labeled(first, b);
      EXPECT_EQ(a, b) << m << "+" << n << " from " << first;
    }
  }
}

TEST(SubsetSumsTest, EveryPathGivesTheSameBits) {
  using pinchbeck::internal::SimdPath;
  for (const auto& [rows, columns, count] : {std::tuple{1, 1, 1}, {5, 8, 9}, {33, 3, 8}, {250, 19, 21}}) {
    const Eigen::MatrixXd values = Eigen::MatrixXd::Random(rows, columns);
    internal::RowSubsets subsets(rows, count);
    LabelMatrix labels = LabelMatrix::Zero(rows, count);
    CounterRng rng(5, 0);
    for (Eigen::Index b = 0; b < count; ++b) {
      for (Eigen::Index i = 0; i < rows; ++i) labels(i, b) = static_cast<std::uint8_t>(rng.Below(2));
      subsets.Set(b, std::span<const std::uint8_t>(labels.col(b).data(), static_cast<std::size_t>(rows)));
    }
    const internal::SubsetSums portable(values, SimdPath::kPortable);
    for (const SimdPath path : {SimdPath::kPortable, SimdPath::kAvx2, SimdPath::kAvx512}) {
      if (!pinchbeck::internal::SupportsSimdPath(path)) continue;
      const internal::SubsetSums wide(values, path);
      for (std::int64_t t = 0; t < wide.tiles(); ++t) {
        internal::SubsetSums::Buffer expected, sums;
        portable.Sum(t, subsets, expected);
        wide.Sum(t, subsets, sums);
        EXPECT_EQ(sums, expected);
        for (Eigen::Index b = 0; b < count; ++b) {
          for (Eigen::Index k = 0; k < 8; ++k) {
            const Eigen::Index column = 8 * t + k;
            const double sum = column < columns ? values.col(column).dot(labels.col(b).cast<double>()) : 0.0;
            EXPECT_NEAR(sums[static_cast<std::size_t>(8 * b + k)], sum, 1e-12);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace pinchbeck::stats
