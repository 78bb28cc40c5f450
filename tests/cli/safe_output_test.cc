#include "src/cli/safe_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/cli/cli_fixture.h"
#include "tests/client/scripted_server.h"

namespace pinchbeck::cli {
namespace {

using nlohmann::json;
using pinchbeck::testing::HttpBytes;
using pinchbeck::testing::Reply;
using pinchbeck::testing::ScriptedServer;
using pinchbeck::testing::ServedRequest;
using ::testing::HasSubstr;

std::string Passed(const std::vector<std::string>& pieces) {
  std::ostringstream target;
  {
    SafeOutput output(target);
    for (const std::string& piece : pieces) output.stream() << piece;
  }
  return target.str();
}

TEST(SafeOutput, PassesTextOnAndShowsWhatATerminalWouldObey) {
  const struct {
    std::string text, expected;
  } cases[] = {{"plain\n\ttext", "plain\n\ttext"},
               {"gr\xC3\xBC\xC3\x9F \xE4\xBD\xA0 \xF0\x9F\x98\x80",
                "gr\xC3\xBC\xC3\x9F \xE4\xBD\xA0 \xF0\x9F\x98\x80"},
               {"\x1b[31mred", "\\u001b[31mred"},
               {std::string("a\0b", 3), "a\\u0000b"},
               {"a\rb\x08\x07", "a\\u000db\\u0008\\u0007"},
               {"\x7f", "\\u007f"},
               {"\xC2\x9B"
                "31m",
                "\\u009b31m"},
               {"\x9B"
                "31m",
                "\xEF\xBF\xBD"
                "31m"},
               {"\xE2\x80\xAE"
                "abc",
                "\\u202eabc"},
               {"\xE2\x81\xA6"
                "abc",
                "\\u2066abc"},
               {"\xC3", "\xEF\xBF\xBD"},
               {"\xE4\xBD"
                "a",
                "\xEF\xBF\xBD"
                "a"},
               {"\xED\xA0\x80", "\xEF\xBF\xBD"},
               {"\xC0\x9B", "\xEF\xBF\xBD\xEF\xBF\xBD"}};
  for (const auto& test : cases) {
    EXPECT_EQ(Passed({test.text}), test.expected);
    // Cut anywhere, the result is the same.
    std::vector<std::string> bytes;
    for (const char c : test.text) bytes.emplace_back(1, c);
    EXPECT_EQ(Passed(bytes), test.expected);
  }
}

TEST(SafeOutput, JsonKeepsItsMeaning) {
  const json value = {{"text", "a\x7f \xC2\x9B \xE2\x80\xAE \x1b"}};
  EXPECT_EQ(json::parse(Passed({value.dump()})), value);
}

TEST(SafeOutput, AFailedTargetIsNoticed) {
  std::ostringstream target;
  target.setstate(std::ios::badbit);
  SafeOutput output(target);
  output.stream() << "text";
  EXPECT_TRUE(output.stream().bad());
}

// --- Every command, with names and answers that try to reach the terminal ---

constexpr const char* kEvil =
    "evil\x1b[2J\x1b]0;owned\x07\xC2\x9B"
    "31m\xE2\x80\xAEtxt";

// Whether a terminal would see anything but text.
void ExpectHarmless(const CliResult& result, const std::string& what) {
  for (const std::string* text : {&result.out, &result.err}) {
    for (const char* bad : {"\x1b", "\x07", "\xC2\x9B", "\xE2\x80\xAE", "\r", "\x08", "\x7f"}) {
      EXPECT_EQ(text->find(bad), std::string::npos) << what << ": " << *text;
    }
  }
}

class TerminalTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    battery_ = Write("battery.json", R"({"schema":"pinchbeck.battery/1","name":"tiny","version":"1","probes":[
      {"id":"a","group":"choice","signals":["choice"],"messages":[{"role":"user","content":"Pick."}],
       "sampling":{"temperature":1,"max_tokens":4}}]})");
    json line = {
        {"schema", "pinchbeck.observation/1"},
        {"probe", std::string("p/") + kEvil},
        {"signals", {"choice"}},
        {"session", kEvil},
        {"endpoint", kEvil},
        {"request", {{"model", kEvil}, {"temperature", 1.0}, {"max_tokens", 8}, {"prompt_sha256", kEvil}}},
        {"response", {{"model", kEvil}, {"text", kEvil}, {"system_fingerprint", kEvil}}}};
    std::string good;
    for (int i = 0; i < 12; ++i) {
      line["sample"] = i;
      line["time"] = "2026-11-20T08:00:0" + std::to_string(i % 10) + "Z";
      good += line.dump() + "\n";
    }
    recording_ = Write("recording.jsonl", good);
    line["usage"] = {{"input_tokens", kEvil}};
    broken_ = Write("broken.jsonl", good + line.dump() + "\n");
  }

  std::string battery_, recording_, broken_;
};

