// Does another temperature explain that short answers differ, better than every stored alternative?
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <utility>

#include "pinchbeck/stats/counter_rng.h"
#include "src/signal/choice_power.h"
#include "src/signal/tempered_choice.h"

namespace pinchbeck::internal {
namespace {

constexpr double kNormal95 = 1.959963984540054;
constexpr double kNormal95OneSided = 1.6448536269514722;
// 99 % point of the chi-square distribution with one degree of freedom.
constexpr double kChiSquare99 = 6.634896601021213;
constexpr double kLargestFactor = 3;
constexpr int kPowerRuns = 20;
constexpr int kMissesAllowed = 2;
// Added to every count before a likelihood is taken (Krichevsky & Trofimov 1981).
constexpr double kSmoothing = 0.5;
constexpr int kMostSimulations = 1999;

// Shares of the stored answers of each cell, smoothed.
std::vector<std::vector<double>> SmoothedShares(const std::vector<TemperedCell>& cells,
                                                const SampleSet& model) {
  std::vector<std::vector<double>> shares;
  for (const TemperedCell& cell : cells) {
    const auto& counts = model.probes.at(cell.probe).choices;
    double total = 0;
    shares.emplace_back();
    for (const std::string& answer : cell.categories) {
      const auto it = counts.find(answer);
      shares.back().push_back(kSmoothing + (it == counts.end() ? 0.0 : static_cast<double>(it->second)));
      total += shares.back().back();
    }
    for (double& value : shares.back()) value /= total;
  }
  return shares;
}

// The largest value of a concave function between two points, by golden section.
template <class Function>
double LargestOf(const Function& at, double low, double high) {
  constexpr double kGolden = 0.6180339887498949;
  double a = high - kGolden * (high - low), b = low + kGolden * (high - low);
  double at_a = at(a), at_b = at(b);
  for (int i = 0; i < 30; ++i) {
    if (at_a > at_b) {
      high = std::exchange(b, a);
      at_b = at_a;
      a = high - kGolden * (high - low);
      at_a = at(a);
    } else {
      low = std::exchange(a, b);
      at_a = at_b;
      b = low + kGolden * (high - low);
      at_b = at(b);
    }
  }
  return std::max(at_a, at_b);
}

// Log-likelihood of the observed answers under smoothed stored ones at the best temperature. Concave in the
// power.
double BestLogLikelihood(const std::vector<TemperedCell>& cells, const SampleSet& model) {
  std::vector<std::vector<double>> logs = SmoothedShares(cells, model);
  for (std::vector<double>& cell : logs) {
    for (double& value : cell) value = std::log(value);
  }
  const auto at = [&](double log_power) {
    double sum = 0;
    for (std::size_t c = 0; c < cells.size(); ++c) {
      const double u = std::exp(log_power) * cells[c].relative_temperature;
      double normaliser = 0, answers = 0;
      for (std::size_t k = 0; k < logs[c].size(); ++k) {
        normaliser += std::exp(u * logs[c][k]);
        answers += cells[c].observed[k];
        sum += cells[c].observed[k] * u * logs[c][k];
      }
      sum -= answers * std::log(normaliser);
    }
    return sum;
  };
  return LargestOf(at, -std::log(kLargestFactor), std::log(kLargestFactor));
}

// Log-likelihood of the observed answers as the best mixture of both stored models, at their own temperature.
// Concave in the share.
double BestMixtureLogLikelihood(const std::vector<TemperedCell>& cells, const SampleSet& reference,
                                const SampleSet& alternative) {
  const auto own = SmoothedShares(cells, reference), other = SmoothedShares(cells, alternative);
  const auto at = [&](double share) {
    double sum = 0;
    for (std::size_t c = 0; c < cells.size(); ++c) {
      for (std::size_t k = 0; k < own[c].size(); ++k) {
        if (cells[c].observed[k] <= 0) continue;
        sum += cells[c].observed[k] * std::log((1 - share) * own[c][k] + share * other[c][k]);
      }
    }
    return sum;
  };
  return LargestOf(at, 0, 1);
}

double Total(const std::vector<double>& counts) { return std::accumulate(counts.begin(), counts.end(), 0.0); }

bool Rejects(const TemperedTest& test, double statistic, double alpha) {
  const auto reached = std::count_if(test.simulated.begin(), test.simulated.end(),
                                     [&](double value) { return value >= statistic; });
  return static_cast<double>(1 + reached) <= alpha * static_cast<double>(1 + test.simulated.size());
}

using DrawCell = std::function<std::vector<double>(std::size_t, stats::CounterRng&)>;

// Would the tempered reference have been rejected with power 0.9 had the answers come from `draw`?
bool HasPower(std::vector<TemperedCell> cells, const TemperedTest& test, const TemperatureOptions& options,
              const DrawCell& draw) {
  int missed = 0;
  for (int i = 0; i < kPowerRuns && missed <= kMissesAllowed; ++i) {
    stats::CounterRng rng(stats::MixSeed(options.seed, 0x9073), static_cast<std::uint64_t>(i));
    for (std::size_t c = 0; c < cells.size(); ++c) cells[c].observed = draw(c, rng);
    missed += !Rejects(test, FitTempered(cells).statistic, options.alpha);
  }
  return missed <= kMissesAllowed;
}

// As many of the alternative's stored answers as were observed: without replacement while they last.
std::vector<double> DrawStored(const TemperedCell& cell, const SampleSet& alternative,
                               stats::CounterRng& rng) {
  const auto& counts = alternative.probes.at(cell.probe).choices;
  std::vector<std::size_t> pool;
  for (std::size_t k = 0; k < cell.categories.size(); ++k) {
    const auto it = counts.find(cell.categories[k]);
    if (it != counts.end()) pool.insert(pool.end(), static_cast<std::size_t>(it->second), k);
  }
  std::vector<double> drawn(cell.observed.size(), 0);
  const auto wanted = static_cast<std::size_t>(Total(cell.observed));
  for (std::size_t i = 0; i < wanted; ++i) {
    const std::size_t first = wanted <= pool.size() ? i : 0;
    const std::size_t j = first + rng.Below(static_cast<std::uint32_t>(pool.size() - first));
    if (wanted <= pool.size()) std::swap(pool[i], pool[j]);
    ++drawn[pool[wanted <= pool.size() ? i : j]];
  }
  return drawn;
}

// From the fitted observed shares, moved away by so many bits.
std::vector<double> DrawDiverging(const TemperedCell& cell, const std::vector<double>& shares, double bits,
                                  stats::CounterRng& rng) {
  std::vector<std::size_t> order;
  for (std::size_t k = 0; k + 1 < shares.size(); ++k) {
    if (shares[k] > 0) order.push_back(k);
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return shares[a] > shares[b]; });
  std::vector<double> falling;
  for (const std::size_t k : order) falling.push_back(shares[k]);
  falling.push_back(0);
  order.push_back(shares.size() - 1);
  std::vector<double> cumulative = DivergingShares(falling, bits);
  std::partial_sum(cumulative.begin(), cumulative.end(), cumulative.begin());
  std::vector<double> drawn(shares.size(), 0);
  const auto wanted = static_cast<std::int64_t>(Total(cell.observed));
  for (std::int64_t i = 0; i < wanted; ++i) {
    const auto it = std::upper_bound(cumulative.begin(), cumulative.end(), rng.Uniform() * cumulative.back());
    ++drawn[order[static_cast<std::size_t>(
        std::min<std::ptrdiff_t>(it - cumulative.begin(), std::ssize(order) - 1))]];
  }
  return drawn;
}

// By how much the alternative, at its own best temperature or in the best mixture with the reference, is
// likelier than the tempered reference, as a log-likelihood. `cells`: probes that all three have.
double Advantage(const SampleSet& reference, const std::vector<TemperedCell>& cells,
                 const SampleSet& alternative) {
  return std::max(BestLogLikelihood(cells, alternative),
                  BestMixtureLogLikelihood(cells, reference, alternative)) -
         BestLogLikelihood(cells, reference);
}

// Stored answers drawn again, with replacement.
SampleSet Redrawn(const SampleSet& model, const std::vector<TemperedCell>& cells, stats::CounterRng& rng) {
  SampleSet drawn;
  for (const TemperedCell& cell : cells) {
    std::vector<const std::string*> pool;
    for (const auto& [answer, count] : model.probes.at(cell.probe).choices)
      pool.insert(pool.end(), static_cast<std::size_t>(count), &answer);
    auto& choices = drawn.probes[cell.probe].choices;
    for (std::size_t i = 0; i < pool.size(); ++i)
      ++choices[*pool[rng.Below(static_cast<std::uint32_t>(pool.size()))]];
  }
  return drawn;
}

// How much the advantage owes to the accidents of both stored samples: its standard deviation when they are
// drawn again.
double AdvantageDeviation(const SampleSet& reference, const std::vector<TemperedCell>& cells,
                          const SampleSet& alternative, std::uint64_t seed) {
  constexpr int kDraws = 25;
  std::vector<double> values;
  for (int i = 0; i < kDraws; ++i) {
    stats::CounterRng rng(stats::MixSeed(seed, 0xAD7A), static_cast<std::uint64_t>(i));
    const SampleSet own = Redrawn(reference, cells, rng), other = Redrawn(alternative, cells, rng);
    values.push_back(Advantage(own, cells, other));
  }
  const double mean = Total(values) / kDraws;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / (kDraws - 1));
}

}  // namespace

