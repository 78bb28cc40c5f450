#include "src/signal/logprob_coherence.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck::internal {
namespace {

constexpr int kRedrawings = 1999;
constexpr double kFrequencyLevel = 0.001;
constexpr double kLeastRest = 1e-4;
// Answers whose sampled tokens are looked at; more add time, not insight.
constexpr std::size_t kMaxAnswers = 20'000;
// Shorter lists agree by chance where values are rounded coarsely.
constexpr std::size_t kLeastCopiedEntries = 4;

// One answer's categories: the listed tokens and the rest.
struct Draw {
  std::vector<double> probabilities;
  // Counters of the probe's tokens, one a category.
  std::vector<std::size_t> counter;
  std::size_t sampled = 0;
};

bool SamplesWhatItReports(const ProbeConditions& conditions) {
  return conditions.temperature == 1.0 && conditions.top_p == 1.0 && conditions.top_k.value_or(0) <= 0 &&
         conditions.min_p.value_or(0) == 0;
}

class FrequencyTest {
 public:
  explicit FrequencyTest(const SampleSet& sample) {
    for (const auto& [id, probe] : sample.probes) {
      if (!SamplesWhatItReports(probe.conditions)) continue;
      std::map<std::uint32_t, std::size_t> counters;
      const std::size_t rest = counters_++;
      for (const FirstTokenLogprobs& item : probe.logprobs) {
        if (!item.has_alternatives || !item.sampled || draws_.size() == kMaxAnswers) continue;
        Add(item, rest, counters);
      }
    }
    expected_.assign(counters_, 0);
    for (const Draw& draw : draws_) {
      for (std::size_t k = 0; k < draw.probabilities.size(); ++k) {
        const double p = draw.probabilities[k];
        expected_[draw.counter[k]] += p;
        entropy_ -= p > 0 ? p * std::log(p) : 0;
      }
    }
  }

  [[nodiscard]] std::size_t answers() const { return draws_.size(); }

  [[nodiscard]] double PValue(std::uint64_t seed) const {
    const Statistics observed = Evaluate([](const Draw& draw) { return draw.sampled; });
    std::int64_t surprise = 1, counts = 1;
    for (int r = 0; r < kRedrawings; ++r) {
      stats::CounterRng rng(stats::MixSeed(seed, 0xC0E), static_cast<std::uint64_t>(r));
      const Statistics drawn = Evaluate([&](const Draw& draw) { return Redraw(draw, rng); });
      surprise += drawn.surprise >= observed.surprise * (1 - 1e-9) ? 1 : 0;
      counts += drawn.counts >= observed.counts * (1 - 1e-9) ? 1 : 0;
    }
    return std::min(1.0, 2.0 * static_cast<double>(std::min(surprise, counts)) / (kRedrawings + 1));
  }

 private:
  struct Statistics {
    double surprise = 0, counts = 0;
  };

  void Add(const FirstTokenLogprobs& item, std::size_t rest, std::map<std::uint32_t, std::size_t>& counters) {
    Draw draw;
    double sum = 0;
    for (const auto& [token, value] : item.entries) {
      const auto [it, added] = counters.emplace(token, counters_);
      counters_ += added ? 1 : 0;
      draw.counter.push_back(it->second);
      draw.probabilities.push_back(std::exp(value));
      sum += draw.probabilities.back();
    }
    draw.counter.push_back(rest);
    draw.probabilities.push_back(std::max(kLeastRest, 1 - sum));
    const double total = sum + draw.probabilities.back();
    for (double& p : draw.probabilities) p /= total;
    draw.sampled = *item.sampled;
    draws_.push_back(std::move(draw));
  }

  static std::size_t Redraw(const Draw& draw, stats::CounterRng& rng) {
    double left = rng.Uniform();
    for (std::size_t k = 0; k + 1 < draw.probabilities.size(); ++k) {
      left -= draw.probabilities[k];
      if (left < 0) return k;
    }
    return draw.probabilities.size() - 1;
  }

