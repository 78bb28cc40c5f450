#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "pinchbeck/fingerprint/builder.h"
#include "pinchbeck/fingerprint/fingerprint.h"
#include "tests/signal/observations.h"

namespace pinchbeck {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

// Two sessions with every kind of sample.
Fingerprint Example() {
  FingerprintBuilder builder(EnrollOptions{.model = "example", .keep_text = true});
  for (const std::string session : {"monday", "tuesday"}) {
    std::vector<Observation> observations = RandomChoices(2, 6, 0, session.size());
    for (int i = 0; i < 3; ++i) {
      observations.push_back(LogprobAnswer("l", 0.1, 1e-3 * i));
      Observation text = TextAnswer("t", "some text " + std::to_string(i), i == 2 ? 100 : 20 + i);
      text.signals = {"text", "token_length", "latency", "tokenizer"};
      text.timing.first_token_s = 0.2;
      text.usage.input_tokens = 9;
      text.response.token_ids = {5, 6 + i};
      text.time = "2026-11-20T08:00:0" + std::to_string(i) + "Z";
      observations.push_back(text);
    }
    for (Observation& observation : observations) {
      observation.session = session;
      EXPECT_TRUE(builder.Add(observation, "default").ok());
    }
  }
  auto fingerprint = std::move(builder).Build();
  EXPECT_TRUE(fingerprint.ok()) << fingerprint.status();
  return *std::move(fingerprint);
}

TEST(StoreTest, RoundTripKeepsEverything) {
  const std::string text = SerializeFingerprint(Example());
  const auto parsed = ParseFingerprint(text);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(SerializeFingerprint(*parsed), text);
  EXPECT_EQ(parsed->parts.size(), 2u);
  EXPECT_EQ(parsed->texts.at("t").size(), 6u);
  EXPECT_TRUE(parsed->plan.at("t").latency);
  EXPECT_FALSE(parsed->session_spread.empty());
  EXPECT_TRUE(parsed->variant_spread.empty());
  EXPECT_EQ(*parsed->LastTime(), "2026-11-20T08:00:02Z");
}

struct Damage {
  const char* name;
  const char* pointer;  // JSON pointer of the value to replace; removed when `value` is discarded
  Json value;
  const char* says;
};

TEST(StoreTest, ContradictionsNameTheField) {
  const Json good = Json::parse(SerializeFingerprint(Example()));
  const Json remove = Json(Json::value_t::discarded);
  const Damage cases[] = {
      {"other major version", "/schema", "pinchbeck.fingerprint/2", "another major version"},
      {"not a fingerprint", "/schema", "pinchbeck.report/1", "not a fingerprint"},
      {"no model", "/model", remove, "model: missing"},
      {"empty model", "/model", "", "model"},
      {"no parts", "/parts", Json::array(), "parts"},
      {"wrong type", "/parts/0/usable", "many", "parts[0].usable: expected a number"},
      {"negative count", "/parts/0/probes/p0/choices/1", -3, "parts[0].probes.p0.choices.1"},
      {"sum contradicts", "/parts/0/usable", 4, "parts[0].usable: does not match"},
      {"too many choices", "/parts/0/probes/p0/usable", 1, "more choices than usable"},
      {"unknown signal", "/plan/p0/signals/0", "aura", "unknown signal"},
      {"unplanned probe", "/plan/p0", remove, "missing in `plan`"},
      {"token index", "/parts/0/probes/l/logprobs/0/tokens/0", 99, "token index out of range"},
      {"rising log-probabilities", "/parts/0/probes/l/logprobs/0/values/2", -0.1, "falling order"},
      {"unsorted buckets", "/parts/0/probes/t/texts/0/trigrams/0", 1048575, "rise"},
      {"short style", "/parts/0/probes/t/texts/0/style", Json::array({1, 2}), "expected 10 numbers"},
      {"half bucket", "/parts/0/probes/t/texts/0/trigrams/0", 0.5, "rise and stay in range"},
      {"half count", "/parts/0/probes/t/texts/0/trigrams/1", 1.5, "counts must be >= 1"},
      {"long prefix", "/parts/0/probes/t/texts/0/prefix", std::string(257, 'x'),
       "parts[0].probes.t.texts[0].prefix: expected at most 256 characters"},
      {"prefix is no text", "/parts/0/probes/t/texts/0/prefix", 3, "expected a string"},
      {"no token ids", "/parts/0/probes/t/texts/0/token_ids", Json::array(), "expected 1 to 256 token ids"},
      {"many token ids", "/parts/0/probes/t/texts/0/token_ids", Json(std::vector<int>(257, 1)),
       "expected 1 to 256 token ids"},
      {"negative token id", "/parts/0/probes/t/texts/0/token_ids/1", -1, "token_ids: token ids are whole"},
      {"fractional length", "/parts/0/probes/t/lengths/values/0", 5.5, "whole numbers"},
      {"endless length", "/parts/0/probes/t/lengths/values/0", 1e12, "whole numbers"},
      {"parts", "/parts", Json(std::vector<Json>(257, Json::object())), "more than 256 parts"},
      {"capped index", "/parts/0/probes/t/lengths/capped", Json::array({77}), "index out of range"},
      {"unknown length source", "/plan/t/length_source", "guess", "length_source"},
      {"negative spread", "/session_spread/choice", -1, "session_spread.choice"}};
  for (const Damage& damage : cases) {
    Json bad = good;
    const Json::json_pointer pointer(damage.pointer);
    ASSERT_TRUE(bad.contains(pointer)) << damage.name;
    if (damage.value.is_discarded()) {
      bad[pointer.parent_pointer()].erase(pointer.back());
    } else {
      bad[pointer] = damage.value;
    }
    const auto parsed = ParseFingerprint(bad.dump());
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << damage.name;
    EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(damage.says)) << damage.name;
  }
}

