// pinchbeck monitor from the command line, on recordings of the demo and on made-up ones.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "src/cli/demo_data.h"
#include "tests/cli/cli_fixture.h"

namespace pinchbeck::cli {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

class MonitorCommandTest : public CliTest {
 protected:
  std::string Demo(std::string_view name) { return Write(std::string(name), std::string(DemoFile(name))); }
  std::string Enroll(const std::string& recording, const std::string& name = "flagship") {
    const CliResult result =
        RunCli({"enroll", "--recording", recording, "--model", name, "--out", File(name + ".json")});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return File(name + ".json");
  }
  CliResult Monitor(const std::string& fingerprint, const std::string& recording,
                    std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"monitor",     "--fingerprint", fingerprint,
                                          "--recording", recording,       "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunCli(arguments);
  }
};

std::vector<Json> Objects(const std::string& text) {
  std::vector<Json> objects;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) objects.push_back(Json::parse(line));
  return objects;
}

// `count` answers to one probe; the answer is drawn from a few by the given weights, in turn.
std::string Answers(int count, const std::vector<std::pair<std::string, int>>& weights, int first = 0) {
  std::vector<std::string> cycle;
  for (const auto& [answer, weight] : weights)
    cycle.insert(cycle.end(), static_cast<std::size_t>(weight), answer);
  std::string text;
  for (int i = first; i < first + count; ++i) {
    // A stride that is prime to the cycle mixes the answers.
    const std::string& answer = cycle[static_cast<std::size_t>(i * 7) % cycle.size()];
    text += R"({"probe": "p", "sample": )" + std::to_string(i) +
            R"(, "time": "2026-11-20T08:00:00Z", "request": {"temperature": 1, "max_tokens": 4}, )" +
            R"("response": {"text": ")" + answer + "\"}}\n";
  }
  return text;
}

const std::vector<std::pair<std::string, int>> kClaimed = {{"a", 12}, {"b", 6}, {"c", 2}};
const std::vector<std::pair<std::string, int>> kOther = {{"a", 2}, {"b", 2}, {"x", 16}};

TEST_F(MonitorCommandTest, TheDemoRelays) {
  const std::string fingerprint = Enroll(Demo(kDemoReference));
  const CliResult honest = Monitor(fingerprint, Demo(kDemoHonestRelay));
  EXPECT_EQ(honest.exit_code, kExitConsistent) << honest.err;
  const Json end = Objects(honest.out).back();
  EXPECT_EQ(end["schema"], "pinchbeck.monitor/1");
  EXPECT_EQ(end["verdict"], "inconclusive");
  EXPECT_TRUE(end["alarm_at"].is_null());
  EXPECT_TRUE(end["alarm_by"].is_null());
  EXPECT_TRUE(end["change_near"].is_null());
  std::filesystem::create_directories(File("models"));
  Enroll(Demo(kDemoAlternative), "models/budget");
  const CliResult swapped = Monitor(fingerprint, Demo(kDemoSwapRelay), {"--alternatives", File("models")});
  EXPECT_EQ(swapped.exit_code, kExitDiffers) << swapped.err;
  const std::vector<Json> decisions = Objects(swapped.out);
  ASSERT_EQ(decisions.size(), 2u);
  EXPECT_EQ(decisions[0]["observations"], decisions[0]["alarm_at"]);
  EXPECT_EQ(decisions[1]["alarm_at"], decisions[0]["alarm_at"]);
  EXPECT_EQ(decisions[1]["alarm_by"], "e_value");
  EXPECT_GE(decisions[0]["log10_e_value"], 2);
  EXPECT_TRUE(decisions[0]["log10_e_detector"].is_number());
}

