// Recordings that are enrolled as variants.
#ifndef PINCHBECK_SRC_FINGERPRINT_VARIANT_FILES_H_
#define PINCHBECK_SRC_FINGERPRINT_VARIANT_FILES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace pinchbeck::internal {

// InvalidArgument where one file is named twice, also by two paths: as variants, its answers would count as
// two servings that agree perfectly, and the fingerprint would learn that honest servings never differ.
[[nodiscard]] absl::Status CheckVariantFiles(const std::vector<std::string>& paths);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_FINGERPRINT_VARIANT_FILES_H_
