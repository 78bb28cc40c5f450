// Latency, advisory: reported, not counted, since the network's position alone can change it.
#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/stats/permutation.h"
#include "pinchbeck/stats/rank_statistics.h"
#include "src/signal/effect.h"

namespace pinchbeck {
namespace {

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// A stratum's values, reference first.
struct Group {
  std::vector<double> reference, observed;
};

// Log times per probe.
std::vector<Group> ByProbe(const SampleSet& reference, const SampleSet& observed) {
  std::vector<Group> groups;
  for (const auto& [id, probe] : reference.probes) {
    const auto it = observed.probes.find(id);
    if (probe.latencies.empty() || it == observed.probes.end() || it->second.latencies.empty()) continue;
    Group group;
    for (const Latency& latency : probe.latencies) group.reference.push_back(std::log(latency.first_token_s));
    for (const Latency& latency : it->second.latencies)
      group.observed.push_back(std::log(latency.first_token_s));
    groups.push_back(std::move(group));
  }
  return groups;
}

// Mean residual (log time minus the probe's pooled median) of each minute: requests of one minute share their
// queue, so blocks of time are what may be relabeled. Empty when a time is missing.
std::vector<double> BlockMeans(const SampleSet& side, const SampleSet& other) {
  std::map<std::int64_t, std::pair<double, double>> blocks;
  for (const auto& [id, probe] : side.probes) {
    const auto it = other.probes.find(id);
    if (probe.latencies.empty() || it == other.probes.end() || it->second.latencies.empty()) continue;
    std::vector<double> pooled;
    for (const Latency& latency : probe.latencies) pooled.push_back(std::log(latency.first_token_s));
    for (const Latency& latency : it->second.latencies) pooled.push_back(std::log(latency.first_token_s));
    const double median = Median(pooled);
    for (const Latency& latency : probe.latencies) {
      if (!latency.minute) return {};
      auto& block = blocks[*latency.minute];
      block.first += std::log(latency.first_token_s) - median;
      block.second += 1;
    }
  }
  std::vector<double> means;
  for (const auto& [minute, block] : blocks) means.push_back(block.first / block.second);
  return means;
}

}  // namespace

SignalEvidence EvaluateLatency(const SampleSet& reference, const SampleSet& observed,
                               const SignalOptions& options) {
  SignalEvidence evidence;
  evidence.signal = "latency";
  evidence.counted = false;
  evidence.effect_unit = "times the reference's time to first token";
  std::vector<Group> groups = ByProbe(reference, observed);
  if (groups.empty()) {
    evidence.reason = "no probe with response times on both sides";
    return evidence;
  }
  std::vector<double> shifts, shift_weights;
  for (const Group& group : groups) {
    shifts.push_back(Median(group.observed) - Median(group.reference));
    shift_weights.push_back(internal::StratumWeight(static_cast<double>(group.reference.size()),
                                                    static_cast<double>(group.observed.size())));
    evidence.n_reference += static_cast<std::int64_t>(group.reference.size());
    evidence.n_observed += static_cast<std::int64_t>(group.observed.size());
  }
  evidence.probes = static_cast<std::int64_t>(groups.size());
  Group blocks{BlockMeans(reference, observed), BlockMeans(observed, reference)};
  const bool by_time = !blocks.reference.empty() && !blocks.observed.empty();
  if (by_time) groups = {std::move(blocks)};

  std::vector<stats::Stratum> strata;
  std::vector<stats::RankedStratum> ranked;
  for (const Group& group : groups) {
    std::vector<double> pooled = group.reference;
    pooled.insert(pooled.end(), group.observed.begin(), group.observed.end());
    strata.push_back({static_cast<std::int64_t>(group.reference.size()),
                      static_cast<std::int64_t>(group.observed.size())});
    ranked.emplace_back(pooled);
  }
  const auto table = stats::EvaluateRelabelings(
      strata, 1,
      [&](std::size_t s, const stats::LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
        Eigen::RowVectorXd part = Eigen::RowVectorXd::Zero(out.cols());
        ranked[s].AccumulateRankSum(labels, part);
        out.row(0) += part;
      },
      {.permutations = options.permutations,
       .seed = stats::MixSeed(options.seed, 5),
       .threads = options.threads});
  if (!table.ok()) {
    evidence.reason = std::string(table.status().message());
    return evidence;
  }
  const Eigen::RowVectorXd two_sided = table->values.row(0).cwiseAbs();
  evidence.measurable = true;
  evidence.statistic = table->values(0, 0);
  evidence.p_value = stats::PermutationPValue(two_sided);
  evidence.effect = std::exp(internal::MeanOverProbes(shifts, shift_weights).mean);
  evidence.method = by_time ? "van Elteren on mean log times of one-minute blocks, permutation of blocks"
                            : "van Elteren on log times, permutation within probes";
  evidence.notes.emplace_back("advisory: network position and load change latency, so it does not decide");
  if (!by_time) {
    evidence.notes.emplace_back("times of day are not recorded: requests are treated as independent");
  }
  return evidence;
}

}  // namespace pinchbeck
