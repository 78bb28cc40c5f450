// Sums of rows of numbers over many subsets of the rows.
//
// Rows are taken in groups of 4, and the sums over all 16 subsets of a group are tabulated once; a subset of
// the rows then adds one table row per group, a quarter of the additions and no multiplication. Columns are
// stored in tiles of 8, and of a tile's table a part that fits the first-level cache serves all subsets
// before the next. Every vector width adds in the same order, so all give the same bits.
#ifndef PINCHBECK_STATS_SUBSET_SUMS_H_
#define PINCHBECK_STATS_SUBSET_SUMS_H_

#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pinchbeck/internal/simd.h"
#include "pinchbeck/stats/relabeling.h"

namespace pinchbeck::stats::internal {

// Rows in a group, its subsets, and columns in a tile.
inline constexpr std::int64_t kSubsetGroup = 4;
inline constexpr std::int64_t kGroupSubsets = std::int64_t{1} << kSubsetGroup;
inline constexpr std::int64_t kSubsetTile = 8;
// Groups whose table stays in the first-level cache: 24 KiB.
inline constexpr std::int64_t kCachedGroups = 24;
// Subsets that are added up side by side.
inline constexpr std::int64_t kSubsetLanes = 8;

// sums[l][k] += sum over groups g of table[g][offsets[l * stride + g] + k], for kSubsetLanes l and
// kSubsetTile k; a group's table has kGroupSubsets rows of kSubsetTile. `table` and `sums` are aligned to 64
// bytes.
using AddSubsetRows = void (*)(const double* table, const std::uint8_t* offsets, std::int64_t stride,
                               std::int64_t groups, double* sums);

inline void AddSubsetRowsPortable(const double* table, const std::uint8_t* offsets, std::int64_t stride,
                                  std::int64_t groups, double* sums) {
  using Tile = Eigen::Array<double, kSubsetTile, 1>;
  // Two lanes: their sums fit the 16 registers of the oldest 64-bit processors.
  for (std::int64_t l = 0; l < kSubsetLanes; l += 2, offsets += 2 * stride, sums += 2 * kSubsetTile) {
    Tile first = Eigen::Map<const Tile, Eigen::Aligned16>(sums);
    Tile second = Eigen::Map<const Tile, Eigen::Aligned16>(sums + kSubsetTile);
    for (std::int64_t g = 0; g < groups; ++g) {
      const double* rows = table + g * kGroupSubsets * kSubsetTile;
      first += Eigen::Map<const Tile, Eigen::Aligned16>(rows + offsets[g]);
      second += Eigen::Map<const Tile, Eigen::Aligned16>(rows + offsets[stride + g]);
    }
    Eigen::Map<Tile, Eigen::Aligned16> first_sums(sums), second_sums(sums + kSubsetTile);
    first_sums = first;
    second_sums = second;
  }
}

#if PINCHBECK_SIMD_X86

inline PINCHBECK_TARGET_AVX2 void AddSubsetRowsAvx2(const double* table, const std::uint8_t* offsets,
                                                    std::int64_t stride, std::int64_t groups, double* sums) {
  constexpr std::int64_t kLanes = 4;
  for (std::int64_t l = 0; l < kSubsetLanes; l += kLanes, offsets += kLanes * stride) {
    __m256d low[kLanes], high[kLanes];
    PINCHBECK_UNROLL for (std::int64_t i = 0; i < kLanes; ++i) {
      low[i] = _mm256_load_pd(sums + (l + i) * kSubsetTile);
      high[i] = _mm256_load_pd(sums + (l + i) * kSubsetTile + 4);
    }
    for (std::int64_t g = 0; g < groups; ++g) {
      const double* rows = table + g * kGroupSubsets * kSubsetTile;
      PINCHBECK_UNROLL for (std::int64_t i = 0; i < kLanes; ++i) {
        const double* row = rows + offsets[i * stride + g];
        low[i] = _mm256_add_pd(low[i], _mm256_load_pd(row));
        high[i] = _mm256_add_pd(high[i], _mm256_load_pd(row + 4));
      }
    }
    PINCHBECK_UNROLL for (std::int64_t i = 0; i < kLanes; ++i) {
      _mm256_store_pd(sums + (l + i) * kSubsetTile, low[i]);
      _mm256_store_pd(sums + (l + i) * kSubsetTile + 4, high[i]);
    }
  }
}

inline PINCHBECK_TARGET_AVX512 void AddSubsetRowsAvx512(const double* table, const std::uint8_t* offsets,
                                                        std::int64_t stride, std::int64_t groups,
                                                        double* sums) {
  __m512d acc[kSubsetLanes];
  PINCHBECK_UNROLL for (std::int64_t i = 0; i < kSubsetLanes; ++i) {
    acc[i] = _mm512_load_pd(sums + i * kSubsetTile);
  }
  for (std::int64_t g = 0; g < groups; ++g) {
    const double* rows = table + g * kGroupSubsets * kSubsetTile;
    PINCHBECK_UNROLL for (std::int64_t i = 0; i < kSubsetLanes; ++i) {
      acc[i] = _mm512_add_pd(acc[i], _mm512_load_pd(rows + offsets[i * stride + g]));
    }
  }
  PINCHBECK_UNROLL for (std::int64_t i = 0; i < kSubsetLanes; ++i) {
    _mm512_store_pd(sums + i * kSubsetTile, acc[i]);
  }
}

#endif  // PINCHBECK_SIMD_X86

[[nodiscard]] inline AddSubsetRows AddSubsetRowsOf(pinchbeck::internal::SimdPath path) {
#if PINCHBECK_SIMD_X86
  if (path == pinchbeck::internal::SimdPath::kAvx512) return &AddSubsetRowsAvx512;
  if (path == pinchbeck::internal::SimdPath::kAvx2) return &AddSubsetRowsAvx2;
#endif
  static_cast<void>(path);
  return &AddSubsetRowsPortable;
}

// Subsets of the rows of a SubsetSums, as many as wanted: for each, where the subset's row stands in the
// table of every group.
class RowSubsets {
 public:
  RowSubsets(std::int64_t rows, std::int64_t count)
      : words_(BitWords(rows)),
        stride_(8 * static_cast<std::int64_t>(words_)),
        count_(count),
        // Whole lanes; those behind the last subset stay empty.
        offsets_(
            static_cast<std::size_t>(stride_ * ((count + kSubsetLanes - 1) / kSubsetLanes * kSubsetLanes)),
            0) {}

