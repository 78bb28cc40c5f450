// Hypergeometric probabilities, and draws of category counts without drawing items.
#ifndef PINCHBECK_STATS_HYPERGEOMETRIC_H_
#define PINCHBECK_STATS_HYPERGEOMETRIC_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/internal/philox_blocks.h"
#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/relabeling.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace pinchbeck::stats {

// Probabilities of x = 0 .. marked for the number of marked items among `draws` of `population` items:
//
//   P(X = x) = C(marked, x) C(population - marked, draws - x) / C(population, draws).
//
// Only ratios of neighbouring terms are used, so the result is the same on every platform.
//
// InvalidArgument: a negative argument, marked or draws above population, population above 2^28.
//
// Cost: O(marked).
//
// Accuracy: relative error below 1e-12 for up to 1000 items (tests/golden/kernel.json).
[[nodiscard]] inline absl::StatusOr<std::vector<double>> HypergeometricProbabilities(std::int64_t population,
                                                                                     std::int64_t marked,
                                                                                     std::int64_t draws) {
  if (marked < 0 || draws < 0 || marked > population || draws > population ||
      population > 2 * internal::kMaxSideItems) {
    return absl::InvalidArgumentError(
        "hypergeometric: population " + std::to_string(population) + ", marked " + std::to_string(marked) +
        ", draws " + std::to_string(draws) + "; need 0 <= marked, draws <= population <= 2^28");
  }
  const std::int64_t low = std::max<std::int64_t>(0, draws - (population - marked));
  const std::int64_t high = std::min(marked, draws);
  std::vector<double> result(static_cast<std::size_t>(marked) + 1, 0.0);
  // From the most likely value outwards, so that nothing overflows.
  const auto mode = static_cast<std::int64_t>(
      static_cast<double>(draws + 1) * static_cast<double>(marked + 1) / static_cast<double>(population + 2));
  const std::int64_t start = std::clamp(mode, low, high);
  const auto real = [](std::int64_t value) { return static_cast<double>(value); };
  result[static_cast<std::size_t>(start)] = 1;
  for (std::int64_t x = start; x < high; ++x) {
    result[static_cast<std::size_t>(x + 1)] = result[static_cast<std::size_t>(x)] * real(marked - x) *
                                              real(draws - x) / real(x + 1) /
                                              real(population - marked - draws + x + 1);
  }
  for (std::int64_t x = start; x > low; --x) {
    result[static_cast<std::size_t>(x - 1)] = result[static_cast<std::size_t>(x)] * real(x) *
                                              real(population - marked - draws + x) / real(marked - x + 1) /
                                              real(draws - x + 1);
  }
  double total = 0;
  for (const double value : result) total += value;
  for (double& value : result) value /= total;
  return result;
}

// Draws how many items of each category are among `draws` items chosen without replacement: the multivariate
// hypergeometric distribution of a relabeled contingency table.
//
// Category by category, the count given those before it is hypergeometric; it is found by inverting its
// distribution function, tabulated for every number of draws that may be left. A table entry has 64 bits, of
// which the lower half is looked at only when the upper half does not decide, so one draw takes one random
// word. Where the tables would take too much memory, a random subset of the items is drawn as bits and
// counted by category: exact as well, and cheaper for large tables.
class MultivariateHypergeometric {
 public:
  // InvalidArgument: no category, a negative count, draws negative or above the sum, a sum above 2^28.
  [[nodiscard]] static absl::StatusOr<MultivariateHypergeometric> Make(std::span<const std::int64_t> counts,
                                                                       std::int64_t draws) {
    std::int64_t total = 0;
    for (const std::int64_t count : counts) {
      if (count < 0 || count > 2 * internal::kMaxSideItems - total) {
        return absl::InvalidArgumentError("hypergeometric: a category has " + std::to_string(count) +
                                          " items; counts must be 0 or more and add up to at most 2^28");
      }
      total += count;
    }
    if (counts.empty() || draws < 0 || draws > total) {
      return absl::InvalidArgumentError("hypergeometric: " + std::to_string(draws) + " draws from " +
                                        std::to_string(total) + " items in " + std::to_string(counts.size()) +
                                        " categories; need a category and 0 to all items as draws");
    }
    return MultivariateHypergeometric(counts, draws, total);
  }

  [[nodiscard]] std::size_t categories() const { return categories_; }

