// Reported log-probabilities: differences under relabelings, tested against exact equality and against a
// margin; the sampled tokens of longer answers; and whether the endpoint's own figures hang together.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/stats/margin_test.h"
#include "pinchbeck/stats/permutation.h"
#include "src/signal/effect.h"
#include "src/signal/logprob_cells.h"
#include "src/signal/logprob_coherence.h"
#include "src/signal/logprob_margin.h"
#include "src/signal/logprob_sequences.h"
#include "src/signal/logprob_statistics.h"

namespace pinchbeck {
namespace {

using internal::LogprobCell;
using internal::SequenceComparison;

constexpr double kDefaultEffectNats = 0.7;

std::string Short(const char* format, double value) {
  char text[32];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

// The margin test over probes, the effect, and what this comparison could have found. Expects the p-value of
// equality to be there; `relabeled`: the mean differences (column 0 observed).
void TestMargin(const std::vector<LogprobCell>& cells, const Eigen::RowVectorXd& relabeled,
                const SignalOptions& options, SignalEvidence& evidence) {
  std::vector<double> differences;
  double floor = 0;
  for (const LogprobCell& cell : cells) {
    if (const auto corrected = internal::CorrectedLogprobDifference(cell)) {
      differences.push_back(corrected->value);
      floor = std::max(floor, corrected->noise);
    }
  }
  const auto [margin, sessions] = internal::LogprobMargin(cells, options);
  evidence.effect_gate = margin;
  evidence.p_value =
      std::max(*stats::MeanAboveMarginPValue(differences, margin, floor), *evidence.equality_p_value);
  if (differences.empty()) {
    evidence.notes.emplace_back(
        "no probe has repeated answers: the margin cannot be tested, so the signal cannot reject");
    return;
  }
  if (sessions > 0) {
    evidence.notes.push_back("after " + std::to_string(sessions) +
                             " sessions of the reference another may differ by " + Short("%.3g", margin) +
                             " nats; more sessions narrow this");
  }
  const std::vector<double> weights(differences.size(), 1);
  const auto mean = internal::MeanOverProbes(differences, weights);
  internal::SetEffect(mean.mean, mean.standard_error, relabeled, options, evidence);
  const double surely =
      stats::DetectableAboveMargin(margin, floor, options.level, static_cast<double>(differences.size()));
  evidence.detectable_effect =
      std::max(surely, margin + std::max(evidence.detectable_effect.value_or(0), 4 * mean.standard_error));
}

std::string Method(const internal::LogprobStatistics& statistics, bool exact) {
  std::string method = "log-probability differences plain and in units of noise, energy distance";
  const std::size_t models = statistics.alternatives();
  if (models > 0) {
    method += ", likelihood ratios to " + std::to_string(models) +
              (models == 1 ? " stored model" : " stored models");
  } else {
    method += ", no stored model to look for";
  }
  return method + "; margin by betting over probes" +
         (exact ? ", equality by all relabelings" : ", equality by permutation within probes");
}

// Equality and margin of the first positions and greedy paths.
void CompareCells(const SampleSet& reference, const SampleSet& observed, const SignalOptions& options,
                  SignalEvidence& evidence) {
  const std::vector<LogprobCell> cells = internal::BuildLogprobCells(reference, observed);
  if (cells.empty()) {
    evidence.reason = "no probe with log-probabilities on both sides";
    return;
  }
  std::vector<stats::Stratum> strata;
  for (const LogprobCell& cell : cells) {
    strata.push_back(cell.stratum);
    evidence.n_reference += cell.stratum.n_reference;
    evidence.n_observed += cell.stratum.n_observed;
  }
  const internal::LogprobStatistics statistics(cells, options.alternatives);
  const auto table = stats::EvaluateRelabelings(
      strata, static_cast<int>(statistics.rows()),
      [&](std::size_t s, const stats::LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
        statistics.Accumulate(s, labels, out);
      },
      {.permutations = options.permutations,
       .seed = stats::MixSeed(options.seed, 2),
       .threads = options.threads});
  if (!table.ok()) {
    evidence.reason = std::string(table.status().message());
    return;
  }
  evidence.measurable = true;
  evidence.probes = static_cast<std::int64_t>(cells.size());
  const Eigen::RowVectorXd mean_difference = table->values.row(0);
  evidence.statistic = mean_difference(0);
  evidence.equality_p_value = stats::PermutationPValue(statistics.Combine(table->values));
  evidence.closest_alternative = statistics.Closest(table->values, options.level);
  evidence.method = Method(statistics, table->exact);
  TestMargin(cells, mean_difference, options, evidence);
}

// The serving claim grants the sampled tokens nothing but the spread between the reference's sessions: their
// p-value then stands beside that of the margin test, and the smaller of both counts double.
void CountSequences(const SequenceComparison& sequences, SignalEvidence& evidence) {
  const double p_value = std::abs(sequences.difference()) > sequences.session_limit ? sequences.p_value : 1.0;
  if (p_value < evidence.p_value.value_or(1)) {
    evidence.effect = sequences.difference();
    evidence.effect_low = evidence.effect_high = std::nullopt;
    evidence.effect_gate = sequences.session_limit;
  }
  evidence.p_value = std::min(1.0, 2 * std::min(p_value, evidence.p_value.value_or(1)));
  evidence.method += "; mean log-probability of sampled tokens by permutation within probes";
}

void CompareSampledTokens(const SampleSet& reference, const SampleSet& observed, const SignalOptions& options,
                          SignalEvidence& evidence) {
  const bool counted = options.claim == Claim::kServing;
  if (!options.sampled_tokens || !evidence.measurable || (options.decision_only && !counted)) return;
  const auto sequences = internal::CompareSequences(reference, observed, options);
  if (!sequences.ok()) return;
  if (counted) CountSequences(*sequences, evidence);
  if (sequences->p_value > options.level) return;
  evidence.notes.push_back(
      "mean log-probability of the sampled tokens is " + Short("%.3f", sequences->observed) +
      " nats against " + Short("%.3f", sequences->reference) + " (p " + Short("%.4f", sequences->p_value) +
      ", " + std::to_string(sequences->n_observed) + " vs " + std::to_string(sequences->n_reference) +
      " answers): other sampling settings, or another model");
}

void CheckCoherence(const SampleSet& reference, const SampleSet& observed, const SignalOptions& options,
                    SignalEvidence& evidence) {
  if (options.decision_only) return;
  const auto coherence = internal::CheckLogprobCoherence(reference, observed, options.seed);
  for (const std::string& failure : coherence.Failures()) {
    evidence.incoherent = true;
    evidence.notes.push_back(failure + ": these log-probabilities may be made up, and are no agreement");
  }
}

}  // namespace

SignalEvidence EvaluateLogprob(const SampleSet& reference, const SampleSet& observed,
                               const SignalOptions& options) {
  SignalEvidence evidence;
  evidence.signal = "logprob";
  evidence.effect_unit = "nats";
  evidence.default_effect = kDefaultEffectNats;
  CompareCells(reference, observed, options, evidence);
  CompareSampledTokens(reference, observed, options, evidence);
  CheckCoherence(reference, observed, options, evidence);
  return evidence;
}

}  // namespace pinchbeck