  template <class Choose>
  [[nodiscard]] Statistics Evaluate(Choose choose) const {
    std::vector<double> sampled(counters_, 0);
    double surprise = entropy_;
    for (const Draw& draw : draws_) {
      const std::size_t k = choose(draw);
      surprise += std::log(draw.probabilities[k]);
      ++sampled[draw.counter[k]];
    }
    Statistics statistics{std::abs(surprise), 0};
    for (std::size_t c = 0; c < counters_; ++c) {
      const double excess = sampled[c] - expected_[c];
      if (expected_[c] > 0) statistics.counts += excess * excess / expected_[c];
    }
    return statistics;
  }

  std::vector<Draw> draws_;
  std::size_t counters_ = 0;
  std::vector<double> expected_;
  double entropy_ = 0;
};

// A whole list as text: tokens and the bits of their values.
std::string Spelled(const FirstTokenLogprobs& item, const std::vector<std::string>& tokens) {
  std::string text;
  for (const auto& [token, value] : item.entries) {
    char number[32];
    std::snprintf(number, sizeof number, "%a", value);
    text += tokens[token] + '\0' + number + '\0';
  }
  return text;
}

void CountCopies(const SampleSet& sample, LogprobCoherence& result) {
  std::map<std::string, std::set<std::string>> prompts_of;
  std::set<std::string> prompts, copied;
  for (const auto& [id, probe] : sample.probes) {
    // Two probes may ask the same prompt.
    const std::string prompt = probe.conditions.prompt_sha256.value_or("probe " + id);
    for (const FirstTokenLogprobs& item : probe.logprobs) {
      if (!item.has_alternatives || item.entries.size() < kLeastCopiedEntries) continue;
      prompts.insert(prompt);
      prompts_of[Spelled(item, probe.tokens)].insert(prompt);
    }
  }
  for (const auto& [list, found] : prompts_of) {
    // One of the prompts may have the list for its own.
    copied.insert(std::next(found.begin()), found.end());
  }
  result.prompts = static_cast<std::int64_t>(prompts.size());
  result.copied = static_cast<std::int64_t>(copied.size());
}

std::string Of(std::int64_t part, std::int64_t whole) {
  return std::to_string(part) + " of " + std::to_string(whole);
}

}  // namespace

std::optional<FrequencyCheck> CheckSampledFrequencies(const SampleSet& sample, std::uint64_t seed) {
  const FrequencyTest test(sample);
  if (test.answers() == 0) return std::nullopt;
  return FrequencyCheck{static_cast<std::int64_t>(test.answers()), test.PValue(seed)};
}

std::vector<std::string> LogprobCoherence::Failures() const {
  std::vector<std::string> failures;
  if (lists.unsorted * 20 > lists.lists) {
    failures.push_back(Of(lists.unsorted, lists.lists) +
                       " lists of log-probabilities are not in falling order");
  }
  if (lists.above_one * 100 > lists.lists) {
    failures.push_back("the probabilities of " + Of(lists.above_one, lists.lists) +
                       " lists add up to more than 1");
  }
  if (copied > 1 && copied * 20 > prompts) {
    failures.push_back(Of(copied, prompts) +
                       " prompts repeat another one's list of log-probabilities to the last digit");
  }
  if (frequencies && frequencies->p_value <= kFrequencyLevel) {
    char p_value[32];
    std::snprintf(p_value, sizeof p_value, "%.4f", frequencies->p_value);
    failures.push_back("the sampled tokens of " + std::to_string(frequencies->answers) +
                       " answers were not drawn from the reported probabilities (p " + p_value + ")");
  }
  return failures;
}

LogprobCoherence CheckLogprobCoherence(const SampleSet& reference, const SampleSet& observed,
                                       std::uint64_t seed) {
  LogprobCoherence result;
  for (const auto& [id, probe] : observed.probes) {
    result.lists.lists += probe.logprob_lists.lists;
    result.lists.unsorted += probe.logprob_lists.unsorted;
    result.lists.above_one += probe.logprob_lists.above_one;
  }
  CountCopies(observed, result);
  result.frequencies = CheckSampledFrequencies(observed, seed);
  if (result.frequencies && result.frequencies->p_value <= kFrequencyLevel) {
    const auto trusted = CheckSampledFrequencies(reference, seed);
    if (trusted && trusted->p_value <= kFrequencyLevel) result.frequencies.reset();
  }
  return result;
}

}  // namespace pinchbeck::internal
