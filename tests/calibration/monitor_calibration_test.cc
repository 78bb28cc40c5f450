// How often a monitor raises a false alarm, and how soon it finds a substitution.
//
// Honest runs draw reference and observed answers with replacement from one recording, so that the null
// hypothesis holds exactly for runs of any length; the checks fail with probability 1e-4 for another seed.
// The recordings of commercial models and of a real substitution lie beside the project where they are at
// hand; elsewhere those tests are skipped and the embedded recording of the demo is used.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/audit/monitor.h"
#include "pinchbeck/core/recording_set.h"
#include "pinchbeck/fingerprint/builder.h"
#include "pinchbeck/stats/counter_rng.h"
#include "src/cli/demo_data.h"
#include "src/cli/temporary_folder.h"
#include "tests/exact_binomial.h"

namespace pinchbeck {
namespace {

using Observations = std::vector<Observation>;
using stats::CounterRng;

const std::string kData = std::string(PINCHBECK_SOURCE_DIR) + "/../shared/data/";

Observations Read(const std::string& path) {
  Observations observations;
  const auto summary = ReadRecordings({path}, [&](const Observation& observation) {
    observations.push_back(observation);
    // The name asked for differs between models and is no condition.
    observations.back().request.model.reset();
    return absl::OkStatus();
  });
  EXPECT_TRUE(summary.ok()) << summary.status();
  return observations;
}

Fingerprint Enrolled(const Observations& observations, const std::string& model) {
  FingerprintBuilder builder(EnrollOptions{.model = model});
  for (const Observation& observation : observations) EXPECT_TRUE(builder.Add(observation, "default").ok());
  auto fingerprint = std::move(builder).Build();
  EXPECT_TRUE(fingerprint.ok()) << fingerprint.status();
  return *std::move(fingerprint);
}

const Observation& Draw(const Observations& from, CounterRng& rng) {
  return from[rng.Below(static_cast<std::uint32_t>(from.size()))];
}

Observations DrawMany(const Observations& from, std::size_t count, CounterRng& rng) {
  Observations drawn;
  for (std::size_t i = 0; i < count; ++i) drawn.push_back(Draw(from, rng));
  return drawn;
}

template <class T>
void Shuffle(std::vector<T>& items, CounterRng& rng) {
  for (std::size_t i = 0; i + 1 < items.size(); ++i) {
    std::swap(items[i], items[i + rng.Below(static_cast<std::uint32_t>(items.size() - i))]);
  }
}

// Number of the answer that raised the alarm, or 0.
template <class Next>
std::int64_t AlarmAt(const Fingerprint& fingerprint, const MonitorOptions& options, std::int64_t answers,
                     Next next) {
  auto monitor = Monitor::Create(fingerprint, options);
  EXPECT_TRUE(monitor.ok()) << monitor.status();
  for (std::int64_t i = 0; i < answers && !monitor->decision().alarm_at; ++i) {
    EXPECT_TRUE(monitor->Step(next()).ok());
  }
  return monitor->decision().alarm_at.value_or(0);
}

void CheckAtMost(double alpha, std::int64_t alarms, std::int64_t runs, const std::string& what) {
  std::printf("%s: %lld false alarms in %lld runs at alpha %.2f\n", what.c_str(),
              static_cast<long long>(alarms), static_cast<long long>(runs), alpha);
  EXPECT_GT(BinomialUpperTail(alarms, runs, alpha), kCheckFailureChance) << what;
}

std::map<std::string, Observations> CommercialModels() {
  std::map<std::string, Observations> models;
  if (!std::filesystem::exists(kData + "aig_random_1_355")) return models;
  for (const auto& entry : std::filesystem::directory_iterator(kData + "aig_random_1_355")) {
    const std::string name = entry.path().stem().stem().string();
    models[name] = Read(entry.path().string());
  }
  return models;
}

constexpr double kAlpha = 0.05;

TEST(MonitorCalibrationTest, HonestRunsOnManyProbes) {
  auto folder = cli::TemporaryFolder::Create();
  ASSERT_TRUE(folder.ok());
  std::string path = kData + "testbed/A-f16.jsonl.gz";
  if (!std::filesystem::exists(path)) {
    path = folder->File("demo.jsonl.gz");
    std::ofstream(path, std::ios::binary) << cli::DemoFile(cli::kDemoReference);
  }
  const Observations population = Read(path);
  for (const double tolerance : {0.0, 0.05}) {
    constexpr std::int64_t kRuns = 120, kAnswers = 2000;
    std::int64_t alarms = 0;
    for (std::int64_t run = 0; run < kRuns; ++run) {
      CounterRng rng(21, static_cast<std::uint64_t>(run));
      const Fingerprint fingerprint = Enrolled(DrawMany(population, 1500, rng), "A");
      MonitorOptions options;
      options.alpha = kAlpha;
      options.tolerance = tolerance;
      options.seed = static_cast<std::uint64_t>(run);
      alarms += AlarmAt(fingerprint, options, kAnswers, [&]() { return Draw(population, rng); }) > 0;
    }
    CheckAtMost(kAlpha, alarms, kRuns, "test bed, tolerance " + std::to_string(tolerance));
  }
}

class CommercialMonitorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    models_ = CommercialModels();
    if (models_.empty()) GTEST_SKIP() << "the shared recordings are not at hand: " << kData;
    for (const auto& [name, observations] : models_) {
      names_.push_back(name);
      stored_.push_back(Enrolled(observations, name));
    }
  }
  std::map<std::string, Observations> models_;
  std::vector<std::string> names_;
  std::vector<Fingerprint> stored_;
};

