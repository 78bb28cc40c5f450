// How often the text signal tells two recorded models apart, one answer a prompt on each side.
//
//   text_power --pairs FILE --source NAME --folder DIR [--relation sibling] [--prompts N] [--repeats R]
//              [--alternatives K] [--permutations B] [--level A] [--seed S] [--null]
//
// Every pair of FILE (JSON: file, claimed, served, relation) with this source and relation is tested R times
// on N random prompts that both have answered. With K > 0 the substitute and K - 1 other models of the
// source's pairs are given as stored alternatives, with all their answers. --null exchanges the two models'
// answers at random in every prompt: then each p-value must keep its level.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pinchbeck/core/recording_set.h"
#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/signal/sample_builder.h"
#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck {
namespace {

struct Settings {
  std::string pairs, source, folder, relation = "sibling";
  std::size_t prompts = 25, repeats = 20, alternatives = 0;
  std::int64_t permutations = 999;
  double level = 0.05;
  std::uint64_t seed = 1;
  bool null = false;
};

std::optional<Settings> ParseArguments(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--null") {
      settings.null = true;
      continue;
    }
    if (++i == argc) return std::nullopt;
    const std::string value = argv[i];
    if (name == "--pairs") {
      settings.pairs = value;
    } else if (name == "--source") {
      settings.source = value;
    } else if (name == "--folder") {
      settings.folder = value;
    } else if (name == "--relation") {
      settings.relation = value;
    } else if (name == "--prompts") {
      settings.prompts = std::stoul(value);
    } else if (name == "--repeats") {
      settings.repeats = std::stoul(value);
    } else if (name == "--alternatives") {
      settings.alternatives = std::stoul(value);
    } else if (name == "--permutations") {
      settings.permutations = std::stol(value);
    } else if (name == "--level") {
      settings.level = std::stod(value);
    } else if (name == "--seed") {
      settings.seed = std::stoull(value);
    } else {
      return std::nullopt;
    }
  }
  if (settings.pairs.empty() || settings.source.empty() || settings.folder.empty()) return std::nullopt;
  return settings;
}

struct Pair {
  std::string claimed, served;
};

class Models {
 public:
  explicit Models(std::string folder) : folder_(std::move(folder)) {}
  const SampleSet& Get(const std::string& model) {
    const auto it = samples_.find(model);
    if (it != samples_.end()) return it->second;
    SampleBuilder builder;
    const auto read =
        ReadRecordings({folder_ + "/" + model + ".jsonl.gz"},
                       [&](const Observation& observation) { return builder.Add(observation); });
    if (!read.ok()) {
      std::fprintf(stderr, "%s\n", std::string(read.status().message()).c_str());
      std::exit(2);
    }
    SignalPlan plan = SampleBuilder::DecidePlan({&builder});
    for (auto& [id, probe] : plan) probe.text = true;
    return samples_.emplace(model, std::move(builder).Finish(plan)).first->second;
  }

 private:
  std::string folder_;
  std::map<std::string, SampleSet> samples_;
};

template <class T>
void ShuffleFirst(std::vector<T>& items, std::size_t count, stats::CounterRng& rng) {
  for (std::size_t i = 0; i < count && i + 1 < items.size(); ++i)
    std::swap(items[i], items[i + rng.Below(static_cast<std::uint32_t>(items.size() - i))]);
}

std::vector<std::string> SharedPrompts(const SampleSet& a, const SampleSet& b) {
  std::vector<std::string> shared;
  for (const auto& [id, probe] : a.probes) {
    const auto it = b.probes.find(id);
    if (it != b.probes.end() && !probe.texts.empty() && !it->second.texts.empty()) shared.push_back(id);
  }
  return shared;
}

