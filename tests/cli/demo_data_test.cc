#include "src/cli/demo_data.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "pinchbeck/core/battery.h"
#include "pinchbeck/core/recording.h"

namespace pinchbeck::cli {
namespace {

// Observations of an embedded recording.
std::vector<Observation> Read(std::string_view name) {
  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) /
                                     ("demo-" + std::to_string(getpid()) + "-" + std::string(name));
  std::ofstream(path, std::ios::binary) << DemoFile(name);
  std::vector<Observation> observations;
  absl::StatusOr<RecordingReader> reader = RecordingReader::Open(path);
  EXPECT_TRUE(reader.ok()) << reader.status();
  while (reader.ok()) {
    absl::StatusOr<std::optional<Observation>> next = reader->Next();
    EXPECT_TRUE(next.ok()) << next.status();
    if (!next.ok() || !next->has_value()) break;
    observations.push_back(**std::move(next));
  }
  std::filesystem::remove(path);
  return observations;
}

std::vector<std::string_view> Recordings() {
  std::vector<std::string_view> names;
  for (const std::string_view name : DemoFileNames()) {
    if (name != kDemoBattery) names.push_back(name);
  }
  return names;
}

TEST(DemoDataTest, EveryFileIsEmbeddedAndTheWholeIsSmall) {
  std::size_t total = 0;
  for (const std::string_view name : DemoFileNames()) {
    EXPECT_FALSE(DemoFile(name).empty()) << name;
    total += DemoFile(name).size();
  }
  EXPECT_EQ(DemoFileNames().size(), 7u);
  EXPECT_LT(total, std::size_t{700} * 1024);
  EXPECT_TRUE(DemoFile("no-such-file").empty());
}

TEST(DemoDataTest, EmbeddedBytesAreThoseOfTheSourceTree) {
  for (const std::string_view name : DemoFileNames()) {
    std::ifstream file(std::string(PINCHBECK_SOURCE_DIR) + "/src/cli/demo_data/" + std::string(name),
                       std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    EXPECT_TRUE(DemoFile(name) == bytes) << name;
  }
}

TEST(DemoDataTest, NoRecordedAnswerIsInTwoFiles) {
  std::map<std::string, std::string> owner;
  for (const std::string_view name : Recordings()) {
    for (const Observation& observation : Read(name)) {
      const std::string key =
          *observation.session + "|" + observation.probe + "|" + std::to_string(*observation.sample);
      const auto [place, inserted] = owner.emplace(key, name);
      EXPECT_TRUE(inserted) << key << " is in " << name << " and in " << place->second;
    }
  }
}

TEST(DemoDataTest, RecordingsAnswerTheBatteryUnderItsParameters) {
  const absl::StatusOr<Battery> battery = ParseBattery(DemoFile(kDemoBattery));
  ASSERT_TRUE(battery.ok()) << battery.status();
  std::map<std::string, const Probe*> probes;
  for (const Probe& probe : battery->probes) probes[probe.id] = &probe;
  EXPECT_EQ(probes.size(), 75u);
  for (const std::string_view name : Recordings()) {
    SCOPED_TRACE(std::string(name));
    std::set<std::string> seen;
    for (const Observation& observation : Read(name)) {
      const auto found = probes.find(observation.probe);
      ASSERT_NE(found, probes.end()) << observation.probe;
      const Probe& probe = *found->second;
      seen.insert(probe.id);
      ASSERT_EQ(observation.request.prompt_sha256, probe.PromptSha256()) << probe.id;
      ASSERT_EQ(observation.request.temperature, probe.sampling.temperature) << probe.id;
      ASSERT_EQ(observation.request.max_tokens, probe.sampling.max_tokens) << probe.id;
      ASSERT_EQ(observation.request.top_logprobs, probe.sampling.top_logprobs) << probe.id;
      ASSERT_EQ(observation.request.stream, probe.sampling.stream) << probe.id;
      ASSERT_EQ(observation.signals, probe.signals) << probe.id;
      ASSERT_EQ(observation.timing.event_s.empty(), probe.group != "text") << probe.id;
      ASSERT_EQ(observation.logprobs.empty(), probe.group != "logprob") << probe.id;
    }
    EXPECT_EQ(seen.size(), probes.size());
  }
}

}  // namespace
}  // namespace pinchbeck::cli
