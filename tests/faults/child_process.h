// Runs a program as a process of its own, for tests that kill it or look at all it leaves behind.
#ifndef PINCHBECK_TESTS_FAULTS_CHILD_PROCESS_H_
#define PINCHBECK_TESTS_FAULTS_CHILD_PROCESS_H_

#include <fcntl.h>
#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace pinchbeck::testing {

// The command as this build made it.
inline std::string CommandPath() { return std::string(PINCHBECK_BINARY_DIR) + "/pinchbeck"; }

inline std::string FileContent(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

struct ChildOptions {
  std::vector<std::string> arguments;
  // Files that receive what the program prints.
  std::string out = "/dev/null";
  std::string err = "/dev/null";
  // Working directory; empty: the test's.
  std::string folder;
  // Runs in the new process before the program starts; only async-signal-safe calls.
  std::function<void()> before_start;
};

// Ends with the object, by SIGKILL if need be.
class ChildProcess {
 public:
  explicit ChildProcess(const ChildOptions& options) {
    std::vector<char*> arguments;
    for (const std::string& argument : options.arguments)
      arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    pid_ = fork();
    if (pid_ != 0) return;
    Redirect(options.out, STDOUT_FILENO);
    Redirect(options.err, STDERR_FILENO);
    if (!options.folder.empty() && chdir(options.folder.c_str()) != 0) _exit(126);
    if (options.before_start) options.before_start();
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess() {
    Signal(SIGKILL);
    (void)Wait();
  }

  [[nodiscard]] pid_t pid() const { return pid_; }
  void Signal(int signal) {
    if (pid_ > 0 && !ended_) kill(pid_, signal);
  }
  // Whether it still runs.
  [[nodiscard]] bool Running() {
    if (pid_ > 0 && !ended_) ended_ = waitpid(pid_, &status_, WNOHANG) == pid_;
    return pid_ > 0 && !ended_;
  }
  // The status as waitpid() gives it, after the end.
  int Wait() {
    if (pid_ > 0 && !ended_) ended_ = waitpid(pid_, &status_, 0) == pid_;
    return status_;
  }
  // The exit status, or minus the number of the signal that ended it.
  int ExitCode() {
    const int status = Wait();
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  static void Redirect(const std::string& path, int to) {
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0 || dup2(fd, to) < 0) _exit(125);
    close(fd);
  }

  pid_t pid_ = -1;
  int status_ = 0;
  bool ended_ = false;
};

// Looks until the condition holds; false when it does not within a minute.
inline bool WaitUntil(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

// A relay in a process of its own.
class RelayProcess {
 public:
  // `more`: flags besides the port.
  RelayProcess(const std::filesystem::path& folder, std::vector<std::string> more)
      : process_(Options(folder, std::move(more))) {
    const auto started = [&] {
      const std::string text = FileContent(folder / "relay.out");
      const std::size_t end = text.find('\n');
      if (end == std::string::npos) return false;
      const std::size_t at = text.find("http://");
      if (at != std::string::npos) url_ = text.substr(at, end - at);
      return true;
    };
    (void)WaitUntil([&] { return started() || !process_.Running(); });
  }
  // Ends in /v1; empty when the relay did not start.
  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] std::string origin() const { return url_.substr(0, url_.size() - 3); }

 private:
  static ChildOptions Options(const std::filesystem::path& folder, std::vector<std::string> more) {
    ChildOptions options;
    options.arguments = {CommandPath(), "mock-relay", "--port", "0"};
    options.arguments.insert(options.arguments.end(), more.begin(), more.end());
    options.out = (folder / "relay.out").string();
    options.err = (folder / "relay.err").string();
    return options;
  }

  std::string url_;
  ChildProcess process_;
};

}  // namespace pinchbeck::testing

#endif  // PINCHBECK_TESTS_FAULTS_CHILD_PROCESS_H_
