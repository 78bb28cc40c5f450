// What a fingerprint may hold at most: files come from strangers.
#ifndef PINCHBECK_SRC_FINGERPRINT_LIMITS_H_
#define PINCHBECK_SRC_FINGERPRINT_LIMITS_H_

#include <cstddef>

namespace pinchbeck::internal {

// Sessions beyond this are pooled: one that is new in every observation says nothing about spread.
inline constexpr std::size_t kMaxSessions = 64;
// Sessions and variants. Comparisons leave out each part in turn, so their number is bounded.
inline constexpr std::size_t kMaxParts = 256;

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_FINGERPRINT_LIMITS_H_
