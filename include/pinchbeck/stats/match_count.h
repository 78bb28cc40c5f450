// Counts positions at which rows of bytes or ids agree, once per vector width.
#ifndef PINCHBECK_STATS_MATCH_COUNT_H_
#define PINCHBECK_STATS_MATCH_COUNT_H_

#include <Eigen/Core>
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "pinchbeck/internal/simd.h"

namespace pinchbeck::stats::internal {

using pinchbeck::internal::SimdPath;

// Pieces of a row that are compared at a time: a block of rows of this length stays in the first-level cache.
inline constexpr std::int64_t kMatchChunkBytes = 2048;
inline constexpr std::int64_t kMatchBlockBytes = 16'384;

// Rows of `stride` bytes, a multiple of 64, each with its number of elements in use.
template <typename Element>
struct MatchRows {
  const Element* row(std::int64_t i) const {
    return data + i * (stride / static_cast<std::int64_t>(sizeof(Element)));
  }
  const Element* data;
  std::int64_t stride;
  const std::int64_t* lengths;
};

// counts[i] += number of positions p < min(lengths[i], lengths[j]) with row(i)[p] = row(j)[p], for rows
// begin .. end - 1. What lies behind a row's length is never counted.
template <typename Element>
using CountMatches = void (*)(const MatchRows<Element>& rows, std::int64_t j, std::int64_t begin,
                              std::int64_t end, double* counts);

template <typename Element>
void CountMatchesPortable(const MatchRows<Element>& rows, std::int64_t j, std::int64_t begin,
                          std::int64_t end, double* counts) {
  // Each lane counts apart: at most 2048 / 16 positions, which a byte holds.
  constexpr std::int64_t kLanes = 16 / static_cast<std::int64_t>(sizeof(Element));
  const Element* b = rows.row(j);
  for (std::int64_t i = begin; i < end; ++i) {
    const Element* a = rows.row(i);
    const std::int64_t length = std::min(rows.lengths[i], rows.lengths[j]), whole = length - length % kLanes;
    Element lanes[kLanes] = {};
    for (std::int64_t p = 0; p < whole; p += kLanes) {
      for (std::int64_t l = 0; l < kLanes; ++l) {
        lanes[l] = static_cast<Element>(lanes[l] + static_cast<Element>(a[p + l] == b[p + l]));
      }
    }
    std::int64_t count = 0;
    for (std::int64_t l = 0; l < kLanes; ++l) count += lanes[l];
    for (std::int64_t p = whole; p < length; ++p) count += a[p] == b[p] ? 1 : 0;
    counts[i] += static_cast<double>(count);
  }
}

#if PINCHBECK_SIMD_X86

// One bit per element of 64 bytes, set where both rows agree.
struct Avx2Match {
  PINCHBECK_INLINE_AVX2 static std::uint64_t Equal(const std::uint8_t* a, const std::uint8_t* b) {
    const __m256i low = _mm256_cmpeq_epi8(Load(a), Load(b)),
                  high = _mm256_cmpeq_epi8(Load(a + 32), Load(b + 32));
    return Bits(_mm256_movemask_epi8(low)) | Bits(_mm256_movemask_epi8(high)) << 32;
  }
  PINCHBECK_INLINE_AVX2 static std::uint64_t Equal(const std::int32_t* a, const std::int32_t* b) {
    const __m256i low = _mm256_cmpeq_epi32(Load(a), Load(b)),
                  high = _mm256_cmpeq_epi32(Load(a + 8), Load(b + 8));
    return Bits(_mm256_movemask_ps(_mm256_castsi256_ps(low))) |
           Bits(_mm256_movemask_ps(_mm256_castsi256_ps(high))) << 8;
  }

