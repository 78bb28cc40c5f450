// Bootstrap intervals of statistics that are written in Python.
#include <pybind11/stl.h>

#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "pinchbeck/stats/bootstrap.h"
#include "python/bindings/arrays.h"
#include "python/bindings/enums.h"
#include "python/bindings/python_call.h"
#include "python/bindings/stats.h"
#include "python/bindings/status.h"

namespace pinchbeck::python {

template <>
struct EnumWords<stats::BootstrapMethod> {
  static constexpr std::string_view kWhat = "method";
  static constexpr EnumName<stats::BootstrapMethod> kNames[] = {
      {stats::BootstrapMethod::kPercentile, "percentile"}, {stats::BootstrapMethod::kBca, "bca"}};
};

namespace {

stats::EffectEstimate Bootstrap(const std::vector<std::pair<std::int64_t, std::int64_t>>& sizes,
                                const py::function& statistic, double confidence,
                                stats::BootstrapMethod method, std::int64_t replicates, std::uint64_t seed,
                                int threads) {
  std::vector<stats::Stratum> strata;
  for (const auto& [reference, observed] : sizes) strata.push_back({reference, observed});
  CallbackError error;
  const auto evaluate = [&](std::span<const stats::ResampleView> views) {
    double value = std::numeric_limits<double>::quiet_NaN();
    // On an exception the value is not finite, which ends the bootstrap.
    static_cast<void>(error.Run([&] {
      py::list pairs;
      for (const stats::ResampleView& view : views) {
        // NumPy gives the lock up while it copies.
        py::object reference, observed;
        OrPark([&] {
          reference = ToArray(view.reference);
          observed = ToArray(view.observed);
        });
        pairs.append(py::make_tuple(reference, observed));
      }
      value = CallPython(statistic, pairs).cast<double>();
    }));
    return value;
  };
  absl::StatusOr<stats::EffectEstimate> estimate = Unlocked([&] {
    return stats::Bootstrap(strata, evaluate, {confidence, method, replicates, seed, threads});
  });
  error.Rethrow();
  return Value(std::move(estimate));
}

}  // namespace

void BindBootstrap(py::module_& stats) {
  const stats::BootstrapOptions defaults;
  stats.def("bootstrap", &Bootstrap, py::arg("strata"), py::arg("statistic"), py::kw_only(),
            py::arg("confidence") = defaults.confidence, py::arg("method") = defaults.method,
            py::arg("replicates") = defaults.replicates, py::arg("seed") = defaults.seed,
            py::arg("threads") = defaults.threads,
            R"(Bootstrap interval of a statistic that you write yourself.

`strata` lists the sizes (n_reference, n_observed) of each stratum. statistic(views) gets a pair of index arrays a
stratum, positions within its reference and within its observed sample, and returns a number.

>>> import numpy as np
>>> from pinchbeck.stats import bootstrap
>>> x, y = np.arange(20.0), np.arange(20.0) + 5
>>> def shift(views):
...     reference, observed = views[0]
...     return y[observed].mean() - x[reference].mean()
>>> interval = bootstrap([(20, 20)], shift, replicates=199)
>>> interval.value, interval.low < 5 < interval.high
(5.0, True)
)");
}

}  // namespace pinchbeck::python
