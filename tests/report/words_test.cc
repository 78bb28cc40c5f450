// No form of report says more than the audit found.
#include "src/report/words.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "pinchbeck/report/html.h"
#include "pinchbeck/report/junit.h"
#include "pinchbeck/report/markdown.h"
#include "pinchbeck/report/report_writers.h"
#include "tests/report/report_samples.h"

namespace pinchbeck {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Report Consistent(std::vector<PowerStatement> power, std::vector<NotRuledOut> not_ruled_out) {
  Report report = SampleReport(Verdict::kConsistent);
  report.power = std::move(power);
  report.not_ruled_out = std::move(not_ruled_out);
  return report;
}

TEST(SummaryTextTest, ConsistentSaysHowManySubstitutesWouldHaveBeenFound) {
  const PowerStatement a{"a", std::nullopt, "", 0.95, 200}, b{"b", std::nullopt, "", 0.97, 200};
  EXPECT_EQ(
      internal::SummaryText(Consistent({a, b}, {})),
      "No counted signal shows a difference, and the sample was large enough to find each of the 2 stored "
      "alternatives, had it answered in full.");
  EXPECT_EQ(internal::SummaryText(Consistent({a}, {{"c", 0.3}, {"d", 0.1}})),
            "No counted signal shows a difference, and the sample was large enough to find 1 of 3 stored "
            "alternatives, had it answered in full. Not ruled out: c, d.");
  EXPECT_THAT(internal::SummaryText(Consistent({a}, {{"c", 0}, {"d", 0}, {"e", 0}, {"f", 0}, {"g", 0}})),
              HasSubstr("Not ruled out: c, d, e and 2 more."));
  EXPECT_EQ(internal::SummaryText(Consistent({{"choice", 0.1, "bits", 0.9, 200}}, {})),
            "No counted signal shows a difference, and the sample was large enough to find a substitute that "
            "differs as much as is typical in choices.");
  EXPECT_THAT(internal::SummaryText(Consistent({}, {})), HasSubstr("is not known"));
}

TEST(NotRuledOutTest, StandsInEveryForm) {
  Report report = Consistent({{"a", std::nullopt, "", 0.95, 200}}, {{"c", 0.3}});
  report.largest_shares = {{"a", 0.1243}, {"c", 1}};
  EXPECT_THAT(
      internal::NotRuledOutLines(report),
      ElementsAre("Would be missed, found in only 30 % of simulated audits that it answers in full: c",
                  "Up to 12.5 % of the answers (95 % limit) may come from a",
                  "Any share of the answers but all of them may come from c"));
  for (const std::string& text : {ReportToMarkdown(report), ReportToJunit(report)}) {
    EXPECT_THAT(text, AllOf(HasSubstr("ot ruled out"), HasSubstr("Up to 12.5 % of the answers"),
                            HasSubstr("found in only 30 % of simulated audits")));
  }
  EXPECT_THAT(ReportToHtml(report), AllOf(HasSubstr("Not ruled out: c."), HasSubstr("up to 12.5 %")));
  report.not_ruled_out.resize(100, {"x", 0});
  EXPECT_EQ(internal::NotRuledOutLines(report).size(), 21u);
  EXPECT_EQ(internal::NotRuledOutLines(report).back(), "and 82 more");
}

// Every signal differs by itself, but the conditions do as well.
TEST(ReportFormsTest, NobodyIsAccusedWithoutTheVerdict) {
  Report report = SampleReport(Verdict::kDiffers);
  report.verdict = Verdict::kInconclusive;
  for (const char* reason : {"ranking_only", "configuration"}) {
    report.reason = reason;
    const std::string html = ReportToHtml(report);
    EXPECT_THAT(html, AllOf(Not(HasSubstr("chip differs")), Not(HasSubstr("card differs")),
                            HasSubstr("deviates"), Not(HasSubstr("Stored models that fit")),
                            Not(HasSubstr("The effect is larger than what is granted"))));
    EXPECT_THAT(ReportToMarkdown(report), AllOf(HasSubstr("| deviates |"), Not(HasSubstr("| differs |"))));
    EXPECT_THAT(ReportToJunit(report), Not(HasSubstr("status: differs")));
  }
}

// What was asked for; the rest would accuse.
TEST(ReportFormsTest, ARankingNamesTheNearestModelAndNoShare) {
  Report report = SampleReport(Verdict::kDiffers);
  report.verdict = Verdict::kInconclusive;
  report.reason = "ranking_only";
  report.attribution = Attribution{"nearest<1>", 0.98, 0.4};
  EXPECT_THAT(ReportToHtml(report),
              AllOf(HasSubstr("<h2>Nearest stored model</h2>"),
                    HasSubstr("The answers fit <bdi>nearest&lt;1&gt;</bdi>"), HasSubstr("p 0.4"),
                    HasSubstr("98 % of the likelihood"), Not(HasSubstr("Estimated share of the answers")),
                    Not(HasSubstr("Whatever else answers"))));
  EXPECT_THAT(ReportToText(report),
              AllOf(HasSubstr("The answers fit \"nearest<1>\""), Not(HasSubstr("Estimated share")),
                    Not(HasSubstr("Whatever else answers"))));
  report.attribution.reset();
  EXPECT_THAT(ReportToHtml(report), Not(HasSubstr("Nearest stored model")));
}

TEST(MeaningsTest, FollowTheReason) {
  Report report = SampleReport(Verdict::kInconclusive);
  for (const char* reason : {"configuration", "configuration_or_alternative"}) {
    report.reason = reason;
    EXPECT_THAT(internal::Meanings(report).front(), HasSubstr("The answers differ"));
    EXPECT_THAT(internal::NoMeanings(report).front(), HasSubstr("settings alone may be the cause"));
  }
  report.reason = "incoherent_log_probabilities";
  EXPECT_THAT(internal::Meanings(report).front(), HasSubstr("contradict themselves"));
  EXPECT_THAT(internal::NoMeanings(report).front(), Not(HasSubstr("no suspicion")));
  report.reason = "answers_failed_after_text";
  EXPECT_THAT(internal::ReasonText(report), HasSubstr("of those that began more than 1 in 20 failed"));
  EXPECT_THAT(internal::Meanings(report).front(), HasSubstr("compared with nothing"));
  EXPECT_THAT(internal::NoMeanings(report).front(), Not(HasSubstr("no suspicion")));
  report.reason = "answers_not_in_log";
  EXPECT_THAT(internal::ReasonText(report), HasSubstr("may be a selection"));
  EXPECT_THAT(internal::Meanings(report).front(), HasSubstr("cut answers for their length"));
  report.reason = "too_few_observations";
  EXPECT_THAT(internal::Meanings(report).front(), HasSubstr("neither agreement nor a difference"));
  EXPECT_THAT(internal::NoMeanings(report).back(), HasSubstr("no sign that all is well"));
}

TEST(ReportToHtmlTest, NothingAgreesWhereNothingWasCompared) {
  const std::string agree = "agree where both sides recorded them";
  EXPECT_THAT(ReportToHtml(SampleReport(Verdict::kNotMeasurable)), Not(HasSubstr(agree)));
  EXPECT_THAT(ReportToHtml(SampleReport(Verdict::kConsistent)), HasSubstr(agree));
}

// A limit may be rounded away from the truth, never towards it.
TEST(PercentTest, LimitsAreRoundedToTheSafeSide) {
  using internal::AtLeastText;
  using internal::AtMostText;
  EXPECT_EQ(AtMostText(0.1243), "12.5 %");
  EXPECT_EQ(AtMostText(0.12), "12 %");
  EXPECT_EQ(AtMostText(0.00001), "0.1 %");
  EXPECT_EQ(AtMostText(0.99999), "100 %");
  EXPECT_EQ(AtMostText(0), "0 %");
  EXPECT_EQ(AtLeastText(0.3168), "31.6 %");
  EXPECT_EQ(AtLeastText(0.31), "31 %");
  EXPECT_EQ(AtLeastText(0.9999), "99.9 %");
  EXPECT_EQ(AtLeastText(1), "100 %");
  EXPECT_EQ(AtLeastText(0.0004), "0 %");
  for (int i = 0; i <= 1000; ++i) {
    EXPECT_EQ(AtLeastText(i / 1000.0), AtMostText(i / 1000.0)) << i;
  }
}

}  // namespace
}  // namespace pinchbeck
