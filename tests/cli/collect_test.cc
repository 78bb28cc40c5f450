#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "pinchbeck/core/observation.h"
#include "src/cli/collect_flags.h"
#include "src/cli/command.h"
#include "src/cli/progress.h"
#include "tests/cli/collect_fixture.h"
#include "tests/client/scripted_server.h"

namespace pinchbeck::cli {
namespace {

using nlohmann::json;
using pinchbeck::testing::ChatBody;
using pinchbeck::testing::CollectCommandTest;
using pinchbeck::testing::ErrorJson;
using pinchbeck::testing::HttpBytes;
using pinchbeck::testing::kCanary;
using pinchbeck::testing::kKeyVariable;
using pinchbeck::testing::Outcome;
using pinchbeck::testing::ReadFile;
using pinchbeck::testing::Reply;
using pinchbeck::testing::ScriptedServer;
using pinchbeck::testing::Serve;
using pinchbeck::testing::ServedRequest;
using pinchbeck::testing::StreamBytes;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST_F(CollectCommandTest, RecordsAndPrintsASummary) {
  ScriptedServer server([](const ServedRequest& request, int) { return Serve(request); });
  const Outcome outcome = Collect(server.url());
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("4 of 4 answers"), HasSubstr("48 input and 12 output tokens")));
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("2 probes x 2 samples = 4 requests"),
                                 HasSubstr("at most 24 output tokens"), HasSubstr("no key")));
  EXPECT_THAT(outcome.err, Not(HasSubstr("\r"))) << "no progress line without a terminal";
  const std::vector<Observation> recorded = Recorded();
  ASSERT_EQ(recorded.size(), 4U);
  for (const Observation& o : recorded) {
    EXPECT_FALSE(o.error.has_value());
    EXPECT_EQ(o.response.text, o.probe == "a" ? "7" : "hello");
    EXPECT_EQ(o.timing.first_token_s.has_value(), o.probe == "b");
    EXPECT_TRUE(o.session.has_value());
    EXPECT_EQ(o.endpoint, server.url());
  }
}

TEST_F(CollectCommandTest, JsonSummary) {
  ScriptedServer server([](const ServedRequest& request, int) { return Serve(request); });
  const Outcome outcome = Collect(
      server.url(), {"--json", "--seed", "5", "--session", "monday", "--price-in", "1", "--price-out", "2"});
  const json report = json::parse(outcome.out);
  EXPECT_EQ(report["schema"], "pinchbeck.collection/1");
  EXPECT_EQ(report["planned"], 4);
  EXPECT_EQ(report["ok"], 4);
  EXPECT_EQ(report["failed"], 0);
  EXPECT_EQ(report["seed"], 5);
  EXPECT_EQ(report["session"], "monday");
  EXPECT_EQ(report["battery"]["name"], "tiny");
  EXPECT_EQ(report["battery"]["sha256"].get<std::string>().size(), 64U);
  EXPECT_EQ(report["stop_reason"], "completed");
  EXPECT_NEAR(report["cost_usd"].get<double>(), 48e-6 + 24e-6, 1e-12);
  EXPECT_THAT(report["failures"], IsEmpty());
}

TEST_F(CollectCommandTest, GroupsSelectProbes) {
  ScriptedServer server([](const ServedRequest& request, int) { return Serve(request); });
  EXPECT_EQ(Collect(server.url(), {"--groups", "text"}).exit_code, 0);
  for (const Observation& o : Recorded()) EXPECT_EQ(o.probe, "b");
  EXPECT_EQ(Recorded().size(), 2U);
}

// --- Keys ---

TEST_F(CollectCommandTest, TheKeyIsSentToTheEndpointAndAppearsNowhereElse) {
  ScriptedServer server([](const ServedRequest& request, int index) {
    const std::string key =
        request.head.substr(request.head.find("Bearer ") + 7, std::string(kCanary).size());
    if (index % 2 == 0) return Reply{HttpBytes(400, ErrorJson(("Incorrect API key " + key).c_str()))};
    const bool stream = request.body.find("\"stream\":true") != std::string::npos;
    return Reply{stream ? StreamBytes("got " + key) : HttpBytes(200, ChatBody("got " + key))};
  });
  const Outcome outcome =
      Collect(server.url(), {"--api-key-env", kKeyVariable, "--json", "--concurrency", "1"});
  for (const ServedRequest& request : server.requests()) {
    EXPECT_THAT(request.head, HasSubstr(std::string("Authorization: Bearer ") + kCanary));
  }
  const std::string file = ReadFile(out());
  EXPECT_THAT(outcome.out + outcome.err + file, Not(HasSubstr(kCanary)));
  EXPECT_THAT(file, AllOf(HasSubstr("got [key]"), HasSubstr("Incorrect API key [key]")));
  EXPECT_THAT(outcome.err, HasSubstr(std::string("key from ") + kKeyVariable));
}

TEST_F(CollectCommandTest, ARedirectTargetGetsNeitherKeyNorConnection) {
  ScriptedServer other([](const ServedRequest& request, int) { return Serve(request); });
  ScriptedServer server([&](const ServedRequest&, int) {
    return Reply{HttpBytes(307, "", "Location: " + other.url("/v1/chat/completions") + "\r\n")};
  });
  const Outcome outcome = Collect(server.url(), {"--api-key-env", kKeyVariable});
  EXPECT_EQ(outcome.exit_code, 4);
  EXPECT_THAT(outcome.err, HasSubstr("127.0.0.1:" + std::to_string(other.port())));
  EXPECT_EQ(other.connections(), 0);
}

