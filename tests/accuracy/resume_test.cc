#include "bench/accuracy/resume.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "bench/accuracy/output.h"

namespace pinchbeck::accuracy {
namespace {

class ResumeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        ::testing::TempDir() + "resume_" + ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

Row ExampleRow() {
  Row row;
  row.id = "example";
  row.title = "An example";
  row.source = "nowhere";
  row.alpha = 0.05;
  row.x_name = "answers";
  row.notes = {"first", "second"};
  row.wall_s = 1.5;
  row.cpu_s = 2.5;
  Measurement m = PowerOf(std::vector<PairCount>{{7, 3, 1}, {7, 5, 0}}, {true, false});
  m.contestant = "pinchbeck, example";
  m.x = 10;
  m.goal = 0.5;
  m.seconds_per_verdict = 0.125;
  SetFalseAlarms(std::vector<PairCount>{{100, 20, 0}}, row.alpha, m);
  row.measurements = {m, Measurement{}};
  row.roc = {{"pinchbeck, example", {{0, 0}, {0.25, 0.75}, {1, 1}}}};
  return row;
}

TEST_F(ResumeTest, AKeptRowIsTheSame) {
  const Row row = ExampleRow();
  ASSERT_TRUE(KeepRow(folder_, "key", row).ok());
  const auto kept = KeptRow(folder_, "key", "example");
  ASSERT_TRUE(kept.has_value());
  EXPECT_EQ(ToJson({*kept}, {}, true), ToJson({row}, {}, true));
  EXPECT_EQ(ToMarkdown({*kept}), ToMarkdown({row}));
  EXPECT_EQ(ToPlots({*kept}).at(0).svg, ToPlots({row}).at(0).svg);
}

TEST_F(ResumeTest, AnotherKeyAnotherRowAndABrokenFileAreMeasuredAgain) {
  EXPECT_FALSE(KeptRow(folder_, "key", "example").has_value());
  ASSERT_TRUE(KeepRow(folder_, "key", ExampleRow()).ok());
  EXPECT_FALSE(KeptRow(folder_, "other key", "example").has_value());
  EXPECT_FALSE(KeptRow(folder_, "key", "other").has_value());
  for (const char* text : {"{", "[]", R"({"schema": "pinchbeck.accuracy_row/1", "key": "key"})"}) {
    ASSERT_TRUE(WriteFile(folder_ + "/rows/example.json", text).ok());
    EXPECT_FALSE(KeptRow(folder_, "key", "example").has_value()) << text;
  }
}

TEST_F(ResumeTest, TheKeyFollowsOptionsAndTheProgramButNotThreads) {
  const std::string program = ::testing::TempDir() + "resume_program";
  ASSERT_TRUE(WriteFile(program, "one").ok());
  RowContext context;
  const std::string key = RunKey(context, program);
  context.threads = 7;
  EXPECT_EQ(RunKey(context, program), key);
  context.draws = 3;
  EXPECT_NE(RunKey(context, program), key);
  context.draws = 0;
  ASSERT_TRUE(WriteFile(program, "two").ok());
  EXPECT_NE(RunKey(context, program), key);
}

}  // namespace
}  // namespace pinchbeck::accuracy
