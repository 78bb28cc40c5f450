#include "pinchbeck/fingerprint/provenance.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/fingerprint/fingerprint_fixture.h"

namespace pinchbeck {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

const std::string kDigest(64, 'a');

Json Good() {
  return {{"source", "owner/repository"},
          {"licence", "MIT"},
          {"attribution", "by its owner"},
          {"commit", "0123abcd"},
          {"use", "ranking_only"},
          {"use_note", "answers depend on each other"},
          {"prompts",
           {{{"probe", "p0"},
             {"sha256", kDigest},
             {"file", "prompts.py"},
             {"temperature", 1},
             {"max_tokens", 9}}}}};
}

using ProvenanceTest = FolderTest;

TEST_F(ProvenanceTest, IsReadFromItsFile) {
  const auto provenance = LoadProvenance(Write("p", Good().dump()));
  ASSERT_TRUE(provenance.ok()) << provenance.status();
  EXPECT_EQ(provenance->source, "owner/repository");
  EXPECT_EQ(provenance->use, FingerprintUse::kRankingOnly);
  EXPECT_EQ(provenance->url, std::nullopt);
  ASSERT_EQ(provenance->prompts.size(), 1u);
  EXPECT_EQ(provenance->prompts[0].sha256, kDigest);
  EXPECT_EQ(provenance->prompts[0].temperature, 1.0);
}

struct Bad {
  const char* name;
  const char* pointer;
  Json value;
  const char* says;
};

TEST_F(ProvenanceTest, ErrorsNameFileAndField) {
  const Json prompt = Good()["prompts"][0];
  const std::vector<Bad> cases = {
      {"no licence", "/licence", nullptr, "licence"},
      {"empty source", "/source", "", "source: must not be empty"},
      {"long text", "/attribution", std::string(2001, 'x'), "attribution: is longer than 2000 bytes"},
      {"terminal escape", "/changes", "a\x1b[2J", "changes: holds a control character"},
      {"misspelt field", "/license", "MIT", "license: unknown field"},
      {"unknown use", "/use", "verdict", "use: unknown use"},
      {"short digest", "/prompts/0/sha256", "abc", "prompts[0].sha256"},
      {"upper-case digest", "/prompts/0/sha256", std::string(64, 'A'), "prompts[0].sha256"},
      {"negative temperature", "/prompts/0/temperature", -1, "prompts[0].temperature"},
      {"fractional cap", "/prompts/0/max_tokens", 1.5, "prompts[0].max_tokens"},
      {"probe named twice", "/prompts/1", prompt, "prompts[1].probe: \"p0\" is named twice"},
      {"no list", "/prompts", "p0", "prompts: expected a list"}};
  for (const Bad& bad : cases) {
    Json json = Good();
    json[Json::json_pointer(bad.pointer)] = bad.value;
    const auto provenance = LoadProvenance(Write("bad", json.dump()));
    ASSERT_FALSE(provenance.ok()) << bad.name;
    EXPECT_EQ(provenance.status().code(), absl::StatusCode::kInvalidArgument) << bad.name;
    EXPECT_THAT(provenance.status().ToString(), HasSubstr(File("bad"))) << bad.name;
    EXPECT_THAT(provenance.status().ToString(), HasSubstr(bad.says)) << bad.name;
  }
  EXPECT_FALSE(LoadProvenance(Write("bad", "{")).ok());
  EXPECT_FALSE(LoadProvenance(File("missing")).ok());
}

TEST_F(ProvenanceTest, NumberOfPromptsIsBounded) {
  Json json = Good();
  for (int i = 0; i <= 10000; ++i) {
    json["prompts"].push_back({{"probe", "q" + std::to_string(i)}, {"sha256", kDigest}});
  }
  EXPECT_THAT(LoadProvenance(Write("bad", json.dump())).status().ToString(),
              HasSubstr("more than 10000 prompts"));
}

TEST_F(ProvenanceTest, FillsWhatRecordingsLeftOpen) {
  auto provenance = LoadProvenance(Write("p", Good().dump()));
  ASSERT_TRUE(provenance.ok());
  std::vector<Observation> observations = RandomChoices(2, 20, 0, 1);
  for (Observation& observation : observations) {
    observation.request.temperature = std::nullopt;
    observation.request.max_tokens = std::nullopt;
  }
  Fingerprint fingerprint = Enrolled("m", observations);
  ASSERT_TRUE(AttachProvenance(*provenance, fingerprint).ok());
  const auto& probes = fingerprint.parts[0].sample.probes;
  EXPECT_EQ(probes.at("p0").conditions.prompt_sha256, kDigest);
  EXPECT_EQ(probes.at("p0").conditions.temperature, 1.0);
  EXPECT_EQ(probes.at("p0").conditions.max_tokens, 9);
  EXPECT_EQ(probes.at("p1").conditions.temperature, std::nullopt);

  const std::string text = SerializeFingerprint(fingerprint);
  const auto parsed = ParseFingerprint(text);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(SerializeFingerprint(*parsed), text);
  EXPECT_EQ(parsed->provenance->use_note, "answers depend on each other");
}

TEST_F(ProvenanceTest, ContradictionsChangeNothing) {
  auto provenance = LoadProvenance(Write("p", Good().dump()));
  ASSERT_TRUE(provenance.ok());
  // The recording says max_tokens 4, the source 9.
  Fingerprint fingerprint = ChoiceFingerprint("m", 0);
  const std::string before = SerializeFingerprint(fingerprint);
  EXPECT_THAT(AttachProvenance(*provenance, fingerprint).ToString(),
              HasSubstr("probe \"p0\": max_tokens contradicts"));
  provenance->prompts[0].max_tokens = std::nullopt;
  provenance->prompts.push_back({.probe = "other", .sha256 = kDigest});
  EXPECT_THAT(AttachProvenance(*provenance, fingerprint).ToString(), HasSubstr("holds no such probe"));
  EXPECT_EQ(SerializeFingerprint(fingerprint), before);
}

TEST_F(ProvenanceTest, DamagedInAFingerprintIsAnError) {
  auto provenance = LoadProvenance(Write("p", Good().dump()));
  provenance->prompts[0].max_tokens = 4;
  Fingerprint fingerprint = ChoiceFingerprint("m", 0);
  ASSERT_TRUE(AttachProvenance(*provenance, fingerprint).ok());
  Json json = Json::parse(SerializeFingerprint(fingerprint));
  // Later versions may add fields, so those are ignored in a fingerprint.
  json["provenance"]["new_field"] = 1;
  EXPECT_TRUE(ParseFingerprint(json.dump()).ok());
  json["provenance"]["prompts"][0]["sha256"] = 5;
  EXPECT_THAT(ParseFingerprint(json.dump()).status().ToString(), HasSubstr("provenance.prompts[0].sha256"));
}

}  // namespace
}  // namespace pinchbeck
