// Other settings of the same model are no substitution, and a substitution is no other setting.
#include <gmock/gmock.h>

#include <cstdio>
#include <fstream>

#include "pinchbeck/audit/self_check.h"
#include "pinchbeck/audit/verify.h"
#include "tests/signal/random_shares.h"

namespace pinchbeck {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using Observations = std::vector<Observation>;

Fingerprint Enrolled(const Observations& observations, const std::string& model = "claimed") {
  FingerprintBuilder builder(EnrollOptions{.model = model});
  for (const Observation& observation : observations) EXPECT_TRUE(builder.Add(observation, "default").ok());
  auto fingerprint = std::move(builder).Build();
  EXPECT_TRUE(fingerprint.ok()) << fingerprint.status();
  return *std::move(fingerprint);
}

Report Verified(const Fingerprint& fingerprint, const Observations& observations,
                const std::vector<const Fingerprint*>& alternatives = {}) {
  SampleBuilder builder(fingerprint.plan);
  for (const Observation& observation : observations) EXPECT_TRUE(builder.Add(observation).ok());
  VerifyOptions options;
  options.permutations = 999;
  options.alternatives = alternatives;
  auto report = Verify(fingerprint, std::move(builder).Finish(fingerprint.plan), options);
  EXPECT_TRUE(report.ok()) << report.status();
  return *std::move(report);
}

const SignalReport& Signal(const Report& report, std::string_view name) {
  for (const SignalReport& signal : report.signals) {
    if (signal.evidence.signal == name) return signal;
  }
  ADD_FAILURE() << name;
  return report.signals.front();
}

// Input tokens as one tokenizer counts them, with a prompt of `hidden` tokens before each.
Observations Prompted(Observations observations, std::int64_t hidden) {
  for (Observation& observation : observations) {
    observation.usage.input_tokens = 20 + 3 * (observation.probe.back() - '0') + hidden;
  }
  return observations;
}

class ConfigurationTest : public ::testing::Test {
 protected:
  const Fingerprint fingerprint_ = Enrolled(Prompted(DrawAnswers(ModelShares(1), 6, 400, 1), 0));
  const Fingerprint sibling_ = Enrolled(Prompted(DrawAnswers(ModelShares(2), 6, 200, 2), 0), "sibling");
};

TEST_F(ConfigurationTest, AnotherTemperatureIsNotAccused) {
  for (const double temperature : {0.7, 1.3}) {
    const Observations observed = Prompted(DrawAnswers(ModelShares(1, temperature), 6, 250, 3), 0);
    for (const auto& alternatives :
         {std::vector<const Fingerprint*>{}, std::vector<const Fingerprint*>{&sibling_}}) {
      const Report report = Verified(fingerprint_, observed, alternatives);
      EXPECT_LE(*report.p_value, 0.01);
      EXPECT_EQ(report.verdict, Verdict::kInconclusive) << temperature;
      EXPECT_EQ(report.reason, "configuration");
      EXPECT_EQ(Signal(report, "choice").status, SignalStatus::kConfigurationDiffers);
      ASSERT_TRUE(report.configuration.has_value());
      EXPECT_EQ(report.configuration->kind, "temperature");
      EXPECT_TRUE(report.configuration->explains);
      EXPECT_LT(*report.configuration->temperature_low, temperature);
      EXPECT_GT(*report.configuration->temperature_high, temperature);
    }
  }
}

TEST_F(ConfigurationTest, ForTheServingItIsAChange) {
  SampleBuilder builder(fingerprint_.plan);
  for (const Observation& observation : DrawAnswers(ModelShares(1, 0.7), 6, 100, 3))
    ASSERT_TRUE(builder.Add(observation).ok());
  VerifyOptions options;
  options.permutations = 999;
  options.claim = Claim::kServing;
  const auto report = Verify(fingerprint_, std::move(builder).Finish(fingerprint_.plan), options);
  EXPECT_EQ(report->verdict, Verdict::kDiffers);
  EXPECT_FALSE(report->configuration.has_value());
}

TEST_F(ConfigurationTest, AnotherModelDiffersAtEveryTemperature) {
  for (const double temperature : {0.7, 1.0, 1.3}) {
    const Observations observed = Prompted(DrawAnswers(ModelShares(2, temperature), 6, 100, 3), 0);
    EXPECT_EQ(Verified(fingerprint_, observed).verdict, Verdict::kDiffers) << temperature;
    const Report known = Verified(fingerprint_, observed, {&sibling_});
    EXPECT_EQ(known.verdict, Verdict::kDiffers) << temperature;
    EXPECT_FALSE(known.configuration.has_value() && known.configuration->explains);
    ASSERT_TRUE(known.other_share_low.has_value());
    EXPECT_GT(*known.other_share_low, 0.3);
  }
}

TEST_F(ConfigurationTest, AHiddenPromptIsNotAccusedUnlessAnAlternativeFits) {
  // What a hidden prompt does to the answers nobody knows: here some become another model's.
  const Shares moved = MixShares(ModelShares(1), ModelShares(3), 0.28);
  const Observations observed = Prompted(DrawAnswers(moved, 6, 150, 3), 31);
  for (const auto& alternatives :
       {std::vector<const Fingerprint*>{}, std::vector<const Fingerprint*>{&sibling_}}) {
    const Report report = Verified(fingerprint_, observed, alternatives);
    EXPECT_LE(*report.p_value, 0.01);
    EXPECT_EQ(report.verdict, Verdict::kInconclusive);
    EXPECT_EQ(report.reason, "configuration");
    EXPECT_EQ(report.configuration->kind, "other_prompt");
    EXPECT_THAT(report.configuration->note, HasSubstr("31 tokens more"));
    EXPECT_EQ(report.tokenizer->intercept, 31);
    EXPECT_EQ(Signal(report, "tokenizer").status, SignalStatus::kConfigurationDiffers);
    EXPECT_EQ(Signal(report, "choice").status, SignalStatus::kConfigurationDiffers);
  }
  // The stored sibling with the same hidden prompt: it fits, so the prompt is no excuse.
  const Observations swapped = Prompted(DrawAnswers(ModelShares(2), 6, 100, 4), 31);
  const Report caught = Verified(fingerprint_, swapped, {&sibling_});
  EXPECT_EQ(caught.verdict, Verdict::kDiffers);
  EXPECT_FALSE(caught.configuration->explains);
}

// One token more on every count costs a relay nothing.
TEST_F(ConfigurationTest, AConstantOnTheCountsDoesNotExcuseAnotherModel) {
  const Report report = Verified(fingerprint_, Prompted(DrawAnswers(ModelShares(3), 6, 100, 3), 1));
  EXPECT_EQ(report.verdict, Verdict::kDiffers);
  EXPECT_LE(*report.p_value, 0.01);
  ASSERT_TRUE(report.configuration.has_value());
  EXPECT_FALSE(report.configuration->explains);
  EXPECT_THAT(report.configuration->note, HasSubstr("more than another prompt is granted"));
}

// A flat substitute in a third of the answers looks a little like a higher temperature.
TEST_F(ConfigurationTest, AShareOfAStoredModelIsNoTemperature) {
  const Shares flat = ModelShares(1, 20);
  const Fingerprint diluting = Enrolled(Prompted(DrawAnswers(flat, 6, 300, 7), 0), "flat");
  int excused = 0, found = 0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Observations observed =
        Prompted(DrawAnswers(MixShares(ModelShares(1), flat, 0.5), 6, 150, 100 + seed), 0);
    const Report report = Verified(fingerprint_, observed, {&diluting});
    excused += report.reason == "configuration";
    found += report.verdict == Verdict::kDiffers;
  }
  EXPECT_EQ(excused, 0);
  EXPECT_GE(found, 8);
}

