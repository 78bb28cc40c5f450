// Plants a key and looks for it in every byte that `pinchbeck collect` leaves behind: output, messages,
// recordings and core dumps, above all where something fails.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/client/scripted_server.h"
#include "tests/faults/child_process.h"
#include "tests/faults/fault_fixture.h"

namespace pinchbeck {
namespace {

using pinchbeck::testing::ChatBody;
using pinchbeck::testing::ChildOptions;
using pinchbeck::testing::ChildProcess;
using pinchbeck::testing::FaultTest;
using pinchbeck::testing::FileContent;
using pinchbeck::testing::HttpBytes;
using pinchbeck::testing::Reply;
using pinchbeck::testing::ScriptedServer;
using pinchbeck::testing::ServedRequest;
using pinchbeck::testing::WaitUntil;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

const std::string kKey = "canary-7f3a9c-51d0e2b84c66";

std::string Base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  unsigned bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) text += kDigits[(bits >> (count - 6)) & 63];
  }
  return text;
}

// What base64 makes of the key after one, two or three bytes of something else, without the digits that
// depend on its neighbours. Basic authentication carries it after "user:".
std::string InBase64(std::size_t bytes_before) {
  const std::string digits = Base64(std::string(bytes_before, 'x') + kKey);
  return digits.substr((8 * bytes_before + 5) / 6);
}

// The last one is its beginning, which a cut message may leave.
const std::vector<std::string> kTraces = {kKey, InBase64(3), InBase64(1), InBase64(2), "canary-7f"};

TEST(Traces, HoldTheKeyOfBasicAuthenticationWhateverIsBeforeIt) {
  for (const char* user : {"", "u", "me", "user", "somebody"}) {
    const std::string header = Base64(std::string(user) + ":" + kKey + "\n");
    int found = 0;
    for (const std::string& trace : kTraces) found += header.find(trace) != std::string::npos ? 1 : 0;
    EXPECT_EQ(found, 1) << user;
  }
}

class RedactionTest : public FaultTest {
 protected:
  RedactionTest() {
    WriteBattery();
    setenv("PINCHBECK_TEST_KEY", kKey.c_str(), 1);
  }
  void TearDown() override {
    unsetenv("PINCHBECK_TEST_KEY");
    FaultTest::TearDown();
  }

  [[nodiscard]] ChildOptions Options(const std::string& url, std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"--max-retries", "0"});
    return CollectOptionsFor(url, File("out.jsonl"), 2, std::move(more));
  }
  [[nodiscard]] ChildOptions WithKey(const std::string& url, std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"--api-key-env", "PINCHBECK_TEST_KEY"});
    return Options(url, std::move(more));
  }

  // Looks into every file of the folder, whatever its name.
  void ExpectNoTrace() const {
    std::size_t bytes = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
      if (!entry.is_regular_file()) continue;
      const std::string content = FileContent(entry.path());
      bytes += content.size();
      for (const std::string& trace : kTraces) {
        const std::size_t at = content.find(trace);
        EXPECT_EQ(at, std::string::npos) << entry.path().filename() << " holds the key: ..."
                                         << content.substr(at < 80 ? 0 : at - 80, 160) << "...";
      }
    }
    EXPECT_GT(bytes, 0U);
  }
};

// --- Servers that give the key back ---

struct Echo {
  const char* name;
  Reply reply;
};

std::string ErrorBody(const std::string& message) {
  return R"({"error":{"message":")" + message + R"(","type":"auth","code":")" + kKey + R"("}})";
}

std::string StreamOf(const std::string& events) { return HttpBytes(200, events, "", "text/event-stream"); }

