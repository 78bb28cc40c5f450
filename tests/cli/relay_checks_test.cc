// `collect --groups ...` and `checks` against the mock relay, end to end: the honest relay is not accused,
// each cheating mode is found by the check that is made for it.
#include <cctype>
#include <cstdint>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "pinchbeck/core/check_battery.h"
#include "pinchbeck/core/observation.h"
#include "pinchbeck/stats/counter_rng.h"
#include "src/cli/mock_relay.h"
#include "tests/cli/cli_fixture.h"

namespace pinchbeck::cli {
namespace {

using nlohmann::json;
using stats::CounterRng;
using testing::HasSubstr;

constexpr std::int64_t kContextTokens = 4000;

// A model: what it answers to a probe, and how long it reasons. Model 1 has other favourite numbers than
// model 0.
Observation Answer(const CheckProbe& check, int model, CounterRng& rng) {
  Observation observation;
  observation.probe = check.probe.id;
  observation.request.model = "claimed";
  observation.request.temperature = check.probe.sampling.temperature;
  observation.request.max_tokens = check.probe.sampling.max_tokens;
  observation.request.prompt_sha256 = check.probe.PromptSha256();
  observation.response.finish_reason = "stop";
  observation.usage.input_tokens = 20;
  observation.usage.output_tokens = 10;
  if (check.kind.starts_with("cache")) {
    observation.response.text = "A story with the number " + std::to_string(rng.Below(1000)) + ".";
  } else if (check.kind.starts_with("stream")) {
    const bool favourite = rng.Uniform() < 0.5;
    observation.response.text = std::to_string(favourite ? 40 + 30 * model + static_cast<int>(rng.Below(3))
                                                         : 1 + static_cast<int>(rng.Below(100)));
  } else if (check.kind.starts_with("effort")) {
    const double mean = check.kind == "effort/low" ? 300 : 1200;
    observation.response.text = "17";
    observation.usage.reasoning_tokens = static_cast<std::int64_t>(mean * (0.5 + rng.Uniform()));
    observation.usage.output_tokens = *observation.usage.reasoning_tokens + 2;
  } else {
    observation.response.text = check.expected;
  }
  return observation;
}

class RelayChecks : public CliTest {
 protected:
  // A recording of one model's answers to all probes of the group.
  std::string Recorded(const std::string& group, std::int64_t samples, int model) {
    const CheckProbes probes = *CheckProbes::Make(Secret());
    const absl::StatusOr<Battery> battery = probes.Compose({{group}, samples, 1, kContextTokens});
    EXPECT_TRUE(battery.ok()) << battery.status();
    CounterRng rng(11 + static_cast<std::uint64_t>(model), 0);
    const std::string path = File(group + std::to_string(model) + ".jsonl");
    std::ofstream file(path);
    for (const Probe& probe : battery->probes)
      file << SerializeObservation(Answer(*probes.Find(probe.id), model, rng)) << "\n";
    return path;
  }

  // Collects the group from a relay in this mode, and runs the checks.
  CliResult Check(const std::string& group, const std::string& mode, std::int64_t samples,
                  const std::string& api = "openai_chat") {
    MockRelayOptions options;
    options.recordings = {Recorded(group, samples, 0)};
    options.time_scale = 0.0;
    EXPECT_TRUE(SetMockRelayMode(mode, &options).ok());
    if (options.mode == MockRelayMode::kSwapWhole) options.substitutes = {Recorded(group, samples, 1)};
    absl::StatusOr<std::unique_ptr<MockRelay>> relay = MockRelay::Create(options);
    EXPECT_TRUE(relay.ok()) << relay.status();
    if (!relay.ok()) return {};
    const absl::StatusOr<int> port = (*relay)->Start();
    EXPECT_TRUE(port.ok()) << port.status();
    const std::string out = File("out-" + group + ".jsonl");
    const CliResult collected = RunCli(
        {"collect", "--base-url", "http://127.0.0.1:" + std::to_string(*port) + "/v1", "--model", "claimed",
         "--api", api, "--api-key-env", "", "--groups", group, "--samples", std::to_string(samples),
         "--context-tokens", std::to_string(kContextTokens), "--max-retries", "0", "--out", out});
    EXPECT_EQ(collected.exit_code, 0) << collected.err;
    return RunCli({"checks", "--recording", out, "--json"});
  }

  // The named check of a report.
  static json Named(const CliResult& result, const std::string& name) {
    const json report = json::parse(result.out, nullptr, false);
    EXPECT_TRUE(report.is_object()) << result.out << result.err;
    for (const json& check : report["checks"]) {
      if (check["check"] == name) return check;
    }
    ADD_FAILURE() << "no check " << name << " in " << result.out;
    return {};
  }
};

struct Cheat {
  const char* group;
  std::int64_t samples;
  const char* mode;
  // The check that finds it, and its other checks that must not.
  const char* finds;
  std::vector<std::string> others;
};

class Cheats : public RelayChecks, public testing::WithParamInterface<Cheat> {};

TEST_P(Cheats, AnHonestRelayIsConsistent) {
  const CliResult result = Check(GetParam().group, "honest", GetParam().samples);
  EXPECT_EQ(result.exit_code, 0) << result.out;
  EXPECT_EQ(Named(result, GetParam().finds)["status"], "consistent");
}

TEST_P(Cheats, ACheatingRelayIsFound) {
  const CliResult result = Check(GetParam().group, GetParam().mode, GetParam().samples);
  EXPECT_EQ(result.exit_code, 1) << result.out;
  EXPECT_EQ(Named(result, GetParam().finds)["status"], "differs");
  for (const std::string& other : GetParam().others)
    EXPECT_NE(Named(result, other)["status"], "differs") << other;
}

INSTANTIATE_TEST_SUITE_P(
    Modes, Cheats,
    testing::Values(Cheat{"cache", 10, "cache", "cache", {}},
                    Cheat{"context", 12, "truncate:500", "context/4000", {"context/250", "context/500"}},
                    Cheat{"echo", 10, "rewrite", "echo/package", {"echo/code", "echo/tool-call"}},
                    Cheat{"echo", 10, "rewrite", "echo/url", {"echo/code", "echo/tool-call"}},
                    Cheat{"stream", 25, "swap_whole", "stream", {}},
                    Cheat{"effort", 20, "ignore_effort", "effort", {}}),
    [](const auto& cheat) {
      std::string name = std::string(cheat.param.group) + "_" + cheat.param.finds;
      std::erase_if(name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); });
      return name;
    });

TEST_F(RelayChecks, EffortsAreSentThroughResponsesToo) {
  EXPECT_EQ(Check("effort", "honest", 5, "openai_responses").exit_code, 0);
}

TEST_F(RelayChecks, AnEffortNeedsAnApiThatHasTheParameter) {
  const CliResult result =
      RunCli({"collect", "--base-url", "http://127.0.0.1:9/v1", "--api", "anthropic", "--model", "m",
              "--api-key-env", "", "--groups", "effort", "--out", File("x.jsonl")});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("reasoning effort"));
}

// Rewriting now and then is found as well; most lines come back as they are.
TEST_F(RelayChecks, RewritingHalfOfTheAnswersIsFound) {
  const CliResult result = Check("echo", "rewrite:0.5", 40);
  EXPECT_EQ(Named(result, "echo/package")["status"], "differs");
  EXPECT_LT(Named(result, "echo/package")["events"].get<int>(), 40);
}

}  // namespace
}  // namespace pinchbeck::cli
