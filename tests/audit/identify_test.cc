#include "pinchbeck/audit/identify.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "tests/exact_binomial.h"
#include "tests/signal/observations.h"

namespace pinchbeck {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Fingerprint Enrolled(const std::vector<Observation>& observations, const std::string& model) {
  FingerprintBuilder builder(EnrollOptions{.model = model});
  for (const Observation& observation : observations) EXPECT_TRUE(builder.Add(observation, "default").ok());
  auto fingerprint = std::move(builder).Build();
  EXPECT_TRUE(fingerprint.ok()) << fingerprint.status();
  return *std::move(fingerprint);
}

IdentifyLibrary Library(std::vector<Fingerprint> fingerprints) {
  auto library = IdentifyLibrary::Make(std::move(fingerprints));
  EXPECT_TRUE(library.ok()) << library.status();
  return *std::move(library);
}

SampleSet Observed(const IdentifyLibrary& library, const std::vector<Observation>& observations) {
  SampleBuilder builder(library.plan());
  for (const Observation& observation : observations) EXPECT_TRUE(builder.Add(observation).ok());
  return std::move(builder).Finish(library.plan());
}

// Models whose preference for large digits has these exponents.
IdentifyLibrary Exponents(const std::vector<double>& exponents) {
  std::vector<Fingerprint> fingerprints;
  for (std::size_t i = 0; i < exponents.size(); ++i) {
    fingerprints.push_back(Enrolled(RandomChoices(4, 120, exponents[i], 100 + i), "m" + std::to_string(i)));
  }
  return Library(std::move(fingerprints));
}

IdentifyOptions Quick() {
  IdentifyOptions options;
  options.permutations = 1999;
  return options;
}

std::vector<std::string> Names(const Identification& result) {
  std::vector<std::string> names;
  for (const RankedModel& model : result.ranking) names.push_back(model.model);
  return names;
}

TEST(IdentifyTest, NamesTheSourceAndRanksTheOthersByLikeness) {
  const IdentifyLibrary library = Exponents({0, 1.5, 4});
  const auto result = Identify(library, Observed(library, RandomChoices(4, 40, 4, 7)), Quick());
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->verdict, IdentificationVerdict::kKnown);
  EXPECT_EQ(result->reason, std::nullopt);
  EXPECT_THAT(Names(*result), ElementsAre("m2", "m1", "m0"));
  EXPECT_GT(result->ranking[0].posterior, 0.99);
  EXPECT_GT(*result->ranking[0].p_value, 0.01);
  EXPECT_LE(*result->ranking[1].p_value, 0.01);
  EXPECT_EQ(result->ranking[0].cells, 4);
  EXPECT_EQ(result->n_observed, 160);
  double total = 0;
  for (const RankedModel& model : result->ranking) total += model.posterior;
  EXPECT_NEAR(total, 1, 1e-12);
}

TEST(IdentifyTest, AModelThatIsNotStoredIsNoneOfThese) {
  const IdentifyLibrary library = Exponents({0, 1.5});
  const auto result = Identify(library, Observed(library, RandomChoices(4, 60, 6, 7)), Quick());
  EXPECT_EQ(result->verdict, IdentificationVerdict::kNoneOfThese);
  // The nearest of the wrong models has all of the posterior, which therefore decides nothing.
  EXPECT_GT(result->ranking[0].posterior, 0.99);
  EXPECT_LE(*result->ranking[0].p_value, 0.01);
}

// A model of which every number from 100 to 250 is an answer, and one with a few favourites.
IdentifyLibrary NumberModels() {
  std::vector<Observation> spread, peaked;
  stats::CounterRng rng(5, 0);
  for (int i = 0; i < 300; ++i) {
    spread.push_back(ChoiceAnswer("n", std::to_string(100 + rng.Below(151))));
    peaked.push_back(ChoiceAnswer("n", i % 3 == 0 ? "355" : i % 5 == 0 ? "1" : "73"));
  }
  std::vector<Fingerprint> fingerprints;
  fingerprints.push_back(Enrolled(spread, "spread"));
  fingerprints.push_back(Enrolled(peaked, "peaked"));
  return Library(std::move(fingerprints));
}

TEST(IdentifyTest, NoiseConstantsAndCountingAreNoneOfThese) {
  const IdentifyLibrary library = NumberModels();
  stats::CounterRng rng(6, 0);
  std::vector<Observation> uniform, constant, counting;
  for (int i = 0; i < 30; ++i) {
    uniform.push_back(ChoiceAnswer("n", std::to_string(1 + rng.Below(355))));
    constant.push_back(ChoiceAnswer("n", "180"));
    counting.push_back(ChoiceAnswer("n", std::to_string(i + 1)));
  }
  for (const auto& answers : {uniform, constant, counting}) {
    const auto result = Identify(library, Observed(library, answers), Quick());
    EXPECT_EQ(result->verdict, IdentificationVerdict::kNoneOfThese) << *answers.back().response.text;
  }
}

