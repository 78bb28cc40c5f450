#include "pinchbeck/report/identification_writers.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <sstream>

namespace pinchbeck {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Identification Example() {
  Identification result;
  result.verdict = IdentificationVerdict::kKnown;
  result.ranking = {{"gpt-x", 0.97, -120.5, 0.4, 3}, {"gpt-y", 0.03, -124, std::nullopt, 2}};
  result.not_comparable = {{"other", "no_shared_probe"}};
  result.noise_log_marginal = -300;
  result.permutations = 9999;
  result.n_observed = 200;
  result.warnings = {"a warning"};
  return result;
}

TEST(IdentificationWritersTest, JsonHasTheContractsFields) {
  const auto json = nlohmann::json::parse(IdentificationToJson(Example()));
  EXPECT_EQ(json["schema"], "pinchbeck.identification/1");
  EXPECT_EQ(json["verdict"], "known");
  EXPECT_TRUE(json["reason"].is_null());
  ASSERT_EQ(json["ranking"].size(), 2u);
  EXPECT_EQ(json["ranking"][0]["model"], "gpt-x");
  EXPECT_EQ(json["ranking"][0]["posterior"], 0.97);
  EXPECT_EQ(json["ranking"][0]["p_value"], 0.4);
  EXPECT_TRUE(json["ranking"][1]["p_value"].is_null());
  EXPECT_EQ(json["not_comparable"][0]["reason"], "no_shared_probe");
  EXPECT_EQ(json["seed"], 1);
}

TEST(IdentificationWritersTest, TextSaysTheVerdictFirstAndFitsTheLine) {
  Identification result = Example();
  EXPECT_THAT(IdentificationToText(result), StartsWith("KNOWN: gpt-x\n"));
  EXPECT_THAT(IdentificationToText(result), HasSubstr("not tested"));
  result.ranking.resize(30, {std::string(200, 'm'), 0, -130, 1e-4, 1});
  result.verdict = IdentificationVerdict::kNoneOfThese;
  const std::string text = IdentificationToText(result);
  EXPECT_THAT(text, StartsWith("NONE OF THESE\n"));
  EXPECT_THAT(text, HasSubstr("and 20 more"));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
}

TEST(IdentificationWritersTest, EveryReasonIsExplainedInWords) {
  Identification result = Example();
  result.verdict = IdentificationVerdict::kInconclusive;
  for (const char* reason : {"several_models_fit", "noise_fits", "best_model_rejected", "too_many_models",
                             "not_tested", "ranking_only", "nothing_comparable", "no_usable_observation"}) {
    result.reason = reason;
    EXPECT_THAT(IdentificationToText(result), Not(HasSubstr(reason)));
  }
}

TEST(IdentificationWritersTest, NamesCannotSteerATerminal) {
  Identification result = Example();
  result.ranking[0].model = "evil\x1b[2J";
  EXPECT_THAT(IdentificationToText(result), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace pinchbeck
