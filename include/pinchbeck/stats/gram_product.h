// Quadratic forms of a Gram matrix in many relabelings at once.
#ifndef PINCHBECK_STATS_GRAM_PRODUCT_H_
#define PINCHBECK_STATS_GRAM_PRODUCT_H_

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/internal/simd.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/gram_product_tiles.h"
#include "pinchbeck/stats/relabeling.h"

namespace pinchbeck::stats {

namespace internal {

// A Gram matrix of so many items takes 2 GiB.
inline constexpr Eigen::Index kMaxGramItems = 16'384;
// Sums of all entries of a Gram matrix stay finite below this value.
inline constexpr double kMaxGramEntry = 1e290;

inline absl::Status GramEntryError(const Eigen::Ref<const Eigen::MatrixXd>& gram, Eigen::Index i,
                                   Eigen::Index j, std::string_view name, std::string_view advice) {
  return absl::InvalidArgumentError(std::string(name) + "(" + std::to_string(i) + ", " + std::to_string(j) +
                                    ") is " + std::to_string(gram(i, j)) + "; " + std::string(advice));
}

// The first entry that is NaN or too large.
inline absl::Status CheckGramEntries(const Eigen::Ref<const Eigen::MatrixXd>& gram, std::string_view name) {
  for (Eigen::Index j = 0; j < gram.cols(); ++j) {
    for (Eigen::Index i = 0; i < gram.rows(); ++i) {
      if (std::abs(gram(i, j)) <= kMaxGramEntry) continue;
      return GramEntryError(gram, i, j, name,
                            "kernel values must be finite and at most 1e290 in size; leave out items without "
                            "a value or rescale the kernel");
    }
  }
  return absl::OkStatus();
}

// InvalidArgument, naming the argument and the entry, unless `gram` is square, finite and symmetric up to
// rounding.
[[nodiscard]] inline absl::Status CheckGram(const Eigen::Ref<const Eigen::MatrixXd>& gram,
                                            std::string_view name) {
  const Eigen::Index n = gram.rows();
  if (n != gram.cols() || n < 1 || n > kMaxGramItems) {
    return absl::InvalidArgumentError(std::string(name) + " is " + std::to_string(n) + " x " +
                                      std::to_string(gram.cols()) + "; it must be square, with 1 to " +
                                      std::to_string(kMaxGramItems) + " items");
  }
  // A NaN anywhere makes the sum a NaN; the maximum of absolute values could pass over it.
  const double largest = gram.cwiseAbs().maxCoeff();
  if (std::isnan(gram.sum()) || !(largest <= kMaxGramEntry)) return CheckGramEntries(gram, name);
  // By blocks, so that entries and their mirror images are in cache together.
  constexpr Eigen::Index kBlock = 32;
  const double tolerance = 1e-9 * largest;
  for (Eigen::Index c = 0; c < n; c += kBlock) {
    for (Eigen::Index r = c; r < n; r += kBlock) {
      const Eigen::Index height = std::min(kBlock, n - r), width = std::min(kBlock, n - c);
      Eigen::Index i = 0, j = 0;
      const double gap = (gram.block(r, c, height, width) - gram.block(c, r, width, height).transpose())
                             .cwiseAbs()
                             .maxCoeff(&i, &j);
      if (gap <= tolerance) continue;
      return GramEntryError(
          gram, r + i, c + j, name,
          "its mirror image is " + std::to_string(gram(c + j, r + i)) + ", but a Gram matrix is symmetric");
    }
  }
  return absl::OkStatus();
}

// The strict lower triangle in the order in which tiles read it: for each four rows, their entries of column
// 0, of column 1, and so on, with zeros on and above the diagonal.
template <typename T>
class PackedTriangle {
 public:
  PackedTriangle(const Eigen::Ref<const Eigen::MatrixXd>& gram, double offset) {
    const std::int64_t n = gram.rows(), panels = (n + kTileRows - 1) / kTileRows;
    entries_.resize(static_cast<std::size_t>(PanelBegin(panels)));
    for (std::int64_t p = 0; p < panels; ++p) {
      T* to = entries_.data() + PanelBegin(p);
      for (std::int64_t j = 0; j < (p + 1) * kTileRows; ++j) {
        for (std::int64_t i = p * kTileRows; i < (p + 1) * kTileRows; ++i, ++to) {
          *to = j < i && i < n ? static_cast<T>(gram(i, j) - offset) : T{0};
        }
      }
    }
  }

  // Entries of rows kTileRows * p .. in columns from `column` on.
  [[nodiscard]] const T* Panel(std::int64_t p, std::int64_t column) const {
    return entries_.data() + PanelBegin(p) + column * kTileRows;
  }

