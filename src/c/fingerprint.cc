// The C functions for fingerprints.
#include <memory>
#include <utility>

#include "pinchbeck/internal/status_macros.h"
#include "src/c/guard.h"
#include "src/c/handles.h"

namespace pinchbeck::c {
namespace {

pinchbeck_fingerprint* HandleOf(Fingerprint fingerprint) {
  return new pinchbeck_fingerprint{std::make_shared<const Fingerprint>(std::move(fingerprint))};
}

}  // namespace

absl::StatusOr<std::vector<SharedFingerprint>> Alternatives(const pinchbeck_fingerprint* const* alternatives,
                                                            std::size_t count) {
  if (alternatives == nullptr && count > 0) return NullArgument("alternatives");
  std::vector<SharedFingerprint> shared;
  for (std::size_t i = 0; i < count; ++i) {
    if (alternatives[i] == nullptr) return NullArgument("alternatives[" + std::to_string(i) + "]");
    shared.push_back(alternatives[i]->value);
  }
  return shared;
}

std::vector<const Fingerprint*> Pointers(const std::vector<SharedFingerprint>& shared) {
  std::vector<const Fingerprint*> pointers;
  for (const SharedFingerprint& fingerprint : shared) pointers.push_back(fingerprint.get());
  return pointers;
}

}  // namespace pinchbeck::c

using pinchbeck::c::Guarded;
using pinchbeck::c::NullArgument;

extern "C" {

pinchbeck_code pinchbeck_fingerprint_load(const char* path, pinchbeck_fingerprint** fingerprint,
                                          pinchbeck_error** error) {
  return Guarded(error, [&]() -> absl::Status {
    if (fingerprint == nullptr) return NullArgument("fingerprint");
    *fingerprint = nullptr;
    if (path == nullptr) return NullArgument("path");
    PINCHBECK_ASSIGN_OR_RETURN(pinchbeck::Fingerprint loaded, pinchbeck::LoadFingerprint(path));
    *fingerprint = pinchbeck::c::HandleOf(std::move(loaded));
    return absl::OkStatus();
  });
}

pinchbeck_code pinchbeck_fingerprint_parse(const char* json, size_t length,
                                           pinchbeck_fingerprint** fingerprint, pinchbeck_error** error) {
  return Guarded(error, [&]() -> absl::Status {
    if (fingerprint == nullptr) return NullArgument("fingerprint");
    *fingerprint = nullptr;
    if (json == nullptr) return NullArgument("json");
    PINCHBECK_ASSIGN_OR_RETURN(pinchbeck::Fingerprint parsed, pinchbeck::ParseFingerprint({json, length}));
    *fingerprint = pinchbeck::c::HandleOf(std::move(parsed));
    return absl::OkStatus();
  });
}

const char* pinchbeck_fingerprint_model(const pinchbeck_fingerprint* fingerprint) {
  return fingerprint == nullptr ? "" : fingerprint->value->model.c_str();
}

void pinchbeck_fingerprint_free(pinchbeck_fingerprint* fingerprint) { delete fingerprint; }

}  // extern "C"
