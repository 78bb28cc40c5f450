// Checks of generated probes on constructed recordings of honest and of cheating relays.
#include "pinchbeck/audit/checks.h"

#include <functional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck {
namespace {

using stats::CounterRng;
using testing::HasSubstr;
using testing::IsEmpty;

CheckProbes Probes() { return *CheckProbes::Make(Secret()); }

// What a relay answers to a probe; nullopt: the request failed.
using Relay = std::function<std::optional<std::string>(const CheckProbe&, CounterRng&)>;

// The honest model: free answers seldom repeat, needles and lines come back.
std::optional<std::string> Honest(const CheckProbe& check, CounterRng& rng) {
  if (check.kind.starts_with("cache")) return "answer " + std::to_string(rng.Below(50));
  return check.expected;
}

std::vector<Observation> Record(const std::vector<std::string>& groups, std::int64_t samples,
                                const Relay& relay, std::uint64_t seed = 1,
                                std::int64_t context_tokens = 800) {
  const CheckProbes probes = Probes();
  const absl::StatusOr<Battery> battery = probes.Compose({groups, samples, 1, context_tokens});
  EXPECT_TRUE(battery.ok()) << battery.status();
  std::vector<Observation> observations;
  CounterRng rng(seed, 0);
  for (const Probe& probe : battery->probes) {
    Observation observation;
    observation.probe = probe.id;
    observation.request.prompt_sha256 = probe.PromptSha256();
    observation.response.text = relay(*probes.Find(probe.id), rng);
    if (!observation.response.text.has_value()) observation.error = ErrorRecord{};
    observations.push_back(std::move(observation));
  }
  return observations;
}

ChecksReport Evaluate(const std::vector<Observation>& observed,
                      const std::vector<Observation>& reference = {}) {
  const absl::StatusOr<ChecksReport> report = EvaluateChecks(observed, reference, Probes());
  EXPECT_TRUE(report.ok()) << report.status();
  return report.ok() ? *report : ChecksReport{};
}

const CheckResult& Check(const ChecksReport& report, const std::string& name) {
  for (const CheckResult& check : report.checks) {
    if (check.check == name) return check;
  }
  ADD_FAILURE() << "no check " << name;
  return report.checks.front();
}

TEST(ChecksTest, AnHonestEndpointIsConsistentWithAndWithoutReference) {
  const auto observed = Record({"cache", "context", "echo"}, 10, Honest, 2);
  const ChecksReport alone = Evaluate(observed);
  EXPECT_EQ(alone.verdict, Verdict::kConsistent);
  EXPECT_EQ(alone.checks.size(), 1U + 5 + 4);
  EXPECT_EQ(Evaluate(observed, Record({"cache", "context", "echo"}, 10, Honest, 3)).verdict,
            Verdict::kConsistent);
}

TEST(ChecksTest, ACacheRepeats) {
  const auto cache = [](const CheckProbe& check, CounterRng& rng) -> std::optional<std::string> {
    if (check.kind == "cache/same") return "the first answer";
    return Honest(check, rng);
  };
  const auto observed = Record({"cache"}, 10, cache);
  EXPECT_EQ(Check(Evaluate(observed), "cache").status, SignalStatus::kDiffers);
  EXPECT_EQ(Check(Evaluate(observed, Record({"cache"}, 10, Honest, 5)), "cache").status,
            SignalStatus::kDiffers);
}

// An honest endpoint without randomness repeats itself as its reference does, and is not accused beside it.
TEST(ChecksTest, AGreedyEndpointIsNotAccusedBesideAGreedyReference) {
  const auto greedy = [](const CheckProbe& check, CounterRng&) -> std::optional<std::string> {
    return "always " + check.cell;
  };
  const auto observed = Record({"cache"}, 10, greedy);
  EXPECT_NE(Check(Evaluate(observed, observed), "cache").status, SignalStatus::kDiffers);
}

// A nonce may make a model more varied; rare repeats without one are still no evidence.
TEST(ChecksTest, SensitivityToTheNonceAloneIsNoEvidence) {
  const auto sensitive = [](const CheckProbe& check, CounterRng& rng) -> std::optional<std::string> {
    return check.kind == "cache/same" ? "answer " + std::to_string(rng.Below(8))
                                      : "answer " + std::to_string(rng.Below(1'000'000));
  };
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_NE(Evaluate(Record({"cache"}, 10, sensitive, seed)).verdict, Verdict::kDiffers) << seed;
  }
}

