// The parts of the module `pinchbeck.stats`, one function a source file.
#ifndef PINCHBECK_PYTHON_BINDINGS_STATS_H_
#define PINCHBECK_PYTHON_BINDINGS_STATS_H_

#include <pybind11/pybind11.h>

namespace pinchbeck::python {

void BindStatsResults(pybind11::module_& stats);  // First: the others return its classes.
void BindEmpiricalTests(pybind11::module_& stats);
void BindRankTests(pybind11::module_& stats);
void BindCountTests(pybind11::module_& stats);
void BindEnergyTests(pybind11::module_& stats);
void BindKernelTests(pybind11::module_& stats);
void BindPermutation(pybind11::module_& stats);
void BindEffects(pybind11::module_& stats);
void BindBootstrap(pybind11::module_& stats);
void BindCombination(pybind11::module_& stats);
void BindBounds(pybind11::module_& stats);
void BindSequential(pybind11::module_& stats);
void BindPower(pybind11::module_& stats);

}  // namespace pinchbeck::python

#endif  // PINCHBECK_PYTHON_BINDINGS_STATS_H_
