// The built-in battery: what its groups promise, and a golden hash that forbids silent changes.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "pinchbeck/core/battery.h"
#include "pinchbeck/internal/utf8.h"

namespace pinchbeck {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

std::vector<Probe> Group(const std::string& group) {
  const absl::StatusOr<Battery> selected = SelectGroups(BuiltinBattery(), {group});
  EXPECT_TRUE(selected.ok()) << selected.status();
  return selected.ok() ? selected->probes : std::vector<Probe>();
}

// Id up to the last "/": the kind and language of a choice cell.
std::string Stem(const Probe& probe) { return probe.id.substr(0, probe.id.rfind('/')); }

// Fails when a prompt or a parameter changed: then raise the version too, since fingerprints of the old
// battery cannot be compared with the new one.
TEST(BuiltinBatteryTest, VersionAndContentBelongTogether) {
  EXPECT_EQ(BuiltinBattery().name, "builtin");
  EXPECT_EQ(BuiltinBattery().version, "1");
  EXPECT_EQ(BuiltinBattery().Sha256(), "0340b1dbb7a46e07250753a212499ec7df7a3b22ea3280c4926a08cf71d79ba0");
}

TEST(BuiltinBatteryTest, IdsAndPromptsAreUnique) {
  std::set<std::string> ids, prompts;
  for (const Probe& probe : BuiltinBattery().probes) {
    EXPECT_TRUE(ids.insert(probe.id).second) << probe.id;
    EXPECT_TRUE(prompts.insert(probe.messages.at(0).content).second) << probe.id;
  }
  EXPECT_EQ(ids.size(), 102u);
}

TEST(BuiltinBatteryTest, EveryPromptIsOneUserMessageInValidUtf8) {
  for (const Probe& probe : BuiltinBattery().probes) {
    SCOPED_TRACE(probe.id);
    ASSERT_EQ(probe.messages.size(), 1u);
    EXPECT_EQ(probe.messages[0].role, "user");
    EXPECT_FALSE(probe.messages[0].content.empty());
    EXPECT_TRUE(internal::IsValidUtf8(probe.messages[0].content));
    EXPECT_EQ(internal::NormalizeNfc(probe.messages[0].content), probe.messages[0].content)
        << "another spelling of the same text would be another prompt hash";
    EXPECT_TRUE(internal::IsAscii(probe.id));
  }
}

TEST(BuiltinBatteryTest, ChoiceCellsComeInKindsLanguagesAndWordings) {
  const std::vector<Probe> probes = Group("choice");
  std::map<std::string, int> wordings;
  for (const Probe& probe : probes) {
    SCOPED_TRACE(probe.id);
    ++wordings[Stem(probe)];
    EXPECT_THAT(probe.signals, ElementsAre("choice"));
    EXPECT_EQ(probe.sampling.temperature, 1.0);
    EXPECT_EQ(probe.sampling.top_p, 1.0);
    EXPECT_EQ(probe.sampling.max_tokens, 16);
    EXPECT_FALSE(probe.sampling.top_logprobs.has_value());
    EXPECT_FALSE(probe.sampling.stream);
    const bool english = probe.id.find("/en/") != std::string::npos;
    EXPECT_EQ(internal::IsAscii(probe.messages[0].content), english);
  }
  std::vector<std::string> stems;
  for (const auto& [stem, count] : wordings) {
    stems.push_back(stem);
    EXPECT_EQ(count, 4) << stem;
  }
  EXPECT_THAT(stems, UnorderedElementsAre("number-1-100/en", "number-1-100/zh", "number-1-355/en",
                                          "number-1-355/zh", "letter/en", "letter/zh", "colour/en",
                                          "colour/zh", "animal/en", "animal/zh"));
}

TEST(BuiltinBatteryTest, LogprobProbesAskForOneGreedyToken) {
  const std::vector<Probe> probes = Group("logprob");
  EXPECT_GE(probes.size(), 12u);
  for (const Probe& probe : probes) {
    SCOPED_TRACE(probe.id);
    EXPECT_THAT(probe.signals, ElementsAre("logprob"));
    EXPECT_EQ(probe.sampling.temperature, 0.0);
    EXPECT_EQ(probe.sampling.max_tokens, 1);
    EXPECT_EQ(probe.sampling.top_logprobs, 20);
    EXPECT_FALSE(probe.sampling.stream);
  }
}

TEST(BuiltinBatteryTest, TextProbesAreStreamed) {
  const std::vector<Probe> probes = Group("text");
  EXPECT_GE(probes.size(), 20u);
  std::map<std::string, int> languages;
  for (const Probe& probe : probes) {
    SCOPED_TRACE(probe.id);
    ++languages[Stem(probe)];
    EXPECT_THAT(probe.signals, ElementsAre("text", "token_length", "latency"));
    EXPECT_EQ(probe.sampling.temperature, 1.0);
    EXPECT_EQ(probe.sampling.max_tokens, 128);
    EXPECT_TRUE(probe.sampling.stream);
  }
  EXPECT_GE(languages["text/en"], 10);
  EXPECT_GE(languages["text/zh"], 10);
}

TEST(BuiltinBatteryTest, TokenizerProbesCoverScripts) {
  const std::vector<Probe> probes = Group("tokenizer");
  EXPECT_GE(probes.size(), 14u);
  std::string all;
  for (const Probe& probe : probes) {
    SCOPED_TRACE(probe.id);
    EXPECT_THAT(probe.signals, ElementsAre("tokenizer"));
    EXPECT_EQ(probe.sampling.temperature, 0.0);
    EXPECT_EQ(probe.sampling.max_tokens, 1);
    all += probe.messages[0].content;
  }
  struct Script {
    const char* name;
    char32_t first, last;
  };
  const Script scripts[] = {
      {"Latin", 0x41, 0x7A},       {"Greek", 0x370, 0x3FF},      {"Cyrillic", 0x400, 0x4FF},
      {"Arabic", 0x600, 0x6FF},    {"Devanagari", 0x900, 0x97F}, {"Thai", 0xE00, 0xE7F},
      {"kana", 0x3040, 0x30FF},    {"CJK", 0x4E00, 0x9FFF},      {"Hangul", 0xAC00, 0xD7AF},
      {"emoji", 0x1F300, 0x1FAFF}, {"digits", 0x30, 0x39}};
  for (const Script& script : scripts) {
    int points = 0;
    for (std::size_t i = 0; i < all.size();) {
      const internal::CodePoint point = internal::DecodeCodePoint(all, i);
      points += point.value >= script.first && point.value <= script.last ? 1 : 0;
      i += point.length;
    }
    EXPECT_GE(points, 8) << script.name;
  }
}

TEST(BuiltinBatteryTest, GroupsMakeUpTheBatteryAndItSurvivesARoundTrip) {
  const Battery& battery = BuiltinBattery();
  std::size_t total = 0;
  for (const char* group : {"choice", "logprob", "text", "tokenizer"}) total += Group(group).size();
  EXPECT_EQ(total, battery.probes.size());
  const absl::StatusOr<Battery> again = ParseBattery(SerializeBattery(battery));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->Sha256(), battery.Sha256());
}

}  // namespace
}  // namespace pinchbeck
