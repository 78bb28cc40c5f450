#include "src/signal/tempered_choice.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

#include "pinchbeck/internal/parallel_for.h"
#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck::internal {
namespace {

// Below this a reference repeats its likeliest answer, whatever the others would be.
constexpr double kLowestTemperature = 0.1;
constexpr double kLargestPower = 3;
constexpr int kRounds = 80;
// Added to the counts that samples are simulated from.
constexpr double kFlattening = 1;
// Largest change of a logit in one round.
constexpr double kLargestStep = 1.5;

double TemperatureOf(const ProbeSample& probe) { return probe.conditions.temperature.value_or(1); }

// The categories of one cell that somebody chose.
std::vector<std::size_t> Chosen(const TemperedCell& cell) {
  std::vector<std::size_t> chosen;
  for (std::size_t k = 0; k < cell.reference.size(); ++k) {
    if (cell.reference[k] + cell.observed[k] > 0) chosen.push_back(k);
  }
  return chosen;
}

double Total(const std::vector<double>& counts) { return std::accumulate(counts.begin(), counts.end(), 0.0); }

// exp(scale * logits) over the chosen categories, scaled to sum 1.
void Softmax(const std::vector<std::size_t>& chosen, const std::vector<double>& logits, double scale,
             std::vector<double>& shares) {
  double largest = -1e300, sum = 0;
  for (const std::size_t k : chosen) largest = std::max(largest, scale * logits[k]);
  for (const std::size_t k : chosen) sum += shares[k] = std::exp(scale * logits[k] - largest);
  for (const std::size_t k : chosen) shares[k] /= sum;
}

class Fitter {
 public:
  Fitter(const std::vector<TemperedCell>& cells, std::optional<double> power)
      : cells_(cells), fixed_(power.has_value()), power_(power.value_or(1)) {
    for (const TemperedCell& cell : cells) {
      chosen_.push_back(Chosen(cell));
      m_.push_back(Total(cell.reference));
      n_.push_back(Total(cell.observed));
      logits_.emplace_back(cell.reference.size(), 0.0);
      for (const std::size_t k : chosen_.back()) {
        logits_.back()[k] = std::log(cell.reference[k] + cell.observed[k] + 0.25);
      }
      fit_.reference.emplace_back(cell.reference.size(), 0.0);
      fit_.observed.emplace_back(cell.reference.size(), 0.0);
    }
  }

  TemperedFit Run() {
    for (int round = 0; round < kRounds; ++round) {
      double moved = 0;
      for (std::size_t c = 0; c < cells_.size(); ++c) moved = std::max(moved, MoveLogits(c));
      if (!fixed_) moved = std::max(moved, MovePower());
      if (moved < 1e-5) break;
    }
    for (std::size_t c = 0; c < cells_.size(); ++c) SetShares(c);
    fit_.power = power_;
    fit_.statistic = Statistic();
    return std::move(fit_);
  }

 private:
  [[nodiscard]] double Exponent(std::size_t c) const { return power_ * cells_[c].relative_temperature; }

  void SetShares(std::size_t c) {
    Softmax(chosen_[c], logits_[c], 1, fit_.reference[c]);
    Softmax(chosen_[c], logits_[c], Exponent(c), fit_.observed[c]);
  }

  double MoveLogits(std::size_t c) {
    SetShares(c);
    const TemperedCell& cell = cells_[c];
    const double u = Exponent(c);
    double moved = 0;
    for (const std::size_t k : chosen_[c]) {
      const double p = m_[c] * fit_.reference[c][k], q = n_[c] * u * fit_.observed[c][k];
      const double slope = cell.reference[k] + u * cell.observed[k] - p - q;
      const double step = std::clamp(slope / (p + u * q + 1e-12), -kLargestStep, kLargestStep);
      logits_[c][k] += step;
      // A category that a sample hardly holds may drift for long without mattering.
      moved = std::max(moved, std::abs(step) * std::min(1.0, p + q));
    }
    return moved;
  }

