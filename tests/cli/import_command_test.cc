// pinchbeck import, from logs to recordings that other commands take.
#include <gmock/gmock.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "pinchbeck/core/probe.h"
#include "pinchbeck/core/recording.h"
#include "tests/cli/cli_fixture.h"

namespace pinchbeck::cli {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

class ImportCommandTest : public CliTest {
 protected:
  static std::string Sample(const std::string& name) {
    return std::string(PINCHBECK_SOURCE_DIR) + "/tests/client/logs/" + name;
  }

  // A log of `count` answers to one prompt, "A" to "J" from `first` on in turn.
  std::string Log(const std::string& name, int count, int first, const std::string& model = "gpt-x") {
    std::string lines;
    for (int i = 0; i < count; ++i) {
      const Json pair = {
          {"request",
           {{"model", model},
            {"messages", Json::array({{{"role", "user"}, {"content", "Pick a letter."}}})},
            {"temperature", 1.0},
            {"max_tokens", 4}}},
          {"response",
           {{"id", "chatcmpl-" + std::to_string(first * 1000 + i)},
            {"choices",
             Json::array(
                 {{{"message", {{"content", std::string(1, static_cast<char>('A' + (first + i % 5)))}}},
                   {"finish_reason", "stop"}}})}}}};
      lines += pair.dump() + "\n";
    }
    return Write(name, lines);
  }

  // An answer "A" to "E" to one prompt, as a line of a log.
  static std::string PairOf(const std::string& id, int letter) {
    const Json pair = {
        {"request",
         {{"model", "gpt-x"},
          {"messages", Json::array({{{"role", "user"}, {"content", "Pick a letter."}}})},
          {"temperature", 1.0},
          {"max_tokens", 4}}},
        {"response",
         {{"id", id},
          {"choices",
           Json::array({{{"message", {{"content", std::string(1, static_cast<char>('A' + letter))}}},
                         {"finish_reason", "stop"}}})}}}};
    return pair.dump();
  }

  static std::vector<Observation> Read(const std::string& path) {
    std::vector<Observation> observations;
    auto reader = RecordingReader::Open(path);
    EXPECT_TRUE(reader.ok()) << reader.status();
    while (reader.ok()) {
      auto next = reader->Next();
      EXPECT_TRUE(next.ok()) << next.status();
      if (!next.ok() || !*next) break;
      observations.push_back(**std::move(next));
    }
    return observations;
  }
};

TEST_F(ImportCommandTest, LogsAreEnrolledAndVerified) {
  const CliResult reference =
      RunCli({"import", "--from", "openai_jsonl", Log("a.jsonl", 200, 0), "--out", File("reference.jsonl")});
  ASSERT_EQ(reference.exit_code, 0) << reference.err;
  EXPECT_THAT(reference.out, HasSubstr("Imported 200 requests (0 failed) of 1 kinds"));
  ASSERT_EQ(RunCli({"enroll", "--recording", File("reference.jsonl"), "--model", "gpt-x", "--out",
                    File("gpt-x.json")})
                .exit_code,
            0);
  const struct {
    int first;
    bool differs;
  } cases[] = {{0, false}, {3, true}};
  for (const auto& [first, differs] : cases) {
    const std::string out = File("observed-" + std::to_string(first) + ".jsonl");
    const CliResult observed =
        RunCli({"import", "--from", "openai_jsonl", Log("b.jsonl", 100, first), "--fingerprint",
                File("gpt-x.json"), "--session", "today", "--out", out});
    ASSERT_EQ(observed.exit_code, 0) << observed.err;
    EXPECT_THAT(observed.out, HasSubstr("100 were asked as a probe"));
    EXPECT_EQ(Read(out).at(0).session, "today");
    const CliResult verdict =
        RunCli({"verify", "--json", "--fingerprint", File("gpt-x.json"), "--recording", out});
    EXPECT_EQ(Json::parse(verdict.out)["n_observed"], 100);
    EXPECT_EQ(verdict.exit_code == kExitDiffers, differs) << verdict.out;
  }
}

TEST_F(ImportCommandTest, EverySampleIsImported) {
  const struct {
    const char* format;
    const char* sample;
    std::vector<std::string> flags;
    std::size_t observations;
    const char* out;
  } cases[] = {{"openai_jsonl", "openai.jsonl", {}, 3, "(1 failed)"},
               {"litellm", "litellm.json", {}, 2, "1 records left out: answered from a cache"},
               {"langfuse",
                "langfuse.jsonl",
                {"--parameters-complete"},
                2,
                "1 records left out: not known with which"},
               {"helicone", "helicone.jsonl", {"--model", "gpt-x"}, 3, "1 records left out: no request body"},
               {"otel", "otel.json", {"--parameters-complete"}, 2, "1 records left out: inside the span"}};
  for (const auto& [format, sample, flags, observations, out] : cases) {
    const std::string path = File(std::string(format) + ".jsonl.gz");
    std::vector<std::string> arguments = {"import", "--from", format, Sample(sample), "--out", path};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    const CliResult result = RunCli(arguments);
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr(out));
    const std::vector<Observation> read = Read(path);
    ASSERT_EQ(read.size(), observations) << format;
    EXPECT_EQ(read[0].probe.substr(0, 4), "log/");
    // One prompt asked in one way is one probe in every log.
    EXPECT_EQ(read[0].probe, Read(File("openai_jsonl.jsonl.gz")).at(0).probe) << format;
  }
  // Spans name a host; the base URL that a user knows has a path.
  for (const auto& [endpoint, exit_code] : std::map<std::string, int>{
           {"https://relay.example/v1", 0}, {"https://other.example/v1", kExitInputError}}) {
    const CliResult result = RunCli({"import", "--from", "otel", Sample("otel.json"), "--parameters-complete",
                                     "--endpoint", endpoint, "--out", File("chosen.jsonl")});
    EXPECT_EQ(result.exit_code, exit_code) << result.err;
  }
}

