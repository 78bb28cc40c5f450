#include <gmock/gmock.h>

#include <cmath>

#include "src/signal/tempered_choice.h"
#include "src/signal/variant_mixture.h"
#include "tests/signal/random_shares.h"

namespace pinchbeck {
namespace {

using internal::ExplainByTemperature;
using internal::FitTempered;
using internal::TemperedCells;
using ::testing::HasSubstr;

SampleSet Drawn(const Shares& shares, int probes, int count, std::uint64_t seed) {
  return Build(DrawAnswers(shares, probes, count, seed));
}

// Two answers: x = (m - a, a) and y = (n - b, b) are fitted without error by logit(y) = u logit(x).
TEST(FitTemperedTest, TwoAnswersAreFittedExactly) {
  const std::vector<internal::TemperedCell> cells = {{"p", {"a", "b"}, {80, 20, 0}, {160, 20, 0}, 1}};
  const internal::TemperedFit fit = FitTempered(cells);
  EXPECT_NEAR(fit.power, std::log(8.0) / std::log(4.0), 1e-3);
  EXPECT_NEAR(fit.statistic, 0, 1e-4);
  EXPECT_NEAR(fit.reference[0][1], 0.2, 1e-3);
  EXPECT_NEAR(fit.observed[0][1], 1.0 / 9, 1e-3);
}

// With the power held at 1 the fit is the pooled shares, and the statistic that of the G test.
TEST(FitTemperedTest, PowerOneIsTheGTest) {
  const std::vector<internal::TemperedCell> cells = {
      {"p", {"a", "b", "c"}, {30, 10, 5, 0}, {20, 20, 10, 0}, 1}};
  const internal::TemperedFit fit = FitTempered(cells, 1);
  double g = 0;
  const double x[] = {30, 10, 5}, y[] = {20, 20, 10};
  for (int k = 0; k < 3; ++k) {
    const double pooled = (x[k] + y[k]) / 95;
    g += 2 * x[k] * std::log(x[k] / (45 * pooled)) + 2 * y[k] * std::log(y[k] / (50 * pooled));
    EXPECT_NEAR(fit.reference[0][static_cast<std::size_t>(k)], pooled, 1e-6);
  }
  EXPECT_NEAR(fit.statistic, g, 1e-6);
}

TEST(FitTemperedTest, CellsNearTemperatureZeroAreLeftOut) {
  SampleSet reference = Drawn(ModelShares(1), 2, 50, 1), observed = Drawn(ModelShares(1), 2, 50, 2);
  reference.probes.at("p0").conditions.temperature = 0;
  reference.probes.at("p1").conditions.temperature = 0.5;
  const auto cells = TemperedCells(reference, observed);
  ASSERT_EQ(cells.size(), 1u);
  EXPECT_EQ(cells[0].probe, "p1");
  EXPECT_EQ(cells[0].relative_temperature, 1);
  reference.probes.at("p1").conditions.temperature = 0;
  EXPECT_FALSE(ExplainByTemperature(reference, observed, {}, {}).has_value());
}

TEST(ExplainByTemperatureTest, FindsTheTemperature) {
  const SampleSet reference = Drawn(ModelShares(1), 5, 400, 1);
  for (const double temperature : {0.7, 1.3}) {
    const SampleSet observed = Drawn(ModelShares(1, temperature), 5, 300, 2);
    const auto finding = ExplainByTemperature(reference, observed, {}, {});
    ASSERT_TRUE(finding.has_value());
    EXPECT_TRUE(finding->explains) << temperature << ": " << finding->reason;
    EXPECT_LT(finding->low, temperature);
    EXPECT_GT(finding->high, temperature);
    EXPECT_GT(*finding->p_value, 0.01);
  }
}

TEST(ExplainByTemperatureTest, AnotherModelIsNoTemperature) {
  const SampleSet reference = Drawn(ModelShares(1), 5, 400, 1);
  const auto other = ExplainByTemperature(reference, Drawn(ModelShares(2), 5, 150, 2), {}, {});
  EXPECT_FALSE(other->explains);
  // Half of another model's answers on top of another temperature.
  const Shares mixed = MixShares(ModelShares(1, 0.7), ModelShares(2), 0.5);
  EXPECT_FALSE(ExplainByTemperature(reference, Drawn(mixed, 5, 150, 3), {}, {})->explains);
  const auto same = ExplainByTemperature(reference, Drawn(ModelShares(1), 5, 150, 4), {}, {});
  EXPECT_FALSE(same->explains);
  EXPECT_THAT(same->reason, HasSubstr("no better than the same"));
}

TEST(ExplainByTemperatureTest, AlternativesMustFitWorseAndBeTellable) {
  const SampleSet reference = Drawn(ModelShares(1), 5, 400, 1),
                  observed = Drawn(ModelShares(1, 0.7), 5, 150, 2);
  // A model that answers like the tempered reference cannot be told from it.
  const SampleSet twin = Drawn(ModelShares(1, 0.7), 5, 300, 3), other = Drawn(ModelShares(2), 5, 300, 4);
  EXPECT_FALSE(ExplainByTemperature(reference, observed, {&twin}, {})->explains);
  EXPECT_TRUE(ExplainByTemperature(reference, observed, {&other}, {})->explains);
  EXPECT_FALSE(ExplainByTemperature(reference, observed, {&other, &twin}, {})->explains);
  // The substitute itself, cooled down, is a better explanation than the claimed model.
  const SampleSet cooled = Drawn(ModelShares(2, 0.7), 5, 150, 5);
  EXPECT_FALSE(ExplainByTemperature(reference, cooled, {&other}, {})->explains);
  // One that shares no probe cannot be ruled out.
  const SampleSet elsewhere = Build({ChoiceAnswer("elsewhere", "1")});
  EXPECT_FALSE(ExplainByTemperature(reference, observed, {&elsewhere}, {})->explains);
}

// A flat model in a part of the answers is nearly a higher temperature; the mixture is likelier.
TEST(ExplainByTemperatureTest, AMixtureWithAnAlternativeIsNoTemperature) {
  const Shares flat = ModelShares(1, 20);
  const SampleSet reference = Drawn(ModelShares(1), 6, 240, 1), other = Drawn(flat, 6, 240, 2);
  int mixed = 0, warm = 0;
  for (std::uint64_t draw = 0; draw < 20; ++draw) {
    const SampleSet diluted = Drawn(MixShares(ModelShares(1), flat, 0.4), 6, 100, 50 + draw);
    mixed += ExplainByTemperature(reference, diluted, {&other}, {})->explains;
    const SampleSet honest = Drawn(ModelShares(1, 1.4), 6, 100, 150 + draw);
    warm += ExplainByTemperature(reference, honest, {&other}, {})->explains;
  }
  EXPECT_LE(mixed, 1);
  EXPECT_GE(warm, 12);
}

TEST(ExplainByTemperatureTest, ThreadsDoNotChangeTheFinding) {
  const SampleSet reference = Drawn(ModelShares(1), 3, 200, 1),
                  observed = Drawn(ModelShares(1, 0.7), 3, 150, 2);
  const auto one = ExplainByTemperature(reference, observed, {}, {}),
             three = ExplainByTemperature(reference, observed, {}, {.threads = 3});
  EXPECT_EQ(one->p_value, three->p_value);
  EXPECT_EQ(one->low, three->low);
}

TEST(ExplainByTemperatureTest, FewAnswersExplainNothing) {
  const SampleSet reference = Drawn(ModelShares(1), 1, 300, 1),
                  observed = Drawn(ModelShares(1, 0.5), 1, 25, 2);
  EXPECT_FALSE(ExplainByTemperature(reference, observed, {}, {})->explains);
}

TEST(VariantMixtureTest, WeightsAreFound) {
  const SampleSet a = Drawn(ModelShares(1), 5, 400, 1), b = Drawn(ModelShares(2), 5, 400, 2);
  const std::vector<const SampleSet*> variants = {&a, &b};
  const SampleSet observed = Drawn(MixShares(ModelShares(1), ModelShares(2), 0.3), 5, 400, 3);
  const auto weights = internal::FitVariantWeights(variants, observed);
  ASSERT_TRUE(weights.has_value());
  EXPECT_NEAR((*weights)[1], 0.3, 0.05);
  EXPECT_NEAR((*weights)[0] + (*weights)[1], 1, 1e-9);
  EXPECT_FALSE(internal::FitVariantWeights(std::vector<const SampleSet*>{&a}, observed).has_value());
  EXPECT_FALSE(internal::FitVariantWeights(variants, Build({ChoiceAnswer("elsewhere", "1")})).has_value());
}

TEST(VariantMixtureTest, AnswersAreDrawnInProportion) {
  const SampleSet a = Build(std::vector<Observation>(60, ChoiceAnswer("p", "a"))),
                  b = Build(std::vector<Observation>(60, ChoiceAnswer("p", "b")));
  const std::vector<const SampleSet*> variants = {&a, &b};
  const std::vector<double> weights = {0.25, 0.75};
  // The scarcer serving gives all it has: 60 of 80.
  const SampleSet mixed = internal::DrawVariantMixture(variants, weights, 1);
  EXPECT_EQ(mixed.probes.at("p").choices.at("a"), 20);
  EXPECT_EQ(mixed.probes.at("p").choices.at("b"), 60);
}

// One answer a probe on each side: a serving is picked for every probe, as often as its weight says.
TEST(VariantMixtureTest, SingleAnswersArePickedAtRandom) {
  std::vector<Observation> x, y;
  for (int p = 0; p < 400; ++p) {
    x.push_back(TextAnswer("t" + std::to_string(p), "one side", 2));
    y.push_back(TextAnswer("t" + std::to_string(p), "other", 1));
  }
  const SampleSet a = Build(x), b = Build(y);
  const std::vector<const SampleSet*> variants = {&a, &b};
  const SampleSet mixed = internal::DrawVariantMixture(variants, std::vector<double>{0.3, 0.7}, 5);
  double from_b = 0;
  for (const auto& entry : mixed.probes) {
    ASSERT_EQ(entry.second.lengths.size(), 1u);
    from_b += entry.second.lengths[0].length == 1;
  }
  // Standard deviation 0.023; off by 0.1 with probability 1e-5.
  EXPECT_NEAR(from_b / 400, 0.7, 0.1);
}

}  // namespace
}  // namespace pinchbeck
