#include "pinchbeck/audit/plan.h"

#include <gmock/gmock.h>

#include <cmath>

#include "pinchbeck/audit/verify.h"
#include "pinchbeck/fingerprint/builder.h"
#include "pinchbeck/fingerprint/library.h"
#include "tests/signal/observations.h"

namespace pinchbeck {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kFolder = PINCHBECK_SOURCE_DIR "/fingerprints/";

Fingerprint Enrolled(const std::string& model, const std::vector<Observation>& observations) {
  FingerprintBuilder builder(EnrollOptions{.model = model});
  for (const Observation& observation : observations) EXPECT_TRUE(builder.Add(observation, "default").ok());
  auto fingerprint = std::move(builder).Build();
  EXPECT_TRUE(fingerprint.ok()) << fingerprint.status();
  return *std::move(fingerprint);
}

Fingerprint Shipped(const std::string& file) {
  auto fingerprint = LoadFingerprint(kFolder + file);
  EXPECT_TRUE(fingerprint.ok()) << fingerprint.status();
  return *std::move(fingerprint);
}

const PlanDesign& Named(const Plan& plan, const std::string& name) {
  for (const PlanDesign& design : plan.designs) {
    if (design.name == name) return design;
  }
  ADD_FAILURE() << "no design " << name;
  return plan.designs.front();
}

// Probes p0 and p1 differ between the models, the others do not.
std::vector<Observation> PartlyDifferent(double power, std::uint64_t seed, int answers) {
  std::vector<Observation> observations = RandomChoices(2, answers, power, seed);
  for (const Observation& observation : RandomChoices(4, answers, 0, seed + 100, "same")) {
    observations.push_back(observation);
  }
  return observations;
}

TEST(PlanTest, CheapestDesignAsksTheProbesThatDiffer) {
  PlanOptions options;
  options.runs = 60;
  options.input_tokens = 20;
  options.output_tokens = 2;
  options.price_per_mtok_in = 1;
  options.price_per_mtok_out = 5;
  const auto plan = PlanAudit(Enrolled("claimed", PartlyDifferent(0, 1, 100)),
                              Enrolled("substitute", PartlyDifferent(3, 2, 100)), options);
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_TRUE(plan->cheapest);
  const PlanDesign &cheapest = plan->designs[*plan->cheapest], &all = Named(*plan, "choice");
  EXPECT_EQ(cheapest.name, "cheapest");
  for (const std::string& probe : cheapest.probes) EXPECT_THAT(probe, Not(HasSubstr("same")));
  ASSERT_TRUE(all.answers_per_probe);
  EXPECT_LT(cheapest.requests, all.requests);
  EXPECT_EQ(all.requests, 6 * *all.answers_per_probe);
  EXPECT_DOUBLE_EQ(*all.input_tokens, 20.0 * static_cast<double>(all.requests));
  EXPECT_NEAR(*all.cost, (20 * 1 + 2 * 5) * static_cast<double>(all.requests) / 1e6, 1e-12);
  EXPECT_GT(cheapest.power.monte_carlo_error, 0);
  EXPECT_LE(cheapest.answers_low, *cheapest.answers_per_probe);
}

TEST(PlanTest, NoMoneyOrTokensAreInvented) {
  PlanOptions options;
  options.runs = 40;
  options.price_per_mtok_in = 1;
  options.price_per_mtok_out = 1;
  const auto plan = PlanAudit(Enrolled("a", RandomChoices(1, 200, 0, 1)),
                              Enrolled("b", RandomChoices(1, 200, 3, 2)), options);
  ASSERT_TRUE(plan.ok()) << plan.status();
  // max_tokens 4 bounds the output, but nobody counted the input.
  EXPECT_EQ(plan->cells[0].input_tokens, std::nullopt);
  EXPECT_EQ(plan->cells[0].output_tokens, 4.0);
  EXPECT_EQ(plan->designs[0].cost, std::nullopt);
  EXPECT_THAT(plan->warnings, ::testing::Contains(HasSubstr("compared by requests")));
}

TEST(PlanTest, SmallerSharesNeedMoreAnswers) {
  const Fingerprint claimed = Enrolled("a", RandomChoices(1, 400, 0, 1)),
                    substitute = Enrolled("b", RandomChoices(1, 400, 4, 2));
  PlanOptions options;
  options.runs = 40;
  const auto whole = PlanAudit(claimed, substitute, options);
  options.share = 0.5;
  const auto half = PlanAudit(claimed, substitute, options);
  ASSERT_TRUE(whole.ok() && half.ok());
  ASSERT_TRUE(Named(*whole, "choice").answers_per_probe && Named(*half, "choice").answers_per_probe);
  EXPECT_GT(*Named(*half, "choice").answers_per_probe, 2 * *Named(*whole, "choice").answers_per_probe);
}

// The choice among many probes that differ by chance only must not promise anything.
TEST(PlanTest, EqualModelsAreNotFoundByChoosingProbes) {
  PlanOptions options;
  options.runs = 40;
  int found = 0;
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const auto plan = PlanAudit(Enrolled("a", RandomChoices(8, 30, 0, 10 + seed)),
                                Enrolled("b", RandomChoices(8, 30, 0, 20 + seed)), options);
    ASSERT_TRUE(plan.ok()) << plan.status();
    for (const PlanDesign& design : plan->designs) {
      // Sizes beyond the stored answers repeat them, and are marked.
      found += design.answers_per_probe.has_value() && !design.beyond_stored ? 1 : 0;
    }
  }
  EXPECT_EQ(found, 0);
}