std::vector<Echo> Echoes() {
  const std::string closing = "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n";
  const std::string padding(386, 'x');
  return {
      {"Refused", {HttpBytes(401, ErrorBody("Incorrect API key provided: " + kKey))}},
      {"RefusedWhereTheMessageIsCut", {HttpBytes(401, ErrorBody(padding + kKey))}},
      {"RefusedInPlainText", {HttpBytes(403, "Bearer " + kKey + " is not welcome", "", "text/plain")}},
      {"RefusedInAPage", {HttpBytes(401, "<html>" + kKey + "</html>", "", "text/html")}},
      {"RefusedByAString", {HttpBytes(400, R"({"detail":"key )" + kKey + R"("})")}},
      {"RefusedWithRetry", {HttpBytes(429, ErrorBody(kKey), "Retry-After: " + kKey + "\r\n")}},
      {"BadJson", {HttpBytes(200, R"({"choices":[)" + kKey)}},
      {"BadJsonWhereItIsCut", {HttpBytes(200, "{" + std::string(190, 'y') + kKey)}},
      {"NotAnAnswer", {HttpBytes(200, R"({"you_sent":")" + kKey + R"("})")}},
      {"InTheAnswer", {HttpBytes(200, ChatBody("your key is " + kKey))}},
      {"AsModelAndId",
       {HttpBytes(200, R"({"id":")" + kKey + R"(","model":")" + kKey + R"(","system_fingerprint":"f )" +
                           kKey + R"(","choices":[{"index":0,"finish_reason":")" + kKey +
                           R"(","message":{"content":"7","reasoning":"hm )" + kKey + R"("}}]})")}},
      {"AsLongName",
       {HttpBytes(200,
                  R"({"model":")" + std::string(1012, 'm') + kKey +
                      R"(","choices":[{"index":0,"finish_reason":"stop","message":{"content":"7"}}]})")}},
      {"AsTokens",
       {HttpBytes(
           200,
           R"({"choices":[{"index":0,"finish_reason":"stop","message":{"content":"7"},"logprobs":{"content":[
          {"token":")" +
               kKey + R"(","logprob":-1,"top_logprobs":[]}]}}]})")}},
      {"InAStream",
       {StreamOf(R"(data: {"choices":[{"index":0,"delta":{"content":"k )" + kKey.substr(0, 9) +
                 R"("}}]})"
                 "\n\n"
                 R"(data: {"choices":[{"index":0,"delta":{"content":")" +
                 kKey.substr(9) +
                 R"("},"finish_reason":"stop"}]})"
                 "\n\ndata: [DONE]\n\n")}},
      {"BadEvent", {StreamOf("data: {\"a\": " + kKey + "\n\n")}},
      {"ErrorInAStream", {StreamOf("event: error\ndata: " + ErrorBody(kKey) + "\n\n")}},
      {"Redirect",
       {HttpBytes(307, kKey, "Location: https://" + kKey + ".example/" + kKey + "?k=" + kKey + "\r\n")}},
      {"Headers", {HttpBytes(401, "{}", "WWW-Authenticate: " + kKey + "\r\nSet-Cookie: k=" + kKey + "\r\n")}},
      {"StatusLine", {"HTTP/1.1 401 " + kKey + "\r\nContent-Length: 0\r\n\r\n"}},
      {"NotHttp", {"SSH " + kKey + "\r\n", Reply::After::kClose}},
      {"BadChunk",
       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + kKey + "\r\n", Reply::After::kClose}},
      {"UnknownCoding", {HttpBytes(200, "x", "Content-Encoding: " + kKey + "\r\n")}},
      {"ClosedInTheMiddle", {closing + R"({"error":")" + kKey, Reply::After::kClose}},
      {"ResetInTheMiddle", {closing + kKey, Reply::After::kReset}},
      {"SilentInTheMiddle", {closing + R"({"error":")" + kKey, Reply::After::kHang}},
      {"SilentFromTheStart", {"", Reply::After::kHang}},
  };
}

class Echoing : public RedactionTest, public ::testing::WithParamInterface<Echo> {};

