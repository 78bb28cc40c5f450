// Checks of generated probes on constructed recordings of honest and of cheating relays.
#include "pinchbeck/audit/checks.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "pinchbeck/core/plain_prompt.h"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck {
namespace {

using stats::CounterRng;
using testing::HasSubstr;

CheckProbes Probes() { return *CheckProbes::Make(Secret()); }

// What a relay answers to a probe; nullopt: the request failed.
using Relay = std::function<std::optional<std::string>(const CheckProbe&, CounterRng&)>;

// The honest model: free answers seldom repeat, needles and lines come back.
std::optional<std::string> Honest(const CheckProbe& check, CounterRng& rng) {
  if (check.kind.starts_with("cache")) return "answer " + std::to_string(rng.Below(50));
  return check.expected;
}

std::vector<Observation> Record(const std::vector<std::string>& groups, std::int64_t samples,
                                const Relay& relay, std::uint64_t seed = 1, std::int64_t context_tokens = 800,
                                std::uint64_t probe_seed = 1) {
  const CheckProbes probes = Probes();
  const absl::StatusOr<Battery> battery = probes.Compose({groups, samples, probe_seed, context_tokens});
  EXPECT_TRUE(battery.ok()) << battery.status();
  std::vector<Observation> observations;
  CounterRng rng(seed, 0);
  for (const Probe& probe : battery->probes) {
    Observation observation;
    observation.probe = probe.id;
    observation.request.prompt_sha256 = probe.PromptSha256();
    observation.request.temperature = probe.sampling.temperature;
    observation.request.max_tokens = probe.sampling.max_tokens;
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

// 0 of 400 beside 1 of 4 would have p = 0.0099, and a promise of 0.999 would be broken by one lost needle.
TEST(ChecksTest, OneStrikeDecidesNothingHoweverUnequalTheCounts) {
  bool struck = false;
  const auto once = [&](const CheckProbe& check, CounterRng& rng) -> std::optional<std::string> {
    if (check.kind == "cache" || struck) return Honest(check, rng);
    struck = true;
    return "no";
  };
  auto observed = Record({"echo"}, 4, once);
  std::erase_if(observed, [](const Observation& o) { return !o.probe.starts_with("echo/url"); });
  auto reference = Record({"echo"}, 400, Honest);
  std::erase_if(reference, [](const Observation& o) { return !o.probe.starts_with("echo/url"); });
  const CheckResult beside = Check(Evaluate(observed, reference), "echo/url");
  EXPECT_EQ(beside.events, 1);
  EXPECT_EQ(beside.p_value, 1.0);
  EXPECT_NE(beside.status, SignalStatus::kDiffers);

  struck = false;
  const auto ladder = EvaluateChecks(Record({"context"}, 10, once), {}, Probes(), {.min_recall = 0.999});
  ASSERT_TRUE(ladder.ok());
  EXPECT_NE(ladder->verdict, Verdict::kDiffers);
}

TEST(ChecksTest, RequestsUnderOtherConditionsAreNotJudged) {
  const auto observed = Record({"cache", "context", "echo"}, 10, Honest, 2);
  // Refused by the endpoint and left out, as reasoning models do.
  auto without = observed;
  for (Observation& o : without) o.request.temperature.reset();
  const ChecksReport alone = Evaluate(without);
  EXPECT_EQ(alone.verdict, Verdict::kNotMeasurable);
  EXPECT_THAT(Check(alone, "echo/url").notes, testing::Contains(HasSubstr("no temperature")));
  EXPECT_EQ(Evaluate(without, observed).verdict, Verdict::kNotMeasurable);
  EXPECT_EQ(Evaluate(observed, without).verdict, Verdict::kNotMeasurable);
  // The same on both sides is the same question.
  EXPECT_EQ(Evaluate(without, without).verdict, Verdict::kConsistent);

  auto shorter = observed;
  for (Observation& o : shorter) {
    if (o.probe.starts_with("context/800")) o.request.max_tokens = 4;
  }
  const ChecksReport one = Evaluate(shorter);
  EXPECT_EQ(one.verdict, Verdict::kInconclusive);
  EXPECT_THAT(Check(one, "context/800").notes, testing::Contains(HasSubstr("max_tokens 4")));
  EXPECT_EQ(Check(one, "context/400").status, SignalStatus::kConsistent);

  auto chat = observed, messages = observed, mixed = observed;
  for (Observation& o : chat) o.request.api = "openai_chat";
  for (Observation& o : messages) o.request.api = "anthropic";
  mixed[0].request.api = "anthropic";
  EXPECT_EQ(Evaluate(chat, chat).verdict, Verdict::kConsistent);
  EXPECT_EQ(Evaluate(chat, messages).verdict, Verdict::kNotMeasurable);
  EXPECT_EQ(Check(Evaluate(mixed), "cache").status, SignalStatus::kNotMeasurable);
}

TEST(ChecksTest, PlainTextHasAnIdentityOfItsOwn) {
  auto observed = Record({"echo"}, 10, Honest);
  for (Observation& o : observed) o.request.prompt_sha256 = PlainPromptSha256(Probes().Find(o.probe)->probe);
  EXPECT_EQ(Evaluate(observed).verdict, Verdict::kConsistent);
}

// A reference with another seed asked other prompts, so that repeats have nothing to be compared with.
TEST(ChecksTest, AReferenceWithAnotherSeedDoesNotMeasureTheCache) {
  const CheckResult cache =
      Check(Evaluate(Record({"cache"}, 10, Honest), Record({"cache"}, 10, Honest, 5, 800, 9)), "cache");
  EXPECT_EQ(cache.status, SignalStatus::kNotMeasurable);
  EXPECT_FALSE(cache.p_value.has_value());
  EXPECT_THAT(cache.notes, testing::Contains(HasSubstr("--seed")));
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
  EXPECT_THAT(internal::Message(report.status()), HasSubstr("--battery-key-env"));
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

// Two endpoints that repeat themselves equally often, each with a favourite answer of its own: they differ,
// but not in what the check claims. `differs` has a chance of at most 0.05; 400 runs have a standard
// deviation of 0.0109, so a valid verdict fails with a chance below 1e-4.
TEST(ChecksCalibrationTest, EqualRepeatsOfOtherAnswersAreNoCache) {
  for (const double share : {0.4, 0.7}) {
    const auto favouring = [share](const char* favourite) -> Relay {
      return [share, favourite](const CheckProbe&, CounterRng& rng) -> std::optional<std::string> {
        if (rng.Uniform() < share) return favourite;
        return "answer " + std::to_string(rng.Below(1 << 30));
      };
    };
    int differs = 0, differs_alone = 0;
    for (std::uint64_t run = 0; run < 200; ++run) {
      ChecksOptions options;
      options.alpha = 0.05;
      const auto observed = Record({"cache"}, 10, favouring("mine"), 2 * run + 1);
      const auto report =
          EvaluateChecks(observed, Record({"cache"}, 10, favouring("yours"), 2 * run + 2), Probes(), options);
      ASSERT_TRUE(report.ok());
      differs += report->verdict == Verdict::kDiffers ? 1 : 0;
      // And without a reference, where the two nonces have the favourites.
      const auto by_nonce = [&](const CheckProbe& check, CounterRng& rng) {
        return favouring(check.kind == "cache/same" ? "mine" : "yours")(check, rng);
      };
      const auto alone = EvaluateChecks(Record({"cache"}, 10, by_nonce, run + 7000), {}, Probes(), options);
      ASSERT_TRUE(alone.ok());
      differs_alone += alone->verdict == Verdict::kDiffers ? 1 : 0;
    }
    EXPECT_LE(differs, 200 * (0.05 + 4 * 0.0154)) << share;
    EXPECT_LE(differs_alone, 200 * (0.05 + 4 * 0.0154)) << share;
  }
}

}  // namespace
}  // namespace pinchbeck
