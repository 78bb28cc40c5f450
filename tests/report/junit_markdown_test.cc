#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "pinchbeck/report/junit.h"
#include "pinchbeck/report/markdown.h"
#include "tests/report/report_samples.h"

namespace pinchbeck {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::vector<std::string> kHostile = {"<failure message=\"x\">",
                                           "]]></system-out>",
                                           "\" time=\"x",
                                           std::string("a\0b\x1b\xEF\xBF\xBF", 8),
                                           "\xFF\xFE",
                                           "\xE2\x80\xAEx",
                                           "a\nb",
                                           ""};

int Count(const std::string& text, const std::string& part) {
  int count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(ReportToJunitTest, FailsIfAndOnlyIfTheVerdictIsDiffers) {
  for (const Verdict verdict : kAllVerdicts) {
    SCOPED_TRACE(VerdictName(verdict));
    Report report = SampleReport(verdict);
    // Neither of these may turn a test red on its own.
    report.signals.push_back(SampleSignal("tokenizer", SignalStatus::kDiffers));
    if (verdict != Verdict::kDiffers) report.signals.push_back(SampleSignal("text", SignalStatus::kDiffers));
    const std::string xml = ReportToJunit(report);
    // The verdict and four counted signals.
    EXPECT_EQ(Count(xml, "<failure "), verdict == Verdict::kDiffers ? 5 : 0);
    // Nothing compared is nothing passed: most services show skipped cases in green.
    EXPECT_EQ(Count(xml, "<error "), verdict == Verdict::kNotMeasurable ? 1 : 0);
    EXPECT_EQ(Count(xml, "<testcase "), static_cast<int>(report.signals.size()) + 1);
  }
}

TEST(ReportToJunitTest, WhatDoesNotAgreeIsSkippedWithItsReason) {
  const std::string xml = ReportToJunit(SampleReport(Verdict::kInconclusive));
  EXPECT_THAT(xml,
              HasSubstr("name=\"verdict\">\n      <skipped message=\"inconclusive: Nothing differs, but"));
  EXPECT_THAT(xml, HasSubstr("name=\"choice\">\n      <skipped message=\"No difference was found, but this "
                             "comparison is too small"));
  const std::string none = ReportToJunit(SampleReport(Verdict::kNotMeasurable));
  EXPECT_THAT(none, HasSubstr("<skipped message=\"Not compared: no probe with such data on both sides.\"/>"));
}

TEST(ReportToJunitTest, NamesTheRun) {
  const std::string xml = ReportToJunit(SampleReport(Verdict::kConsistent), SampleRun());
  EXPECT_THAT(xml, HasSubstr("<property name=\"seed\" value=\"1\"/>"));
  EXPECT_THAT(xml, HasSubstr("<property name=\"sha256 of fingerprint\" value=\"aaaa"));
  EXPECT_THAT(xml, HasSubstr("pinchbeck verify --fingerprint"));
}

TEST(ReportToJunitTest, AnXmlParserReadsHostileReports) {
  const std::filesystem::path folder = std::filesystem::path(PINCHBECK_BINARY_DIR) / "artefacts" / "reports";
  std::filesystem::create_directories(folder);
  std::string command = "python3 '" PINCHBECK_SOURCE_DIR "/tests/report/check_junit.py'";
  for (const Verdict verdict : kAllVerdicts) {
    for (std::size_t i = 0; i < kHostile.size(); ++i) {
      const std::string name =
          "junit-" + std::string(VerdictName(verdict)) + "-" + std::to_string(i) + ".xml";
      const std::string path = (folder / name).string();
      std::ofstream(path, std::ios::binary)
          << ReportToJunit(SampleReport(verdict, kHostile[i]), SampleRun(kHostile[i]));
      command += " '" + path + "'";
    }
  }
  if (std::system("python3 -c 'import xml.etree' >/dev/null 2>&1") != 0)
    GTEST_SKIP() << "python3 is needed to parse XML";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST(ReportToMarkdownTest, VerdictFirstThenTheSignals) {
  for (const Verdict verdict : kAllVerdicts) {
    SCOPED_TRACE(VerdictName(verdict));
    const std::string text = ReportToMarkdown(SampleReport(verdict), SampleRun());
    EXPECT_THAT(text, StartsWith("## "));
    EXPECT_THAT(text, HasSubstr("`flagship-1`"));
    EXPECT_THAT(text, HasSubstr("| Choices | "));
    EXPECT_THAT(text, HasSubstr("### What this does not mean"));
    EXPECT_THAT(text, HasSubstr("    pinchbeck verify --fingerprint"));
    EXPECT_THAT(text, HasSubstr("SHA-256 `aaaa"));
    EXPECT_THAT(text, Not(HasSubstr("fake")));
    // Every row of the table has as many cells as its head.
    for (std::size_t at = text.find("\n| "); at != std::string::npos; at = text.find("\n| ", at + 1)) {
      const std::string row = text.substr(at + 1, text.find('\n', at + 1) - at - 1);
      EXPECT_EQ(Count(row, "|") - Count(row, "\\|"), 7) << row;
    }
  }
}

TEST(ReportToMarkdownTest, HostileTextMakesNoMarkup) {
  struct Case {
    std::string text;
    // In the headline's code span, and in the warning.
    std::string name, sentence;
  };
  const Case cases[] = {
      {"a`b|c", "`a\\u0060b\\u007cc`", "a\\`b\\|c"},
      {"<img src=x>", "`<img src=x>`", "\\<img src=x\\>"},
      {"@everyone", "`@everyone`", "`something to know about @everyone`"},
      {"see https://evil.example/", "`see https://evil.example/`",
       "`something to know about see https://evil.example/`"},
      {"[x](y)", "`[x](y)`", "\\[x\\](y)"},
      {"**bold** _it_", "`**bold** _it_`", "\\*\\*bold\\*\\* \\_it\\_"},
      {"a\n\n# b", "`a\\n\\n# b`", "`something to know about a\\n\\n# b`"},
      {"", "`\"\"`", "something to know about "},
  };
  for (const Case& item : cases) {
    const std::string text =
        ReportToMarkdown(SampleReport(Verdict::kDiffers, item.text), SampleRun(item.text));
    EXPECT_THAT(text, HasSubstr("reference of " + item.name + "\n"));
    EXPECT_THAT(text, HasSubstr(item.sentence));
  }
}

}  // namespace
}  // namespace pinchbeck