TEST(PlanTest, ErrorsSayWhatIsWrong) {
  const Fingerprint a = Enrolled("a", RandomChoices(1, 20, 0, 1));
  EXPECT_THAT(PlanAudit(a, a, {.alpha = 0}).status().ToString(), HasSubstr("alpha"));
  EXPECT_THAT(PlanAudit(a, a, {.power = 1}).status().ToString(), HasSubstr("power"));
  EXPECT_THAT(PlanAudit(a, a, {.share = 0}).status().ToString(), HasSubstr("share"));
  EXPECT_THAT(PlanAudit(a, a, {.runs = 1}).status().ToString(), HasSubstr("runs"));
  EXPECT_THAT(PlanAudit(a, a, {.price_per_mtok_in = -1}).status().ToString(), HasSubstr("price_per_mtok_in"));
  const Fingerprint other = Enrolled("b", RandomChoices(1, 20, 0, 1, "q"));
  EXPECT_EQ(PlanAudit(a, other).status().code(), absl::StatusCode::kFailedPrecondition);
  std::vector<Observation> warm = RandomChoices(1, 20, 0, 1);
  for (Observation& observation : warm) observation.request.temperature = 0.5;
  EXPECT_THAT(PlanAudit(a, Enrolled("b", warm)).status().ToString(), HasSubstr("temperature"));
  EXPECT_FALSE(DesignPower(a, a, {"q"}, 3).ok());
}

TEST(PlanTest, ThreadsDoNotChangeThePlan) {
  const Fingerprint a = Enrolled("a", RandomChoices(3, 60, 0, 1)),
                    b = Enrolled("b", RandomChoices(3, 60, 2, 2));
  PlanOptions options;
  options.runs = 40;
  const auto one = PlanAudit(a, b, options);
  options.threads = 3;
  const auto three = PlanAudit(a, b, options);
  ASSERT_TRUE(one.ok() && three.ok());
  ASSERT_EQ(one->designs.size(), three->designs.size());
  for (std::size_t i = 0; i < one->designs.size(); ++i) {
    EXPECT_EQ(one->designs[i].answers_per_probe, three->designs[i].answers_per_probe);
    EXPECT_EQ(one->designs[i].power.rejections, three->designs[i].power.rejections);
  }
}

// Share of real verify() runs, with other random numbers, that end in `differs` when observed answers are
// drawn without replacement from the substitute's stored ones, the rest of which is the stored alternative.
double VerifiedPower(const Fingerprint& claimed, const Fingerprint& substitute, const std::string& probe,
                     std::int64_t answers, int runs) {
  int differs = 0;
  for (int run = 0; run < runs; ++run) {
    Fingerprint alternative = substitute;
    ProbeSample& pool = alternative.parts.at(0).sample.probes.at(probe);
    SampleSet observed;
    ProbeSample& drawn = observed.probes[probe];
    drawn.conditions = pool.conditions;
    drawn.usable = observed.usable = answers;
    stats::CounterRng rng(4711, static_cast<std::uint64_t>(run));
    for (std::int64_t i = 0; i < answers; ++i) {
      auto position = static_cast<std::int64_t>(rng.Below(static_cast<std::uint32_t>(pool.choice_count())));
      auto it = pool.choices.begin();
      while (position >= it->second) position -= (it++)->second;
      ++drawn.choices[it->first];
      if (--it->second == 0) pool.choices.erase(it);
    }
    VerifyOptions options;
    options.permutations = 1999;
    options.seed = 1000 + static_cast<std::uint64_t>(run);
    options.alternatives = {&alternative};
    const auto report = Verify(claimed, observed, options);
    EXPECT_TRUE(report.ok()) << report.status();
    differs += report->verdict == Verdict::kDiffers ? 1 : 0;
  }
  return static_cast<double>(differs) / runs;
}

// The planned size gives the power in verify() itself. With 100 runs on each side the two estimates differ by
// more than 0.15 with probability below 1e-3.
TEST(PlanTest, PlannedSizesGiveThePowerInVerify) {
  const std::pair<const char*, const char*> pairs[] = {
      {"aig_random_1_355/GLM-5.2.json", "aig_random_1_355/GLM-5.1.json"},
      {"aig_random_1_355/GPT-4o.json", "aig_random_1_355/GPT-4o-mini.json"},
      {"aig_random_1_355/Kimi-K2.6.json", "aig_random_1_355/Kimi-K3.json"}};
  PlanOptions options;
  options.runs = 100;
  for (const auto& [claimed_file, substitute_file] : pairs) {
    const Fingerprint claimed = Shipped(claimed_file), substitute = Shipped(substitute_file);
    const auto plan = PlanAudit(claimed, substitute, options);
    ASSERT_TRUE(plan.ok()) << plan.status();
    const PlanDesign& design = Named(*plan, "choice");
    ASSERT_TRUE(design.answers_per_probe) << claimed_file;
    const double power =
        VerifiedPower(claimed, substitute, "integer-1-355/zh", *design.answers_per_probe, 100);
    RecordProperty(std::string(claimed_file) + " verified power", std::to_string(power));
    EXPECT_NEAR(power, design.power.power, 0.15) << claimed_file << " n " << *design.answers_per_probe;
  }
}

// A design of many probes and several variants keeps its promise under other random numbers.
TEST(PlanTest, PlannedSizesGiveThePowerOnTheTestBed) {
  const Fingerprint claimed = Shipped("testbed/A-f16.json"), substitute = Shipped("testbed/B.json");
  PlanOptions options;
  options.runs = 60;
  const auto plan = PlanAudit(claimed, substitute, options);
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_TRUE(plan->cheapest);
  const PlanDesign& design = plan->designs[*plan->cheapest];
  options.seed = 99;
  const auto power = DesignPower(claimed, substitute, design.probes, *design.answers_per_probe, options);
  ASSERT_TRUE(power.ok()) << power.status();
  EXPECT_GT(power->power, options.power - 0.12);
}

}  // namespace
}  // namespace pinchbeck
