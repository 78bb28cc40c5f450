// --html, --junit and --markdown from the command line to the files.
#include "src/cli/report_files.h"

#include <gmock/gmock.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/internal/digest.h"
#include "src/cli/input_stamps.h"
#include "src/internal/file_digest.h"
#include "tests/cli/cli_fixture.h"
#include "tests/client/scripted_server.h"

namespace pinchbeck::cli {
namespace {

using pinchbeck::testing::ChatBody;
using pinchbeck::testing::HttpBytes;
using pinchbeck::testing::Reply;
using pinchbeck::testing::ScriptedServer;
using pinchbeck::testing::ServedRequest;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Answers(int count, int modulus) {
  std::ostringstream text;
  for (int i = 0; i < count; ++i) {
    text << R"({"schema":"pinchbeck.observation/1","probe":"number","sample":)" << i
         << R"(,"request":{"temperature":1},"response":{"text":")" << 1 + (i * 7 + i * i) % modulus
         << "\"}}\n";
  }
  return text.str();
}

class ReportFilesTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    Write("reference.jsonl", Answers(120, 11));
    ASSERT_EQ(
        RunCli({"enroll", "--recording", File("reference.jsonl"), "--model", "m<1>", "--out", File("m.json")})
            .exit_code,
        0);
    Write("observed.jsonl", Answers(60, 11));
  }
  std::vector<std::string> Verify(const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"verify", "--fingerprint", File("m.json"), "--recording",
                                          File("observed.jsonl")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  std::string Read(const std::string& name) const {
    std::ifstream file(File(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
};

TEST_F(ReportFilesTest, AllThreeBesideThePrintedReport) {
  const CliResult result = RunCli(Verify(
      {"--html", File("r.html"), "--junit", File("r.xml"), "--markdown", File("r.md"), "--seed", "7"}));
  EXPECT_THAT(result.out, HasSubstr("CONSISTENT with the reference of m<1>"));
  EXPECT_EQ(result.err, "");
  const std::string html = Read("r.html"), digest = internal::Sha256Hex(Read("observed.jsonl"));
  EXPECT_THAT(html, AllOf(HasSubstr("m&lt;1&gt;"), HasSubstr(digest), HasSubstr("--seed 7"),
                          HasSubstr("--recording " + File("observed.jsonl"))));
  EXPECT_THAT(html, HasSubstr("id=\"choice-0-t\""));
  EXPECT_THAT(Read("r.xml"), HasSubstr(digest));
  EXPECT_THAT(Read("r.md"), HasSubstr(digest));
  // Nothing is left beside them.
  for (const char* part : {"r.html.part", "r.xml.part", "r.md.part"})
    EXPECT_FALSE(std::filesystem::exists(File(part)));
}

// The command in the report gives the report again.
TEST_F(ReportFilesTest, TheCommandRepeatsTheAudit) {
  ASSERT_EQ(RunCli(Verify({"--markdown", File("r.md"), "--alpha", "0.02", "--claim", "serving",
                           "--permutations", "499", "--json"}))
                .exit_code,
            0);
  const std::string text = Read("r.md");
  const std::size_t begin = text.find("    pinchbeck verify ") + 4 + std::string("pinchbeck ").size();
  std::istringstream words(text.substr(begin, text.find('\n', begin) - begin));
  std::vector<std::string> arguments;
  for (std::string word; words >> word;) arguments.push_back(word);
  arguments.insert(arguments.end(), {"--markdown", File("again.md")});
  ASSERT_EQ(RunCli(arguments).exit_code, 0);
  EXPECT_EQ(Read("again.md"), text);
}

TEST_F(ReportFilesTest, CompareAndIdentifyWriteThemToo) {
  const CliResult compared =
      RunCli({"compare", "--recording-a", File("reference.jsonl"), "--recording-b", File("observed.jsonl"),
              "--html", File("c.html"), "--junit", File("c.xml")});
  EXPECT_NE(compared.exit_code, 2) << compared.err;
  EXPECT_THAT(Read("c.html"), AllOf(HasSubstr("recording A"), HasSubstr("pinchbeck compare --recording-a")));
  EXPECT_THAT(Read("c.xml"), HasSubstr("<testsuites"));
  ASSERT_TRUE(std::filesystem::create_directory(File("models")));
  std::filesystem::copy(File("m.json"), File("models/m.json"));
  const CliResult identified = RunCli({"identify", "--fingerprints", File("models"), "--recording",
                                       File("observed.jsonl"), "--html", File("i.html")});
  EXPECT_NE(identified.exit_code, 2) << identified.err;
  EXPECT_THAT(Read("i.html"), AllOf(HasSubstr("pinchbeck identify --fingerprints"), HasSubstr("m&lt;1&gt;"),
                                    HasSubstr(internal::Sha256Hex(Read("models/m.json")))));
}

TEST_F(ReportFilesTest, BadPlacesAreErrorsThatNameTheFile) {
  ASSERT_TRUE(std::filesystem::create_directory(File("folder")));
  struct Case {
    std::vector<std::string> arguments;
    std::string file, what;
  };
  const Case cases[] = {
      {{"--html", File("folder")}, File("folder"), "is a folder"},
      {{"--junit", File("none/r.xml")}, File("none/r.xml"), "there is no folder"},
      {{"--html", File("observed.jsonl")}, File("observed.jsonl"), "would overwrite"},
      {{"--markdown", File("folder/../m.json")}, File("folder/../m.json"), "would overwrite"},
      {{"--html", File("r"), "--junit", File("r")}, File("r"), "would overwrite"},
  };
  for (const Case& item : cases) {
    const CliResult result = RunCli(Verify(item.arguments));
    EXPECT_EQ(result.exit_code, 2) << item.what;
    EXPECT_EQ(result.out, "") << "found before anything is tested";
    EXPECT_THAT(result.err, AllOf(HasSubstr(item.file), HasSubstr(item.what)));
  }
  EXPECT_THAT(Read("observed.jsonl"), HasSubstr("pinchbeck.observation/1"));
}

TEST_F(ReportFilesTest, AFailedWriteIsAnErrorAfterTheVerdict) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full on this system";
  const CliResult result = RunCli(Verify({"--html", "/dev/full"}));
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.out, HasSubstr("the reference of m<1>"));
  EXPECT_THAT(result.err, HasSubstr("/dev/full"));
}

TEST_F(ReportFilesTest, FingerprintsOfAFolderAreNotOverwritten) {
  ASSERT_TRUE(std::filesystem::create_directory(File("models")));
  std::filesystem::copy(File("m.json"), File("models/m.json"));
  const CliResult verified =
      RunCli(Verify({"--alternatives", File("models"), "--html", File("models/m.json")}));
  const CliResult identified = RunCli({"identify", "--fingerprints", File("models"), "--recording",
                                       File("observed.jsonl"), "--html", File("models/m.json")});
  for (const CliResult& result : {verified, identified}) {
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err, HasSubstr("would overwrite"));
  }
  EXPECT_EQ(Read("models/m.json"), Read("m.json"));
}

