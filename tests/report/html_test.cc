#include "pinchbeck/report/html.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/report/report_samples.h"

namespace pinchbeck {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Strings that have broken pages, parsers and eyes before.
const std::vector<std::string>& Hostile() {
  static const std::vector<std::string>* const kTexts = new std::vector<std::string>{
      "<script>alert(1)</script>",
      "</title></style></svg><img src=x onerror=alert(1)>",
      "\" onload=\"alert(1)",
      "' onload='alert(1)",
      "]]><!--<![CDATA[",
      "--><script>",
      "&lt;script&gt;&#60;script&#62;",
      "javascript:alert(1)//http://evil.example/",
      std::string("nul\0\x01\x1b[2J\x7f", 10),
      "\xE2\x80\xAEgpj.exe\xE2\x81\xA6\xE2\x80\x8B\xEF\xBB\xBF",
      "\xFF\xFE\xC3(\xED\xA0\x80\xF5\x80\x80\x80",
      "line\nbreak\r\n\ttab",
      "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D \xE4\xB8\xAD\xE6\x96\x87 \xF0\x9F\x98\x80",
      std::string(100000, '<'),
      "",
  };
  return *kTexts;
}

// Kept after the test, to be looked at.
std::string Artefact(const std::string& name) {
  const std::filesystem::path folder = std::filesystem::path(PINCHBECK_BINARY_DIR) / "artefacts" / "reports";
  std::filesystem::create_directories(folder);
  return (folder / name).string();
}

void Keep(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

bool HasPython() { return std::system("python3 -c 'import html.parser' >/dev/null 2>&1") == 0; }

// The parser's complaints go to the test's own output.
int Check(const std::vector<std::string>& paths) {
  std::string command = "python3 '" PINCHBECK_SOURCE_DIR "/tests/report/check_html.py'";
  for (const std::string& path : paths) command += " '" + path + "'";
  return std::system(command.c_str());
}

TEST(ReportToHtmlTest, EverySectionIsThereForEveryVerdict) {
  for (const Verdict verdict : kAllVerdicts) {
    const std::string html = ReportToHtml(SampleReport(verdict), SampleRun());
    SCOPED_TRACE(VerdictName(verdict));
    for (const char* heading :
         {"<h2>How to read this verdict</h2>", "<h3>What it means</h3>", "<h3>What it does not mean</h3>",
          "<h2>Signals</h2>", "<h2>Configuration</h2>", "<h2>Innocent explanations</h2>", "<h2>Warnings</h2>",
          "<h2>Repeat it</h2>"}) {
      EXPECT_THAT(html, HasSubstr(heading));
    }
    const bool measured = verdict != Verdict::kNotMeasurable;
    EXPECT_EQ(html.find("<h2>Limits at this sample size</h2>") != std::string::npos, measured);
    EXPECT_EQ(html.find("<h2>Stored models that fit</h2>") != std::string::npos,
              verdict == Verdict::kDiffers);
    EXPECT_THAT(html, HasSubstr("pinchbeck verify --fingerprint"));
    EXPECT_THAT(html, HasSubstr(std::string(64, 'a')));
    EXPECT_THAT(html, HasSubstr("flagship-1"));
    EXPECT_THAT(html, Not(HasSubstr("fake")));
  }
}

TEST(ReportToHtmlTest, TheVerdictComesFirstInPlainWords) {
  const std::string html = ReportToHtml(SampleReport(Verdict::kDiffers));
  const std::size_t headline = html.find("<h1>Differs from the reference of <bdi>flagship-1</bdi></h1>");
  ASSERT_NE(headline, std::string::npos);
  EXPECT_LT(headline, html.find("<h2>"));
  EXPECT_THAT(html,
              HasSubstr("Choices, log-probabilities, output lengths and reasoning tokens differ by more "
                        "than honest servings of one model show among themselves."));
  EXPECT_THAT(html, HasSubstr("in at most 1 % of audits"));
}

TEST(ReportToHtmlTest, EverySignalHasItsPlotAndNumbers) {
  const std::string html = ReportToHtml(SampleReport(Verdict::kDiffers));
  for (const char* id : {"choice-0-t", "logprob-points-t", "length-t", "reasoning-t", "latency-first-t",
                         "latency-token-t", "tokens-t", "effect-0-t", "effect-4-t"}) {
    EXPECT_THAT(html, HasSubstr("id=\"" + std::string(id) + "\""));
  }
  // Not counted: no gate to draw.
  EXPECT_THAT(html, Not(HasSubstr("id=\"effect-6-t\"")));
  EXPECT_THAT(html, HasSubstr("95 % interval 0.18 to 0.24"));
  EXPECT_THAT(html, HasSubstr("Shown are the 1 of 5 probes whose shares differ most"));
}

TEST(ReportToHtmlTest, LimitsSayWhatWasNotSeen) {
  const std::string html = ReportToHtml(SampleReport(Verdict::kInconclusive));
  for (const char* part : {"up to 12 %", "any share but all of them", "only 30 % of simulated audits",
                           "at least 90 % of audits", "About 12,000 observed answers would settle it",
                           "a constant +37 tokens a prompt", "1.5 times the reference"}) {
    EXPECT_THAT(html, HasSubstr(part));
  }
}

TEST(ReportToHtmlTest, TheSameReportGivesTheSameBytes) {
  EXPECT_EQ(ReportToHtml(SampleReport(Verdict::kDiffers), SampleRun()),
            ReportToHtml(SampleReport(Verdict::kDiffers), SampleRun()));
}

TEST(ReportToHtmlTest, AnEmptyReportIsAPageToo) {
  EXPECT_THAT(ReportToHtml(Report{}), HasSubstr("Nothing could be compared"));
}

TEST(ReportToHtmlTest, HostileTextStaysText) {
  for (const Verdict verdict : kAllVerdicts) {
    for (const std::string& text : Hostile()) {
      const std::string html = ReportToHtml(SampleReport(verdict, text), SampleRun(text));
      EXPECT_THAT(html, Not(HasSubstr("<script")));
      EXPECT_THAT(html, Not(HasSubstr("<img")));
      EXPECT_THAT(html, Not(HasSubstr("\" onload=")));
      EXPECT_THAT(html, Not(HasSubstr("<!--")));
      for (const std::string& bytes :
           {std::string(1, '\0'), std::string("\x1b"), std::string("\xE2\x80\xAE")})
        EXPECT_THAT(html, Not(HasSubstr(bytes)));
      // A report stays small, whatever is in it. A command is not cut: it must work.
      EXPECT_LT(html.size(), 120000u + 12 * text.size());
    }
  }
}

TEST(ReportToHtmlTest, PagesAreWellFormedSelfContainedAndAccessible) {
  std::vector<std::string> paths;
  const auto keep = [&](const std::string& name, const std::string& html) {
    paths.push_back(Artefact(name));
    Keep(paths.back(), html);
  };
  for (const Verdict verdict : kAllVerdicts) {
    const std::string name(VerdictName(verdict));
    keep("sample-" + name + ".html", ReportToHtml(SampleReport(verdict), SampleRun()));
    for (std::size_t i = 0; i < Hostile().size(); ++i) {
      keep("hostile-" + name + "-" + std::to_string(i) + ".html",
           ReportToHtml(SampleReport(verdict, Hostile()[i]), SampleRun(Hostile()[i])));
    }
  }
  if (!HasPython()) GTEST_SKIP() << "python3 is needed to parse the pages";
  EXPECT_EQ(Check(paths), 0);
}

// The check itself notices what it is there for.
TEST(ReportToHtmlTest, TheParserFindsFaults) {
  if (!HasPython()) GTEST_SKIP() << "python3 is needed to parse the pages";
  const std::string page = ReportToHtml(SampleReport(Verdict::kConsistent));
  for (const auto& [from, to] : {std::pair<std::string, std::string>{"<h1>", "<h1 onclick=\"x\">"},
                                 {"</h1>", "</h2>"},
                                 {"lang=\"en\"", "lang=\"\""},
                                 {"scope=\"row\"", "scope=\"\""},
                                 {"*{box-sizing", "a{box-sizing"}}) {
    std::string broken = page;
    broken.replace(broken.find(from), from.size(), to);
    Keep(Artefact("broken.html"), broken);
    EXPECT_NE(Check({Artefact("broken.html")}), 0) << to;
  }
  std::filesystem::remove(Artefact("broken.html"));
}

TEST(IdentificationToHtmlTest, RanksAndEscapes) {
  Identification result;
  result.verdict = IdentificationVerdict::kKnown;
  for (const std::string& text : Hostile()) result.ranking.push_back({text, 0.1, -120.5, 0.4, 3});
  result.ranking.resize(70, {"other", 0, -130, std::nullopt, 1});
  result.not_comparable = {{"elsewhere", "no_shared_probe"}};
  result.warnings = Hostile();
  Keep(Artefact("identification.html"), IdentificationToHtml(result, SampleRun()));
  const std::string html = IdentificationToHtml(result, SampleRun());
  EXPECT_THAT(html, HasSubstr("<h1>The answers agree with <bdi>&lt;script&gt;"));
  EXPECT_THAT(html, HasSubstr("and 20 more."));
  EXPECT_THAT(html, HasSubstr("not tested"));
  for (const auto verdict : {IdentificationVerdict::kNoneOfThese, IdentificationVerdict::kInconclusive,
                             IdentificationVerdict::kNotMeasurable, IdentificationVerdict::kKnown}) {
    result.verdict = verdict;
    result.ranking.clear();
    result.warnings.clear();
    result.reason = "noise_fits";
    EXPECT_THAT(IdentificationToHtml(result), HasSubstr("<h1>"));
    EXPECT_THAT(IdentificationToHtml(result), Not(HasSubstr("\\n")));
  }
  if (!HasPython()) GTEST_SKIP() << "python3 is needed to parse the page";
  EXPECT_EQ(Check({Artefact("identification.html")}), 0);
}

TEST(IdentificationToHtmlTest, WithoutAVerdictTheRankingIsThereAllTheSame) {
  Identification result;
  result.verdict = IdentificationVerdict::kInconclusive;
  result.reason = "ranking_only";
  result.ranking = {{"nearest", 0.97, -120.5, 0.4, 3}, {"second", 0.03, -124, std::nullopt, 2}};
  const std::string html = IdentificationToHtml(result);
  const std::size_t first = html.find("<bdi>nearest</bdi>"), second = html.find("<bdi>second</bdi>");
  ASSERT_NE(first, std::string::npos);
  ASSERT_NE(second, std::string::npos);
  EXPECT_LT(first, second);
  EXPECT_THAT(html, HasSubstr("97 %"));
  EXPECT_THAT(html, HasSubstr("the models are ranked and nothing more is said"));
}

}  // namespace
}  // namespace pinchbeck
