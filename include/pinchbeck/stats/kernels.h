// Gram matrices of texts, token ids and feature vectors.
//
// Each function takes the items of one stratum, reference first, and gives a symmetric matrix with a row per
// item. Kernels that count return whole numbers, so that sums over relabelings are exact; divide the
// statistic, not the matrix, where a share is wanted.
#ifndef PINCHBECK_STATS_KERNELS_H_
#define PINCHBECK_STATS_KERNELS_H_

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/internal/simd.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/gram_product.h"
#include "pinchbeck/stats/match_count.h"

namespace pinchbeck::stats {

namespace internal {

inline absl::Status CheckItems(std::size_t n, std::string_view name) {
  if (n >= 1 && n <= static_cast<std::size_t>(kMaxGramItems)) return absl::OkStatus();
  return absl::InvalidArgumentError(std::string(name) + " has " + std::to_string(n) +
                                    " items; a Gram matrix takes 1 to " + std::to_string(kMaxGramItems) +
                                    ", so draw a subsample");
}

// Copies the lower triangle to the upper one, by blocks that fit the cache.
inline void MirrorLower(Eigen::MatrixXd& gram) {
  constexpr Eigen::Index kBlock = 32;
  const Eigen::Index n = gram.rows();
  for (Eigen::Index c = 0; c < n; c += kBlock) {
    const Eigen::Index width = std::min(kBlock, n - c);
    for (Eigen::Index j = c; j < c + width; ++j) {
      for (Eigen::Index i = j + 1; i < c + width; ++i) gram(j, i) = gram(i, j);
    }
    for (Eigen::Index r = c + kBlock; r < n; r += kBlock) {
      const Eigen::Index height = std::min(kBlock, n - r);
      gram.block(c, r, width, height) = gram.block(r, c, height, width).transpose();
    }
  }
}

// `Items`: a span of string views (Element: a byte) or of spans of ids.
template <typename Element, typename Items>
absl::StatusOr<Eigen::MatrixXd> HammingGramOn(pinchbeck::internal::SimdPath path, const Items& items,
                                              std::size_t length_limit, std::string_view name) {
  PINCHBECK_RETURN_IF_ERROR(CheckItems(items.size(), name));
  if (length_limit < 1) {
    return absl::InvalidArgumentError("length_limit is 0; compare at least one position");
  }
  std::vector<std::span<const Element>> cut;
  std::size_t longest = 0;
  for (const auto& item : items) {
    const auto length = std::min(static_cast<std::size_t>(item.size()), length_limit);
    cut.emplace_back(reinterpret_cast<const Element*>(item.data()), length);
    longest = std::max(longest, length);
  }
  const auto n = static_cast<Eigen::Index>(items.size());
  Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(n, n);
  AddMatches<Element>(path, cut, longest, gram);
  MirrorLower(gram);
  return gram;
}

// Items in lexicographic order: the common prefix of two of them is the shortest among neighbours between.
template <typename Items>
absl::StatusOr<Eigen::MatrixXd> SharedPrefixGramOf(const Items& items, std::string_view name) {
  PINCHBECK_RETURN_IF_ERROR(CheckItems(items.size(), name));
  std::vector<std::size_t> order(items.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::lexicographical_compare(items[a].begin(), items[a].end(), items[b].begin(), items[b].end());
  });
  std::vector<std::size_t> shared;
  for (std::size_t k = 0; k + 1 < order.size(); ++k) {
    const auto &a = items[order[k]], &b = items[order[k + 1]];
    const auto end = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
    shared.push_back(static_cast<std::size_t>(end.first - a.begin()));
  }
  Eigen::MatrixXd gram(items.size(), items.size());
  for (std::size_t k = 0; k < order.size(); ++k) {
    const auto i = static_cast<Eigen::Index>(order[k]);
    std::size_t common = items[order[k]].size();
    gram(i, i) = static_cast<double>(common);
    for (std::size_t l = k; l + 1 < order.size(); ++l) {
      common = std::min(common, shared[l]);
      const auto j = static_cast<Eigen::Index>(order[l + 1]);
      gram(i, j) = gram(j, i) = static_cast<double>(common);
    }
  }
  return gram;
}

// One coordinate of a sparse vector.
struct GramWeight {
  std::uint64_t gram = 0;
  double weight = 0;
};

// Square roots of the shares of a text's 3-grams, sorted by 3-gram. The squares sum to 1.
template <typename Code>
std::vector<GramWeight> SpectrumVector(std::span<const Code> codes) {
  constexpr std::uint64_t kBoundary = 0x1FFFFF, kMask = (std::uint64_t{1} << 63) - 1;
  std::vector<std::uint64_t> grams;
  grams.reserve(codes.size() + 2);
  std::uint64_t window = kBoundary << 21 | kBoundary;
  for (std::size_t i = 0; i < codes.size() + 2; ++i) {
    window = (window << 21 | (i < codes.size() ? std::uint64_t{codes[i]} : kBoundary)) & kMask;
    grams.push_back(window);
  }
  std::sort(grams.begin(), grams.end());
  std::vector<GramWeight> vector;
  for (std::size_t i = 0; i < grams.size();) {
    std::size_t end = i;
    while (end < grams.size() && grams[end] == grams[i]) ++end;
    vector.push_back({grams[i], std::sqrt(static_cast<double>(end - i) / static_cast<double>(grams.size()))});
    i = end;
  }
  return vector;
}

// Inner products of sparse vectors: each item in turn is spread over the vocabulary and the later ones look
// their coordinates up. Replaces 3-grams by their places in the vocabulary.
inline Eigen::MatrixXd SparseGram(std::vector<std::vector<GramWeight>> vectors) {
  std::vector<std::uint64_t> vocabulary;
  for (const auto& vector : vectors) {
    for (const GramWeight& w : vector) vocabulary.push_back(w.gram);
  }
  std::sort(vocabulary.begin(), vocabulary.end());
  vocabulary.erase(std::unique(vocabulary.begin(), vocabulary.end()), vocabulary.end());
  for (auto& vector : vectors) {
    for (GramWeight& w : vector) {
      w.gram = static_cast<std::uint64_t>(std::lower_bound(vocabulary.begin(), vocabulary.end(), w.gram) -
                                          vocabulary.begin());
    }
  }
  std::vector<double> dense(vocabulary.size(), 0.0);
  const auto n = static_cast<Eigen::Index>(vectors.size());
  Eigen::MatrixXd gram(n, n);
  for (Eigen::Index j = 0; j < n; ++j) {
    const auto& own = vectors[static_cast<std::size_t>(j)];
    for (const GramWeight& w : own) dense[w.gram] = w.weight;
    for (Eigen::Index i = j; i < n; ++i) {
      double sum = 0;
      for (const GramWeight& w : vectors[static_cast<std::size_t>(i)]) sum += w.weight * dense[w.gram];
      gram(i, j) = sum;
    }
    for (const GramWeight& w : own) dense[w.gram] = 0;
  }
  MirrorLower(gram);
  return gram;
}

}  // namespace internal