  double MovePower() {
    double slope = 0, information = 0;
    for (std::size_t c = 0; c < cells_.size(); ++c) {
      SetShares(c);
      const double w = cells_[c].relative_temperature;
      double observed = 0, mean = 0, square = 0;
      for (const std::size_t k : chosen_[c]) {
        const double logit = logits_[c][k], q = fit_.observed[c][k];
        observed += cells_[c].observed[k] * logit;
        mean += q * logit;
        square += q * logit * logit;
      }
      slope += w * (observed - n_[c] * mean);
      information += w * w * n_[c] * std::max(0.0, square - mean * mean);
    }
    if (information <= 1e-12) return 0;
    const double before = power_;
    power_ = std::clamp(power_ + std::clamp(slope / information, -0.3 * power_, 0.3 * power_),
                        1 / kLargestPower, kLargestPower);
    return std::abs(power_ - before);
  }

  [[nodiscard]] double Statistic() const {
    double sum = 0;
    for (std::size_t c = 0; c < cells_.size(); ++c) {
      for (const std::size_t k : chosen_[c]) {
        const double x = cells_[c].reference[k], y = cells_[c].observed[k];
        if (x > 0) sum += x * std::log(x / (m_[c] * fit_.reference[c][k]));
        if (y > 0) sum += y * std::log(y / (n_[c] * fit_.observed[c][k]));
      }
    }
    return 2 * sum;
  }

  const std::vector<TemperedCell>& cells_;
  bool fixed_;
  double power_;
  std::vector<std::vector<std::size_t>> chosen_;
  std::vector<double> m_, n_;
  std::vector<std::vector<double>> logits_;
  TemperedFit fit_;
};

std::vector<double> DrawFrom(const std::vector<double>& shares, double count, stats::CounterRng& rng) {
  std::vector<double> cumulative(shares.size()), drawn(shares.size(), 0);
  std::partial_sum(shares.begin(), shares.end(), cumulative.begin());
  for (double i = 0; i < count; ++i) {
    const auto it = std::upper_bound(cumulative.begin(), cumulative.end(), rng.Uniform() * cumulative.back());
    ++drawn[static_cast<std::size_t>(
        std::min<std::ptrdiff_t>(it - cumulative.begin(), std::ssize(drawn) - 1))];
  }
  return drawn;
}

// Shares to simulate from. A fit gives answers that nobody has given yet no chance, and rare ones what chance
// gave them, so that simulated samples would be less scattered than real ones and an honest endpoint would be
// rejected too often. A part of the seen answers' chances therefore goes to as many unseen ones as there are
// likely to be (Chao, Wang & Jost 2013), and each answer counts once more.
struct Source {
  std::vector<double> reference, observed;
};

// Number and chance of the unseen answers, from those seen once and twice (Chao 1984; Chao & Jost 2012).
struct Unseen {
  std::size_t answers = 0;
  double chance = 0;
};

Unseen EstimateUnseen(const TemperedCell& cell) {
  double once = 0, twice = 0, n = 0;
  for (std::size_t k = 0; k < cell.reference.size(); ++k) {
    const double count = cell.reference[k] + cell.observed[k];
    n += count;
    once += count == 1;
    twice += count == 2;
  }
  if (once == 0) return {};
  const double answers = (n - 1) / n * (twice > 0 ? once * once / (2 * twice) : once * (once - 1) / 2);
  const double rest = (n - 1) * once / ((n - 1) * once + 2 * twice);
  if (answers < 0.5) return {};
  // Without answers seen twice the estimate grows with the square; more than there are answers change
  // nothing.
  return {static_cast<std::size_t>(std::ceil(std::min(answers, n))), once / n * rest};
}

Source SourceOf(const TemperedCell& cell, const std::vector<double>& fitted, double exponent) {
  const Unseen unseen = EstimateUnseen(cell);
  const double n = Total(cell.reference) + Total(cell.observed);
  Source source;
  source.reference = fitted;
  double missed = 0;
  for (const double p : fitted) missed += p * std::pow(1 - p, n);
  const double taken = missed > 0 ? unseen.chance / missed : 0;
  for (double& p : source.reference) p *= std::max(0.0, 1 - taken * std::pow(1 - p, n));
  for (std::size_t i = 0; i < unseen.answers; ++i) {
    source.reference.push_back(unseen.chance / static_cast<double>(unseen.answers));
  }
  for (double& p : source.reference) p = p > 0 ? n * p + kFlattening : 0;
  for (const double p : source.reference) source.observed.push_back(p > 0 ? std::pow(p, exponent) : 0);
  return source;
}

}  // namespace

