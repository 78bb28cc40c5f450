// Energy distance of numbers and of points.
#include <cstdint>

#include "pinchbeck/stats/energy_distance.h"
#include "python/bindings/arrays.h"
#include "python/bindings/stats.h"
#include "python/bindings/stats_options.h"
#include "python/bindings/status.h"

namespace pinchbeck::python {
namespace {

stats::TwoSampleResult EnergyDistance(const Vector& reference, const Vector& observed,
                                      std::int64_t permutations, std::uint64_t seed, int threads,
                                      std::int64_t stop_after) {
  const auto x = reference.values("reference"), y = observed.values("observed");
  const stats::EnergyDistanceOptions options{{permutations, seed, threads, stop_after}};
  return Call([&] { return stats::EnergyDistance(x, y, options); });
}

stats::TwoSampleResult MultivariateEnergyDistance(const Matrix& reference, const Matrix& observed,
                                                  std::int64_t permutations, std::uint64_t seed, int threads,
                                                  std::int64_t stop_after) {
  const Matrix::Map x = reference.values("reference"), y = observed.values("observed");
  const stats::EnergyDistanceOptions options{{permutations, seed, threads, stop_after}};
  return Call([&] { return stats::MultivariateEnergyDistance(x, y, options); });
}

}  // namespace

void BindEnergyTests(py::module_& stats) {
  DefPermutation(stats, "energy_distance", &EnergyDistance,
                 R"(Energy distance of two samples of numbers: any difference is found with enough data.

The statistic is the square of SciPy's energy_distance; the effect is the energy coefficient, from 0 to 1.
)",
                 py::arg("reference"), py::arg("observed"), py::kw_only());
  DefPermutation(stats, "multivariate_energy_distance", &MultivariateEnergyDistance,
                 R"(Energy distance of two samples of points, a row each.

Coordinates are compared as they are: bring them to comparable units first.
)",
                 py::arg("reference"), py::arg("observed"), py::kw_only());
}

}  // namespace pinchbeck::python