TEST(IdentifyTest, FewAnswersLeaveItOpen) {
  const IdentifyLibrary library = Exponents({1.4, 1.6});
  const auto few = Identify(library, Observed(library, RandomChoices(1, 3, 1.5, 7)), Quick());
  EXPECT_EQ(few->verdict, IdentificationVerdict::kInconclusive);
  EXPECT_EQ(*few->reason, "several_models_fit");
  // A single stored model has the whole posterior; noise does as well at this size.
  const IdentifyLibrary single = Exponents({0.2});
  const auto noise = Identify(single, Observed(single, RandomChoices(1, 3, 0.2, 7)), Quick());
  EXPECT_EQ(noise->verdict, IdentificationVerdict::kInconclusive);
  EXPECT_EQ(*noise->reason, "noise_fits");
}

TEST(IdentifyTest, LabelsStoredTwiceAreOneModel) {
  std::vector<Fingerprint> fingerprints;
  fingerprints.push_back(Enrolled(RandomChoices(4, 120, 3, 1), "a"));
  fingerprints.push_back(Enrolled(RandomChoices(4, 120, 3, 2), "a"));
  fingerprints.push_back(Enrolled(RandomChoices(4, 120, 0, 3), "b"));
  const IdentifyLibrary library = Library(std::move(fingerprints));
  const auto result = Identify(library, Observed(library, RandomChoices(4, 40, 3, 7)), Quick());
  EXPECT_EQ(result->verdict, IdentificationVerdict::kKnown);
  EXPECT_THAT(Names(*result), ElementsAre("a", "a", "b"));
}

TEST(IdentifyTest, WhatCannotBeComparedIsListed) {
  std::vector<Fingerprint> fingerprints;
  fingerprints.push_back(Enrolled(RandomChoices(4, 120, 3, 1), "fits"));
  fingerprints.push_back(Enrolled(RandomChoices(4, 120, 3, 2, "q"), "elsewhere"));
  std::vector<Observation> cold = RandomChoices(4, 120, 0, 3);
  for (Observation& observation : cold) observation.request.temperature = 0.1;
  fingerprints.push_back(Enrolled(cold, "cold"));
  const IdentifyLibrary library = Library(std::move(fingerprints));
  const auto result = Identify(library, Observed(library, RandomChoices(4, 40, 3, 7)), Quick());
  EXPECT_EQ(result->verdict, IdentificationVerdict::kKnown);
  EXPECT_THAT(Names(*result), ElementsAre("fits"));
  ASSERT_EQ(result->not_comparable.size(), 2u);
  EXPECT_EQ(result->not_comparable[0].model, "elsewhere");
  EXPECT_EQ(result->not_comparable[0].reason, "no_shared_probe");
  EXPECT_EQ(result->not_comparable[1].model, "cold");
  EXPECT_EQ(result->not_comparable[1].reason, "other_conditions");
  EXPECT_EQ(ScoreModels(library, Observed(library, RandomChoices(4, 40, 3, 7)))[1],
            -std::numeric_limits<double>::infinity());
}

TEST(IdentifyTest, OtherConditionsEverywhereAreAnError) {
  const IdentifyLibrary library = Exponents({0, 2});
  std::vector<Observation> cold = RandomChoices(4, 40, 0, 3);
  for (Observation& observation : cold) observation.request.temperature = 0.1;
  const SampleSet observed = Observed(library, cold);
  const auto refused = Identify(library, observed, Quick());
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("temperature is 0.1"));
  IdentifyOptions options = Quick();
  options.ranking_only = true;
  const auto ranked = Identify(library, observed, options);
  EXPECT_EQ(ranked->verdict, IdentificationVerdict::kInconclusive);
  EXPECT_EQ(*ranked->reason, "ranking_only");
  EXPECT_EQ(ranked->ranking.front().model, "m0");
}

TEST(IdentifyTest, WhatALogLeftOutDecidesNothing) {
  const IdentifyLibrary library = Exponents({0, 2});
  std::vector<Observation> selected = RandomChoices(4, 40, 0, 7);
  for (std::size_t i = 0; i < selected.size(); i += 8) {
    selected[i].error =
        ErrorRecord{ErrorKind::kProtocol, std::nullopt, "the log does not hold the whole answer: cut"};
  }
  const auto identified = Identify(library, Observed(library, selected), Quick());
  ASSERT_TRUE(identified.ok()) << identified.status();
  EXPECT_EQ(identified->verdict, IdentificationVerdict::kInconclusive);
  EXPECT_EQ(identified->reason, "answers_not_in_log");
  EXPECT_FALSE(identified->ranking.empty());
}

