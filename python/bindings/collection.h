// The parts of the module that ask endpoints: batteries and collect().
#ifndef PINCHBECK_PYTHON_BINDINGS_COLLECTION_H_
#define PINCHBECK_PYTHON_BINDINGS_COLLECTION_H_

#include <pybind11/pybind11.h>

namespace pinchbeck::python {

void BindBatteries(pybind11::module_& module);
void BindCollection(pybind11::module_& module);

}  // namespace pinchbeck::python

#endif  // PINCHBECK_PYTHON_BINDINGS_COLLECTION_H_