TEST_F(CommercialMonitorTest, HonestRunsOfThreeThousandAnswers) {
  for (const bool alternatives : {false, true}) {
    for (const double tolerance : {0.0, 0.02}) {
      const std::uint64_t runs_each = alternatives ? 4 : 10;
      const std::int64_t answers = alternatives ? 1000 : 3000;
      std::int64_t alarms = 0, runs = 0;
      for (std::size_t m = 0; m < names_.size(); ++m) {
        const Observations& population = models_.at(names_[m]);
        for (std::uint64_t run = 0; run < runs_each; ++run, ++runs) {
          CounterRng rng(22 + m, run);
          const Fingerprint fingerprint = Enrolled(DrawMany(population, 400, rng), names_[m]);
          MonitorOptions options;
          options.alpha = kAlpha;
          options.tolerance = tolerance;
          options.seed = run;
          for (std::size_t j = 0; alternatives && j < 4; ++j) {
            options.alternatives.push_back(&stored_[(m + j + 1) % stored_.size()]);
          }
          alarms += AlarmAt(fingerprint, options, answers, [&]() { return Draw(population, rng); }) > 0;
        }
      }
      CheckAtMost(kAlpha, alarms, runs,
                  std::string(alternatives ? "4 alternatives" : "no alternative") + ", tolerance " +
                      std::to_string(tolerance));
    }
  }
}

// One half is the reference, the other half is read once, in random order.
TEST_F(CommercialMonitorTest, HonestHalves) {
  std::int64_t alarms = 0, runs = 0;
  for (std::size_t m = 0; m < names_.size(); ++m) {
    for (std::uint64_t run = 0; run < 8; ++run, ++runs) {
      CounterRng rng(23 + m, run);
      Observations order = models_.at(names_[m]);
      Shuffle(order, rng);
      const auto middle = order.begin() + static_cast<std::ptrdiff_t>(order.size() / 2);
      const Fingerprint fingerprint = Enrolled(Observations(order.begin(), middle), names_[m]);
      MonitorOptions options;
      options.alpha = kAlpha;
      options.seed = run;
      auto next = middle;
      alarms += AlarmAt(fingerprint, options, order.end() - middle, [&]() { return *next++; }) > 0;
    }
  }
  CheckAtMost(kAlpha, alarms, runs, "halves of one recording");
}

struct PowerRow {
  std::size_t reference;
  double tolerance;
  bool alternatives;
  // Smallest shares that are accepted: the measured ones less about three standard errors.
  double least_by_600, least_by_2000;
};

