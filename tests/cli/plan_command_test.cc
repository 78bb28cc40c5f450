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
      Plan({"--input-tokens", "30", "--output-tokens", "3", "--price-input", "2.5", "--price-output", "10"}));
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

TEST(PlanCommandTest, ErrorsNameOptionAndFile) {
  EXPECT_EQ(RunCli(Plan({"--power", "2"})).exit_code, 2);
  const CliResult price = RunCli(Plan({"--price-input", "2"}));
  EXPECT_EQ(price.exit_code, 2);
  EXPECT_THAT(price.err, HasSubstr("--price-output"));
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