std::vector<TemperedCell> TemperedCells(const SampleSet& reference, const SampleSet& observed,
                                        const SampleSet* alternative) {
  std::vector<TemperedCell> cells;
  double highest = 0;
  for (const auto& [id, probe] : reference.probes) {
    const auto it = observed.probes.find(id);
    if (it == observed.probes.end() || probe.choices.empty() || it->second.choices.empty()) continue;
    const ProbeSample* other = nullptr;
    if (alternative != nullptr) {
      const auto found = alternative->probes.find(id);
      if (found == alternative->probes.end() || found->second.choices.empty()) continue;
      other = &found->second;
    }
    if (TemperatureOf(probe) < kLowestTemperature) continue;
    std::map<std::string, std::pair<double, double>> counts;
    for (const auto& [answer, count] : probe.choices) counts[answer].first += static_cast<double>(count);
    for (const auto& [answer, count] : it->second.choices)
      counts[answer].second += static_cast<double>(count);
    if (other != nullptr) {
      for (const auto& entry : other->choices) counts[entry.first];
    }
    TemperedCell cell;
    cell.probe = id;
    for (const auto& [answer, sides] : counts) {
      cell.categories.push_back(answer);
      cell.reference.push_back(sides.first);
      cell.observed.push_back(sides.second);
    }
    cell.reference.push_back(0);
    cell.observed.push_back(0);
    cell.relative_temperature = TemperatureOf(probe);
    highest = std::max(highest, cell.relative_temperature);
    cells.push_back(std::move(cell));
  }
  for (TemperedCell& cell : cells) cell.relative_temperature /= highest;
  return cells;
}

TemperedFit FitTempered(const std::vector<TemperedCell>& cells, std::optional<double> power) {
  return Fitter(cells, power).Run();
}

TemperedTest TestTempered(const std::vector<TemperedCell>& cells, int simulations, std::uint64_t seed,
                          int threads) {
  TemperedTest test;
  test.fit = FitTempered(cells);
  test.simulated.resize(static_cast<std::size_t>(simulations));
  std::vector<double> logs(test.simulated.size());
  std::vector<Source> sources;
  for (std::size_t c = 0; c < cells.size(); ++c) {
    sources.push_back(
        SourceOf(cells[c], test.fit.reference[c], test.fit.power * cells[c].relative_temperature));
  }
  pinchbeck::internal::ParallelFor(simulations, threads, [&](std::int64_t b) {
    stats::CounterRng rng(stats::MixSeed(seed, 0x7E39), static_cast<std::uint64_t>(b));
    std::vector<TemperedCell> drawn = cells;
    for (std::size_t c = 0; c < cells.size(); ++c) {
      drawn[c].reference = DrawFrom(sources[c].reference, Total(cells[c].reference), rng);
      drawn[c].observed = DrawFrom(sources[c].observed, Total(cells[c].observed), rng);
    }
    const TemperedFit again = FitTempered(drawn);
    test.simulated[static_cast<std::size_t>(b)] = again.statistic;
    logs[static_cast<std::size_t>(b)] = std::log(again.power);
  });
  const double least = test.fit.statistic * (1 - 1e-9);
  const auto reached = std::count_if(test.simulated.begin(), test.simulated.end(),
                                     [&](double value) { return value >= least; });
  const double n = static_cast<double>(simulations), mean = Total(logs) / n;
  double squares = 0;
  for (const double value : logs) squares += (value - mean) * (value - mean);
  test.log_power_deviation = std::sqrt(squares / std::max(1.0, n - 1));
  test.p_value = (1 + static_cast<double>(reached)) / (1 + n);
  return test;
}

}  // namespace pinchbeck::internal
