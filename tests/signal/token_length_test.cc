#include <gmock/gmock.h>

#include <cstdio>

#include "pinchbeck/signal/evidence.h"
#include "tests/signal/length_samples.h"

namespace pinchbeck {
namespace {

using ::testing::HasSubstr;

Lengths Repeat(const Lengths& values, int times) {
  Lengths result;
  for (int i = 0; i < times; ++i) result.insert(result.end(), values.begin(), values.end());
  return result;
}

TEST(TokenLengthTest, AtomsAreSeenWhereRanksAreAlike) {
  // Both sides lie around 15 with the same spread; what repeats differs.
  const SampleSet reference = LengthSample({Repeat({10, 13, 17, 20}, 5)});
  const SampleSet observed = LengthSample({Repeat({11, 12, 18, 19}, 3)});
  const SignalEvidence evidence = EvaluateTokenLength(reference, observed, QuickOptions());
  EXPECT_LE(*evidence.p_value, 0.005);
  EXPECT_LT(std::abs(*evidence.effect), 0.1);
}

TEST(TokenLengthTest, MoreAnswersCutAreADifference) {
  std::vector<Lengths> lengths = {{60, 70, 80, 90, 65, 75, 85, 95, 72, 88, 100, 100}};
  SampleSet reference = LengthSample(lengths), observed = reference;
  for (std::size_t i = 10; i < 12; ++i) reference.probes.at("p0").lengths[i].capped = true;
  for (OutputLength& length : observed.probes.at("p0").lengths) length = {100, true};
  EXPECT_LE(*EvaluateTokenLength(reference, observed, QuickOptions()).p_value, 0.005);
  EXPECT_DOUBLE_EQ(*EvaluateTokenLength(observed, observed, QuickOptions()).p_value, 1);
}

TEST(TokenLengthTest, StoredAlternativesAddPowerAndTheBestIsNamed) {
  const SampleSet same = LengthSample(DrawLengths(12, 20, 0, 0.3, 1));
  const SampleSet substitute = LengthSample(DrawLengths(12, 20, 0.2, 0.3, 2));
  const SampleSet longer = LengthSample(DrawLengths(12, 20, 1.5, 0.3, 3));
  int without = 0, with = 0, named = 0, wrong = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const SampleSet reference = LengthSample(DrawLengths(12, 5, 0, 0.3, 1000 + seed));
    const SampleSet observed = LengthSample(DrawLengths(12, 1, 0.2, 0.3, 2000 + seed));
    SignalOptions options = QuickOptions(199);
    options.seed = seed;
    options.level = 0.05;
    without += *EvaluateTokenLength(reference, observed, options).p_value <= 0.05;
    options.alternatives = {&longer, &substitute, &same};
    const SignalEvidence evidence = EvaluateTokenLength(reference, observed, options);
    with += *evidence.p_value <= 0.05;
    named += evidence.closest_alternative == std::size_t{1};
    // Nothing is named where nothing differs.
    EXPECT_TRUE(*evidence.p_value <= options.level || !evidence.closest_alternative);
    wrong += evidence.closest_alternative.value_or(1) != 1;
  }
  std::printf("without %d, with %d, named %d, wrong %d of 300\n", without, with, named, wrong);
  EXPECT_GT(with, without) << with << " against " << without;
  EXPECT_GT(named, 50);
  EXPECT_LE(wrong, 3);
}

TEST(TokenLengthTest, AlternativesKnownFromOtherProbesOnlyAddPowerToo) {
  int without = 0, with = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SampleSet reference = LengthSample(DrawLengths(60, 1, 0, 0.3, 500 + seed));
    SampleSet substitute = LengthSample(DrawLengths(60, 1, 0.15, 0.3, 700 + seed));
    SampleSet observed;
    for (int p = 0; p < 15; ++p) {
      // The substitute's stored answers to these probes are the observed ones.
      const auto probe = substitute.probes.extract("p" + std::to_string(p));
      observed.probes.emplace(probe.key(), probe.mapped());
    }
    SignalOptions options = QuickOptions(199);
    options.seed = seed;
    without += *EvaluateTokenLength(reference, observed, options).p_value <= 0.1;
    options.alternatives = {&substitute};
    with += *EvaluateTokenLength(reference, observed, options).p_value <= 0.1;
  }
  EXPECT_GT(with, without) << with << " against " << without;
}

TEST(TokenLengthTest, TheMethodSaysWhatWasStored) {
  const SampleSet sample = LengthSample({{5, 6, 7}});
  SignalOptions options = QuickOptions();
  EXPECT_THAT(EvaluateTokenLength(sample, sample, options).method, HasSubstr("no stored alternative"));
  const SampleSet elsewhere = [] {
    SampleSet other;
    other.probes["q"].lengths = {{3, false}};
    return other;
  }();
  options.alternatives = {&elsewhere};
  EXPECT_THAT(EvaluateTokenLength(sample, sample, options).method, HasSubstr("no stored alternative"));
  options.alternatives = {&elsewhere, &sample};
  EXPECT_THAT(EvaluateTokenLength(sample, sample, options).method, HasSubstr("1 stored alternative;"));
}

TEST(TokenLengthTest, SmallestSamplesAndConstantsCannotReject) {
  SignalOptions options = QuickOptions();
  const SampleSet one = LengthSample({{5}}), other = LengthSample({{900}});
  EXPECT_GE(*EvaluateTokenLength(one, other, options).p_value, 0.5);
  options.alternatives = {&other};
  EXPECT_GE(*EvaluateTokenLength(one, other, options).p_value, 0.5);
  const SampleSet constant = LengthSample({{7, 7, 7, 7}, {9, 9}});
  options.alternatives = {&constant};
  EXPECT_DOUBLE_EQ(*EvaluateTokenLength(constant, constant, options).p_value, 1);
  const SampleSet empty = LengthSample({{0, 0, 0}});
  EXPECT_DOUBLE_EQ(*EvaluateTokenLength(empty, empty, options).p_value, 1);
}

TEST(TokenLengthTest, ThreadsDoNotChangeTheResult) {
  const SampleSet a = LengthSample(DrawLengths(6, 9, 0, 0.3, 1)),
                  b = LengthSample(DrawLengths(6, 5, 0, 0.3, 2));
  const SampleSet stored = LengthSample(DrawLengths(6, 9, 0.5, 0.3, 3));
  SignalOptions options = QuickOptions();
  options.alternatives = {&stored};
  const SignalEvidence one = EvaluateTokenLength(a, b, options);
  options.threads = 3;
  EXPECT_EQ(*EvaluateTokenLength(a, b, options).p_value, *one.p_value);
}

}  // namespace
}  // namespace pinchbeck
