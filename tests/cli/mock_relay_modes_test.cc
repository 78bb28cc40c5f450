// Which answers the mock relay gives: order, single use, and every mode.
#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "src/cli/mock_relay.h"
#include "src/cli/mock_relay_answers.h"
#include "tests/cli/mock_relay_fixture.h"

namespace pinchbeck::cli {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::StartsWith;

class RelayModesTest : public RelayTest {
 protected:
  std::unique_ptr<RelayAnswers> Load(const MockRelayOptions& options) {
    absl::StatusOr<std::unique_ptr<RelayAnswers>> answers = RelayAnswers::Load(options);
    EXPECT_TRUE(answers.ok()) << answers.status();
    return answers.ok() ? *std::move(answers) : nullptr;
  }
  static std::string NextText(RelayAnswers& answers, const std::string& prompt) {
    const absl::StatusOr<ServedAnswer> answer = answers.Next({HashOf(prompt), 1.0, 16});
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? *answer->observation->response.text : "";
  }
  static std::vector<std::string> NextTexts(RelayAnswers& answers, const std::string& prompt, int count) {
    std::vector<std::string> texts;
    for (int i = 0; i < count; ++i) texts.push_back(NextText(answers, prompt));
    return texts;
  }
};

TEST_F(RelayModesTest, ConcurrentClientsGetEveryAnswerOnce) {
  Start(Options({Write("a.jsonl", Answers("p", "x", 80))}));
  std::mutex mutex;
  std::multiset<std::string> texts;
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      for (const std::string& text : AskTexts("p", 10)) {
        const std::lock_guard<std::mutex> lock(mutex);
        texts.insert(text);
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(texts.size(), 80u);
  EXPECT_EQ(std::set<std::string>(texts.begin(), texts.end()).size(), 80u);
  EXPECT_EQ(Post(RequestFor("p"))->status, 503);
}

TEST_F(RelayModesTest, OrderDependsOnTheSeedAlone) {
  std::vector<Observation> recorded = Answers("p", "x", 30);
  const std::vector<Observation> others = Answers("q", "y", 30);
  recorded.insert(recorded.end(), others.begin(), others.end());
  MockRelayOptions options = Options({Write("a.jsonl", recorded)});
  const std::vector<std::string> first = NextTexts(*Load(options), "p", 30);
  std::vector<std::string> interleaved;
  const std::unique_ptr<RelayAnswers> again = Load(options);
  for (int i = 0; i < 30; ++i) {
    NextText(*again, "q");
    interleaved.push_back(NextText(*again, "p"));
  }
  EXPECT_EQ(first, interleaved);
  EXPECT_FALSE(std::is_sorted(first.begin(), first.end()))
      << "the order of the file is not the order of answers";
  options.seed = 2;
  EXPECT_NE(first, NextTexts(*Load(options), "p", 30));
}

TEST_F(RelayModesTest, ResponseIdsDifferAndRepeatWithTheSeed) {
  const MockRelayOptions options = Options({Write("a.jsonl", Answers("p", "x", 20))});
  std::vector<std::string> ids[2];
  for (auto& list : ids) {
    const std::unique_ptr<RelayAnswers> answers = Load(options);
    for (int i = 0; i < 20; ++i) list.push_back(answers->Next({HashOf("p"), 1.0, 16})->id);
  }
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_EQ(std::set<std::string>(ids[0].begin(), ids[0].end()).size(), 20u);
}

TEST_F(RelayModesTest, SwapAnswersFromTheSubstituteUnderTheClaimedName) {
  MockRelayOptions options = Options({Write("a.jsonl", Answers("p", "claimed", 5))});
  options.substitutes = {Write("b.jsonl", Answers("p", "substitute", 5))};
  options.mode = MockRelayMode::kSwap;
  Start(options);
  const Json reply = Ask(RequestFor("p"));
  EXPECT_THAT(TextOf(reply), StartsWith("substitute"));
  EXPECT_EQ(reply["model"], "claimed");
  EXPECT_THAT(AskTexts("p", 4), Each(StartsWith("substitute")));
  ExpectError(Post(RequestFor("p")), 503, "recording_exhausted", "substitute's recording");
}

TEST_F(RelayModesTest, SwapWithoutTheProbeSaysSo) {
  MockRelayOptions options = Options({Write("a.jsonl", Answers("p", "claimed", 5))});
  options.substitutes = {Write("b.jsonl", Answers("q", "substitute", 5))};
  options.mode = MockRelayMode::kSwap;
  Start(options);
  ExpectError(Post(RequestFor("p")), 404, "prompt_not_recorded",
              "'probe of p' is not in the substitute's recording");
}

TEST_F(RelayModesTest, MixDrawsTheSubstituteWithTheGivenProbability) {
  MockRelayOptions options = Options({Write("a.jsonl", Answers("p", "claimed", 1000))});
  options.substitutes = {Write("b.jsonl", Answers("p", "substitute", 1000))};
  options.mode = MockRelayMode::kMix;
  for (const double share : {0.0, 0.3, 1.0}) {
    options.substitute_share = share;
    const std::vector<std::string> texts = NextTexts(*Load(options), "p", 1000);
    EXPECT_EQ(std::set<std::string>(texts.begin(), texts.end()).size(), 1000u)
        << "an answer was served twice";
    const auto substituted = std::count_if(
        texts.begin(), texts.end(), [](const std::string& text) { return text.starts_with("substitute"); });
    // Four standard deviations; none at the ends. The seed is fixed, so the result is too.
    const double tolerance = 4.0 * std::sqrt(1000.0 * share * (1.0 - share));
    EXPECT_NEAR(static_cast<double>(substituted), 1000.0 * share, tolerance);
    EXPECT_EQ(texts, NextTexts(*Load(options), "p", 1000));
  }
}

TEST_F(RelayModesTest, MixDrawsProbesIndependently) {
  std::vector<Observation> claimed = Answers("p", "claimed", 64), substitute = Answers("p", "substitute", 64);
  for (const Observation& answer : Answers("q", "claimed", 64)) claimed.push_back(answer);
  for (const Observation& answer : Answers("q", "substitute", 64)) substitute.push_back(answer);
  MockRelayOptions options = Options({Write("a.jsonl", claimed)});
  options.substitutes = {Write("b.jsonl", substitute)};
  options.mode = MockRelayMode::kMix;
  const std::unique_ptr<RelayAnswers> answers = Load(options);
  std::string pattern_p, pattern_q;
  for (const std::string& text : NextTexts(*answers, "p", 64)) pattern_p += text[0];
  for (const std::string& text : NextTexts(*answers, "q", 64)) pattern_q += text[0];
  EXPECT_NE(pattern_p, pattern_q);
}

// 60 "a", 30 "b", 10 "c".
std::vector<Observation> Peaked(const std::string& prompt) {
  std::vector<Observation> answers;
  for (int i = 0; i < 100; ++i) answers.push_back(Answer(prompt, i < 60 ? "a" : i < 90 ? "b" : "c"));
  return answers;
}

TEST_F(RelayModesTest, TemperatureSharpensAndFlattensRepeatingAnswers) {
  MockRelayOptions options = Options({Write("a.jsonl", Peaked("p"))});
  options.mode = MockRelayMode::kTemperature;
  constexpr int kDraws = 20000;
  for (const double factor : {0.25, 0.5, 1.0, 2.0}) {
    SCOPED_TRACE(factor);
    options.temperature_factor = factor;
    std::map<std::string, int> counts;
    for (const std::string& text : NextTexts(*Load(options), "p", kDraws)) ++counts[text];
    const double a = std::pow(0.6, 1 / factor), b = std::pow(0.3, 1 / factor), c = std::pow(0.1, 1 / factor);
    // The largest standard deviation of a share is 0.0036.
    EXPECT_NEAR(counts["a"] / double{kDraws}, a / (a + b + c), 0.015);
    EXPECT_NEAR(counts["b"] / double{kDraws}, b / (a + b + c), 0.015);
    EXPECT_NEAR(counts["c"] / double{kDraws}, c / (a + b + c), 0.015);
  }
}

TEST_F(RelayModesTest, ExtremeTemperatureStillAnswers) {
  MockRelayOptions options = Options({Write("a.jsonl", Peaked("p"))});
  options.mode = MockRelayMode::kTemperature;
  options.temperature_factor = 1e-9;
  EXPECT_THAT(NextTexts(*Load(options), "p", 200), Each(std::string("a")));
}

TEST_F(RelayModesTest, TemperatureLeavesGreedyAndUniqueAnswersAsRecorded) {
  std::vector<Observation> recorded = Answers("unique", "x", 4);
  for (int i = 0; i < 3; ++i) {
    Observation greedy = Answer("greedy", "same");
    greedy.request.temperature = 0.0;
    recorded.push_back(greedy);
  }
  MockRelayOptions options = Options({Write("a.jsonl", recorded)});
  options.mode = MockRelayMode::kTemperature;
  const std::unique_ptr<RelayAnswers> answers = Load(options);
  const std::vector<std::string> texts = NextTexts(*answers, "unique", 4);
  EXPECT_EQ(std::set<std::string>(texts.begin(), texts.end()).size(), 4u);
  EXPECT_EQ(answers->Next({HashOf("unique"), 1.0, 16}).status().code(), absl::StatusCode::kResourceExhausted);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(answers->Next({HashOf("greedy"), 0.0, 16}).ok());
  EXPECT_EQ(answers->Next({HashOf("greedy"), 0.0, 16}).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(RelayModesTest, InjectRaisesInputTokensOnly) {
  MockRelayOptions options = Options({Write("a.jsonl", Answers("p", "x", 2))});
  options.mode = MockRelayMode::kInject;
  options.injected_tokens = 100;
  Start(options);
  const Json expected = {{"prompt_tokens", 112}, {"completion_tokens", 3}, {"total_tokens", 115}};
  EXPECT_EQ(Ask(RequestFor("p"))["usage"], expected);
  Json request = RequestFor("p");
  request["stream"] = true;
  request["stream_options"] = {{"include_usage", true}};
  const std::vector<std::string> data = EventData(Post(request)->body);
  ASSERT_GE(data.size(), 2u);
  EXPECT_EQ(Json::parse(data[data.size() - 2])["usage"], expected);
}

TEST_F(RelayModesTest, CacheRepeatsTheFirstAnswerOfEachPrompt) {
  std::vector<Observation> recorded = Answers("p", "x", 5);
  for (const Observation& answer : Answers("q", "y", 5)) recorded.push_back(answer);
  MockRelayOptions options = Options({Write("a.jsonl", recorded)});
  options.mode = MockRelayMode::kCache;
  Start(options);
  const std::vector<std::string> p = AskTexts("p", 12), q = AskTexts("q", 12);
  EXPECT_THAT(p, Each(p[0]));
  EXPECT_THAT(q, Each(q[0]));
  EXPECT_NE(p[0], q[0]);
  const std::unique_ptr<RelayAnswers> answers = Load(options);
  EXPECT_FALSE(answers->Next({HashOf("p"), 1.0, 16})->at_once);
  EXPECT_TRUE(answers->Next({HashOf("p"), 1.0, 16})->at_once);
}

TEST_F(RelayModesTest, FailuresInTheRecordingAreSkippedAndReported) {
  Observation failed = Answer("p", "");
  failed.response.text.reset();
  failed.error = ErrorRecord{ErrorKind::kHttp, 500, "broken"};
  const std::string good = Write("a.jsonl", {failed, Answer("p", "x")});
  Start(Options({good}));
  ASSERT_EQ(relay_->warnings().size(), 1u);
  EXPECT_THAT(relay_->warnings()[0], HasSubstr(good + ": skipped lines"));
  EXPECT_EQ(AskTexts("p", 1)[0], "x");
  const std::string bad = Write("b.jsonl", {failed});
  const absl::Status status = MockRelay::Create(Options({bad})).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.ToString(), HasSubstr(bad));
}

TEST_F(RelayModesTest, ErrorsOfTheRecordingNameFileAndLine) {
  EXPECT_EQ(MockRelay::Create(Options({folder_ / "absent.jsonl"})).status().code(),
            absl::StatusCode::kNotFound);
  const std::string path = Write("a.jsonl", {Answer("p", "x")});
  std::ofstream(path, std::ios::app) << "[]\n";
  const absl::Status status = MockRelay::Create(Options({path})).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.ToString(), HasSubstr(path + ":2:"));
}

TEST_F(RelayModesTest, OptionsOutOfRangeAreRefused) {
  const std::string path = Write("a.jsonl", {Answer("p", "x")});
  struct Case {
    const char* message;
    void (*change)(MockRelayOptions&);
  };
  const Case cases[] = {
      {"no recording", [](MockRelayOptions& o) { o.recordings.clear(); }},
      {"need a substitute", [](MockRelayOptions& o) { o.mode = MockRelayMode::kSwap; }},
      {"need a substitute", [](MockRelayOptions& o) { o.mode = MockRelayMode::kMix; }},
      {"need a substitute", [](MockRelayOptions& o) { o.mode = MockRelayMode::kSwapWhole; }},
      {"rewritten_share", [](MockRelayOptions& o) { o.rewritten_share = -0.5; }},
      {"kept_tokens", [](MockRelayOptions& o) { o.kept_tokens = 0; }},
      {"swap, mix and swap_whole only", [](MockRelayOptions& o) { o.substitutes = o.recordings; }},
      {"substitute_share", [](MockRelayOptions& o) { o.substitute_share = 1.5; }},
      {"substitute_share", [](MockRelayOptions& o) { o.substitute_share = std::nan(""); }},
      {"temperature_factor", [](MockRelayOptions& o) { o.temperature_factor = 0.0; }},
      {"injected_tokens", [](MockRelayOptions& o) { o.injected_tokens = -1; }},
      {"time_scale", [](MockRelayOptions& o) { o.time_scale = -0.5; }},
      {"given twice", [](MockRelayOptions& o) { o.recordings.push_back(o.recordings[0]); }},
      {"port", [](MockRelayOptions& o) { o.port = 65536; }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.message);
    MockRelayOptions options = Options({path});
    c.change(options);
    const absl::Status status = MockRelay::Create(options).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(status.ToString(), HasSubstr(c.message));
  }
}

TEST(SetMockRelayModeTest, ReadsEveryMode) {
  MockRelayOptions options;
  ASSERT_TRUE(SetMockRelayMode("mix:0.3", &options).ok());
  EXPECT_EQ(options.mode, MockRelayMode::kMix);
  EXPECT_EQ(options.substitute_share, 0.3);
  ASSERT_TRUE(SetMockRelayMode("temperature", &options).ok());
  EXPECT_EQ(options.mode, MockRelayMode::kTemperature);
  EXPECT_EQ(options.temperature_factor, MockRelayOptions().temperature_factor);
  ASSERT_TRUE(SetMockRelayMode("temperature:0.7", &options).ok());
  EXPECT_EQ(options.temperature_factor, 0.7);
  ASSERT_TRUE(SetMockRelayMode("inject", &options).ok());
  EXPECT_EQ(options.mode, MockRelayMode::kInject);
  EXPECT_EQ(options.injected_tokens, MockRelayOptions().injected_tokens);
  ASSERT_TRUE(SetMockRelayMode("inject:250", &options).ok());
  EXPECT_EQ(options.injected_tokens, 250);
  ASSERT_TRUE(SetMockRelayMode("swap", &options).ok());
  EXPECT_EQ(options.mode, MockRelayMode::kSwap);
  ASSERT_TRUE(SetMockRelayMode("cache", &options).ok());
  EXPECT_EQ(options.mode, MockRelayMode::kCache);
  ASSERT_TRUE(SetMockRelayMode("truncate", &options).ok());
  EXPECT_EQ(options.mode, MockRelayMode::kTruncate);
  EXPECT_EQ(options.kept_tokens, MockRelayOptions().kept_tokens);
  ASSERT_TRUE(SetMockRelayMode("truncate:300", &options).ok());
  EXPECT_EQ(options.kept_tokens, 300);
  ASSERT_TRUE(SetMockRelayMode("rewrite", &options).ok());
  EXPECT_EQ(options.mode, MockRelayMode::kRewrite);
  EXPECT_EQ(options.rewritten_share, 1.0);
  ASSERT_TRUE(SetMockRelayMode("rewrite:0.5", &options).ok());
  EXPECT_EQ(options.rewritten_share, 0.5);
  ASSERT_TRUE(SetMockRelayMode("swap_whole", &options).ok());
  EXPECT_EQ(options.mode, MockRelayMode::kSwapWhole);
  ASSERT_TRUE(SetMockRelayMode("ignore_effort", &options).ok());
  EXPECT_EQ(options.mode, MockRelayMode::kIgnoreEffort);
  ASSERT_TRUE(SetMockRelayMode("honest", &options).ok());
  EXPECT_EQ(options.mode, MockRelayMode::kHonest);
}

TEST(SetMockRelayModeTest, RefusesEverythingElse) {
  for (const char* text : {"",
                           "Swap",
                           "mix",
                           "mix:",
                           "mix:x",
                           "mix:1.1",
                           "mix:-0.1",
                           "mix:nan",
                           "temperature:0",
                           "temperature:inf",
                           "inject:-1",
                           "inject:1.5",
                           "honest:1",
                           "swap:0.5",
                           "cache:",
                           "truncate:0",
                           "truncate:1.5",
                           "rewrite:2",
                           "rewrite:x",
                           "swap_whole:1",
                           "ignore_effort:low"}) {
    MockRelayOptions options;
    const absl::Status status = SetMockRelayMode(text, &options);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(status.ToString(), HasSubstr(std::string("mode '") + text + "'"));
  }
}

}  // namespace
}  // namespace pinchbeck::cli
