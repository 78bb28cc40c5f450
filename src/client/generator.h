// A small generator whose numbers are the same everywhere.
#ifndef PINCHBECK_SRC_CLIENT_GENERATOR_H_
#define PINCHBECK_SRC_CLIENT_GENERATOR_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace pinchbeck::internal {

// SplitMix64 (Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195).
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }

  // Uniform in [0, bound) for bound > 0, without the bias of a plain remainder.
  std::uint64_t NextBelow(std::uint64_t bound) {
    const std::uint64_t tail = (0 - bound) % bound;  // 2^64 mod bound
    std::uint64_t value = Next();
    while (value < tail) value = Next();
    return value % bound;
  }

  // Uniform in [0, 1) with 53 bits.
  double NextUnit() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

  // Fisher-Yates.
  template <typename T>
  void Shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[NextBelow(i)]);
  }

 private:
  std::uint64_t state_;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_GENERATOR_H_
