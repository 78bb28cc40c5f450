// Bad input gives a message that names the place and says what to do, and the right exit status.
#include <gmock/gmock.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "tests/cli/cli_fixture.h"

namespace pinchbeck::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Answer(const std::string& probe, int sample, const std::string& text) {
  return R"({"schema":"pinchbeck.observation/1","probe":")" + probe + R"(","sample":)" +
         std::to_string(sample) +
         R"(,"session":"s","request":{"temperature":1,"max_tokens":4},"response":{"text":")" + text +
         "\"}}\n";
}

// Forty answers to each of three probes.
std::string GoodRecording(int offset = 0) {
  std::string text;
  for (int i = 0; i < 40; ++i) {
    for (int p = 0; p < 3; ++p)
      text += Answer("p" + std::to_string(p), i + offset, std::to_string((i * 7 + p) % 10));
  }
  return text;
}

class BadInputTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    const CliResult result = RunCli({"enroll", "--recording", Write("good.jsonl", GoodRecording()), "--model",
                                     "m", "--out", File("m.json")});
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }
  CliResult Verify(const std::string& recording) {
    return RunCli({"verify", "--fingerprint", File("m.json"), "--recording", recording, "--json"});
  }
};

struct BadLine {
  const char* name;
  std::string line;
  const char* says;
};

TEST_F(BadInputTest, LinesNameFileLineAndField) {
  const BadLine cases[] = {{"broken JSON", R"({"probe": "p0", )", ""},
                           {"not an object", "[1]", "object"},
                           {"no probe", R"({"response":{"text":"1"}})", "probe"},
                           {"other schema", R"({"schema":"pinchbeck.observation/9","probe":"p0"})", "schema"},
                           {"wrong type", R"({"probe":"p0","response":{"text":5}})", "response.text"},
                           {"NaN", R"({"probe":"p0","request":{"temperature":NaN}})", ""},
                           {"1e999", R"({"probe":"p0","request":{"temperature":1e999}})", "temperature"},
                           {"negative time", R"({"probe":"p0","timing":{"total_s":-1}})", "timing.total_s"},
                           {"invalid UTF-8", "{\"probe\":\"p0\",\"response\":{\"text\":\"\xFF\"}}", ""}};
  for (const BadLine& bad : cases) {
    const std::string path =
        Write("bad.jsonl", Answer("p0", 1, "3") + bad.line + "\n" + Answer("p0", 2, "4"));
    const CliResult result = Verify(path);
    EXPECT_EQ(result.exit_code, kExitInputError) << bad.name;
    EXPECT_THAT(result.err, HasSubstr(path + ":2")) << bad.name;
    EXPECT_THAT(result.err, HasSubstr(bad.says)) << bad.name;
    EXPECT_EQ(result.out, "") << bad.name;
  }
}

TEST_F(BadInputTest, FilesThatAreNoRecordings) {
  const struct {
    std::string path;
    const char* name;
  } cases[] = {{File("missing.jsonl"), "missing"},
               {File("."), "folder"},
               {Write("empty.jsonl", ""), "empty"},
               {Write("plain.jsonl.gz", GoodRecording()), "not gzip"}};
  for (const auto& bad : cases) {
    const CliResult result = Verify(bad.path);
    EXPECT_EQ(result.exit_code, kExitInputError) << bad.name;
    EXPECT_THAT(result.err, HasSubstr(bad.path)) << bad.name;
  }
}

#ifdef __SANITIZE_THREAD__

// The thread sanitizer keeps several bytes of its own for each byte in use, so that the process's size says
// nothing: it is asked for what was allocated. It has no header for that in GCC.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void*, std::size_t),
                                                         void (*on_free)(const volatile void*));
extern "C" std::size_t __sanitizer_get_allocated_size(const volatile void* memory);

std::atomic<std::int64_t> allocated_bytes = 0;
std::atomic<std::int64_t> most_allocated_bytes = 0;

void CountAllocated(const volatile void* /*memory*/, std::size_t bytes) {
  const std::int64_t now = allocated_bytes += static_cast<std::int64_t>(bytes);
  std::int64_t most = most_allocated_bytes;
  while (now > most && !most_allocated_bytes.compare_exchange_weak(most, now)) {
  }
}

void CountFreed(const volatile void* memory) {
  allocated_bytes -= static_cast<std::int64_t>(__sanitizer_get_allocated_size(memory));
}

// How many KiB more than before the call are in use at most while `run` runs.
std::optional<std::int64_t> MostMemoryKib(const std::function<void()>& run) {
  static const bool counting = __sanitizer_install_malloc_and_free_hooks(CountAllocated, CountFreed) != 0;
  if (!counting) return std::nullopt;
  const std::int64_t before = allocated_bytes;
  most_allocated_bytes = before;
  run();
  return (most_allocated_bytes - before) >> 10;
}

#else

// A line of /proc/self/status in KiB; empty where there is none.
std::optional<std::int64_t> StatusKib(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(name + ":", 0) == 0) return std::stoll(line.substr(name.size() + 1));
  }
  return std::nullopt;
}

