#include "bench/accuracy/output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <vector>

namespace pinchbeck::accuracy {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Row ExampleRow() {
  Row row;
  row.id = "example";
  row.title = "An example <of> a row";
  row.source = "nowhere";
  row.x_name = "answers";
  for (const double x : {10.0, 50.0}) {
    Measurement m = PowerOf(std::vector<PairCount>{{100, 60, 0}, {100, 80, 0}}, {true, false});
    m.contestant = "pinchbeck, example";
    m.x = x;
    SetFalseAlarms(std::vector<PairCount>{{100, 1, 0}}, row.alpha, m);
    row.measurements.push_back(m);
  }
  row.roc.push_back({"pinchbeck, example", {{0, 0}, {0.1, 0.9}, {1, 1}}});
  return row;
}

std::string TempFile(const std::string& name, const std::string& text) {
  const std::string path = ::testing::TempDir() + name;
  EXPECT_TRUE(WriteFile(path, text).ok());
  return path;
}

std::string Read(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(OutputTest, JsonHoldsEveryMeasurement) {
  const auto json = nlohmann::json::parse(ToJson({ExampleRow()}, {}, false));
  EXPECT_EQ(json["schema"], "pinchbeck.accuracy/1");
  const auto& m = json["rows"][0]["measurements"][1];
  EXPECT_EQ(m["contestant"], "pinchbeck, example");
  EXPECT_EQ(m["x"], 50);
  EXPECT_EQ(m["value"], 0.7);
  EXPECT_EQ(m["false_alarms"]["alarms"], 1);
  EXPECT_EQ(m["reporting_half"], 0.6);
  EXPECT_FALSE(json["rows"][0].contains("wall_seconds"));
}

TEST(OutputTest, MarkdownMarksVoidPowerAndGoals) {
  std::vector<Row> rows = {ExampleRow()};
  rows[0].measurements[0].goal = 0.65;
  rows[0].measurements[1].goal = 0.75;
  EXPECT_THAT(ToMarkdown(rows), HasSubstr(">= 0.65, met"));
  EXPECT_THAT(ToMarkdown(rows), HasSubstr(">= 0.75, missed"));
  rows[0].measurements[0].valid = false;
  EXPECT_THAT(ToMarkdown(rows), HasSubstr("void (0.700)"));
  EXPECT_THAT(ToReadmeTable(rows), HasSubstr("| pinchbeck, example | void | 0.700 |"));
}

TEST(OutputTest, PlotsAreSvgAndEscapeNames) {
  const std::vector<Plot> plots = ToPlots({ExampleRow()});
  ASSERT_THAT(plots, SizeIs(2));
  EXPECT_EQ(plots[0].file, "example.svg");
  EXPECT_EQ(plots[1].file, "example-roc.svg");
  EXPECT_THAT(plots[0].svg, HasSubstr("An example &lt;of&gt; a row"));
  EXPECT_THAT(plots[0].svg, HasSubstr("</svg>"));
}

// Tokens that two methods need against two models, the second of which one method does not notice.
Row TokensRow() {
  Row row;
  row.id = "tokens";
  row.title = "What it takes";
  row.x_name = "power";
  for (const auto& [contestant, served, tokens] :
       {std::tuple("ours", "small", 60.0), std::tuple("ours", "large", 1200.0),
        std::tuple("theirs", "small", 900.0)}) {
    Measurement m = PowerOf(std::vector<PairCount>{{200, 190, 0}}, {});
    m.contestant = contestant;
    m.metric = std::string("output tokens needed, ") + served;
    m.x = 0.9;
    m.value = tokens;
    m.higher_is_better = false;
    SetFalseAlarms(std::vector<PairCount>{{200, 1, 0}}, row.alpha, m);
    row.measurements.push_back(m);
  }
  return row;
}

TEST(OutputTest, ReadmeShowsMetricsAsColumnsWhereThereIsOneX) {
  const std::string table = ToReadmeTable({TokensRow()});
  EXPECT_THAT(table, HasSubstr("| 0.9 power | output tokens needed, small | output tokens needed, large |"));
  EXPECT_THAT(table, HasSubstr("| ours | 60.0 | 1200 | 0.50 %"));
  EXPECT_THAT(table, HasSubstr("| theirs | 900 | - | 0.50 %"));
}

TEST(OutputTest, ReadmeShowsALineForEachMetricWhereThereAreSeveralX) {
  Row row = ExampleRow();
  for (Measurement& m : row.measurements) m.metric = "right model first, rate";
  EXPECT_THAT(ToReadmeTable({row}),
              HasSubstr("| pinchbeck, example: right model first, rate | 0.700 | 0.700 |"));
}

TEST(OutputTest, TokensAreDrawnByContestant) {
  const std::vector<Plot> plots = ToPlots({TokensRow()});
  ASSERT_THAT(plots, SizeIs(1));
  EXPECT_EQ(plots[0].file, "tokens-tokens.svg");
  for (const char* text : {">ours<", ">theirs<", ">small<", ">large<", ">10<", ">1e+04<"}) {
    EXPECT_THAT(plots[0].svg, HasSubstr(text));
  }
}

TEST(CompareWithRecordedTest, AnEqualRunIsAccepted) {
  const std::string path = TempFile("recorded_equal.json", ToJson({ExampleRow()}, {}, false));
  const auto messages = CompareWithRecorded(path, {ExampleRow()});
  ASSERT_TRUE(messages.ok()) << messages.status();
  EXPECT_THAT(*messages, IsEmpty());
}

TEST(CompareWithRecordedTest, NamesWhatFellBehindIsMissingOrAccusesTooOften) {
  const std::string path = TempFile("recorded_worse.json", ToJson({ExampleRow()}, {}, false));
  Row worse = ExampleRow();
  worse.measurements[0].value = 0.3;
  auto messages = CompareWithRecorded(path, {worse});
  ASSERT_TRUE(messages.ok());
  ASSERT_THAT(*messages, SizeIs(1));
  EXPECT_THAT((*messages)[0], HasSubstr("example: pinchbeck, example, power at 10: 0.3"));

  Row missing = ExampleRow();
  missing.measurements.pop_back();
  messages = CompareWithRecorded(path, {missing});
  ASSERT_TRUE(messages.ok());
  ASSERT_THAT(*messages, SizeIs(1));
  EXPECT_THAT((*messages)[0], HasSubstr("not measured"));

  Row accusing = ExampleRow();
  SetFalseAlarms(std::vector<PairCount>{{100, 20, 0}}, 0.01, accusing.measurements[0]);
  messages = CompareWithRecorded(path, {accusing});
  ASSERT_TRUE(messages.ok());
  ASSERT_THAT(*messages, SizeIs(1));
  EXPECT_THAT((*messages)[0], HasSubstr("false alarms 20 of 100"));

  // A better run, a loss within the error, and rows that did not run are all right.
  Row better = ExampleRow();
  better.measurements[0].value = 0.9;
  better.measurements[1].value = 0.68;
  messages = CompareWithRecorded(path, {better});
  ASSERT_TRUE(messages.ok());
  EXPECT_THAT(*messages, IsEmpty());
}

TEST(CompareWithRecordedTest, BrokenFilesAreErrors) {
  EXPECT_EQ(CompareWithRecorded("/nowhere.json", {}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(CompareWithRecorded(TempFile("broken.json", "{"), {}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CompareWithRecorded(TempFile("other.json", "{\"schema\": \"x\"}"), {}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(SetGoalsTest, SetsMatchingMeasurementsAndNamesMistakes) {
  std::vector<Row> rows = {ExampleRow()};
  const std::string path = TempFile("goals.json", R"([{"row": "example", "contestant": "pinchbeck, example",
      "metric": "power", "values": [[50, 0.65]]}])");
  ASSERT_TRUE(SetGoals(path, rows).ok());
  EXPECT_FALSE(rows[0].measurements[0].goal.has_value());
  EXPECT_EQ(rows[0].measurements[1].goal, 0.65);
  EXPECT_EQ(SetGoals(TempFile("goals_bad.json", R"([{"row": "example"}])"), rows).code(),
            absl::StatusCode::kInvalidArgument);
  const std::string text = R"([{"row": "a", "contestant": "b", "metric": "c", "values": [["x", 1]]}])";
  EXPECT_EQ(SetGoals(TempFile("goals_text.json", text), rows).code(), absl::StatusCode::kInvalidArgument);
}

TEST(ReplaceBetweenMarkersTest, ReplacesTheBlockAndNothingElse) {
  const std::string path =
      TempFile("readme.md", "before\n<!-- accuracy: begin -->\nold\n<!-- accuracy: end -->\nafter\n");
  ASSERT_TRUE(ReplaceBetweenMarkers(path, "new\n").ok());
  EXPECT_EQ(Read(path), "before\n<!-- accuracy: begin -->\nnew\n<!-- accuracy: end -->\nafter\n");
  EXPECT_EQ(ReplaceBetweenMarkers(TempFile("plain.md", "text\n"), "new\n").code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(DataSplitTest, ListsTheDevelopmentHalf) {
  const auto split = DataSplit::Load(TempFile("split.txt", "# comment\n\nsource/a\n"));
  ASSERT_TRUE(split.ok()) << split.status();
  EXPECT_FALSE(split->Reports("source", "a"));
  EXPECT_TRUE(split->Reports("source", "b"));
  EXPECT_EQ(DataSplit::Load(TempFile("split_bad.txt", "no slash\n")).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace pinchbeck::accuracy
