#include <gmock/gmock.h>

#include "tests/cli/cli_fixture.h"

namespace pinchbeck::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kDemo = PINCHBECK_SOURCE_DIR "/src/cli/demo_data/";

class EnrollSelfCheckTest : public CliTest {
 protected:
  CliResult Enroll(const std::string& held_out) {
    return RunCli({"enroll", "--recording", kDemo + "reference.jsonl.gz", "--self-check", kDemo + held_out,
                   "--model", "flagship-1", "--out", File("flagship-1.json")});
  }
};

TEST_F(EnrollSelfCheckTest, AnAgreeingSessionLetsTheFingerprintBeWritten) {
  const CliResult result = Enroll("honest-relay.jsonl.gz");
  EXPECT_EQ(result.exit_code, kExitConsistent) << result.err;
  EXPECT_THAT(result.out, HasSubstr("Self-check: consistent for the claim weights"));
  EXPECT_TRUE(std::filesystem::exists(File("flagship-1.json")));
}

TEST_F(EnrollSelfCheckTest, AContradictingSessionRefusesIt) {
  const CliResult result = Enroll("swap-relay.jsonl.gz");
  EXPECT_EQ(result.exit_code, kExitDiffers);
  EXPECT_THAT(result.err, HasSubstr("DIFFERS"));
  EXPECT_THAT(result.err, HasSubstr("was not written"));
  EXPECT_THAT(result.out, Not(HasSubstr("Enrolled")));
  EXPECT_FALSE(std::filesystem::exists(File("flagship-1.json")));
}

TEST_F(EnrollSelfCheckTest, AFileThatIsMissingIsNamed) {
  const CliResult result = Enroll("nowhere.jsonl");
  EXPECT_EQ(result.exit_code, kExitInputError);
  EXPECT_THAT(result.err, HasSubstr("nowhere.jsonl"));
}

// How an age is judged is tested with Verify().
TEST_F(EnrollSelfCheckTest, MaxAgeIsChecked) {
  const CliResult result =
      RunCli({"verify", "--fingerprint", "x.json", "--recording", "y.jsonl", "--max-age", "-1"});
  EXPECT_EQ(result.exit_code, kExitInputError);
  EXPECT_THAT(result.err, HasSubstr("--max-age"));
}

}  // namespace
}  // namespace pinchbeck::cli
