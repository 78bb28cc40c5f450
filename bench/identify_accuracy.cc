// How often the right stored model is named: random splits of recordings, without replacement.
//
//   identify_accuracy FOLDER [REPETITIONS [N_REFERENCE [PERMUTATIONS]]]
//
// Every recording (*.jsonl.gz) of the folder is one model. In each repetition every model's answers are split
// into a reference of N_REFERENCE answers and observed ones; the library is made of the references. Printed
// are shares of: the true model ranked first, each verdict on it, each verdict after it was taken out of the
// library, and each verdict on answers that no model gave (whole numbers of the range: uniform, one constant,
// counting), by number of observed answers.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "pinchbeck/audit/identify.h"
#include "pinchbeck/core/recording.h"
#include "pinchbeck/core/recording_set.h"
#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck {
namespace {

struct Recorded {
  std::string model;
  std::vector<Observation> observations;
};

std::vector<Recorded> ReadFolder(const std::string& folder) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().string().ends_with(".jsonl.gz")) paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Recorded> recorded;
  for (const std::string& path : paths) {
    Recorded model{std::filesystem::path(path).stem().stem().string(), {}};
    const auto summary = ReadRecordings({path}, [&](const Observation& observation) {
      model.observations.push_back(observation);
      return absl::OkStatus();
    });
    if (!summary.ok()) {
      std::fprintf(stderr, "%s\n", summary.status().ToString().c_str());
      std::exit(2);
    }
    recorded.push_back(std::move(model));
  }
  return recorded;
}

void Shuffle(std::vector<Observation>& observations, std::uint64_t seed) {
  stats::CounterRng rng(seed, 0);
  for (std::size_t i = observations.size(); i > 1; --i) {
    std::swap(observations[i - 1], observations[rng.Below(static_cast<std::uint32_t>(i))]);
  }
}

Fingerprint Enrolled(const Recorded& model, std::size_t count) {
  FingerprintBuilder builder(EnrollOptions{.model = model.model});
  for (std::size_t i = 0; i < count; ++i) {
    if (!builder.Add(model.observations[i], "default").ok()) std::exit(2);
  }
  auto fingerprint = std::move(builder).Build();
  if (!fingerprint.ok()) std::exit(2);
  return *std::move(fingerprint);
}

SampleSet Sample(const std::vector<Observation>& observations, std::size_t begin, std::size_t count,
                 const SignalPlan& plan) {
  SampleBuilder builder(plan);
  for (std::size_t i = begin; i < std::min(begin + count, observations.size()); ++i) {
    if (!builder.Add(observations[i]).ok()) std::exit(2);
  }
  return std::move(builder).Finish(plan);
}

// Answers to the first model's first probe, made by `number(i)`.
template <class Number>
std::vector<Observation> Generated(const Recorded& model, std::size_t count, Number number) {
  std::vector<Observation> observations(count, model.observations.front());
  for (std::size_t i = 0; i < count; ++i) observations[i].response.text = std::to_string(number(i));
  return observations;
}

struct Tally {
  int cases = 0, first = 0;
  std::map<std::string, int> verdicts;
  void Add(const Identification& result, const std::string& truth) {
    ++cases;
    first += !result.ranking.empty() && result.ranking.front().model == truth;
    ++verdicts[std::string(IdentificationVerdictName(result.verdict)) +
               (result.reason ? "/" + *result.reason : "")];
  }
};

void Print(const std::map<std::string, Tally>& tallies) {
  for (const auto& [name, tally] : tallies) {
    std::printf("%-44s cases %5d  first %.4f ", name.c_str(), tally.cases,
                static_cast<double>(tally.first) / tally.cases);
    for (const auto& [verdict, count] : tally.verdicts) {
      std::printf(" %s %.4f", verdict.c_str(), static_cast<double>(count) / tally.cases);
    }
    std::printf("\n");
  }
}

