// Response times under relabelings of blocks of requests. Advisory by default, since the network's position
// and load alone can change them.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/stats/nonparametric_combination.h"
#include "pinchbeck/stats/permutation.h"
#include "src/signal/effect.h"
#include "src/signal/latency_features.h"
#include "src/signal/latency_units.h"

namespace pinchbeck {
namespace {

using internal::LatencyFeature;
using internal::LatencyUnits;
using internal::SharedProbe;

// Least gate of the claim `serving`: how much times vary from day to day is not known from one session, and
// two that follow each other say less than that.
constexpr double kLeastServingGate = 0.5;
// Without stored alternatives power is judged against this: nine of ten pairs of blocks lie in one order.
constexpr double kDefaultDelta = 0.8;

// Van Elteren's rank sums of unit means under the same relabelings, a row for each feature.
struct FeatureTable {
  std::vector<LatencyFeature> features;
  stats::PermutationTable table;

  [[nodiscard]] std::optional<Eigen::RowVectorXd> Row(LatencyFeature feature) const {
    const auto it = std::find(features.begin(), features.end(), feature);
    if (it == features.end()) return std::nullopt;
    return table.values.row(it - features.begin());
  }
  // The rows of a mode.
  [[nodiscard]] Eigen::MatrixXd Rows(LatencyMode mode) const {
    const auto wanted = internal::FeaturesOf(mode);
    std::vector<Eigen::Index> rows;
    for (std::size_t i = 0; i < features.size(); ++i) {
      if (std::find(wanted.begin(), wanted.end(), features[i]) != wanted.end())
        rows.push_back(static_cast<Eigen::Index>(i));
    }
    return table.values(rows, Eigen::all);
  }
};

absl::StatusOr<FeatureTable> Relabel(const LatencyUnits& units, const SignalOptions& options) {
  FeatureTable result;
  std::vector<std::vector<stats::RankedStratum>> ranked;
  for (std::size_t f = 0; f < internal::kLatencyFeatures; ++f) {
    const auto feature = static_cast<LatencyFeature>(f);
    // A time that one side lacks would be compared with the other side's median.
    if (!units.OnBothSides(feature)) continue;
    auto ranks = units.Rank(feature);
    if (!ranks) continue;
    result.features.push_back(feature);
    ranked.push_back(*std::move(ranks));
  }
  auto table = stats::EvaluateRelabelings(
      units.sizes(), static_cast<int>(ranked.size()),
      [&](std::size_t s, const stats::LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
        Eigen::RowVectorXd part(out.cols());
        for (std::size_t f = 0; f < ranked.size(); ++f) {
          part.setZero();
          ranked[f][s].AccumulateRankSum(labels, part);
          out.row(static_cast<Eigen::Index>(f)) += part;
        }
      },
      {.permutations = options.permutations,
       .seed = stats::MixSeed(options.seed, 5),
       .threads = options.threads});
  if (!table.ok()) return table.status();
  result.table = *std::move(table);
  return result;
}

// The largest Cliff's delta of unit means over the mode's features, above its mean under relabelings.
void SetDelta(const LatencyUnits& units, const Eigen::MatrixXd& rows, const SignalOptions& options,
              SignalEvidence& evidence) {
  double weight = 0;
  for (const stats::Stratum& stratum : units.sizes()) {
    const double m = static_cast<double>(stratum.n_reference), n = static_cast<double>(stratum.n_observed);
    weight += m * n / (m + n + 1);
  }
  const Eigen::RowVectorXd deltas = 2 / weight * rows.cwiseAbs().colwise().maxCoeff();
  evidence.effect_unit = "Cliff's delta, largest over the times";
  internal::SetEffect(deltas(0) - deltas.mean(), 0, deltas, options, evidence);
  // A delta is at most 1: under the claim `weights` there is no difference in speed that counts.
  evidence.effect_gate = options.claim == Claim::kWeights
                             ? 1
                             : std::clamp(internal::EffectGate(0, options), kLeastServingGate, 1.0);
  evidence.default_effect = kDefaultDelta;
  if (!evidence.detectable_effect) return;
  // What counts must exceed the gate as well.
  constexpr double kNormal90 = 1.2815515655446004;
  const double deviation =
      std::sqrt((deltas.array() - deltas.mean()).square().sum() / static_cast<double>(deltas.size()));
  evidence.detectable_effect =
      std::max(*evidence.detectable_effect, evidence.effect_gate + kNormal90 * deviation);
  if (*evidence.detectable_effect > 1) evidence.detectable_effect.reset();
}

void NoteRatios(const std::vector<SharedProbe>& probes, const FeatureTable& table, SignalEvidence& evidence) {
  for (const LatencyFeature feature : {internal::kPerToken, internal::kTotalPerToken, internal::kGap}) {
    const auto row = table.Row(feature);
    const std::optional<double> shift = internal::MeanShift(probes, feature);
    if (!row || !shift) continue;
    char text[160];
    std::snprintf(text, sizeof text, "%s: %.3g times the reference's; one-sided p that it is faster %.4f",
                  std::string(internal::LatencyFeatureName(feature)).c_str(), std::exp(*shift),
                  stats::PermutationPValue(-*row));
    evidence.notes.emplace_back(text);
  }
}

// Waiting makes answers slower, and a buffer that lets tokens out together makes their gaps shorter, but
// neither makes whole answers faster. Faster in both, the gaps and the whole: the larger p-value is valid
// where only one of them is.
void NoteFaster(const FeatureTable& table, const SignalOptions& options, SignalEvidence& evidence) {
  const auto per_token = table.Row(internal::kPerToken), whole = table.Row(internal::kTotalPerToken);
  if (!per_token || !whole) return;
  const double p_value = std::max(stats::PermutationPValue(-*per_token), stats::PermutationPValue(-*whole));
  if (p_value > options.level) return;
  char text[160];
  std::snprintf(text, sizeof text,
                "faster than the claimed model, which no waiting or buffering imitates: one-sided p %.4f",
                p_value);
  evidence.notes.emplace_back(text);
}

void NoteFewBlocks(const LatencyUnits& units, const FeatureTable& table, const SignalOptions& options,
                   SignalEvidence& evidence) {
  if (1 / static_cast<double>(table.table.values.cols()) <= options.level) return;
  char text[160];
  std::snprintf(
      text, sizeof text,
      "%lld and %lld blocks of requests have %lld relabelings: too few to reject anything at level %g",
      static_cast<long long>(units.reference_units()), static_cast<long long>(units.observed_units()),
      static_cast<long long>(table.table.values.cols()), options.level);
  evidence.notes.emplace_back(text);
}

void NoteMode(const SignalOptions& options, SignalEvidence& evidence) {
  if (options.latency == LatencyMode::kAdvisory) {
    evidence.notes.emplace_back("advisory: network position and load change latency, so it does not decide");
    return;
  }
  if (options.latency == LatencyMode::kStrict) {
    evidence.notes.emplace_back(
        "strict: taken on your word that both sides were recorded from the same network position");
  }
  if (options.claim == Claim::kWeights) {
    evidence.notes.emplace_back(
        "honest servings of one model run at any speed: under the claim weights latency never decides");
  } else if (!options.honest_spread) {
    evidence.notes.emplace_back(
        "the reference has one session: how much its own times vary from day to day is not known");
  }
}

// p-value that the observed times do not lie towards an alternative: the rank sums weighted by how far its
// own medians lie from the pooled ones. Labels do not enter the weights, so relabelings stay exact.
double TowardsPValue(const std::vector<SharedProbe>& probes, const FeatureTable& table,
                     const SampleSet& alternative, LatencyMode mode) {
  Eigen::RowVectorXd towards = Eigen::RowVectorXd::Zero(table.table.values.cols());
  for (const LatencyFeature feature : internal::FeaturesOf(mode)) {
    const auto row = table.Row(feature);
    const auto shift = internal::ShiftFromPool(probes, alternative, feature);
    if (row && shift) towards += *shift * *row;
  }
  return stats::PermutationPValue(towards);
}

// The stored alternative whose times are nearest, where one is nearer than the reference, the times differ
// and they do so towards it.
void SetNearest(const SampleSet& reference, const SampleSet& observed, const std::vector<SharedProbe>& probes,
                const FeatureTable& table, const SignalOptions& options, SignalEvidence& evidence) {
  if (*evidence.p_value > options.level) return;
  const double level =
      options.level / static_cast<double>(std::max<std::size_t>(1, options.alternatives.size()));
  std::optional<double> nearest = internal::LatencyDistance(reference, observed, options.latency);
  if (!nearest) return;
  for (std::size_t i = 0; i < options.alternatives.size(); ++i) {
    const auto distance = internal::LatencyDistance(*options.alternatives[i], observed, options.latency);
    if (!distance || *distance >= *nearest) continue;
    if (TowardsPValue(probes, table, *options.alternatives[i], options.latency) > level) continue;
    nearest = distance;
    evidence.closest_alternative = i;
  }
}

void NoteOneSided(const LatencyUnits& units, const SignalOptions& options, SignalEvidence& evidence) {
  for (const LatencyFeature feature : internal::FeaturesOf(options.latency)) {
    if (units.OnBothSides(feature) || !units.Rank(feature)) continue;
    evidence.notes.push_back(std::string(internal::LatencyFeatureName(feature)) +
                             ": recorded on one side only, not compared");
  }
}

std::string WhatIsMissing(const SignalOptions& options) {
  if (options.latency != LatencyMode::kShape) return "no probe with response times on both sides";
  return "neither gaps between events nor times against input tokens on both sides; shape needs streamed "
         "answers (event_s) or prompts of several lengths with times of day";
}

}  // namespace

SignalEvidence EvaluateLatency(const SampleSet& reference, const SampleSet& observed,
                               const SignalOptions& options) {
  SignalEvidence evidence;
  evidence.signal = "latency";
  evidence.counted = options.latency != LatencyMode::kAdvisory;
  evidence.effect_unit = "times the reference's time to first token";
  const std::vector<SharedProbe> probes = internal::SharedProbes(reference, observed);
  const LatencyUnits units(probes);
  const auto wanted = internal::FeaturesOf(options.latency);
  const bool comparable = std::any_of(wanted.begin(), wanted.end(), [&](LatencyFeature feature) {
    return units.OnBothSides(feature) && units.Rank(feature).has_value();
  });
  if (!comparable) {
    evidence.reason = WhatIsMissing(options);
    return evidence;
  }
  evidence.probes = static_cast<std::int64_t>(probes.size());
  for (const SharedProbe& probe : probes) {
    evidence.n_reference += static_cast<std::int64_t>(probe.reference->latencies.size());
    evidence.n_observed += static_cast<std::int64_t>(probe.observed->latencies.size());
  }
  const auto table = Relabel(units, options);
  if (!table.ok()) {
    evidence.reason = std::string(table.status().message());
    return evidence;
  }
  const Eigen::MatrixXd rows = table->Rows(options.latency);
  const Eigen::RowVectorXd combined = stats::NonparametricCombination(rows.cwiseAbs());
  evidence.measurable = true;
  evidence.statistic = combined(0);
  evidence.p_value = stats::PermutationPValue(combined);
  if (evidence.counted) {
    SetDelta(units, rows, options, evidence);
  } else if (const auto shift = internal::MeanShift(probes, internal::kFirstToken)) {
    evidence.effect = std::exp(*shift);
  }
  evidence.method = options.latency == LatencyMode::kShape ? "van Elteren on gap shapes and prefill slope"
                                                           : "van Elteren on log times";
  evidence.method += units.by_time() ? ", combined; permutation of one-minute blocks"
                                     : ", combined; permutation of runs within probes";
  if (options.latency != LatencyMode::kShape) {
    NoteRatios(probes, *table, evidence);
    NoteFaster(*table, options, evidence);
  }
  NoteOneSided(units, options, evidence);
  NoteFewBlocks(units, *table, options, evidence);
  NoteMode(options, evidence);
  if (!units.by_time()) {
    evidence.notes.emplace_back(
        "times of day are not recorded: runs of neighbouring requests are treated as independent");
  }
  SetNearest(reference, observed, probes, *table, options, evidence);
  return evidence;
}

}  // namespace pinchbeck
