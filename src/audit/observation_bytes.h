// The memory of an observation.
#ifndef PINCHBECK_SRC_AUDIT_OBSERVATION_BYTES_H_
#define PINCHBECK_SRC_AUDIT_OBSERVATION_BYTES_H_

#include <cstddef>

#include "pinchbeck/core/observation.h"

namespace pinchbeck::internal {

// What an observation holds on the heap, and itself; without what the allocator adds.
[[nodiscard]] std::size_t BytesOf(const Observation& observation);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_AUDIT_OBSERVATION_BYTES_H_
