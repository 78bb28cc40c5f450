// Keyed batteries: one key gives one battery, another key another, and each prompt asks what its cell says.
#include "pinchbeck/core/keyed_battery.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/digest.h"
#include "pinchbeck/internal/utf8.h"
#include "src/core/keyed_battery.h"
#include "src/core/keyed_generator.h"
#include "src/core/prompt_grammar.h"

namespace pinchbeck {
namespace {

using internal::BuiltinGrammar;
using internal::ComposeBattery;
using internal::DerivedKey;
using internal::KeyedCell;
using internal::KeyedCells;
using internal::KeyedGenerator;
using internal::PromptGrammar;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kKey = "canary-battery-key-2f81c0";

DerivedKey KeyNumber(int number) {
  DerivedKey key{};
  key[0] = static_cast<unsigned char>(number);
  key[1] = static_cast<unsigned char>(number >> 8);
  return key;
}

std::map<std::string, std::string> PromptsById(const Battery& battery) {
  std::map<std::string, std::string> prompts;
  for (const Probe& probe : battery.probes) prompts[probe.id] = probe.messages.at(0).content;
  return prompts;
}

const KeyedCell& CellOf(const std::string& id) {
  for (const KeyedCell& cell : KeyedCells()) {
    if (cell.count == 1 ? id == cell.stem : id.substr(0, id.rfind('/')) == cell.stem) return cell;
  }
  ADD_FAILURE() << id << ": no cell";
  return KeyedCells().front();
}

// The hashes come from tests/golden/make_keyed_battery.py, which makes the battery again without this
// library. Fails when a template, a list or the way of drawing changed: then raise the version in
// ComposeBattery(), since fingerprints made with the same key can no longer be compared.
TEST(KeyedBatteryTest, OneKeyGivesOneBatteryByteForByte) {
  const absl::StatusOr<Battery> battery = KeyedBattery(Secret(kKey));
  ASSERT_TRUE(battery.ok()) << battery.status();
  EXPECT_EQ(battery->name, "keyed");
  EXPECT_EQ(battery->version, "1");
  EXPECT_EQ(internal::Sha256Hex(SerializeBattery(*battery)),
            "6f1007f95e86c693ec197abe53cdb380bb8de2ad6929a7eda7eec574304c8e4e");
  EXPECT_EQ(battery->Sha256(), "b3f6077a1dcf2874350ed96b415dc0ab2579b7eb2fac67e345a78b25303c695e");
  const absl::StatusOr<Battery> again = KeyedBattery(Secret(kKey));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(SerializeBattery(*again), SerializeBattery(*battery));
}

TEST(KeyedBatteryTest, TheBatteryHoldsNeitherTheKeyNorWhatIsDerivedFromIt) {
  const absl::StatusOr<Battery> battery = KeyedBattery(Secret(kKey));
  ASSERT_TRUE(battery.ok()) << battery.status();
  const std::string file = SerializeBattery(*battery);
  EXPECT_THAT(file, Not(HasSubstr(kKey)));
  const absl::StatusOr<DerivedKey> derived = internal::DeriveKey(Secret(kKey));
  ASSERT_TRUE(derived.ok()) << derived.status();
  constexpr const char* kHex = "0123456789abcdef";
  std::string hex;
  for (const unsigned char byte : *derived) hex += {kHex[byte >> 4], kHex[byte & 15]};
  EXPECT_THAT(file, Not(HasSubstr(hex.substr(0, 16))));
}

TEST(KeyedBatteryTest, WeakKeysAreRefusedWithoutShowingThem) {
  for (const char* weak :
       {"", "short", "fifteen-bytes-1", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa", "1212121212121212"}) {
    const absl::StatusOr<Battery> battery = KeyedBattery(Secret(weak));
    ASSERT_EQ(battery.status().code(), absl::StatusCode::kInvalidArgument) << weak;
    EXPECT_THAT(internal::Message(battery.status()), HasSubstr("openssl rand -hex 32"));
    if (*weak != '\0') {
      EXPECT_THAT(internal::Message(battery.status()), Not(HasSubstr(weak)));
    }
  }
  EXPECT_TRUE(KeyedBattery(Secret("sixteen-bytes-12")).ok());
}

// Agreement of two keys on one prompt has a chance below 1/2000, so among the 8,000 prompts of 60 batteries
// and all pairs of them few are expected twice; the keys are fixed, so the test cannot fail by chance.
TEST(KeyedBatteryTest, OtherKeysShareAlmostNoPrompt) {
  const std::map<std::string, std::string> first = PromptsById(ComposeBattery(KeyNumber(0)));
  std::size_t shared = 0, compared = 0;
  for (int k = 1; k <= 60; ++k) {
    for (const auto& [id, prompt] : PromptsById(ComposeBattery(KeyNumber(k)))) {
      ++compared;
      shared += first.at(id) == prompt ? 1 : 0;
    }
  }
  EXPECT_GT(compared, 6000U);
  EXPECT_LE(shared, 2U);
}

TEST(KeyedBatteryTest, SharesNoPromptWithTheBuiltinBattery) {
  std::set<std::string> builtin;
  for (const Probe& probe : BuiltinBattery().probes) builtin.insert(probe.messages.at(0).content);
  for (int k = 0; k < 50; ++k) {
    for (const auto& [id, prompt] : PromptsById(ComposeBattery(KeyNumber(k)))) {
      EXPECT_EQ(builtin.count(prompt), 0U) << id << ": " << prompt;
    }
  }
}

TEST(KeyedBatteryTest, EveryTemplateHasThousandsOfVariants) {
  for (const KeyedCell& cell : KeyedCells()) {
    const std::size_t texts = BuiltinGrammar().TextCount(cell.templates);
    ASSERT_GT(texts, 0U) << cell.stem;
    double chance = 0;
    for (std::size_t i = 0; i < texts; ++i) {
      double within = BuiltinGrammar().ChanceOfRepeat(cell.templates, i);
      if (cell.highest_high > 0) within /= static_cast<double>(cell.highest_high - cell.lowest_high + 1);
      // Over two keys the template is the same with a chance of 1 / texts.
      chance += within / static_cast<double>(texts * texts);
    }
    EXPECT_LT(chance, 1.0 / 2000) << cell.stem;
  }
}

TEST(KeyedBatteryTest, IdsAreTheSameUnderEveryKeyAndTheOrderIsNot) {
  const Battery a = ComposeBattery(KeyNumber(1)), b = ComposeBattery(KeyNumber(2));
  std::set<std::string> ids_a, ids_b;
  for (const Probe& probe : a.probes) ids_a.insert(probe.id);
  for (const Probe& probe : b.probes) ids_b.insert(probe.id);
  EXPECT_EQ(ids_a, ids_b);
  EXPECT_EQ(ids_a.size(), a.probes.size());
  EXPECT_NE(a.probes[0].id + a.probes[1].id + a.probes[2].id,
            b.probes[0].id + b.probes[1].id + b.probes[2].id);
}

// The answer space of each kind is stated in the prompt, in the language of the cell.
void ExpectValid(const Probe& probe, const std::vector<std::string>& english_only) {
  const std::string& prompt = probe.messages.at(0).content;
  SCOPED_TRACE(probe.id + ": " + prompt);
  const KeyedCell& cell = CellOf(probe.id);
  EXPECT_TRUE(internal::IsValidUtf8(prompt));
  EXPECT_EQ(internal::NormalizeNfc(prompt), prompt);
  EXPECT_GE(prompt.size(), 5U);
  EXPECT_EQ(prompt.find("{en-"), std::string::npos) << "a template was not filled in";
  EXPECT_EQ(prompt.find("{zh-"), std::string::npos) << "a template was not filled in";
  if (cell.group != "choice") return;
  EXPECT_EQ(internal::IsAscii(prompt), probe.id.find("/en/") != std::string::npos);
  EXPECT_EQ(prompt.find('{'), std::string::npos);
  const bool english = internal::IsAscii(prompt);
  if (cell.highest_high > 0) {
    // Both ends of the range, and nothing that may be taken for another number.
    std::vector<std::int64_t> numbers;
    for (std::size_t i = 0; i < prompt.size();) {
      std::size_t end = i;
      while (end < prompt.size() && prompt[end] >= '0' && prompt[end] <= '9') ++end;
      if (end > i) numbers.push_back(std::stoll(prompt.substr(i, end - i)));
      i = end > i ? end : i + 1;
    }
    ASSERT_EQ(numbers.size(), 2U);
    EXPECT_EQ(numbers[0], 1);
    EXPECT_GE(numbers[1], cell.lowest_high);
    EXPECT_LE(numbers[1], cell.highest_high);
  } else if (probe.id.starts_with("letter/")) {
    const bool names_letters = prompt.find("A to Z") != std::string::npos ||
                               prompt.find("English alphabet") != std::string::npos ||
                               prompt.find("A\u5230Z") != std::string::npos ||
                               prompt.find("\u82f1\u6587\u5b57\u6bcd") != std::string::npos;
    EXPECT_TRUE(names_letters);
  } else if (!cell.thing.starts_with('{')) {
    EXPECT_THAT(prompt, HasSubstr(cell.thing));
  }
  if (!english) return;
  // The prompt ends by asking for the bare answer.
  bool bare = false;
  for (const std::string& ending : english_only) bare = bare || prompt.ends_with(ending);
  EXPECT_TRUE(bare);
}

TEST(KeyedBatteryTest, EveryPromptIsValidForItsCell) {
  std::vector<std::string> endings;
  for (const char* symbol : {"en-digits", "en-letter-only", "en-word-only"}) {
    const std::vector<std::string>& texts = BuiltinGrammar().symbols().at(symbol);
    endings.insert(endings.end(), texts.begin(), texts.end());
  }
  for (int k = 0; k < 60; ++k) {
    const Battery battery = ComposeBattery(KeyNumber(k));
    std::set<std::string> prompts;
    for (const Probe& probe : battery.probes) {
      ExpectValid(probe, endings);
      EXPECT_TRUE(prompts.insert(probe.messages.at(0).content).second) << probe.id;
    }
    const absl::StatusOr<Battery> again = ParseBattery(SerializeBattery(battery));
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(again->Sha256(), battery.Sha256());
  }
}

TEST(KeyedBatteryTest, GroupsHaveTheSizesOfTheBuiltinBattery) {
  const auto count = [](const Battery& battery, const std::string& group) {
    std::size_t n = 0;
    for (const Probe& probe : battery.probes) n += probe.group == group ? 1 : 0;
    return n;
  };
  const Battery keyed = ComposeBattery(KeyNumber(3));
  for (const char* group : {"logprob", "text", "tokenizer"}) {
    EXPECT_EQ(count(keyed, group), count(BuiltinBattery(), group)) << group;
  }
  // One kind more in each language.
  EXPECT_EQ(count(keyed, "choice"), count(BuiltinBattery(), "choice") + 8);
}

// Expected word: python3 -c "import hmac; print(hmac.new(bytes(32), b'abc' + bytes(9),
// 'sha256').hexdigest()[:8])", block 0 of the label "abc" under 32 zero bytes.
TEST(KeyedGeneratorTest, IsHmacInCounterMode) {
  KeyedGenerator generator(DerivedKey{}, "abc");
  EXPECT_EQ(generator.Next32(), 0x5e56df09u);
}

TEST(KeyedGeneratorTest, BoundedDrawsAreUniform) {
  KeyedGenerator generator(KeyNumber(9), "uniform");
  int counts[7] = {};
  for (int i = 0; i < 70000; ++i) ++counts[generator.Below(7)];
  // 10,000 each with a standard deviation of 93; five of them are exceeded with a chance below 1e-5.
  for (const int count : counts) EXPECT_NEAR(count, 10000, 465);
}

TEST(PromptGrammarTest, RefusesCyclesAndEmptySymbols) {
  const auto parse = [](const std::string& symbols) {
    return PromptGrammar::Parse(R"({"schema":"pinchbeck.prompt_grammar/1","symbols":)" + symbols + "}")
        .status();
  };
  EXPECT_TRUE(parse(R"({"a":["x {b}"],"b":["y"]})").ok());
  EXPECT_THAT(internal::Message(parse(R"({"a":["{b}"],"b":["{a}"]})")), HasSubstr("contains itself"));
  EXPECT_THAT(internal::Message(parse(R"({"a":[]})")), HasSubstr("symbols.a"));
  EXPECT_THAT(internal::Message(parse(R"({"a":[1]})")), HasSubstr("symbols.a[0]"));
}

TEST(PromptGrammarTest, RepeatsAndLeavesOtherBracesAlone) {
  const auto grammar = PromptGrammar::Parse(
      R"({"schema":"pinchbeck.prompt_grammar/1","symbols":{"a":["{ {b*3} {} {c} {X} {b*0}"],"b":["y"]}})");
  ASSERT_TRUE(grammar.ok()) << grammar.status();
  KeyedGenerator generator(KeyNumber(1), "g");
  EXPECT_EQ(grammar->Draw("a", {}, generator), "{ yyy {} {c} {X} {b*0}");
  EXPECT_EQ(grammar->Draw("a", {{"c", "fixed"}}, generator), "{ yyy {} fixed {X} {b*0}");
}

// Every name in braces is a symbol, or one that cells fix.
TEST(PromptGrammarTest, TheBuiltinTemplatesNameOnlyWhatExists) {
  ASSERT_GT(BuiltinGrammar().symbols().size(), 50U);
  for (const auto& [symbol, texts] : BuiltinGrammar().symbols()) {
    for (const std::string& text : texts) {
      for (std::size_t at = text.find('{'); at != std::string::npos; at = text.find('{', at + 1)) {
        const std::size_t end = text.find('}', at);
        if (end == std::string::npos) break;
        std::string name = text.substr(at + 1, end - at - 1);
        name = name.substr(0, name.find('*'));
        if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos) continue;
        EXPECT_TRUE(name == "high" || name == "thing" || BuiltinGrammar().TextCount(name) > 0)
            << symbol << ": {" << name << "}";
      }
    }
  }
}

}  // namespace
}  // namespace pinchbeck
