// pinchbeck identify from recordings to exit status.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/cli/cli_fixture.h"

namespace pinchbeck::cli {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

// `count` answers to one probe, number `multiplier * i` modulo `modulus` in the i-th.
std::string Recording(int count, int multiplier, int modulus, int offset, double temperature = 1) {
  std::ostringstream text;
  for (int i = 0; i < count; ++i) {
    const int number = 1 + (i * multiplier + i * i) % modulus + offset;
    text << R"({"schema":"pinchbeck.observation/1","probe":"number","sample":)" << i
         << R"(,"request":{"temperature":)" << temperature << R"(},"response":{"text":")" << number
         << "\"}}\n";
  }
  return text.str();
}

class IdentifyCommandTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    ASSERT_TRUE(std::filesystem::create_directory(File("models")));
    ASSERT_TRUE(std::filesystem::create_directory(File("empty")));
    Enroll("low", Recording(120, 7, 11, 0));
    Enroll("high", Recording(120, 5, 13, 40));
  }
  void Enroll(const std::string& model, const std::string& recording) {
    const CliResult result = RunCli({"enroll", "--recording", Write(model + ".jsonl", recording), "--model",
                                     model, "--out", File("models/" + model + ".json")});
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }
  CliResult Identify(const std::string& recording, const std::vector<std::string>& more = {"--json"}) {
    std::vector<std::string> arguments = {"identify", "--fingerprints", File("models"), "--recording",
                                          Write("observed.jsonl", recording)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunCli(arguments);
  }
};

TEST_F(IdentifyCommandTest, KnownModel) {
  const CliResult result = Identify(Recording(60, 7, 11, 0));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const Json json = Json::parse(result.out);
  EXPECT_EQ(json["schema"], "pinchbeck.identification/1");
  EXPECT_EQ(json["verdict"], "known");
  EXPECT_EQ(json["ranking"][0]["model"], "low");
  EXPECT_GT(json["ranking"][0]["p_value"], 0.01);
  EXPECT_EQ(json["n_observed"], 60);
  EXPECT_THAT(Identify(Recording(60, 7, 11, 0), {}).out, HasSubstr("KNOWN: low"));
}

TEST_F(IdentifyCommandTest, NoneOfTheStoredModels) {
  const CliResult result = Identify(Recording(60, 3, 7, 100));
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_EQ(Json::parse(result.out)["verdict"], "none_of_these");
}

TEST_F(IdentifyCommandTest, TooFewAnswers) {
  const CliResult result = Identify(Recording(1, 7, 11, 0));
  EXPECT_EQ(result.exit_code, 3) << result.err;
  EXPECT_EQ(Json::parse(result.out)["verdict"], "inconclusive");
}

TEST_F(IdentifyCommandTest, NothingShared) {
  const CliResult result = Identify(R"({"probe":"other","response":{"text":"5"}})"
                                    "\n");
  EXPECT_EQ(result.exit_code, 4) << result.err;
  const Json json = Json::parse(result.out);
  EXPECT_EQ(json["verdict"], "not_measurable");
  EXPECT_EQ(json["reason"], "nothing_comparable");
  EXPECT_EQ(json["not_comparable"].size(), 2u);
}

TEST_F(IdentifyCommandTest, SeedIsReportedAndRepeats) {
  const std::string recording = Recording(40, 6, 12, 0);
  const CliResult first = Identify(recording, {"--json", "--seed", "7"});
  EXPECT_EQ(first.out, Identify(recording, {"--json", "--seed", "7", "--threads", "2"}).out);
  EXPECT_EQ(Json::parse(first.out)["seed"], 7);
}

TEST_F(IdentifyCommandTest, BadInputNamesWhatIsWrong) {
  const std::string recording = Recording(5, 7, 11, 0);
  const std::string path = Write("r.jsonl", recording);
  const CliResult empty = RunCli({"identify", "--fingerprints", File("empty"), "--recording", path});
  EXPECT_EQ(empty.exit_code, kExitInputError);
  EXPECT_THAT(empty.err, HasSubstr(File("empty") + ": holds no fingerprint"));
  const CliResult missing = RunCli({"identify", "--fingerprints", File("none"), "--recording", path});
  EXPECT_EQ(missing.exit_code, kExitInputError);
  EXPECT_THAT(missing.err, HasSubstr(File("none")));
  const CliResult cold = Identify(Recording(5, 7, 11, 0, 0.25));
  EXPECT_EQ(cold.exit_code, kExitInputError);
  EXPECT_THAT(cold.err, HasSubstr("temperature is 0.25"));
  EXPECT_EQ(Identify(recording, {"--alpha", "0"}).exit_code, kExitInputError);
  Write("models/broken.json", "{\"schema\": ");
  const CliResult broken = Identify(recording);
  EXPECT_EQ(broken.exit_code, kExitInputError);
  EXPECT_THAT(broken.err, HasSubstr("broken.json"));
  EXPECT_EQ(broken.out, "");
}

}  // namespace
}  // namespace pinchbeck::cli