int Run(int argc, char** argv) {
  const std::string folder = argv[1];
  const int repetitions = argc > 2 ? std::atoi(argv[2]) : 5;
  const std::size_t n_reference = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 240;
  IdentifyOptions options;
  options.tested = 1;
  if (argc > 4) options.permutations = std::atol(argv[4]);
  std::vector<Recorded> recorded = ReadFolder(folder);
  std::int64_t low = 1, high = 1;
  for (const Recorded& model : recorded) {
    for (const Observation& observation : model.observations) {
      high = std::max<std::int64_t>(high, std::atol(observation.response.text.value_or("").c_str()));
    }
  }
  std::map<std::string, Tally> tallies;
  std::map<std::string, std::map<std::string, int>> nearest;
  for (int r = 0; r < repetitions; ++r) {
    const auto seed = static_cast<std::uint64_t>(r);
    for (std::size_t j = 0; j < recorded.size(); ++j)
      Shuffle(recorded[j].observations, stats::MixSeed(seed, j));
    std::vector<Fingerprint> fingerprints;
    for (const Recorded& model : recorded) fingerprints.push_back(Enrolled(model, n_reference));
    const auto library = IdentifyLibrary::Make(fingerprints);
    const auto identify = [&](const IdentifyLibrary& with, const SampleSet& sample, const std::string& name,
                              const std::string& truth) {
      const auto result = Identify(with, sample, options);
      if (!result.ok()) {
        std::fprintf(stderr, "%s\n", result.status().ToString().c_str());
        std::exit(2);
      }
      tallies[name].Add(*result, truth);
      return *result;
    };
    for (std::size_t j = 0; j < recorded.size(); ++j) {
      std::vector<Fingerprint> others = fingerprints;
      others.erase(others.begin() + static_cast<std::ptrdiff_t>(j));
      const auto without = IdentifyLibrary::Make(others);
      for (const std::size_t n : {25, 100, 200}) {
        const SampleSet sample = Sample(recorded[j].observations, n_reference, n, library->plan());
        const std::string size =
            " n=" + std::string(3 - std::min<std::size_t>(3, std::to_string(n).size()), ' ') +
            std::to_string(n);
        identify(*library, sample, "stored model," + size, recorded[j].model);
        identify(*without, sample, "left out," + size, "");
        if (n == 200) identify(*without, sample, "left out," + size + " " + recorded[j].model, "");
      }
    }
    stats::CounterRng rng(stats::MixSeed(seed, 999), 0);
    const auto range = static_cast<std::uint32_t>(high - low + 1);
    for (int i = 0; i < 20; ++i) {
      const std::int64_t constant = low + rng.Below(range);
      const auto uniform = Generated(recorded[0], 25, [&](std::size_t) { return low + rng.Below(range); });
      const auto same = Generated(recorded[0], 25, [&](std::size_t) { return constant; });
      const Identification noise =
          identify(*library, Sample(uniform, 0, 25, library->plan()), "noise n=25, uniform", "");
      ++nearest[noise.ranking.front().model]
               [std::string(IdentificationVerdictName(noise.verdict)) + " " + noise.reason.value_or("")];
      identify(*library, Sample(same, 0, 25, library->plan()), "noise n=25, constant", "");
    }
    const auto counting =
        Generated(recorded[0], 25, [&](std::size_t i) { return low + static_cast<std::int64_t>(i); });
    identify(*library, Sample(counting, 0, 25, library->plan()), "noise n=25, counting", "");
  }
  Print(tallies);
  for (const auto& [model, verdicts] : nearest) {
    for (const auto& [verdict, count] : verdicts) {
      std::printf("uniform noise nearest to %-28s %-36s %d\n", model.c_str(), verdict.c_str(), count);
    }
  }
  return 0;
}

}  // namespace
}  // namespace pinchbeck

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: identify_accuracy FOLDER [REPETITIONS [N_REFERENCE [PERMUTATIONS]]]\n");
    return 2;
  }
  return pinchbeck::Run(argc, argv);
}
