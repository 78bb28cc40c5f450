// The parts of the module that compare recordings with fingerprints, one function a source file.
#ifndef PINCHBECK_PYTHON_BINDINGS_AUDIT_H_
#define PINCHBECK_PYTHON_BINDINGS_AUDIT_H_

#include <pybind11/pybind11.h>

#include <memory>
#include <string>
#include <vector>

#include "pinchbeck/fingerprint/fingerprint.h"
#include "pinchbeck/signal/evidence.h"
#include "python/bindings/enums.h"

namespace pinchbeck::python {

template <>
struct EnumWords<Claim> {
  static constexpr std::string_view kWhat = "claim";
  static constexpr EnumName<Claim> kNames[] = {{Claim::kWeights, "weights"}, {Claim::kServing, "serving"}};
};

// Fingerprints as the module takes them: a list of Fingerprint objects, or the path of a folder.
struct FingerprintsArgument {
  std::vector<std::shared_ptr<Fingerprint>> fingerprints;
  [[nodiscard]] std::vector<const Fingerprint*> pointers() const {
    std::vector<const Fingerprint*> list;
    for (const auto& fingerprint : fingerprints) list.push_back(fingerprint.get());
    return list;
  }
};

void BindFingerprints(pybind11::module_& module);
void BindSamples(pybind11::module_& module);
void BindVerify(pybind11::module_& module);
void BindIdentify(pybind11::module_& module);
void BindPlan(pybind11::module_& module);
void BindMonitor(pybind11::module_& module);
void BindObserver(pybind11::module_& module);
void BindLogImport(pybind11::module_& module);

}  // namespace pinchbeck::python

namespace pybind11::detail {

template <>
struct type_caster<pinchbeck::python::FingerprintsArgument> {
  PYBIND11_TYPE_CASTER(pinchbeck::python::FingerprintsArgument, const_name("Fingerprints"));
  bool load(handle source, bool convert);
};

}  // namespace pybind11::detail

#endif  // PINCHBECK_PYTHON_BINDINGS_AUDIT_H_
