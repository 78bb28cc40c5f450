// Blocks of requests as the units that are relabeled.
#ifndef PINCHBECK_SRC_SIGNAL_LATENCY_UNITS_H_
#define PINCHBECK_SRC_SIGNAL_LATENCY_UNITS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "pinchbeck/stats/permutation.h"
#include "pinchbeck/stats/rank_statistics.h"
#include "src/signal/latency_features.h"

namespace pinchbeck::internal {

// Requests of one minute share their queue, so one-minute blocks are the units where all times of day are
// known. Else runs of up to five neighbouring requests of a probe are, as far as five runs are left on the
// smaller side. All units have equally many requests: of minutes, drawn at random, as many as three quarters
// of either side's minutes have; minutes with fewer are left out, and so is the rest behind the last run. A
// unit's value is the mean over its requests of what they have above the pooled median of their probe, and
// for the prefill slope the slope within the unit.
class LatencyUnits {
 public:
  explicit LatencyUnits(const std::vector<SharedProbe>& probes);

  [[nodiscard]] bool by_time() const { return by_time_; }
  [[nodiscard]] const std::vector<stats::Stratum>& sizes() const { return sizes_; }
  [[nodiscard]] std::int64_t reference_units() const;
  [[nodiscard]] std::int64_t observed_units() const;

  // A feature's units ranked within strata, where at least half of all units have it. Units without it stand
  // at the median of their stratum: which units these are does not depend on labels, so relabeling whole
  // units stays exact.
  [[nodiscard]] std::optional<std::vector<stats::RankedStratum>> Rank(LatencyFeature feature) const;
  // Has any unit of each side the feature?
  [[nodiscard]] bool OnBothSides(LatencyFeature feature) const;

 private:
  using UnitValues = std::array<std::optional<double>, kLatencyFeatures>;
  struct Unit;
  static std::vector<Unit> Minutes(const std::vector<SharedProbe>& probes, bool of_observed);
  static void Equalise(std::vector<Unit>& reference, std::vector<Unit>& observed);
  void AddStratum(const std::vector<Unit>& reference, const std::vector<Unit>& observed);

  bool by_time_ = false;
  std::vector<stats::Stratum> sizes_;
  // By stratum, reference first.
  std::vector<std::vector<UnitValues>> values_;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_LATENCY_UNITS_H_