TEST_F(ReportFilesTest, SomebodysFileIsNotTakenForATemporaryOne) {
  Write("r.html.part", "mine");
  EXPECT_EQ(RunCli(Verify({"--html", File("r.html")})).exit_code, 0);
  EXPECT_EQ(Read("r.html.part"), "mine");
  EXPECT_THAT(Read("r.html"), HasSubstr("</html>"));
  EXPECT_FALSE(std::filesystem::exists(File("r.html.part1")));
}

TEST_F(ReportFilesTest, ALinkStaysAndItsTargetIsReplaced) {
  Write("target.html", "old");
  std::filesystem::create_symlink("target.html", File("link.html"));
  std::filesystem::create_symlink("new.xml", File("link.xml"));
  EXPECT_EQ(RunCli(Verify({"--html", File("link.html"), "--junit", File("link.xml")})).exit_code, 0);
  EXPECT_TRUE(std::filesystem::is_symlink(File("link.html")));
  EXPECT_TRUE(std::filesystem::is_symlink(File("link.xml")));
  EXPECT_THAT(Read("target.html"), HasSubstr("</html>"));
  EXPECT_THAT(Read("new.xml"), HasSubstr("<testsuites"));
}

// As /dev/stdout does under a redirection, the name leads to a regular file that somebody writes to.
TEST_F(ReportFilesTest, AnOpenFileIsWrittenToNotReplaced) {
  if (!std::filesystem::exists("/dev/fd")) GTEST_SKIP() << "no /dev/fd on this system";
  Write("redirected", "printed\n");
  std::FILE* file = std::fopen(File("redirected").c_str(), "a");
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(RunCli(Verify({"--markdown", "/dev/fd/" + std::to_string(fileno(file))})).exit_code, 0);
  EXPECT_GE(std::fputs("more\n", file), 0);
  std::fclose(file);
  EXPECT_THAT(Read("redirected"), AllOf(HasSubstr("printed\n## Consistent"), HasSubstr("more\n")));
}

