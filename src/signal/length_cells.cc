#include "src/signal/length_cells.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

namespace pinchbeck::internal {
namespace {

void AddSide(const std::vector<OutputLength>& side, LengthCell& cell) {
  for (const OutputLength& length : side) {
    cell.lengths.push_back(length.capped ? kCappedLength : length.length);
    cell.logs.push_back(std::log1p(std::max(0.0, length.length)));
  }
}

}  // namespace

std::vector<LengthCell> BuildLengthCells(const SampleSet& reference, const SampleSet& observed,
                                         LengthField field) {
  std::vector<LengthCell> cells;
  for (const auto& [id, probe] : reference.probes) {
    const auto it = observed.probes.find(id);
    if (it == observed.probes.end()) continue;
    const std::vector<OutputLength>& own = probe.*field;
    const std::vector<OutputLength>& other = it->second.*field;
    if (own.empty() || other.empty()) continue;
    LengthCell cell;
    cell.probe = id;
    cell.stratum = {static_cast<std::int64_t>(own.size()), static_cast<std::int64_t>(other.size())};
    cell.conditions = probe.conditions;
    AddSide(own, cell);
    AddSide(other, cell);
    const double largest = *std::max_element(cell.logs.begin(), cell.logs.end());
    for (std::size_t i = 0; i < cell.logs.size(); ++i) {
      if (cell.lengths[i] == kCappedLength) cell.logs[i] = largest;
    }
    cells.push_back(std::move(cell));
  }
  return cells;
}

std::vector<std::vector<double>> AlignedRanks(const std::vector<LengthCell>& cells) {
  struct Item {
    double residual = 0;
    std::size_t cell = 0, index = 0;
  };
  std::vector<Item> items;
  std::vector<std::vector<double>> ranks;
  for (std::size_t s = 0; s < cells.size(); ++s) {
    const std::vector<double>& logs = cells[s].logs;
    double mean = 0;
    for (const double log : logs) mean += log / static_cast<double>(logs.size());
    for (std::size_t i = 0; i < logs.size(); ++i) items.push_back({logs[i] - mean, s, i});
    ranks.emplace_back(logs.size());
  }
  std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.residual < b.residual; });
  // Residuals that differ by rounding only are ties.
  constexpr double kTie = 1e-9;
  const double count = static_cast<double>(items.size());
  for (std::size_t begin = 0; begin < items.size();) {
    std::size_t end = begin + 1;
    while (end < items.size() && items[end].residual <= items[end - 1].residual + kTie) ++end;
    const double rank = 0.5 * static_cast<double>(begin + end) / count - 0.5;
    for (; begin < end; ++begin) ranks[items[begin].cell][items[begin].index] = rank;
  }
  return ranks;
}

LengthEffect EffectOfLengths(const std::vector<LengthCell>& cells,
                             const std::vector<stats::RankedStratum>& ranked) {
  LengthEffect effect;
  std::vector<double> deltas, weights;
  for (std::size_t s = 0; s < cells.size(); ++s) {
    const stats::Stratum& stratum = cells[s].stratum;
    const double m = static_cast<double>(stratum.n_reference), n = static_cast<double>(stratum.n_observed);
    deltas.push_back(ranked[s].CliffDelta(stratum));
    weights.push_back(m * n / (m + n + 1));
    effect.total_weight += weights.back();
    effect.gate += weights.back() * kLengthGateFloors.At(cells[s].conditions);
  }
  effect.gate /= effect.total_weight;
  const ClusteredMean mean = MeanOverProbes(deltas, weights);
  effect.delta = mean.mean;
  effect.standard_error = mean.standard_error;
  return effect;
}

void SetLengthSizes(const std::vector<LengthCell>& cells, const LengthEffect& effect,
                    const SignalOptions& options, SignalEvidence& evidence) {
  evidence.probes = static_cast<std::int64_t>(cells.size());
  for (const LengthCell& cell : cells) {
    evidence.n_reference += cell.stratum.n_reference;
    evidence.n_observed += cell.stratum.n_observed;
  }
  evidence.effect_gate = EffectGate(effect.gate, options);
  evidence.default_effect = kLengthDefaultEffectPerGate * effect.gate;
}

}  // namespace pinchbeck::internal
