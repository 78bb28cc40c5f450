// What is said of all parts of a fingerprint together.
#ifndef PINCHBECK_SRC_FINGERPRINT_PARTS_H_
#define PINCHBECK_SRC_FINGERPRINT_PARTS_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "pinchbeck/fingerprint/fingerprint.h"

namespace pinchbeck::internal {

// InvalidArgument where a probe was asked under two conditions. Fields that one side did not record are not
// compared.
[[nodiscard]] absl::Status CheckSameConditions(const std::vector<FingerprintPart>& parts);

// Measures the largest leave-one-out effects among the variants and among the sessions.
void MeasureSpreads(std::uint64_t seed, Fingerprint& fingerprint);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_FINGERPRINT_PARTS_H_