TEST_F(ReportFilesTest, AFailedRunLeavesNoOldReport) {
  Write("r.html", "old");
  Write("r.xml", "old");
  Write("broken.jsonl", "no JSON\nno JSON\n");
  const CliResult result = RunCli({"verify", "--fingerprint", File("m.json"), "--recording",
                                   File("broken.jsonl"), "--html", File("r.html"), "--junit", File("r.xml")});
  EXPECT_NE(result.exit_code, 0);
  EXPECT_EQ(result.out, "");
  EXPECT_FALSE(std::filesystem::exists(File("r.html")));
  EXPECT_FALSE(std::filesystem::exists(File("r.xml")));
}

TEST_F(ReportFilesTest, OneFileThatFailsDoesNotKeepTheOthers) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full on this system";
  const CliResult result =
      RunCli(Verify({"--html", "/dev/full", "--junit", File("r.xml"), "--markdown", File("r.md")}));
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(Read("r.xml"), HasSubstr("<testsuites"));
  EXPECT_THAT(Read("r.md"), HasSubstr("## Consistent"));
}

// A live audit: no key in any file, although the server repeats it and the address holds it.
TEST_F(ReportFilesTest, NoReportHoldsAKey) {
  constexpr const char* kKey = "canary-key-51d0aa";
  ScriptedServer server([](const ServedRequest&, int n) {
    return Reply{HttpBytes(200, ChatBody(n % 2 == 0 ? std::string("7") : std::string(kKey)))};
  });
  Write("battery.json", R"({"schema":"pinchbeck.battery/1","name":"tiny","version":"1","probes":[
      {"id":"number","group":"choice","signals":["choice"],"messages":[{"role":"user","content":"Pick."}],
       "sampling":{"temperature":1}}]})");
  setenv("PINCHBECK_TEST_REPORT_KEY", kKey, 1);
  std::vector<std::string> arguments = {"verify",
                                        "--fingerprint",
                                        File("m.json"),
                                        "--base-url",
                                        server.url() + "?key=" + kKey,
                                        "--model",
                                        "x",
                                        "--api-key-env",
                                        "PINCHBECK_TEST_REPORT_KEY",
                                        "--battery",
                                        File("battery.json"),
                                        "--samples",
                                        "6",
                                        "--groups",
                                        "choice",
                                        "--token-limit-field",
                                        "max_completion_tokens",
                                        "--insecure-http",
                                        "--max-retries",
                                        "0",
                                        "--ranking-only"};
  for (const char* form : {"html", "junit", "markdown"})
    arguments.insert(arguments.end(), {std::string("--") + form, File(form)});
  const CliResult result = RunCli(arguments);
  unsetenv("PINCHBECK_TEST_REPORT_KEY");
  ASSERT_NE(result.exit_code, 2) << result.err;
  for (const char* form : {"html", "junit", "markdown"}) {
    EXPECT_THAT(Read(form), Not(HasSubstr(kKey)));
    EXPECT_THAT(Read(form), HasSubstr("--base-url " + server.url()));
  }
  EXPECT_THAT(Read("html"), HasSubstr("The answers were not kept"));
  EXPECT_THAT(Read("markdown"), HasSubstr("--groups choice --samples 6 --token-limit-field "
                                          "max_completion_tokens --insecure-http"));
}