 private:
  // Panel p has (p + 1) * kTileRows columns.
  static std::int64_t PanelBegin(std::int64_t p) { return kTileRows * kTileRows * p * (p + 1) / 2; }

  pinchbeck::internal::SimdVector<T> entries_;
};

using Bytes16 __attribute__((vector_size(16))) = std::uint8_t;

// a0 b0 a1 b1 ... of the first and of the last eight bytes.
inline Bytes16 InterleaveFirst(Bytes16 a, Bytes16 b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
inline Bytes16 InterleaveLast(Bytes16 a, Bytes16 b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

// Transposes 16 items of 8 relabelings: each round of interleaving moves one bit of the relabeling's number
// from the vector's index to the place inside the vector.
inline void TransposeLabels(std::array<Bytes16, 8>& v) {
  for (int round = 0; round < 3; ++round) {
    std::array<Bytes16, 8> next;
    for (std::size_t k = 0; k < 4; ++k) {
      next[2 * k] = InterleaveFirst(v[k], v[k + 4]);
      next[2 * k + 1] = InterleaveLast(v[k], v[k + 4]);
    }
    v = next;
  }
}

// Labels of relabelings first .. first + columns - 1 with a row per item: `bytes` has room for the items,
// rounded up to a multiple of 16, times `columns`, a multiple of 8. Relabelings that `labels` lacks are zero.
inline void LabelRows(const LabelMatrix& labels, std::int64_t first, std::int64_t columns,
                      std::uint8_t* bytes) {
  const std::int64_t n = labels.rows();
  for (std::int64_t c = 0; c < columns; c += 8) {
    for (std::int64_t i = 0; i < n; i += 16) {
      std::array<Bytes16, 8> block{};
      for (std::int64_t k = 0; k < 8 && first + c + k < labels.cols(); ++k) {
        std::memcpy(&block[static_cast<std::size_t>(k)], labels.col(first + c + k).data() + i,
                    static_cast<std::size_t>(std::min<std::int64_t>(16, n - i)));
      }
      TransposeLabels(block);
      for (std::int64_t row = 0; row < 16; row += 2) {
        const Bytes16& pair = block[static_cast<std::size_t>(row / 2)];
        std::memcpy(bytes + (i + row) * columns + c, &pair, 8);
        std::memcpy(bytes + (i + row + 1) * columns + c, reinterpret_cast<const std::uint8_t*>(&pair) + 8, 8);
      }
    }
  }
}

}  // namespace internal

// Sums of Gram entries in each relabeling.
struct RelabelingSums {
  // Over ordered pairs of two different observed items.
  Eigen::RowVectorXd within;
  // Over ordered pairs of an observed item and any other item.
  Eigen::RowVectorXd rows;
};

// A Gram matrix made ready for sums over relabelings.
//
//   within_b = sum over i != j of z_ib z_jb K_ij,   rows_b = sum over i != j of z_ib K_ij,
//
// z_ib = 1 where item i is observed in relabeling b, else 0. The diagonal is ignored, and only the lower
// triangle is multiplied, in blocks that stay in registers and in the first-level cache. Entries that are
// whole numbers of at most 43,690 in size, such as match counts, are kept as floats: every partial sum is
// then below 2^24 and exact, and the results are exact integers. All other entries are kept as doubles.
// Sums are taken in one order, so results are the same to the last bit on every path and thread count.
//
// Cost: (N - 1) N / 2 multiply-adds per relabeling, 2 N^2 bytes as floats, twice that as doubles.
// Accuracy: integers exact; else within 1e-12 relative of the sum of absolute values
// (tests/stats/gram_product_test.cc).
class RelabelingGram {
 public:
  // `offset` is subtracted from every entry first. Where entries differ little from each other, one of them
  // as offset keeps the digits in which they differ.
  //
  // InvalidArgument: `gram` is empty, not square, above 16,384 items, not symmetric (1e-9 relative), holds a
  // NaN, an infinity or a value above 1e290; or `offset` is such a value.
  [[nodiscard]] static absl::StatusOr<RelabelingGram> Make(const Eigen::Ref<const Eigen::MatrixXd>& gram,
                                                           double offset = 0) {
    PINCHBECK_RETURN_IF_ERROR(internal::CheckGram(gram, "gram"));
    if (!(std::abs(offset) <= internal::kMaxGramEntry)) {
      return absl::InvalidArgumentError("offset is " + std::to_string(offset) +
                                        "; it must be finite and at most 1e290 in size");
    }
    return RelabelingGram(gram, offset);
  }

  [[nodiscard]] Eigen::Index size() const { return row_sums_.size(); }
  [[nodiscard]] double offset() const { return offset_; }
  // Entries are whole numbers, and so are all sums.
  [[nodiscard]] bool exact() const {
    return std::holds_alternative<internal::PackedTriangle<float>>(packed_);
  }
  // Sum over ordered pairs of two different items.
  [[nodiscard]] double total() const { return total_; }

  // Sums for each column of `labels`, which has a row per item. `path` must be one that the processor has.
  [[nodiscard]] RelabelingSums Sums(
      const LabelMatrix& labels,
      pinchbeck::internal::SimdPath path = pinchbeck::internal::BestSimdPath()) const {
    eigen_assert(labels.rows() == size());
    return std::visit([&](const auto& packed) { return PackedSums(packed, labels, path); }, packed_);
  }

 private:
  using Packed = std::variant<internal::PackedTriangle<float>, internal::PackedTriangle<double>>;

  RelabelingGram(const Eigen::Ref<const Eigen::MatrixXd>& gram, double offset)
      : offset_(offset), packed_(Pack(gram, offset)) {
    row_sums_.resize(gram.cols());
    for (Eigen::Index j = 0; j < gram.cols(); ++j) {
      // Two parts, so that the diagonal never takes part.
      row_sums_(j) = (gram.col(j).head(j).array() - offset).sum() +
                     (gram.col(j).tail(gram.rows() - 1 - j).array() - offset).sum();
    }
    total_ = row_sums_.sum();
  }

  static Packed Pack(const Eigen::Ref<const Eigen::MatrixXd>& gram, double offset) {
    // Sums of a tile's entries stay below 2^24.
    constexpr double kLargest = 0x1p24 / (internal::kTileRows * internal::kTileDepth);
    for (Eigen::Index j = 0; j < gram.cols(); ++j) {
      for (Eigen::Index i = 0; i < gram.rows(); ++i) {
        const double entry = gram(i, j) - offset;
        if (std::abs(entry) <= kLargest && entry == static_cast<double>(static_cast<std::int32_t>(entry)))
          continue;
        return internal::PackedTriangle<double>(gram, offset);
      }
    }
    return internal::PackedTriangle<float>(gram, offset);
  }

  template <typename T>
  RelabelingSums PackedSums(const internal::PackedTriangle<T>& packed, const LabelMatrix& labels,
                            pinchbeck::internal::SimdPath path) const {
    constexpr std::int64_t kColumns = internal::kPanelColumns<T>;
    const internal::ProductLoops<T> loops = internal::ProductLoopsOf<T>(path);
    const std::int64_t n = size(), rows = (n + 15) / 16 * 16;
    pinchbeck::internal::SimdVector<std::uint8_t> bytes(static_cast<std::size_t>(rows * kColumns));
    pinchbeck::internal::SimdVector<T> panel(static_cast<std::size_t>(rows * kColumns));
    RelabelingSums sums{Eigen::RowVectorXd(labels.cols()), Eigen::RowVectorXd(labels.cols())};
    for (std::int64_t first = 0; first < labels.cols(); first += kColumns) {
      alignas(pinchbeck::internal::kSimdAlignment) std::array<double, kColumns> within{}, row_products{};
      internal::LabelRows(labels, first, kColumns, bytes.data());
      loops.expand(bytes.data(), n, row_sums_.data(), panel.data(), row_products.data());
      MultiplyPanel(packed, loops.tile, panel.data(), within.data());
      const std::int64_t width = std::min(kColumns, labels.cols() - first);
      sums.within.segment(first, width) = 2 * Eigen::Map<Eigen::RowVectorXd>(within.data(), width);
      sums.rows.segment(first, width) = Eigen::Map<Eigen::RowVectorXd>(row_products.data(), width);
    }
    return sums;
  }

  template <typename T>
  void MultiplyPanel(const internal::PackedTriangle<T>& packed, internal::ProductTile<T> tile, const T* panel,
                     double* within) const {
    constexpr std::int64_t kColumns = internal::kPanelColumns<T>;
    constexpr std::int64_t kRows = internal::kTileRows, kDepth = internal::kTileDepth;
    const std::int64_t n = size(), panels = (n + kRows - 1) / kRows;
    for (std::int64_t begin = 0; begin < n; begin += kDepth) {
      for (std::int64_t p = begin / kRows; p < panels; ++p) {
        // The last column of a panel of rows is zero.
        const std::int64_t depth = std::min(kDepth, p * kRows + kRows - 1 - begin);
        tile(packed.Panel(p, begin), depth, panel + begin * kColumns, panel + p * kRows * kColumns, within);
      }
    }
  }

  double offset_ = 0, total_ = 0;
  Eigen::RowVectorXd row_sums_;
  Packed packed_;
};

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_GRAM_PRODUCT_H_
