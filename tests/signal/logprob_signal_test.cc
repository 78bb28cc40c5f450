// What the log-probability signal notices, and what it does not take for a difference.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/stats/permutation.h"
#include "src/signal/logprob_cells.h"
#include "src/signal/logprob_margin.h"
#include "src/signal/logprob_sequences.h"
#include "src/signal/logprob_statistics.h"
#include "tests/signal/logprob_samples.h"
#include "tests/signal/observations.h"

namespace pinchbeck {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

SignalOptions Quick(Claim claim = Claim::kWeights) {
  SignalOptions options;
  options.claim = claim;
  options.permutations = 999;
  return options;
}

// Lists of four tokens: "a" certain to 1e-4 nats, the others as noisy as `noise` says; `shift` moves "a",
// `spread` multiplies the noise of "d".
std::vector<Observation> Lists(int probes, int repeats, double shift, double noise, double spread,
                               std::uint64_t seed) {
  std::vector<Observation> observations;
  for (int p = 0; p < probes; ++p) {
    stats::CounterRng rng(seed, static_cast<std::uint64_t>(p));
    for (int i = 0; i < repeats; ++i) {
      const double base = -1 - 0.1 * p;
      const TokenValues list = {{"a", -0.5 + shift + 1e-4 * Normal(rng)},
                                {"b", base - 1 + noise * Normal(rng)},
                                {"c", base - 2 + noise * Normal(rng)},
                                {"d", base - 3 + noise * spread * Normal(rng)}};
      observations.push_back(ListAnswer("l" + std::to_string(p), list, list[0]));
    }
  }
  return observations;
}

// Every statistic's own permutation p-value.
std::vector<double> RowPValues(const SampleSet& reference, const SampleSet& observed,
                               const std::vector<const SampleSet*>& alternatives = {}) {
  const auto cells = internal::BuildLogprobCells(reference, observed);
  const internal::LogprobStatistics statistics(cells, alternatives);
  std::vector<stats::Stratum> strata;
  for (const auto& cell : cells) strata.push_back(cell.stratum);
  const auto table = stats::EvaluateRelabelings(
      strata, static_cast<int>(statistics.rows()),
      [&](std::size_t s, const stats::LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
        statistics.Accumulate(s, labels, out);
      },
      {.permutations = 999});
  EXPECT_TRUE(table.ok()) << table.status();
  std::vector<double> p_values;
  for (Eigen::Index row = 0; row < statistics.rows(); ++row)
    p_values.push_back(stats::PermutationPValue(table->values.row(row)));
  return p_values;
}

TEST(LogprobSignalTest, ASmallShiftOfAQuietTokenIsSeenInUnitsOfNoise) {
  const SampleSet reference = Build(Lists(4, 8, 0, 0.3, 1, 1)),
                  observed = Build(Lists(4, 8, -0.05, 0.3, 1, 2));
  const std::vector<double> p = RowPValues(reference, observed);
  EXPECT_GT(p[0], 0.05);
  EXPECT_LE(p[1], 0.002);
  // Among three statistics one of them needs more than 999 relabelings to stand out.
  EXPECT_LE(*EvaluateLogprob(reference, observed, SignalOptions()).equality_p_value, 0.01);
}

TEST(LogprobSignalTest, AnotherSpreadWithTheSameMeanIsSeenByTheEnergyDistance) {
  const SampleSet reference = Build(Lists(6, 20, 0, 0.05, 1, 1)),
                  observed = Build(Lists(6, 20, 0, 0.05, 8, 2));
  EXPECT_LE(RowPValues(reference, observed)[2], 0.002);
  EXPECT_LE(*EvaluateLogprob(reference, observed, SignalOptions()).equality_p_value, 0.01);
}

// Answers of one model, or of one of two others that shift a probe's tokens in opposite ways.
std::vector<Observation> Models(double lean, int repeats, std::uint64_t seed, double noise = 0.2) {
  std::vector<Observation> observations;
  for (int p = 0; p < 10; ++p) {
    stats::CounterRng rng(seed, static_cast<std::uint64_t>(p));
    for (int i = 0; i < repeats; ++i) {
      const double sign = p % 2 == 0 ? 1 : -1;
      TokenValues list = {{"a", -1 + lean * sign + noise * Normal(rng)},
                          {"b", -2 - lean * sign + noise * Normal(rng)},
                          {"c", -3 + noise * Normal(rng)}};
      std::sort(list.begin(), list.end(), [](const auto& x, const auto& y) { return x.second > y.second; });
      observations.push_back(ListAnswer("l" + std::to_string(p), list, list[0]));
    }
  }
  return observations;
}

TEST(LogprobSignalTest, AStoredModelIsFoundAndNamed) {
  const SampleSet reference = Build(Models(0, 6, 1)), observed = Build(Models(0.1, 6, 2)),
                  right = Build(Models(0.1, 30, 3)), wrong = Build(Models(-0.1, 30, 4)), none;
  SignalOptions options = Quick();
  const SignalEvidence alone = EvaluateLogprob(reference, observed, options);
  EXPECT_THAT(alone.method, HasSubstr("no stored model"));
  EXPECT_FALSE(alone.closest_alternative.has_value());
  options.alternatives = {&wrong, &none, &right};
  const SignalEvidence evidence = EvaluateLogprob(reference, observed, options);
  EXPECT_THAT(evidence.method, HasSubstr("2 stored models"));
  EXPECT_EQ(evidence.closest_alternative, 2u);
  EXPECT_LE(*evidence.equality_p_value, 0.01);
  // The margin still decides.
  EXPECT_DOUBLE_EQ(*evidence.p_value, 1);
  EXPECT_FALSE(EvaluateLogprob(reference, reference, options).closest_alternative.has_value());
}

TEST(LogprobSignalTest, AlternativesOfOneSideDoNotChangeTheOthersNumbers) {
  const SampleSet reference = Build(Models(0, 4, 1)), observed = Build(Models(0.1, 3, 2)),
                  other = Build(Models(1, 5, 3));
  const std::vector<double> without = RowPValues(reference, observed),
                            with = RowPValues(reference, observed, {&other});
  ASSERT_EQ(with.size(), without.size() + 1);
  EXPECT_TRUE(std::equal(without.begin(), without.end(), with.begin()));
}

TEST(LogprobSignalTest, ConstantAnswersAndSinglePairsHaveValues) {
  const SampleSet constant = Build(Lists(9, 5, 0, 0, 0, 1));
  std::vector<Observation> equal;
  for (int i = 0; i < 6; ++i) equal.push_back(ListAnswer("p", {{"a", -0.5}, {"b", -1.5}}, {"a", -0.5}));
  const SampleSet same = Build(equal), one = Build({equal.front()});
  SignalOptions options = Quick(Claim::kServing);
  options.alternatives = {&same};
  for (const auto& [x, y] : {std::pair{&same, &same}, {&one, &one}, {&same, &one}, {&one, &same}}) {
    const SignalEvidence evidence = EvaluateLogprob(*x, *y, options);
    ASSERT_TRUE(evidence.measurable) << evidence.reason;
    EXPECT_DOUBLE_EQ(*evidence.equality_p_value, 1);
    EXPECT_DOUBLE_EQ(*evidence.statistic, 0);
  }
  // Constant on both sides, and different: certain, as far as there are relabelings.
  std::vector<Observation> shifted;
  for (int i = 0; i < 6; ++i) shifted.push_back(ListAnswer("p", {{"a", -0.6}, {"b", -1.4}}, {"a", -0.6}));
  EXPECT_LE(*EvaluateLogprob(same, Build(shifted), Quick()).equality_p_value, 0.005);
  EXPECT_TRUE(EvaluateLogprob(constant, constant, Quick()).measurable);
}

TEST(LogprobSignalTest, ReportingFewerEntriesIsNoDifference) {
  std::vector<Observation> deep, flat;
  for (int i = 0; i < 8; ++i) {
    const TokenValues list = {{"a", -0.5 - 1e-3 * (i % 4)}, {"b", -1.5}, {"c", -2.5}, {"d", -3.5}};
    deep.push_back(ListAnswer("p", list, list[0]));
    flat.push_back(ListAnswer("p", {list.begin(), list.begin() + 2}, list[0]));
  }
  EXPECT_DOUBLE_EQ(*EvaluateLogprob(Build(deep), Build(flat), Quick()).equality_p_value, 1);
}

// Greedy answers of four tokens without lists; `last` is the value at the last position.
std::vector<Observation> Greedy(int count, double last, const std::string& third = "c") {
  std::vector<Observation> observations;
  for (int p = 0; p < 8; ++p) {
    for (int i = 0; i < count; ++i) {
      observations.push_back(SampledAnswer(
          "g" + std::to_string(p),
          {{"a", -0.5}, {"b", -0.7 - 1e-4 * (i % 2)}, {third, -0.9}, {"d", last - 1e-4 * (i % 3)}}, 0.0));
    }
  }
  return observations;
}

TEST(LogprobPathTest, LaterPositionsOfGreedyAnswersCount) {
  const SampleSet reference = Build(Greedy(6, -1)), observed = Build(Greedy(5, -1.5));
  const auto cells = internal::BuildLogprobCells(reference, observed);
  ASSERT_EQ(cells.size(), 8u);
  EXPECT_EQ(cells[0].partial.cols(), 4);
  EXPECT_THAT(cells[0].path, ::testing::ElementsAre("a", "b", "c", "d"));
  const SignalEvidence evidence = EvaluateLogprob(reference, observed, Quick());
  EXPECT_LE(*evidence.equality_p_value, 0.01);
  EXPECT_NEAR(*evidence.effect, 0.5 / 4, 0.01);
  EXPECT_GT(*EvaluateLogprob(reference, Build(Greedy(5, -1)), Quick()).equality_p_value, 0.05);
}

TEST(LogprobPathTest, ValuesEndAtTheFirstDivergence) {
  // The observed answers go another way at the third position: what follows is another text's.
  const SampleSet reference = Build(Greedy(6, -1)), observed = Build(Greedy(5, -7, "x"));
  const internal::LogprobCell cell = internal::BuildLogprobCells(reference, observed).at(0);
  EXPECT_DOUBLE_EQ(cell.known.col(2).minCoeff(), 1);
  EXPECT_DOUBLE_EQ(cell.known.col(3).head(6).minCoeff(), 1);
  EXPECT_DOUBLE_EQ(cell.known.col(3).tail(5).maxCoeff(), 0);
  // The position of the divergence itself is bounded by the token that was taken instead.
  EXPECT_DOUBLE_EQ(cell.partial(6, 2), -0.9);
}

TEST(LogprobPathTest, TheSpreadOfPathsWithinTheReferenceIsGranted) {
  // Batches move values by some thousandths of a nat; the observed session has other batches.
  auto batched = [](double size) {
    std::vector<Observation> observations = Greedy(6, -1);
    for (std::size_t i = 0; i < observations.size(); ++i) {
      for (auto& position : observations[i].logprobs) *position.sampled.logprob -= i % 2 == 0 ? size : 0;
    }
    return Build(observations);
  };
  std::vector<Observation> moved = Greedy(6, -1);
  for (Observation& o : moved) {
    for (auto& position : o.logprobs) *position.sampled.logprob -= 0.003;
  }
  const SignalOptions options = Quick(Claim::kServing);
  const SignalEvidence honest = EvaluateLogprob(batched(0.008), Build(moved), options);
  EXPECT_GT(honest.effect_gate, 0.003);
  EXPECT_LE(*honest.effect, honest.effect_gate);
  EXPECT_DOUBLE_EQ(*honest.p_value, 1);
}

TEST(LogprobLeftOutTest, ListsOfSomeAnswersOnlyAreNoAgreement) {
  const auto lists = [] { return Models(0, 6, 1); };
  std::vector<Observation> picked = Models(0, 6, 2);
  for (std::size_t i = 0; i < picked.size(); i += 2) picked[i].logprobs[0].top.clear();
  const SampleSet reference = Build(lists()), observed = Build(picked);
  const SignalEvidence evidence = EvaluateLogprob(reference, observed, Quick());
  EXPECT_TRUE(evidence.incoherent);
  EXPECT_THAT(evidence.notes, Contains(HasSubstr("0 of the reference, 30 observed")));
  EXPECT_THAT(evidence.notes, Contains(HasSubstr("30 of 60 observed answers come without the list")));
  // A reference that does the same has nothing to blame.
  const SignalEvidence both = EvaluateLogprob(observed, observed, Quick());
  EXPECT_FALSE(both.incoherent);
  EXPECT_THAT(both.notes, Contains(HasSubstr("30 of the reference, 30 observed")));
  EXPECT_FALSE(EvaluateLogprob(reference, reference, Quick()).incoherent);
}

TEST(LogprobLeftOutTest, OneShortListIsSaidToShortenAll) {
  std::vector<Observation> observed = Models(0, 6, 2);
  observed[0].logprobs[0].top.resize(2);
  const SignalEvidence evidence = EvaluateLogprob(Build(Models(0, 6, 1)), Build(observed), Quick());
  EXPECT_THAT(evidence.notes, Contains(HasSubstr("on 1 probe as few as 2 entries are compared of the "
                                                 "reference's 3")));
}

TEST(LogprobLeftOutTest, StoredModelsAreCensoredAtTheDepthOfTheCell) {
  std::vector<Observation> deep, flat;
  for (int i = 0; i < 4; ++i) {
    const TokenValues list = {{"a", -0.5}, {"b", -1.5}, {"c", -2.5}};
    deep.push_back(ListAnswer("p", list, list[0]));
    flat.push_back(ListAnswer("p", {list.begin(), list.begin() + 2}, list[0]));
    // Half of the pool lists "c" among its two.
    if (i % 2 == 0) flat.back() = ListAnswer("p", {{"a", -0.5}, {"c", -1.5}}, {"a", -0.5});
  }
  const internal::LogprobCell cell = internal::BuildLogprobCells(Build(flat), Build(flat)).at(0);
  const internal::CellMeans means = internal::MeansInCell(cell, Build(deep).probes.at("p"));
  for (std::size_t k = 0; k < cell.tokens.size(); ++k)
    EXPECT_DOUBLE_EQ(means.listed.mean(static_cast<Eigen::Index>(k)), cell.tokens[k] == "a" ? -0.5 : -1.5);
}

TEST(LogprobPathTest, PathsStandBesideTheListsOfTheSameAnswers) {
  auto with_lists = [](double second) {
    std::vector<Observation> observations = Greedy(4, second);
    for (Observation& o : observations)
      o.logprobs[0].top = {{"a", std::nullopt, -0.5}, {"z", std::nullopt, -2.0}};
    return Build(observations);
  };
  const auto cells = internal::BuildLogprobCells(with_lists(-1), with_lists(-1.5));
  ASSERT_EQ(cells.size(), 8u);
  EXPECT_EQ(cells[0].listed.cols(), 2);
  EXPECT_EQ(cells[0].partial.cols(), 3);
  EXPECT_LE(*EvaluateLogprob(with_lists(-1), with_lists(-1.5), Quick()).equality_p_value, 0.01);
}

// Longer sampled answers whose tokens are on average as likely as `level` says.
std::vector<Observation> Sampled(int probes, int count, double level, std::uint64_t seed) {
  std::vector<Observation> observations;
  for (int p = 0; p < probes; ++p) {
    stats::CounterRng rng(seed, static_cast<std::uint64_t>(p));
    for (int i = 0; i < count; ++i) {
      TokenValues tokens;
      const std::uint32_t length = 20 + rng.Below(20);
      for (std::uint32_t t = 0; t < length; ++t)
        tokens.emplace_back("w" + std::to_string(rng.Below(40)),
                            level - 0.05 * p + std::log(1 - rng.Uniform()));
      observations.push_back(SampledAnswer("s" + std::to_string(p), tokens, 1.0));
    }
  }
  return observations;
}

TEST(LogprobSequenceTest, ChangedSamplingShowsWithinAFewAnswers) {
  const SampleSet reference = Build(Sampled(5, 8, -2.5, 1)), same = Build(Sampled(5, 2, -2.5, 2)),
                  sharper = Build(Sampled(5, 2, -1.9, 3));
  const SignalOptions options = Quick(Claim::kServing);
  const auto quiet = internal::CompareSequences(reference, same, options, 0.01);
  const auto loud = internal::CompareSequences(reference, sharper, options, 0.01);
  ASSERT_TRUE(quiet.ok() && loud.ok());
  EXPECT_GT(quiet->p_value, 0.05);
  EXPECT_DOUBLE_EQ(loud->p_value, 0.001);
  EXPECT_NEAR(loud->difference(), 0.6, 0.15);
  EXPECT_EQ(loud->n_observed, 10);
  const SignalEvidence serving = EvaluateLogprob(reference, sharper, options);
  EXPECT_LE(*serving.p_value, 0.002);
  EXPECT_GT(std::abs(*serving.effect), serving.effect_gate);
  // One part's figures, and which.
  EXPECT_DOUBLE_EQ(*serving.statistic, std::abs(*serving.effect));
  EXPECT_EQ(serving.n_observed, loud->n_observed);
  EXPECT_THAT(serving.notes, Contains(HasSubstr("the sampled tokens of longer answers decide")));
  EXPECT_GT(*EvaluateLogprob(reference, same, options).p_value, 0.05);
}

TEST(LogprobSequenceTest, UnderTheWeightsClaimItIsAFindingOnly) {
  const SampleSet reference = Build(Sampled(5, 8, -2.5, 1)), sharper = Build(Sampled(5, 4, -1.9, 3));
  const SignalEvidence evidence = EvaluateLogprob(reference, sharper, Quick());
  ASSERT_FALSE(evidence.notes.empty());
  EXPECT_THAT(evidence.notes.back(), HasSubstr("other sampling settings"));
  EXPECT_GT(*evidence.p_value, 0.05);
  EXPECT_THAT(EvaluateLogprob(reference, reference, Quick()).notes, IsEmpty());
}

TEST(LogprobSequenceTest, GreedyAnswersAreNoSampledOnes) {
  const SampleSet greedy = Build(Greedy(4, -1));
  EXPECT_EQ(internal::CompareSequences(greedy, greedy, Quick(), 0.01).status().code(),
            absl::StatusCode::kNotFound);
}

// A session moves all probes alike, by `shift`.
SampleSet Session(double shift, std::uint64_t seed) { return Build(Lists(10, 4, shift, 0.001, 1, seed)); }

TEST(LogprobSessionTest, TheReferencesSessionsSayWhatAnotherMayDifferBy) {
  const SampleSet s1 = Session(0, 1), s2 = Session(0.04, 2), s3 = Session(-0.03, 3), s4 = Session(0.01, 4);
  const SampleSet reference = MergeSamples({&s1, &s2, &s3, &s4}), one = MergeSamples({&s1});
  const SignalOptions options = Quick(Claim::kServing);
  // Within what sessions differ by, though each answer is certain.
  const SignalEvidence honest = EvaluateLogprob(reference, Session(0.05, 5), options);
  EXPECT_LE(*honest.equality_p_value, 0.01);
  EXPECT_DOUBLE_EQ(*honest.p_value, 1);
  ASSERT_FALSE(honest.notes.empty());
  EXPECT_THAT(honest.notes.front(), HasSubstr("4 sessions"));
  // Far beyond it.
  EXPECT_LE(*EvaluateLogprob(reference, Session(-3, 6), options).p_value, 0.01);
  // A limit at a level proves nothing below it.
  SignalOptions loose = options;
  loose.level = 0.05;
  EXPECT_GE(*EvaluateLogprob(reference, Session(-3, 6), loose).p_value, 0.05);
  // One session knows nothing of others.
  EXPECT_LE(*EvaluateLogprob(one, Session(0.05, 5), options).p_value, 0.01);
  EXPECT_THAT(internal::SessionDifferences(internal::BuildLogprobCells(one, s2)), IsEmpty());
  // The weights claim has a margin of its own.
  EXPECT_DOUBLE_EQ(EvaluateLogprob(reference, s1, Quick()).effect_gate, 0.5);
}

TEST(LogprobSessionTest, TwoSessionsAreTheFewestThatTell) {
  const std::vector<double> none, one = {0.1}, two = {0.1, 0.1};
  EXPECT_FALSE(internal::SessionLimit(none, 0.01).has_value());
  EXPECT_FALSE(internal::SessionLimit(one, 0.01).has_value());
  EXPECT_GT(*internal::SessionLimit(two, 0.01), 1);
}

}  // namespace
}  // namespace pinchbeck