// A greedy answer of two tokens.
Observation LongerAnswer() {
  Observation observation = LogprobAnswer("l", 0);
  observation.logprobs.push_back({{"later", std::nullopt, -0.25}, {}});
  return observation;
}

TEST(StoreTest, LaterPositionsAreKeptAndOptional) {
  FingerprintBuilder builder(EnrollOptions{.model = "example"});
  ASSERT_TRUE(builder.Add(LongerAnswer(), "default").ok());
  const auto built = std::move(builder).Build();
  ASSERT_TRUE(built.ok()) << built.status();
  Json json = Json::parse(SerializeFingerprint(*built));
  const auto items = [](const Fingerprint& fingerprint) {
    return fingerprint.parts.at(0).sample.probes.at("l").logprobs;
  };
  const auto parsed = ParseFingerprint(json.dump());
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(items(*parsed).at(0).path, items(*built).at(0).path);
  EXPECT_EQ(items(*parsed).at(0).path.size(), 2u);
  EXPECT_EQ(items(*parsed).at(0).mean_tokens, 2);
  EXPECT_EQ(items(*parsed).at(0).sampled, 0u);
  // As written before they existed.
  Json& item = json["parts"][0]["probes"]["l"]["logprobs"][0];
  const Json whole = item;
  for (const char* field : {"path", "mean", "mean_tokens", "sampled"})
    ASSERT_EQ(item.erase(field), 1u) << field;
  const auto older = ParseFingerprint(json.dump());
  ASSERT_TRUE(older.ok()) << older.status();
  EXPECT_TRUE(items(*older).at(0).path.empty());
  EXPECT_FALSE(items(*older).at(0).sampled.has_value());
  const Damage cases[] = {{"sampled", "/sampled", 9, "sampled: is larger"},
                          {"half sampled", "/sampled", 0.5, "sampled: expected a whole number"},
                          {"one token", "/mean_tokens", 1, "mean_tokens: expected a whole number >= 2"},
                          {"positive mean", "/mean", 3, "mean: log-probability out of range"},
                          {"empty path", "/path/tokens", Json::array(), "path: tokens and values differ"},
                          {"path index", "/path/tokens/1", 99, "path: token index out of range"},
                          {"path value", "/path/values/1", 5, "path: log-probability out of range"}};
  for (const Damage& damage : cases) {
    item = whole;
    item[Json::json_pointer(damage.pointer)] = damage.value;
    const auto bad = ParseFingerprint(json.dump());
    EXPECT_EQ(bad.status().code(), absl::StatusCode::kInvalidArgument) << damage.name;
    EXPECT_THAT(std::string(bad.status().message()), HasSubstr(damage.says)) << damage.name;
  }
  item = whole;
  const std::vector<int> many(kMaxPathTokens + 1, 0);
  item["path"] = {{"tokens", many}, {"values", std::vector<double>(many.size(), -1)}};
  EXPECT_THAT(std::string(ParseFingerprint(json.dump()).status().message()),
              HasSubstr("expected 1 to 64 entries"));
}