// Number of positions at which two texts have the same byte.
//
//   K_ij = #{p < min(|x_i|, |x_j|, length_limit) : x_i[p] = x_j[p]},   K_ii = min(|x_i|, length_limit).
//
// A position beyond the end of either text agrees with nothing, so texts are not made alike by being short.
// Entries are whole numbers, the same on every processor. The kernel is positive definite: it is the inner
// product of indicators (position, byte). Divided by length_limit it is the prefix Hamming kernel.
//
// InvalidArgument: `texts` is empty or has more than 16,384 items; length_limit is 0.
//
// Cost: N^2 / 2 compare-and-count passes over at most length_limit bytes, 64 bytes at a time where the
// processor can.
//
// Accuracy: exact.
//
// Reference: Gao, Liang & Guestrin 2024, arXiv 2410.20247.
[[nodiscard]] inline absl::StatusOr<Eigen::MatrixXd> HammingGram(std::span<const std::string_view> texts,
                                                                 std::size_t length_limit) {
  return internal::HammingGramOn<std::uint8_t>(pinchbeck::internal::BestSimdPath(), texts, length_limit,
                                               "texts");
}

// The same over token ids.
[[nodiscard]] inline absl::StatusOr<Eigen::MatrixXd> HammingGram(
    std::span<const std::span<const std::int32_t>> ids, std::size_t length_limit) {
  return internal::HammingGramOn<std::int32_t>(pinchbeck::internal::BestSimdPath(), ids, length_limit, "ids");
}