TEST_F(CollectCommandTest, TheDefaultVariableIsUsedIfSetAndCanBeSwitchedOff) {
  setenv("OPENAI_API_KEY", kCanary, 1);
  ScriptedServer server([](const ServedRequest& request, int) { return Serve(request); });
  EXPECT_THAT(Collect(server.url()).err, HasSubstr("key from OPENAI_API_KEY"));
  EXPECT_THAT(server.requests().back().head, HasSubstr("Authorization"));
  std::filesystem::remove(out());
  EXPECT_THAT(Collect(server.url(), {"--api-key-env", ""}).err, HasSubstr("no key"));
  EXPECT_THAT(server.requests().back().head, Not(HasSubstr("Authorization")));
  unsetenv("OPENAI_API_KEY");
}

TEST_F(CollectCommandTest, AMissingVariableIsNamedButAKeyGivenByMistakeIsNotShown) {
  const Outcome missing = Collect("http://127.0.0.1:9/v1", {"--api-key-env", "PINCHBECK_NO_SUCH_KEY"});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(missing.err, HasSubstr("PINCHBECK_NO_SUCH_KEY"));
  const Outcome mistake = Collect("http://127.0.0.1:9/v1", {"--api-key-env", kCanary});
  EXPECT_EQ(mistake.exit_code, 2);
  EXPECT_THAT(mistake.err, AllOf(HasSubstr("NAME"), Not(HasSubstr(kCanary))));
}

TEST_F(CollectCommandTest, AKeyIsNotSentOverPlainHttpToAnotherMachine) {
  const Outcome outcome = Collect("http://relay.example/v1", {"--api-key-env", kKeyVariable});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("https"), HasSubstr("--insecure-http")));
  EXPECT_FALSE(std::filesystem::exists(out()));
}

// --- Input errors ---

TEST_F(CollectCommandTest, InputErrorsEndWithStatusTwoBeforeAnythingIsSent) {
  const struct {
    std::vector<std::string> flags;
    const char* message;
  } cases[] = {{{"--groups", "nonsense"}, "nonsense"}, {{"--max-cost", "1"}, "prices"}};
  ScriptedServer server([](const ServedRequest& request, int) { return Serve(request); });
  for (const auto& test : cases) {
    const Outcome outcome = Collect(server.url(), test.flags);
    EXPECT_EQ(outcome.exit_code, 2) << test.message;
    EXPECT_THAT(outcome.err, HasSubstr(test.message));
  }
  EXPECT_EQ(Collect("relay.example/v1").exit_code, 2);
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(CollectCommandTest, AFolderThatDoesNotExist) {
  ScriptedServer server([](const ServedRequest& request, int) { return Serve(request); });
  const std::string path = (folder_ / "missing" / "out.jsonl").string();
  const Outcome outcome = Run({"collect", "--base-url", server.url(), "--model", "m", "--out", path});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr(path));
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(CollectCommandTest, BadFlagsAreUsageErrors) {
  for (const std::vector<std::string>& flags : {std::vector<std::string>{"--samples", "0"},
                                                {"--concurrency", "0"},
                                                {"--timeout", "-1"},
                                                {"--max-tokens", "-5"},
                                                {"--token-limit-field", "other"},
                                                {"--no-such-flag"}}) {
    EXPECT_THROW(Collect("http://127.0.0.1:9/v1", flags), CLI::ParseError) << flags[0];
  }
  EXPECT_THROW(Run({"collect", "--model", "m", "--out", out()}), CLI::RequiredError);
}

TEST_F(CollectCommandTest, HelpShowsAnExample) {
  std::ostringstream out;
  CommandContext context{out, out};
  CLI::App app;
  AddCollectCommand(app, context);
  const std::string help = app.get_subcommand("collect")->help();
  EXPECT_THAT(help,
              AllOf(HasSubstr("Example:"), HasSubstr("pinchbeck collect --base-url"), HasSubstr("--resume")));
}

// --- Shared by enroll and verify ---

TEST_F(CollectCommandTest, RunCollectionTurnsFailureIntoAStatus) {
  ScriptedServer server([](const ServedRequest&, int) { return Reply{HttpBytes(401, ErrorJson("no"))}; });
  std::ostringstream text;
  CommandContext context{text, text};
  CollectFlags flags;
  flags.base_url = server.url();
  flags.model = "m";
  flags.battery_path = battery();
  EXPECT_EQ(RunCollection(flags, out(), context).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(CollectCommandTest, RunCollectionGivesTheSummary) {
  ScriptedServer server([](const ServedRequest& request, int) { return Serve(request); });
  std::ostringstream text;
  CommandContext context{text, text};
  CollectFlags flags;
  flags.base_url = server.url();
  flags.model = "m";
  flags.battery_path = battery();
  flags.samples = 1;
  const absl::StatusOr<CollectSummary> summary = RunCollection(flags, out(), context);
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->ok, 2);
}

TEST(ProgressText, ShowsCountsMoneyAndTimeLeft) {
  CollectSummary summary;
  summary.planned = 12;
  summary.skipped_by_resume = 2;
  summary.done = 5;
  summary.ok = 4;
  summary.failed = 1;
  summary.retried = 3;
  summary.input_tokens = 60;
  summary.output_tokens = 15;
  summary.cost_usd = 0.25;
  EXPECT_EQ(ProgressText({summary, 2, 0}, absl::Seconds(10)),
            "5/10  ok 4  failed 1  retried 3  tokens 60 in 15 out  0.2500 USD  about 10s left");
  summary.done = 10;
  EXPECT_THAT(ProgressText({summary, 0, 0}, absl::Seconds(10)), Not(HasSubstr("left")));
}

}  // namespace
}  // namespace pinchbeck::cli