TEST(StoreTest, BeginningsOfTextsAreKeptAndOptional) {
  Fingerprint fingerprint = Example();
  TextFeatures& text = fingerprint.parts[0].sample.probes.at("t").texts[0];
  text.prefix = std::u32string(U"\u00e9\U0001F600\n") + U'\0';
  const auto parsed = ParseFingerprint(SerializeFingerprint(fingerprint));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  const TextFeatures& read = parsed->parts[0].sample.probes.at("t").texts[0];
  EXPECT_EQ(read.prefix, text.prefix);
  EXPECT_EQ(read.token_ids, (std::vector<std::int32_t>{5, 6}));
  // Files from before have neither.
  Json older = Json::parse(SerializeFingerprint(fingerprint));
  for (Json& item : older["parts"][0]["probes"]["t"]["texts"]) {
    item.erase("prefix");
    item.erase("token_ids");
  }
  const auto without = ParseFingerprint(older.dump());
  ASSERT_TRUE(without.ok()) << without.status();
  EXPECT_FALSE(without->parts[0].sample.probes.at("t").texts[0].prefix);
  EXPECT_FALSE(without->parts[0].sample.probes.at("t").texts[0].token_ids);
}

TEST(StoreTest, CutOffFilesAreRefusedAtEveryLength) {
  const std::string text = SerializeFingerprint(Example());
  for (std::size_t length = 0; length + 2 < text.size(); length += 97) {
    EXPECT_FALSE(ParseFingerprint(text.substr(0, length)).ok()) << length;
  }
}

TEST(StoreTest, DamagedBytesNeverCrash) {
  const std::string text = SerializeFingerprint(Example());
  stats::CounterRng rng(4, 0);
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string bad = text;
    for (int k = 0; k < 3; ++k) {
      bad[rng.Below(static_cast<std::uint32_t>(bad.size()))] = static_cast<char>(rng.Below(256));
    }
    refused += !ParseFingerprint(bad).ok();
  }
  EXPECT_GT(refused, 100);
}

TEST(StoreTest, Files) {
  const std::string folder = ::testing::TempDir() + "/pinchbeck-store-test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  ASSERT_TRUE(SaveFingerprint(Example(), folder + "/a.json").ok());
  EXPECT_TRUE(LoadFingerprint(folder + "/a.json").ok());
  EXPECT_EQ(LoadFingerprints(folder)->size(), 1u);
  EXPECT_EQ(LoadFingerprint(folder).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(LoadFingerprint(folder + "/none.json").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(LoadFingerprints(folder + "/none").status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(SaveFingerprint(Example(), folder + "/no/such/folder.json").ok());
  std::ofstream(folder + "/b.json") << "{";
  EXPECT_THAT(std::string(LoadFingerprints(folder).status().message()), HasSubstr("b.json"));
  std::filesystem::remove_all(folder);
}

TEST(ConditionDifferencesTest, ComparesOnlyWhatBothRecorded) {
  const Fingerprint fingerprint = Example();
  Observation same = ChoiceAnswer("p0", "1"), other = same, silent = same;
  other.request.temperature = 0.25;
  other.request.max_tokens = 9;
  silent.request = {};
  EXPECT_TRUE(ConditionDifferences(fingerprint, Build({same})).empty());
  EXPECT_TRUE(ConditionDifferences(fingerprint, Build({silent})).empty());
  const std::vector<std::string> differences = ConditionDifferences(fingerprint, Build({other}));
  ASSERT_EQ(differences.size(), 2u);
  EXPECT_THAT(differences[0], HasSubstr("temperature is 0.25 in the recording, 1 in the fingerprint"));
}

}  // namespace
}  // namespace pinchbeck
