#include <gmock/gmock.h>

#include <cmath>
#include <string>
#include <vector>

#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/stats/mmd.h"
#include "src/signal/text_cells.h"
#include "src/signal/text_statistics.h"
#include "tests/signal/observations.h"

namespace pinchbeck {
namespace {

using internal::TextCell;
using internal::TextKernel;
using ::testing::HasSubstr;

SignalOptions Quick(std::int64_t permutations = 999) {
  SignalOptions options;
  options.permutations = permutations;
  return options;
}

// `counts[p]` answers to probe p: `words` random words from `vocabulary` made from `word`.
std::vector<Observation> Texts(const std::vector<int>& counts, const std::string& word, std::uint64_t seed,
                               std::uint32_t vocabulary = 9) {
  std::vector<Observation> observations;
  for (std::size_t p = 0; p < counts.size(); ++p) {
    stats::CounterRng rng(seed, p);
    for (int i = 0; i < counts[p]; ++i) {
      std::string text = "answer";
      for (int w = 0; w < 12; ++w) text += " " + word + std::to_string(rng.Below(vocabulary));
      observations.push_back(TextAnswer("t" + std::to_string(p), text, 12));
    }
  }
  return observations;
}

internal::TextStatistics Statistics(const SampleSet& reference, const SampleSet& observed,
                                    const SignalOptions& options) {
  const std::vector<TextCell> cells = internal::BuildTextCells(reference, observed);
  Eigen::Index items = 0;
  for (const TextCell& cell : cells) items += cell.stratum.size();
  auto statistics = internal::EvaluateTextStatistics(cells, Eigen::MatrixXd(items, 0), options);
  EXPECT_TRUE(statistics.ok()) << statistics.status();
  return *std::move(statistics);
}

TEST(TextKernelTest, NothingBehindTheEndOfATextAgrees) {
  const TextFeatures shorter = ExtractTextFeatures("ab"), longer = ExtractTextFeatures("abXYZ"),
                     other = ExtractTextFeatures("cd"), empty = ExtractTextFeatures("");
  const Eigen::MatrixXd matches =
      internal::TextGram(TextKernel::kPrefixMatches, {&shorter, &longer, &other, &empty});
  EXPECT_EQ(matches(0, 1), 2);
  EXPECT_EQ(matches(0, 2), 0);
  EXPECT_EQ(matches(0, 3), 0);
  EXPECT_EQ(matches(3, 3), 0);
}

TEST(TextKernelTest, PrefixKernelsReadCodePoints) {
  // The second characters share their first byte.
  const TextFeatures a = ExtractTextFeatures("\xC3\xA9\xC3\xA8!"),
                     b = ExtractTextFeatures("\xC3\xA9\xC3\xAA!");
  EXPECT_EQ(internal::TextGram(TextKernel::kPrefixMatches, {&a, &b})(0, 1), 2);
  EXPECT_EQ(internal::TextGram(TextKernel::kSharedPrefix, {&a, &b})(0, 1), 1);
}

TEST(TextKernelTest, BalancedTrigramsAgreeWithTheirDefinition) {
  TextFeatures a, b, c, d;
  a.trigrams = {{1, 4}, {5, 12}};
  b.trigrams = {{1, 16}};
  c.trigrams = {{5, 3}, {9, 1}};
  d.trigrams = {{5, 3}, {9, 1}};
  // Shares' roots: a = (1/2, sqrt 3/4, 0), b = (1, 0, 0), c = d. Within the first cell the squares around the
  // mean are 1/8 for 3-gram 1 and 3/8 for 3-gram 5; the second cell adds none, so 3-gram 9 is left out.
  const Eigen::MatrixXd gram = internal::BalancedTrigramGram({{&a, &b}, {&c, &d}});
  EXPECT_NEAR(gram(0, 1), 0.5 / std::sqrt(0.125), 1e-12);
  EXPECT_NEAR(gram(0, 2), 0.75 / std::sqrt(0.375), 1e-12);
  EXPECT_NEAR(gram(2, 3), 0.75 / std::sqrt(0.375), 1e-12);
  EXPECT_EQ(gram(1, 2), 0);
}

TEST(TextStatisticsTest, PairsAgreeWithThePairedKernelTest) {
  const std::vector<int> ones(9, 1);
  const SampleSet a = Build(Texts(ones, "lorem", 1)), b = Build(Texts(ones, "larum", 2));
  internal::Texts items;
  for (const SampleSet* side : {&a, &b}) {
    for (const auto& [id, probe] : side->probes) items.push_back(probe.texts.data());
  }
  const auto expected = stats::PairedKernelTest(internal::TextGram(TextKernel::kTrigrams, items));
  ASSERT_TRUE(expected.ok());
  const internal::TextStatistics statistics = Statistics(a, b, Quick());
  ASSERT_TRUE(statistics.across_trigrams);
  EXPECT_FALSE(statistics.within_trigrams);
  EXPECT_NEAR((*statistics.across_trigrams)(0), expected->effect, 1e-12);
  EXPECT_DOUBLE_EQ(stats::PermutationPValue(*statistics.across_trigrams), expected->p_value);
}

// sum over p != q of <d_p, d_q> by its definition, for the observed labeling.
double AcrossByDefinition(const std::vector<TextCell>& cells) {
  double sum = 0, sizes = 0, squares = 0;
  for (std::size_t p = 0; p < cells.size(); ++p) {
    const auto size = [](const TextCell& cell) {
      const auto m = static_cast<double>(cell.stratum.n_reference),
                 n = static_cast<double>(cell.stratum.n_observed);
      return m * n / (m + n);
    };
    sizes += size(cells[p]);
    squares += size(cells[p]) * size(cells[p]);
    for (std::size_t q = 0; q < cells.size(); ++q) {
      if (q == p) continue;
      internal::Texts both = cells[p].items;
      both.insert(both.end(), cells[q].items.begin(), cells[q].items.end());
      const Eigen::MatrixXd gram = internal::TextGram(TextKernel::kTrigrams, both);
      const auto m1 = cells[p].stratum.n_reference, n1 = cells[p].stratum.n_observed,
                 m2 = cells[q].stratum.n_reference, n2 = cells[q].stratum.n_observed;
      const Eigen::Index o = m1 + n1;
      sum += size(cells[p]) * size(cells[q]) *
             (gram.block(m1, o + m2, n1, n2).mean() - gram.block(m1, o, n1, m2).mean() -
              gram.block(0, o + m2, m1, n2).mean() + gram.block(0, o, m1, m2).mean());
    }
  }
  return sum / (sizes * sizes - squares);
}

TEST(TextStatisticsTest, OverProbesAgreesWithItsDefinitionForUnequalSizes) {
  const SampleSet a = Build(Texts({1, 3, 5}, "lorem", 1)), b = Build(Texts({1, 1, 2}, "larum", 2));
  const std::vector<TextCell> cells = internal::BuildTextCells(a, b);
  const internal::TextStatistics statistics = Statistics(a, b, Quick(99));
  ASSERT_TRUE(statistics.across_trigrams);
  EXPECT_NEAR((*statistics.across_trigrams)(0), AcrossByDefinition(cells), 1e-12);
  // Under H0 it is 0 on average over all relabelings.
  const internal::TextStatistics all = Statistics(a, b, Quick(1000));
  ASSERT_TRUE(all.exact);
  EXPECT_NEAR(all.across_trigrams->mean(), 0, 1e-12);
}

TEST(TextStatisticsTest, EveryStatisticIsTheSameOnEveryThreadCount) {
  const SampleSet a = Build(Texts({4, 1, 3, 1}, "lorem", 1)), b = Build(Texts({2, 1, 6, 1}, "lorem", 2));
  SignalOptions options = Quick(600);
  const internal::TextStatistics one = Statistics(a, b, options);
  options.threads = 3;
  const internal::TextStatistics three = Statistics(a, b, options);
  EXPECT_EQ(one.wording, three.wording);
  EXPECT_EQ(one.beginnings, three.beginnings);
  EXPECT_EQ(one.style, three.style);
}

TEST(TextTest, OneAnswerOfManyReferenceAnswersIsEnoughOverManyProbes) {
  const SampleSet a = Build(Texts(std::vector<int>(25, 4), "lorem", 1)),
                  b = Build(Texts(std::vector<int>(25, 1), "larem", 2)),
                  c = Build(Texts(std::vector<int>(25, 1), "lorem", 3));
  EXPECT_LE(*EvaluateText(a, b, Quick()).p_value, 0.001);
  EXPECT_GT(*EvaluateText(a, c, Quick()).p_value, 0.05);
}

TEST(TextTest, TokenIdsTellEqualTextsApart) {
  const auto with_ids = [](std::int64_t id) {
    std::vector<Observation> observations;
    for (int i = 0; i < 10; ++i) {
      observations.push_back(TextAnswer("t", "one and the same answer", 5));
      observations.back().response.token_ids = {7, id, 9};
    }
    return Build(observations);
  };
  EXPECT_DOUBLE_EQ(*EvaluateText(with_ids(8), with_ids(8), Quick()).p_value, 1);
  EXPECT_DOUBLE_EQ(*EvaluateText(with_ids(8), with_ids(88), Quick()).p_value, 0.001);
}

TEST(TextTest, TheOrderOfTheWordsShowsInTheBeginnings) {
  // The same 3-grams, style and length; only the beginning differs.
  const auto starts_with = [](const std::string& first, const std::string& second) {
    std::vector<Observation> observations;
    for (int i = 0; i < 12; ++i)
      observations.push_back(
          TextAnswer("t", first + " " + second + " " + first + " " + second + " " + first, 5));
    return Build(observations);
  };
  SampleSet a = starts_with("aaaa", "bbbb");
  SampleSet b = starts_with("aaaa", "bbbb");
  for (TextFeatures& text : b.probes.at("t").texts) text.prefix = U"bbbb aaaa";
  EXPECT_DOUBLE_EQ(*EvaluateText(a, b, Quick()).p_value, 0.001);
  // A private fingerprint has no beginnings: then they are left out on both sides.
  RemoveReadableText(a);
  EXPECT_DOUBLE_EQ(*EvaluateText(a, b, Quick()).p_value, 1);
}

TEST(TextTest, ManyPairsAreThinnedEvenlyAndStayMeasurable) {
  const std::vector<int> ones(internal::kMaxPairs + 100, 1);
  const SampleSet a = Build(Texts(ones, "lorem", 1)), b = Build(Texts(ones, "lorem", 2));
  const std::vector<TextCell> cells = internal::BuildTextCells(a, b);
  ASSERT_EQ(cells.size(), internal::kMaxPairs);
  EXPECT_EQ(cells.back().probe, a.probes.rbegin()->first);
  const SignalEvidence evidence = EvaluateText(a, b, Quick(99));
  EXPECT_TRUE(evidence.measurable);
  EXPECT_THAT(evidence.method, HasSubstr("pairs"));
}

TEST(TextTest, OnePairSaysNothing) {
  const SignalEvidence evidence =
      EvaluateText(Build(Texts({1}, "lorem", 1)), Build(Texts({1}, "ipsum", 2)), Quick());
  EXPECT_DOUBLE_EQ(*evidence.p_value, 1);
  EXPECT_DOUBLE_EQ(*evidence.effect, 0);
}

}  // namespace
}  // namespace pinchbeck
