// Features of texts in the fingerprint file.
#ifndef PINCHBECK_SRC_FINGERPRINT_TEXT_JSON_H_
#define PINCHBECK_SRC_FINGERPRINT_TEXT_JSON_H_

#include <nlohmann/json.hpp>
#include <vector>

#include "pinchbeck/signal/sample.h"
#include "src/fingerprint/json_field.h"

namespace pinchbeck::internal {

[[nodiscard]] nlohmann::ordered_json TextsToJson(const std::vector<TextFeatures>& texts);

// Throws FieldError for features that are out of order, out of range or longer than an answer's beginning.
[[nodiscard]] TextFeatures ReadText(const Field& field);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_FINGERPRINT_TEXT_JSON_H_
