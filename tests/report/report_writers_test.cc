#include "pinchbeck/report/report_writers.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace pinchbeck {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Report Example() {
  Report report;
  report.verdict = Verdict::kDiffers;
  report.model = "gpt-x";
  report.p_value = 0.0004;
  report.permutations = 9999;
  report.n_reference = 1000;
  report.n_observed = 200;
  SignalReport choice;
  choice.status = SignalStatus::kDiffers;
  choice.adjusted_p_value = 0.0004;
  choice.evidence = SignalEvidence{.signal = "choice",
                                   .measurable = true,
                                   .reason = "",
                                   .p_value = 0.0002,
                                   .equality_p_value = std::nullopt,
                                   .statistic = 3.1,
                                   .effect = 0.21,
                                   .effect_low = 0.18,
                                   .effect_high = 0.24,
                                   .effect_unit = "bits",
                                   .effect_gate = 0.05,
                                   .detectable_effect = 0.03,
                                   .default_effect = 0.1,
                                   .n_reference = 1000,
                                   .n_observed = 200,
                                   .probes = 5,
                                   .method = "some test",
                                   .notes = {}};
  SignalReport text;
  text.evidence = NotMeasurable("text", "no probe with texts on both sides");
  report.signals = {choice, text};
  report.attribution = Attribution{"gpt-x-mini", 0.98, 0.4};
  report.mixture = Mixture{"gpt-x-mini", 0.9, 0.8, 1.0};
  report.warnings = {"something to know"};
  return report;
}

TEST(ReportToJsonTest, HasTheContractsFields) {
  const auto json = nlohmann::json::parse(ReportToJson(Example()));
  EXPECT_EQ(json["schema"], "pinchbeck.report/1");
  EXPECT_EQ(json["verdict"], "differs");
  EXPECT_EQ(json["p_value"], 0.0004);
  EXPECT_EQ(json["alpha"], 0.01);
  EXPECT_EQ(json["seed"], 1);
  EXPECT_EQ(json["n_reference"], 1000);
  EXPECT_EQ(json["n_observed"], 200);
  const auto& choice = json["signals"][0];
  for (const char* field : {"signal", "status", "p_value", "statistic", "effect", "effect_unit",
                            "n_reference", "n_observed", "method", "note"}) {
    EXPECT_TRUE(choice.contains(field)) << field;
  }
  EXPECT_TRUE(choice["note"].is_null());
  EXPECT_TRUE(json["signals"][1]["p_value"].is_null());
  EXPECT_EQ(json["attribution"]["posterior"], 0.98);
  EXPECT_EQ(json["mixture"]["low"], 0.8);
  EXPECT_TRUE(json["reason"].is_null());
  EXPECT_TRUE(json["not_ruled_out"].is_array());
}

TEST(ReportToJsonTest, WhatWasNotComputedIsNull) {
  const auto json = nlohmann::json::parse(ReportToJson(Report{}));
  EXPECT_EQ(json["verdict"], "not_measurable");
  for (const char* field : {"p_value", "attribution", "mixture", "reason", "n_observed_needed", "other_share",
                            "configuration", "tokenizer", "usage_against_text"}) {
    EXPECT_TRUE(json[field].is_null()) << field;
  }
}

TEST(ReportToTextTest, VerdictFirst) {
  const std::string text = ReportToText(Example());
  EXPECT_THAT(text, StartsWith("DIFFERS from the reference of gpt-x\n"));
  EXPECT_THAT(text, HasSubstr("p = 0.0004 at level 0.01"));
  EXPECT_THAT(text, HasSubstr("The answers fit \"gpt-x-mini\""));
  EXPECT_THAT(text, HasSubstr("90% (95% interval 80% to 100%)"));
  EXPECT_THAT(text, HasSubstr("What this sample could not have shown"));
  EXPECT_THAT(text, HasSubstr("Innocent causes"));
  EXPECT_THAT(text, HasSubstr("something to know"));
}

// The whole text, so that a change of wording or layout is seen for what it is. PINCHBECK_UPDATE_GOLDEN=1 in
// the environment writes the file anew.
TEST(ReportToTextTest, IsTheGoldenText) {
  const std::string path = std::string(PINCHBECK_SOURCE_DIR) + "/tests/golden/report.txt";
  const std::string text = ReportToText(Example());
  if (std::getenv("PINCHBECK_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  std::ostringstream golden;
  golden << std::ifstream(path).rdbuf();
  EXPECT_EQ(text, golden.str());
}

std::string LongestLine(const std::string& text) {
  std::string longest;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.size() > longest.size()) longest = line;
  }
  return longest;
}