std::optional<TemperatureFinding> ExplainByTemperature(const SampleSet& reference, const SampleSet& observed,
                                                       const std::vector<const SampleSet*>& alternatives,
                                                       const TemperatureOptions& options) {
  const std::vector<TemperedCell> cells = TemperedCells(reference, observed);
  if (cells.empty()) return std::nullopt;
  TemperatureFinding finding;
  const auto refuse = [&](const char* reason) {
    finding.reason = reason;
    finding.tied = false;
    return finding;
  };
  const TemperedFit fit = FitTempered(cells);
  finding.factor = finding.low = finding.high = 1 / fit.power;
  const double edge = std::log(kLargestFactor) - 1e-6;
  if (std::abs(std::log(fit.power)) >= edge)
    return refuse("no temperature between a third and three times fits");
  if (FitTempered(cells, 1).statistic - fit.statistic < kChiSquare99)
    return refuse("another temperature fits no better than the same one");
  std::vector<std::vector<TemperedCell>> shared;
  for (const SampleSet* alternative : alternatives) {
    shared.push_back(TemperedCells(reference, observed, alternative));
    if (shared.back().empty()) {
      finding.tied = true;
      continue;
    }
    const double advantage = Advantage(reference, shared.back(), *alternative);
    const double noise = AdvantageDeviation(reference, shared.back(), *alternative, options.seed);
    if (advantage > std::max(kNormal95OneSided * noise, -std::log(options.alpha)))
      return refuse("a stored alternative, alone or mixed in, fits better than another temperature");
    finding.tied = finding.tied || advantage >= 0;
  }
  const int simulations =
      std::clamp(static_cast<int>(std::ceil(2 / options.alpha)) - 1, 199, kMostSimulations);
  const TemperedTest test = TestTempered(cells, simulations, options.seed, options.threads);
  finding.p_value = test.p_value;
  finding.low = std::exp(-std::log(fit.power) - kNormal95 * test.log_power_deviation);
  finding.high = std::exp(-std::log(fit.power) + kNormal95 * test.log_power_deviation);
  if (test.p_value <= options.alpha)
    return refuse("the answers differ from the reference at every temperature");
  for (std::size_t i = 0; i < alternatives.size() && !finding.tied; ++i) {
    const SampleSet& alternative = *alternatives[i];
    const bool all = shared[i].size() == cells.size();
    const TemperedTest own = all ? test : TestTempered(shared[i], simulations, options.seed, options.threads);
    const bool power = HasPower(shared[i], own, options, [&](std::size_t c, stats::CounterRng& rng) {
      return DrawStored(shared[i][c], alternative, rng);
    });
    finding.tied = !power;
  }
  if (finding.tied) {
    finding.reason = "another temperature explains them, and a stored alternative cannot be ruled out";
    return finding;
  }
  if (alternatives.empty()) {
    const bool power = HasPower(cells, test, options, [&](std::size_t c, stats::CounterRng& rng) {
      return DrawDiverging(cells[c], test.fit.observed[c], options.default_effect_bits, rng);
    });
    if (!power) return refuse("too few answers to tell another temperature from a typical substitute");
  }
  finding.explains = true;
  return finding;
}

}  // namespace pinchbeck::internal