  // One draw from each of `columns` streams: counts[c * categories() + k] items of category k with the words
  // of CounterRng(seed, first_stream + c). `scratch` is overwritten.
  void Draw(std::uint64_t seed, std::uint64_t first_stream, std::size_t columns,
            std::vector<std::uint32_t>& scratch, std::span<std::uint32_t> counts) const {
    std::fill(counts.begin(), counts.end(), 0u);
    for (std::size_t c = 0; c < columns; c += kTogether) {
      const std::size_t width = std::min(kTogether, columns - c);
      const std::span<std::uint32_t> out = counts.subspan(c * categories_, width * categories_);
      tabulated_ ? DrawTogether(seed, first_stream + c, scratch, out)
                 : DrawItems(seed, first_stream + c, scratch, out);
    }
  }

 private:
  // Entries of all tables of one distribution: 256 KiB for each half.
  static constexpr std::int64_t kMaxEntries = std::int64_t{1} << 16;
  static constexpr std::uint32_t kLanes = 8;
  // Draws made side by side: each step of one draw waits for the step before it, but not for other draws.
  static constexpr std::size_t kTogether = pinchbeck::internal::kPhiloxStreams;

  // One category: `marked` of the `population` items of this and later categories. Row d of its table, of
  // `stride` entries from `offset`, is for d draws left; entry x is P(X <= x) in units of 2^-64.
  struct Table {
    std::uint32_t category = 0, marked = 0, population = 0, stride = 0;
    std::size_t offset = 0;
  };
  // Where a category's items stand among all.
  struct Block {
    std::uint32_t category = 0;
    std::uint32_t begin = 0, end = 0;
  };

