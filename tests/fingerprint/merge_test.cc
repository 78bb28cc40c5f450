#include "pinchbeck/fingerprint/merge.h"

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/fingerprint/fingerprint_fixture.h"

namespace pinchbeck {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Observations = std::vector<Observation>;

Observations InSession(Observations observations, const std::string& session) {
  for (Observation& observation : observations) observation.session = session;
  return observations;
}

Observations Together(Observations a, const Observations& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// The message of a merge that must fail.
std::string Refusal(const Fingerprint& a, const Fingerprint& b, const FingerprintMergeOptions& options = {}) {
  const auto merged = MergeFingerprints(std::vector<const Fingerprint*>{&a, &b}, options);
  EXPECT_EQ(merged.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(merged.status().message());
}

TEST(MergeFingerprints, IsWhatEnrolmentTogetherGives) {
  Observations one = InSession(RandomChoices(3, 40, 1, 1), "one");
  Observations two = InSession(RandomChoices(3, 40, 1, 2), "two");
  for (int i = 0; i < 8; ++i) {
    one.push_back(TextAnswer("text", "the answer " + std::to_string(i), 20 + i));
    one.back().session = "one";
    two.push_back(TextAnswer("text", "an answer " + std::to_string(i), 22 + i));
    two.back().session = "two";
  }
  one.front().request.model = "asked";
  two.front().request.model = "asked too";
  const Fingerprint a = Enrolled("m", one), b = Enrolled("m", two);
  const auto merged = MergeFingerprints(std::vector<const Fingerprint*>{&a, &b});
  ASSERT_TRUE(merged.ok()) << merged.status();
  const Fingerprint together = Enrolled("m", Together(one, two));
  EXPECT_EQ(SerializeFingerprint(*merged), SerializeFingerprint(together));
  EXPECT_GT(merged->session_spread.at("choice"), 0);
  EXPECT_THAT(merged->requested_models, ElementsAre("asked", "asked too"));
}

TEST(MergeFingerprints, KeepsServingsApartOnRequest) {
  const Fingerprint a = ChoiceFingerprint("m", 0, 1), b = ChoiceFingerprint("m", 1, 2);
  const auto merged = MergeFingerprints(std::vector<const Fingerprint*>{&a, &b},
                                        {.variant_per_fingerprint = true, .created = "2026-01-31T12:00:00Z"});
  ASSERT_TRUE(merged.ok()) << merged.status();
  std::vector<std::string> names;
  for (const auto& [name, sample] : merged->Variants()) names.push_back(name);
  EXPECT_THAT(names, ElementsAre("default (1)", "default (2)"));
  EXPECT_GT(merged->variant_spread.at("choice"), 0.01);
  EXPECT_EQ(merged->created, "2026-01-31T12:00:00Z");
  EXPECT_EQ(merged->Pooled().usable, a.Pooled().usable + b.Pooled().usable);
}

TEST(MergeFingerprints, RefusesAnswersThatMayCountTwice) {
  const Observations answers = RandomChoices(2, 40, 1, 1);
  const Fingerprint a = Enrolled("m", answers);
  EXPECT_THAT(Refusal(a, a), HasSubstr("fingerprint 2 is equal to one before it"));
  EXPECT_THAT(Refusal(a, a, {.variant_per_fingerprint = true}), HasSubstr("equal"));
  // Without names of sessions nobody can tell.
  EXPECT_THAT(Refusal(a, ChoiceFingerprint("m", 1, 2)), HasSubstr("both hold unnamed sessions"));
  const Fingerprint part = Enrolled("m", InSession({answers.begin(), answers.begin() + 60}, "day 1"));
  const Fingerprint whole = Enrolled("m", InSession(answers, "day 1"));
  EXPECT_THAT(Refusal(part, whole), HasSubstr("both hold the session \"day 1\" of the variant \"default\""));
}

TEST(MergeFingerprints, RefusesTheSameAnswersUnderOtherNames) {
  const Observations answers = RandomChoices(2, 40, 1, 1), others = RandomChoices(2, 40, 1, 2);
  const Fingerprint one = Enrolled("m", InSession(answers, "one"));
  // A copy is told by its content, whatever it is called and whatever else its fingerprint holds.
  const Fingerprint copy = Enrolled("m", InSession(answers, "two"));
  const Fingerprint more = Enrolled("m", Together(InSession(others, "three"), InSession(answers, "two")));
  for (const bool variants : {false, true}) {
    for (const Fingerprint* other : {&copy, &more}) {
      EXPECT_THAT(Refusal(one, *other, {.variant_per_fingerprint = variants}),
                  HasSubstr("fingerprint 2 holds the same answers as one before it in the session \"two\""));
    }
  }
  // The same counts at another time are other answers: greedy ones repeat themselves.
  Observations later = InSession(answers, "two"), earlier = InSession(answers, "one");
  for (Observation& observation : earlier) observation.time = "2026-01-30T12:00:00Z";
  for (Observation& observation : later) observation.time = "2026-01-31T12:00:00Z";
  const Fingerprint first = Enrolled("m", earlier), second = Enrolled("m", later);
  EXPECT_TRUE(MergeFingerprints(std::vector<const Fingerprint*>{&first, &second}).ok());
}

TEST(MergeFingerprints, RefusesOneSessionInTwoVariants) {
  const Fingerprint one = Enrolled("m", InSession(RandomChoices(2, 40, 1, 1), "day 1"));
  Fingerprint other = Enrolled("m", InSession(RandomChoices(2, 40, 1, 2), "day 1"));
  for (FingerprintPart& part : other.parts) part.variant = "elsewhere";
  EXPECT_THAT(Refusal(one, other),
              HasSubstr("fingerprint 2 and one before it both hold the session \"day 1\", though in other"));
  EXPECT_TRUE(
      MergeFingerprints(std::vector<const Fingerprint*>{&one, &other}, {.variant_per_fingerprint = true})
          .ok());
}

TEST(MergeFingerprints, RefusesWhatDoesNotBelongTogether) {
  const Fingerprint first = Enrolled("m", InSession(RandomChoices(2, 40, 1, 1), "one"));
  const Observations others = InSession(RandomChoices(2, 40, 1, 2), "two");
  EXPECT_THAT(Refusal(first, Enrolled("other", others)), HasSubstr("fingerprint 2 has another label"));

  Fingerprint battery = Enrolled("m", others), kind = battery, source = battery;
  Fingerprint described = first;
  described.battery_sha256 = "a";
  described.endpoint_kind = "x";
  battery.battery_sha256 = "b";
  kind.endpoint_kind = "y";
  source.provenance = Provenance{.source = "owner/data", .licence = "MIT", .attribution = "owner"};
  EXPECT_THAT(Refusal(described, battery), HasSubstr("another battery"));
  EXPECT_THAT(Refusal(described, kind), HasSubstr("another kind of endpoint"));
  EXPECT_THAT(Refusal(described, source), HasSubstr("a provenance (owner/data)"));
  EXPECT_THAT(Refusal(source, described), HasSubstr("fingerprint 1 has a provenance"));

  Observations warm = others;
  for (Observation& observation : warm) observation.request.temperature = 0.5;
  EXPECT_THAT(Refusal(first, Enrolled("m", warm)), HasSubstr("under different conditions"));
  Observations longer = others;
  for (Observation& observation : longer) observation.signals = {"text"};
  EXPECT_THAT(Refusal(first, Enrolled("m", longer)), HasSubstr("in another way than one before it"));

  const auto nothing = MergeFingerprints({});
  EXPECT_EQ(nothing.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(MergeFingerprints, ALabelMayBeGiven) {
  const Fingerprint a = Enrolled("a", InSession(RandomChoices(2, 40, 1, 1), "one"));
  const Fingerprint b = Enrolled("b", InSession(RandomChoices(2, 40, 1, 2), "two"));
  const auto merged = MergeFingerprints(std::vector<const Fingerprint*>{&a, &b}, {.model = "both"});
  ASSERT_TRUE(merged.ok()) << merged.status();
  EXPECT_EQ(merged->model, "both");
}

}  // namespace
}  // namespace pinchbeck