// What a shell makes of a word.
std::string ThroughShell(const std::string& command) {
  std::FILE* pipe = popen(("bash -c " + command).c_str(), "r");
  if (pipe == nullptr) return "";
  std::string text;
  std::array<char, 256> piece{};
  for (std::size_t n = 0; (n = std::fread(piece.data(), 1, piece.size(), pipe)) > 0;)
    text.append(piece.data(), n);
  pclose(pipe);
  return text;
}

TEST(ShellCommandTest, AShellReadsTheWordsBack) {
  for (const std::string word : {"plain/path-1.json", "with space", "it's", "$HOME `id` \"x\" \\n", "a\nb\tc",
                                 "-x", "\xC3\xA9", "\xFF\x01", "*", "a;b|c&d"}) {
    ShellCommand inner("printf");
    inner.Option("%s", word);
    ShellCommand outer("bash");
    outer.Option("-c", inner.text());
    EXPECT_EQ(ThroughShell(outer.text().substr(std::string("bash -c ").size())), word);
  }
  EXPECT_EQ(ShellCommand("p").Option("--a", "").Flag("--b", false).Flag("--c", true).text(), "p --c");
}

// Writes to a file when the report is printed, which is after its inputs were read.
class WritingStreambuf final : public std::stringbuf {
 public:
  explicit WritingStreambuf(std::string path) : path_(std::move(path)) {}

 protected:
  std::streamsize xsputn(const char* text, std::streamsize size) override {
    if (!std::exchange(written_, true)) std::ofstream(path_, std::ios::app) << "\n";
    return std::stringbuf::xsputn(text, size);
  }

 private:
  std::string path_;
  bool written_ = false;
};

TEST_F(ReportFilesTest, AnInputThatIsWrittenToWhileTheCommandRunsHasNoDigest) {
  ASSERT_TRUE(std::filesystem::create_directory(File("models")));
  std::filesystem::copy(File("m.json"), File("models/m.json"));
  const std::string recording = File("observed.jsonl");
  const std::vector<std::string> commands[] = {
      Verify({"--html", File("r.html"), "--markdown", File("r.md")}),
      {"compare", "--recording-a", File("reference.jsonl"), "--recording-b", recording, "--html",
       File("r.html"), "--markdown", File("r.md")},
      {"identify", "--fingerprints", File("models"), "--recording", recording, "--html", File("r.html")}};
  for (const std::vector<std::string>& command : commands) {
    SCOPED_TRACE(command.front());
    const CliResult quiet = RunCli(command);
    EXPECT_EQ(quiet.err, "");
    const std::string before = internal::Sha256Hex(Read("observed.jsonl"));
    EXPECT_THAT(Read("r.html"), HasSubstr(before));
    WritingStreambuf buffer(recording);
    std::ostream out(&buffer);
    std::ostringstream err;
    CommandContext context{out, err};
    // The verdict is on what was read, and stays.
    EXPECT_EQ(cli::Run(command, context), quiet.exit_code) << err.str();
    EXPECT_EQ(buffer.str(), quiet.out);
    EXPECT_EQ(err.str(), "pinchbeck: warning: " + recording +
                             ": changed while this ran; the report has no SHA-256 of what was read\n");
    const std::string after = internal::Sha256Hex(Read("observed.jsonl"));
    ASSERT_NE(before, after);
    EXPECT_THAT(Read("r.html"), AllOf(Not(HasSubstr(before)), Not(HasSubstr(after)),
                                      HasSubstr("none: not kept in a file, or changed since")));
    if (command.front() != "identify") {
      EXPECT_THAT(Read("r.md"), AllOf(Not(HasSubstr(before)), Not(HasSubstr(after)),
                                      HasSubstr("no SHA-256: not kept in a file, or changed since")));
    }
    // The others still have theirs.
    const char* other = command.front() == "compare" ? "reference.jsonl" : "m.json";
    EXPECT_THAT(Read("r.html"), HasSubstr(internal::Sha256Hex(Read(other))));
  }
}

