#include "src/signal/latency_units.h"

#include <algorithm>
#include <cstddef>
#include <map>

namespace pinchbeck::internal {
namespace {

// Requests without a time of day are taken in runs of this many, as far as five runs are left of each side:
// neighbours in a recording overlapped or followed each other.
constexpr std::size_t kLongestRun = 5;
constexpr std::size_t kLeastRuns = 5;

}  // namespace

// The requests of a unit.
struct LatencyUnits::Unit {
  void Add(const Latency& latency, const LatencyValues& middle) {
    const LatencyValues values = ValuesOf(latency);
    for (std::size_t f = 0; f < kLatencyFeatures; ++f) {
      if (!values[f] || !middle[f]) continue;
      sum[f] += *values[f] - *middle[f];
      count[f] += 1;
    }
    if (requests.size() < kSlopeRequests) requests.push_back(&latency);
  }
  [[nodiscard]] UnitValues Values() const {
    UnitValues values;
    for (std::size_t f = 0; f < kLatencyFeatures; ++f) {
      if (count[f] > 0) values[f] = sum[f] / count[f];
    }
    values[kPrefill] = PrefillSlope(requests);
    return values;
  }

  std::array<double, kLatencyFeatures> sum{}, count{};
  std::vector<const Latency*> requests;
};

// Empty when a time of day is missing.
std::vector<LatencyUnits::Unit> LatencyUnits::Minutes(const std::vector<SharedProbe>& probes,
                                                      bool of_observed) {
  std::map<std::int64_t, Unit> minutes;
  for (const SharedProbe& probe : probes) {
    for (const Latency& latency : (of_observed ? probe.observed : probe.reference)->latencies) {
      if (!latency.minute) return {};
      minutes[*latency.minute].Add(latency, probe.middle);
    }
  }
  std::vector<Unit> units;
  for (const auto& entry : minutes) units.push_back(entry.second);
  return units;
}

LatencyUnits::LatencyUnits(const std::vector<SharedProbe>& probes) {
  const std::vector<Unit> reference = Minutes(probes, false), observed = Minutes(probes, true);
  by_time_ = !reference.empty() && !observed.empty();
  if (by_time_) {
    AddStratum(reference, observed);
    return;
  }
  for (const SharedProbe& probe : probes) {
    const std::size_t smaller = std::min(probe.reference->latencies.size(), probe.observed->latencies.size());
    const std::size_t length = std::clamp<std::size_t>(smaller / kLeastRuns, 1, kLongestRun);
    const auto runs = [&](const std::vector<Latency>& latencies) {
      std::vector<Unit> units(std::max<std::size_t>(1, latencies.size() / length));
      // What is left over belongs to the last run.
      for (std::size_t i = 0; i < latencies.size(); ++i)
        units[std::min(i / length, units.size() - 1)].Add(latencies[i], probe.middle);
      return units;
    };
    AddStratum(runs(probe.reference->latencies), runs(probe.observed->latencies));
  }
}

void LatencyUnits::AddStratum(const std::vector<Unit>& reference, const std::vector<Unit>& observed) {
  sizes_.push_back({static_cast<std::int64_t>(reference.size()), static_cast<std::int64_t>(observed.size())});
  std::vector<UnitValues>& values = values_.emplace_back();
  for (const Unit& unit : reference) values.push_back(unit.Values());
  for (const Unit& unit : observed) values.push_back(unit.Values());
}

std::int64_t LatencyUnits::reference_units() const {
  std::int64_t units = 0;
  for (const stats::Stratum& stratum : sizes_) units += stratum.n_reference;
  return units;
}

std::int64_t LatencyUnits::observed_units() const {
  std::int64_t units = 0;
  for (const stats::Stratum& stratum : sizes_) units += stratum.n_observed;
  return units;
}

std::optional<std::vector<stats::RankedStratum>> LatencyUnits::Rank(LatencyFeature feature) const {
  std::vector<stats::RankedStratum> ranked;
  std::size_t present = 0, units = 0;
  for (const std::vector<UnitValues>& stratum : values_) {
    std::vector<double> known;
    for (const UnitValues& unit : stratum) {
      if (unit[feature]) known.push_back(*unit[feature]);
    }
    present += known.size();
    units += stratum.size();
    std::sort(known.begin(), known.end());
    const double middle = known.empty() ? 0 : known[known.size() / 2];
    std::vector<double> values;
    for (const UnitValues& unit : stratum) values.push_back(unit[feature].value_or(middle));
    ranked.emplace_back(values);
  }
  if (present == 0 || 2 * present < units) return std::nullopt;
  return ranked;
}

bool LatencyUnits::OnBothSides(LatencyFeature feature) const {
  bool reference = false, observed = false;
  for (std::size_t s = 0; s < values_.size(); ++s) {
    for (std::size_t i = 0; i < values_[s].size(); ++i) {
      if (!values_[s][i][feature]) continue;
      (static_cast<std::int64_t>(i) < sizes_[s].n_reference ? reference : observed) = true;
    }
  }
  return reference && observed;
}

}  // namespace pinchbeck::internal