TEST_F(ImportCommandTest, WhatWasNotRecordedIsNeverTakenForADefault) {
  for (const auto& [format, sample] :
       {std::pair{"langfuse", "langfuse.jsonl"}, std::pair{"otel", "otel.json"}}) {
    const CliResult result = RunCli({"import", "--from", format, Sample(sample), "--out", File("r.jsonl")});
    EXPECT_EQ(result.exit_code, kExitInputError);
    EXPECT_THAT(result.err, HasSubstr("--parameters-complete"));
    EXPECT_FALSE(std::filesystem::exists(File("r.jsonl")));
  }
}

TEST_F(ImportCommandTest, ASeedMakesNoDraws) {
  std::string lines;
  for (const int seed : {0, 7, 7, 7}) {
    Json pair = Json::parse(R"({"request": {"model": "gpt-x", "temperature": 1, "max_tokens": 4,
        "messages": [{"role": "user", "content": "Pick."}]}, "response": {"choices": [{"message": {"content": "A"}}]}})");
    if (seed > 0) pair["request"]["seed"] = seed;
    lines += pair.dump() + "\n";
  }
  const CliResult result =
      RunCli({"import", "--from", "openai_jsonl", Write("seeds.jsonl", lines), "--out", File("r.jsonl")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("3 records left out: a seed"));
  const std::vector<Observation> read = Read(File("r.jsonl"));
  ASSERT_EQ(read.size(), 1u);
  EXPECT_FALSE(read[0].request.seed.has_value());
}

TEST_F(ImportCommandTest, SamplesAreNumberedOnlyWithoutIds) {
  const std::string log =
      Write("log.jsonl", R"({"request": {"messages": [{"role": "user", "content": "Pick."}]},
"response": {"id": "a", "choices": [{"message": {"content": "A"}}]}})");
  ASSERT_EQ(RunCli({"import", "--from", "openai_jsonl", log, "--out", File("a.jsonl")}).exit_code, 0);
  EXPECT_FALSE(Read(File("a.jsonl")).at(0).sample.has_value());
  const std::string plain =
      Write("plain.jsonl", R"({"request": {"messages": [{"role": "user", "content": "Pick."}]},
"response": {"choices": [{"message": {"content": "A"}}]}})");
  ASSERT_EQ(RunCli({"import", "--from", "openai_jsonl", plain, "--out", File("b.jsonl")}).exit_code, 0);
  EXPECT_EQ(Read(File("b.jsonl")).at(0).sample, 1);
}

