// pinchbeck fingerprints, enroll --provenance, and verify against fingerprints of other prompts.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "pinchbeck/core/battery.h"
#include "pinchbeck/internal/digest.h"
#include "src/cli/installed_fingerprints.h"
#include "tests/cli/cli_fixture.h"

namespace pinchbeck::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Json = nlohmann::json;

// A stand-in for another project's prompt file.
constexpr const char* kPrompt = "Name one of the numbers from 1 to 9; say nothing else.";

std::string Recording(const std::string& probe, int step) {
  std::string text;
  for (int i = 0; i < 60; ++i) {
    const Json line = {{"schema", "pinchbeck.observation/1"},
                       {"probe", probe},
                       {"sample", i},
                       {"time", "2026-11-20T08:00:00Z"},
                       {"request", {{"temperature", 1}}},
                       {"response", {{"text", std::to_string(1 + i * step % 9)}}}};
    text += line.dump() + "\n";
  }
  return text;
}

class FingerprintsCommandTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    std::filesystem::create_directories(File("prints"));
    ASSERT_EQ(Enroll("reference", "m").exit_code, 0);
  }
  CliResult Enroll(const std::string& use, const std::string& model) {
    const Json provenance = {
        {"source", "somebody/prompts"},
        {"licence", "MIT"},
        {"attribution", "somebody/prompts, MIT License"},
        {"commit", "0123abcd"},
        {"use", use},
        {"prompts",
         {{{"probe", "number"}, {"sha256", internal::Sha256Hex(kPrompt)}, {"file", "src/prompts.py"}}}}};
    return RunCli({"enroll", "--recording", Write(model + ".jsonl", Recording("number", 2)), "--model", model,
                   "--provenance", Write(model + ".provenance", provenance.dump()), "--created",
                   "2026-11-26T00:00:00Z", "--out", File("prints/" + model + ".json")});
  }
};

TEST_F(FingerprintsCommandTest, EnrolTwiceWritesTheSameBytes) {
  std::ifstream first(File("prints/m.json"));
  const std::string before((std::istreambuf_iterator<char>(first)), {});
  ASSERT_EQ(Enroll("reference", "m").exit_code, 0);
  std::ifstream second(File("prints/m.json"));
  EXPECT_EQ(std::string((std::istreambuf_iterator<char>(second)), {}), before);
  EXPECT_THAT(RunCli({"enroll", "--recording", File("m.jsonl"), "--model", "m", "--created", "yesterday",
                      "--out", File("x.json")})
                  .err,
              HasSubstr("yesterday"));
}

TEST_F(FingerprintsCommandTest, InstalledFingerprintsStandInForAMissingFolder) {
  const std::string program = File("usr/bin/pinchbeck");
  const std::string absent = File("absent");
  EXPECT_EQ(InstalledFingerprints(program), "");
  EXPECT_EQ(FolderOrInstalled(absent, program), absent);
  const std::string installed = File("usr/share/pinchbeck/fingerprints");
  std::filesystem::create_directories(installed);
  EXPECT_EQ(InstalledFingerprints(program), installed);
  EXPECT_EQ(FolderOrInstalled(absent, program), installed);
  EXPECT_EQ(FolderOrInstalled(File("prints"), program), File("prints"));
}

TEST_F(FingerprintsCommandTest, AFolderThatIsNamedMustExist) {
  const CliResult result = RunCli({"fingerprints", "list", File("absent")});
  EXPECT_EQ(result.exit_code, kExitInputError);
  EXPECT_THAT(result.err, HasSubstr("absent"));
}

TEST_F(FingerprintsCommandTest, ListAndShow) {
  const CliResult list = RunCli({"fingerprints", "list", File("prints")});
  EXPECT_EQ(list.exit_code, 0) << list.err;
  EXPECT_THAT(list.out, AllOf(HasSubstr("m.json"), HasSubstr("choice"), HasSubstr("60")));
  const CliResult json = RunCli({"fingerprints", "list", File("prints"), "--json"});
  EXPECT_EQ(Json::parse(json.out)["fingerprints"][0]["source"], "somebody/prompts");

  const CliResult show = RunCli({"fingerprints", "show", "m", "--fingerprints", File("prints")});
  EXPECT_EQ(show.exit_code, 0) << show.err;
  EXPECT_THAT(show.out, AllOf(HasSubstr("somebody/prompts, MIT License"), HasSubstr("2026-11-20"),
                              HasSubstr("asked with another's prompts"), HasSubstr("temperature 1")));
  const Json summary = Json::parse(RunCli({"fingerprints", "show", File("prints/m.json"), "--json"}).out);
  EXPECT_EQ(summary["provenance"]["commit"], "0123abcd");
  EXPECT_EQ(summary["probes"][0]["different_choices"], 9);
  EXPECT_EQ(RunCli({"fingerprints", "show", "unknown", "--fingerprints", File("prints")}).exit_code, 2);
  EXPECT_EQ(RunCli({"fingerprints", "list", File("nowhere")}).exit_code, 2);
}