// A stored relative whose tempered answers look the same leaves it open, and is no ground to accuse.
TEST_F(ConfigurationTest, AnAlternativeThatExplainsItAsWellLeavesItOpen) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Fingerprint relative =
        Enrolled(Prompted(DrawAnswers(ModelShares(1), 6, 300, 80 + seed), 0), "relative");
    for (const double temperature : {0.4, 1.5}) {
      const Observations observed = Prompted(DrawAnswers(ModelShares(1, temperature), 6, 250, 200 + seed), 0);
      const Report report = Verified(fingerprint_, observed, {&relative});
      EXPECT_LE(*report.p_value, 0.01);
      EXPECT_EQ(report.verdict, Verdict::kInconclusive) << seed << ": " << report.configuration->note;
    }
  }
}

// What the library holds beside it must not turn a setting into an accusation.
TEST_F(ConfigurationTest, AnAlternativeWithoutCommonProbesAccusesNobody) {
  const Fingerprint elsewhere = Enrolled(
      {ChoiceAnswer("p0", "w1"), ChoiceAnswer("p0", "w2"), ChoiceAnswer("z", "1"), ChoiceAnswer("z", "2")},
      "elsewhere");
  const Report report =
      Verified(fingerprint_, Prompted(DrawAnswers(ModelShares(1, 0.38), 6, 250, 3), 0), {&elsewhere});
  EXPECT_EQ(report.verdict, Verdict::kInconclusive);
}

