#include "pinchbeck/signal/mixture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <string>

#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck {
namespace {

constexpr int kReplicates = 200;
constexpr double kNormal95 = 1.959963984540054;

// Reference, alternative and observed counts per category, and the categories' weights.
struct Cell {
  std::array<std::vector<double>, 3> counts;
  std::array<double, 3> totals{};
  std::vector<double> weights;
};

std::vector<Cell> SharedCells(const SampleSet& reference, const SampleSet& observed,
                              const SampleSet& alternative) {
  std::vector<Cell> cells;
  for (const auto& [id, probe] : observed.probes) {
    const auto r = reference.probes.find(id), a = alternative.probes.find(id);
    if (r == reference.probes.end() || a == alternative.probes.end()) continue;
    std::map<std::string, std::array<double, 3>> pooled;
    for (const auto& [answer, count] : r->second.choices) pooled[answer][0] += static_cast<double>(count);
    for (const auto& [answer, count] : a->second.choices) pooled[answer][1] += static_cast<double>(count);
    for (const auto& [answer, count] : probe.choices) pooled[answer][2] += static_cast<double>(count);
    Cell cell;
    for (const auto& entry : pooled) {
      double together = 0;
      for (std::size_t i = 0; i < 3; ++i) {
        cell.counts[i].push_back(entry.second[i]);
        cell.totals[i] += entry.second[i];
        together += entry.second[i];
      }
      cell.weights.push_back(1 / together);
    }
    // Squared terms need two reference answers and two of the alternative.
    if (cell.totals[0] < 2 || cell.totals[1] < 2 || cell.totals[2] < 1) continue;
    const double all = cell.totals[0] + cell.totals[1] + cell.totals[2];
    for (double& weight : cell.weights) weight *= all;
    cells.push_back(std::move(cell));
  }
  return cells;
}

struct Ratio {
  double numerator = 0, denominator = 0;
};

void AddTerms(const Cell& cell, const std::array<std::vector<double>, 3>& counts, Ratio& ratio) {
  const double m = cell.totals[0], n = cell.totals[1], l = cell.totals[2];
  double xx = 0, aa = 0, xa = 0, ya = 0, yx = 0;
  for (std::size_t k = 0; k < cell.weights.size(); ++k) {
    const double w = cell.weights[k], x = counts[0][k], a = counts[1][k], y = counts[2][k];
    xx += w * x * (x - 1);
    aa += w * a * (a - 1);
    xa += w * x * a;
    ya += w * y * a;
    yx += w * y * x;
  }
  xx /= m * (m - 1);
  aa /= n * (n - 1);
  xa /= m * n;
  ratio.numerator += ya / (l * n) - yx / (l * m) - xa + xx;
  ratio.denominator += aa - 2 * xa + xx;
}

std::vector<double> Redraw(const std::vector<double>& counts, double total, stats::CounterRng& rng) {
  std::vector<double> drawn(counts.size(), 0), cumulative(counts.size());
  std::partial_sum(counts.begin(), counts.end(), cumulative.begin());
  for (double i = 0; i < total; ++i) {
    const double position = rng.Below(static_cast<std::uint32_t>(total));
    const auto it = std::upper_bound(cumulative.begin(), cumulative.end(), position);
    ++drawn[static_cast<std::size_t>(it - cumulative.begin())];
  }
  return drawn;
}

double Deviation(const std::vector<double>& values) {
  const double n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / (n - 1));
}

}  // namespace

std::optional<MixtureEstimate> EstimateChoiceMixture(const SampleSet& reference, const SampleSet& observed,
                                                     const SampleSet& alternative, std::uint64_t seed) {
  const std::vector<Cell> cells = SharedCells(reference, observed, alternative);
  Ratio ratio;
  for (const Cell& cell : cells) AddTerms(cell, cell.counts, ratio);
  if (ratio.denominator <= 0) return std::nullopt;
  std::vector<double> fractions, denominators;
  for (int r = 0; r < kReplicates; ++r) {
    stats::CounterRng rng(stats::MixSeed(seed, 0x313), static_cast<std::uint64_t>(r));
    Ratio drawn;
    for (const Cell& cell : cells) {
      std::array<std::vector<double>, 3> counts;
      for (std::size_t i = 0; i < 3; ++i) counts[i] = Redraw(cell.counts[i], cell.totals[i], rng);
      AddTerms(cell, counts, drawn);
    }
    denominators.push_back(drawn.denominator);
    if (drawn.denominator > 0) fractions.push_back(drawn.numerator / drawn.denominator);
  }
  if (ratio.denominator < 3 * Deviation(denominators) || fractions.size() < kReplicates / 2)
    return std::nullopt;
  const double raw = ratio.numerator / ratio.denominator, half_width = kNormal95 * Deviation(fractions);
  return MixtureEstimate{.fraction = std::clamp(raw, 0.0, 1.0),
                         .low = std::clamp(raw - half_width, 0.0, 1.0),
                         .high = std::clamp(raw + half_width, 0.0, 1.0)};
}

}  // namespace pinchbeck