TEST_P(Echoing, LeavesNoTraceOfTheKey) {
  ScriptedServer server([](const ServedRequest&, int) { return GetParam().reply; });
  const bool silent = GetParam().reply.after == Reply::After::kHang;
  // A silent server ends with the time limit. Longer and longer, until this machine has sent a request in
  // time.
  for (const char* timeout : {"0.4", "4", "40"}) {
    std::filesystem::remove(File("out.jsonl"));
    ChildProcess collect(WithKey(server.url(), {"--timeout", silent ? timeout : "60"}));
    const int code = collect.ExitCode();
    EXPECT_TRUE(code == 0 || code == 4) << code << ": " << FileContent(File("collect.err"));
    EXPECT_FALSE(FileContent(File("out.jsonl")).empty());
    ExpectNoTrace();
    if (!silent || !server.requests().empty()) break;
  }
  // The key was really there to be found.
  ASSERT_FALSE(server.requests().empty());
  EXPECT_THAT(server.requests()[0].head, HasSubstr("Authorization: Bearer " + kKey));
}

INSTANTIATE_TEST_SUITE_P(Servers, Echoing, ::testing::ValuesIn(Echoes()),
                         [](const ::testing::TestParamInfo<Echo>& param) {
                           return std::string(param.param.name);
                         });

TEST_F(RedactionTest, Retries) {
  ScriptedServer server([](const ServedRequest&, int) {
    return Reply{HttpBytes(503, ErrorBody(kKey), "Retry-After-Ms: 1\r\nX-Key: " + kKey + "\r\n")};
  });
  ChildOptions options = CollectOptionsFor(server.url(), File("out.jsonl"), 1,
                                           {"--max-retries", "2", "--api-key-env", "PINCHBECK_TEST_KEY"});
  EXPECT_EQ(ChildProcess(options).ExitCode(), 4);
  EXPECT_EQ(server.requests().size(), 12U);
  ExpectNoTrace();
}

TEST_F(RedactionTest, OtherApisAndCommands) {
  ScriptedServer server([](const ServedRequest&, int) { return Reply{HttpBytes(401, ErrorBody(kKey))}; });
  for (const char* api : {"openai_completions", "openai_responses", "anthropic", "gemini", "ollama"}) {
    std::filesystem::remove(File("out.jsonl"));
    ChildProcess collect(WithKey(server.url(""), {"--api", api}));
    EXPECT_EQ(collect.ExitCode(), 4) << api;
    EXPECT_THAT(server.requests().back().head, HasSubstr(kKey)) << api;
    ExpectNoTrace();
  }
  ChildOptions enroll;
  enroll.arguments = {
      testing::CommandPath(),  "enroll",    "--base-url",         server.url(),        "--api-key-env",
      "PINCHBECK_TEST_KEY",    "--battery", File("battery.json"), "--model",           "m",
      "--max-retries",         "0",         "--save-recording",   File("saved.jsonl"), "--out",
      File("fingerprint.json")};
  enroll.out = File("enroll.out");
  enroll.err = File("enroll.err");
  EXPECT_EQ(ChildProcess(enroll).ExitCode(), 4) << FileContent(File("enroll.err"));
  ExpectNoTrace();
}

