// Generated probes: everything about them follows from id and key, and each holds what its answer must.
#include "pinchbeck/core/check_battery.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/utf8.h"

namespace pinchbeck {
namespace {

using testing::HasSubstr;

constexpr const char* kKey = "canary-battery-key-2f81c0";

CheckProbes Probes(const std::string& key = "") {
  absl::StatusOr<CheckProbes> probes = CheckProbes::Make(Secret(key));
  EXPECT_TRUE(probes.ok()) << probes.status();
  return *probes;
}

Battery Compose(const CheckProbes& probes, const CheckBatteryOptions& options) {
  absl::StatusOr<Battery> battery = probes.Compose(options);
  EXPECT_TRUE(battery.ok()) << battery.status();
  return battery.ok() ? *battery : Battery{};
}

TEST(CheckBatteryTest, EveryProbeCanBeMadeAgainFromItsId) {
  const CheckProbes probes = Probes(kKey), again = Probes(kKey);
  const Battery battery = Compose(probes, {{"cache", "context", "echo", "stream", "effort"}, 3, 7, 2000});
  EXPECT_EQ(battery.probes.size(), 4U * 2 * 3 + 5U * 3 + 4U * 3 + 4U * 2 * 3 + 2U * 4 * 3);
  std::set<std::string> ids;
  for (const Probe& probe : battery.probes) {
    SCOPED_TRACE(probe.id);
    EXPECT_TRUE(ids.insert(probe.id).second);
    const std::optional<CheckProbe> found = again.Find(probe.id);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->probe.PromptSha256(), probe.PromptSha256());
    EXPECT_TRUE(internal::IsAscii(probe.messages.at(0).content));
    if (probe.group == "context" || probe.group == "echo") {
      EXPECT_GE(found->expected.size(), 8U);
      EXPECT_THAT(probe.messages.at(0).content, HasSubstr(found->expected));
    }
  }
}

TEST(CheckBatteryTest, KeyAndSeedChangeEveryText) {
  const Battery a = Compose(Probes(kKey), {{"context", "echo"}, 2, 1, 1000});
  const Battery b = Compose(Probes("another-battery-key-77aa12"), {{"context", "echo"}, 2, 1, 1000});
  const Battery c = Compose(Probes(), {{"context", "echo"}, 2, 1, 1000});
  const Battery d = Compose(Probes(), {{"context", "echo"}, 2, 2, 1000});
  std::set<std::string> prompts;
  for (const Battery* battery : {&a, &b, &c, &d}) {
    for (const Probe& probe : battery->probes) prompts.insert(probe.messages.at(0).content);
  }
  EXPECT_EQ(prompts.size(), 4 * a.probes.size());
}

TEST(CheckBatteryTest, TheCacheArmsDifferInTheNonceOnly) {
  const Battery battery = Compose(Probes(), {{"cache"}, 5, 1, 1000});
  std::map<std::string, std::set<std::string>> by_arm, tails;
  for (const Probe& probe : battery.probes) {
    const std::string cell = probe.id.substr(0, probe.id.rfind('/'));
    const std::string& prompt = probe.messages.at(0).content;
    by_arm[cell].insert(prompt);
    tails[cell.substr(cell.rfind('/'))].insert(prompt.substr(prompt.find(',')));
    EXPECT_EQ(probe.sampling.temperature, 1.0);
  }
  EXPECT_EQ(by_arm.size(), 8U);
  for (const auto& [cell, prompts] : by_arm) {
    EXPECT_EQ(prompts.size(), cell.find("/same/") != std::string::npos ? 1U : 5U) << cell;
  }
  for (const auto& [cell, endings] : tails) EXPECT_EQ(endings.size(), 1U) << cell;
}

TEST(CheckBatteryTest, TheStreamArmsDifferInTheNoncesAndTheStream) {
  const Battery battery = Compose(Probes(), {{"stream"}, 5, 1, 1000});
  std::set<std::string> prompts;
  std::map<std::string, std::set<std::string>> choices;
  for (const Probe& probe : battery.probes) {
    const std::string& prompt = probe.messages.at(0).content;
    EXPECT_TRUE(prompts.insert(prompt).second) << "no request twice: " << probe.id;
    choices[Probes().Find(probe.id)->cell].insert(prompt.substr(prompt.find(',')));
    EXPECT_EQ(probe.sampling.stream, probe.id.starts_with("stream/streamed/")) << probe.id;
    EXPECT_EQ(probe.sampling.temperature, 1.0);
  }
  EXPECT_EQ(choices.size(), 4U);
  for (const auto& [cell, texts] : choices) EXPECT_EQ(texts.size(), 1U) << cell;
}

TEST(CheckBatteryTest, TheEffortLevelsAskTheSameProblems) {
  const Battery battery = Compose(Probes(), {{"effort"}, 5, 1, 1000});
  std::map<std::string, std::set<std::string>> problems, levels;
  std::set<std::string> prompts;
  for (const Probe& probe : battery.probes) {
    const std::string cell = Probes().Find(probe.id)->cell;
    problems[cell].insert(probe.messages.at(0).content);
    prompts.insert(probe.messages.at(0).content);
    levels[cell].insert(probe.sampling.reasoning_effort.value_or("none"));
    EXPECT_EQ(EffortOfProbe(probe.id), probe.sampling.reasoning_effort);
  }
  EXPECT_EQ(problems.size(), 20U);
  EXPECT_EQ(prompts.size(), 20U);
  for (const auto& [cell, texts] : problems) EXPECT_EQ(texts.size(), 1U) << cell;
  for (const auto& [cell, each] : levels) EXPECT_EQ(each, (std::set<std::string>{"low", "high"})) << cell;
}

TEST(CheckBatteryTest, NeedlesAreHiddenOnceAtAllDepths) {
  const Battery battery = Compose(Probes(), {{"context"}, 40, 1, 2000});
  double lowest = 1, highest = 0;
  for (const Probe& probe : battery.probes) {
    const CheckProbe check = *Probes().Find(probe.id);
    const std::string& text = probe.messages.at(0).content;
    const std::size_t at = text.find(check.expected);
    EXPECT_EQ(text.find(check.expected, at + 1), std::string::npos) << probe.id;
    // Length and depth are as stated, within the notes that cannot be cut.
    EXPECT_NEAR(static_cast<double>(text.size()), 4.0 * static_cast<double>(check.context_tokens), 350)
        << probe.id;
    EXPECT_NEAR(static_cast<double>(at) / static_cast<double>(text.size()), check.depth,
                450.0 / static_cast<double>(text.size()));
    lowest = std::min(lowest, check.depth);
    highest = std::max(highest, check.depth);
  }
  EXPECT_LT(lowest, 0.05);
  EXPECT_GT(highest, 0.95);
}

TEST(CheckBatteryTest, ForeignIdsAreNone) {
  const CheckProbes probes = Probes();
  for (const char* id : {"",
                         "cache",
                         "cache/same",
                         "cache/same/1-1",
                         "cache/other/1-1/1",
                         "cache/same/1/1",
                         "cache/same/1-1/x",
                         "context/0/1-1",
                         "context/99999999/1-1",
                         "context/1000/1-1/2",
                         "context/-5/1-1",
                         "echo/url",
                         "echo/poem/1-1",
                         "number-1-100/en/1",
                         "echo/url/1--1",
                         "echo/url/1-1/1",
                         "stream/whole/1-1",
                         "stream/other/1-1/1",
                         "effort/low/1-1/1",
                         "effort/medium/1-1",
                         "effort/low"}) {
    EXPECT_FALSE(probes.Find(id).has_value()) << id;
  }
  EXPECT_TRUE(probes.Find("echo/url/1-1").has_value());
}

TEST(CheckBatteryTest, BadOptionsAreRefused) {
  const CheckProbes probes = Probes();
  const struct {
    CheckBatteryOptions options;
    const char* says;
  } cases[] = {{{{"choice"}, 1, 1, 1000}, "\"choice\""},
               {{{}, 1, 1, 1000}, "no group"},
               {{{"echo"}, 0, 1, 1000}, "samples is 0"},
               {{{"context"}, 1, 1, 499}, "499 tokens"},
               {{{"context"}, 1000, 1, 1'000'000}, "20 million"}};
  for (const auto& bad : cases) {
    const absl::StatusOr<Battery> battery = probes.Compose(bad.options);
    EXPECT_EQ(battery.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(internal::Message(battery.status()), HasSubstr(bad.says));
  }
  EXPECT_FALSE(CheckProbes::Make(Secret("weak")).ok());
}

}  // namespace
}  // namespace pinchbeck