TEST(IdentifyTest, ProbesUnderOtherConditionsTakeNoPartInTheTest) {
  // Probe p0 was asked at another temperature, and its answers are nothing like the reference's.
  std::vector<Observation> observed = RandomChoices(4, 40, 3, 7);
  for (Observation& observation : observed) {
    if (observation.probe != "p0") continue;
    observation.request.temperature = 0.1;
    observation.response.text = "0";
  }
  const IdentifyLibrary library = Exponents({0, 3});
  const auto result = Identify(library, Observed(library, observed), Quick());
  EXPECT_EQ(result->verdict, IdentificationVerdict::kKnown);
  EXPECT_EQ(result->ranking.front().cells, 3);
  EXPECT_THAT(result->warnings, ElementsAre(HasSubstr("other conditions")));
}

TEST(IdentifyTest, FingerprintsThatReadAnswersDifferentlyDoWithoutTheseData) {
  std::vector<Fingerprint> fingerprints;
  for (int i = 0; i < 3; ++i) {
    fingerprints.push_back(Enrolled(RandomChoices(4, 120, i, 1), "m" + std::to_string(i)));
  }
  for (auto& entry : fingerprints[1].plan) entry.second.normalise_choice = !entry.second.normalise_choice;
  const IdentifyLibrary library = Library(std::move(fingerprints));
  EXPECT_THAT(library.warnings(), ElementsAre(HasSubstr("\"m1\"")));
  const auto result = Identify(library, Observed(library, RandomChoices(4, 40, 0, 7)), Quick());
  EXPECT_THAT(Names(*result), ElementsAre("m0", "m2"));
}

TEST(IdentifyTest, NothingToCompareIsNotMeasurable) {
  const IdentifyLibrary library = Exponents({0, 2});
  const auto elsewhere = Identify(library, Observed(library, {ChoiceAnswer("x", "1")}), Quick());
  EXPECT_EQ(elsewhere->verdict, IdentificationVerdict::kNotMeasurable);
  EXPECT_EQ(*elsewhere->reason, "nothing_comparable");
  EXPECT_THAT(elsewhere->ranking, IsEmpty());
  EXPECT_EQ(elsewhere->not_comparable.size(), 2u);
  Observation failed = ChoiceAnswer("p0", "");
  failed.response.text.reset();
  failed.error = ErrorRecord{};
  const auto failures = Identify(library, Observed(library, {failed}), Quick());
  EXPECT_EQ(failures->verdict, IdentificationVerdict::kNotMeasurable);
  EXPECT_EQ(*failures->reason, "no_usable_observation");
  EXPECT_EQ(failures->n_failed, 1);
}

TEST(IdentifyTest, WrongArgumentsAreTold) {
  EXPECT_EQ(IdentifyLibrary::Make({}).status().code(), absl::StatusCode::kInvalidArgument);
  const IdentifyLibrary library = Exponents({0});
  const SampleSet observed = Observed(library, RandomChoices(4, 10, 0, 7));
  for (const double alpha : {0.0, 0.6, std::nan("")}) {
    IdentifyOptions options;
    options.alpha = alpha;
    EXPECT_EQ(Identify(library, observed, options).status().code(), absl::StatusCode::kInvalidArgument);
  }
  IdentifyOptions options;
  options.permutations = 98;
  EXPECT_EQ(Identify(library, observed, options).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(IdentifyTest, ThreadsDoNotChangeTheResult) {
  const IdentifyLibrary library = Exponents({0, 1, 2, 3});
  const SampleSet observed = Observed(library, RandomChoices(4, 40, 1.5, 7));
  IdentifyOptions options = Quick();
  options.tested = 4;
  const auto one = Identify(library, observed, options);
  options.threads = 3;
  const auto three = Identify(library, observed, options);
  for (std::size_t i = 0; i < one->ranking.size(); ++i) {
    EXPECT_EQ(one->ranking[i].p_value, three->ranking[i].p_value);
  }
}

// A library of many models tests against those that fit both sides together, which no labeling favours.
TEST(IdentifyTest, StoredModelsAreRejectedAtMostAtTheLevel) {
  constexpr double kLevel = 0.1;
  constexpr int kCases = 200;
  int rejected = 0;
  for (std::uint64_t draw = 0; draw < kCases; ++draw) {
    std::vector<Fingerprint> fingerprints;
    for (int i = 0; i < 20; ++i) {
      fingerprints.push_back(
          Enrolled(RandomChoices(1, 30, 0.3 * i, 1000 * draw + static_cast<std::uint64_t>(i)),
                   "m" + std::to_string(i)));
    }
    const IdentifyLibrary library = Library(std::move(fingerprints));
    IdentifyOptions options;
    options.alpha = kLevel;
    options.permutations = 199;
    options.tested = 0;
    const auto result =
        Identify(library, Observed(library, RandomChoices(1, 15, 3, 1000 * draw + 999)), options);
    rejected += result->verdict == IdentificationVerdict::kNoneOfThese;
  }
  EXPECT_GT(BinomialUpperTail(rejected, kCases, kLevel), kCheckFailureChance) << rejected;
}

}  // namespace
}  // namespace pinchbeck
