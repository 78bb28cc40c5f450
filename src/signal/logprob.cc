// Reported log-probabilities: differences under relabelings, tested against exact equality and against a
// margin; the sampled tokens of longer answers; and whether the endpoint's own figures hang together.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
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
                const SignalOptions& options, double limit_level, SignalEvidence& evidence) {
  std::vector<double> differences;
  double floor = 0;
  for (const LogprobCell& cell : cells) {
    if (const auto corrected = internal::CorrectedLogprobDifference(cell)) {
      differences.push_back(corrected->value);
      floor = std::max(floor, corrected->noise);
    }
  }
  const auto [margin, sessions] = internal::LogprobMargin(cells, options, limit_level);
  evidence.effect_gate = margin;
  evidence.p_value =
      std::max(*stats::MeanAboveMarginPValue(differences, margin, floor), *evidence.equality_p_value);
  if (differences.empty()) {
    evidence.notes.emplace_back(
        "no probe has repeated answers: the margin cannot be tested, so the signal cannot reject");
    return;
  }
  if (sessions > 0) {
    // A limit at a level proves nothing below it.
    evidence.p_value = std::max(*evidence.p_value, limit_level);
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

// What the comparison does not use. Lists that only some observed answers come with may have been picked.
void NoteLeftOut(const std::vector<LogprobCell>& cells, SignalEvidence& evidence) {
  std::int64_t reference = 0, observed = 0, picked = 0, of = 0, shallow = 0, depth = 0, full = 0;
  for (const LogprobCell& cell : cells) {
    if (cell.tokens.empty()) continue;
    reference += cell.reference_left_out;
    observed += cell.observed_left_out;
    of += cell.stratum.n_observed + cell.observed_left_out;
    if (cell.reference_left_out == 0) picked += cell.observed_left_out;
    if (cell.depth >= cell.reference_depth) continue;
    const auto used = static_cast<std::int64_t>(cell.depth);
    depth = shallow == 0 ? used : std::min(depth, used);
    full = std::max(full, static_cast<std::int64_t>(cell.reference_depth));
    ++shallow;
  }
  if (reference + observed > 0) {
    evidence.notes.push_back("answers without a list of likely tokens are left out where others have one: " +
                             std::to_string(reference) + " of the reference, " + std::to_string(observed) +
                             " observed");
  }
  if (shallow > 0) {
    evidence.notes.push_back("observed lists are shorter: on " + std::to_string(shallow) +
                             (shallow == 1 ? " probe" : " probes") + " as few as " + std::to_string(depth) +
                             " entries are compared of the reference's " + std::to_string(full));
  }
  if (picked * 20 > of) {
    evidence.incoherent = true;
    evidence.notes.push_back(std::to_string(picked) + " of " + std::to_string(of) +
                             " observed answers come without the list that all of the reference's have: what "
                             "the others list may be picked, and is no agreement");
  }
}

// Equality and margin of the first positions and greedy paths.
void CompareCells(const SampleSet& reference, const SampleSet& observed, const SignalOptions& options,
                  double limit_level, SignalEvidence& evidence) {
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
  TestMargin(cells, mean_difference, options, limit_level, evidence);
  NoteLeftOut(cells, evidence);
}

// The serving claim grants the sampled tokens nothing but the spread between the reference's sessions: their
// p-value then stands beside that of the margin test, and the smaller of both counts double. Where it
// decides, the numbers are those of the sampled tokens.
void CountSequences(const SequenceComparison& sequences, const SignalOptions& options,
                    SignalEvidence& evidence) {
  const double cells = evidence.p_value.value_or(1);
  evidence.p_value = std::min(1.0, 2 * std::min(sequences.session_p_value, cells));
  evidence.method += "; mean log-probability of sampled tokens by permutation within probes";
  if (sequences.session_p_value >= cells || *evidence.p_value > options.level) return;
  evidence.statistic = std::abs(sequences.difference());
  evidence.effect = sequences.difference();
  evidence.effect_low = evidence.effect_high = evidence.detectable_effect = evidence.size_factor =
      std::nullopt;
  evidence.effect_gate = sequences.session_limit;
  evidence.n_reference = sequences.n_reference;
  evidence.n_observed = sequences.n_observed;
  evidence.probes = sequences.probes;
  evidence.notes.emplace_back(
      "the sampled tokens of longer answers decide: effect, statistic and numbers of answers are theirs");
}

void NoteSequences(const SequenceComparison& sequences, const SignalOptions& options,
                   SignalEvidence& evidence) {
  if (sequences.p_value > options.level) return;
  evidence.notes.push_back(
      "mean log-probability of the sampled tokens is " + Short("%.3f", sequences.observed) +
      " nats against " + Short("%.3f", sequences.reference) + " (p " + Short("%.4f", sequences.p_value) +
      ", " + std::to_string(sequences.n_observed) + " vs " + std::to_string(sequences.n_reference) +
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
  const bool counted = options.claim == Claim::kServing;
  absl::StatusOr<SequenceComparison> sequences = absl::NotFoundError("not asked for");
  // Two parts that may reject share the level, session limits included: either's is at half of it.
  const double half = options.level / 2;
  if (options.sampled_tokens && (counted || !options.decision_only))
    sequences = internal::CompareSequences(reference, observed, options, half);
  const double limit_level = counted && sequences.ok() ? half : options.level;
  CompareCells(reference, observed, options, limit_level, evidence);
  if (evidence.measurable && sequences.ok()) {
    if (counted) CountSequences(*sequences, options, evidence);
    NoteSequences(*sequences, options, evidence);
  }
  CheckCoherence(reference, observed, options, evidence);
  return evidence;
}

}  // namespace pinchbeck
