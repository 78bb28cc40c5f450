// The provenance object of a fingerprint file.
#ifndef PINCHBECK_SRC_FINGERPRINT_PROVENANCE_JSON_H_
#define PINCHBECK_SRC_FINGERPRINT_PROVENANCE_JSON_H_

#include <nlohmann/json.hpp>

#include "pinchbeck/fingerprint/provenance.h"
#include "src/fingerprint/json_field.h"

namespace pinchbeck::internal {

[[nodiscard]] nlohmann::ordered_json ProvenanceToJson(const Provenance& provenance);

// Throws FieldError.
[[nodiscard]] Provenance ReadProvenance(const Field& field);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_FINGERPRINT_PROVENANCE_JSON_H_
