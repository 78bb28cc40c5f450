// The demo is the newcomer's first minute: it must come out as it says.
#include <gmock/gmock.h>

#include "tests/cli/cli_fixture.h"

namespace pinchbeck::cli {
namespace {

TEST(DemoTest, HonestPassesSubstitutedAndMixedDiffer) {
  const CliResult result = RunCli({"demo"});
  EXPECT_EQ(result.exit_code, kExitConsistent) << result.err;
  const auto first = result.out.find("\nCONSISTENT with the reference of flagship-1");
  const auto second = result.out.find("\nDIFFERS from the reference of flagship-1");
  ASSERT_NE(first, std::string::npos) << result.out;
  ASSERT_NE(second, std::string::npos) << result.out;
  EXPECT_LT(first, second);
  EXPECT_NE(result.out.find("\nDIFFERS from the reference of flagship-1", second + 1), std::string::npos);
  EXPECT_THAT(result.out, ::testing::HasSubstr("The answers fit \"sibling-small\""));
  // No request failed: every recorded answer was there to be served once.
  EXPECT_THAT(result.out, ::testing::Not(::testing::HasSubstr("requests failed")));
}

}  // namespace
}  // namespace pinchbeck::cli
