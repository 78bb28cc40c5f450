// How much of one answer is recorded.
#ifndef PINCHBECK_SRC_CLIENT_RECORD_LIMITS_H_
#define PINCHBECK_SRC_CLIENT_RECORD_LIMITS_H_

#include <cstddef>

#include "pinchbeck/core/observation.h"

namespace pinchbeck::internal {

// Names and ids.
inline constexpr std::size_t kMaxLabelBytes = 1024;

// Cuts names and ids to kMaxLabelBytes. An answer far above any answer to a probe loses its data and becomes
// an error, so that a line of a recording stays readable even if every byte must be escaped.
void LimitSize(Observation& observation);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_RECORD_LIMITS_H_
