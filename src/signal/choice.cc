// Short categorical answers: an omnibus divergence and, where alternatives are stored, likelihood ratios
// towards them.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/stats/count_statistics.h"
#include "pinchbeck/stats/permutation.h"
#include "src/signal/choice_power.h"
#include "src/signal/effect.h"

namespace pinchbeck {
namespace {

// In bits; docs/design/0004-effect-gates.md says where they come from.
constexpr internal::GateFloors kGateFloors = {.sampled = 0.05, .low_temperature = 0.3};
// Without stored alternatives power is judged against this divergence, a typical sibling model's.
constexpr double kDefaultEffectBits = 0.10;
constexpr double kDefaultEffectPerGate = 1.5;
// Added to every count before a probability is taken (Krichevsky & Trofimov 1981).
constexpr double kSmoothing = 0.5;
// Shares of an alternative in the observed answers that the likelihood ratios look for.
constexpr double kShares[] = {0.3, 1.0};

struct ChoiceCell {
  std::vector<std::int64_t> reference, observed;
  // Smoothed probabilities of each alternative that has this probe; empty where it does not.
  std::vector<std::vector<double>> alternatives;
  double categories = 0;
  double gate_floor = 0;
};

ChoiceCell BuildCell(const std::string& id, const ProbeSample& reference, const ProbeSample& observed,
                     const std::vector<const SampleSet*>& alternatives) {
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> pooled;
  for (const auto& [answer, count] : reference.choices) pooled[answer].first += count;
  for (const auto& [answer, count] : observed.choices) pooled[answer].second += count;
  ChoiceCell cell;
  for (const auto& [answer, counts] : pooled) {
    cell.reference.push_back(counts.first);
    cell.observed.push_back(counts.second);
  }
  cell.categories = static_cast<double>(pooled.size());
  cell.gate_floor = kGateFloors.At(reference.conditions);
  for (const SampleSet* alternative : alternatives) {
    std::vector<double> probabilities;
    const auto it = alternative->probes.find(id);
    if (it != alternative->probes.end() && !it->second.choices.empty()) {
      const auto& counts = it->second.choices;
      double support = cell.categories;
      for (const auto& [answer, count] : counts) support += pooled.count(answer) == 0;
      const double total = static_cast<double>(it->second.choice_count()) + kSmoothing * support;
      for (const auto& entry : pooled) {
        const auto found = counts.find(entry.first);
        const double count = found == counts.end() ? 0.0 : static_cast<double>(found->second);
        probabilities.push_back((count + kSmoothing) / total);
      }
    }
    cell.alternatives.push_back(std::move(probabilities));
  }
  return cell;
}

// Adds log-likelihood ratios "share of the alternative against the claimed model", whose probabilities are
// estimated from the relabeled reference itself, so that the statistic is a function of the labels alone.
void AddLikelihoodRatios(const ChoiceCell& cell, stats::CountCell& table) {
  const double m = static_cast<double>(table.stratum().n_reference);
  for (const std::vector<double>& alternative : cell.alternatives) {
    for (const double share : kShares) {
      table.AddStatistic([&, share](std::size_t k, std::int64_t x, std::int64_t y) {
        if (alternative.empty() || y == 0) return 0.0;
        const double claimed = (static_cast<double>(x) + kSmoothing) / (m + kSmoothing * cell.categories);
        return static_cast<double>(y) * std::log(1 - share + share * alternative[k] / claimed);
      });
    }
  }
}

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
  for (const auto& [id, probe] : reference.probes) {
    const auto it = observed.probes.find(id);
    if (probe.choices.empty() || it == observed.probes.end() || it->second.choices.empty()) continue;
    cells.push_back(BuildCell(id, probe, it->second, options.alternatives));
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
  double gate = 0;
  for (std::size_t s = 0; s < cells.size(); ++s) {
    weights[s] /= total_weight;
    gate += weights[s] * cells[s].gate_floor;
    tables[s].AddJensenShannon(weights[s]);
    AddLikelihoodRatios(cells[s], tables[s]);
  }
  evidence.effect_gate = internal::EffectGate(gate, options);
  evidence.default_effect = std::max(kDefaultEffectBits, kDefaultEffectPerGate * gate);
  evidence.probes = static_cast<std::int64_t>(cells.size());
  const int rows = 1 + static_cast<int>(options.alternatives.size() * std::size(kShares));
  const auto table =
      stats::EvaluateRelabelings(strata, rows,
                                 [&](std::size_t s, const stats::LabelMatrix& labels,
                                     Eigen::Ref<Eigen::MatrixXd> out) { tables[s].Accumulate(labels, out); },
                                 {.permutations = options.permutations,
                                  .seed = stats::MixSeed(options.seed, 1),
                                  .threads = options.threads});
  if (!table.ok()) {
    evidence.reason = std::string(table.status().message());
    return evidence;
  }
  const Eigen::RowVectorXd combined = stats::StudentisedMaximum(table->values);
  evidence.measurable = true;
  evidence.statistic = rows == 1 ? table->values(0, 0) : combined(0);
  evidence.p_value = stats::PermutationPValue(combined);
  const Eigen::RowVectorXd divergence = table->values.row(0);
  internal::SetEffect(divergence(0) - divergence.mean(), BootstrapError(cells, strata, weights, options.seed),
                      divergence, options, evidence);
  SetDetectable(cells, strata, weights, total_weight, divergence, options, evidence);
  evidence.method = std::string("Jensen-Shannon divergence") +
                    (rows > 1 ? " and likelihood ratios to stored alternatives, studentised maximum" : "") +
                    (table->exact ? ", all relabelings" : ", permutation within probes");
  return evidence;
}

}  // namespace pinchbeck