// Relays with one id for all answers, with few ids, and logs with clocks of whole seconds or none.
TEST_F(ImportCommandTest, EqualIdsAreNoCopies) {
  ASSERT_EQ(RunCli({"import", "--from", "openai_jsonl", Log("a.jsonl", 400, 0), "--out", File("a-rec.jsonl")})
                .exit_code,
            0);
  ASSERT_EQ(
      RunCli({"enroll", "--recording", File("a-rec.jsonl"), "--model", "gpt-x", "--out", File("gpt-x.json")})
          .exit_code,
      0);
  int number = 0;
  for (const int ids : {1, 7}) {
    for (const bool timed : {false, true}) {
      std::string lines;
      for (int i = 0; i < 300; ++i) {
        Json pair = Json::parse(PairOf("chatcmpl-" + std::to_string(i * 13 % ids), i % 5));
        if (timed) pair["time"] = "2026-11-20T08:00:0" + std::to_string(i / 100) + "Z";
        lines += pair.dump() + "\n";
      }
      const std::string log = Write("log.jsonl", lines), name = std::to_string(++number);
      for (const char* copy : {"", "again"}) {
        ASSERT_EQ(RunCli({"import", "--from", "openai_jsonl", log, "--fingerprint", File("gpt-x.json"),
                          "--out", File(name + copy)})
                      .exit_code,
                  0);
      }
      const CliResult verdict =
          RunCli({"verify", "--json", "--fingerprint", File("gpt-x.json"), "--recording", File(name)});
      EXPECT_EQ(Json::parse(verdict.out)["n_observed"], 300) << ids << timed;
      EXPECT_NE(verdict.exit_code, kExitDiffers) << verdict.out;
      // A log that was imported twice is still one log.
      const CliResult both = RunCli({"verify", "--json", "--fingerprint", File("gpt-x.json"), "--recording",
                                     File(name), "--recording", File(name + "again")});
      EXPECT_EQ(Json::parse(both.out)["n_observed"], 300) << both.err;
    }
  }
}

TEST_F(ImportCommandTest, AnswersThatTheLogDoesNotHoldCountAsFailed) {
  std::string lines;
  for (int i = 0; i < 10; ++i) {
    Json pair = Json::parse(PairOf("id-" + std::to_string(i), 0));
    if (i >= 6) pair.erase("response");
    lines += pair.dump() + "\n";
  }
  const CliResult some =
      RunCli({"import", "--from", "openai_jsonl", Write("some.jsonl", lines), "--out", File("r.jsonl")});
  ASSERT_EQ(some.exit_code, 0) << some.err;
  EXPECT_THAT(some.out, HasSubstr("Imported 10 requests (4 failed)"));
  EXPECT_THAT(some.out, HasSubstr("4 count as failed because the log does not hold the whole answer"));
  EXPECT_TRUE(Read(File("r.jsonl")).at(9).error.has_value());
  // Another model's whole answers make up for nothing.
  for (int i = 0; i < 4; ++i) {
    Json pair = Json::parse(PairOf("id-" + std::to_string(i), 0));
    pair.erase("response");
    lines += pair.dump() + "\n";
  }
  const std::string mixed = Write("mixed.jsonl", lines), other = Log("other.jsonl", 20, 0, "gpt-y");
  const CliResult chosen = RunCli(
      {"import", "--from", "openai_jsonl", mixed, other, "--model", "gpt-x", "--out", File("m.jsonl")});
  EXPECT_EQ(chosen.exit_code, kExitInputError);
  EXPECT_THAT(chosen.err, HasSubstr("no whole answer to 8 of the 14 requests chosen"));
  EXPECT_FALSE(std::filesystem::exists(File("m.jsonl")));
}

TEST_F(ImportCommandTest, ANameThatMayBeTheAnswersChoosesNothing) {
  std::string lines;
  for (const char* model : {"gpt-x", "gpt-x-2026", "gpt-x"}) {
    const Json generation = {{"type", "GENERATION"},
                             {"model", model},
                             {"modelParameters", {{"temperature", 1}, {"max_tokens", 4}}},
                             {"input", Json::array({{{"role", "user"}, {"content", "Pick a letter."}}})},
                             {"output", "A"}};
    lines += generation.dump() + "\n";
  }
  const std::string same = Write("same.jsonl", lines);
  std::vector<std::string> arguments = {
      "import",  "--from", "langfuse", same,           "--parameters-complete",
      "--model", "gpt-x",  "--out",    File("r.jsonl")};
  const CliResult refused = RunCli(arguments);
  EXPECT_EQ(refused.exit_code, kExitInputError);
  EXPECT_THAT(refused.err, HasSubstr("one kind are logged under several names (gpt-x, gpt-x-2026)"));
  arguments.insert(arguments.end(), {"--also-named", "gpt-x-2026"});
  const CliResult named = RunCli(arguments);
  EXPECT_EQ(named.exit_code, 0) << named.err;
  EXPECT_THAT(named.out, HasSubstr("Imported 3 requests"));
  EXPECT_EQ(
      RunCli({"import", "--from", "langfuse", same, "--also-named", "x", "--out", File("n.jsonl")}).exit_code,
      kExitInputError);
  // Another prompt under another name is another model's.
  Json other = Json::parse(lines.substr(0, lines.find('\n')));
  other["model"] = "gpt-y";
  other["input"][0]["content"] = "Pick a number.";
  const std::string apart = Write("apart.jsonl", lines.substr(0, lines.find('\n') + 1) + other.dump() + "\n");
  const CliResult chosen = RunCli({"import", "--from", "langfuse", apart, "--parameters-complete", "--model",
                                   "gpt-x", "--out", File("c.jsonl")});
  EXPECT_EQ(chosen.exit_code, 0) << chosen.err;
  EXPECT_THAT(chosen.out,
              HasSubstr("1 records left out: the log names another model, asked for or answered"));
}