// The longest units, the largest numbers and long names together.
TEST(ReportToTextTest, FitsAHundredColumns) {
  Report report = Example();
  SignalReport length = report.signals[0];
  length.status = SignalStatus::kConfigurationDiffers;
  length.evidence.signal = "token_length";
  length.evidence.effect = -0.06778;
  length.evidence.effect_low = -0.00263;
  length.evidence.effect_high = -0.00012;
  length.evidence.effect_unit = "Cliff's delta";
  length.evidence.n_reference = length.evidence.n_observed = 1000000;
  SignalReport latency = length;
  latency.evidence.signal = "latency";
  latency.evidence.counted = false;
  latency.evidence.effect_low = latency.evidence.effect_high = std::nullopt;
  latency.evidence.effect_unit = "times the reference's time to first token";
  latency.evidence.notes = {
      "advisory: network position and load change latency, so it does not decide at all"};
  report.signals.insert(report.signals.end(), {length, latency});
  report.model = std::string(200, 'm');
  report.condition_differences = {
      "probe \"continuation/en/12\": prompt_sha256 is 0123456789ab in the recording, 98765432ab01 in the "
      "fingerprint, which is a long way of saying so"};
  report.warnings = {
      "the reference holds 1000000 answers for 1000000 observed ones; its own sampling error "
      "limits the test, enrol more"};
  const std::string text = ReportToText(report);
  EXPECT_LE(LongestLine(text).size(), 100u) << LongestLine(text);
  EXPECT_THAT(text, HasSubstr("(1000000 vs 1000000)"));
  EXPECT_THAT(text, HasSubstr("not counted"));
  EXPECT_THAT(text, HasSubstr("a long way of saying so"));
}

// What was found beside the verdict is in both forms.
TEST(ReportWritersTest, PowerSharesConfigurationAndTokens) {
  Report report = Example();
  report.verdict = Verdict::kInconclusive;
  report.reason = "configuration";
  report.power = {{"gpt-x-mini", std::nullopt, "", 0.95, 200}, {"choice", 0.1, "bits", 0.9, 200}};
  report.largest_shares = {{"gpt-x-mini", 0.12}, {"other", 1}};
  report.other_share_low = 0.31;
  report.configuration = Configuration{.kind = "temperature",
                                       .explains = true,
                                       .temperature_factor = 0.7,
                                       .temperature_low = 0.6,
                                       .temperature_high = 0.8,
                                       .p_value = 0.4,
                                       .note = "the choices are cooler"};
  report.tokenizer = TokenizerFit{.probes = 12, .matching = 12, .intercept = 37, .r_squared = 0.75};
  report.tokenizer->reading = TokenizerReading::kShifted;
  report.usage = UsageAgainstText{"output tokens", 8, 40, 80, 1.5, 1.4, 1.6};
  const std::string text = ReportToText(report);
  for (const char* part : {"other settings of the same model explain it: the choices are cooler.",
                           "\"gpt-x-mini\" in full: in 95% of simulated audits of this size (200 answers)",
                           "a substitute that differs by 0.1 bits in choice: in at least 90% of audits",
                           "up to 12% of the answers", "any share of the answers coming from \"other\"",
                           "at least 31% of the answers", "1.5 times [1.4, 1.6]"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  const auto json = nlohmann::json::parse(ReportToJson(report));
  EXPECT_EQ(json["power"][0]["against"], "gpt-x-mini");
  EXPECT_TRUE(json["power"][0]["effect"].is_null());
  EXPECT_EQ(json["power"][1]["effect_unit"], "bits");
  EXPECT_EQ(json["largest_shares"][1]["fraction"], 1);
  EXPECT_EQ(json["other_share"]["low"], 0.31);
  EXPECT_EQ(json["configuration"]["temperature_factor"], 0.7);
  EXPECT_EQ(json["tokenizer"]["reading"], "shifted");
  EXPECT_EQ(json["tokenizer"]["r_squared"], 0.75);
  EXPECT_EQ(json["usage_against_text"]["factor"], 1.5);
}

TEST(ReportToTextTest, TinyPValuesAreNotRoundedToZero) {
  Report report = Example();
  report.p_value = 1.5e-7;
  const std::string text = ReportToText(report);
  EXPECT_THAT(text, HasSubstr("p = 1.5e-07 at level 0.01"));
  EXPECT_THAT(text, Not(HasSubstr("p = 0.0000")));
}

TEST(ReportToTextTest, RoundingIsNoEffect) {
  Report report = Example();
  report.signals[0].evidence.effect = -1.388e-17;
  EXPECT_THAT(ReportToText(report), HasSubstr("effect 0 ["));
}

TEST(ReportToTextTest, ConsistentNeedsNoExcuses) {
  Report report = Example();
  report.verdict = Verdict::kConsistent;
  report.attribution.reset();
  report.mixture.reset();
  const std::string text = ReportToText(report);
  EXPECT_THAT(text, StartsWith("CONSISTENT"));
  EXPECT_THAT(text, Not(HasSubstr("Innocent causes")));
}

TEST(PrintableTest, TerminalsCannotBeSteered) {
  Report report = Example();
  report.model =
      "evil\x1b[31m\r\nCONSISTENT\x7f\xC2\x9B"
      "31m";
  report.warnings = {std::string("a\0b\x1b]0;title\a", 13)};
  const std::string text = ReportToText(report);
  for (const char c : text) {
    EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << static_cast<int>(c);
    EXPECT_NE(c, '\x7f');
  }
  EXPECT_THAT(text, Not(HasSubstr("\xC2\x9B")));
  EXPECT_EQ(Printable("abcdef", 3), "abc...");
  EXPECT_EQ(Printable("\xC3\xA9\xC3\xA9", 3), "\xC3\xA9...");
}

}  // namespace
}  // namespace pinchbeck
