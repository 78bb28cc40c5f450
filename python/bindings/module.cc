// The extension module `pinchbeck._core`.
#include <pybind11/pybind11.h>

#include <string>

#include "pinchbeck/version.h"
#include "python/bindings/audit.h"
#include "python/bindings/collection.h"
#include "python/bindings/observations.h"
#include "python/bindings/stats.h"
#include "python/bindings/status.h"

namespace pinchbeck::python {
namespace {

void BindStats(py::module_& module) {
  py::module_ stats = module.def_submodule("stats", R"(Two-sample tests, effect sizes and sequential tests.

Samples are NumPy arrays or anything that NumPy makes one of; contiguous arrays of 64-bit floats (counts: 64-bit
integers) are read where they lie, so do not change them from another thread meanwhile. Options are keyword
arguments, words such as method="exact" included. Results are frozen objects with named fields; long computations
let other Python threads run. Bad input raises ValueError with the argument and index.

What each test assumes, where it fails and what it costs: docs/methods.)");
  // The name under which users see what is defined below.
  stats.attr("__name__") = "pinchbeck.stats";
  BindStatsResults(stats);
  BindEmpiricalTests(stats);
  BindRankTests(stats);
  BindCountTests(stats);
  BindEnergyTests(stats);
  BindKernelTests(stats);
  BindPermutation(stats);
  BindEffects(stats);
  BindBootstrap(stats);
  BindCombination(stats);
  BindBounds(stats);
  BindSequential(stats);
  BindPower(stats);
}

}  // namespace
}  // namespace pinchbeck::python

PYBIND11_MODULE(_core, module) {
  using namespace pinchbeck::python;  // NOLINT(google-build-using-namespace): a function's scope.
  module.doc() = "The compiled part of pinchbeck; import pinchbeck instead.";
  module.attr("__module__") = "pinchbeck";
  module.attr("__version__") = std::string(pinchbeck::kVersion);
  BindExceptions(module);
  BindStats(module);
  BindRecordings(module);
  BindFingerprints(module);
  BindSamples(module);
  BindVerify(module);
  BindIdentify(module);
  BindPlan(module);
  BindMonitor(module);
  BindObserver(module);
  BindLogImport(module);
  BindBatteries(module);
  BindCollection(module);
}