TEST(ChecksTest, ATruncatedContextLosesNeedles) {
  // Keeps the last 250 tokens.
  const auto truncating = [](const CheckProbe& check, CounterRng&) -> std::optional<std::string> {
    const double from_end = (1 - check.depth) * static_cast<double>(check.context_tokens);
    return from_end > 250 ? "I do not know." : check.expected;
  };
  const auto observed = Record({"context"}, 20, truncating, 1, 4000);
  for (const auto& reference : {std::vector<Observation>{}, Record({"context"}, 20, Honest, 1, 4000)}) {
    const ChecksReport report = Evaluate(observed, reference);
    EXPECT_EQ(report.verdict, Verdict::kDiffers);
    EXPECT_EQ(Check(report, "context/4000").status, SignalStatus::kDiffers);
    EXPECT_EQ(Check(report, "context/250").status, SignalStatus::kConsistent);
    ASSERT_TRUE(report.context.has_value());
    EXPECT_EQ(report.context->low, 250);
    ASSERT_TRUE(report.context->high.has_value());
    // Half of the needles are lost at 500 tokens, so no shorter rung may be said to fail.
    EXPECT_GT(*report.context->high, 500);
  }
}

TEST(ChecksTest, RewrittenLinesAreFoundAndNamed) {
  const auto rewriting = [](const CheckProbe& check, CounterRng&) -> std::optional<std::string> {
    std::string text = check.expected;
    const std::size_t at = text.find(".example.org");
    if (check.kind == "echo/url" && at != std::string::npos) text.replace(at, 12, ".evil.example");
    return text;
  };
  const ChecksReport report = Evaluate(Record({"echo"}, 10, rewriting));
  EXPECT_EQ(report.verdict, Verdict::kDiffers);
  EXPECT_EQ(Check(report, "echo/url").status, SignalStatus::kDiffers);
  EXPECT_THAT(Check(report, "echo/url").notes, testing::Contains(HasSubstr("host, 10 times")));
  EXPECT_EQ(Check(report, "echo/code").status, SignalStatus::kConsistent);
}

TEST(ChecksTest, OneStrikeDecidesNothing) {
  for (const char* kind : {"context", "echo/url"}) {
    bool struck = false;
    const auto once = [&](const CheckProbe& check, CounterRng& rng) -> std::optional<std::string> {
      if (check.kind != kind || struck) return Honest(check, rng);
      struck = true;
      return "no";
    };
    EXPECT_NE(Evaluate(Record({"context", "echo"}, 10, once)).verdict, Verdict::kDiffers) << kind;
  }
}

TEST(ChecksTest, FewOrMissingAnswersAreNoProofOfHonesty) {
  EXPECT_EQ(Evaluate(Record({"echo"}, 1, Honest)).verdict, Verdict::kInconclusive);
  EXPECT_EQ(Evaluate({}).verdict, Verdict::kNotMeasurable);
  // The longest rung fails altogether: it is shown as not measured, and the rest cannot be consistent.
  const auto refusing = [](const CheckProbe& check, CounterRng& rng) -> std::optional<std::string> {
    if (check.context_tokens == 800) return std::nullopt;
    return Honest(check, rng);
  };
  const ChecksReport report = Evaluate(Record({"context"}, 10, refusing));
  EXPECT_EQ(report.verdict, Verdict::kInconclusive);
  EXPECT_EQ(Check(report, "context/800").status, SignalStatus::kNotMeasurable);
  EXPECT_THAT(report.warnings, testing::Contains(HasSubstr("10 failed")));
}