TEST_F(ImportCommandTest, OneModelAndOneEndpointAtATime) {
  const std::string one = Log("one.jsonl", 5, 0), two = Log("two.jsonl", 7, 0, "gpt-y");
  const CliResult both = RunCli({"import", "--from", "openai_jsonl", one, two, "--out", File("r1.jsonl")});
  EXPECT_EQ(both.exit_code, kExitInputError);
  EXPECT_THAT(both.err, HasSubstr("several models (gpt-x, gpt-y)"));
  EXPECT_FALSE(std::filesystem::exists(File("r1.jsonl")));
  const CliResult single =
      RunCli({"import", "--from", "openai_jsonl", one, two, "--model", "gpt-y", "--out", File("r2.jsonl")});
  EXPECT_THAT(single.out, HasSubstr("Imported 7 requests"));
  EXPECT_THAT(single.out, HasSubstr("5 records left out: another model was asked for"));
  const CliResult none =
      RunCli({"import", "--from", "openai_jsonl", one, "--model", "gpt-z", "--out", File("r3.jsonl")});
  EXPECT_EQ(none.exit_code, kExitInputError);
  EXPECT_FALSE(std::filesystem::exists(File("r3.jsonl")));

  const std::string request =
      R"({"request": {"model": "m", "messages": [{"role": "user", "content": "Pick."}]}, "response": {"choices":)"
      R"( [{"message": {"content": "A"}}]})";
  const std::string mixed =
      Write("mixed.jsonl", request + R"(, "endpoint": "https://a.example/v1"})" + "\n" + request +
                               R"(, "endpoint": "https://b.example/v1"})" + "\n" + request + "}\n");
  const CliResult several = RunCli({"import", "--from", "openai_jsonl", mixed, "--out", File("r4.jsonl")});
  EXPECT_EQ(several.exit_code, kExitInputError);
  EXPECT_THAT(several.err, HasSubstr("several endpoints (https://a.example/v1, https://b.example/v1)"));
  const std::string slash =
      Write("slash.jsonl", request + R"(, "endpoint": "https://a.example/v1"})" + "\n" + request +
                               R"(, "endpoint": "https://a.example/v1/"})" + "\n");
  EXPECT_EQ(RunCli({"import", "--from", "openai_jsonl", slash, "--out", File("r6.jsonl")}).exit_code, 0);
  const CliResult chosen = RunCli({"import", "--from", "openai_jsonl", mixed, "--endpoint",
                                   "https://b.example/v1/", "--out", File("r5.jsonl")});
  EXPECT_THAT(chosen.out, HasSubstr("Imported 1 requests"));
  EXPECT_THAT(chosen.out, HasSubstr("2 records left out: sent to another endpoint"));
  const std::string named = request + R"(, "endpoint": "https://a.example/v1"})" + "\n",
                    unnamed = request + "}\n",
                    failed = request.substr(0, request.find(", \"response\"")) + ", \"complete\": false}\n";
  int half = 10;
  for (const std::string& log : {named + unnamed, unnamed + named}) {
    const std::string out = File("r" + std::to_string(++half) + ".jsonl");
    const CliResult result =
        RunCli({"import", "--from", "openai_jsonl", Write("half.jsonl", log), "--out", out});
    EXPECT_EQ(result.exit_code, kExitInputError);
    EXPECT_THAT(result.err, HasSubstr("names an endpoint (https://a.example/v1) for some requests"));
  }
  // A request that failed may have reached no endpoint.
  const CliResult some = RunCli(
      {"import", "--from", "openai_jsonl", Write("some.jsonl", named + failed), "--out", File("r13.jsonl")});
  EXPECT_EQ(some.exit_code, 0) << some.err;
}

TEST_F(ImportCommandTest, OddRecordsAreNamedAndTheRestIsImported) {
  const std::string good = Log("good.jsonl", 3, 0);
  const std::string bad = Write("bad.jsonl", "{\"request\": {\"temperature\": \"hot\"}}\n[3]\n");
  const CliResult result = RunCli({"import", "--from", "openai_jsonl", good, bad, "--out", File("r.jsonl")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("Imported 3 requests"));
  EXPECT_THAT(result.err, HasSubstr("2 records left out that cannot be read"));
  EXPECT_THAT(result.err, HasSubstr("bad.jsonl:1: request.temperature: expected a number"));
  EXPECT_THAT(result.err, HasSubstr("bad.jsonl:2: expected a JSON object"));
}

TEST_F(ImportCommandTest, AnswersThatTheToolCutAccuseNobody) {
  // The same honest answers, of which the tool cuts those from `cut_from` on.
  const auto imported = [this](const std::string& name, int cut_from) {
    std::string lines;
    for (int i = 0; i < 300; ++i) {
      const int digit = i * 7 % 10;
      const std::string mark = "aaa... (litellm_truncated skipped 900 chars) ...zzz";
      const std::string text = digit < cut_from ? std::to_string(digit) : mark;
      const Json messages = Json::array({{{"role", "user"}, {"content", "Pick."}}});
      const Json row = {
          {"request_id", name + std::to_string(i)},
          {"call_type", "acompletion"},
          {"startTime", absl::StrFormat("2026-11-20 08:%02d:%02d", i / 60, i % 60)},
          {"proxy_server_request", {{"model", "gpt-x"}, {"messages", messages}, {"temperature", 1}}},
          {"response", {{"choices", Json::array({{{"message", {{"content", text}}}}})}}}};
      lines += row.dump() + "\n";
    }
    const CliResult result =
        RunCli({"import", "--from", "litellm", Write(name + ".json", lines), "--out", File(name + ".jsonl")});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return File(name + ".jsonl");
  };
  const auto enroll = [this](const std::string& recording, const std::string& name) {
    return RunCli({"enroll", "--recording", recording, "--model", "gpt-x", "--out", File(name)});
  };
  ASSERT_EQ(enroll(imported("whole", 10), "gpt-x.json").exit_code, 0);
  const std::string cut = imported("cut", 7);
  const CliResult verdict =
      RunCli({"verify", "--json", "--fingerprint", File("gpt-x.json"), "--recording", cut});
  EXPECT_EQ(verdict.exit_code, kExitInconclusive) << verdict.out;
  EXPECT_EQ(Json::parse(verdict.out)["reason"], "answers_not_in_log");
  const CliResult refused = enroll(cut, "selected.json");
  EXPECT_EQ(refused.exit_code, kExitInputError);
  EXPECT_THAT(refused.err, HasSubstr("lacks 90 of 300 answers"));
}

TEST_F(ImportCommandTest, ErrorsLeaveNoFileAndNoneIsOverwritten) {
  const std::string bad = Write("bad.jsonl", "{\"request\": {\"temperature\": \"hot\"}}\n");
  const CliResult result = RunCli({"import", "--from", "openai_jsonl", bad, "--out", File("r.jsonl")});
  EXPECT_EQ(result.exit_code, kExitInputError);
  EXPECT_THAT(result.err, HasSubstr("bad.jsonl:1: request.temperature: expected a number"));
  EXPECT_FALSE(std::filesystem::exists(File("r.jsonl")));
  const std::string kept = Write("kept.jsonl", "precious");
  const CliResult refused = RunCli({"import", "--from", "openai_jsonl", Log("a.jsonl", 1, 0), "--out", kept});
  EXPECT_EQ(refused.exit_code, kExitInputError);
  EXPECT_THAT(refused.err, HasSubstr("the file exists"));
  const CliResult endless = RunCli(
      {"import", "--from", "openai_jsonl", Log("a.jsonl", 1, 0), "--out", File(std::string(300, 'x'))});
  EXPECT_EQ(endless.exit_code, kExitInputError);
  EXPECT_THAT(endless.err, HasSubstr("too long; give another name with --out"));
  EXPECT_TRUE(std::filesystem::exists(kept));
  EXPECT_EQ(RunCli({"import", "--from", "csv", kept, "--out", File("x.jsonl")}).exit_code, kExitInputError);
}

}  // namespace
}  // namespace pinchbeck::cli
