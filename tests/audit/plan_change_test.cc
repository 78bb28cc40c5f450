#include <gmock/gmock.h>

#include "pinchbeck/audit/plan.h"
#include "pinchbeck/fingerprint/builder.h"
#include "tests/signal/random_shares.h"

namespace pinchbeck {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using Kind = PlanChange::Kind;

Fingerprint Enrolled(const std::vector<Observation>& observations) {
  FingerprintBuilder builder(EnrollOptions{.model = "claimed"});
  for (const Observation& observation : observations) EXPECT_TRUE(builder.Add(observation, "default").ok());
  auto fingerprint = std::move(builder).Build();
  EXPECT_TRUE(fingerprint.ok()) << fingerprint.status();
  return *std::move(fingerprint);
}

// Choices of one probe, and lengths of another that are spread evenly over 40 .. 59.
Fingerprint ChoicesAndLengths() {
  std::vector<Observation> observations = DrawAnswers(ModelShares(1), 1, 400, 1);
  for (int i = 0; i < 200; ++i) {
    Observation text = TextAnswer("t", "words", 40 + i % 20);
    text.signals = {"token_length"};
    text.request.max_tokens = 1000;
    observations.push_back(text);
  }
  return Enrolled(observations);
}

PlanOptions Quick() {
  PlanOptions options;
  options.runs = 40;
  return options;
}

std::int64_t Needed(const Fingerprint& fingerprint, const PlanChange& change, const std::string& name) {
  const auto plan = PlanForChange(fingerprint, change, Quick());
  EXPECT_TRUE(plan.ok()) << plan.status();
  for (const PlanDesign& design : plan->designs) {
    if (design.name == name) return design.answers_per_probe.value_or(1000000);
  }
  ADD_FAILURE() << "no design " << name;
  return 0;
}

TEST(PlanForChangeTest, LargerChangesNeedFewerAnswers) {
  const Fingerprint fingerprint = ChoicesAndLengths();
  EXPECT_LT(Needed(fingerprint, {Kind::kTemperature, 0.25}, "choice"),
            Needed(fingerprint, {Kind::kTemperature, 0.5}, "choice"));
  EXPECT_LT(Needed(fingerprint, {Kind::kLength, 2}, "token_length"),
            Needed(fingerprint, {Kind::kLength, 1.15}, "token_length"));
}

TEST(PlanForChangeTest, AnotherModelIsSeenInEverySignalButTexts) {
  PlanOptions options = Quick();
  options.runs = 200;
  const auto plan = PlanForChange(ChoicesAndLengths(), {}, options);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(*plan->change, HasSubstr("another model at a typical distance (choice 0.1 bits"));
  EXPECT_THAT(*plan->change, HasSubstr("token_length 0.35 Cliff's delta"));
  EXPECT_TRUE(plan->substitute.empty());
  EXPECT_FALSE(plan->options.known_substitute);
  EXPECT_EQ(plan->options.alpha, PlanOptions{}.alpha);
  ASSERT_TRUE(plan->cheapest.has_value());
  EXPECT_GT(plan->designs[*plan->cheapest].power.power, 0.85);
  EXPECT_THAT(plan->warnings, Contains(HasSubstr("half of the stored answers")));
}

TEST(PlanForChangeTest, TheSameTemperatureIsNotFound) {
  const auto plan = PlanForChange(ChoicesAndLengths(), {Kind::kTemperature, 1}, Quick());
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_FALSE(plan->cheapest.has_value());
  EXPECT_THAT(plan->warnings, Contains(HasSubstr("configuration")));
}

TEST(PlanForChangeTest, SaysWhatCannotBeSeen) {
  const Fingerprint choices = Enrolled(DrawAnswers(ModelShares(1), 1, 50, 1));
  const auto length = PlanForChange(choices, {Kind::kLength, 2}, Quick());
  EXPECT_EQ(length.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(length.status().message()), HasSubstr("answers 2 times as long"));
  EXPECT_EQ(PlanForChange(choices, {Kind::kTemperature, 0}, Quick()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

// One stored answer cannot stand on both sides.
TEST(PlanForChangeTest, SingleAnswersAndReasoningSayNothing) {
  std::vector<Observation> observations;
  for (int p = 0; p < 30; ++p) {
    Observation text = TextAnswer("t" + std::to_string(p), "words", 40 + p);
    text.signals = {"token_length"};
    observations.push_back(text);
  }
  const auto single = PlanForChange(Enrolled(observations), {Kind::kLength, 1.05}, Quick());
  EXPECT_EQ(single.status().code(), absl::StatusCode::kFailedPrecondition) << single.status();
  for (int i = 0; i < 40; ++i) {
    Observation thinking = TextAnswer("r", "words", 40);
    thinking.signals = {"reasoning"};
    thinking.usage.reasoning_tokens = 100 + i;
    observations.push_back(thinking);
  }
  const auto cooler = PlanForChange(Enrolled(observations), {Kind::kTemperature, 0.5}, Quick());
  EXPECT_EQ(cooler.status().code(), absl::StatusCode::kFailedPrecondition) << cooler.status();
}

TEST(ParsePlanChangeTest, NamesAndNumbers) {
  EXPECT_EQ(ParsePlanChange("other_model")->kind, Kind::kOtherModel);
  EXPECT_EQ(ParsePlanChange("temperature=1.3")->value, 1.3);
  EXPECT_EQ(ParsePlanChange("length=0.5")->kind, Kind::kLength);
  for (const char* text : {"", "temperature", "temperature=", "temperature=x", "temperature=-1", "length=0",
                           "length=1e9", "temperature=nan", "speed=2", "other_model=1"}) {
    EXPECT_EQ(ParsePlanChange(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace pinchbeck
