// The same block of eight neighbouring random streams at once.
#ifndef PINCHBECK_INTERNAL_PHILOX_BLOCKS_H_
#define PINCHBECK_INTERNAL_PHILOX_BLOCKS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "pinchbeck/internal/simd.h"

namespace pinchbeck::internal {

inline constexpr std::size_t kPhiloxStreams = 8;
// [word][stream]
using PhiloxWords = std::array<std::array<std::uint32_t, kPhiloxStreams>, 4>;

struct PhiloxRound {
  static constexpr std::uint32_t kFactor0 = 0xD2511F53u, kFactor1 = 0xCD9E8D57u;
  static constexpr std::uint32_t kKeyStep0 = 0x9E3779B9u, kKeyStep1 = 0xBB67AE85u;
  static constexpr int kRounds = 10;
};

inline void PhiloxBlocksPortable(std::uint64_t seed, std::uint64_t stream, std::uint64_t block,
                                 PhiloxWords& out) {
  for (std::size_t i = 0; i < kPhiloxStreams; ++i) {
    auto x0 = static_cast<std::uint32_t>(block), x1 = static_cast<std::uint32_t>(block >> 32);
    auto x2 = static_cast<std::uint32_t>(stream + i), x3 = static_cast<std::uint32_t>((stream + i) >> 32);
    auto k0 = static_cast<std::uint32_t>(seed), k1 = static_cast<std::uint32_t>(seed >> 32);
    for (int round = 0; round < PhiloxRound::kRounds; ++round) {
      const std::uint64_t p0 = std::uint64_t{PhiloxRound::kFactor0} * x0;
      const std::uint64_t p1 = std::uint64_t{PhiloxRound::kFactor1} * x2;
      x0 = static_cast<std::uint32_t>(p1 >> 32) ^ x1 ^ k0;
      x1 = static_cast<std::uint32_t>(p1);
      x2 = static_cast<std::uint32_t>(p0 >> 32) ^ x3 ^ k1;
      x3 = static_cast<std::uint32_t>(p0);
      k0 += PhiloxRound::kKeyStep0;
      k1 += PhiloxRound::kKeyStep1;
    }
    out[0][i] = x0;
    out[1][i] = x1;
    out[2][i] = x2;
    out[3][i] = x3;
  }
}

#if PINCHBECK_SIMD_X86

// Lower and upper halves of eight products.
PINCHBECK_TARGET_AVX2 inline void MultiplyWideAvx2(__m256i x, std::uint32_t factor, __m256i& low,
                                                   __m256i& high) {
  const __m256i f = _mm256_set1_epi32(static_cast<int>(factor));
  const __m256i even = _mm256_mul_epu32(x, f), odd = _mm256_mul_epu32(_mm256_srli_epi64(x, 32), f);
  low = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA);
  high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA);
}

PINCHBECK_TARGET_AVX2 inline void PhiloxBlocksAvx2(std::uint64_t seed, std::uint64_t stream,
                                                   std::uint64_t block, PhiloxWords& out) {
  std::array<std::uint32_t, kPhiloxStreams> upper;
  for (std::size_t i = 0; i < kPhiloxStreams; ++i) {
    out[0][i] = static_cast<std::uint32_t>(stream + i);
    upper[i] = static_cast<std::uint32_t>((stream + i) >> 32);
  }
  __m256i x0 = _mm256_set1_epi32(static_cast<int>(block)),
          x1 = _mm256_set1_epi32(static_cast<int>(block >> 32));
  __m256i x2 = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(out[0].data()));
  __m256i x3 = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(upper.data()));
  auto k0 = static_cast<std::uint32_t>(seed), k1 = static_cast<std::uint32_t>(seed >> 32);
  for (int round = 0; round < PhiloxRound::kRounds; ++round) {
    __m256i low0, high0, low1, high1;
    MultiplyWideAvx2(x0, PhiloxRound::kFactor0, low0, high0);
    MultiplyWideAvx2(x2, PhiloxRound::kFactor1, low1, high1);
    x0 = _mm256_xor_si256(_mm256_xor_si256(high1, x1), _mm256_set1_epi32(static_cast<int>(k0)));
    x2 = _mm256_xor_si256(_mm256_xor_si256(high0, x3), _mm256_set1_epi32(static_cast<int>(k1)));
    x1 = low1;
    x3 = low0;
    k0 += PhiloxRound::kKeyStep0;
    k1 += PhiloxRound::kKeyStep1;
  }
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out[0].data()), x0);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out[1].data()), x1);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out[2].data()), x2);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out[3].data()), x3);
}

#endif  // PINCHBECK_SIMD_X86

// Words 4 * block .. 4 * block + 3 of the streams stream .. stream + 7 of CounterRng with this seed.
inline void PhiloxBlocks(std::uint64_t seed, std::uint64_t stream, std::uint64_t block, PhiloxWords& out,
                         SimdPath path = BestSimdPath()) {
#if PINCHBECK_SIMD_X86
  if (path != SimdPath::kPortable) return PhiloxBlocksAvx2(seed, stream, block, out);
#endif
  static_cast<void>(path);
  PhiloxBlocksPortable(seed, stream, block, out);
}

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_INTERNAL_PHILOX_BLOCKS_H_