// A fifth of the answers comes from another model. Prints the table of docs/methods/monitor.md.
TEST_F(CommercialMonitorTest, AFifthFromAnotherModel) {
  const PowerRow rows[] = {
      {250, 0, false, 0.27, 0.27},    {250, 0, true, 0.58, 0.6},  {250, 0.02, true, 0, 0},
      {250, 0.05, true, 0, 0},        {1000, 0, true, 0.8, 0.8},  {1000, 0.02, true, 0.4, 0.4},
      {1000, 0.05, true, 0.16, 0.24}, {4000, 0, true, 0.85, 0.9}, {4000, 0.02, true, 0.7, 0.75},
      {4000, 0.05, true, 0.37, 0.65},
  };
  for (const PowerRow& row : rows) {
    double runs = 0, by_600 = 0, by_2000 = 0;
    for (std::size_t m = 0; m < names_.size(); ++m) {
      for (std::uint64_t run = 0; run < 2; ++run, ++runs) {
        CounterRng rng(24 + m, run);
        const Observations& claimed = models_.at(names_[m]);
        const std::size_t other =
            (m + 1 + rng.Below(static_cast<std::uint32_t>(names_.size() - 1))) % names_.size();
        const Observations& substitute = models_.at(names_[other]);
        MonitorOptions options;
        options.tolerance = row.tolerance;
        options.seed = run;
        if (row.alternatives) {
          for (const Fingerprint& stored : stored_) options.alternatives.push_back(&stored);
        }
        const Fingerprint fingerprint = Enrolled(DrawMany(claimed, row.reference, rng), names_[m]);
        const std::int64_t at = AlarmAt(fingerprint, options, 2000, [&]() {
          return rng.Uniform() < 0.2 ? Draw(substitute, rng) : Draw(claimed, rng);
        });
        by_600 += at > 0 && at <= 600 ? 1 : 0;
        by_2000 += at > 0 ? 1 : 0;
      }
    }
    std::printf("reference %zu, tolerance %.2f, %s: %.0f runs, alarm by 600 answers %.2f, by 2,000 %.2f\n",
                row.reference, row.tolerance, row.alternatives ? "16 alternatives" : "no alternative", runs,
                by_600 / runs, by_2000 / runs);
    EXPECT_GE(by_600 / runs, row.least_by_600);
    EXPECT_GE(by_2000 / runs, row.least_by_2000);
  }
}

// 13 prompts at temperature 0, redirected to another model on 2026-01-30: no alarm before, and one within 20
// answers, whatever the order of the prompts within a day.
TEST(SubstitutionMonitorTest, AlarmsOnTheDayOfTheRedirection) {
  const std::string path = kData + "b3it_redirect/mistral-7b-instruct-v0.3@together.jsonl.gz";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "the shared recordings are not at hand: " << path;
  std::map<std::string, Observations> days;
  for (const Observation& observation : Read(path))
    days[observation.session->substr(0, 10)].push_back(observation);
  const Fingerprint fingerprint = Enrolled(days.begin()->second, "claimed");
  const std::string changed = "2026-01-30";
  std::vector<std::int64_t> delays;
  std::int64_t before = 0;
  constexpr std::uint64_t kOrders = 300;
  for (std::uint64_t order = 0; order < kOrders; ++order) {
    CounterRng rng(25, order);
    Observations stream;
    std::int64_t honest = 0;
    for (auto day = std::next(days.begin()); day->first <= changed; ++day) {
      if (day->first == changed) honest = static_cast<std::int64_t>(stream.size());
      Observations answers = day->second;
      Shuffle(answers, rng);
      if (order % 2 == 1) {
        // Prompt after prompt: all repeats of one together.
        std::map<std::string, std::uint32_t> rank;
        for (const Observation& answer : answers) rank.emplace(answer.probe, rng.Next32());
        std::stable_sort(answers.begin(), answers.end(), [&](const Observation& a, const Observation& b) {
          return rank.at(a.probe) < rank.at(b.probe);
        });
      }
      stream.insert(stream.end(), answers.begin(), answers.end());
    }
    MonitorOptions options;
    options.seed = order;
    auto next = stream.begin();
    const std::int64_t at =
        AlarmAt(fingerprint, options, static_cast<std::int64_t>(stream.size()), [&]() { return *next++; });
    if (at > 0 && at <= honest) {
      ++before;
    } else {
      delays.push_back(at > 0 ? at - honest : 1000);
    }
  }
  std::sort(delays.begin(), delays.end());
  ASSERT_FALSE(delays.empty());
  std::printf("%llu orders: %lld alarms before; answers to the alarm: median %lld, at most %lld\n",
              static_cast<unsigned long long>(kOrders), static_cast<long long>(before),
              static_cast<long long>(delays[delays.size() / 2]), static_cast<long long>(delays.back()));
  EXPECT_EQ(before, 0);
  EXPECT_LE(delays.back(), 20);
}

}  // namespace
}  // namespace pinchbeck
