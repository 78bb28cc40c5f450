#include "src/signal/logprob_sequences.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <vector>

#include "absl/status/status.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/kernel_statistics.h"
#include "pinchbeck/stats/permutation.h"
#include "src/signal/effect.h"
#include "src/signal/logprob_margin.h"

namespace pinchbeck::internal {
namespace {

// Means of one probe's answers in one column, the reference's first.
struct SequenceCell {
  stats::Stratum stratum;
  Eigen::MatrixXd means;
  std::vector<std::uint32_t> sessions;
  double weight = 0;
  [[nodiscard]] double reference() const { return means.topRows(stratum.n_reference).mean(); }
  [[nodiscard]] double observed() const { return means.bottomRows(stratum.n_observed).mean(); }
};

std::int64_t Collect(const ProbeSample& sample, std::vector<double>& means,
                     std::vector<std::uint32_t>& sessions) {
  std::int64_t count = 0;
  for (const FirstTokenLogprobs& item : sample.logprobs) {
    if (item.mean_tokens < 2) continue;
    means.push_back(item.mean);
    sessions.push_back(item.session);
    ++count;
  }
  return count;
}

std::vector<SequenceCell> BuildCells(const SampleSet& reference, const SampleSet& observed) {
  std::vector<SequenceCell> cells;
  for (const auto& [id, probe] : reference.probes) {
    const auto it = observed.probes.find(id);
    if (it == observed.probes.end() || probe.conditions.temperature == 0.0) continue;
    SequenceCell cell;
    std::vector<double> means;
    cell.stratum.n_reference = Collect(probe, means, cell.sessions);
    cell.stratum.n_observed = Collect(it->second, means, cell.sessions);
    if (cell.stratum.n_reference == 0 || cell.stratum.n_observed == 0) continue;
    cell.means = Eigen::Map<const Eigen::VectorXd>(means.data(), cell.stratum.size());
    cell.weight = StratumWeight(static_cast<double>(cell.stratum.n_reference),
                                static_cast<double>(cell.stratum.n_observed));
    cells.push_back(std::move(cell));
  }
  return cells;
}

// Difference of each session of the reference from the mean of the others, over the probes of both.
std::vector<double> Sessions(const std::vector<SequenceCell>& cells) {
  struct Sums {
    double weighted = 0, weight = 0;
  };
  std::map<std::uint32_t, Sums> differences;
  for (const SequenceCell& cell : cells) {
    std::map<std::uint32_t, Sums> sessions;
    double total = 0;
    const auto m = static_cast<double>(cell.stratum.n_reference);
    for (Eigen::Index i = 0; i < cell.stratum.n_reference; ++i) {
      Sums& sums = sessions[cell.sessions[static_cast<std::size_t>(i)]];
      sums.weighted += cell.means(i, 0);
      ++sums.weight;
      total += cell.means(i, 0);
    }
    if (sessions.size() < 2) continue;
    for (const auto& [session, sums] : sessions) {
      const double others = m - sums.weight, weight = StratumWeight(sums.weight, others);
      const double difference = sums.weighted / sums.weight - (total - sums.weighted) / others;
      differences[session].weighted += weight * difference;
      differences[session].weight += weight;
    }
  }
  std::vector<double> result;
  for (const auto& [session, sums] : differences) result.push_back(sums.weighted / sums.weight);
  return result;
}

}  // namespace

absl::StatusOr<SequenceComparison> CompareSequences(const SampleSet& reference, const SampleSet& observed,
                                                    const SignalOptions& options, double limit_level) {
  const std::vector<SequenceCell> cells = BuildCells(reference, observed);
  if (cells.empty()) return absl::NotFoundError("no probe with longer answers' log-probabilities");
  SequenceComparison result;
  result.probes = static_cast<std::int64_t>(cells.size());
  std::vector<stats::Stratum> strata;
  double total = 0;
  for (const SequenceCell& cell : cells) {
    strata.push_back(cell.stratum);
    result.n_reference += cell.stratum.n_reference;
    result.n_observed += cell.stratum.n_observed;
    result.reference += cell.weight * cell.reference();
    result.observed += cell.weight * cell.observed();
    total += cell.weight;
  }
  result.reference /= total;
  result.observed /= total;
  PINCHBECK_ASSIGN_OR_RETURN(
      const stats::PermutationTable table,
      stats::EvaluateRelabelings(
          strata, 1,
          [&](std::size_t s, const stats::LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
            stats::AccumulateMeanDifference(cells[s].means, cells[s].stratum, cells[s].weight / total, labels,
                                            out);
          },
          {.permutations = options.permutations,
           .seed = stats::MixSeed(options.seed, 9),
           .threads = options.threads}));
  result.p_value = stats::PermutationPValue(table.values.row(0).cwiseAbs());
  result.exact = table.exact;
  const auto limit = SessionLimit(Sessions(cells), limit_level);
  result.session_limit = limit.value_or(0);
  if (std::abs(result.difference()) > result.session_limit)
    result.session_p_value = limit ? std::max(result.p_value, limit_level) : result.p_value;
  return result;
}

}  // namespace pinchbeck::internal