// How many KiB more than before the call are in use at most while `run` runs; empty where the system does not
// tell.
std::optional<std::int64_t> MostMemoryKib(const std::function<void()>& run) {
  // Writing 5 there makes the peak start again from what is in use.
  std::ofstream("/proc/self/clear_refs") << 5 << std::flush;
  const auto before = StatusKib("VmRSS");
  run();
  const auto peak = StatusKib("VmHWM");
  if (!before || !peak) return std::nullopt;
  return *peak - *before;
}

#endif

TEST_F(BadInputTest, HundredMegabyteLine) {
  const std::string path = Write("long.jsonl", Answer("p0", 1, "3"));
  {
    std::ofstream file(path, std::ios::binary | std::ios::app);
    const std::string piece(1 << 20, 'x');
    file << R"({"probe":"p0","response":{"text":")";
    for (int i = 0; i < 100; ++i) file << piece;
    file << "\"}}\n";
  }
  CliResult result;
  const auto most = MostMemoryKib([&] { result = Verify(path); });
  EXPECT_EQ(result.exit_code, kExitInputError);
  EXPECT_THAT(result.err, HasSubstr(path + ":2"));
  // The line is given up at 16 MiB; a buffer that doubles holds twice that, and for a moment half of it
  // again.
  if (!most) GTEST_SKIP() << "this system does not tell a process its memory";
  EXPECT_LT(*most, 64 << 10) << "KiB more than before";
}

TEST_F(BadInputTest, DamagedFingerprints) {
  std::ifstream file(File("m.json"));
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  nlohmann::json other = nlohmann::json::parse(text);
  other["schema"] = "pinchbeck.fingerprint/2";
  const struct {
    std::string content;
    const char* says;
  } cases[] = {{text.substr(0, text.size() / 2), "cut off"},
               {other.dump(), "another major version"},
               {"{}", "schema"}};
  for (const auto& bad : cases) {
    const CliResult result = RunCli(
        {"verify", "--fingerprint", Write("bad.json", bad.content), "--recording", File("good.jsonl")});
    EXPECT_EQ(result.exit_code, kExitInputError);
    EXPECT_THAT(result.err, HasSubstr("bad.json"));
    EXPECT_THAT(result.err, HasSubstr(bad.says));
  }
}

TEST_F(BadInputTest, DuplicatesAreLeftOutWithAWarning) {
  const CliResult once = Verify(Write("once.jsonl", GoodRecording(100)));
  const CliResult twice = RunCli({"verify", "--fingerprint", File("m.json"), "--recording",
                                  File("once.jsonl"), "--recording", File("once.jsonl"), "--json"});
  const auto a = nlohmann::json::parse(once.out), b = nlohmann::json::parse(twice.out);
  EXPECT_EQ(a["n_observed"], b["n_observed"]);
  EXPECT_EQ(a["p_value"], b["p_value"]);
  EXPECT_THAT(b["warnings"].dump(), HasSubstr("had been read before"));
}

