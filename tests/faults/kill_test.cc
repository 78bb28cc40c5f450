// Kills `pinchbeck collect` at random points and goes on with --resume: nothing that was recorded is lost,
// nothing is recorded twice, and the file stays valid.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "nlohmann/json.hpp"
#include "tests/faults/child_process.h"
#include "tests/faults/fault_fixture.h"

namespace pinchbeck {
namespace {

using pinchbeck::testing::ChildProcess;
using pinchbeck::testing::FaultTest;
using pinchbeck::testing::FileContent;
using pinchbeck::testing::ReadRecording;
using pinchbeck::testing::RecordingContent;
using pinchbeck::testing::RelayProcess;
using SteadyClock = std::chrono::steady_clock;

constexpr int kSamples = 6;
constexpr int kProbes = 4;
// Kills for each of the two kinds of file; PINCHBECK_KILLS sets another number.
int Kills() {
  constexpr int kUsual = 105;
  const char* const given = std::getenv("PINCHBECK_KILLS");
  return given == nullptr ? kUsual : std::max(1, std::atoi(given));
}
constexpr int kKillsPerRecording = 6;

// What was there before must still be there, in the same order, in front of everything else.
void ExpectKept(const std::vector<std::string>& before, const std::vector<std::string>& after) {
  ASSERT_LE(before.size(), after.size());
  EXPECT_TRUE(std::equal(before.begin(), before.end(), after.begin())) << "recorded lines have changed";
}

class KillTest : public FaultTest, public ::testing::WithParamInterface<const char*> {
 protected:
  [[nodiscard]] std::string out() const { return File(GetParam()); }

  // Waits for the file to grow by a random amount, so that the kill falls close to a write, or for a random
  // time, which may fall before the first request or after the last.
  void WaitForTheMoment(ChildProcess& collect) {
    const bool by_size = random_() % 4 != 0;
    const double share = static_cast<double>(random_() % 1000) / 1000.0;
    const auto start = SteadyClock::now();
    const auto wait = std::chrono::duration<double>(share * 1.1 * typical_s_);
    const std::uintmax_t size = SizeNow();
    const auto grown = static_cast<std::uintmax_t>(share * static_cast<double>(typical_bytes_));
    while (collect.Running()) {
      if (by_size ? SizeNow() > size + grown : SteadyClock::now() - start >= wait) return;
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }

  [[nodiscard]] std::uintmax_t SizeNow() const {
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(out(), error);
    return error ? 0 : size;
  }

  // How long one undisturbed collection takes here, and how large its file is.
  void Measure(const RelayProcess& relay) {
    const auto start = SteadyClock::now();
    ChildProcess collect(CollectOptionsFor(relay.url(), out(), kSamples));
    ASSERT_EQ(collect.ExitCode(), 0) << FileContent(File("collect.err"));
    // On a machine that is busy at this moment, waiting for times like this one would never end.
    typical_s_ = std::min(0.2, std::chrono::duration<double>(SteadyClock::now() - start).count());
    typical_bytes_ = SizeNow();
    ASSERT_GT(typical_bytes_, 0U);
    std::filesystem::remove(out());
  }

  // One life of the process. False when it ended by itself before it was to be killed.
  bool StartAndKill(const RelayProcess& relay) {
    ChildProcess collect(CollectOptionsFor(relay.url(), out(), kSamples));
    WaitForTheMoment(collect);
    const RecordingContent seen = ReadRecording(out());
    collect.Signal(SIGKILL);
    const int code = collect.ExitCode();
    const RecordingContent left = ReadRecording(out());
    ExpectKept(recorded_, seen.lines);
    ExpectKept(seen.lines, left.lines);
    recorded_ = left.lines;
    if (code != -SIGKILL) {
      EXPECT_EQ(code, 0) << FileContent(File("collect.err"));
      return false;
    }
    ++kills_;
    if (!left.lines.empty() && left.lines.size() < kProbes * kSamples) ++kills_in_the_middle_;
    return true;
  }

  void ExpectComplete() {
    const RecordingContent content = ReadRecording(out());
    EXPECT_TRUE(content.intact) << content.problem;
    ExpectKept(recorded_, content.lines);
    EXPECT_EQ(content.observations.size(), std::size_t{kProbes * kSamples});
    std::set<std::pair<std::string, std::int64_t>> pairs;
    std::set<std::string> ids;
    for (const Observation& o : content.observations) {
      EXPECT_FALSE(o.error.has_value());
      EXPECT_TRUE(pairs.emplace(o.probe, o.sample.value_or(-1)).second) << o.probe << " is there twice";
      EXPECT_TRUE(ids.insert(o.response.id.value_or("")).second) << "one answer was recorded twice";
    }
    EXPECT_EQ(pairs.size(), std::size_t{kProbes * kSamples});
  }

  std::mt19937_64 random_{20261126};
  double typical_s_ = 0.0;
  std::uintmax_t typical_bytes_ = 0;
  // What the file of the present collection was seen to hold.
  std::vector<std::string> recorded_;
  int kills_ = 0;
  int kills_in_the_middle_ = 0;
};

TEST_P(KillTest, NothingIsLostOrDoubled) {
  const RelayProcess relay(folder_, {"--recording", WriteServedRecording(WriteBattery()), "--mode", "cache"});
  ASSERT_FALSE(relay.url().empty()) << FileContent(File("relay.err"));
  ASSERT_NO_FATAL_FAILURE(Measure(relay));
  while (kills_ < Kills() && !HasFailure()) {
    recorded_.clear();
    for (int i = 0; i < kKillsPerRecording && StartAndKill(relay); ++i) {
    }
    ChildProcess last(CollectOptionsFor(relay.url(), out(), kSamples));
    ASSERT_EQ(last.ExitCode(), 0) << FileContent(File("collect.err"));
    ExpectComplete();
    // Nothing is left to send, and nothing but the recording is left behind.
    ChildProcess idle(CollectOptionsFor(relay.url(), out(), kSamples));
    ASSERT_EQ(idle.ExitCode(), 0) << FileContent(File("collect.err"));
    EXPECT_EQ(nlohmann::json::parse(FileContent(File("collect.out")))["requests"], 0);
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      EXPECT_EQ(entry.path().filename().string().find("repair"), std::string::npos) << entry.path();
    }
    std::filesystem::remove(out());
  }
  EXPECT_GE(kills_, Kills());
  // The test says something only if the kills fall while answers are being recorded.
  EXPECT_GE(kills_in_the_middle_, Kills() / 5);
  RecordProperty("kills", kills_);
  RecordProperty("kills_in_the_middle", kills_in_the_middle_);
}

INSTANTIATE_TEST_SUITE_P(Files, KillTest, ::testing::Values("out.jsonl", "out.jsonl.gz"),
                         [](const ::testing::TestParamInfo<const char*>& param) {
                           return std::string(param.param).ends_with("gz") ? "Gzip" : "Plain";
                         });

}  // namespace
}  // namespace pinchbeck
