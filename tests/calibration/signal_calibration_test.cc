// Over 2,000 random splits of one model's recording no signal's p-value rejects more often than its level.
//
// Splits are without replacement, so both halves come from one source. Where the shared recordings are at
// hand the whole test bed is split, else the part of it that is embedded for the demo. Each check of a
// correct method would fail with probability 1e-4 for another seed.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "pinchbeck/audit/verify.h"
#include "pinchbeck/core/recording_set.h"
#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/signal/sample_builder.h"
#include "pinchbeck/stats/counter_rng.h"
#include "src/cli/demo_data.h"
#include "src/cli/temporary_folder.h"
#include "tests/exact_binomial.h"

namespace pinchbeck {
namespace {

constexpr std::uint64_t kSplits = 2000;

std::string Recording(const std::string& shared_name, std::string_view demo_name, const std::string& folder) {
  const std::string shared =
      std::string(PINCHBECK_SOURCE_DIR) + "/../shared/data/testbed/" + shared_name + ".jsonl.gz";
  if (std::filesystem::exists(shared)) return shared;
  const std::string path = folder + "/" + std::string(demo_name);
  std::ofstream(path, std::ios::binary) << cli::DemoFile(demo_name);
  return path;
}

using ByProbe = std::map<std::string, std::vector<Observation>>;

ByProbe Read(const std::string& path) {
  ByProbe observations;
  const auto summary = ReadRecordings({path}, [&](const Observation& observation) {
    observations[observation.probe].push_back(observation);
    return absl::OkStatus();
  });
  EXPECT_TRUE(summary.ok()) << summary.status();
  return observations;
}

// How many probes of a kind a split takes, and how many answers each side gets.
struct Take {
  const char* prefix;
  std::size_t probes, reference, observed;
};
constexpr Take kTakes[] = {{"choice/", 6, 12, 20}, {"first/", 8, 2, 2}, {"text/", 5, 5, 3}};

template <class T>
void Shuffle(std::vector<T>& items, stats::CounterRng& rng) {
  for (std::size_t i = 0; i + 1 < items.size(); ++i) {
    std::swap(items[i], items[i + rng.Below(static_cast<std::uint32_t>(items.size() - i))]);
  }
}

struct Split {
  SampleSet reference, observed;
};

Split RandomSplit(const ByProbe& data, std::uint64_t run) {
  stats::CounterRng rng(2026, run);
  SampleBuilder reference, observed;
  for (const Take& take : kTakes) {
    std::vector<const std::vector<Observation>*> probes;
    for (const auto& [id, observations] : data) {
      if (id.rfind(take.prefix, 0) == 0) probes.push_back(&observations);
    }
    Shuffle(probes, rng);
    for (std::size_t p = 0; p < take.probes; ++p) {
      std::vector<const Observation*> order;
      for (const Observation& observation : *probes[p]) order.push_back(&observation);
      Shuffle(order, rng);
      for (std::size_t i = 0; i < take.reference + take.observed && i < order.size(); ++i) {
        EXPECT_TRUE((i < take.reference ? reference : observed).Add(*order[i]).ok());
      }
    }
  }
  const SignalPlan plan = SampleBuilder::DecidePlan({&reference, &observed});
  return {std::move(reference).Finish(plan), std::move(observed).Finish(plan)};
}

// p-values by name over all splits.
using PValues = std::map<std::string, std::vector<double>>;

void Record(const SignalEvidence& evidence, const std::string& name, PValues& values) {
  ASSERT_TRUE(evidence.measurable) << name << ": " << evidence.reason;
  values[name].push_back(*evidence.p_value);
  if (evidence.equality_p_value) values[name + ", equality"].push_back(*evidence.equality_p_value);
}

void EvaluateSplit(const Split& split, const SampleSet& alternative, std::uint64_t run, PValues& values) {
  SignalOptions options;
  options.permutations = 199;
  options.seed = run;
  options.claim = Claim::kServing;
  Record(EvaluateChoice(split.reference, split.observed, options), "choice", values);
  Record(EvaluateLogprob(split.reference, split.observed, options), "logprob", values);
  Record(EvaluateText(split.reference, split.observed, options), "text", values);
  Record(EvaluateTokenLength(split.reference, split.observed, options), "token_length", values);
  Record(EvaluateLatency(split.reference, split.observed, options), "latency", values);
  options.alternatives = {&alternative};
  Record(EvaluateChoice(split.reference, split.observed, options), "choice with an alternative", values);
  Record(EvaluateText(split.reference, split.observed, options), "text with an alternative", values);
  Record(EvaluateTokenLength(split.reference, split.observed, options), "token_length with an alternative",
         values);
}

// Runs `work` for every split on two threads; each thread fills its own values.
template <class Work>
PValues OverSplits(std::uint64_t splits, Work work) {
  PValues merged;
  std::mutex mutex;
  auto part = [&](std::uint64_t first) {
    PValues own;
    for (std::uint64_t run = first; run < splits; run += 2) work(run, own);
    const std::lock_guard<std::mutex> lock(mutex);
    for (auto& [name, values] : own) merged[name].insert(merged[name].end(), values.begin(), values.end());
  };
  std::thread other(part, 1);
  part(0);
  other.join();
  return merged;
}

class SignalCalibrationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = cli::TemporaryFolder::Create();
    ASSERT_TRUE(folder.ok());
    data_ = Read(Recording("A-f16", cli::kDemoReference, folder->path()));
    SampleBuilder alternative;
    for (const auto& [id, observations] : Read(Recording("B", cli::kDemoAlternative, folder->path()))) {
      for (const Observation& observation : observations) ASSERT_TRUE(alternative.Add(observation).ok());
    }
    const SignalPlan plan = SampleBuilder::DecidePlan({&alternative});
    alternative_ = std::move(alternative).Finish(plan);
  }
  ByProbe data_;
  SampleSet alternative_;
};

