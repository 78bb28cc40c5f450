// Short categorical answers: divergence, ranks of numbers and, where alternatives are stored, likelihood
// ratios towards them.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/stats/count_statistics.h"
#include "pinchbeck/stats/permutation.h"
#include "src/signal/choice_power.h"
#include "src/signal/choice_statistics.h"
#include "src/signal/effect.h"

namespace pinchbeck {
namespace {

// In bits; docs/design/0004-effect-gates.md says where they come from.
constexpr internal::GateFloors kGateFloors = {.sampled = 0.05, .low_temperature = 0.3};
// Without stored alternatives power is judged against this divergence, a typical sibling model's.
constexpr double kDefaultEffectBits = 0.10;
constexpr double kDefaultEffectPerGate = 1.5;
using internal::ChoiceCell;

double JensenShannon(const std::vector<double>& reference, const std::vector<double>& observed, double m,
                     double n) {
  auto term = [](double p) { return p > 0 ? p * std::log2(p) : 0.0; };
  double sum = 0;
  for (std::size_t k = 0; k < reference.size(); ++k) {
    const double p = reference[k] / m, q = observed[k] / n;
    sum += 0.5 * term(p) + 0.5 * term(q) - term(0.5 * (p + q));
  }
  return sum;
}

std::vector<double> Resample(const std::vector<std::int64_t>& counts, std::int64_t total,
                             stats::CounterRng& rng) {
  std::vector<std::int64_t> cumulative(counts.size());
  std::int64_t running = 0;
  for (std::size_t k = 0; k < counts.size(); ++k) cumulative[k] = running += counts[k];
  std::vector<double> drawn(counts.size(), 0);
  for (std::int64_t i = 0; i < total; ++i) {
    const auto position = static_cast<std::int64_t>(rng.Below(static_cast<std::uint32_t>(total)));
    const auto it = std::upper_bound(cumulative.begin(), cumulative.end(), position);
    ++drawn[static_cast<std::size_t>(it - cumulative.begin())];
  }
  return drawn;
}

// Standard error of the mean divergence by redrawing the answers of both sides within every cell.
double BootstrapError(const std::vector<ChoiceCell>& cells, const std::vector<stats::Stratum>& strata,
                      const std::vector<double>& weights, std::uint64_t seed) {
  constexpr int kReplicates = 200;
  std::vector<double> values;
  for (int r = 0; r < kReplicates; ++r) {
    stats::CounterRng rng(stats::MixSeed(seed, 0xB007), static_cast<std::uint64_t>(r));
    double sum = 0;
    for (std::size_t s = 0; s < cells.size(); ++s) {
      const std::vector<double> x = Resample(cells[s].reference, strata[s].n_reference, rng);
      const std::vector<double> y = Resample(cells[s].observed, strata[s].n_observed, rng);
      sum += weights[s] * JensenShannon(x, y, static_cast<double>(strata[s].n_reference),
                                        static_cast<double>(strata[s].n_observed));
    }
    values.push_back(sum);
  }
  const Eigen::Map<const Eigen::ArrayXd> row(values.data(), kReplicates);
  return std::sqrt((row - row.mean()).square().sum() / (kReplicates - 1));
}

// What divergence this sample could have found, by simulation: the divergence of a few answers is bounded by
// their number, so the null's spread alone would promise too much.
void SetDetectable(const std::vector<ChoiceCell>& cells, const std::vector<stats::Stratum>& strata,
                   const std::vector<double>& weights, double total_weight,
                   const Eigen::RowVectorXd& divergence, const SignalOptions& options,
                   SignalEvidence& evidence) {
  std::vector<internal::PowerCell> power_cells;
  for (std::size_t s = 0; s < cells.size(); ++s) {
    power_cells.push_back({&cells[s].reference, strata[s].n_observed, weights[s]});
  }
  evidence.detectable_effect = internal::DetectableDivergence(
      power_cells, evidence.default_effect,
      stats::RejectionThreshold(divergence, options.level) - divergence.mean(), options.seed);
  if (!evidence.detectable_effect || *evidence.detectable_effect > evidence.default_effect) {
    evidence.size_factor = internal::ChoiceSizeFactor(power_cells, evidence.default_effect, total_weight);
  }
}

}  // namespace

SignalEvidence EvaluateChoice(const SampleSet& reference, const SampleSet& observed,
                              const SignalOptions& options) {
  SignalEvidence evidence;
  evidence.signal = "choice";
  evidence.effect_unit = "bits";
  std::vector<ChoiceCell> cells;
  std::vector<double> floors;
  for (const auto& [id, probe] : reference.probes) {
    const auto it = observed.probes.find(id);
    if (probe.choices.empty() || it == observed.probes.end() || it->second.choices.empty()) continue;
    cells.push_back(internal::BuildChoiceCell(id, probe, it->second, options.alternatives));
    floors.push_back(kGateFloors.At(probe.conditions));
  }
  if (cells.empty()) {
    evidence.reason = "no probe with short answers on both sides";
    return evidence;
  }
  std::vector<stats::CountCell> tables;
  std::vector<stats::Stratum> strata;
  std::vector<double> weights;
  double total_weight = 0;
  for (const ChoiceCell& cell : cells) {
    tables.emplace_back(cell.reference, cell.observed);
    strata.push_back(tables.back().stratum());
    const double m = static_cast<double>(strata.back().n_reference),
                 n = static_cast<double>(strata.back().n_observed);
    weights.push_back(internal::StratumWeight(m, n));
    total_weight += weights.back();
    evidence.n_reference += strata.back().n_reference;
    evidence.n_observed += strata.back().n_observed;
  }
  const internal::ChoiceStatistics statistics(cells, options.alternatives.size());
  double gate = 0;
  for (std::size_t s = 0; s < cells.size(); ++s) {
    weights[s] /= total_weight;
    gate += weights[s] * floors[s];
    statistics.AddTo(cells[s], weights[s], tables[s]);
  }
  evidence.effect_gate = internal::EffectGate(gate, options);
  evidence.default_effect = std::max(kDefaultEffectBits, kDefaultEffectPerGate * gate);
  evidence.probes = static_cast<std::int64_t>(cells.size());
  const auto table = stats::EvaluateCountRelabelings(tables, {.permutations = options.permutations,
                                                              .seed = stats::MixSeed(options.seed, 1),
                                                              .threads = options.threads});
  if (!table.ok()) {
    evidence.reason = std::string(table.status().message());
    return evidence;
  }
  const Eigen::RowVectorXd combined = statistics.Combine(table->values);
  evidence.measurable = true;
  evidence.statistic = combined(0);
  evidence.p_value = stats::PermutationPValue(combined);
  const Eigen::RowVectorXd divergence = table->values.row(0);
  const double error = options.decision_only ? 0 : BootstrapError(cells, strata, weights, options.seed);
  internal::SetEffect(divergence(0) - divergence.mean(), error, divergence, options, evidence);
  if (!options.decision_only) {
    SetDetectable(cells, strata, weights, total_weight, divergence, options, evidence);
  }
  evidence.method = std::string("Jensen-Shannon divergence") +
                    (statistics.has_alternatives() ? ", likelihood ratios to stored alternatives" : "") +
                    (statistics.has_numbers() ? ", ranks and last digits of numbers" : "") +
                    (table->exact ? "; all relabelings" : "; permutation within probes");
  return evidence;
}

}  // namespace pinchbeck