TEST_F(MonitorCommandTest, SplitRecordingsEqualOne) {
  const std::string fingerprint = Enroll(Write("r.jsonl", Answers(100, kClaimed)));
  const std::string honest = Answers(60, kClaimed, 1000), other = Answers(60, kOther, 2000);
  const CliResult whole =
      Monitor(fingerprint, Write("whole.jsonl", honest + other), {"--state", File("whole.state")});
  EXPECT_EQ(whole.exit_code, kExitDiffers) << whole.err;
  const CliResult first = Monitor(fingerprint, Write("1.jsonl", honest), {"--state", File("parts.state")});
  EXPECT_EQ(first.exit_code, kExitConsistent) << first.err;
  const CliResult second = Monitor(fingerprint, Write("2.jsonl", other), {"--state", File("parts.state")});
  EXPECT_EQ(second.exit_code, kExitDiffers);
  EXPECT_EQ(Objects(second.out).back(), Objects(whole.out).back());
  // The alarm stays.
  const CliResult third =
      Monitor(fingerprint, Write("3.jsonl", Answers(5, kClaimed, 3000)), {"--state", File("parts.state")});
  EXPECT_EQ(third.exit_code, kExitDiffers);
  EXPECT_EQ(Objects(third.out).back()["observations"], 125);
}

TEST_F(MonitorCommandTest, AGrownRecordingIsContinuedBehindWhatWasRead) {
  const std::string fingerprint = Enroll(Write("r.jsonl", Answers(100, kClaimed)));
  const std::string begin = Answers(30, kClaimed, 1000), more = Answers(20, kClaimed, 2000);
  const std::string path = Write("log.jsonl", begin);
  EXPECT_EQ(Monitor(fingerprint, path, {"--state", File("s")}).exit_code, 0);
  const CliResult again = Monitor(fingerprint, path, {"--state", File("s")});
  EXPECT_EQ(Objects(again.out).back()["observations"], 30);
  EXPECT_THAT(again.err, HasSubstr("going on behind line 30"));
  Write("log.jsonl", begin + more);
  EXPECT_EQ(Objects(Monitor(fingerprint, path, {"--state", File("s")}).out).back()["observations"], 50);
  // Another recording is read from its start.
  const CliResult other = Monitor(fingerprint, Write("other.jsonl", more), {"--state", File("s")});
  EXPECT_EQ(Objects(other.out).back()["observations"], 70);
}

TEST_F(MonitorCommandTest, StandardInputIsReadLineByLine) {
  const std::string fingerprint = Enroll(Write("r.jsonl", Answers(100, kClaimed)));
  const std::string recording = Write("o.jsonl", Answers(25, kClaimed, 1000));
  const int saved = dup(STDIN_FILENO), input = open(recording.c_str(), O_RDONLY);
  ASSERT_GE(input, 0);
  dup2(input, STDIN_FILENO);
  const CliResult streamed = Monitor(fingerprint, "-", {"--every", "10", "--state", File("s")});
  dup2(saved, STDIN_FILENO);
  close(saved);
  close(input);
  EXPECT_EQ(streamed.exit_code, 0) << streamed.err;
  const std::vector<Json> decisions = Objects(streamed.out);
  ASSERT_EQ(decisions.size(), 3u);
  EXPECT_EQ(decisions[0]["observations"], 10);
  EXPECT_EQ(decisions[2], Objects(Monitor(fingerprint, recording).out).back());
  EXPECT_TRUE(std::filesystem::exists(File("s")));
}

TEST_F(MonitorCommandTest, AlternativesAndToleranceAreUsed) {
  const std::string fingerprint = Enroll(Write("r.jsonl", Answers(400, kClaimed)));
  std::filesystem::create_directories(File("models"));
  Enroll(Write("o.jsonl", Answers(400, kOther)), "models/other");
  Enroll(Write("r.jsonl", Answers(400, kClaimed)), "models/flagship");
  const CliResult result = Monitor(fingerprint, Write("x.jsonl", Answers(60, kOther, 1000)),
                                   {"--alternatives", File("models"), "--tolerance", "0.05"});
  EXPECT_EQ(result.exit_code, kExitDiffers) << result.err;
  const Json end = Objects(result.out).back();
  EXPECT_EQ(end["tolerance"], 0.05);
  ASSERT_EQ(end["tolerated_shares"].size(), 2u);
}