  MultivariateHypergeometric(std::span<const std::int64_t> counts, std::int64_t draws, std::int64_t total)
      : categories_(counts.size()), draws_(draws), total_(total) {
    // Large categories first: they leave fewer draws to the others.
    std::vector<std::size_t> order(counts.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return counts[a] > counts[b]; });
    std::int64_t entries = 0;
    for (const std::int64_t count : counts)
      entries = std::min(entries + Stride(count) * (draws + 1), kMaxEntries + 1);
    tabulated_ = entries <= kMaxEntries;
    std::uint32_t begin = 0;
    for (const std::size_t k : order) {
      if (counts[k] == 0) break;
      const auto count = static_cast<std::uint32_t>(counts[k]),
                 population = static_cast<std::uint32_t>(total - begin);
      last_ = static_cast<std::uint32_t>(k);
      // The last category takes the draws that are left.
      if (tabulated_ && count < population) AddTable(last_, count, population);
      if (!tabulated_) blocks_.push_back({last_, begin, begin + count});
      begin += count;
    }
  }

  static std::int64_t Stride(std::int64_t marked) { return (marked + kLanes - 1) / kLanes * kLanes; }

  // The upper half is stored with its top bit turned over, for signed comparisons.
  static std::int32_t Signed(std::uint32_t word) { return static_cast<std::int32_t>(word ^ 0x80000000u); }

  void AddTable(std::uint32_t category, std::uint32_t marked, std::uint32_t population) {
    Table table{category, marked, population, static_cast<std::uint32_t>(Stride(marked)), upper_.size()};
    for (std::int64_t d = 0; d <= draws_; ++d) {
      double below = 0;
      std::vector<double> probabilities;
      // Draws that cannot be left here have an empty row.
      if (d <= population) probabilities = *HypergeometricProbabilities(population, marked, d);
      const std::int64_t high = std::min<std::int64_t>(marked, d);
      for (std::uint32_t x = 0; x < table.stride; ++x) {
        std::uint64_t bits = std::numeric_limits<std::uint64_t>::max();
        if (x < high && x < probabilities.size()) {
          below += probabilities[x];
          if (below < 1) bits = static_cast<std::uint64_t>(below * 0x1.0p64);
        }
        upper_.push_back(Signed(static_cast<std::uint32_t>(bits >> 32)));
        lower_.push_back(static_cast<std::uint32_t>(bits));
      }
    }
    tables_.push_back(table);
  }

  void DrawTogether(std::uint64_t seed, std::uint64_t stream, std::vector<std::uint32_t>& scratch,
                    std::span<std::uint32_t> counts) const {
    // One word for each table, from blocks of four.
    const std::size_t blocks = (tables_.size() + 3) / 4, columns = counts.size() / categories_;
    scratch.resize(blocks * 4 * kTogether);
    for (std::size_t b = 0; b < blocks; ++b) {
      pinchbeck::internal::PhiloxWords words;
      pinchbeck::internal::PhiloxBlocks(seed, stream, b, words);
      for (std::size_t w = 0; w < 4; ++w) {
        std::copy(words[w].begin(), words[w].end(),
                  scratch.begin() + static_cast<std::ptrdiff_t>((4 * b + w) * kTogether));
      }
    }
    std::array<std::uint32_t, kTogether> left;
    left.fill(static_cast<std::uint32_t>(draws_));
    for (std::size_t t = 0; t < tables_.size(); ++t) {
      const Table& table = tables_[t];
      for (std::size_t c = 0; c < columns; ++c) {
        const std::uint32_t count =
            Invert(table, left[c], Signed(scratch[t * kTogether + c]), seed, stream + c);
        counts[c * categories_ + table.category] = count;
        left[c] -= count;
      }
    }
    for (std::size_t c = 0; c < columns; ++c) counts[c * categories_ + last_] = left[c];
  }

  // The number of entries of the row that the word reaches; entries rise.
  [[nodiscard]] std::uint32_t Invert(const Table& table, std::uint32_t left, std::int32_t word,
                                     std::uint64_t seed, std::uint64_t stream) const {
    const std::size_t offset = table.offset + std::size_t{left} * table.stride;
    const std::int32_t* row = upper_.data() + offset;
    std::uint32_t x = 0;
    for (std::uint32_t i = 0; i < table.stride; i += kLanes) x += CountReached(row + i, word);
    if (x > 0 && row[x - 1] == word) [[unlikely]] {
      // A word of its own, far behind those of the tables.
      const auto address = static_cast<std::uint64_t>(&table - tables_.data());
      pinchbeck::internal::PhiloxWords words;
      pinchbeck::internal::PhiloxBlocks(seed, stream, (std::uint64_t{1} << 40) + address, words);
      const std::uint32_t low = words[0][0];
      while (x > 0 && row[x - 1] == word && low < lower_[offset + x - 1]) --x;
      x = std::min({x, table.marked, left});
    }
    return x;
  }

  // How many of eight rising entries are at most `word`.
  static std::uint32_t CountReached(const std::int32_t* row, std::int32_t word) {
#if defined(__SSE2__)
    const __m128i probe = _mm_set1_epi32(word);
    const __m128i first = _mm_loadu_si128(reinterpret_cast<const __m128i*>(row));
    const __m128i second = _mm_loadu_si128(reinterpret_cast<const __m128i*>(row + 4));
    const __m128i above = _mm_packs_epi32(_mm_cmpgt_epi32(first, probe), _mm_cmpgt_epi32(second, probe));
    const auto mask = static_cast<std::uint32_t>(_mm_movemask_epi8(above)) | 0x10000u;
    return static_cast<std::uint32_t>(std::countr_zero(mask)) / 2;
#else
    std::uint32_t reached = 0;
    for (std::uint32_t i = 0; i < kLanes; ++i) reached += row[i] <= word ? 1 : 0;
    return reached;
#endif
  }

  // Items stand in order of their category; a random subset of them is counted block by block.
  void DrawItems(std::uint64_t seed, std::uint64_t stream, std::vector<std::uint32_t>& scratch,
                 std::span<std::uint32_t> counts) const {
    scratch.resize(internal::BitWords(total_));
    for (std::uint32_t* out = counts.data(); out != counts.data() + counts.size();
         out += categories_, ++stream) {
      CounterRng rng(seed, stream);
      internal::DrawSubset(static_cast<std::uint32_t>(total_), static_cast<std::uint32_t>(draws_), rng,
                           scratch);
      for (const Block& block : blocks_) out[block.category] = CountBits(scratch, block.begin, block.end);
    }
  }

  static std::uint32_t CountBits(std::span<const std::uint32_t> words, std::uint32_t begin,
                                 std::uint32_t end) {
    int count = 0;
    for (std::uint32_t w = begin / 32; w * 32 < end; ++w) {
      std::uint32_t word = words[w];
      if (begin > w * 32) word &= ~0u << (begin - w * 32);
      if (end < w * 32 + 32) word &= (1u << (end - w * 32)) - 1;
      count += std::popcount(word);
    }
    return static_cast<std::uint32_t>(count);
  }

  std::size_t categories_;
  std::int64_t draws_, total_;
  bool tabulated_ = false;
  // Category that comes last in the order of drawing.
  std::uint32_t last_ = 0;
  std::vector<Table> tables_;
  std::vector<Block> blocks_;
  std::vector<std::int32_t> upper_;
  std::vector<std::uint32_t> lower_;
};

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_HYPERGEOMETRIC_H_
