#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <utility>

#include "pinchbeck/client/client.h"
#include "pinchbeck/core/recording.h"
#include "tests/client/collect_bench.h"

namespace pinchbeck {
namespace {

using pinchbeck::testing::Always;
using pinchbeck::testing::Bad;
using pinchbeck::testing::Bench;
using pinchbeck::testing::Good;

class Resuming : public ::testing::Test {
 protected:
  Resuming() {
    path_ = (std::filesystem::temp_directory_path() /
             ("pinchbeck_resume_" + std::to_string(getpid()) + "_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".jsonl"))
                .string();
  }
  ~Resuming() override { std::filesystem::remove(path_); }

  void Record(Bench& bench) {
    absl::StatusOr<RecordingWriter> writer = RecordingWriter::Open(path_);
    ASSERT_TRUE(writer.ok()) << writer.status();
    RecordingFileSink sink(*writer);
    const auto summary = Collect(bench.endpoint, bench.battery, bench.options,
                                 {bench.dialect, bench.transport, bench.clock, sink, nullptr, nullptr});
    ASSERT_TRUE(summary.ok()) << summary.status();
    ASSERT_TRUE(writer->Close().ok());
  }
  CompletedSamples Load(const Endpoint& endpoint, const Battery& battery) {
    absl::StatusOr<RecordingReader> reader = RecordingReader::Open(path_);
    EXPECT_TRUE(reader.ok()) << reader.status();
    absl::StatusOr<CompletedSamples> completed =
        LoadCompletedSamples(*reader, endpoint, battery, OpenAiChatDialect());
    EXPECT_TRUE(completed.ok()) << completed.status();
    return *std::move(completed);
  }

  std::string path_;
};

TEST_F(Resuming, SendsOnlyWhatIsMissing) {
  Bench first([](const TransferRequest&, int number) { return number % 2 == 0 ? Good() : Bad(400); });
  Record(first);
  Bench second(Always(Good()));
  second.options.completed = Load(second.endpoint, second.battery);
  EXPECT_EQ(second.options.completed.size(), 3U);
  const auto summary = second.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->planned, 6);
  EXPECT_EQ(summary->skipped_by_resume, 3);
  EXPECT_EQ(summary->done, 3);
  for (const Observation& o : second.sink.observations) {
    EXPECT_FALSE(second.options.completed.Contains(o.probe, *o.sample));
  }
}

TEST_F(Resuming, CountsOnlyAnswersToTheSameRequests) {
  Bench bench(Always(Good()));
  Record(bench);
  Endpoint other_model = bench.endpoint;
  other_model.model = "gpt-y";
  EXPECT_EQ(Load(other_model, bench.battery).size(), 0U);
  EXPECT_EQ(Load(other_model, bench.battery).not_matching, 6);
  Battery other_prompt = bench.battery;
  other_prompt.probes[0].messages[0].content = "Another prompt.";
  EXPECT_EQ(Load(bench.endpoint, other_prompt).size(), 3U);
  Battery other_settings = bench.battery;
  other_settings.probes[1].sampling.temperature = 0.0;
  EXPECT_EQ(Load(bench.endpoint, other_settings).size(), 3U);
  Endpoint other_url = bench.endpoint;
  other_url.base_url = "https://elsewhere.example/v1";
  EXPECT_EQ(Load(other_url, bench.battery).size(), 6U);
  EXPECT_EQ(Load(other_url, bench.battery).from_other_endpoint, 6);
}

TEST_F(Resuming, ACompleteRecordingNeedsNothing) {
  Bench bench(Always(Good()));
  Record(bench);
  Bench again(Always(Good()));
  again.options.completed = Load(again.endpoint, again.battery);
  const auto summary = again.Run();
  EXPECT_EQ(summary->requests, 0);
  EXPECT_EQ(summary->stop_reason, StopReason::kCompleted);
}

}  // namespace
}  // namespace pinchbeck
