// Runs the command in-process and keeps what it printed.
#ifndef PINCHBECK_TESTS_CLI_CLI_FIXTURE_H_
#define PINCHBECK_TESTS_CLI_CLI_FIXTURE_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "src/cli/run.h"
#include "src/cli/temporary_folder.h"

namespace pinchbeck::cli {

struct CliResult {
  int exit_code = 0;
  std::string out, err;
};

inline CliResult RunCli(const std::vector<std::string>& arguments) {
  std::ostringstream out, err;
  CommandContext context{out, err};
  const int exit_code = Run(arguments, context);
  return {exit_code, out.str(), err.str()};
}

// A test with a folder of its own.
class CliTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = TemporaryFolder::Create();
    ASSERT_TRUE(folder.ok());
    folder_ = std::make_unique<TemporaryFolder>(*std::move(folder));
  }
  [[nodiscard]] std::string File(const std::string& name) const { return folder_->File(name); }
  std::string Write(const std::string& name, const std::string& content) {
    std::ofstream(File(name), std::ios::binary) << content;
    return File(name);
  }

 private:
  std::unique_ptr<TemporaryFolder> folder_;
};

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_TESTS_CLI_CLI_FIXTURE_H_
