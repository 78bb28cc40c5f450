// docs/examples/observe_curl.cc against the mock relay.
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "pinchbeck/fingerprint/builder.h"
#include "tests/cli/mock_relay_fixture.h"

namespace pinchbeck::cli {
namespace {

class ObserveExampleTest : public RelayTest {
 protected:
  struct Outcome {
    int exit_code = -1;
    std::string out;
  };

  // Asks `prompt` 60 times; the fingerprint is of the answers A0 .. A9 to "Pick one.".
  Outcome RunExample(const std::string& prompt) const {
    const std::string command = std::string(PINCHBECK_OBSERVE_EXAMPLE) +
                                " http://127.0.0.1:" + std::to_string(port_) + "/v1 " +
                                (folder_ / "claimed.json").string() + " '" + prompt + "' 60";
    FILE* const output = popen(command.c_str(), "r");
    if (output == nullptr) return {};
    std::string text(1 << 16, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), output));
    const int status = pclose(output);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text};
  }

  // More answers than are asked for, because the relay gives each recorded one once.
  static std::vector<Observation> Recorded(const std::string& prompt, const std::string& prefix) {
    std::vector<Observation> answers;
    for (int i = 0; i < 200; ++i) answers.push_back(Answer(prompt, prefix + std::to_string(i % 10)));
    return answers;
  }

  void Enrol() const {
    EnrollOptions options;
    options.model = "claimed";
    FingerprintBuilder builder(options);
    // Drawn, as answers are: exactly equal counts would be no sample of anything.
    std::mt19937_64 random(5);
    for (int i = 0; i < 200; ++i) {
      ASSERT_TRUE(builder.Add(Answer("Pick one.", "A" + std::to_string(random() % 10)), "default").ok());
    }
    const auto fingerprint = std::move(builder).Build();
    ASSERT_TRUE(fingerprint.ok()) << fingerprint.status();
    ASSERT_TRUE(SaveFingerprint(*fingerprint, folder_ / "claimed.json").ok());
  }
};

TEST_F(ObserveExampleTest, HonestTrafficRaisesNoAlarmAndSwappedTrafficDoes) {
  Enrol();
  Start(Options({Write("honest.jsonl", Recorded("Pick one.", "A"))}));
  const Outcome honest = RunExample("Pick one.");
  EXPECT_EQ(honest.exit_code, 0) << honest.out;
  EXPECT_EQ(honest.out, "probe: 60\nno alarm so far\n");
  relay_.reset();
  Start(Options({Write("other.jsonl", Recorded("Pick one.", "B"))}));
  const Outcome swapped = RunExample("Pick one.");
  EXPECT_EQ(swapped.exit_code, 1) << swapped.out;
  EXPECT_EQ(swapped.out, "probe: 60\ndiffers from the reference\n");
}

TEST_F(ObserveExampleTest, OtherPromptsAreCountedOnly) {
  Enrol();
  Start(Options({Write("other.jsonl", Recorded("Name a town.", "B"))}));
  EXPECT_EQ(RunExample("Name a town.").out, "unknown_prompt: 60\nno alarm so far\n");
}

}  // namespace
}  // namespace pinchbeck::cli
