#include "src/signal/latency_features.h"

#include <algorithm>
#include <cmath>

#include "src/signal/effect.h"

namespace pinchbeck::internal {
namespace {

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::vector<double> Values(const ProbeSample& probe, std::size_t feature) {
  std::vector<double> values;
  for (const Latency& latency : probe.latencies) {
    if (const auto value = ValuesOf(latency)[feature]) values.push_back(*value);
  }
  return values;
}

std::optional<double> LogOf(std::optional<double> value) {
  if (!value || !(*value > 0)) return std::nullopt;
  return std::log(*value);
}

}  // namespace

std::string_view LatencyFeatureName(LatencyFeature feature) {
  constexpr std::array<std::string_view, kLatencyFeatures> kNames = {
      "time to first token", "time per output token", "whole time per output token", "gap between events",
      "dispersion of gaps",  "share of short gaps",   "autocorrelation of gaps",     "time per input token"};
  return kNames[feature];
}

std::span<const LatencyFeature> FeaturesOf(LatencyMode mode) {
  static constexpr std::array kAdvisory = {kFirstToken, kPerToken, kGap};
  static constexpr std::array kShape = {kDispersion, kBurst, kAutocorrelation, kPrefill};
  static constexpr std::array kStrict = {kFirstToken, kPerToken, kTotalPerToken,   kGap,
                                         kDispersion, kBurst,    kAutocorrelation, kPrefill};
  switch (mode) {
    case LatencyMode::kAdvisory:
      return kAdvisory;
    case LatencyMode::kShape:
      return kShape;
    case LatencyMode::kStrict:
      return kStrict;
  }
  return kAdvisory;
}

LatencyValues ValuesOf(const Latency& latency) {
  LatencyValues values;
  values[kFirstToken] = LogOf(latency.first_token_s);
  if (const auto speed = LogOf(latency.tokens_per_s)) values[kPerToken] = -*speed;
  values[kTotalPerToken] = LogOf(latency.total_per_token_s);
  values[kGap] = LogOf(latency.median_gap_s);
  if (latency.gaps) {
    values[kDispersion] = latency.gaps->dispersion;
    values[kBurst] = latency.gaps->burst_share;
    values[kAutocorrelation] = latency.gaps->autocorrelation;
  }
  return values;
}

std::optional<double> PrefillSlope(std::span<const Latency* const> requests) {
  std::vector<const Latency*> counted;
  for (const Latency* request : requests) {
    if (request->input_tokens && counted.size() < kSlopeRequests) counted.push_back(request);
  }
  std::vector<double> slopes;
  for (std::size_t i = 0; i < counted.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const auto tokens = static_cast<double>(*counted[i]->input_tokens - *counted[j]->input_tokens);
      if (tokens != 0) slopes.push_back((counted[i]->first_token_s - counted[j]->first_token_s) / tokens);
    }
  }
  if (slopes.empty()) return std::nullopt;
  return Median(std::move(slopes));
}

std::vector<SharedProbe> SharedProbes(const SampleSet& reference, const SampleSet& observed) {
  std::vector<SharedProbe> shared;
  for (const auto& [id, probe] : reference.probes) {
    const auto it = observed.probes.find(id);
    if (probe.latencies.empty() || it == observed.probes.end() || it->second.latencies.empty()) continue;
    SharedProbe both{id, &probe, &it->second, {}, {}};
    for (std::size_t f = 0; f < kLatencyFeatures; ++f) {
      std::vector<double> x = Values(probe, f);
      const std::vector<double> y = Values(it->second, f);
      if (!x.empty() && !y.empty()) both.shift[f] = Median(y) - Median(x);
      x.insert(x.end(), y.begin(), y.end());
      if (!x.empty()) both.middle[f] = Median(std::move(x));
    }
    shared.push_back(both);
  }
  return shared;
}

std::optional<double> MeanShift(const std::vector<SharedProbe>& probes, LatencyFeature feature) {
  std::vector<double> shifts, weights;
  for (const SharedProbe& probe : probes) {
    if (!probe.shift[feature]) continue;
    shifts.push_back(*probe.shift[feature]);
    weights.push_back(StratumWeight(static_cast<double>(probe.reference->latencies.size()),
                                    static_cast<double>(probe.observed->latencies.size())));
  }
  if (shifts.empty()) return std::nullopt;
  return MeanOverProbes(shifts, weights).mean;
}

std::optional<double> ShiftFromPool(const std::vector<SharedProbe>& probes, const SampleSet& other,
                                    LatencyFeature feature) {
  double sum = 0, count = 0;
  for (const SharedProbe& probe : probes) {
    const auto it = other.probes.find(probe.id);
    if (it == other.probes.end() || !probe.middle[feature]) continue;
    std::vector<double> values = Values(it->second, feature);
    if (values.empty()) continue;
    sum += Median(std::move(values)) - *probe.middle[feature];
    count += 1;
  }
  if (count == 0) return std::nullopt;
  return sum / count;
}

std::optional<double> LatencyDistance(const SampleSet& a, const SampleSet& b, LatencyMode mode) {
  const std::vector<SharedProbe> probes = SharedProbes(a, b);
  double sum = 0, features = 0;
  for (const LatencyFeature feature : FeaturesOf(mode)) {
    const std::optional<double> shift = MeanShift(probes, feature);
    if (!shift) continue;
    sum += std::abs(*shift);
    features += 1;
  }
  if (features == 0) return std::nullopt;
  return sum / features;
}

}  // namespace pinchbeck::internal
