// Message digests.
#ifndef PINCHBECK_INTERNAL_DIGEST_H_
#define PINCHBECK_INTERNAL_DIGEST_H_

#include <string>
#include <string_view>

namespace pinchbeck::internal {

// SHA-256 of the bytes as 64 lower-case hexadecimal digits.
[[nodiscard]] std::string Sha256Hex(std::string_view bytes);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_INTERNAL_DIGEST_H_