 private:
  PINCHBECK_INLINE_AVX2 static __m256i Load(const void* p) {
    return _mm256_load_si256(static_cast<const __m256i*>(p));
  }
  PINCHBECK_INLINE_AVX2 static std::uint64_t Bits(int mask) { return static_cast<std::uint32_t>(mask); }
};

struct Avx512Match {
  PINCHBECK_INLINE_AVX512 static std::uint64_t Equal(const std::uint8_t* a, const std::uint8_t* b) {
    return _mm512_cmpeq_epi8_mask(_mm512_load_si512(a), _mm512_load_si512(b));
  }
  PINCHBECK_INLINE_AVX512 static std::uint64_t Equal(const std::int32_t* a, const std::int32_t* b) {
    return _mm512_cmpeq_epi32_mask(_mm512_load_si512(a), _mm512_load_si512(b));
  }
};

// The body of both x86 paths; a macro because a function template cannot take its instructions as an
// argument.
#define PINCHBECK_COUNT_MATCHES(Match)                                                                   \
  constexpr std::int64_t kLanes = 64 / static_cast<std::int64_t>(sizeof(Element));                       \
  const Element* b = rows.row(j);                                                                        \
  for (std::int64_t i = begin; i < end; ++i) {                                                           \
    const Element* a = rows.row(i);                                                                      \
    const std::int64_t length = std::min(rows.lengths[i], rows.lengths[j]), rest = length % kLanes;      \
    std::int64_t p = 0, count = 0;                                                                       \
    for (; p < length - rest; p += kLanes) count += std::popcount(Match::Equal(a + p, b + p));           \
    if (rest > 0) count += std::popcount(Match::Equal(a + p, b + p) & ((std::uint64_t{1} << rest) - 1)); \
    counts[i] += static_cast<double>(count);                                                             \
  }

template <typename Element>
PINCHBECK_TARGET_AVX2 void CountMatchesAvx2(const MatchRows<Element>& rows, std::int64_t j,
                                            std::int64_t begin, std::int64_t end, double* counts) {
  PINCHBECK_COUNT_MATCHES(Avx2Match)
}

template <typename Element>
PINCHBECK_TARGET_AVX512 void CountMatchesAvx512(const MatchRows<Element>& rows, std::int64_t j,
                                                std::int64_t begin, std::int64_t end, double* counts) {
  PINCHBECK_COUNT_MATCHES(Avx512Match)
}

#undef PINCHBECK_COUNT_MATCHES

#endif  // PINCHBECK_SIMD_X86

template <typename Element>
CountMatches<Element> CountMatchesOf(SimdPath path) {
#if PINCHBECK_SIMD_X86
  if (path == SimdPath::kAvx512) return &CountMatchesAvx512<Element>;
  if (path == SimdPath::kAvx2) return &CountMatchesAvx2<Element>;
#endif
  static_cast<void>(path);
  return &CountMatchesPortable<Element>;
}

// Adds the number of agreeing positions of each pair of items to the lower triangle of `counts`. Positions
// are taken in chunks and rows in blocks, so that what is compared stays in the first-level cache.
template <typename Element>
void AddMatches(SimdPath path, std::span<const std::span<const Element>> items, std::size_t longest,
                Eigen::MatrixXd& counts) {
  constexpr std::int64_t kChunk = kMatchChunkBytes / static_cast<std::int64_t>(sizeof(Element));
  const CountMatches<Element> count_matches = CountMatchesOf<Element>(path);
  const auto n = static_cast<std::int64_t>(items.size()), end = static_cast<std::int64_t>(longest);
  // Rows that are a power of two apart would compete for the same places of the cache.
  const std::int64_t bytes = std::min(kChunk, end) * static_cast<std::int64_t>(sizeof(Element));
  const std::int64_t stride = (bytes + 63) / 64 * 64 + 64;
  const std::int64_t block = std::max<std::int64_t>(1, kMatchBlockBytes / stride);
  pinchbeck::internal::SimdVector<Element> packed(static_cast<std::size_t>(n * stride) / sizeof(Element));
  std::vector<std::int64_t> lengths(items.size());
  const MatchRows<Element> rows{packed.data(), stride, lengths.data()};
  for (std::int64_t first = 0; first < end; first += kChunk) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      lengths[i] = std::clamp<std::int64_t>(static_cast<std::int64_t>(items[i].size()) - first, 0, kChunk);
      if (lengths[i] == 0) continue;
      std::memcpy(packed.data() + i * static_cast<std::size_t>(stride) / sizeof(Element),
                  items[i].data() + first, static_cast<std::size_t>(lengths[i]) * sizeof(Element));
    }
    for (std::int64_t begin = 0; begin < n; begin += block) {
      const std::int64_t stop = std::min(n, begin + block);
      for (std::int64_t j = 0; j < stop; ++j) {
        count_matches(rows, j, std::max(begin, j), stop, counts.col(j).data());
      }
    }
  }
}

}  // namespace pinchbeck::stats::internal

#endif  // PINCHBECK_STATS_MATCH_COUNT_H_