TEST(ChecksTest, AnswersThatWereCutAreNotCounted) {
  auto observed = Record({"echo"}, 10, Honest);
  for (Observation& observation : observed) {
    if (!observation.probe.starts_with("echo/url")) continue;
    observation.response.text = "https";
    observation.response.finish_reason = "length";
  }
  const ChecksReport report = Evaluate(observed);
  EXPECT_EQ(Check(report, "echo/url").status, SignalStatus::kNotMeasurable);
  EXPECT_EQ(report.verdict, Verdict::kInconclusive);
}

TEST(ChecksTest, AnotherKeyIsAnError) {
  const auto observed = Record({"echo"}, 2, Honest);
  const auto report = EvaluateChecks(observed, {}, *CheckProbes::Make(Secret("canary-battery-key-2f81c0")));
  EXPECT_EQ(report.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(internal::Message(report.status()), HasSubstr("--battery-key"));
}

TEST(ChecksTest, BadOptionsAreErrors) {
  for (const ChecksOptions& bad : {ChecksOptions{.alpha = 0}, ChecksOptions{.alpha = 0.6},
                                   ChecksOptions{.permutations = 5}, ChecksOptions{.min_recall = 1}}) {
    EXPECT_EQ(EvaluateChecks({}, {}, Probes(), bad).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(EchoChangeTest, NamesWhatChanged) {
  const std::string url = "https://merge-abcd.example.org/token/wxyz/123456?key=qwerty";
  EXPECT_EQ(EchoChange("url", url, "`" + url + "`\n"), "nothing");
  EXPECT_EQ(EchoChange("url", url, "https://other.example.net/token/wxyz/123456?key=qwerty"), "host");
  EXPECT_EQ(EchoChange("url", url, "https://merge-abcd.example.org/token/wxyz/123456"), "path");
  EXPECT_EQ(EchoChange("url", url, "I cannot repeat links."), "missing");
  EXPECT_EQ(EchoChange("package", "pip install merge-abcd", "pip install merge-abce"), "name");
  EXPECT_EQ(EchoChange("code", "a_b = f(0x123456) + 77", "a_b = f(0x123456) + 78"), "number");
  EXPECT_EQ(EchoChange("code", "a_b = f(0x123456) + 77", "a_b = f(0x123456) - 77"), "text");
}

// Honest endpoints at the limits of the null hypotheses, all checks together. `differs` has a chance of at
// most 0.05 there; 300 runs have a standard deviation of 0.0126, so a valid verdict fails with a chance below
// 1e-4.
TEST(ChecksCalibrationTest, TheVerdictKeepsItsLevel) {
  int differs = 0;
  const auto borderline = [](const CheckProbe& check, CounterRng& rng) -> std::optional<std::string> {
    if (check.kind.starts_with("cache"))
      return rng.Uniform() < 0.5 ? "usual" : "answer " + std::to_string(rng.Below(1 << 30));
    if (check.kind == "context") return rng.Uniform() < 0.8 ? check.expected : "unknown";
    return rng.Uniform() < 0.9 ? check.expected : "changed";
  };
  for (std::uint64_t run = 0; run < 300; ++run) {
    ChecksOptions options;
    options.alpha = 0.05;
    options.permutations = 199;
    options.seed = run;
    const auto report =
        EvaluateChecks(Record({"cache", "context", "echo"}, 8, borderline, run, 500), {}, Probes(), options);
    ASSERT_TRUE(report.ok());
    differs += report->verdict == Verdict::kDiffers ? 1 : 0;
  }
  EXPECT_LE(differs, 300 * (0.05 + 4 * 0.0126));
}

}  // namespace
}  // namespace pinchbeck
