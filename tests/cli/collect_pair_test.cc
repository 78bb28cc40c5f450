// `collect --pair`: two endpoints, two recordings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "pinchbeck/core/observation.h"
#include "tests/cli/collect_fixture.h"
#include "tests/client/scripted_server.h"

namespace pinchbeck::cli {
namespace {

using nlohmann::json;
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
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kSecondVariable = "PINCHBECK_TEST_SECOND_KEY";
constexpr const char* kSecondCanary = "second-canary-key-51d0e8";

Reply Honest(const ServedRequest& request, int) { return Serve(request); }

class PairCommand : public CollectCommandTest {
 protected:
  PairCommand() { setenv(kSecondVariable, kSecondCanary, 1); }
  ~PairCommand() override { unsetenv("OPENAI_API_KEY"); }

  std::string FileA() const { return (folder_ / "a.jsonl").string(); }
  std::string FileB() const { return (folder_ / "b.jsonl").string(); }

  // `collect --pair` with both keys and files, then `more`.
  Outcome Pair(const std::string& a, const std::string& b, const std::vector<std::string>& more = {},
               const std::string& samples = "2") {
    std::vector<std::string> arguments = {"collect",       "--pair",    a,         b,           "--model",
                                          "gpt-x",         "--battery", battery(), "--samples", samples,
                                          "--max-retries", "0"};
    for (const char* text : {"--api-key-env-a", kKeyVariable, "--api-key-env-b", kSecondVariable})
      arguments.emplace_back(text);
    for (const std::string& text : {std::string("--out-a"), FileA(), std::string("--out-b"), FileB()})
      arguments.push_back(text);
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Run(std::move(arguments));
  }

  static std::vector<Observation> RecordedIn(const std::string& path) {
    std::vector<Observation> observations;
    absl::StatusOr<RecordingReader> reader = RecordingReader::Open(path);
    EXPECT_TRUE(reader.ok()) << reader.status();
    while (reader.ok()) {
      absl::StatusOr<std::optional<Observation>> next = reader->Next();
      EXPECT_TRUE(next.ok()) << next.status();
      if (!next.ok() || !next->has_value()) break;
      observations.push_back(**std::move(next));
    }
    if (reader.ok()) {
      EXPECT_FALSE(reader->truncated_tail());
    }
    return observations;
  }
};

TEST_F(PairCommand, WritesTwoRecordingsOfTheSamePairs) {
  ScriptedServer a(Honest), b(Honest);
  const Outcome outcome = Pair(a.url(), b.url());
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr(FileA() + ": 4 of 4 answers"), HasSubstr(FileB() + ": 4 of 4 answers"),
                    HasSubstr("4 of 4 pairs complete")));
  EXPECT_THAT(outcome.err,
              AllOf(HasSubstr(a.url()), HasSubstr(b.url()), HasSubstr("both endpoints together: 8 requests"),
                    HasSubstr("at most 48 output tokens")));
  std::set<std::string> pairs[2];
  for (const int side : {0, 1}) {
    for (const Observation& o : RecordedIn(side == 0 ? FileA() : FileB())) {
      EXPECT_EQ(o.endpoint, side == 0 ? a.url() : b.url());
      pairs[side].insert(o.probe + "#" + std::to_string(*o.sample) + "@" + *o.session);
    }
  }
  EXPECT_THAT(pairs[0], SizeIs(4));
  EXPECT_EQ(pairs[0], pairs[1]);
}