  [[nodiscard]] std::int64_t count() const { return count_; }
  [[nodiscard]] std::int64_t stride() const { return stride_; }
  [[nodiscard]] const std::uint8_t* data() const { return offsets_.data(); }
  // Words of a bit set of the rows.
  [[nodiscard]] std::size_t words() const { return words_; }

  // Bit i % 32 of words[i / 32] marks row i.
  void Set(std::int64_t subset, std::span<const std::uint32_t> words) {
    std::uint8_t* to = offsets_.data() + subset * stride_;
    for (const std::uint32_t word : words) {
      // Spreads the 8 groups of a word over 8 bytes.
      std::uint64_t x = word;
      x = (x | x << 16) & 0x0000FFFF0000FFFFu;
      x = (x | x << 8) & 0x00FF00FF00FF00FFu;
      x = ((x | x << 4) & 0x0F0F0F0F0F0F0F0Fu) * kSubsetTile;
      PINCHBECK_UNROLL for (int byte = 0; byte < 8; ++byte) to[byte] =
          static_cast<std::uint8_t>(x >> 8 * byte);
      to += 8;
    }
  }

  // One byte a row, 1 for those in the subset.
  void Set(std::int64_t subset, std::span<const std::uint8_t> labels) {
    std::uint8_t* to = offsets_.data() + subset * stride_;
    std::fill(to, to + stride_, std::uint8_t{0});
    for (std::size_t i = 0; i < labels.size(); ++i) {
      to[i / kSubsetGroup] =
          static_cast<std::uint8_t>(to[i / kSubsetGroup] + (labels[i] * kSubsetTile << i % kSubsetGroup));
    }
  }

 private:
  std::size_t words_;
  std::int64_t stride_;
  std::int64_t count_;
  std::vector<std::uint8_t> offsets_;
};

class SubsetSums {
 public:
  using Tile = Eigen::Array<double, kSubsetTile, 1>;
  using Buffer = pinchbeck::internal::SimdVector<double>;

  explicit SubsetSums(const Eigen::MatrixXd& rows,
                      pinchbeck::internal::SimdPath path = pinchbeck::internal::BestSimdPath())
      : groups_((rows.rows() + kSubsetGroup - 1) / kSubsetGroup),
        tiles_((rows.cols() + kSubsetTile - 1) / kSubsetTile),
        table_(static_cast<std::size_t>(tiles_ * groups_ * kGroupSubsets * kSubsetTile), 0.0),
        add_(AddSubsetRowsOf(path)) {
    for (std::int64_t t = 0; t < tiles_; ++t) {
      const std::int64_t width = std::min(kSubsetTile, rows.cols() - t * kSubsetTile);
      for (std::int64_t g = 0; g < groups_; ++g) {
        double* group = table_.data() + (t * groups_ + g) * kGroupSubsets * kSubsetTile;
        for (std::int64_t bit = 0; bit < std::min(kSubsetGroup, rows.rows() - g * kSubsetGroup); ++bit) {
          Tile row = Tile::Zero();
          for (std::int64_t k = 0; k < width; ++k) row(k) = rows(g * kSubsetGroup + bit, t * kSubsetTile + k);
          const std::int64_t half = std::int64_t{1} << bit;
          for (std::int64_t subset = 0; subset < half; ++subset) {
            Eigen::Map<Tile>(group + (half + subset) * kSubsetTile) =
                Eigen::Map<const Tile>(group + subset * kSubsetTile) + row;
          }
        }
      }
    }
  }

  [[nodiscard]] std::int64_t tiles() const { return tiles_; }

  // sums[subset][k]: sum of column tile * 8 + k over the subset's rows; 0 beyond the last column.
  void Sum(std::int64_t tile, const RowSubsets& subsets, Buffer& sums) const {
    const std::int64_t lanes = (subsets.count() + kSubsetLanes - 1) / kSubsetLanes * kSubsetLanes;
    sums.assign(static_cast<std::size_t>(lanes * kSubsetTile), 0.0);
    for (std::int64_t g = 0; g < groups_; g += kCachedGroups) {
      const double* table = table_.data() + (tile * groups_ + g) * kGroupSubsets * kSubsetTile;
      const std::int64_t groups = std::min(kCachedGroups, groups_ - g);
      for (std::int64_t l = 0; l < lanes; l += kSubsetLanes) {
        add_(table, subsets.data() + l * subsets.stride() + g, subsets.stride(), groups,
             sums.data() + l * kSubsetTile);
      }
    }
  }

 private:
  std::int64_t groups_;
  std::int64_t tiles_;
  Buffer table_;
  AddSubsetRows add_;
};

}  // namespace pinchbeck::stats::internal

#endif  // PINCHBECK_STATS_SUBSET_SUMS_H_
