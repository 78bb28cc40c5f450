// Latency, advisory: reported, not counted, since the network's position alone can change it.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/stats/nonparametric_combination.h"
#include "pinchbeck/stats/permutation.h"
#include "pinchbeck/stats/rank_statistics.h"
#include "src/signal/effect.h"

namespace pinchbeck {
namespace {

// What is compared, in log seconds: the time to the first token, the time per output token, and the median
// gap between stream events. The first depends on the network and the queue, the others hardly.
enum Feature : std::size_t { kFirstToken, kPerToken, kGap, kFeatures };
constexpr std::array<const char*, kFeatures> kFeatureNames = {"time to first token", "time per output token",
                                                              "gap between events"};

// Requests without a time of day are taken in runs of this many, as far as five runs are left of each side:
// neighbours in a recording overlapped or followed each other.
constexpr std::size_t kLongestRun = 5;
constexpr std::size_t kLeastRuns = 5;

// Log seconds of each feature, where it was recorded.
using Times = std::array<std::optional<double>, kFeatures>;

Times TimesOf(const Latency& latency) {
  Times times;
  if (latency.first_token_s > 0) times[kFirstToken] = std::log(latency.first_token_s);
  if (latency.tokens_per_s && *latency.tokens_per_s > 0) times[kPerToken] = -std::log(*latency.tokens_per_s);
  if (latency.median_gap_s && *latency.median_gap_s > 0) times[kGap] = std::log(*latency.median_gap_s);
  return times;
}

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// A probe that both sides answered, and the medians of what they share.
struct SharedProbe {
  const ProbeSample* reference = nullptr;
  const ProbeSample* observed = nullptr;
  // Median of the pooled values, and observed median minus reference median.
  Times middle, shift;
};

std::vector<double> Values(const ProbeSample& probe, std::size_t feature) {
  std::vector<double> values;
  for (const Latency& latency : probe.latencies) {
    if (const auto time = TimesOf(latency)[feature]) values.push_back(*time);
  }
  return values;
}

std::vector<SharedProbe> SharedProbes(const SampleSet& reference, const SampleSet& observed) {
  std::vector<SharedProbe> shared;
  for (const auto& [id, probe] : reference.probes) {
    const auto it = observed.probes.find(id);
    if (probe.latencies.empty() || it == observed.probes.end() || it->second.latencies.empty()) continue;
    SharedProbe both{&probe, &it->second, {}, {}};
    for (std::size_t f = 0; f < kFeatures; ++f) {
      std::vector<double> x = Values(probe, f);
      const std::vector<double> y = Values(it->second, f);
      if (x.empty() || y.empty()) continue;
      both.shift[f] = Median(y) - Median(x);
      x.insert(x.end(), y.begin(), y.end());
      both.middle[f] = Median(x);
    }
    shared.push_back(both);
  }
  return shared;
}

// Mean of the residuals (value minus the probe's pooled median) of the requests in a unit.
class UnitMean {
 public:
  void Add(const Times& times, const Times& middle) {
    for (std::size_t f = 0; f < kFeatures; ++f) {
      if (!times[f] || !middle[f]) continue;
      sum_[f] += *times[f] - *middle[f];
      count_[f] += 1;
    }
  }
  [[nodiscard]] std::optional<double> Mean(std::size_t feature) const {
    if (count_[feature] <= 0) return std::nullopt;
    return sum_[feature] / count_[feature];
  }