// Nor does a share of one that is itself as close as an honest serving.
TEST_F(ConfigurationTest, ACloseAlternativeOpensNoGate) {
  const Shares close = MixShares(ModelShares(1), ModelShares(3), 0.15);
  const Fingerprint eight_bit = Enrolled(Prompted(DrawAnswers(close, 6, 400, 8), 0), "eight-bit");
  const Report report = Verified(fingerprint_, Prompted(DrawAnswers(close, 6, 400, 9), 0), {&eight_bit});
  EXPECT_LE(*report.p_value, 0.01);
  EXPECT_EQ(report.verdict, Verdict::kInconclusive);
  EXPECT_FALSE(Signal(report, "choice").evidence.gate_opened_by_alternative);
}

// The counts of another tokenizer are no setting.
TEST_F(ConfigurationTest, NothingExcusesAnotherTokenizer) {
  Observations observed = Prompted(DrawAnswers(ModelShares(1, 0.38), 6, 250, 3), 0);
  for (Observation& observation : observed) {
    *observation.usage.input_tokens += (5 * (observation.probe.back() - '0')) % 7;
  }
  const Report report = Verified(fingerprint_, observed);
  ASSERT_EQ(report.tokenizer->reading, TokenizerReading::kOtherTokenizer);
  EXPECT_EQ(report.verdict, Verdict::kDiffers);
  EXPECT_FALSE(report.configuration.has_value());
}

TEST_F(ConfigurationTest, InflatedBillingExplainsNothing) {
  Observations observed = Prompted(DrawAnswers(ModelShares(2), 6, 100, 3), 0);
  for (Observation& observation : observed) *observation.usage.input_tokens *= 2;
  const Report report = Verified(fingerprint_, observed);
  EXPECT_EQ(report.verdict, Verdict::kDiffers);
  EXPECT_EQ(report.tokenizer->reading, TokenizerReading::kScaled);
  EXPECT_NEAR(report.tokenizer->slope, 2, 1e-9);
  EXPECT_EQ(Signal(report, "tokenizer").status, SignalStatus::kInconclusive);
}

TEST_F(ConfigurationTest, ConsistentReportsStateTheirPowerAndOpenShares) {
  const Observations observed = Prompted(DrawAnswers(ModelShares(1), 6, 100, 3), 0);
  const Report alone = Verified(fingerprint_, observed);
  ASSERT_EQ(alone.verdict, Verdict::kConsistent);
  ASSERT_EQ(alone.power.size(), 1u);
  EXPECT_EQ(alone.power[0].against, "choice");
  EXPECT_GT(*alone.power[0].effect, 0.05);
  EXPECT_EQ(alone.power[0].effect_unit, "bits");
  EXPECT_EQ(alone.power[0].n_observed, 600);
  const Report known = Verified(fingerprint_, observed, {&sibling_});
  ASSERT_EQ(known.verdict, Verdict::kConsistent);
  ASSERT_EQ(known.power.size(), 1u);
  EXPECT_EQ(known.power[0].against, "sibling");
  EXPECT_GE(known.power[0].power, 0.9);
  EXPECT_FALSE(known.power[0].effect.has_value());
  ASSERT_EQ(known.largest_shares.size(), 1u);
  EXPECT_LT(known.largest_shares[0].fraction, 0.3);
}

TEST(VariantMixtureVerdictTest, AMixtureOfHonestServingsIsHonest) {
  FingerprintBuilder builder(EnrollOptions{.model = "m"});
  const Shares a = ModelShares(1), b = ModelShares(2);
  for (const Observation& o : DrawAnswers(a, 6, 200, 1)) ASSERT_TRUE(builder.Add(o, "provider-a").ok());
  for (const Observation& o : DrawAnswers(b, 6, 200, 2)) ASSERT_TRUE(builder.Add(o, "provider-b").ok());
  const auto built = std::move(builder).Build();
  ASSERT_TRUE(built.ok());
  // Without the granted spread between variants, so that the test of equality alone decides.
  Fingerprint fingerprint = *built;
  fingerprint.variant_spread.clear();
  const Report balanced = Verified(fingerprint, DrawAnswers(MixShares(a, b, 0.85), 6, 150, 3));
  EXPECT_GT(*balanced.p_value, 0.01);
  EXPECT_THAT(balanced.variant, HasSubstr("a mixture of variants"));
  EXPECT_EQ(Verified(fingerprint, DrawAnswers(ModelShares(3), 6, 150, 4)).verdict, Verdict::kDiffers);
}