// Runs another command with the key in its environment; the files it writes are those of the folder.
TEST_F(RedactionTest, DoctorVerifyAndChecks) {
  // The key where an answer may hold it, so that everything that shows answers shows it, too.
  ScriptedServer server([](const ServedRequest&, int) {
    return Reply{HttpBytes(200, ChatBody("your key is " + kKey),
                           "Via: " + kKey + "\r\nX-RateLimit-Limit-Requests: " + kKey + "\r\n")};
  });
  ScriptedServer refusing([](const ServedRequest&, int) { return Reply{HttpBytes(401, ErrorBody(kKey))}; });
  const auto run = [&](std::vector<std::string> arguments) {
    ChildOptions options;
    options.arguments = {testing::CommandPath()};
    options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
    options.out = File("command.out");
    options.err = File("command.err");
    const int code = ChildProcess(options).ExitCode();
    ExpectNoTrace();
    return code;
  };
  const auto endpoint = [](const std::string& url, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(),
                     {"--base-url", url, "--model", "m", "--api-key-env", "PINCHBECK_TEST_KEY"});
    return arguments;
  };
  for (const bool json : {false, true}) {
    std::vector<std::string> doctor = {"doctor"};
    if (json) doctor.emplace_back("--json");
    EXPECT_EQ(run(endpoint(server.url(), doctor)), 0) << FileContent(File("command.err"));
    EXPECT_THAT(FileContent(File("command.out")), HasSubstr("[key]"));
    EXPECT_EQ(run(endpoint(refusing.url(), doctor)), 4) << FileContent(File("command.err"));
  }

  const std::string battery = File("battery.json");
  ASSERT_EQ(run(endpoint(server.url(),
                         {"collect", "--battery", battery, "--samples", "2", "--out", File("r.jsonl")})),
            0)
      << FileContent(File("command.err"));
  ASSERT_EQ(run({"enroll", "--recording", File("r.jsonl"), "--model", "m", "--out", File("m.json")}), 0)
      << FileContent(File("command.err"));
  const std::vector<std::string> verify = {
      "verify", "--fingerprint", File("m.json"), "--battery", battery, "--samples", "2"};
  std::vector<std::string> saving = verify;
  saving.insert(saving.end(), {"--save-recording", File("observed.jsonl")});
  const std::size_t before = server.requests().size();
  const int verified = run(endpoint(server.url(), saving));
  EXPECT_TRUE(verified == 0 || verified == 3) << verified << FileContent(File("command.err"));
  EXPECT_EQ(server.requests().size(), before + 8);
  EXPECT_EQ(run(endpoint(refusing.url(), verify)), 4) << FileContent(File("command.err"));

  // Here the canary is the secret of the probes as well.
  ASSERT_EQ(
      run(endpoint(server.url(), {"collect", "--groups", "cache,echo", "--samples", "10", "--battery-key-env",
                                  "PINCHBECK_TEST_KEY", "--out", File("checks.jsonl")})),
      0)
      << FileContent(File("command.err"));
  for (const char* form : {"--json", "--alpha=0.01"}) {
    EXPECT_EQ(
        run({"checks", "--recording", File("checks.jsonl"), "--battery-key-env", "PINCHBECK_TEST_KEY", form}),
        1)
        << FileContent(File("command.err"));
  }
}

// --- Other hosts ---

TEST_F(RedactionTest, AnotherHostGetsNeitherKeyNorConnection) {
  ScriptedServer other([](const ServedRequest&, int) { return Reply{HttpBytes(200, ChatBody("7"))}; });
  for (const int status : {301, 302, 303, 307, 308}) {
    std::filesystem::remove(File("out.jsonl"));
    ScriptedServer server([&](const ServedRequest&, int) {
      return Reply{HttpBytes(status, "",
                             "Location: " + other.url("/v1/chat/completions") + "\r\nRefresh: 0; url=" +
                                 other.url() + "\r\nAlt-Svc: h2=\"" + other.url() + "\"\r\n")};
    });
    ChildProcess collect(WithKey(server.url()));
    EXPECT_EQ(collect.ExitCode(), 4) << status;
    ExpectNoTrace();
  }
  EXPECT_EQ(other.connections(), 0);
}

// --- Mistakes of the user ---

TEST_F(RedactionTest, TheKeyInsteadOfItsVariable) {
  ChildProcess collect(Options("http://127.0.0.1:9/v1", {"--api-key-env", kKey}));
  EXPECT_EQ(collect.ExitCode(), 2);
  EXPECT_THAT(FileContent(File("collect.err")), HasSubstr("never the key itself"));
  ExpectNoTrace();
}