TEST_F(ReportFilesTest, EveryWayToChangeAFileIsNoticed) {
  namespace fs = std::filesystem;
  const std::string path = Write("file", "one");
  const auto unchanged_after = [&](const auto& change) {
    Write("file", "one");
    // An old time, so that writing sets another one however coarse the clock of the file system is.
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(1));
    const InputStamps stamps({path});
    EXPECT_TRUE(stamps.Unchanged(path));
    change();
    return stamps.Unchanged(path);
  };
  EXPECT_TRUE(unchanged_after([&] { Read("file"); }));
  EXPECT_FALSE(unchanged_after([&] { std::ofstream(path, std::ios::app) << "more"; }));
  EXPECT_FALSE(unchanged_after([&] { Write("file", "two"); })) << "as long as before";
  EXPECT_FALSE(unchanged_after([&] { fs::remove(path); }));
  EXPECT_FALSE(unchanged_after([&] {
    const auto time = fs::last_write_time(path);
    fs::last_write_time(Write("other", "two"), time);
    fs::rename(File("other"), path);
  })) << "another file with the same size and time";
  EXPECT_FALSE(InputStamps().Unchanged(path));
}

TEST_F(ReportFilesTest, FingerprintsThatComeAndGoAreListedWithoutADigest) {
  ASSERT_TRUE(std::filesystem::create_directory(File("models")));
  for (const char* name : {"models/gone.json", "models/stays.json"})
    std::filesystem::copy(File("m.json"), File(name));
  std::vector<std::string> read;
  AppendFingerprints(File("models"), read);
  const InputStamps stamps(read);
  std::filesystem::rename(File("models/gone.json"), File("models/new.json"));
  ReportRun run;
  ASSERT_TRUE(DescribeFingerprints("fingerprint", File("models"), read, stamps, run.inputs).ok());
  ASSERT_EQ(run.inputs.size(), 3u);
  for (const ReportInput& input : run.inputs)
    EXPECT_EQ(input.sha256.has_value(), input.path == File("models/stays.json")) << input.path;
  EXPECT_THAT(ChangeWarnings(run, stamps),
              AllOf(HasSubstr("gone.json"), HasSubstr("new.json"), Not(HasSubstr("stays.json"))));
}

TEST(DigestFileTest, IsTheDigestOfTheBytes) {
  auto folder = TemporaryFolder::Create();
  ASSERT_TRUE(folder.ok());
  const std::string path = folder->File("big"), bytes(1000003, 'x');
  std::ofstream(path, std::ios::binary) << bytes;
  const auto digest = internal::DigestFile(path);
  ASSERT_TRUE(digest.ok()) << digest.status();
  EXPECT_EQ(digest->sha256, internal::Sha256Hex(bytes));
  EXPECT_EQ(digest->bytes, bytes.size());
  EXPECT_THAT(std::string(internal::DigestFile(folder->File("none")).status().message()), HasSubstr("none"));
  const auto pipe = DescribeInput("recording", "/dev/null", InputStamps({"/dev/null"}));
  ASSERT_TRUE(pipe.ok());
  EXPECT_FALSE(pipe->sha256.has_value());
}

}  // namespace
}  // namespace pinchbeck::cli
