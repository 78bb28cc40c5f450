// Rows on small made recordings: what they measure, and that threads change nothing.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "bench/accuracy/output.h"
#include "bench/accuracy/row.h"
#include "pinchbeck/core/recording.h"
#include "tests/signal/observations.h"

namespace pinchbeck::accuracy {
namespace {

class RowsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        ::testing::TempDir() + "rows_" + ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    context_.data = folder_;
    context_.quick = true;
    context_.draws = 2;
    context_.permutations = 199;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& source, const std::string& name,
             const std::vector<Observation>& observations) const {
    std::filesystem::create_directories(folder_ + "/" + source);
    auto writer = RecordingWriter::Open(folder_ + "/" + source + "/" + name + ".jsonl.gz");
    ASSERT_TRUE(writer.ok()) << writer.status();
    for (const Observation& observation : observations) ASSERT_TRUE(writer->Append(observation).ok());
    ASSERT_TRUE(writer->Close().ok());
  }

  static const Measurement* Find(const Row& row, const std::string& contestant, const std::string& metric,
                                 double x) {
    const auto found = std::find_if(row.measurements.begin(), row.measurements.end(), [&](const auto& m) {
      return m.contestant == contestant && m.metric == metric && m.x == x;
    });
    return found == row.measurements.end() ? nullptr : &*found;
  }

  std::string folder_;
  RowContext context_;
};

// Numbers from 1 to 355, those near `centre` most often.
std::vector<Observation> Numbers(std::int64_t centre, std::uint64_t seed) {
  stats::CounterRng rng(seed, 0);
  std::vector<Observation> answers;
  for (int i = 0; i < 400; ++i) {
    std::int64_t sum = 0;
    for (int die = 0; die < 4; ++die) sum += rng.Below(40);
    const std::int64_t number = i == 0   ? 1
                                : i == 1 ? 355
                                         : std::clamp<std::int64_t>(centre + sum - 78, 1, 355);
    answers.push_back(ChoiceAnswer("number", std::to_string(number)));
    answers.back().request.max_tokens.reset();
  }
  return answers;
}

TEST_F(RowsTest, IdentifyNamesStoredModelsAndNoneOfThese) {
  int seed = 0;
  for (const std::int64_t centre : {80, 180, 280}) {
    Write("aig_random_1_355", "model " + std::to_string(centre),
          Numbers(centre, static_cast<std::uint64_t>(++seed)));
  }
  const auto row = MeasureNumberIdentify(context_);
  ASSERT_TRUE(row.ok()) << row.status();
  for (const double n : {25.0, 100.0}) {
    const Measurement* first = Find(*row, "pinchbeck, identify", "right model first, rate", n);
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(first->value, 1) << n;
    EXPECT_EQ(first->pairs, 3);
    EXPECT_EQ(first->draws_per_pair, 2);
  }
  const Measurement* none = Find(*row, "pinchbeck, identify", "model not stored: none_of_these, rate", 100);
  ASSERT_NE(none, nullptr);
  EXPECT_EQ(none->value, 1);
  ASSERT_TRUE(none->false_alarms.has_value());
  EXPECT_EQ(none->false_alarms->comparisons, 6);
  // Models that answer with a few numbers only leave no room for one constant or the first 25 numbers.
  for (const char* made : {"one constant", "counting up"}) {
    const Measurement* rate =
        Find(*row, "pinchbeck, identify", std::string(made) + ": none_of_these, rate", 25);
    ASSERT_NE(rate, nullptr) << made;
    EXPECT_EQ(rate->value, 1) << made;
  }
  context_.threads = 3;
  const auto again = MeasureNumberIdentify(context_);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(ToJson({*again}, {}, false), ToJson({*row}, {}, false));
}

// Ten prompts, each answered "yes" with this share, else by another word.
std::vector<Observation> Day(const std::string& date, int each, double share, const std::string& other,
                             std::uint64_t seed) {
  stats::CounterRng rng(seed, 0);
  std::vector<Observation> answers;
  for (int i = 0; i < each; ++i) {
    for (int p = 0; p < 10; ++p) {
      Observation answer = ChoiceAnswer("p" + std::to_string(p), rng.Uniform() < share ? "yes" : other);
      answer.request.temperature = 0;
      answer.session = date + "T12:00:00Z";
      answer.time = date + "T12:00:00Z";
      answers.push_back(std::move(answer));
    }
  }
  return answers;
}

TEST_F(RowsTest, MonitorAlarmsAfterTheRedirectionOnly) {
  std::vector<Observation> answers = Day("2026-01-14", 100, 0.9, "no", 1);
  for (const std::vector<Observation>& day :
       {Day("2026-01-29", 10, 0.9, "no", 2), Day("2026-01-30", 10, 0.05, "maybe", 3)}) {
    answers.insert(answers.end(), day.begin(), day.end());
  }
  Write("b3it_redirect", "model", answers);
  context_.draws = 6;
  const auto row = MeasureMonitorRedirect(context_);
  ASSERT_TRUE(row.ok()) << row.status();
  const Measurement* soon =
      Find(*row, "pinchbeck, monitor", "alarm within these answers after the change, rate", 20);
  const Measurement* before = Find(*row, "pinchbeck, monitor", "alarm before the change, rate", 20);
  ASSERT_TRUE(soon != nullptr && before != nullptr);
  EXPECT_EQ(soon->value, 1);
  EXPECT_EQ(before->value, 0);
  EXPECT_FALSE(before->higher_is_better);
  EXPECT_EQ(soon->draws_per_pair, 6);
  context_.threads = 3;
  const auto again = MeasureMonitorRedirect(context_);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(ToJson({*again}, {}, false), ToJson({*row}, {}, false));
}

TEST_F(RowsTest, MissingRecordingsSkipARowAndAMissingDayIsAnError) {
  EXPECT_EQ(MeasureNumberIdentify(context_).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(MeasureMonitorRedirect(context_).status().code(), absl::StatusCode::kNotFound);
  Write("b3it_redirect", "model", Day("2026-01-14", 10, 0.9, "no", 1));
  EXPECT_EQ(MeasureMonitorRedirect(context_).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace pinchbeck::accuracy