// Length of the common prefix of two texts, in bytes; K_ii = |x_i|.
//
// Whole numbers. Positive definite: the inner product of indicators of all prefixes. It weighs the place of
// the first difference and nothing after it, so it suits greedy outputs.
//
// InvalidArgument: `texts` is empty or has more than 16,384 items.
//
// Cost: one sort, O(N) comparisons of neighbours and O(N^2) minima, whatever the lengths.
//
// Accuracy: exact.
[[nodiscard]] inline absl::StatusOr<Eigen::MatrixXd> SharedPrefixGram(
    std::span<const std::string_view> texts) {
  return internal::SharedPrefixGramOf(texts, "texts");
}

// The same over token ids.
[[nodiscard]] inline absl::StatusOr<Eigen::MatrixXd> SharedPrefixGram(
    std::span<const std::span<const std::int32_t>> ids) {
  return internal::SharedPrefixGramOf(ids, "ids");
}

// Likeness of the 3-grams of two texts: the Bhattacharyya coefficient of their relative frequencies.
//
//   K_ij = sum over 3-grams g of sqrt(f_i(g) f_j(g)),   f(g) = share of g among the text's 3-grams.
//
// Between 0 and 1; K_ii = 1 up to rounding. Positive definite. A text is read with two boundary marks on each
// side, which differ from every character, so short and empty texts have 3-grams too. Square roots keep
// frequent 3-grams from drowning the others.
//
// The unit of `texts` is the byte.
//
// InvalidArgument: `texts` is empty or has more than 16,384 items.
//
// Cost: O(L log L) a text, then N / 2 look-ups per distinct 3-gram of each text.
//
// Accuracy: within 1e-12 of NumPy (tests/golden/kernel.json).
[[nodiscard]] inline absl::StatusOr<Eigen::MatrixXd> SpectrumGram(std::span<const std::string_view> texts) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckItems(texts.size(), "texts"));
  std::vector<std::vector<internal::GramWeight>> vectors;
  for (const std::string_view text : texts) {
    vectors.push_back(internal::SpectrumVector<std::uint8_t>(
        {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}));
  }
  return internal::SparseGram(std::move(vectors));
}

// The same over code points.
//
// InvalidArgument also: a value above U+10FFFF.
[[nodiscard]] inline absl::StatusOr<Eigen::MatrixXd> SpectrumGram(
    std::span<const std::u32string_view> texts) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckItems(texts.size(), "texts"));
  std::vector<std::vector<internal::GramWeight>> vectors;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    for (std::size_t p = 0; p < texts[i].size(); ++p) {
      if (texts[i][p] <= U'\U0010FFFF') continue;
      return absl::InvalidArgumentError("texts[" + std::to_string(i) + "][" + std::to_string(p) + "] is " +
                                        std::to_string(static_cast<std::uint32_t>(texts[i][p])) +
                                        "; code points end at 1114111 (U+10FFFF)");
    }
    vectors.push_back(internal::SpectrumVector<char32_t>({texts[i].data(), texts[i].size()}));
  }
  return internal::SparseGram(std::move(vectors));
}

// One kind of 3-gram, named by any number, and how often a text has it.
using GramCount = std::pair<std::uint32_t, std::uint32_t>;

