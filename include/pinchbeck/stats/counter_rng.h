// Counter-based random numbers: a draw depends on its address (seed, stream, index) only, never on the order
// of calls.
#ifndef PINCHBECK_STATS_COUNTER_RNG_H_
#define PINCHBECK_STATS_COUNTER_RNG_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace pinchbeck::stats {

// Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, doi:10.1145/2063384.2063405).
//
// A generator is the pair (seed, stream): the seed is the cipher's key, the stream the upper half of its
// counter. The same pair gives the same sequence on every platform and thread. Period of a stream: 2^66
// words.
class CounterRng {
 public:
  CounterRng(std::uint64_t seed, std::uint64_t stream) : seed_(seed), stream_(stream) {}

  // Uniform on 0 .. 2^32 - 1.
  std::uint32_t Next32() {
    if (used_ == size_) Refill();
    return buffer_[used_++];
  }

  // Uniform on 0 .. bound - 1 without bias (Lemire 2019, doi:10.1145/3230636). Requires bound >= 1.
  std::uint32_t Below(std::uint32_t bound) {
    std::uint64_t product = std::uint64_t{Next32()} * bound;
    if (static_cast<std::uint32_t>(product) < bound) {
      const std::uint32_t threshold = (0u - bound) % bound;
      while (static_cast<std::uint32_t>(product) < threshold) product = std::uint64_t{Next32()} * bound;
    }
    return static_cast<std::uint32_t>(product >> 32);
  }

  // Uniform on [0, 1) with 53 random bits.
  double Uniform() {
    const std::uint64_t high = Next32() >> 5, low = Next32() >> 6;
    return static_cast<double>((high << 26) | low) * 0x1.0p-53;
  }

 private:
  static constexpr std::size_t kWords = 4;
  // Blocks made at once in the end: independent of each other, so the processor overlaps them.
  static constexpr std::size_t kBlocks = 8;

  void Refill() {
    // Many generators are used for a word or two.
    if (counter_ == 0) {
      Encrypt<1>();
    } else if (counter_ == 1) {
      Encrypt<kBlocks / 2>();
    } else {
      Encrypt<kBlocks>();
    }
    used_ = 0;
  }

  // Enciphers the next `Count` counters into the buffer, block after block.
  template <std::size_t Count>
  void Encrypt() {
    std::array<std::array<std::uint32_t, Count>, kWords> x;
    for (std::size_t i = 0; i < Count; ++i) {
      const std::uint64_t counter = counter_ + i;
      x[0][i] = static_cast<std::uint32_t>(counter);
      x[1][i] = static_cast<std::uint32_t>(counter >> 32);
      x[2][i] = static_cast<std::uint32_t>(stream_);
      x[3][i] = static_cast<std::uint32_t>(stream_ >> 32);
    }
    auto k0 = static_cast<std::uint32_t>(seed_), k1 = static_cast<std::uint32_t>(seed_ >> 32);
    for (int round = 0; round < 10; ++round) {
      for (std::size_t i = 0; i < Count; ++i) {
        const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * x[0][i];
        const std::uint64_t p1 = std::uint64_t{0xCD9E8D57u} * x[2][i];
        x[0][i] = static_cast<std::uint32_t>(p1 >> 32) ^ x[1][i] ^ k0;
        x[2][i] = static_cast<std::uint32_t>(p0 >> 32) ^ x[3][i] ^ k1;
        x[1][i] = static_cast<std::uint32_t>(p1);
        x[3][i] = static_cast<std::uint32_t>(p0);
      }
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    for (std::size_t i = 0; i < Count; ++i) {
      for (std::size_t w = 0; w < kWords; ++w) buffer_[kWords * i + w] = x[w][i];
    }
    counter_ += Count;
    size_ = kWords * Count;
  }

  std::uint64_t seed_, stream_, counter_ = 0;
  std::array<std::uint32_t, kWords * kBlocks> buffer_;
  std::size_t used_ = 0, size_ = 0;
};

// Mixes an index into a seed, for independent generators that belong to one reported seed (SplitMix64's
// finaliser, Steele, Lea & Flood 2014, doi:10.1145/2660193.2660195).
inline std::uint64_t MixSeed(std::uint64_t seed, std::uint64_t index) {
  std::uint64_t z = seed + 0x9E3779B97F4A7C15u * (index + 1);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_COUNTER_RNG_H_
