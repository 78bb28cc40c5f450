#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/cli/cli_fixture.h"

namespace pinchbeck::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Json = nlohmann::json;

const std::string kFolder = PINCHBECK_SOURCE_DIR "/fingerprints/aig_random_1_355/";

std::vector<std::string> Plan(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {
      "plan", "--fingerprint", kFolder + "GPT-4o.json", "--against", kFolder + "GLM-5.json", "--runs", "40"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(PlanCommandTest, TextNamesRequestsTokensMoneyAndError) {
  const CliResult result = RunCli(
      Plan({"--input-tokens", "30", "--output-tokens", "3", "--price-in", "2.5", "--price-out", "10"}));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("GLM-5 served for GPT-4o"), HasSubstr("requests"),
                                HasSubstr("tokens"), HasSubstr("at the prices given"), HasSubstr("+-")));
}

TEST(PlanCommandTest, JsonHoldsDesignsAndCheapest) {
  const CliResult result = RunCli(Plan({"--json"}));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const Json plan = Json::parse(result.out);
  EXPECT_EQ(plan["schema"], "pinchbeck.plan/1");
  EXPECT_EQ(plan["designs"][0]["design"], "choice");
  EXPECT_EQ(plan["cheapest"]["probes"].size(), 1u);
  EXPECT_EQ(plan["cheapest"]["requests"], plan["cheapest"]["answers_per_probe"]);
  // Nobody said what a token costs or how many there are.
  EXPECT_TRUE(plan["cheapest"]["cost"].is_null());
  EXPECT_TRUE(plan["cheapest"]["input_tokens"].is_null());
  EXPECT_GT(plan["cheapest"]["monte_carlo_error"].get<double>(), 0);
  EXPECT_EQ(RunCli(Plan({"--json"})).out, result.out);
}

TEST(PlanCommandTest, UnreachedPowerIsNotSuccess) {
  const CliResult result = RunCli(Plan({"--max-answers", "1"}));
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.out, AllOf(HasSubstr("not reached"), HasSubstr("no design reaches the power")));
}

TEST(PlanCommandTest, PlansForAKindOfChange) {
  const std::vector<std::string> command = {"plan", "--fingerprint", kFolder + "GPT-4o.json", "--runs",
                                            "40",   "--change"};
  const auto with = [&](const std::string& change, const std::string& flag) {
    std::vector<std::string> arguments = command;
    arguments.push_back(change);
    if (!flag.empty()) arguments.push_back(flag);
    return RunCli(arguments);
  };
  const CliResult text = with("temperature=0.3", "");
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, AllOf(HasSubstr("To notice temperature 0.3 at an endpoint of GPT-4o"),
                              HasSubstr("know no alternatives"), HasSubstr("(configuration)")));
  const CliResult json = with("other_model", "--json");
  EXPECT_NE(json.exit_code, 2) << json.err;
  const Json plan = Json::parse(json.out);
  EXPECT_THAT(plan["change"].get<std::string>(), HasSubstr("choice 0.1 bits"));
  EXPECT_TRUE(plan["substitute"].is_null());
  const CliResult length = with("length=2", "");
  EXPECT_EQ(length.exit_code, 2);
  EXPECT_THAT(length.err, HasSubstr("no data in which"));
  EXPECT_THAT(with("colour=red", "").err, HasSubstr("give other_model, temperature=T or length=F"));
  EXPECT_THAT(RunCli({"plan", "--fingerprint", kFolder + "GPT-4o.json"}).err, HasSubstr("--change"));
}

TEST(PlanCommandTest, ErrorsNameOptionAndFile) {
  EXPECT_EQ(RunCli(Plan({"--power", "2"})).exit_code, 2);
  const CliResult price = RunCli(Plan({"--price-in", "2"}));
  EXPECT_EQ(price.exit_code, 2);
  EXPECT_THAT(price.err, HasSubstr("--price-out"));
  const CliResult missing = RunCli({"plan", "--fingerprint", "nowhere.json", "--against", "nowhere.json"});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(missing.err, HasSubstr("nowhere.json"));
  const CliResult other = RunCli({"plan", "--fingerprint", kFolder + "GPT-4o.json", "--against",
                                  kFolder + "../random_ranges/gpt-4-0613.json"});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("share no probe"));
}

}  // namespace
}  // namespace pinchbeck::cli
