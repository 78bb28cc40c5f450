// Response times in the fingerprint file.
#ifndef PINCHBECK_SRC_FINGERPRINT_LATENCY_JSON_H_
#define PINCHBECK_SRC_FINGERPRINT_LATENCY_JSON_H_

#include <nlohmann/json.hpp>
#include <vector>

#include "pinchbeck/signal/sample.h"
#include "src/fingerprint/json_field.h"

namespace pinchbeck::internal {

[[nodiscard]] nlohmann::ordered_json LatenciesToJson(const std::vector<Latency>& latencies);

// Throws FieldError for times that are not positive and finite and shapes that no gaps have.
[[nodiscard]] Latency ReadLatency(const Field& field);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_FINGERPRINT_LATENCY_JSON_H_