// p-value of one audit.
double Audit(const Settings& settings, const SampleSet& claimed, const SampleSet& served,
             const std::vector<const SampleSet*>& alternatives, stats::CounterRng& rng) {
  std::vector<std::string> prompts = SharedPrompts(claimed, served);
  const std::size_t count = std::min(settings.prompts, prompts.size());
  ShuffleFirst(prompts, count, rng);
  SampleSet reference = claimed, observed;
  for (std::size_t i = 0; i < count; ++i) {
    ProbeSample& probe = observed.probes[prompts[i]] = served.probes.at(prompts[i]);
    if (settings.null && rng.Below(2) == 1) std::swap(probe.texts, reference.probes[prompts[i]].texts);
  }
  SignalOptions options;
  options.permutations = settings.permutations;
  options.seed = rng.Next32();
  options.alternatives = alternatives;
  return EvaluateText(reference, observed, options).p_value.value_or(1);
}

void Run(const Settings& settings) {
  std::vector<Pair> pairs;
  std::set<std::string> names;
  for (const auto& item : nlohmann::json::parse(std::ifstream(settings.pairs))) {
    if (item.at("file") != settings.source) continue;
    names.insert({item.at("claimed").get<std::string>(), item.at("served").get<std::string>()});
    if (item.at("relation") == settings.relation) pairs.push_back({item.at("claimed"), item.at("served")});
  }
  Models models(settings.folder);
  std::vector<double> powers;
  std::size_t at_1 = 0, at_5 = 0, audits = 0;
  for (std::size_t p = 0; p < pairs.size(); ++p) {
    std::vector<std::string> others;
    for (const std::string& name : names) {
      if (name != pairs[p].claimed && name != pairs[p].served) others.push_back(name);
    }
    std::size_t rejected = 0;
    for (std::size_t r = 0; r < settings.repeats; ++r) {
      stats::CounterRng rng(stats::MixSeed(settings.seed, p), r);
      // The same alternatives in all repeats of a pair would make their luck the pair's.
      std::vector<const SampleSet*> alternatives;
      if (settings.alternatives > 0) {
        ShuffleFirst(others, settings.alternatives - 1, rng);
        alternatives.push_back(&models.Get(pairs[p].served));
        for (std::size_t k = 0; k + 1 < settings.alternatives && k < others.size(); ++k)
          alternatives.push_back(&models.Get(others[k]));
      }
      const double p_value =
          Audit(settings, models.Get(pairs[p].claimed), models.Get(pairs[p].served), alternatives, rng);
      rejected += p_value <= settings.level ? 1 : 0;
      at_1 += p_value <= 0.01 ? 1 : 0;
      at_5 += p_value <= 0.05 ? 1 : 0;
      ++audits;
    }
    powers.push_back(static_cast<double>(rejected) / static_cast<double>(settings.repeats));
    std::printf("%-32s %-32s %.2f\n", pairs[p].claimed.c_str(), pairs[p].served.c_str(), powers.back());
  }
  if (powers.empty()) return;
  double mean = 0;
  for (const double power : powers) mean += power / static_cast<double>(powers.size());
  std::sort(powers.begin(), powers.end());
  const std::size_t half = powers.size() / 2;
  std::printf(
      "prompts %zu, alternatives %zu: median %.2f, mean %.2f at level %g; %zu and %zu of %zu at .01 and "
      ".05\n",
      settings.prompts, settings.alternatives,
      powers.size() % 2 == 1 ? powers[half] : (powers[half - 1] + powers[half]) / 2, mean, settings.level,
      at_1, at_5, audits);
}

}  // namespace
}  // namespace pinchbeck

int main(int argc, char** argv) {
  const auto settings = pinchbeck::ParseArguments(argc, argv);
  if (!settings) {
    std::fprintf(stderr,
                 "usage: text_power --pairs FILE --source NAME --folder DIR [--relation R] [--prompts N] "
                 "[--repeats R] [--alternatives K] [--permutations B] [--level A] [--seed S] [--null]\n");
    return 2;
  }
  pinchbeck::Run(*settings);
  return 0;
}
