#include "src/signal/latency_units.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck::internal {
namespace {

// Requests without a time of day are taken in runs of this many, as far as five runs are left of each side:
// neighbours in a recording overlapped or followed each other.
constexpr std::size_t kLongestRun = 5;
constexpr std::size_t kLeastRuns = 5;
// Minutes with fewer requests than the units have are left out, at most a quarter of either side's.
constexpr std::size_t kLeftOutShare = 4;

// The most requests that three quarters of the minutes have.
std::size_t CommonSize(std::vector<std::size_t> sizes) {
  if (sizes.empty()) return 0;
  std::sort(sizes.begin(), sizes.end());
  return sizes[sizes.size() / kLeftOutShare];
}

}  // namespace

// The requests of a unit.
struct LatencyUnits::Unit {
  void Add(const Latency& latency, const LatencyValues& middle) {
    requests.push_back(&latency);
    middles.push_back(&middle);
  }
  // Keeps `size` of the requests, drawn at random.
  void Thin(std::size_t size, stats::CounterRng& rng) {
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t j = i + rng.Below(static_cast<std::uint32_t>(requests.size() - i));
      std::swap(requests[i], requests[j]);
      std::swap(middles[i], middles[j]);
    }
    requests.resize(size);
    middles.resize(size);
  }
  [[nodiscard]] UnitValues Values() const {
    std::array<double, kLatencyFeatures> sum{}, count{};
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const LatencyValues values = ValuesOf(*requests[i]);
      for (std::size_t f = 0; f < kLatencyFeatures; ++f) {
        if (!values[f] || !(*middles[i])[f]) continue;
        sum[f] += *values[f] - *(*middles[i])[f];
        count[f] += 1;
      }
    }
    UnitValues values;
    for (std::size_t f = 0; f < kLatencyFeatures; ++f) {
      if (count[f] > 0) values[f] = sum[f] / count[f];
    }
    values[kPrefill] = PrefillSlope(requests);
    return values;
  }

  std::vector<const Latency*> requests;
  std::vector<const LatencyValues*> middles;
};

// A mean of many skewed times lies elsewhere than a mean of few, so units of unlike size would show the rate
// of requests. Given the numbers of requests, units of one size are exchangeable.
void LatencyUnits::Equalise(std::vector<Unit>& reference, std::vector<Unit>& observed) {
  const auto size_of = [](const std::vector<Unit>& units) {
    std::vector<std::size_t> sizes;
    for (const Unit& unit : units) sizes.push_back(unit.requests.size());
    return CommonSize(std::move(sizes));
  };
  const std::size_t size = std::min(size_of(reference), size_of(observed));
  stats::CounterRng rng(0x17E5, size);
  for (std::vector<Unit>* units : {&reference, &observed}) {
    std::erase_if(*units, [&](const Unit& unit) { return unit.requests.size() < size; });
    for (Unit& unit : *units) unit.Thin(size, rng);
  }
}

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
  std::vector<Unit> reference = Minutes(probes, false), observed = Minutes(probes, true);
  by_time_ = !reference.empty() && !observed.empty();
  if (by_time_) {
    Equalise(reference, observed);
    AddStratum(reference, observed);
    return;
  }
  for (const SharedProbe& probe : probes) {
    const std::size_t smaller = std::min(probe.reference->latencies.size(), probe.observed->latencies.size());
    const std::size_t length = std::clamp<std::size_t>(smaller / kLeastRuns, 1, kLongestRun);
    const auto runs = [&](const std::vector<Latency>& latencies) {
      std::vector<Unit> units(latencies.size() / length);
      // What is left over would make a run of another size.
      for (std::size_t i = 0; i < units.size() * length; ++i)
        units[i / length].Add(latencies[i], probe.middle);
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
