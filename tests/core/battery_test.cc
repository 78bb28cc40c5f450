#include "pinchbeck/core/battery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/digest.h"
#include "tests/core/test_support.h"

namespace pinchbeck {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr std::string_view kTwoProbes = R"({"schema": "pinchbeck.battery/1", "name": "mini", "version": "2",
  "probes": [
    {"id": "n/1", "group": "choice", "signals": ["choice", "latency"],
     "messages": [{"role": "user", "content": "Pick a number."}],
     "sampling": {"temperature": 0.5, "top_p": 0.9, "top_k": 40, "min_p": 0.05, "max_tokens": 8,
                  "top_logprobs": 20, "stream": true}},
    {"id": "t/1", "group": "text", "signals": ["text"], "comment": "members that are not known are ignored",
     "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]}]})";

Battery ParseOk(std::string_view json) {
  absl::StatusOr<Battery> battery = ParseBattery(json);
  EXPECT_TRUE(battery.ok()) << battery.status();
  return battery.ok() ? *battery : Battery{};
}

// The text with its first `from` replaced; fails when there is none.
std::string Replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string result(text);
  const std::size_t at = result.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? result : result.replace(at, from.size(), to);
}

TEST(ParseBatteryTest, ReadsEveryField) {
  const Battery battery = ParseOk(kTwoProbes);
  EXPECT_EQ(battery.name, "mini");
  EXPECT_EQ(battery.version, "2");
  ASSERT_THAT(battery.probes, SizeIs(2));
  const Probe& first = battery.probes[0];
  EXPECT_EQ(first.id, "n/1");
  EXPECT_EQ(first.group, "choice");
  EXPECT_THAT(first.signals, ElementsAre("choice", "latency"));
  ASSERT_THAT(first.messages, SizeIs(1));
  EXPECT_EQ(first.messages[0].role, "user");
  EXPECT_EQ(first.messages[0].content, "Pick a number.");
  EXPECT_EQ(first.sampling.temperature, 0.5);
  EXPECT_THAT(first.sampling.top_p, Optional(0.9));
  EXPECT_THAT(first.sampling.top_k, Optional(40));
  EXPECT_THAT(first.sampling.min_p, Optional(0.05));
  EXPECT_EQ(first.sampling.max_tokens, 8);
  EXPECT_THAT(first.sampling.top_logprobs, Optional(20));
  EXPECT_TRUE(first.sampling.stream);
  const Probe& second = battery.probes[1];
  EXPECT_THAT(second.messages, SizeIs(2));
  const SamplingParameters defaults;
  EXPECT_EQ(second.sampling.temperature, defaults.temperature);
  EXPECT_EQ(second.sampling.max_tokens, defaults.max_tokens);
  EXPECT_FALSE(second.sampling.top_p.has_value());
  EXPECT_FALSE(second.sampling.top_logprobs.has_value());
}

struct BadBattery {
  std::string_view from;
  std::string_view to;
  std::string_view message;
};

constexpr BadBattery kBad[] = {
    {"\"schema\": \"pinchbeck.battery/1\", ", "", "schema: missing"},
    {"battery/1", "battery/9", "schema: expected \"pinchbeck.battery/1\", got \"pinchbeck.battery/9\""},
    {"\"mini\"", "\"\"", "name: must not be empty"},
    {"\"version\": \"2\"", "\"version\": 2", "version: expected a string, got a value of type number"},
    {"\"id\": \"t/1\"", "\"id\": \"n/1\"", "probes[1].id: \"n/1\" is used by another probe"},
    {"\"id\": \"t/1\", ", "", "probes[1].id: missing"},
    {"\"group\": \"text\"", "\"group\": \"prose\"",
     "probes[1].group: \"prose\" is unknown; use one of: choice, logprob, text, tokenizer"},
    {"[\"text\"]", "[]", "probes[1].signals: must name at least one of"},
    {"[\"text\"]", "\"text\"", "probes[1].signals: expected a list"},
    {"[\"text\"]", "[\"text\", \"smell\"]", "probes[1].signals[1]: \"smell\" is unknown"},
    {"[\"text\"]", "[\"text\", \"text\"]", "probes[1].signals[1]: \"text\" is named twice"},
    {"[{\"role\": \"user\", \"content\": \"Pick a number.\"}]", "[]",
     "probes[0].messages: must hold at least one message"},
    {"\"role\": \"system\"", "\"role\": \"robot\"", "probes[1].messages[0].role: \"robot\" is unknown"},
    {"\"content\": \"Why?\"", "\"content\": \"\"", "probes[1].messages[1].content: must not be empty"},
    {"\"content\": \"Why?\"", "\"content\": null", "probes[1].messages[1].content: missing"},
    {"\"temperature\": 0.5", "\"temperature\": -0.5",
     "probes[0].sampling.temperature: -0.5 is not between 0 and 2"},
    {"\"temperature\": 0.5", "\"temperature\": \"hot\"", "probes[0].sampling.temperature: expected a number"},
    {"\"temperature\": 0.5", "\"temprature\": 0.5",
     "probes[0].sampling.temprature: is no sampling parameter"},
    {"\"top_p\": 0.9", "\"top_p\": 1.5", "probes[0].sampling.top_p: 1.5 is not between 0 and 1"},
    {"\"min_p\": 0.05", "\"min_p\": -1", "probes[0].sampling.min_p: -1 is not between 0 and 1"},
    {"\"top_k\": 40", "\"top_k\": -2", "probes[0].sampling.top_k: -2 is not between -1 and 1000000"},
    {"\"top_k\": 40", "\"top_k\": 4.5", "probes[0].sampling.top_k: expected an integer"},
    {"\"max_tokens\": 8", "\"max_tokens\": 0",
     "probes[0].sampling.max_tokens: 0 is not between 1 and 1000000"},
    {"\"max_tokens\": 8", "\"max_tokens\": 18446744073709551615",
     "probes[0].sampling.max_tokens: 18446744073709551615 is not between"},
    {"\"top_logprobs\": 20", "\"top_logprobs\": -1", "probes[0].sampling.top_logprobs: -1 is not between 0"},
    {"\"stream\": true", "\"stream\": 1", "probes[0].sampling.stream: expected true or false"},
    {"\"stream\": true", "\"stream\": nope", "line 6, column"},
};

TEST(ParseBatteryTest, NamesThePathOfWhatIsWrong) {
  for (const BadBattery& bad : kBad) {
    SCOPED_TRACE(bad.message);
    const absl::StatusOr<Battery> battery = ParseBattery(Replaced(kTwoProbes, bad.from, bad.to));
    ASSERT_FALSE(battery.ok());
    EXPECT_EQ(battery.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(internal::Message(battery.status()), HasSubstr(std::string(bad.message)));
  }
}

TEST(ParseBatteryTest, RefusesOtherDocuments) {
  const std::string deep(100, '[');
  for (const std::string_view text : {std::string_view(""), std::string_view("[]"), std::string_view("null"),
                                      std::string_view(deep), std::string_view("{}\0", 3)}) {
    EXPECT_EQ(ParseBattery(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_THAT(internal::Message(ParseBattery(R"({"schema":"pinchbeck.battery/1","name":"a","version":"1",
      "probes":[]})")
                                    .status()),
              HasSubstr("probes: must hold at least one probe"));
}

TEST(ParseBatteryTest, SerialisingRoundTrips) {
  const Battery battery = ParseOk(kTwoProbes);
  const std::string text = SerializeBattery(battery);
  const Battery again = ParseOk(text);
  EXPECT_EQ(SerializeBattery(again), text);
  EXPECT_EQ(again.Sha256(), battery.Sha256());
  EXPECT_EQ(again.name, "mini");
  ASSERT_THAT(again.probes, SizeIs(2));
  EXPECT_THAT(again.probes[0].signals, ElementsAre("choice", "latency"));
  EXPECT_THAT(again.probes[0].sampling.min_p, Optional(0.05));
  EXPECT_TRUE(again.probes[0].sampling.stream);
}

TEST(BatterySha256Test, DoesNotDependOnOrderNamesOrGroups) {
  const Battery battery = ParseOk(kTwoProbes);
  Battery other = battery;
  std::ranges::reverse(other.probes);
  other.name = "else";
  other.version = "9";
  other.probes[0].group = "tokenizer";
  other.probes[0].signals = {"latency"};
  EXPECT_EQ(other.Sha256(), battery.Sha256());
  EXPECT_THAT(battery.Sha256(), SizeIs(64));
}

// Recordings do not keep it.
TEST(ParseBatteryTest, ReasoningEffortIsForGeneratedProbesOnly) {
  const auto battery = ParseBattery(
      Replaced(kTwoProbes, "\"stream\": true", "\"stream\": true, \"reasoning_effort\": \"low\""));
  ASSERT_FALSE(battery.ok());
  EXPECT_THAT(internal::Message(battery.status()), HasSubstr("reasoning_effort"));
}

TEST(BatterySha256Test, DependsOnEverythingThatShapesAnAnswer) {
  const Battery battery = ParseOk(kTwoProbes);
  using Change = void (*)(Probe&);
  const std::vector<Change> changes = {
      [](Probe& p) { p.id = "n/2"; },
      [](Probe& p) { p.messages[0].role = "system"; },
      [](Probe& p) { p.messages[0].content += " "; },
      [](Probe& p) {
        p.messages.push_back({"user", "And?"});
      },
      [](Probe& p) { p.sampling.temperature = 0.6; },
      [](Probe& p) { p.sampling.top_p.reset(); },
      [](Probe& p) { p.sampling.top_k = 41; },
      [](Probe& p) { p.sampling.min_p = 0.0; },
      [](Probe& p) { p.sampling.max_tokens = 9; },
      [](Probe& p) { p.sampling.top_logprobs = 5; },
      [](Probe& p) { p.sampling.stream = false; },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    Battery changed = battery;
    changes[i](changed.probes[0]);
    EXPECT_NE(changed.Sha256(), battery.Sha256()) << "change " << i;
  }
}

TEST(SelectGroupsTest, KeepsTheOrderOfTheBattery) {
  Battery battery = ParseOk(kTwoProbes);
  battery.probes.push_back(battery.probes[0]);
  battery.probes.back().id = "n/2";
  const auto choice = SelectGroups(battery, {"choice"});
  ASSERT_TRUE(choice.ok()) << choice.status();
  ASSERT_THAT(choice->probes, SizeIs(2));
  EXPECT_EQ(choice->probes[0].id, "n/1");
  EXPECT_EQ(choice->probes[1].id, "n/2");
  EXPECT_EQ(choice->name, "mini");
  const auto all = SelectGroups(battery, {"text", "choice", "text"});
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(SerializeBattery(*all), SerializeBattery(battery));
}

TEST(SelectGroupsTest, RefusesGroupsThatAreNotThere) {
  const Battery battery = ParseOk(kTwoProbes);
  for (const std::vector<std::string>& groups :
       {std::vector<std::string>{}, {"logprob"}, {"choice", "Choice"}, {""}}) {
    const auto selected = SelectGroups(battery, groups);
    EXPECT_EQ(selected.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(internal::Message(selected.status()), HasSubstr("use some of: choice, text"));
  }
}

TEST(LoadBatteryTest, NamesTheFile) {
  const testing::ScratchFolder folder;
  const std::string path = folder.File("b.json");
  EXPECT_EQ(LoadBattery(path).status().code(), absl::StatusCode::kNotFound);
  testing::WriteBytes(path, Replaced(kTwoProbes, "\"mini\"", "7"));
  const auto bad = LoadBattery(path);
  EXPECT_EQ(bad.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(internal::Message(bad.status()), StartsWith(path + ": name: expected a string"));
  testing::WriteBytes(path, kTwoProbes);
  const auto good = LoadBattery(path);
  ASSERT_TRUE(good.ok()) << good.status();
  EXPECT_THAT(good->probes, SizeIs(2));
}

TEST(DigestTest, MatchesTheStandardsExamples) {
  // FIPS 180-4, examples "abc" and the empty message.
  EXPECT_EQ(internal::Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(internal::Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(PromptSha256Test, OfOneUserMessageIsThatOfItsContent) {
  Probe probe;
  probe.messages = {{"user", "abc"}};
  EXPECT_EQ(probe.PromptSha256(), internal::Sha256Hex("abc"));
}

TEST(PromptSha256Test, OfOtherMessagesIsThatOfTheirCompactList) {
  Probe probe;
  probe.messages = {{"system", "Be \"brief\"."}, {"user", "Caf\xC3\xA9\n"}};
  EXPECT_EQ(probe.PromptSha256(),
            internal::Sha256Hex("[[\"system\",\"Be \\\"brief\\\".\"],[\"user\",\"Caf\xC3\xA9\\n\"]]"));
  probe.messages = {{"system", "abc"}};
  EXPECT_EQ(probe.PromptSha256(), internal::Sha256Hex(R"([["system","abc"]])"));
}

}  // namespace
}  // namespace pinchbeck
