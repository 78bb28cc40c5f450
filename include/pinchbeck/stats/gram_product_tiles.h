// The inner loops of RelabelingGram, once per vector width.
//
// Labels are 0 or 1, so every product is exact and a fused multiply-add rounds like a multiplication and an
// addition; sums are taken in one order. So every path gives the same bits.
#ifndef PINCHBECK_STATS_GRAM_PRODUCT_TILES_H_
#define PINCHBECK_STATS_GRAM_PRODUCT_TILES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "pinchbeck/internal/simd.h"

namespace pinchbeck::stats::internal {

using pinchbeck::internal::SimdPath;

// Rows of the Gram matrix that a tile takes at once: 4 rows x 4 vectors of sums stay in registers.
inline constexpr std::int64_t kTileRows = 4;
// Items whose labels stay in the first-level cache while all rows pass over them: 96 x 256 bytes.
inline constexpr std::int64_t kTileDepth = 96;
// Relabelings side by side in one row of the label panel: 256 bytes.
template <typename T>
inline constexpr std::int64_t kPanelColumns = 256 / static_cast<std::int64_t>(sizeof(T));

// sums[c] += sum over rows r of own[r][c] * sum over j < depth of gram[j][r] * labels[j][c]
//
// gram: depth x kTileRows; labels, own: rows of kPanelColumns<T>; all aligned to 64 bytes. The inner sums are
// of type T, the outer ones double.
template <typename T>
using ProductTile = void (*)(const T* gram, std::int64_t depth, const T* labels, const T* own, double* sums);

// Makes row i of `panel` from a row of bytes and adds row_sums[i] times it to `products`, for i < rows.
template <typename T>
using ExpandLabels = void (*)(const std::uint8_t* bytes, std::int64_t rows, const double* row_sums, T* panel,
                              double* products);

template <typename T>
PINCHBECK_ALWAYS_INLINE void ExpandLabelsBody(const std::uint8_t* bytes, std::int64_t rows,
                                              const double* row_sums, T* panel, double* products) {
  constexpr std::int64_t kColumns = kPanelColumns<T>, kChunk = 16;
  for (std::int64_t begin = 0; begin < kColumns; begin += kChunk) {
    std::array<double, kChunk> sums{};
    for (std::int64_t i = 0; i < rows; ++i) {
      const std::uint8_t* from = bytes + i * kColumns + begin;
      T* to = panel + i * kColumns + begin;
      const double row_sum = row_sums[i];
      for (std::int64_t c = 0; c < kChunk; ++c) to[c] = static_cast<T>(from[c]);
      for (std::int64_t c = 0; c < kChunk; ++c) {
        sums[static_cast<std::size_t>(c)] += row_sum * static_cast<double>(to[c]);
      }
    }
    for (std::int64_t c = 0; c < kChunk; ++c) products[begin + c] += sums[static_cast<std::size_t>(c)];
  }
}

template <typename T>
void ExpandLabelsPortable(const std::uint8_t* bytes, std::int64_t rows, const double* row_sums, T* panel,
                          double* products) {
  ExpandLabelsBody(bytes, rows, row_sums, panel, products);
}

template <typename T>
void ProductTilePortable(const T* gram, std::int64_t depth, const T* labels, const T* own, double* sums) {
  constexpr std::int64_t kColumns = kPanelColumns<T>, kChunk = 32 / static_cast<std::int64_t>(sizeof(T));
  for (std::int64_t begin = 0; begin < kColumns; begin += kChunk) {
    T acc[kTileRows][kChunk] = {};
    for (std::int64_t j = 0; j < depth; ++j) {
      PINCHBECK_UNROLL
      for (std::int64_t r = 0; r < kTileRows; ++r) {
        PINCHBECK_UNROLL
        for (std::int64_t c = 0; c < kChunk; ++c) {
          acc[r][c] += gram[j * kTileRows + r] * labels[j * kColumns + begin + c];
        }
      }
    }
    for (std::int64_t c = 0; c < kChunk; ++c) {
      T sum = 0;
      for (std::int64_t r = 0; r < kTileRows; ++r) sum += own[r * kColumns + begin + c] * acc[r][c];
      sums[begin + c] += static_cast<double>(sum);
    }
  }
}

#if PINCHBECK_SIMD_X86

// One vector of each width and type, with the few operations that a tile needs.
struct Avx2Float {
  using Scalar = float;
  using Vector = __m256;
  PINCHBECK_INLINE_AVX2 static Vector Zero() { return _mm256_setzero_ps(); }
  PINCHBECK_INLINE_AVX2 static Vector Load(const float* p) { return _mm256_load_ps(p); }
  PINCHBECK_INLINE_AVX2 static Vector Broadcast(float x) { return _mm256_set1_ps(x); }
  PINCHBECK_INLINE_AVX2 static Vector MultiplyAdd(Vector a, Vector b, Vector c) {
    return _mm256_fmadd_ps(a, b, c);
  }
  PINCHBECK_INLINE_AVX2 static void Store(float* p, Vector v) { _mm256_store_ps(p, v); }
};

struct Avx2Double {
  using Scalar = double;
  using Vector = __m256d;
  PINCHBECK_INLINE_AVX2 static Vector Zero() { return _mm256_setzero_pd(); }
  PINCHBECK_INLINE_AVX2 static Vector Load(const double* p) { return _mm256_load_pd(p); }
  PINCHBECK_INLINE_AVX2 static Vector Broadcast(double x) { return _mm256_set1_pd(x); }
  PINCHBECK_INLINE_AVX2 static Vector MultiplyAdd(Vector a, Vector b, Vector c) {
    return _mm256_fmadd_pd(a, b, c);
  }
  PINCHBECK_INLINE_AVX2 static void Store(double* p, Vector v) { _mm256_store_pd(p, v); }
};

struct Avx512Float {
  using Scalar = float;
  using Vector = __m512;
  PINCHBECK_INLINE_AVX512 static Vector Zero() { return _mm512_setzero_ps(); }
  PINCHBECK_INLINE_AVX512 static Vector Load(const float* p) { return _mm512_load_ps(p); }
  PINCHBECK_INLINE_AVX512 static Vector Broadcast(float x) { return _mm512_set1_ps(x); }
  PINCHBECK_INLINE_AVX512 static Vector MultiplyAdd(Vector a, Vector b, Vector c) {
    return _mm512_fmadd_ps(a, b, c);
  }
  PINCHBECK_INLINE_AVX512 static void Store(float* p, Vector v) { _mm512_store_ps(p, v); }
};

struct Avx512Double {
  using Scalar = double;
  using Vector = __m512d;
  PINCHBECK_INLINE_AVX512 static Vector Zero() { return _mm512_setzero_pd(); }
  PINCHBECK_INLINE_AVX512 static Vector Load(const double* p) { return _mm512_load_pd(p); }
  PINCHBECK_INLINE_AVX512 static Vector Broadcast(double x) { return _mm512_set1_pd(x); }
  PINCHBECK_INLINE_AVX512 static Vector MultiplyAdd(Vector a, Vector b, Vector c) {
    return _mm512_fmadd_pd(a, b, c);
  }
  PINCHBECK_INLINE_AVX512 static void Store(double* p, Vector v) { _mm512_store_pd(p, v); }
};

// The tile of both x86 paths; a macro because a function template cannot take its instructions as an
// argument. kVectors x kTileRows accumulators fit the path's registers.
#define PINCHBECK_PRODUCT_TILE(kVectors)                                                                 \
  using T = typename V::Scalar;                                                                          \
  constexpr std::int64_t kColumns = kPanelColumns<T>;                                                    \
  constexpr std::int64_t kWidth = sizeof(typename V::Vector) / sizeof(T);                                \
  for (std::int64_t begin = 0; begin < kColumns; begin += kVectors * kWidth) {                           \
    typename V::Vector acc[kTileRows][kVectors];                                                         \
    PINCHBECK_UNROLL for (std::int64_t r = 0; r < kTileRows; ++r) {                                      \
      PINCHBECK_UNROLL for (std::int64_t v = 0; v < kVectors; ++v) acc[r][v] = V::Zero();                \
    }                                                                                                    \
    for (std::int64_t j = 0; j < depth; ++j) {                                                           \
      typename V::Vector label[kVectors];                                                                \
      PINCHBECK_UNROLL for (std::int64_t v = 0; v < kVectors; ++v) {                                     \
        label[v] = V::Load(labels + j * kColumns + begin + v * kWidth);                                  \
      }                                                                                                  \
      PINCHBECK_UNROLL for (std::int64_t r = 0; r < kTileRows; ++r) {                                    \
        const auto entry = V::Broadcast(gram[j * kTileRows + r]);                                        \
        PINCHBECK_UNROLL for (std::int64_t v = 0; v < kVectors; ++v) {                                   \
          acc[r][v] = V::MultiplyAdd(entry, label[v], acc[r][v]);                                        \
        }                                                                                                \
      }                                                                                                  \
    }                                                                                                    \
    alignas(64) T row[kVectors * kWidth];                                                                \
    PINCHBECK_UNROLL for (std::int64_t v = 0; v < kVectors; ++v) {                                       \
      auto sum = V::Zero();                                                                              \
      PINCHBECK_UNROLL for (std::int64_t r = 0; r < kTileRows; ++r) {                                    \
        sum = V::MultiplyAdd(V::Load(own + r * kColumns + begin + v * kWidth), acc[r][v], sum);          \
      }                                                                                                  \
      V::Store(row + v * kWidth, sum);                                                                   \
    }                                                                                                    \
    for (std::int64_t c = 0; c < kVectors * kWidth; ++c) sums[begin + c] += static_cast<double>(row[c]); \
  }

template <typename V>
PINCHBECK_TARGET_AVX2 void ProductTileAvx2(const typename V::Scalar* gram, std::int64_t depth,
                                           const typename V::Scalar* labels, const typename V::Scalar* own,
                                           double* sums) {
  PINCHBECK_PRODUCT_TILE(2)
}

template <typename V>
PINCHBECK_TARGET_AVX512 void ProductTileAvx512(const typename V::Scalar* gram, std::int64_t depth,
                                               const typename V::Scalar* labels,
                                               const typename V::Scalar* own, double* sums) {
  PINCHBECK_PRODUCT_TILE(4)
}

#undef PINCHBECK_PRODUCT_TILE

template <typename T>
PINCHBECK_TARGET_AVX2 void ExpandLabelsAvx2(const std::uint8_t* bytes, std::int64_t rows,
                                            const double* row_sums, T* panel, double* products) {
  ExpandLabelsBody(bytes, rows, row_sums, panel, products);
}

template <typename T>
PINCHBECK_TARGET_AVX512 void ExpandLabelsAvx512(const std::uint8_t* bytes, std::int64_t rows,
                                                const double* row_sums, T* panel, double* products) {
  ExpandLabelsBody(bytes, rows, row_sums, panel, products);
}

#endif  // PINCHBECK_SIMD_X86

template <typename T>
struct ProductLoops {
  ProductTile<T> tile;
  ExpandLabels<T> expand;
};

template <typename T>
ProductLoops<T> ProductLoopsOf(SimdPath path) {
#if PINCHBECK_SIMD_X86
  constexpr bool kFloat = sizeof(T) == sizeof(float);
  using Avx2 = std::conditional_t<kFloat, Avx2Float, Avx2Double>;
  using Avx512 = std::conditional_t<kFloat, Avx512Float, Avx512Double>;
  if (path == SimdPath::kAvx512) return {&ProductTileAvx512<Avx512>, &ExpandLabelsAvx512<T>};
  if (path == SimdPath::kAvx2) return {&ProductTileAvx2<Avx2>, &ExpandLabelsAvx2<T>};
#endif
  static_cast<void>(path);
  return {&ProductTilePortable<T>, &ExpandLabelsPortable<T>};
}

}  // namespace pinchbeck::stats::internal

#endif  // PINCHBECK_STATS_GRAM_PRODUCT_TILES_H_
