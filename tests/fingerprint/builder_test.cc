#include "pinchbeck/fingerprint/builder.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "tests/signal/observations.h"

namespace pinchbeck {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class RecordingsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "/pinchbeck-builder-test";
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string Write(const std::string& name, const std::vector<Observation>& observations,
                    const std::string& tail = "") {
    std::ofstream file(folder_ + "/" + name);
    for (const Observation& observation : observations) file << SerializeObservation(observation) << "\n";
    file << tail;
    return folder_ + "/" + name;
  }
  std::string folder_;
};

TEST_F(RecordingsTest, PrivateFingerprintsHoldNothingReadableOfTexts) {
  std::vector<Observation> observations;
  for (int i = 0; i < 4; ++i) observations.push_back(TextAnswer("t", "a telling sentence", 20));
  observations.front().response.token_ids = {123454321, 2};
  const std::string path = Write("a.jsonl", observations);
  const auto open = Enroll({path}, {.model = "m"}),
             closed = Enroll({path}, {.model = "m", .private_texts = true});
  ASSERT_TRUE(open.ok() && closed.ok());
  EXPECT_THAT(SerializeFingerprint(open->fingerprint), HasSubstr("telling"));
  EXPECT_THAT(SerializeFingerprint(open->fingerprint), HasSubstr("123454321"));
  EXPECT_THAT(SerializeFingerprint(closed->fingerprint), Not(HasSubstr("telling")));
  EXPECT_THAT(SerializeFingerprint(closed->fingerprint), Not(HasSubstr("123454321")));
  EXPECT_FALSE(closed->fingerprint.parts[0].sample.probes.at("t").texts[0].trigrams.empty());
  const auto both = Enroll({path}, {.model = "m", .keep_text = true, .private_texts = true});
  EXPECT_EQ(both.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(RecordingsTest, NoUsableObservationIsAnError) {
  Observation failed = ChoiceAnswer("p", "1");
  failed.error = ErrorRecord{ErrorKind::kTimeout, std::nullopt, "late"};
  const auto result = Enroll({Write("a.jsonl", {failed, failed})}, {.model = "m"});
  EXPECT_EQ(result.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(result.status().message()), HasSubstr("2 x timeout"));
}

TEST_F(RecordingsTest, SessionsUnderOtherConditionsAreRefused) {
  Observation a = ChoiceAnswer("p", "1"), b = a;
  a.session = "one";
  b.session = "two";
  b.request.temperature = 0.3;
  EXPECT_EQ(Enroll({Write("a.jsonl", {a, b})}, {.model = "m"}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(RecordingsTest, VariantsComeFromRecordings) {
  const std::string one = Write("one.jsonl", RandomChoices(2, 30, 0, 1)),
                    two = Write("two.jsonl", RandomChoices(2, 30, 1, 2));
  const auto pooled = Enroll({one, two}, {.model = "m"});
  ASSERT_TRUE(pooled.ok()) << pooled.status();
  EXPECT_EQ(pooled->fingerprint.Variants().size(), 1u);
  const auto variants = Enroll({one, two}, {.model = "m", .variant_per_recording = true});
  ASSERT_TRUE(variants.ok());
  EXPECT_EQ(variants->fingerprint.Variants().size(), 2u);
  EXPECT_GT(variants->fingerprint.variant_spread.at("choice"), 0.01);
}

TEST_F(RecordingsTest, AVariantIsGivenOnce) {
  const std::string one = Write("one.jsonl", RandomChoices(2, 30, 0, 1));
  const std::string detour = one.substr(0, one.rfind('/')) + "/./one.jsonl";
  for (const std::string& again : {one, detour}) {
    const auto result = Enroll({one, again}, {.model = "m", .variant_per_recording = true});
    EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(result.status().message()), HasSubstr(again + " is given twice"));
  }
}

TEST_F(RecordingsTest, DuplicatesNeedAnIdentity) {
  Observation anonymous = ChoiceAnswer("p", "1"), identified = anonymous;
  identified.sample = 3;
  identified.session = "s";
  const std::string path = Write("a.jsonl", {anonymous, anonymous, identified, identified});
  int seen = 0;
  const auto summary = ReadRecordings({path, path}, [&](const Observation&) {
    ++seen;
    return absl::OkStatus();
  });
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(seen, 5);
  EXPECT_EQ(summary->duplicates, 3);
  EXPECT_THAT(summary->warnings.at(0), HasSubstr("had been read before"));
}

TEST_F(RecordingsTest, ErrorsNameFileAndLineAndTailsAreWarnedAbout) {
  const std::string path =
      Write("a.jsonl", {ChoiceAnswer("p", "1"), ChoiceAnswer("p", "2")}, R"({"probe":"p",)");
  const auto summary = ReadRecordings({path}, [](const Observation&) { return absl::OkStatus(); });
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->observations, 2);
  EXPECT_THAT(summary->warnings.at(0), HasSubstr("incomplete"));
  const auto refused = ReadRecordings({path}, [](const Observation& observation) {
    return *observation.response.text == "2" ? absl::InvalidArgumentError("no twos") : absl::OkStatus();
  });
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr(path + ":2: no twos"));
}

TEST_F(RecordingsTest, ObservedSampleFollowsThePlan) {
  const auto enrolled = Enroll({Write("a.jsonl", RandomChoices(1, 10, 0, 1))}, {.model = "m"});
  ASSERT_TRUE(enrolled.ok());
  std::vector<Observation> observed = RandomChoices(2, 5, 0, 2);
  const auto sample = ReadObserved({Write("b.jsonl", observed)}, enrolled->fingerprint.plan);
  ASSERT_TRUE(sample.ok());
  EXPECT_EQ(sample->sample.probes.size(), 1u);
  EXPECT_EQ(sample->unplanned, 5);
}

}  // namespace
}  // namespace pinchbeck