TEST_F(SignalCalibrationTest, NoSignalRejectsMoreOftenThanItsLevel) {
  const PValues values = OverSplits(kSplits, [&](std::uint64_t run, PValues& own) {
    EvaluateSplit(RandomSplit(data_, run), alternative_, run, own);
  });
  ASSERT_GE(values.size(), 7u);
  for (const auto& [name, p_values] : values) {
    ASSERT_EQ(p_values.size(), kSplits) << name;
    for (const double level : {0.01, 0.05}) {
      std::int64_t rejected = 0;
      for (const double p : p_values) rejected += p <= level;
      std::printf("%-28s level %.2f: %lld of %llu\n", name.c_str(), level, static_cast<long long>(rejected),
                  static_cast<unsigned long long>(kSplits));
      EXPECT_GT(BinomialUpperTail(rejected, static_cast<std::int64_t>(kSplits), level), kCheckFailureChance)
          << name << " at level " << level;
    }
  }
}

// The whole decision, with the claim that grants honest servings nothing.
TEST_F(SignalCalibrationTest, VerdictsDifferAtMostAsOftenAsAlphaAllows) {
  constexpr std::uint64_t kAudits = 400;
  const PValues values = OverSplits(kAudits, [&](std::uint64_t run, PValues& own) {
    Split split = RandomSplit(data_, 100000 + run);
    Fingerprint fingerprint;
    fingerprint.model = "A";
    for (const auto& entry : split.reference.probes) fingerprint.plan[entry.first];
    fingerprint.parts.push_back({"default", "", std::nullopt, std::nullopt, std::move(split.reference)});
    VerifyOptions options;
    options.claim = Claim::kServing;
    options.alpha = 0.05;
    options.permutations = 199;
    options.seed = run;
    const auto report = Verify(fingerprint, split.observed, options);
    ASSERT_TRUE(report.ok()) << report.status();
    own["differs"].push_back(report->verdict == Verdict::kDiffers ? 1 : 0);
  });
  std::int64_t differs = 0;
  for (const double value : values.at("differs")) differs += value > 0;
  std::printf("verdict differs at alpha 0.05: %lld of %llu\n", static_cast<long long>(differs),
              static_cast<unsigned long long>(kAudits));
  EXPECT_GT(BinomialUpperTail(differs, static_cast<std::int64_t>(kAudits), 0.05), kCheckFailureChance);
}

}  // namespace
}  // namespace pinchbeck