TEST_F(PairCommand, EachKeyGoesToItsOwnServerAndIntoNoFile) {
  ScriptedServer a(Honest), b(Honest);
  const Outcome outcome = Pair(a.url(), b.url(), {"--json"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  for (const ServedRequest& request : a.requests()) {
    EXPECT_THAT(request.head,
                AllOf(HasSubstr(std::string("Bearer ") + kCanary), Not(HasSubstr(kSecondCanary))));
  }
  for (const ServedRequest& request : b.requests()) {
    EXPECT_THAT(request.head, AllOf(HasSubstr(std::string("Bearer ") + kSecondCanary),
                                    Not(HasSubstr(std::string("Bearer ") + kCanary))));
  }
  EXPECT_THAT(outcome.out + outcome.err + ReadFile(FileA()) + ReadFile(FileB()),
              AllOf(Not(HasSubstr(kCanary)), Not(HasSubstr(kSecondCanary))));
  EXPECT_THAT(outcome.err, AllOf(HasSubstr(std::string("key from ") + kKeyVariable),
                                 HasSubstr(std::string("key from ") + kSecondVariable)));
}

TEST_F(PairCommand, NoUsualVariableIsReadAndNoKeyServesTwoServers) {
  setenv("OPENAI_API_KEY", "key-of-nobody-in-particular", 1);
  ScriptedServer a(Honest), b(Honest);
  std::vector<std::string> arguments = {"collect", "--pair",  a.url(), b.url(),   "--model",
                                        "m",       "--out-a", FileA(), "--out-b", FileB()};
  const Outcome none = Run(arguments);
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, AllOf(HasSubstr("--api-key-env-a"), HasSubstr("--api-key-env-b")));
  arguments.insert(arguments.end(), {"--api-key-env-a", kKeyVariable, "--api-key-env-b", kKeyVariable});
  const Outcome same = Run(arguments);
  EXPECT_EQ(same.exit_code, 2);
  EXPECT_THAT(same.err, AllOf(HasSubstr("keys of their own"), Not(HasSubstr(kCanary))));
  EXPECT_THAT(a.requests(), IsEmpty());
  EXPECT_THAT(b.requests(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(FileA()));
}

TEST_F(PairCommand, OneServerMayBeBothWithOneKey) {
  ScriptedServer both(Honest);
  const Outcome outcome = Run({"collect", "--pair", both.url(), both.url("/other/v1"), "--model", "m",
                               "--battery", battery(), "--api-key-env-a", kKeyVariable, "--api-key-env-b",
                               kKeyVariable, "--out-a", FileA(), "--out-b", FileB()});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
}

TEST_F(PairCommand, BadFlagsAreErrorsBeforeAnythingIsSent) {
  ScriptedServer a(Honest), b(Honest);
  EXPECT_THROW(Run({"collect", "--pair", a.url(), "--model", "m"}), CLI::ParseError) << "one URL";
  EXPECT_THROW(Pair(a.url(), b.url(), {"--base-url", a.url()}), CLI::ParseError);
  EXPECT_THROW(Pair(a.url(), b.url(), {"--api-key-env", kKeyVariable}), CLI::ParseError);
  EXPECT_THROW(Pair(a.url(), b.url(), {"--out", out()}), CLI::ParseError);
  EXPECT_THROW(Collect(a.url(), {"--out-a", FileA()}), CLI::ParseError) << "pair flags without --pair";
  const Outcome missing = Run({"collect", "--pair", a.url(), b.url(), "--model", "m", "--out-a", FileA()});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(missing.err, HasSubstr("--out-b"));
  EXPECT_THAT(a.requests(), IsEmpty());
  EXPECT_THAT(b.requests(), IsEmpty());
}

TEST_F(PairCommand, OneFileForBothIsRefused) {
  ScriptedServer a(Honest), b(Honest);
  const Outcome outcome =
      Run({"collect", "--pair", a.url(), b.url(), "--model", "m", "--api-key-env-a", "", "--api-key-env-b",
           "", "--out-a", FileA(), "--out-b", (folder_ / "." / "a.jsonl").string()});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("one file"));
  EXPECT_THAT(a.requests(), IsEmpty());
}

TEST_F(PairCommand, ResumesBothFiles) {
  ScriptedServer a(Honest), b(Honest);
  EXPECT_EQ(Pair(a.url(), b.url(), {"--max-requests", "5"}).exit_code, 0);
  EXPECT_EQ(RecordedIn(FileA()).size() + RecordedIn(FileB()).size(), 5U);
  // A half-written last line, as a killed process leaves it.
  std::ofstream(FileB(), std::ios::app) << R"({"schema":"pinchbeck.obs)";
  EXPECT_EQ(Pair(a.url(), b.url()).exit_code, 2) << "files with answers are continued only when asked";
  const Outcome rest = Pair(a.url(), b.url(), {"--resume", "--json"});
  EXPECT_EQ(rest.exit_code, 0) << rest.err;
  const json report = json::parse(rest.out);
  EXPECT_EQ(report["schema"], "pinchbeck.paired_collection/1");
  EXPECT_EQ(report["pairs"], 4);
  EXPECT_EQ(report["complete_pairs"], 4);
  EXPECT_EQ(report["a"]["skipped_by_resume"].get<int>() + report["b"]["skipped_by_resume"].get<int>(), 5);
  EXPECT_EQ(report["a"]["requests"].get<int>() + report["b"]["requests"].get<int>(), 3);
  EXPECT_EQ(report["b"]["endpoint"], b.url());
  EXPECT_THAT(RecordedIn(FileA()), SizeIs(4));
  EXPECT_THAT(RecordedIn(FileB()), SizeIs(4));
}

