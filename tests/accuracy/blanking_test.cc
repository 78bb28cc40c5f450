// Recordings name the true model; nothing that does may reach a verdict of the benchmark.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "bench/accuracy/recordings.h"
#include "pinchbeck/audit/verify.h"
#include "pinchbeck/core/recording.h"
#include "pinchbeck/fingerprint/builder.h"
#include "pinchbeck/report/report_writers.h"
#include "tests/signal/observations.h"

namespace pinchbeck::accuracy {
namespace {

class BlankingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        ::testing::TempDir() + "blanking_" + ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ + "/source");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::vector<Observation>& observations) const {
    auto writer = RecordingWriter::Open(folder_ + "/source/" + name + ".jsonl.gz");
    ASSERT_TRUE(writer.ok()) << writer.status();
    for (const Observation& observation : observations) ASSERT_TRUE(writer->Append(observation).ok());
    ASSERT_TRUE(writer->Close().ok());
  }
  std::string folder_;
};

// Answers whose every field that names the model or orders them is filled in.
std::vector<Observation> NamedAnswers(const std::string& model, double power, std::uint64_t seed) {
  std::vector<Observation> observations = RandomChoices(4, 40, power, seed);
  int number = 0;
  for (Observation& observation : observations) {
    const std::string suffix = std::to_string(number % 7);
    observation.request.model = model + "-asked-" + suffix;
    observation.response.model = model + "-served-" + suffix;
    observation.response.id = model + "-" + suffix;
    observation.endpoint = "https://" + model + suffix + ".example";
    observation.session = "2026-01-0" + std::to_string(1 + number % 7);
    observation.time = "2026-01-0" + std::to_string(1 + number % 7) + "T00:00:00Z";
    ++number;
  }
  return observations;
}

// Moves each of the six fields to other answers, each by another distance.
void PermuteNames(std::vector<Observation>& answers) {
  const std::vector<Observation> original = answers;
  const std::size_t n = answers.size();
  for (std::size_t i = 0; i < n; ++i) {
    answers[i].request.model = original[(i + 1) % n].request.model;
    answers[i].response.model = original[(i + 3) % n].response.model;
    answers[i].response.id = original[(i + 5) % n].response.id;
    answers[i].endpoint = original[(i + 11) % n].endpoint;
    answers[i].session = original[(i + 17) % n].session;
    answers[i].time = original[(i + 23) % n].time;
  }
}

std::string VerdictOf(const std::string& data) {
  const auto claimed = LoadRecording(data, "source", "claimed");
  const auto observed = LoadRecording(data, "source", "observed");
  EXPECT_TRUE(claimed.ok() && observed.ok());
  FingerprintBuilder builder(EnrollOptions{.model = "claimed"});
  for (const Observation& observation : claimed->observations) {
    EXPECT_TRUE(builder.Add(observation, "default").ok());
  }
  const auto fingerprint = std::move(builder).Build();
  EXPECT_TRUE(fingerprint.ok());
  SampleBuilder sample(fingerprint->plan);
  for (const Observation& observation : observed->observations) EXPECT_TRUE(sample.Add(observation).ok());
  const auto report = Verify(*fingerprint, std::move(sample).Finish(fingerprint->plan), {});
  EXPECT_TRUE(report.ok()) << report.status();
  return ReportToJson(*report);
}

TEST_F(BlankingTest, RemovesEveryNameAndTime) {
  Write("claimed", NamedAnswers("big", 1, 1));
  const auto recording = LoadRecording(folder_, "source", "claimed");
  ASSERT_TRUE(recording.ok()) << recording.status();
  ASSERT_EQ(recording->observations.size(), 160u);
  for (const Observation& observation : recording->observations) {
    EXPECT_FALSE(observation.request.model || observation.response.model || observation.response.id ||
                 observation.endpoint || observation.session || observation.time);
    EXPECT_TRUE(observation.response.text.has_value());
  }
}

TEST_F(BlankingTest, PermutingNamesAndTimesChangesNoVerdict) {
  for (const double power : {1.0, 3.0}) {
    std::vector<Observation> claimed = NamedAnswers("big", 1, 1), observed = NamedAnswers("small", power, 2);
    Write("claimed", claimed);
    Write("observed", observed);
    const std::string before = VerdictOf(folder_);
    // Also between the two sides: all answers of both trade their names.
    std::vector<Observation> all = claimed;
    all.insert(all.end(), observed.begin(), observed.end());
    PermuteNames(all);
    std::copy(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(claimed.size()), claimed.begin());
    std::copy(all.begin() + static_cast<std::ptrdiff_t>(claimed.size()), all.end(), observed.begin());
    for (const char* name : {"claimed", "observed"}) {
      std::filesystem::remove(folder_ + "/source/" + name + ".jsonl.gz");
    }
    Write("claimed", claimed);
    Write("observed", observed);
    EXPECT_EQ(VerdictOf(folder_), before);
    for (const char* name : {"claimed", "observed"}) {
      std::filesystem::remove(folder_ + "/source/" + name + ".jsonl.gz");
    }
  }
}

TEST_F(BlankingTest, SessionsCutTheRecordingAndAreThenForgotten) {
  Write("claimed", NamedAnswers("big", 1, 1));
  const auto sessions = LoadSessions(folder_, "source", "claimed");
  ASSERT_TRUE(sessions.ok()) << sessions.status();
  ASSERT_EQ(sessions->size(), 7u);
  EXPECT_EQ((*sessions)[0].name, "claimed#2026-01-01");
  std::size_t answers = 0;
  for (const ModelRecording& session : *sessions) {
    answers += session.observations.size();
    EXPECT_FALSE(session.observations[0].session.has_value());
  }
  EXPECT_EQ(answers, 160u);
}

TEST_F(BlankingTest, MissingSourcesAreNotFound) {
  EXPECT_FALSE(HasSource(folder_, "source"));
  EXPECT_EQ(LoadSource(folder_, "nowhere").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(LoadRecording(folder_, "source", "claimed").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace pinchbeck::accuracy