TEST_F(RedactionTest, TheKeyInTheAddress) {
  ScriptedServer server([](const ServedRequest&, int) { return Reply{HttpBytes(200, ChatBody("7"))}; });
  const std::string port = std::to_string(server.port());
  for (const std::string& url : {"http://user:" + kKey + "@127.0.0.1:" + port + "/v1",
                                 "http://127.0.0.1:" + port + "/v1?key=" + kKey}) {
    std::filesystem::remove(File("out.jsonl"));
    ChildProcess collect(Options(url));
    EXPECT_EQ(collect.ExitCode(), 0) << FileContent(File("collect.err"));
    EXPECT_FALSE(FileContent(File("out.jsonl")).empty());
    ExpectNoTrace();
  }
}

TEST_F(RedactionTest, PlainHttpToAnotherMachineIsRefusedWithoutTheKey) {
  ChildProcess collect(WithKey("http://relay.example/v1"));
  EXPECT_EQ(collect.ExitCode(), 2);
  EXPECT_THAT(FileContent(File("collect.err")), HasSubstr("--insecure-http"));
  ExpectNoTrace();
}

// --- Crashes ---

void AllowCoreDumps() {
  rlimit limit{};
  getrlimit(RLIMIT_CORE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_CORE, &limit);
}

TEST_F(RedactionTest, ACrashLeavesNoImageOfTheMemoryWithTheKey) {
  ScriptedServer server([](const ServedRequest&, int) { return Reply{"", Reply::After::kHang}; });
  std::filesystem::create_directory(File("crash"));
  const auto dumps_core = [&](ChildOptions options) {
    const std::size_t before = server.requests().size();
    options.folder = File("crash");
    options.before_start = AllowCoreDumps;
    options.arguments.insert(options.arguments.end(), {"--timeout", "60"});
    ChildProcess collect(options);
    EXPECT_TRUE(WaitUntil([&] { return server.requests().size() > before || !collect.Running(); }));
    collect.Signal(SIGABRT);
    const int status = collect.Wait();
    EXPECT_TRUE(WIFSIGNALED(status));
    return WIFSIGNALED(status) && WCOREDUMP(status);
  };
  ChildOptions with_key =
      CollectOptionsFor(server.url(), File("out.jsonl"), 1, {"--api-key-env", "PINCHBECK_TEST_KEY"});
  EXPECT_FALSE(dumps_core(with_key));
  EXPECT_THAT(server.requests()[0].head, HasSubstr(kKey));
  ExpectNoTrace();
  // The same crash without a key says whether this machine makes dumps at all.
  unsetenv("PINCHBECK_TEST_KEY");
  if (!dumps_core(CollectOptionsFor(server.url(), File("out.jsonl"), 1))) {
    GTEST_SKIP() << "no core dumps are made here; the files were searched all the same";
  }
}

TEST_F(RedactionTest, ABatteryKeyIsKeptOutOfCoreDumpsToo) {
  ScriptedServer server([](const ServedRequest&, int) { return Reply{"", Reply::After::kHang}; });
  ChildOptions options;
  options.arguments = {testing::CommandPath(),
                       "collect",
                       "--groups",
                       "echo",
                       "--samples",
                       "1",
                       "--battery-key-env",
                       "PINCHBECK_TEST_KEY",
                       "--base-url",
                       server.url(),
                       "--model",
                       "m",
                       "--api-key-env",
                       "",
                       "--timeout",
                       "60",
                       "--out",
                       File("out.jsonl")};
  options.before_start = AllowCoreDumps;
  ChildProcess collect(options);
  ASSERT_TRUE(WaitUntil([&] { return !server.requests().empty() || !collect.Running(); }));
  ASSERT_TRUE(collect.Running());
  // One byte instead of none, for the sake of programs that collect dumps.
  EXPECT_THAT(FileContent("/proc/" + std::to_string(collect.pid()) + "/limits"),
              ContainsRegex("Max core file size +[01] +[01] "));
}

}  // namespace
}  // namespace pinchbeck