// The same from counted 3-grams, where the texts themselves are not at hand; each item by rising 3-gram. An
// item without any has K_ij = 0 with all items, itself included.
//
// InvalidArgument: `counts` is empty or has more than 16,384 items; 3-grams out of order; a count of 0.
[[nodiscard]] inline absl::StatusOr<Eigen::MatrixXd> SpectrumGram(
    std::span<const std::span<const GramCount>> counts) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckItems(counts.size(), "counts"));
  std::vector<std::vector<internal::GramWeight>> vectors(counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) {
    double total = 0;
    for (std::size_t k = 0; k < counts[i].size(); ++k) {
      total += counts[i][k].second;
      const bool rises = k == 0 || counts[i][k - 1].first < counts[i][k].first;
      if (rises && counts[i][k].second > 0) continue;
      return absl::InvalidArgumentError(
          "counts[" + std::to_string(i) + "][" + std::to_string(k) + "] has " +
          (rises ? "count 0; leave it out" : "a 3-gram out of order; sort them"));
    }
    vectors[i].reserve(counts[i].size());
    for (const auto& [gram, count] : counts[i]) vectors[i].push_back({gram, std::sqrt(count / total)});
  }
  return internal::SparseGram(std::move(vectors));
}

// Inner products of feature vectors, one row of `features` an item.
//
// With this kernel MMD^2 is the squared distance of mean features without its bias. Bring features to
// comparable units first.
//
// InvalidArgument: no row, no column, more than 16,384 rows, a value that is not finite, or products that
// overflow.
//
// Cost: O(N^2 d).
//
// Accuracy: rounding of a sum of d products.
[[nodiscard]] inline absl::StatusOr<Eigen::MatrixXd> LinearGram(
    const Eigen::Ref<const Eigen::MatrixXd>& features) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckItems(static_cast<std::size_t>(features.rows()), "features"));
  if (features.cols() < 1) {
    return absl::InvalidArgumentError("features has no column; give at least one feature");
  }
  for (Eigen::Index j = 0; j < features.cols(); ++j) {
    for (Eigen::Index i = 0; i < features.rows(); ++i) {
      if (std::isfinite(features(i, j))) continue;
      return absl::InvalidArgumentError("features(" + std::to_string(i) + ", " + std::to_string(j) + ") is " +
                                        (std::isnan(features(i, j)) ? "NaN" : "infinite") +
                                        "; remove missing and unbounded values first");
    }
  }
  Eigen::MatrixXd gram = features * features.transpose();
  // A blocked product may round an entry and its mirror image differently.
  internal::MirrorLower(gram);
  if (!gram.allFinite()) {
    return absl::InvalidArgumentError("features: inner products overflow a double; rescale the features");
  }
  return gram;
}

// One value of a sparse feature vector.
struct SparseValue {
  std::uint32_t feature = 0;
  double value = 0;
};

// The same for sparse vectors; features that an item does not list are 0. Each item by rising feature.
//
// InvalidArgument: `items` is empty or has more than 16,384 items; features out of order; a value that is not
// finite, or products that overflow. Cost: N / 2 look-ups per value.
[[nodiscard]] inline absl::StatusOr<Eigen::MatrixXd> LinearGram(
    std::span<const std::vector<SparseValue>> items) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckItems(items.size(), "items"));
  std::vector<std::vector<internal::GramWeight>> vectors(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    for (std::size_t k = 0; k < items[i].size(); ++k) {
      const bool rises = k == 0 || items[i][k - 1].feature < items[i][k].feature;
      if (!rises || !std::isfinite(items[i][k].value)) {
        return absl::InvalidArgumentError(
            "items[" + std::to_string(i) + "][" + std::to_string(k) + "] " +
            (rises ? "is not finite; remove it first" : "has a feature out of order; sort them"));
      }
      vectors[i].push_back({items[i][k].feature, items[i][k].value});
    }
  }
  Eigen::MatrixXd gram = internal::SparseGram(std::move(vectors));
  if (!gram.allFinite()) {
    return absl::InvalidArgumentError("items: inner products overflow a double; rescale the features");
  }
  return gram;
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_KERNELS_H_
