// The demo is the newcomer's first minute: it must come out as it says.
#include <gmock/gmock.h>

#include <cctype>
#include <sstream>
#include <string>
#include <vector>

#include "tests/cli/cli_fixture.h"

namespace pinchbeck::cli {
namespace {

// The titles, the verdict under each, and the closing line.
std::vector<std::string> Headlines(const std::string& text) {
  std::vector<std::string> headlines;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const bool verdict = line.find("the reference of") != std::string::npos && std::isupper(line[0]) != 0;
    if (verdict || line.rfind("===", 0) == 0 || line.rfind("All three", 0) == 0) headlines.push_back(line);
  }
  return headlines;
}

TEST(DemoTest, HonestPassesSubstitutedAndMixedDiffer) {
  const CliResult result = RunCli({"demo"});
  EXPECT_EQ(result.exit_code, kExitConsistent) << result.err;
  EXPECT_THAT(Headlines(result.out),
              ::testing::ElementsAre("=== 1. An honest relay: another run of the same model ===",
                                     "CONSISTENT with the reference of flagship-1",
                                     "=== 2. A relay that serves the small sibling instead ===",
                                     "DIFFERS from the reference of flagship-1",
                                     "=== 3. A relay that sends half of the requests to the sibling ===",
                                     "DIFFERS from the reference of flagship-1",
                                     "All three came out as they should: consistent, differs, differs."));
  EXPECT_THAT(result.out, ::testing::HasSubstr("The answers fit \"sibling-small\""));
  // No request failed: every recorded answer was there to be served once.
  EXPECT_THAT(result.out, ::testing::Not(::testing::HasSubstr("requests failed")));
}

}  // namespace
}  // namespace pinchbeck::cli