TEST_F(MonitorCommandTest, SummaryDecidesAboutSeveralEndpointsTogether) {
  const std::string fingerprint = Enroll(Write("r.jsonl", Answers(100, kClaimed)));
  Monitor(fingerprint, Write("1.jsonl", Answers(60, kClaimed, 1000)), {"--state", File("honest.state")});
  Monitor(fingerprint, Write("2.jsonl", Answers(60, kOther, 2000)), {"--state", File("swapped.state")});
  const CliResult result =
      RunCli({"monitor", "--summary", File("honest.state"), File("swapped.state"), "--json"});
  EXPECT_EQ(result.exit_code, kExitDiffers) << result.err;
  const Json summary = Json::parse(result.out);
  EXPECT_EQ(summary["schema"], "pinchbeck.monitor_summary/1");
  EXPECT_EQ(summary["endpoints"][0]["differs_together"], false);
  EXPECT_EQ(summary["endpoints"][1]["differs_together"], true);
  EXPECT_EQ(RunCli({"monitor", "--summary", File("honest.state")}).exit_code, kExitConsistent);
  const CliResult text = RunCli({"monitor", "--summary", File("honest.state"), File("swapped.state")});
  EXPECT_THAT(text.out, HasSubstr("1 of 2 endpoints differ"));
}

TEST_F(MonitorCommandTest, TextNamesTheAlarmAndWhatWasNotUsed) {
  const std::string fingerprint = Enroll(Write("r.jsonl", Answers(100, kClaimed)));
  const std::string stray = R"({"probe": "elsewhere", "response": {"text": "a"}})"
                            "\n";
  const CliResult result = RunCli({"monitor", "--fingerprint", fingerprint, "--recording",
                                   Write("o.jsonl", Answers(60, kOther, 1000) + stray)});
  EXPECT_EQ(result.exit_code, kExitDiffers);
  EXPECT_THAT(result.out, HasSubstr("raised by the e-value"));
  EXPECT_THAT(result.out, HasSubstr("the change is put near observation "));
  EXPECT_THAT(result.out, HasSubstr("not used: 1 probes that the fingerprint does not hold"));
  std::istringstream lines(result.out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
}

TEST_F(MonitorCommandTest, ErrorsHaveTheirExitStatus) {
  const std::string fingerprint = Enroll(Write("r.jsonl", Answers(100, kClaimed)));
  const std::string recording = Write("o.jsonl", Answers(10, kClaimed, 1000));
  EXPECT_EQ(RunCli({"monitor"}).exit_code, kExitInputError);
  EXPECT_EQ(RunCli({"monitor", "--summary", File("none")}).exit_code, kExitInputError);
  EXPECT_EQ(RunCli({"monitor", "--summary", File("none"), "--state", "s"}).exit_code, kExitInputError);
  EXPECT_EQ(Monitor(fingerprint, File("none.jsonl")).exit_code, kExitInputError);
  EXPECT_EQ(Monitor(fingerprint, recording, {"--alpha", "2"}).exit_code, kExitInputError);
  EXPECT_EQ(Monitor(fingerprint, recording, {"--signals", "latency"}).exit_code, kExitInputError);
  Write("bad.state", "{");
  const CliResult bad = Monitor(fingerprint, recording, {"--state", File("bad.state")});
  EXPECT_EQ(bad.exit_code, kExitInputError);
  EXPECT_THAT(bad.err, HasSubstr("bad.state: "));
  // Nothing that can be compared.
  const std::string stray = R"({"probe": "elsewhere", "response": {"text": "a"}})"
                            "\n";
  EXPECT_EQ(Monitor(fingerprint, Write("s.jsonl", stray)).exit_code, kExitNotMeasurable);
}

TEST_F(MonitorCommandTest, ABadLineStopsAndWhatCameBeforeCounts) {
  const std::string fingerprint = Enroll(Write("r.jsonl", Answers(100, kClaimed)));
  const std::string good = Answers(10, kClaimed, 1000);
  const std::string path = Write("o.jsonl", good + "nonsense\n");
  const CliResult broken = Monitor(fingerprint, path, {"--state", File("s")});
  EXPECT_EQ(broken.exit_code, kExitInputError);
  EXPECT_THAT(broken.err, HasSubstr("o.jsonl:11"));
  Write("o.jsonl", good + Answers(5, kClaimed, 2000));
  EXPECT_EQ(Objects(Monitor(fingerprint, path, {"--state", File("s")}).out).back()["observations"], 15);
}

}  // namespace
}  // namespace pinchbeck::cli
