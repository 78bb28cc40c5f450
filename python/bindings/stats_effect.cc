// Effect sizes with intervals.
#include <pybind11/stl.h>

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "pinchbeck/stats/divergence.h"
#include "pinchbeck/stats/effect_size.h"
#include "python/bindings/arrays.h"
#include "python/bindings/stats.h"
#include "python/bindings/status.h"

namespace pinchbeck::python {
namespace {

using CountPairs = std::vector<std::pair<Counts, Counts>>;
using SampleEffect = absl::StatusOr<stats::EffectEstimate> (*)(std::span<const double>,
                                                               std::span<const double>,
                                                               const stats::IntervalOptions&);
using CountEffect = absl::StatusOr<stats::EffectEstimate> (*)(std::span<const stats::CellCounts>,
                                                              const stats::DivergenceOptions&);

void DefSampleEffect(py::module_& stats, const char* name, SampleEffect effect, const char* doc) {
  stats.def(
      name,
      [effect](const Vector& reference, const Vector& observed, double confidence) {
        const auto x = reference.values("reference"), y = observed.values("observed");
        return Call([&] { return effect(x, y, {confidence}); });
      },
      py::arg("reference"), py::arg("observed"), py::kw_only(),
      py::arg("confidence") = stats::IntervalOptions{}.confidence, doc);
}

void DefCountEffect(py::module_& stats, const char* name, CountEffect effect, const char* doc) {
  const stats::DivergenceOptions defaults;
  stats.def(
      name,
      [effect](const CountPairs& pairs, double confidence, std::int64_t replicates, std::uint64_t seed,
               int threads) {
        std::vector<stats::CellCounts> cells;
        for (const auto& [reference, observed] : pairs) {
          cells.push_back({reference.list("a cell's reference"), observed.list("a cell's observed")});
        }
        return Call([&] { return effect(cells, {confidence, replicates, seed, threads}); });
      },
      py::arg("cells"), py::kw_only(), py::arg("confidence") = defaults.confidence,
      py::arg("replicates") = defaults.replicates, py::arg("seed") = defaults.seed,
      py::arg("threads") = defaults.threads, doc);
}

}  // namespace

void BindEffects(py::module_& stats) {
  DefSampleEffect(stats, "probability_of_superiority", &stats::ProbabilityOfSuperiority,
                  R"(Chance that an observed value exceeds a reference value, ties counted half.

>>> from pinchbeck.stats import probability_of_superiority
>>> probability_of_superiority([1, 2, 3], [2, 3, 4]).value
0.7777777777777778
)");
  DefSampleEffect(stats, "cliff_delta", &stats::CliffDelta,
                  R"(Cliff's delta, from -1 to 1: positive where observed values are larger.
)");
  DefSampleEffect(stats, "hodges_lehmann_shift", &stats::HodgesLehmannShift,
                  R"(Median of all differences observed - reference, in the unit of the values.
)");
  DefSampleEffect(stats, "hodges_lehmann_ratio", &stats::HodgesLehmannRatio,
                  R"(Median of all ratios observed / reference, for positive values.
)");
  DefCountEffect(stats, "jensen_shannon_effect", &stats::JensenShannonEffect,
                 R"(Jensen-Shannon divergence in bits, averaged over cells and corrected for its bias.

Each cell is a pair (reference counts, observed counts) over the same categories.
)");
  DefCountEffect(stats, "total_variation_effect", &stats::TotalVariationEffect,
                 R"(Total variation distance, averaged over cells and corrected for sampling noise.
)");
}

}  // namespace pinchbeck::python