TEST_F(PairCommand, AnEndpointThatFailsForGoodEndsBothInOrder) {
  ScriptedServer a(Honest);
  ScriptedServer b([](const ServedRequest&, int) { return Reply{HttpBytes(401, ErrorJson("no such key"))}; });
  const Outcome outcome = Pair(a.url(), b.url(), {}, "50");
  EXPECT_EQ(outcome.exit_code, 4);
  EXPECT_THAT(outcome.err,
              AllOf(HasSubstr("check the API key"), HasSubstr("the other endpoint of the pair")));
  const std::vector<Observation> good = RecordedIn(FileA());
  EXPECT_LT(good.size(), 12U);
  for (const Observation& o : good) EXPECT_FALSE(o.error.has_value());
  for (const Observation& o : RecordedIn(FileB())) EXPECT_TRUE(o.error.has_value());
}

TEST_F(PairCommand, PricesAreThoseOfEachEndpointAndTheLimitIsForBoth) {
  ScriptedServer a(Honest), b(Honest);
  const std::string prices = (folder_ / "prices.json").string();
  std::ofstream(prices) << R"({"schema":"pinchbeck.prices/1","date":"2026-11-20","source":"test","models":[
      {"model":"gpt-x","usd_per_mtok_in":1,"usd_per_mtok_out":2},
      {"model":"gpt-x","endpoint":")" +
                               b.url() + R"(","usd_per_mtok_in":100,"usd_per_mtok_out":200}]})";
  const json report =
      json::parse(Pair(a.url(), b.url(), {"--prices", prices, "--max-cost", "1", "--json"}).out);
  // Four answers of 12 and 3 tokens each.
  EXPECT_NEAR(report["a"]["cost_usd"].get<double>(), 72e-6, 1e-12);
  EXPECT_NEAR(report["b"]["cost_usd"].get<double>(), 7200e-6, 1e-12);
}

TEST_F(PairCommand, TheSecondEndpointMayHaveAnotherNameForTheModel) {
  ScriptedServer a(Honest), b(Honest);
  EXPECT_EQ(Pair(a.url(), b.url(), {"--model-b", "vendor/gpt-x"}).exit_code, 0);
  EXPECT_THAT(a.requests().front().body, HasSubstr("\"gpt-x\""));
  EXPECT_THAT(b.requests().front().body, HasSubstr("\"vendor/gpt-x\""));
  for (const Observation& o : RecordedIn(FileB())) EXPECT_EQ(o.request.model, "vendor/gpt-x");
}

TEST_F(PairCommand, ASecondFileThatCannotBeWrittenIsReportedBeforeTheFirstRequest) {
  ScriptedServer a(Honest), b(Honest);
  const std::string path = (folder_ / "missing" / "b.jsonl").string();
  const Outcome outcome =
      Run({"collect", "--pair", a.url(), b.url(), "--model", "m", "--battery", battery(), "--api-key-env-a",
           "", "--api-key-env-b", "", "--out-a", FileA(), "--out-b", path});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr(path));
  EXPECT_THAT(a.requests(), IsEmpty());
}

}  // namespace
}  // namespace pinchbeck::cli