TEST_F(BadInputTest, KilledWriterLosesOnlyTheLastLine) {
  const CliResult result = Verify(Write("cut.jsonl", GoodRecording(100) + R"({"probe":"p0","resp)"));
  const auto report = nlohmann::json::parse(result.out);
  EXPECT_EQ(report["n_observed"], 120);
  EXPECT_THAT(report["warnings"].dump(), HasSubstr("incomplete"));
}

TEST_F(BadInputTest, NoUsableObservation) {
  std::string failed;
  for (int i = 0; i < 5; ++i) {
    failed += R"({"probe":"p0","sample":)" + std::to_string(i) +
              R"(,"error":{"kind":"http","status":401,"message":"no"}})"
              "\n";
  }
  const CliResult verify = Verify(Write("failed.jsonl", failed));
  EXPECT_EQ(verify.exit_code, kExitNotMeasurable);
  EXPECT_EQ(nlohmann::json::parse(verify.out)["reason"], "no_usable_observation");
  const CliResult enroll =
      RunCli({"enroll", "--recording", File("failed.jsonl"), "--model", "x", "--out", File("x.json")});
  EXPECT_EQ(enroll.exit_code, kExitInputError);
  EXPECT_THAT(enroll.err, HasSubstr("5 x http 401"));
  EXPECT_FALSE(std::filesystem::exists(File("x.json")));
}

TEST_F(BadInputTest, OneSidedProbes) {
  std::string other;
  for (int i = 0; i < 10; ++i) other += Answer("elsewhere", i, "1");
  const CliResult result = Verify(Write("other.jsonl", other));
  EXPECT_EQ(result.exit_code, kExitNotMeasurable);
  const auto report = nlohmann::json::parse(result.out);
  EXPECT_EQ(report["reason"], "nothing_comparable");
  EXPECT_THAT(report["warnings"].dump(), HasSubstr("does not hold"));
}

TEST_F(BadInputTest, OneAnswerAProbeIsNeverAgreement) {
  const CliResult result =
      Verify(Write("one.jsonl", Answer("p0", 1, "0") + Answer("p1", 1, "1") + Answer("p2", 1, "2")));
  EXPECT_EQ(result.exit_code, kExitInconclusive) << result.out;
  const auto report = nlohmann::json::parse(result.out);
  EXPECT_EQ(report["reason"], "too_few_observations");
  EXPECT_GT(report["n_observed_needed"].get<int>(), 3);
}

TEST_F(BadInputTest, AllIdenticalAnswers) {
  std::string same, different;
  for (int i = 0; i < 40; ++i) {
    same += Answer("p0", i, "7");
    different += Answer("p0", i, "8");
  }
  ASSERT_EQ(
      RunCli({"enroll", "--recording", Write("same.jsonl", same), "--model", "s", "--out", File("s.json")})
          .exit_code,
      0);
  const CliResult equal =
      RunCli({"verify", "--fingerprint", File("s.json"), "--recording", File("same.jsonl"), "--json"});
  EXPECT_NE(equal.exit_code, kExitDiffers);
  EXPECT_EQ(nlohmann::json::parse(equal.out)["p_value"], 1.0);
  const CliResult other = RunCli(
      {"verify", "--fingerprint", File("s.json"), "--recording", Write("other.jsonl", different), "--json"});
  EXPECT_EQ(other.exit_code, kExitDiffers);
}

TEST_F(BadInputTest, OtherConditionsAreRefusedWithTheList) {
  std::string warm = GoodRecording(100);
  for (std::size_t at = 0; (at = warm.find("\"temperature\":1", at)) != std::string::npos; at += 5) {
    warm.replace(at, 15, "\"temperature\":0");
  }
  const CliResult refused = Verify(Write("warm.jsonl", warm));
  EXPECT_EQ(refused.exit_code, kExitInputError);
  EXPECT_THAT(refused.err, HasSubstr("temperature is 0 in the recording, 1 in the fingerprint"));
  const CliResult ranked = RunCli({"verify", "--fingerprint", File("m.json"), "--recording",
                                   File("warm.jsonl"), "--ranking-only", "--json"});
  EXPECT_EQ(ranked.exit_code, kExitInconclusive);
  EXPECT_EQ(nlohmann::json::parse(ranked.out)["reason"], "ranking_only");
}

TEST_F(BadInputTest, CommandLine) {
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"verify"},
      {"verify", "--fingerprint", File("m.json")},
      {"nonsense"},
      {"verify", "--fingerprint", File("m.json"), "--recording", File("good.jsonl"), "--alpha", "2"},
      {"compare", "--recording-a", File("good.jsonl")},
      {"enroll", "--recording", File("good.jsonl"), "--model", "m"}};
  for (const auto& arguments : wrong) {
    const CliResult result = RunCli(arguments);
    EXPECT_EQ(result.exit_code, kExitInputError) << ::testing::PrintToString(arguments);
    EXPECT_NE(result.err, "") << ::testing::PrintToString(arguments);
  }
}

// The parser alone would take the next argument for the value.
TEST_F(BadInputTest, AnEqualsSignWithNothingBehindItTakesNoOtherArgument) {
  const CliResult key = RunCli({"collect", "--api-key-env=", "--base-url", "http://127.0.0.1:9/v1", "--model",
                                "m", "--out", File("o.jsonl")});
  EXPECT_EQ(key.exit_code, 2);
  EXPECT_EQ(key.err,
            "pinchbeck: --api-key-env=: nothing follows the \"=\"; write --api-key-env VALUE, or "
            "--api-key-env \"\" for an empty value\n");
  EXPECT_FALSE(std::filesystem::exists(File("o.jsonl")));
  // Also below another command, and as the last argument.
  EXPECT_THAT(RunCli({"fingerprints", "prompts", "--from=", "x"}).err, HasSubstr("--from=: nothing follows"));
  EXPECT_THAT(RunCli({"enroll", "--recording", "r.jsonl", "--out="}).err,
              HasSubstr("--out=: nothing follows"));
  // Values that end like this, unknown names, and what follows "--" are none of these.
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"enroll", "--recording", "r.jsonl", "--model=m=", "--out", File("x.json")},
           {"enroll", "--recording", "r.jsonl", "--model", "m=", "--out", File("x.json")},
           {"enroll", "--recording", "r.jsonl", "--unknown=", "m"},
           {"enroll", "--", "--out="}}) {
    const CliResult other = RunCli(arguments);
    EXPECT_EQ(other.exit_code, 2);
    EXPECT_THAT(other.err, Not(HasSubstr("nothing follows")));
  }
}

TEST_F(BadInputTest, HelpShowsAnExample) {
  for (const char* command : {"collect", "enroll", "verify", "compare", "mock-relay", "demo"}) {
    const CliResult result = RunCli({command, "--help"});
    EXPECT_EQ(result.exit_code, 0) << command;
    EXPECT_THAT(result.out, HasSubstr("Example")) << command;
  }
  EXPECT_THAT(RunCli({"--version"}).out, HasSubstr("pinchbeck 0."));
}

}  // namespace
}  // namespace pinchbeck::cli