// A serving that says nothing about some probes or signals agrees with nothing there.
TEST(VariantsTest, MissingDataAreNoAgreement) {
  FingerprintBuilder builder(EnrollOptions{.model = "m"});
  for (const Observation& o : DrawAnswers(ModelShares(1), 10, 200, 1)) {
    const bool first = o.probe.back() < '5';
    ASSERT_TRUE(builder.Add(o, first ? "provider-a" : "provider-b").ok());
  }
  const auto fingerprint = std::move(builder).Build();
  ASSERT_TRUE(fingerprint.ok());
  // Another model on the probes that only the first serving has.
  const Report report = Verified(*fingerprint, DrawAnswers(ModelShares(3), 5, 150, 4));
  EXPECT_EQ(report.verdict, Verdict::kDiffers) << report.reason.value_or("");
  EXPECT_EQ(Verified(*fingerprint, DrawAnswers(ModelShares(1), 5, 150, 5)).verdict, Verdict::kConsistent);
}

// Power is that against every serving: one that resembles the alternative would have been chosen.
TEST(VariantsTest, AnAlternativeThatOneServingResemblesIsNotRuledOut) {
  FingerprintBuilder builder(EnrollOptions{.model = "m"});
  for (const Observation& o : DrawAnswers(ModelShares(1), 6, 200, 1))
    ASSERT_TRUE(builder.Add(o, "provider-a").ok());
  for (const Observation& o : DrawAnswers(ModelShares(2), 6, 200, 2))
    ASSERT_TRUE(builder.Add(o, "provider-b").ok());
  const auto fingerprint = std::move(builder).Build();
  ASSERT_TRUE(fingerprint.ok());
  const Fingerprint twin = Enrolled(DrawAnswers(ModelShares(2), 6, 200, 3), "twin");
  const Report report = Verified(*fingerprint, DrawAnswers(ModelShares(1), 6, 100, 4), {&twin});
  EXPECT_EQ(report.verdict, Verdict::kInconclusive);
  ASSERT_EQ(report.not_ruled_out.size(), 1u);
  EXPECT_EQ(report.not_ruled_out[0].model, "twin");
}

class SelfCheckTest : public ::testing::Test {
 protected:
  void TearDown() override { std::remove(path_.c_str()); }
  std::vector<std::string> Held(const Shares& shares, int count, const std::string& session) {
    std::string text;
    int sample = 0;
    for (Observation observation : DrawAnswers(shares, 6, count, 9)) {
      observation.session = session;
      observation.sample = sample++;
      text += SerializeObservation(observation) + "\n";
    }
    std::ofstream(path_) << text;
    return {path_};
  }
  static Fingerprint EnrolledSession() {
    Observations observations = DrawAnswers(ModelShares(1), 6, 300, 1);
    for (Observation& observation : observations) observation.session = "day-1";
    return Enrolled(observations);
  }
  SelfCheckTest() { options_.permutations = 999; }
  VerifyOptions options_;
  std::string path_ = ::testing::TempDir() + "/self_check_held_out.jsonl";
};

TEST_F(SelfCheckTest, AnIndependentSessionOfTheSameModelPasses) {
  const auto check = CheckFingerprint(EnrolledSession(), Held(ModelShares(1), 100, "day-2"), options_);
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_TRUE(check->passed());
  EXPECT_EQ(check->weights.claim, Claim::kWeights);
  EXPECT_EQ(check->serving.claim, Claim::kServing);
  EXPECT_TRUE(check->warnings.empty());
}

TEST_F(SelfCheckTest, AnotherModelAndOtherSettingsFail) {
  const auto other = CheckFingerprint(EnrolledSession(), Held(ModelShares(2), 100, "day-2"), options_);
  EXPECT_THAT(other->failure, HasSubstr("differs from the fingerprint"));
  const auto warm = CheckFingerprint(EnrolledSession(), Held(ModelShares(1, 1.5), 300, "day-2"), options_);
  EXPECT_THAT(warm->failure, HasSubstr("other settings"));
}

TEST_F(SelfCheckTest, DependentSmallAndUnnamedSessionsProveNothing) {
  EXPECT_THAT(CheckFingerprint(EnrolledSession(), Held(ModelShares(1), 100, "day-1"), options_)->failure,
              HasSubstr("session \"day-1\" is in the fingerprint too"));
  EXPECT_THAT(CheckFingerprint(EnrolledSession(), Held(ModelShares(1), 3, "day-2"), options_)->failure,
              HasSubstr("too small to notice"));
  EXPECT_THAT(CheckFingerprint(EnrolledSession(), Held(ModelShares(1), 100, ""), options_)->warnings,
              Contains(HasSubstr("name no session")));
}

}  // namespace
}  // namespace pinchbeck
