// Options that many statistics share, as keyword arguments. Defaults are read from the C++ structs.
#ifndef PINCHBECK_PYTHON_BINDINGS_STATS_OPTIONS_H_
#define PINCHBECK_PYTHON_BINDINGS_STATS_OPTIONS_H_

#include <pybind11/pybind11.h>

#include <cstdint>

#include "pinchbeck/stats/permutation.h"
#include "pinchbeck/stats/two_sample.h"
#include "python/bindings/enums.h"

namespace pinchbeck::python {

template <>
struct EnumWords<stats::Alternative> {
  static constexpr std::string_view kWhat = "alternative";
  static constexpr EnumName<stats::Alternative> kNames[] = {
      {stats::Alternative::kTwoSided, "two_sided"},
      {stats::Alternative::kObservedGreater, "observed_greater"},
      {stats::Alternative::kObservedLess, "observed_less"}};
};

template <>
struct EnumWords<stats::Calibration> {
  static constexpr std::string_view kWhat = "calibration";
  static constexpr EnumName<stats::Calibration> kNames[] = {{stats::Calibration::kExact, "exact"},
                                                            {stats::Calibration::kPermutation, "permutation"},
                                                            {stats::Calibration::kAsymptotic, "asymptotic"}};
};

// Defines a function whose last arguments are those of PermutationOptions, in their order: int64
// permutations, uint64 seed, int threads, int64 stop_after.
template <typename Function, typename... Extra>
void DefPermutation(pybind11::module_& module, const char* name, const Function& function, const char* doc,
                    const Extra&... extra) {
  const stats::PermutationOptions defaults;
  module.def(name, function, extra..., pybind11::arg("permutations") = defaults.permutations,
             pybind11::arg("seed") = defaults.seed, pybind11::arg("threads") = defaults.threads,
             pybind11::arg("stop_after") = defaults.stop_after, doc);
}

}  // namespace pinchbeck::python

#endif  // PINCHBECK_PYTHON_BINDINGS_STATS_OPTIONS_H_
