// A stream of random words that only the holder of a key can repeat.
#ifndef PINCHBECK_SRC_CORE_KEYED_GENERATOR_H_
#define PINCHBECK_SRC_CORE_KEYED_GENERATOR_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "pinchbeck/core/endpoint.h"

namespace pinchbeck::internal {

using DerivedKey = std::array<unsigned char, 32>;

// The key under which the streams of one secret are drawn: PBKDF2-HMAC-SHA256 with a fixed salt and 100,000
// rounds, so that a guess at a memorable secret costs an attacker as many.
//
// InvalidArgument: the secret has fewer than 16 bytes or fewer than 8 different ones; the message does not
// show it.
[[nodiscard]] absl::StatusOr<DerivedKey> DeriveKey(const Secret& secret);

// The key of everybody: what is drawn under it can be repeated by anyone who has the seed.
[[nodiscard]] DerivedKey PublicKey();

// Block i of a stream is HMAC-SHA256(key, label || 0 || i as 8 bytes, most significant first): the same on
// every platform, and independent of other labels.
class KeyedGenerator {
 public:
  KeyedGenerator(const DerivedKey& key, std::string label) : key_(key), label_(std::move(label)) {}

  // Uniform on 0 .. 2^32 - 1.
  std::uint32_t Next32();
  // Uniform on 0 .. bound - 1 without bias; bound >= 1.
  std::uint32_t Below(std::uint32_t bound);
  // Uniform on low .. high, both included; at most 2^32 - 1 values.
  std::int64_t Between(std::int64_t low, std::int64_t high);
  // A uniform order of 0 .. count - 1 (Fisher and Yates).
  std::vector<std::size_t> Order(std::size_t count);

 private:
  DerivedKey key_;
  std::string label_;
  std::uint64_t block_ = 0;
  std::array<unsigned char, 32> bytes_{};
  std::size_t used_ = 32;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CORE_KEYED_GENERATOR_H_