 private:
  std::array<double, kFeatures> sum_{}, count_{};
};

// What may be relabeled: the units of one stratum, reference first.
struct UnitStratum {
  std::vector<UnitMean> reference, observed;
};

// Requests of one minute share their queue, so minutes are the units; empty when a time is missing.
std::vector<UnitMean> Minutes(const std::vector<SharedProbe>& probes, bool of_observed) {
  std::map<std::int64_t, UnitMean> minutes;
  for (const SharedProbe& probe : probes) {
    for (const Latency& latency : (of_observed ? probe.observed : probe.reference)->latencies) {
      if (!latency.minute) return {};
      minutes[*latency.minute].Add(TimesOf(latency), probe.middle);
    }
  }
  std::vector<UnitMean> units;
  for (const auto& entry : minutes) units.push_back(entry.second);
  return units;
}

std::vector<UnitMean> Runs(const ProbeSample& sample, const Times& middle, std::size_t length) {
  const std::size_t runs = std::max<std::size_t>(1, sample.latencies.size() / length);
  std::vector<UnitMean> units(runs);
  // What is left over belongs to the last run.
  for (std::size_t i = 0; i < sample.latencies.size(); ++i) {
    units[std::min(i / length, runs - 1)].Add(TimesOf(sample.latencies[i]), middle);
  }
  return units;
}

std::vector<UnitStratum> RunsByProbe(const std::vector<SharedProbe>& probes) {
  std::vector<UnitStratum> strata;
  for (const SharedProbe& probe : probes) {
    const std::size_t smaller = std::min(probe.reference->latencies.size(), probe.observed->latencies.size());
    const std::size_t length = std::clamp<std::size_t>(smaller / kLeastRuns, 1, kLongestRun);
    strata.push_back(
        {Runs(*probe.reference, probe.middle, length), Runs(*probe.observed, probe.middle, length)});
  }
  return strata;
}

// A feature's units, ranked within strata, or nothing where a unit lacks it: all features are relabeled
// together.
std::optional<std::vector<stats::RankedStratum>> Rank(const std::vector<UnitStratum>& strata,
                                                      std::size_t feature) {
  std::vector<stats::RankedStratum> ranked;
  for (const UnitStratum& stratum : strata) {
    std::vector<double> values;
    for (const std::vector<UnitMean>* side : {&stratum.reference, &stratum.observed}) {
      for (const UnitMean& unit : *side) {
        const std::optional<double> mean = unit.Mean(feature);
        if (!mean) return std::nullopt;
        values.push_back(*mean);
      }
    }
    ranked.emplace_back(values);
  }
  return ranked;
}

// Observed over reference, the geometric mean over probes.
std::optional<double> Ratio(const std::vector<SharedProbe>& probes, std::size_t feature) {
  std::vector<double> shifts, weights;
  for (const SharedProbe& probe : probes) {
    if (!probe.shift[feature]) continue;
    shifts.push_back(*probe.shift[feature]);
    weights.push_back(internal::StratumWeight(static_cast<double>(probe.reference->latencies.size()),
                                              static_cast<double>(probe.observed->latencies.size())));
  }
  if (shifts.empty()) return std::nullopt;
  return std::exp(internal::MeanOverProbes(shifts, weights).mean);
}

// Slower answers can be made by waiting; faster ones than the claimed model gives cannot.
void NoteSpeed(const std::vector<SharedProbe>& probes, const std::vector<std::size_t>& features,
               const Eigen::MatrixXd& sums, SignalEvidence& evidence) {
  for (std::size_t i = 0; i < features.size(); ++i) {
    const std::optional<double> ratio = Ratio(probes, features[i]);
    if (features[i] == kFirstToken || !ratio) continue;
    const double faster = stats::PermutationPValue(-sums.row(static_cast<Eigen::Index>(i)));
    char text[160];
    std::snprintf(text, sizeof text, "%s: %.3g times the reference's; one-sided p that it is faster %.4f",
                  kFeatureNames[features[i]], *ratio, faster);
    evidence.notes.emplace_back(text);
  }
}

}  // namespace

SignalEvidence EvaluateLatency(const SampleSet& reference, const SampleSet& observed,
                               const SignalOptions& options) {
  SignalEvidence evidence;
  evidence.signal = "latency";
  evidence.counted = false;
  evidence.effect_unit = "times the reference's time to first token";
  const std::vector<SharedProbe> probes = SharedProbes(reference, observed);
  const std::optional<double> ratio = Ratio(probes, kFirstToken);
  if (!ratio) {
    evidence.reason = "no probe with response times on both sides";
    return evidence;
  }
  evidence.probes = static_cast<std::int64_t>(probes.size());
  for (const SharedProbe& probe : probes) {
    evidence.n_reference += static_cast<std::int64_t>(probe.reference->latencies.size());
    evidence.n_observed += static_cast<std::int64_t>(probe.observed->latencies.size());
  }
  UnitStratum minutes{Minutes(probes, false), Minutes(probes, true)};
  const bool by_time = !minutes.reference.empty() && !minutes.observed.empty();
  const std::vector<UnitStratum> strata =
      by_time ? std::vector<UnitStratum>{std::move(minutes)} : RunsByProbe(probes);

  std::vector<stats::Stratum> sizes;
  for (const UnitStratum& stratum : strata) {
    sizes.push_back({static_cast<std::int64_t>(stratum.reference.size()),
                     static_cast<std::int64_t>(stratum.observed.size())});
  }
  std::vector<std::size_t> features;
  std::vector<std::vector<stats::RankedStratum>> ranked;
  for (std::size_t f = 0; f < kFeatures; ++f) {
    if (auto ranks = Rank(strata, f)) {
      features.push_back(f);
      ranked.push_back(*std::move(ranks));
    }
  }
  const auto table = stats::EvaluateRelabelings(
      sizes, static_cast<int>(features.size()),
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
  if (!table.ok()) {
    evidence.reason = std::string(table.status().message());
    return evidence;
  }
  const Eigen::RowVectorXd combined = stats::NonparametricCombination(table->values.cwiseAbs());
  evidence.measurable = true;
  evidence.statistic = combined(0);
  evidence.p_value = stats::PermutationPValue(combined);
  evidence.effect = *ratio;
  evidence.method = by_time ? "van Elteren on log times, combined; permutation of one-minute blocks"
                            : "van Elteren on log times, combined; permutation of runs within probes";
  NoteSpeed(probes, features, table->values, evidence);
  evidence.notes.emplace_back("advisory: network position and load change latency, so it does not decide");
  if (!by_time) {
    evidence.notes.emplace_back(
        "times of day are not recorded: runs of neighbouring requests are treated as independent");
  }
  return evidence;
}

}  // namespace pinchbeck
