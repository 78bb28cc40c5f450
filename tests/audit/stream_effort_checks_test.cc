// The checks of streams and of reasoning efforts, on constructed recordings.
#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pinchbeck/audit/checks.h"
#include "pinchbeck/report/checks_writers.h"
#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck {
namespace {

using stats::CounterRng;
using testing::Contains;
using testing::HasSubstr;

CheckProbes Probes() { return *CheckProbes::Make(Secret()); }

// Fills in what the endpoint answers.
using Endpoint = std::function<void(const CheckProbe&, CounterRng&, Observation&)>;

std::vector<Observation> Record(const std::string& group, std::int64_t samples, const Endpoint& endpoint,
                                std::uint64_t seed = 1) {
  const CheckProbes probes = Probes();
  const absl::StatusOr<Battery> battery = probes.Compose({{group}, samples, 1, 500});
  EXPECT_TRUE(battery.ok()) << battery.status();
  std::vector<Observation> observations;
  CounterRng rng(seed, 0);
  for (const Probe& probe : battery->probes) {
    Observation observation;
    observation.probe = probe.id;
    observation.request.prompt_sha256 = probe.PromptSha256();
    observation.request.stream = probe.sampling.stream;
    endpoint(*probes.Find(probe.id), rng, observation);
    observations.push_back(std::move(observation));
  }
  return observations;
}

ChecksReport Evaluate(const std::vector<Observation>& observed,
                      const std::vector<Observation>& reference = {}, const ChecksOptions& options = {}) {
  const absl::StatusOr<ChecksReport> report = EvaluateChecks(observed, reference, Probes(), options);
  EXPECT_TRUE(report.ok()) << report.status();
  return report.ok() ? *report : ChecksReport{};
}

// --- Streams ---

// Numbers as models pick them: a few favourites. The favourites of model 1 are others than those of model 0.
std::string Pick(int model, CounterRng& rng) {
  if (rng.Uniform() < 0.5) return std::to_string(40 + 30 * model + static_cast<int>(rng.Below(3)));
  return std::to_string(1 + rng.Below(100));
}

void OneModel(const CheckProbe&, CounterRng& rng, Observation& observation) {
  observation.response.text = Pick(0, rng);
}

void AnotherModelWithoutStreams(const CheckProbe& check, CounterRng& rng, Observation& observation) {
  observation.response.text = Pick(check.kind == "stream/whole" ? 1 : 0, rng);
}

TEST(StreamCheckTest, OneModelForBothIsConsistent) {
  const ChecksReport report = Evaluate(Record("stream", 25, OneModel));
  ASSERT_EQ(report.checks.size(), 1U);
  EXPECT_EQ(report.checks[0].check, "stream");
  EXPECT_EQ(report.verdict, Verdict::kConsistent);
}

TEST(StreamCheckTest, AnotherModelForOneOfThemDiffers) {
  const ChecksReport report = Evaluate(Record("stream", 25, AnotherModelWithoutStreams));
  EXPECT_EQ(report.verdict, Verdict::kDiffers);
  ASSERT_TRUE(report.checks[0].effect.has_value());
  EXPECT_GT(*report.checks[0].effect, 0.3);
}

TEST(StreamCheckTest, SaysWhichShareOfTheStreamsIsNotRuledOut) {
  const auto least = [](std::int64_t samples) {
    const ChecksReport report = Evaluate(Record("stream", samples, OneModel));
    for (const std::string& note : report.checks.at(0).notes) {
      const std::size_t at = note.find("substitute for ");
      if (at != std::string::npos) return std::stoi(note.substr(at + 15));
    }
    ADD_FAILURE() << "no note";
    return 0;
  };
  EXPECT_LE(least(50), least(8)) << "more answers find smaller shares";
  EXPECT_LE(least(50), 30);
}

TEST(StreamCheckTest, AReferenceNeitherHelpsNorHarms) {
  const auto cheating = Record("stream", 25, AnotherModelWithoutStreams);
  const auto honest = Record("stream", 25, OneModel);
  EXPECT_EQ(Evaluate(cheating, cheating).verdict, Verdict::kDiffers);
  EXPECT_EQ(Evaluate(honest, cheating).verdict, Verdict::kConsistent);
}

// The table of docs/methods/stream-equality.md has 198 and 200 of 200.
TEST(StreamCheckTest, FindsAnotherModelAsOftenAsThePageSays) {
  for (const std::int64_t samples : {10, 25}) {
    int found = 0;
    for (std::uint64_t run = 0; run < 40; ++run) {
      ChecksOptions options;
      options.permutations = 199;
      options.seed = run;
      const auto observed = Record("stream", samples, AnotherModelWithoutStreams, run);
      found += Evaluate(observed, {}, options).verdict == Verdict::kDiffers ? 1 : 0;
    }
    EXPECT_GE(found, 36) << samples;
  }
}

TEST(StreamCheckTest, OneStrangeAnswerDecidesNothing) {
  auto observed = Record("stream", 25, OneModel);
  observed.front().response.text = "I am a different model.";
  EXPECT_EQ(Evaluate(observed).verdict, Verdict::kConsistent);
}

TEST(StreamCheckTest, SpacesAtTheEndsAreNoDifference) {
  auto observed = Record("stream", 25, OneModel);
  for (Observation& observation : observed) {
    if (observation.request.stream == true)
      observation.response.text = " " + *observation.response.text + "\n";
  }
  EXPECT_EQ(Evaluate(observed).verdict, Verdict::kConsistent);
}

TEST(StreamCheckTest, AnswersAskedTheOtherWayDoNotCount) {
  auto observed = Record("stream", 25, OneModel);
  for (Observation& observation : observed) observation.request.stream = false;
  const ChecksReport report = Evaluate(observed);
  EXPECT_EQ(report.verdict, Verdict::kNotMeasurable);
  EXPECT_EQ(report.checks.at(0).status, SignalStatus::kNotMeasurable);
}

TEST(StreamCheckTest, FewAnswersAreNoProofOfHonesty) {
  EXPECT_EQ(Evaluate(Record("stream", 1, OneModel)).verdict, Verdict::kInconclusive);
}

// The test at 0.05, with one model for both: rejections among 400 recordings have a standard deviation of
// 0.011, so a valid test fails here with a chance below 1e-4.
TEST(StreamCheckTest, KeepsItsLevel) {
  int differs = 0;
  for (std::uint64_t run = 0; run < 400; ++run) {
    ChecksOptions options;
    options.alpha = 0.05;
    options.permutations = 199;
    options.seed = run;
    differs += Evaluate(Record("stream", 5, OneModel, run), {}, options).verdict == Verdict::kDiffers ? 1 : 0;
  }
  EXPECT_LE(differs, 400 * (0.05 + 4 * 0.011));
  EXPECT_GE(differs, 1) << "a test that never rejects shows nothing";
}

// --- Efforts ---

Endpoint Reasoning(double low_mean, double high_mean) {
  return [=](const CheckProbe& check, CounterRng& rng, Observation& observation) {
    observation.response.text = "7";
    const double mean = check.kind == "effort/low" ? low_mean : high_mean;
    observation.usage.reasoning_tokens = static_cast<std::int64_t>(mean * (0.5 + rng.Uniform()));
  };
}

TEST(EffortCheckTest, LongerReasoningAtHighEffortIsConsistent) {
  const auto observed = Record("effort", 10, Reasoning(200, 800));
  for (const auto& reference : {std::vector<Observation>{}, Record("effort", 10, Reasoning(200, 800), 2)}) {
    const ChecksReport report = Evaluate(observed, reference);
    ASSERT_EQ(report.checks.size(), 1U);
    EXPECT_EQ(report.checks[0].check, "effort");
    EXPECT_EQ(report.verdict, Verdict::kConsistent);
    EXPECT_EQ(report.checks[0].trials, 40);
    EXPECT_EQ(report.checks[0].events, 0);
  }
}

TEST(EffortCheckTest, AnIgnoredEffortDiffers) {
  const auto observed = Record("effort", 10, Reasoning(300, 300));
  for (const auto& reference : {std::vector<Observation>{}, Record("effort", 10, Reasoning(200, 800), 2)}) {
    const ChecksReport report = Evaluate(observed, reference);
    EXPECT_EQ(report.verdict, Verdict::kDiffers);
    EXPECT_NEAR(static_cast<double>(report.checks[0].events), 20, 12);
  }
}

// The table of docs/methods/reasoning-effort.md has 161 of 200, with a standard deviation of 2.5 in 40.
TEST(EffortCheckTest, FindsAnIgnoredEffortAsOftenAsThePageSays) {
  int found = 0;
  for (std::uint64_t run = 0; run < 40; ++run) {
    ChecksOptions options;
    options.permutations = 199;
    options.seed = run;
    found +=
        Evaluate(Record("effort", 10, Reasoning(300, 300), run), {}, options).verdict == Verdict::kDiffers
            ? 1
            : 0;
  }
  EXPECT_GE(found, 22);
  EXPECT_LE(found, 39);
}

TEST(EffortCheckTest, AnEffortThatTheReferenceIgnoresTooIsNoAccusationAndNoProof) {
  const ChecksReport report =
      Evaluate(Record("effort", 10, Reasoning(300, 300), 3), Record("effort", 10, Reasoning(300, 300), 4));
  EXPECT_EQ(report.verdict, Verdict::kInconclusive);
  EXPECT_THAT(report.checks[0].notes, Contains(HasSubstr("is not shown")));
}

TEST(EffortCheckTest, CountsThatAreAbsentAreNotMeasured) {
  const ChecksReport report =
      Evaluate(Record("effort", 10, [](const CheckProbe&, CounterRng&, Observation& observation) {
        observation.response.text = "7";
        observation.usage.output_tokens = 300;
      }));
  EXPECT_EQ(report.verdict, Verdict::kNotMeasurable);
  EXPECT_THAT(report.checks.at(0).notes, Contains(HasSubstr("how many tokens were spent on reasoning")));
}

TEST(EffortCheckTest, AModelThatDoesNotReasonIsNotMeasured) {
  const ChecksReport report = Evaluate(Record("effort", 10, Reasoning(0, 0)));
  EXPECT_EQ(report.verdict, Verdict::kNotMeasurable);
  EXPECT_THAT(report.checks.at(0).notes, Contains(HasSubstr("without reasoning")));
}

TEST(EffortCheckTest, AnEffortThatIsRefusedIsNotMeasured) {
  const ChecksReport report =
      Evaluate(Record("effort", 10, [](const CheckProbe&, CounterRng&, Observation& observation) {
        observation.error = ErrorRecord{ErrorKind::kHttp, 400, "unsupported parameter: reasoning_effort"};
      }));
  EXPECT_EQ(report.verdict, Verdict::kNotMeasurable);
  EXPECT_EQ(report.checks.at(0).status, SignalStatus::kNotMeasurable);
}

TEST(EffortCheckTest, TheLimitCutsLongReasoningAndAccusesNobody) {
  // Both levels mostly end at the limit; those that do say only "at least as long".
  const auto cut = [](std::int64_t limit) {
    return [limit](const CheckProbe& check, CounterRng& rng, Observation& observation) {
      const double mean = check.kind == "effort/low" ? 600 : 2400;
      std::int64_t tokens = static_cast<std::int64_t>(mean * (0.5 + rng.Uniform()));
      observation.response.finish_reason = tokens >= limit ? "length" : "stop";
      observation.usage.reasoning_tokens = std::min(tokens, limit);
    };
  };
  EXPECT_EQ(Evaluate(Record("effort", 10, cut(300))).verdict, Verdict::kNotMeasurable);
  EXPECT_EQ(Evaluate(Record("effort", 10, cut(600))).verdict, Verdict::kConsistent);
  const ChecksReport report = Evaluate(Record("effort", 10, cut(450)));
  EXPECT_NE(report.verdict, Verdict::kDiffers);
  EXPECT_THAT(report.checks.at(0).notes, Contains(HasSubstr("the output limit cut are left out")));
}

TEST(EffortCheckTest, OneProblemDecidesNothing) {
  auto observed = Record("effort", 10, Reasoning(200, 800));
  for (Observation& observation : observed) {
    if (observation.probe == "effort/high/1-1") observation.usage.reasoning_tokens = 1;
  }
  EXPECT_EQ(Evaluate(observed).verdict, Verdict::kConsistent);
  // Nor does the only one that is left, beside a reference of many.
  auto last = Record("effort", 10, Reasoning(800, 200));
  for (Observation& observation : last) {
    if (!observation.probe.ends_with("/1-1"))
      observation.error = ErrorRecord{ErrorKind::kHttp, 500, "overloaded"};
  }
  const ChecksReport alone = Evaluate(last, Record("effort", 50, Reasoning(200, 800)));
  EXPECT_NE(alone.verdict, Verdict::kDiffers);
  EXPECT_EQ(alone.checks.at(0).trials, 1);
  EXPECT_EQ(alone.checks.at(0).p_value, 1);
}

// At the limit of the null hypothesis: reasoning is longer in exactly three of four problems. At most 0.05 of
// the endpoints may be accused; 400 runs have a standard deviation of 0.011.
TEST(EffortCheckTest, KeepsItsLevelAtTheBound) {
  int differs = 0;
  for (std::uint64_t run = 0; run < 400; ++run) {
    CounterRng coins(run, 7);
    std::map<std::string, bool> longer;
    const auto endpoint = [&](const CheckProbe& check, CounterRng&, Observation& observation) {
      const auto [it, fresh] = longer.try_emplace(check.cell, false);
      if (fresh) it->second = coins.Uniform() < 0.75;
      observation.usage.reasoning_tokens = check.kind == "effort/low" ? 200 : it->second ? 300 : 100;
    };
    ChecksOptions options;
    options.alpha = 0.05;
    options.permutations = 99;
    differs += Evaluate(Record("effort", 5, endpoint, run), {}, options).verdict == Verdict::kDiffers ? 1 : 0;
  }
  EXPECT_LE(differs, 400 * (0.05 + 4 * 0.011));
  EXPECT_GE(differs, 1);
}

// An endpoint that ignores the effort is called consistent only where chance made an increase significant at
// alpha, and the check would be passed by it at most that often.
TEST(EffortCheckTest, AnIgnoredEffortIsSeldomCalledConsistent) {
  int consistent = 0;
  for (std::uint64_t run = 0; run < 400; ++run) {
    ChecksOptions options;
    options.alpha = 0.05;
    options.permutations = 199;
    options.seed = run;
    consistent +=
        Evaluate(Record("effort", 2, Reasoning(300, 300), run), {}, options).verdict == Verdict::kConsistent
            ? 1
            : 0;
  }
  EXPECT_LE(consistent, 400 * (0.05 + 4 * 0.011));
}

// --- Reports ---

TEST(StreamEffortReportTest, ShowEffectsAndCountsWhereThereAreSome) {
  const std::string stream = ChecksToText(Evaluate(Record("stream", 25, AnotherModelWithoutStreams)));
  EXPECT_THAT(stream, HasSubstr("Cramer's V"));
  EXPECT_THAT(stream, testing::Not(HasSubstr("0 of 0")));
  EXPECT_THAT(ChecksToJson(Evaluate(Record("stream", 25, OneModel))), HasSubstr("\"trials\":null"));
  const std::string effort = ChecksToText(Evaluate(Record("effort", 10, Reasoning(300, 300))));
  EXPECT_THAT(effort, HasSubstr("problems without longer reasoning at high effort"));
  EXPECT_THAT(effort, HasSubstr("reasoning tokens on average"));
}

}  // namespace
}  // namespace pinchbeck
