// Short categorical answers: divergence, ranks of numbers and, where alternatives are stored, likelihood
// ratios towards them.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/stats/permutation.h"
#include "src/signal/choice_comparison.h"
#include "src/signal/choice_power.h"
#include "src/signal/effect.h"

namespace pinchbeck {
namespace {

// In bits; docs/design/0004-effect-gates.md says where they come from.
constexpr internal::GateFloors kGateFloors = {.sampled = 0.05, .low_temperature = 0.6};
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
  const auto compared = internal::CompareChoices(reference, observed, options);
  if (!compared.ok()) {
    evidence.reason = std::string(compared.status().message());
    return evidence;
  }
  const auto& [cells, conditions, strata, weights, total_weight, statistics, table] = *compared;
  double gate = 0;
  for (std::size_t s = 0; s < cells.size(); ++s) {
    gate += weights[s] * kGateFloors.At(*conditions[s]);
    evidence.n_reference += strata[s].n_reference;
    evidence.n_observed += strata[s].n_observed;
  }
  evidence.effect_gate = internal::EffectGate(gate, options);
  evidence.default_effect = std::max(kDefaultEffectBits, kDefaultEffectPerGate * gate);
  evidence.probes = static_cast<std::int64_t>(cells.size());
  const Eigen::RowVectorXd combined = statistics.Combine(table.values);
  evidence.measurable = true;
  evidence.statistic = combined(0);
  evidence.p_value = stats::PermutationPValue(combined);
  const Eigen::RowVectorXd divergence = table.values.row(0);
  const double error = options.decision_only ? 0 : BootstrapError(cells, strata, weights, options.seed);
  internal::SetEffect(divergence(0) - divergence.mean(), error, divergence, options, evidence);
  if (!options.decision_only) {
    SetDetectable(cells, strata, weights, total_weight, divergence, options, evidence);
  }
  evidence.method = std::string("Jensen-Shannon divergence") +
                    (statistics.has_alternatives() ? ", likelihood ratios to stored alternatives" : "") +
                    (options.against_noise ? ", likelihood ratio to uniform answers" : "") +
                    (statistics.has_numbers() ? ", ranks and last digits of numbers" : "") +
                    (table.exact ? "; all relabelings" : "; permutation within probes");
  return evidence;
}

}  // namespace pinchbeck