TEST_F(TerminalTest, RecordingsAndFingerprints) {
  const std::string fingerprint = File("evil.json");
  ExpectHarmless(RunCli({"enroll", "--recording", recording_, "--model", kEvil, "--out", fingerprint}),
                 "enroll");
  ASSERT_TRUE(std::filesystem::exists(fingerprint));
  const std::string folder = std::filesystem::path(fingerprint).parent_path().string();
  const std::vector<std::vector<std::string>> commands = {
      {"verify", "--fingerprint", fingerprint, "--recording", recording_},
      {"verify", "--fingerprint", fingerprint, "--recording", recording_, "--json"},
      {"verify", "--fingerprint", fingerprint, "--recording", broken_},
      {"verify", "--fingerprint", battery_, "--recording", recording_},
      {"verify", "--fingerprint", kEvil, "--recording", recording_},
      {"compare", "--recording-a", recording_, "--recording-b", recording_},
      {"compare", "--recording-a", broken_, "--recording-b", recording_},
      {"monitor", "--fingerprint", fingerprint, "--recording", recording_, "--state", File("state.json")},
      {"plan", "--fingerprint", fingerprint, "--against", fingerprint, "--runs", "20"},
      {"fingerprints", "show", fingerprint},
      {"fingerprints", "show", fingerprint, "--json"},
      {"enroll", "--recording", broken_, "--model", "m", "--out", File("other.json")},
      {"no-such-command", kEvil}};
  for (const std::vector<std::string>& command : commands) {
    const CliResult result = RunCli(command);
    EXPECT_FALSE(result.out.empty() && result.err.empty()) << command[0];
    ExpectHarmless(result, command[0]);
  }
  std::filesystem::create_directory(File("library"));
  std::filesystem::copy_file(fingerprint, File("library") + "/a.json");
  ExpectHarmless(RunCli({"identify", "--fingerprints", File("library"), "--recording", recording_}),
                 "identify");
}

struct HostileReply {
  const char* name;
  std::string bytes;
};

TEST_F(TerminalTest, ServersInEveryAnswerAndError) {
  const std::string evil = json(kEvil).dump();  // with its quotation marks; C1 and layout marks stay raw
  const std::string message =
      R"({"error":{"message":)" + evil + R"(,"code":)" + evil + R"(,"param":)" + evil + "}}";
  const std::vector<HostileReply> replies = {
      {"error", HttpBytes(500, message)},
      {"refused", HttpBytes(401, message)},
      {"error in a good answer", HttpBytes(200, message)},
      {"no json", HttpBytes(200, kEvil)},
      {"an error page", HttpBytes(404, kEvil)},
      {"a redirect", HttpBytes(302, "", "Location: http://evil\x1b[2J.example/\r\n")},
      {"not http", std::string(kEvil) + "\r\n"},
      {"a good answer",
       HttpBytes(200,
                 R"({"id":)" + evil + R"(,"model":)" + evil + R"(,"system_fingerprint":)" + evil +
                     R"(,"choices":[{"index":0,"finish_reason":)" + evil + R"(,"message":{"content":)" +
                     evil + "}}]}",
                 "Via: " + std::string(kEvil) + "\r\nX-RateLimit-Limit: " + kEvil + "\r\n")}};
  for (const HostileReply& reply : replies) {
    ScriptedServer server([&](const ServedRequest&, int) {
      return Reply{reply.bytes, Reply::After::kClose};
    });
    const std::vector<std::string> endpoint = {"--base-url", server.url(),    "--model",
                                               "m",          "--api-key-env", ""};
    const auto run = [&](std::vector<std::string> arguments) {
      arguments.insert(arguments.end(), endpoint.begin(), endpoint.end());
      ExpectHarmless(RunCli(arguments), std::string(reply.name) + ", " + arguments[0]);
    };
    const std::string out = File("out.jsonl");
    for (const char* form : {"", "--json"}) {
      std::vector<std::string> collect = {"collect",       "--battery", battery_, "--samples", "2",
                                          "--max-retries", "0",         "--out",  out};
      std::vector<std::string> doctor = {"doctor"};
      if (*form != '\0') {
        collect.emplace_back(form);
        doctor.emplace_back(form);
      }
      run(collect);
      run(doctor);
      std::filesystem::remove(out);
    }
  }
}

// Nothing that a server sends chooses a file: what a collection leaves is the recording alone.
TEST_F(TerminalTest, ARecordingStaysInItsFile) {
  const std::string name = "../../escape/\\u0000/etc/passwd";
  ScriptedServer server([&](const ServedRequest&, int) {
    return Reply{HttpBytes(200, R"({"id":")" + name + R"(","model":")" + name + R"(","choices":[{"index":0,
                           "finish_reason":"stop","message":{"content":"../../x\n{\"probe\":\"forged\"}\n"}}]})",
                           "Content-Disposition: attachment; filename=\"../../escape\"\r\n")};
  });
  std::filesystem::create_directory(File("work"));
  const std::string out = File("work") + "/out.jsonl";
  ASSERT_EQ(RunCli({"collect", "--base-url", server.url(), "--model", "../../m", "--session", "../../s",
                    "--api-key-env", "", "--battery", battery_, "--samples", "3", "--out", out})
                .exit_code,
            0);
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           std::filesystem::path(out).parent_path().parent_path())) {
    if (entry.is_regular_file()) files.push_back(entry.path().filename().string());
  }
  EXPECT_THAT(
      files, ::testing::UnorderedElementsAre("battery.json", "recording.jsonl", "broken.jsonl", "out.jsonl"));
  // Line feeds in an answer forge no second line.
  std::ifstream file(out);
  int lines = 0;
  for (std::string line; std::getline(file, line); ++lines) EXPECT_EQ(json::parse(line)["probe"], "a");
  EXPECT_EQ(lines, 3);
}

}  // namespace
}  // namespace pinchbeck::cli
