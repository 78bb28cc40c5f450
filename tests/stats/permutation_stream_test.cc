// PermutationTest(): the same p-values as a table of all relabelings, in memory that does not grow; and the
// draws that it rests on.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pinchbeck/stats/permutation.h"

namespace pinchbeck::stats {
namespace {

constexpr double kWeights[] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6, 2, 6, 4};

// Three statistics: a sum, a sum of squares with many ties, and one that never varies.
void ThreeSums(std::size_t s, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
  for (Eigen::Index b = 0; b < labels.cols(); ++b) {
    for (Eigen::Index i = 0; i < labels.rows(); ++i) {
      if (labels(i, b) == 0) continue;
      const double weight = kWeights[(static_cast<std::size_t>(i) + 5 * s) % std::size(kWeights)];
      out(0, b) += weight + 0.1 * static_cast<double>(i);
      out(1, b) -= weight * weight;
      out(2, b) += 0.7;
    }
  }
}

std::vector<double> TablePValues(const PermutationTable& table) {
  std::vector<double> p_values;
  for (Eigen::Index j = 0; j < table.values.rows(); ++j) {
    p_values.push_back(PermutationPValue(table.values.row(j)));
  }
  return p_values;
}

TEST(PermutationTestTest, EqualsTheTable) {
  const std::vector<Stratum> random = {{12, 12}, {5, 9}}, exact = {{3, 3}, {2, 4}};
  // The last case keeps no values between its two passes.
  for (const std::int64_t permutations : {1, 19, 127, 128, 999, 400'000}) {
    for (const auto& strata : {random, exact}) {
      const PermutationOptions options = {.permutations = permutations, .seed = 4};
      const auto table = EvaluateRelabelings(strata, 3, ThreeSums, options);
      const auto test = PermutationTest(strata, 3, ThreeSums, options);
      ASSERT_TRUE(table.ok() && test.ok());
      EXPECT_EQ(test->exact, table->exact);
      EXPECT_EQ(test->relabelings, table->relabelings());
      EXPECT_EQ(test->relabelings_used, table->relabelings());
      EXPECT_EQ(test->p_values, TablePValues(*table)) << permutations;
      EXPECT_EQ(test->p_values[2], 1);
      EXPECT_EQ(test->maximum_p_value, PermutationPValue(StudentisedMaximum(table->values))) << permutations;
      for (Eigen::Index j = 0; j < 3; ++j)
        EXPECT_EQ(test->statistics[static_cast<std::size_t>(j)], table->values(j, 0));
    }
  }
}

TEST(PermutationTestTest, ThreadsDoNotChangeTheResult) {
  const std::vector<Stratum> strata = {{12, 12}, {1, 1}, {5, 9}};
  for (const std::int64_t stop_after : {0, 15}) {
    const auto run = [&](int threads) {
      return PermutationTest(
                 strata, 3, ThreeSums,
                 {.permutations = 50'000, .seed = 4, .threads = threads, .stop_after = stop_after})
          .value();
    };
    const PermutationTestResult one = run(1);
    for (const int threads : {2, 5, -3}) {
      const PermutationTestResult many = run(threads);
      EXPECT_EQ(one.p_values, many.p_values);
      EXPECT_EQ(one.maximum_p_value, many.maximum_p_value);
      EXPECT_EQ(one.relabelings_used, many.relabelings_used);
    }
  }
}

// The relabelings are those of the table, so the one at which the test stops can be looked up there.
TEST(PermutationTestTest, StopsWhereTheObservedValueIsReachedForTheHthTime) {
  const std::vector<Stratum> strata = {{12, 12}, {5, 9}};
  for (const std::int64_t stop_after : {1, 2, 10, 400}) {
    for (const std::uint64_t seed : {1, 2, 3, 4, 5}) {
      const PermutationOptions options = {.permutations = 999, .seed = seed, .stop_after = stop_after};
      const PermutationTable table = EvaluateRelabelings(strata, 3, ThreeSums, options).value();
      const PermutationTestResult test = PermutationTest(strata, 3, ThreeSums, options).value();
      std::int64_t last = 0;
      for (Eigen::Index j = 0; j < 3; ++j) {
        const double threshold = table.values(j, 0) - 1e-9 * table.values.row(j).cwiseAbs().maxCoeff();
        std::int64_t reached = 0, relabeling = 1;
        for (; relabeling <= 999; ++relabeling) {
          reached += table.values(j, relabeling) >= threshold ? 1 : 0;
          if (reached == stop_after) break;
        }
        const double expected = reached == stop_after
                                    ? static_cast<double>(reached) / static_cast<double>(relabeling)
                                    : static_cast<double>(1 + reached) / 1000;
        EXPECT_EQ(test.p_values[static_cast<std::size_t>(j)], expected)
            << stop_after << " " << seed << " " << j;
        last = std::max(last, std::min<std::int64_t>(relabeling, 999));
      }
      EXPECT_GE(test.relabelings_used, last);
      EXPECT_LE(test.relabelings_used, 999);
      EXPECT_GT(test.maximum_p_value, 0);
      EXPECT_LE(test.maximum_p_value, 1);
    }
  }
}

TEST(PermutationTestTest, EarlyStoppingSavesRelabelings) {
  const std::vector<Stratum> strata = {{12, 12}};
  const auto sum = [](std::size_t, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
    for (Eigen::Index b = 0; b < labels.cols(); ++b) out(0, b) += labels(0, b) + 2.0 * labels(1, b);
  };
  const auto test = PermutationTest(strata, 1, sum, {.permutations = 1'000'000, .stop_after = 20});
  ASSERT_TRUE(test.ok());
  // The observed value is the smallest there is: every relabeling reaches it.
  EXPECT_EQ(test->p_values[0], 1);
  EXPECT_EQ(test->relabelings_used, 20);
  EXPECT_EQ(test->maximum_p_value, test->p_values[0]);
}

TEST(PermutationTestTest, EnumerationIsNeverCutShort) {
  const std::vector<Stratum> strata = {{3, 3}, {2, 4}};
  const auto whole = PermutationTest(strata, 3, ThreeSums, {.permutations = 999});
  const auto stopped = PermutationTest(strata, 3, ThreeSums, {.permutations = 999, .stop_after = 1});
  EXPECT_TRUE(stopped->exact);
  EXPECT_EQ(whole->p_values, stopped->p_values);
  EXPECT_EQ(whole->maximum_p_value, stopped->maximum_p_value);
}

TEST(PermutationTestTest, FinishTurnsSumsIntoStatistics) {
  const std::vector<Stratum> strata = {{12, 12}, {5, 9}};
  const Finish difference = [](const Eigen::Ref<const Eigen::MatrixXd>& sums,
                               Eigen::Ref<Eigen::MatrixXd> out) {
    out.row(0) = (sums.row(0) + sums.row(1)).cwiseAbs();
  };
  const PermutationOptions options = {.permutations = 999};
  const PermutationTable table = EvaluateRelabelings(strata, 3, ThreeSums, options).value();
  const auto test = PermutationTest(strata, 3, ThreeSums, 1, difference, options);
  ASSERT_TRUE(test.ok());
  EXPECT_EQ(test->p_values[0], PermutationPValue((table.values.row(0) + table.values.row(1)).cwiseAbs()));
}

// The mistake: p = #{T* >= T} / B is 0 where no relabeling reaches the observed value.
TEST(PermutationTestTest, PValueIsNeverZero) {
  const auto first_observed = [](std::size_t, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
    for (Eigen::Index b = 0; b < labels.cols(); ++b) out(0, b) = labels.col(b).tail(40).all() ? 1 : 0;
  };
  const std::vector<Stratum> strata = {{40, 40}};
  for (const std::int64_t stop_after : {0, 5}) {
    const auto test =
        PermutationTest(strata, 1, first_observed, {.permutations = 99, .stop_after = stop_after});
    EXPECT_DOUBLE_EQ(test->p_values[0], 0.01);
  }
}

// The mistake: labels permuted across prompts, so that a different mix of prompts looks like a difference.
TEST(PermutationTestTest, LabelsAreNotPermutedAcrossPrompts) {
  const std::vector<Stratum> strata = {{20, 5}, {5, 20}};
  // Every answer to the second prompt has the value 1, to the first 0: nothing differs within a prompt.
  const auto mean = [](std::size_t s, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
    for (Eigen::Index b = 0; b < labels.cols(); ++b)
      out(0, b) += static_cast<double>(s) * labels.col(b).cast<double>().sum();
  };
  EXPECT_EQ(PermutationTest(strata, 1, mean)->p_values[0], 1);
  const std::vector<Stratum> pool = {{25, 25}};
  const auto pooled = [](std::size_t, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
    // Reference: 20 answers to the first prompt and 5 to the second; observed: 5 and 20.
    for (Eigen::Index b = 0; b < labels.cols(); ++b)
      out(0, b) =
          labels.col(b).segment(20, 5).cast<double>().sum() + labels.col(b).tail(20).cast<double>().sum();
  };
  EXPECT_LT(PermutationTest(pool, 1, pooled)->p_values[0], 0.001) << "pooling should mislead here";
}

double PeakMebibytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

// The mistake: memory that grows with the number of permutations. A table of the larger run takes 16 MiB.
TEST(PermutationTestTest, MemoryDoesNotGrowWithThePermutations) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers keep freed memory";
#endif
  const std::vector<Stratum> strata = {{12, 12}};
  const auto run = [&](std::int64_t permutations, std::int64_t stop_after) {
    const auto both = [](std::size_t, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
      for (Eigen::Index b = 0; b < labels.cols(); ++b) {
        out(0, b) = labels(23, b);
        out(1, b) = labels(23, b) + 2.0 * labels(20, b);
      }
    };
    ASSERT_TRUE(
        PermutationTest(strata, 2, both, {.permutations = permutations, .stop_after = stop_after}).ok());
  };
  run(500'000, 0);  // Keeps as many values as are ever kept.
  run(10'000, 1'000'000'000);
  const double before = PeakMebibytes();
  run(1'000'000, 0);
  run(1'000'000, 1'000'000'000);
  EXPECT_LT(PeakMebibytes() - before, 2);
}

TEST(PermutationTestTest, RefusesWhatItCannotTest) {
  const auto refused = [](const std::vector<Stratum>& strata, int components,
                          const PermutationOptions& options, std::string_view word) {
    const auto test = PermutationTest(strata, components, ThreeSums, options);
    EXPECT_EQ(test.status().code(), absl::StatusCode::kInvalidArgument) << word;
    const std::string message(test.status().message());
    EXPECT_NE(message.find(word), std::string::npos) << message;
  };
  const std::vector<Stratum> good = {{3, 3}};
  constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max();
  refused({}, 3, {}, "no stratum");
  refused({{3, 3}, {0, 2}}, 3, {}, "stratum 1 has 0 items on the reference side");
  refused({{3, -1}}, 3, {}, "-1");
  refused({{kHuge, kHuge}}, 3, {}, "2^27");
  refused(good, 3, {.permutations = 0}, "permutations is 0");
  refused(good, 3, {.permutations = -5}, "permutations is -5");
  refused(good, 3, {.permutations = kHuge}, "2^48");
  refused(good, 3, {.stop_after = -1}, "stop_after is -1");
  refused(good, 0, {}, "components is 0");
  // A table has a size limit of its own.
  const auto table = EvaluateRelabelings(std::vector<Stratum>{{40, 40}}, 3, ThreeSums,
                                         {.permutations = std::int64_t{1} << 40});
  EXPECT_EQ(table.status().code(), absl::StatusCode::kInvalidArgument);
}

// Squares of large values overflow; a mean that is no number would be reached by no relabeling, p = 0.
TEST(PermutationTestTest, StatisticsOfAnySizeGiveTheSamePValues) {
  const std::vector<Stratum> strata = {{10, 10}};
  for (const std::int64_t stop_after : {0, 5}) {
    const PermutationOptions options{.permutations = 999, .stop_after = stop_after};
    const auto test = [&](double unit) {
      return PermutationTest(
          strata, 2,
          [&](std::size_t s, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
            Eigen::MatrixXd sums = Eigen::MatrixXd::Zero(3, out.cols());
            ThreeSums(s, labels, sums);
            out += unit * sums.topRows(2);
          },
          options);
    };
    const auto plain = test(1);
    ASSERT_TRUE(plain.ok());
    for (const double unit : {0x1p-900, 0x1p530, 0x1p900}) {
      const auto scaled = test(unit);
      ASSERT_TRUE(scaled.ok()) << scaled.status();
      EXPECT_EQ(scaled->p_values, plain->p_values);
      EXPECT_EQ(scaled->maximum_p_value, plain->maximum_p_value) << unit;
    }
  }
}

TEST(PermutationTestTest, RefusesAStatisticThatIsNotFinite) {
  // Only one relabeling in many has the value.
  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    const auto sometimes = [bad](std::size_t, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
      for (Eigen::Index b = 0; b < labels.cols(); ++b)
        out(0, b) = labels.col(b).head(8).cast<int>().sum() == 8 ? bad : 0;
    };
    for (const std::int64_t stop_after : {0, 1'000'000}) {
      const auto test = PermutationTest(std::vector<Stratum>{{12, 12}}, 1, sometimes,
                                        {.permutations = 20'000, .stop_after = stop_after});
      EXPECT_EQ(test.status().code(), absl::StatusCode::kInvalidArgument);
    }
  }
}

// Below 5 standard deviations of the chi-square, by the cube root of Wilson and Hilferty 1931, with chance
// above 1 - 1e-6.
void ExpectUniform(const std::map<std::uint64_t, double>& counts, double cells, const std::string& what) {
  double total = 0, chi_square = 0;
  for (const auto& [key, count] : counts) total += count;
  ASSERT_EQ(static_cast<double>(counts.size()), cells) << what;
  for (const auto& [key, count] : counts) chi_square += (count - total / cells) * (count - total / cells);
  chi_square /= total / cells;
  if (cells == 1) return;
  const double degrees = cells - 1, spread = 2 / (9 * degrees);
  EXPECT_LT((std::cbrt(chi_square / degrees) - (1 - spread)) / std::sqrt(spread), 5) << what;
}

TEST(DrawSubsetTest, AllSubsetsAreEquallyLikely) {
  struct Case {
    std::uint32_t n, picks;
    double subsets;
  };
  // Picked one by one, from bits of several chances, inverted, and everything or nothing.
  for (const Case& c : {Case{7, 3, 35},
                        {8, 4, 70},
                        {33, 1, 33},
                        {33, 2, 528},
                        {10, 2, 45},
                        {9, 8, 9},
                        {12, 5, 792},
                        {11, 7, 330},
                        {40, 39, 40},
                        {32, 30, 496},
                        {5, 0, 1},
                        {5, 5, 1}}) {
    std::map<std::uint64_t, double> counts;
    std::vector<std::uint32_t> words(internal::BitWords(c.n));
    for (std::uint64_t run = 0; run < 100'000; ++run) {
      CounterRng rng(17, run);
      internal::DrawSubset(c.n, c.picks, rng, words);
      std::uint64_t subset = 0;
      for (std::size_t w = 0; w < words.size(); ++w) subset |= std::uint64_t{words[w]} << (32 * w);
      ASSERT_EQ(static_cast<std::uint32_t>(std::popcount(subset)), c.picks);
      ++counts[subset];
    }
    ExpectUniform(counts, c.subsets, std::to_string(c.picks) + " of " + std::to_string(c.n));
  }
}

TEST(RelabelingPlanTest, SwapsOfPairsAreFairAndIndependent) {
  const std::vector<Stratum> strata(20, {1, 1});
  std::map<std::uint64_t, double> counts;
  const auto test = PermutationTest(
      strata, 1,
      [](std::size_t s, const LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
        EXPECT_TRUE((labels.row(0).array() + labels.row(1).array() == 1).all());
        out.row(0) += std::ldexp(1.0, static_cast<int>(s)) * labels.row(0).cast<double>();
      },
      1,
      [&](const Eigen::Ref<const Eigen::MatrixXd>& sums, Eigen::Ref<Eigen::MatrixXd> out) {
        // Pairs 0, 7 and 19.
        for (Eigen::Index b = 0; b < sums.cols(); ++b) {
          const auto swaps = static_cast<std::uint64_t>(sums(0, b));
          ++counts[(swaps & 1) | (swaps >> 7 & 1) << 1 | (swaps >> 19 & 1) << 2];
        }
        out = sums;
      },
      {.permutations = 100'000});
  ASSERT_TRUE(test.ok());
  EXPECT_EQ(test->statistics[0], 0);
  ExpectUniform(counts, 8, "three pairs");
}

TEST(BoundedBinomialTest, ExactUpToTheLimit) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(internal::BoundedBinomial(50, 25, std::int64_t{1} << 48), 126410606437752);
  EXPECT_EQ(internal::BoundedBinomial(50, 25, 126410606437752), 126410606437752);
  EXPECT_EQ(internal::BoundedBinomial(50, 25, 126410606437751), kMax);
  EXPECT_EQ(internal::BoundedBinomial(std::int64_t{1} << 28, 1, std::int64_t{1} << 48),
            std::int64_t{1} << 28);
  EXPECT_EQ(internal::BoundedBinomial(7, 0, 10), 1);
  EXPECT_EQ(internal::BoundedBinomial(7, 7, 10), 1);
}

TEST(UnrankCombinationTest, LargeEnumerationsAreComplete) {
  std::map<std::uint64_t, double> seen;
  std::vector<std::uint8_t> labels(15);
  for (std::int64_t rank = 0; rank < 5005; ++rank) {
    internal::UnrankCombination(rank, 6, 5005, labels);
    std::uint64_t mask = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) mask |= std::uint64_t{labels[i]} << i;
    ASSERT_EQ(std::popcount(mask), 6);
    ++seen[mask];
  }
  EXPECT_EQ(seen.size(), 5005u);
  // The last one is the observed labeling.
  EXPECT_TRUE(std::all_of(labels.end() - 6, labels.end(), [](std::uint8_t label) { return label == 1; }));
}

}  // namespace
}  // namespace pinchbeck::stats
