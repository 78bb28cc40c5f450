// The fingerprints of this repository, and the schemas that describe such files.
#include <gmock/gmock.h>

#include <cmath>
#include <set>

#include "pinchbeck/fingerprint/library.h"
#include "tests/fingerprint/fingerprint_fixture.h"
#include "tests/fingerprint/json_schema.h"

namespace pinchbeck {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Json = nlohmann::json;

const std::string kFolder = PINCHBECK_SOURCE_DIR "/fingerprints";
constexpr std::int64_t kLargestFolder = 3000000;

Json ReadJson(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  return Json::parse(file);
}

JsonSchema Schema(const std::string& name) {
  return JsonSchema(ReadJson(PINCHBECK_SOURCE_DIR "/docs/schema/" + name));
}

// One with every part of the format.
Json EverySample() {
  FingerprintBuilder builder(
      EnrollOptions{.model = "m", .keep_text = true, .created = "2026-11-20T08:00:00Z"});
  for (const std::string variant : {"one", "two"}) {
    std::vector<Observation> observations = RandomChoices(2, 8, 0, variant.size());
    for (int i = 0; i < 4; ++i) {
      observations.push_back(LogprobAnswer("l", 0.1, 1e-3 * i));
      Observation text = TextAnswer("t", "a text " + std::to_string(i), i == 2 ? 100 : 20 + i);
      text.signals = {"text", "token_length", "latency", "tokenizer"};
      text.timing.first_token_s = 0.2;
      text.usage.input_tokens = 9;
      text.time = "2026-11-20T08:00:00Z";
      observations.push_back(text);
    }
    for (const Observation& observation : observations) EXPECT_TRUE(builder.Add(observation, variant).ok());
  }
  auto fingerprint = std::move(builder).Build();
  EXPECT_TRUE(fingerprint.ok());
  Provenance provenance{.source = "s", .licence = "l", .attribution = "a"};
  provenance.prompts.push_back({.probe = "p0", .sha256 = std::string(64, '0'), .file = "f"});
  EXPECT_TRUE(AttachProvenance(provenance, *fingerprint).ok());
  return Json::parse(SerializeFingerprint(*fingerprint));
}

TEST(SchemaTest, FreshFingerprintsFit) {
  EXPECT_THAT(Schema("fingerprint.schema.json").Violations(EverySample()), IsEmpty());
}

TEST(SchemaTest, DamagedFingerprintsDoNotFit) {
  const JsonSchema schema = Schema("fingerprint.schema.json");
  const std::pair<const char*, Json> damages[] = {{"/schema", "pinchbeck.fingerprint/2"},
                                                  {"/model", ""},
                                                  {"/parts", Json::array()},
                                                  {"/plan/p0/signals/0", "smell"},
                                                  {"/parts/0/usable", -1},
                                                  {"/parts/0/probes/p0/choices/1", 1.5},
                                                  {"/parts/0/probes/l/logprobs/0/values/0", 2},
                                                  {"/parts/0/probes/t/latencies/0/first_token_s", 0},
                                                  {"/provenance/use", "all"},
                                                  {"/provenance/prompts/0/sha256", "00"},
                                                  {"/variant_spread/choice", "large"}};
  for (const auto& [pointer, value] : damages) {
    Json json = EverySample();
    json[Json::json_pointer(pointer)] = value;
    EXPECT_FALSE(schema.Violations(json).empty()) << pointer;
  }
  Json json = EverySample();
  json.erase("plan");
  EXPECT_THAT(schema.Violations(json), Contains(HasSubstr("plan: missing")));
}

TEST(SchemaTest, UnknownKeywordsAreNotIgnored) {
  EXPECT_FALSE(JsonSchema(Json{{"uniqueItems", true}}).Violations(Json::array()).empty());
}

TEST(ShippedTest, AllLoadAndAgreeWithTheIndex) {
  const auto check = CheckLibrary(kFolder);
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_TRUE(check->index_found);
  EXPECT_GE(check->index.size(), 17u);
  std::int64_t bytes = 0;
  for (const FingerprintIndexEntry& entry : check->index) bytes += entry.bytes;
  EXPECT_LE(bytes, kLargestFolder);
}

TEST(ShippedTest, AllFitTheSchemas) {
  const JsonSchema schema = Schema("fingerprint.schema.json");
  const auto files = FingerprintFiles(kFolder);
  ASSERT_TRUE(files.ok()) << files.status();
  for (const std::string& file : *files) {
    EXPECT_THAT(schema.Violations(ReadJson(kFolder + "/" + file)), IsEmpty()) << file;
  }
  EXPECT_THAT(Schema("fingerprint-index.schema.json").Violations(ReadJson(kFolder + "/index.json")),
              IsEmpty());
}

TEST(ShippedTest, HoldFiguresWithTheirProvenanceAndNoTexts) {
  const auto fingerprints = LoadFingerprints(kFolder);
  ASSERT_TRUE(fingerprints.ok()) << fingerprints.status();
  for (const Fingerprint& fingerprint : *fingerprints) {
    EXPECT_TRUE(fingerprint.texts.empty()) << fingerprint.model;
    ASSERT_TRUE(fingerprint.provenance) << fingerprint.model;
    // Licences as in the data card; each needs its attribution.
    const std::set<std::string> licences = {"Apache-2.0", "MIT"};
    EXPECT_TRUE(licences.count(fingerprint.provenance->licence) == 1) << fingerprint.model;
    for (const FingerprintPart& part : fingerprint.parts) {
      EXPECT_EQ(part.variant.find('/'), std::string::npos) << "a path: " << part.variant;
      for (const auto& [id, probe] : part.sample.probes) {
        EXPECT_TRUE(probe.texts.empty()) << id;
        for (const auto& entry : probe.choices) EXPECT_LE(entry.first.size(), 32u) << entry.first;
      }
    }
  }
}

// Answers of one reply are not independent: no verdict may rest on them.
TEST(ShippedTest, DependentAnswersAreForRankingOnly) {
  const auto index = BuildFingerprintIndex(kFolder);
  ASSERT_TRUE(index.ok());
  for (const FingerprintIndexEntry& entry : *index) {
    const bool dependent = entry.file.starts_with("fpverify_frontier/");
    EXPECT_EQ(entry.use == FingerprintUse::kRankingOnly, dependent) << entry.file;
  }
}

}  // namespace
}  // namespace pinchbeck
