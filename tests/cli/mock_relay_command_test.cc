// `pinchbeck mock-relay` as a process of its own: first line, service, end by signal.
#include <httplib.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "src/cli/command.h"
#include "tests/cli/mock_relay_fixture.h"

namespace pinchbeck::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// Runs the subcommand; the exit code of a parse error is CLI11's.
int RunCommand(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
  CommandContext context{out, err};
  CLI::App app("pinchbeck");
  AddMockRelayCommand(app, context);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, out, err);
  }
  return context.exit_code;
}

class RelayCommandTest : public RelayTest {
 protected:
  // Starts the command in a child and sets child_ and first_line_.
  void Spawn(const std::vector<std::string>& arguments) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    // Or the child would print this process's buffered output again.
    std::fflush(nullptr);
    child_ = fork();
    ASSERT_GE(child_, 0);
    if (child_ == 0) {
      dup2(pipe_ends[1], STDOUT_FILENO);
      close(pipe_ends[0]);
      close(pipe_ends[1]);
      std::ostringstream err;
      const int code = RunCommand(arguments, std::cout, err);
      std::cout.flush();
      _exit(code);
    }
    close(pipe_ends[1]);
    char byte = 0;
    while (read(pipe_ends[0], &byte, 1) == 1 && byte != '\n') first_line_ += byte;
    close(pipe_ends[0]);
  }
  // No child outlives a test that failed.
  void TearDown() override {
    if (child_ > 0) EndBy(SIGKILL);
    RelayTest::TearDown();
  }
  int EndBy(int signal_number) {
    kill(child_, signal_number);
    int status = 0;
    waitpid(child_, &status, 0);
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  pid_t child_ = -1;
  std::string first_line_;
};

TEST_F(RelayCommandTest, SaysWhereItListensServesAndEndsWithZero) {
  const std::string recording = Write("a.jsonl", Answers("p", "x", 3));
  for (const int signal_number : {SIGINT, SIGTERM}) {
    first_line_.clear();
    Spawn({"mock-relay", "--recording", recording, "--speed", "0", "--model", "shown"});
    const std::string prefix = "listening on http://127.0.0.1:";
    ASSERT_THAT(first_line_, StartsWith(prefix));
    ASSERT_THAT(first_line_, testing::EndsWith("/v1"));
    port_ = std::stoi(first_line_.substr(prefix.size()));
    const Json reply = Ask(RequestFor("p"));
    EXPECT_EQ(reply["model"], "shown");
    EXPECT_THAT(TextOf(reply), StartsWith("x"));
    EXPECT_EQ(EndBy(signal_number), 0);
  }
}

TEST_F(RelayCommandTest, KeyComesFromTheEnvironment) {
  const std::string recording = Write("a.jsonl", Answers("p", "x", 3));
  setenv("PINCHBECK_TEST_RELAY_KEY", "k-1", 1);
  Spawn({"mock-relay", "--recording", recording, "--api-key-env", "PINCHBECK_TEST_RELAY_KEY"});
  unsetenv("PINCHBECK_TEST_RELAY_KEY");
  port_ = std::stoi(first_line_.substr(std::string("listening on http://127.0.0.1:").size()));
  EXPECT_EQ(Post(RequestFor("p"))->status, 401);
  EXPECT_EQ(Post(RequestFor("p"), {{"Authorization", "Bearer k-1"}})->status, 200);
  EXPECT_EQ(EndBy(SIGTERM), 0);
}

TEST_F(RelayCommandTest, InputErrorsExitWithTwoAndSayWhy) {
  const std::string recording = Write("a.jsonl", Answers("p", "x", 3));
  struct Case {
    std::vector<std::string> arguments;
    const char* message;
  };
  const Case cases[] = {
      {{"--mode", "mix:2"}, "mode 'mix:2'"},
      {{"--mode", "swap"}, "need a substitute"},
      {{"--speed", "-1"}, "time_scale"},
      {{"--api-key-env", "PINCHBECK_NO_SUCH_VARIABLE"}, "PINCHBECK_NO_SUCH_VARIABLE"},
  };
  for (const Case& c : cases) {
    std::vector<std::string> arguments = {"mock-relay", "--recording", recording};
    arguments.insert(arguments.end(), c.arguments.begin(), c.arguments.end());
    std::ostringstream out, err;
    EXPECT_EQ(RunCommand(arguments, out, err), kExitInputError) << c.message;
    EXPECT_THAT(err.str(), HasSubstr(c.message));
    EXPECT_EQ(out.str(), "");
  }
}

TEST_F(RelayCommandTest, HelpExplainsEveryModeAndHasAnExample) {
  std::ostringstream out, err;
  EXPECT_EQ(RunCommand({"mock-relay", "--help"}, out, err), 0);
  for (const char* part :
       {"honest", "swap", "mix:Q", "temperature[:T]", "inject[:N]", "cache", "Example:", "--recording",
        "--substitute", "--mode", "--port", "--seed", "--speed", "--model"}) {
    EXPECT_THAT(out.str(), HasSubstr(part));
  }
}

}  // namespace
}  // namespace pinchbeck::cli