TEST_F(FingerprintsCommandTest, DiffShowsCellsWithIntervals) {
  ASSERT_EQ(RunCli({"enroll", "--recording", Write("n.jsonl", Recording("number", 3)), "--model", "n",
                    "--out", File("prints/n.json")})
                .exit_code,
            0);
  const std::vector<std::string> arguments = {"fingerprints",   "diff",        "m", "n",
                                              "--fingerprints", File("prints")};
  const CliResult text = RunCli(arguments);
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, AllOf(HasSubstr("all shared probes"), HasSubstr("number"), HasSubstr("bits")));
  std::vector<std::string> with_json = arguments;
  with_json.emplace_back("--json");
  const Json json = Json::parse(RunCli(with_json).out);
  ASSERT_EQ(json["cells"].size(), 1u);
  const Json& cell = json["cells"][0];
  // Nine answers against three of them.
  EXPECT_GT(cell["effect_low"].get<double>(), 0.2);
  EXPECT_LT(cell["p_value"].get<double>(), 0.01);
  EXPECT_EQ(cell["n_a"], 60);
}

TEST_F(FingerprintsCommandTest, VerifyNamesFileAndField) {
  EXPECT_THAT(RunCli({"fingerprints", "verify", File("prints")}).out, HasSubstr("no index"));
  ASSERT_EQ(RunCli({"fingerprints", "index", File("prints")}).exit_code, 0);
  const CliResult good = RunCli({"fingerprints", "verify", File("prints"), "--json"});
  EXPECT_EQ(good.exit_code, 0) << good.err;
  EXPECT_EQ(Json::parse(good.out)["index"], true);
  std::ofstream(File("prints/m.json"), std::ios::app) << " ";
  const CliResult changed = RunCli({"fingerprints", "verify", File("prints")});
  EXPECT_EQ(changed.exit_code, 2);
  EXPECT_THAT(changed.err, AllOf(HasSubstr("m.json"), HasSubstr("bytes")));
  EXPECT_EQ(changed.out, "");
}

TEST_F(FingerprintsCommandTest, PromptMakesABatteryFromACopyOfTheSource) {
  const std::string source = Write("prompts.py",
                                   "# don't change\nPROMPTS = [\n  ('Name one of the numbers '\n"
                                   "   \"from 1 to 9; say nothing else.\"),\n]\n");
  const CliResult found =
      RunCli({"fingerprints", "prompt", "m", "--from", source, "--out", File("battery.json"),
              "--fingerprints", File("prints"), "--max-tokens", "50"});
  ASSERT_EQ(found.exit_code, 0) << found.err;
  EXPECT_THAT(found.out, HasSubstr("1 of 1 prompts"));
  const auto battery = LoadBattery(File("battery.json"));
  ASSERT_TRUE(battery.ok()) << battery.status();
  ASSERT_EQ(battery->probes.size(), 1u);
  EXPECT_EQ(battery->probes[0].id, "number");
  EXPECT_EQ(battery->probes[0].messages[0].content, kPrompt);
  EXPECT_EQ(battery->probes[0].sampling.max_tokens, 50);

  const CliResult none = RunCli({"fingerprints", "prompt", File("prints/m.json"), "--from",
                                 Write("other.py", "X = 'something else'"), "--out", File("none.json")});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err,
              AllOf(HasSubstr("other.py"), HasSubstr("src/prompts.py of somebody/prompts at 0123abcd")));
  EXPECT_FALSE(std::filesystem::exists(File("none.json")));
}

TEST_F(FingerprintsCommandTest, RecordingOfOtherPromptsIsExplained) {
  const CliResult result = RunCli({"verify", "--fingerprint", File("prints/m.json"), "--recording",
                                   Write("builtin.jsonl", Recording("number-1-100/en/1", 2)), "--json"});
  EXPECT_EQ(result.exit_code, 4) << result.err;
  const Json report = Json::parse(result.out);
  EXPECT_EQ(report["verdict"], "not_measurable");
  EXPECT_EQ(report["reason"], "other_prompts");
  EXPECT_THAT(report["warnings"].dump(), AllOf(HasSubstr("pinchbeck fingerprints prompt"),
                                               HasSubstr("src/prompts.py of somebody/prompts")));
}

TEST_F(FingerprintsCommandTest, FingerprintsForRankingAllowNoVerdict) {
  ASSERT_EQ(Enroll("ranking_only", "r").exit_code, 0);
  for (const int step : {2, 3}) {
    const CliResult result = RunCli({"verify", "--fingerprint", File("prints/r.json"), "--recording",
                                     Write("observed.jsonl", Recording("number", step)), "--json"});
    EXPECT_EQ(result.exit_code, 3) << result.err;
    EXPECT_EQ(Json::parse(result.out)["reason"], "ranking_only");
  }
}

TEST_F(FingerprintsCommandTest, HelpHasExamples) {
  for (const char* name : {"list", "show", "diff", "verify", "index", "prompt"}) {
    const CliResult help = RunCli({"fingerprints", name, "--help"});
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_THAT(help.out, HasSubstr("pinchbeck fingerprints " + std::string(name))) << name;
  }
}

}  // namespace
}  // namespace pinchbeck::cli
