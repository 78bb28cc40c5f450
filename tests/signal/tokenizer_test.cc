#include "pinchbeck/signal/tokenizer.h"

#include <gmock/gmock.h>

#include <cmath>
#include <functional>

#include "tests/signal/observations.h"

namespace pinchbeck {
namespace {

using Count = std::function<std::int64_t(int)>;

Observation Counted(int probe, std::int64_t tokens) {
  Observation observation = ChoiceAnswer("p" + std::to_string(probe), "1");
  observation.signals = {"tokenizer"};
  observation.usage.input_tokens = tokens;
  return observation;
}

// Two answers to each of `probes` prompts, counted by `first` and `second`.
SampleSet Counts(int probes, const Count& first, const Count& second) {
  std::vector<Observation> observations;
  for (int p = 0; p < probes; ++p) {
    observations.push_back(Counted(p, first(p)));
    observations.push_back(Counted(p, second(p)));
  }
  return Build(observations);
}
SampleSet Counts(int probes, const Count& count) { return Counts(probes, count, count); }

std::int64_t Base(int p) { return 12 + (7 * p * p) % 83; }

TEST(FitTokenizerTest, EqualCountsAreTheSame) {
  const auto fit = FitTokenizer(Counts(12, Base), Counts(12, Base));
  ASSERT_TRUE(fit.has_value());
  EXPECT_EQ(fit->reading, TokenizerReading::kSame);
  EXPECT_EQ(fit->matching, 12);
  EXPECT_EQ(fit->intercept, 0);
  EXPECT_NEAR(*fit->r_squared, 1, 1e-12);
  EXPECT_FALSE(ShowsOtherPrompt(*fit));
  EXPECT_TRUE(fit->backends.empty());
}

TEST(FitTokenizerTest, AConstantIsTheHiddenPromptsSize) {
  const auto fit = FitTokenizer(Counts(12, Base), Counts(12, [](int p) { return Base(p) + 37; }));
  EXPECT_EQ(fit->reading, TokenizerReading::kShifted);
  EXPECT_EQ(fit->slope, 1);
  EXPECT_EQ(fit->intercept, 37);
  EXPECT_EQ(fit->intercept_low, 37);
  EXPECT_EQ(fit->intercept_high, 37);
  EXPECT_EQ(fit->largest_residual, 0);
  EXPECT_TRUE(ShowsOtherPrompt(*fit));
}

TEST(FitTokenizerTest, OneDeviatingPromptIsNoProofOfAnotherPrompt) {
  const auto fit =
      FitTokenizer(Counts(12, Base), Counts(12, [](int p) { return Base(p) + (p == 3 ? 40 : 37); }));
  EXPECT_EQ(fit->reading, TokenizerReading::kShifted);
  EXPECT_EQ(fit->matching, 11);
  EXPECT_EQ(fit->intercept_low, 37);
  EXPECT_EQ(fit->largest_residual, 3);
  EXPECT_FALSE(ShowsOtherPrompt(*fit));
}

TEST(FitTokenizerTest, FewOrEqualPromptsShowNoOtherPrompt) {
  const auto few = FitTokenizer(Counts(4, Base), Counts(4, [](int p) { return Base(p) + 9; }));
  EXPECT_EQ(few->reading, TokenizerReading::kShifted);
  EXPECT_FALSE(ShowsOtherPrompt(*few));
  const auto equal = FitTokenizer(Counts(9, [](int) { return 20; }), Counts(9, [](int) { return 29; }));
  EXPECT_EQ(equal->distinct, 1);
  EXPECT_FALSE(equal->r_squared.has_value());
  EXPECT_FALSE(ShowsOtherPrompt(*equal));
}

// Rounding of the scaled counts leaves the slope within a per cent.
TEST(FitTokenizerTest, AFactorIsInflatedBilling) {
  const auto fit =
      FitTokenizer(Counts(20, Base),
                   Counts(20, [](int p) { return std::llround(1.3 * static_cast<double>(Base(p))) + 5; }));
  EXPECT_EQ(fit->reading, TokenizerReading::kScaled);
  EXPECT_NEAR(fit->slope, 1.3, 0.01);
  EXPECT_NEAR(fit->intercept, 5, 0.6);
  EXPECT_LT(fit->intercept_low, 5);
  EXPECT_GT(fit->intercept_high, 5);
  EXPECT_LE(fit->largest_residual, 1);
  EXPECT_GT(*fit->r_squared, 0.999);
}

// Off by a token here and there: near a line of slope one, which is no factor.
TEST(FitTokenizerTest, CountsThatScatterByATokenAreNotBilledByAFactor) {
  const auto fit =
      FitTokenizer(Counts(20, Base),
                   Counts(20, [](int p) { return Base(p) - (p % 3 == 1 ? 1 : 0) + (p % 10 == 5 ? 1 : 0); }));
  EXPECT_EQ(fit->reading, TokenizerReading::kOtherTokenizer);
}

TEST(FitTokenizerTest, ScatteredCountsAreAnotherTokenizer) {
  const auto fit =
      FitTokenizer(Counts(20, Base), Counts(20, [](int p) { return Base(p) + (11 * p) % 17 - 4; }));
  EXPECT_EQ(fit->reading, TokenizerReading::kOtherTokenizer);
  EXPECT_LT(fit->matching, 10);
  EXPECT_LT(*fit->r_squared, 0.999);
  EXPECT_GT(fit->largest_residual, 2);
}

TEST(FitTokenizerTest, TwoBackendsShowThemselves) {
  const auto fit = FitTokenizer(Counts(10, Base), Counts(10, Base, [](int p) { return Base(p) + 15; }));
  EXPECT_EQ(fit->unstable, 10);
  ASSERT_EQ(fit->backends.size(), 2u);
  EXPECT_EQ(fit->backends[0].shift + fit->backends[1].shift, 15);
  EXPECT_DOUBLE_EQ(fit->backends[0].share, 0.5);
  EXPECT_FALSE(ShowsOtherPrompt(*fit));
  // A reference that varies itself is no news.
  const auto both = FitTokenizer(Counts(10, Base, [](int p) { return Base(p) + 15; }),
                                 Counts(10, Base, [](int p) { return Base(p) + 15; }));
  EXPECT_EQ(both->unstable, 0);
}

TEST(FitTokenizerTest, NothingCountedIsNothing) {
  EXPECT_FALSE(FitTokenizer(Counts(3, Base), Build({ChoiceAnswer("p0", "1")})).has_value());
  EXPECT_FALSE(FitTokenizer({}, {}).has_value());
}

// `answers` texts to each of ten probes, of varying length, with `per_character` tokens a character.
SampleSet Texts(double per_character, int answers, std::uint64_t seed, SignalPlan& plan) {
  SampleBuilder builder;
  for (int p = 0; p < 10; ++p) {
    stats::CounterRng rng(seed, static_cast<std::uint64_t>(p));
    for (int i = 0; i < answers; ++i) {
      const auto length = 20 + 5 * p + static_cast<int>(rng.Below(20));
      const double noise = 0.9 + 0.2 * rng.Uniform();
      EXPECT_TRUE(
          builder
              .Add(TextAnswer("t" + std::to_string(p), std::string(static_cast<std::size_t>(length), 'x'),
                              std::llround(per_character * noise * length)))
              .ok());
    }
  }
  plan = SampleBuilder::DecidePlan({&builder});
  return std::move(builder).Finish(plan);
}

TEST(UsageAgainstTextTest, TheIntervalHoldsTheTrueFactor) {
  for (const double factor : {1.0, 1.5}) {
    int covered = 0;
    constexpr int kDraws = 100;
    for (std::uint64_t draw = 0; draw < kDraws; ++draw) {
      SignalPlan plan;
      const SampleSet reference = Texts(1, 6, 2 * draw, plan),
                      observed = Texts(factor, 4, 2 * draw + 1, plan);
      const auto usage = CompareUsageWithText(plan, reference, observed);
      ASSERT_TRUE(usage.has_value());
      EXPECT_EQ(usage->unit, "output tokens");
      covered += usage->low <= factor && factor <= usage->high;
    }
    // Ten probes and an interval that is exact for normal residuals only.
    EXPECT_GE(covered, 80) << factor;
  }
}

TEST(UsageAgainstTextTest, NeedsTextsAndLengthsOfFiveProbes) {
  SignalPlan plan;
  SampleSet reference = Texts(1, 3, 1, plan), observed = Texts(1, 3, 2, plan);
  EXPECT_EQ(CompareUsageWithText(plan, reference, observed)->probes, 10);
  for (int p = 0; p < 6; ++p) observed.probes.at("t" + std::to_string(p)).lengths.clear();
  EXPECT_FALSE(CompareUsageWithText(plan, reference, observed).has_value());
}

}  // namespace
}  // namespace pinchbeck
