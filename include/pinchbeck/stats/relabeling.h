// Relabelings of strata: their number, all of them in turn, or uniform draws addressed by their number.
#ifndef PINCHBECK_STATS_RELABELING_H_
#define PINCHBECK_STATS_RELABELING_H_

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck::stats {

// Sizes of one stratum. Items are numbered with the reference first: 0 .. n_reference - 1, then the observed
// ones.
struct Stratum {
  std::int64_t n_reference = 0;
  std::int64_t n_observed = 0;
  [[nodiscard]] std::int64_t size() const { return n_reference + n_observed; }
};

struct PermutationOptions {
  // Number B of random relabelings. Enumeration replaces them when there are at most B + 1 relabelings in
  // all.
  std::int64_t permutations = 9999;
  std::uint64_t seed = 1;
  // Results do not depend on the number of threads.
  int threads = 1;
  // PermutationTest() stops at this many relabelings that reach the observed value; 0: never early.
  std::int64_t stop_after = 0;
};

// One column per relabeling, one row per item of the stratum; 1 marks "observed".
using LabelMatrix = Eigen::Matrix<std::uint8_t, Eigen::Dynamic, Eigen::Dynamic>;

namespace internal {

// Items of one side of a stratum, and relabelings: room for products and sums of sizes in 64 bits.
inline constexpr std::int64_t kMaxSideItems = std::int64_t{1} << 27;
inline constexpr std::int64_t kMaxPermutations = std::int64_t{1} << 48;

// value * factor / divisor, a whole number, for factor <= 2^28 and divisor <= 2^28; max() when above `limit`.
inline std::int64_t MultiplyDivide(std::int64_t value, std::int64_t factor, std::int64_t divisor,
                                   std::int64_t limit) {
  const std::int64_t whole = value / divisor, rest = value % divisor;
  if (whole > limit / std::max<std::int64_t>(factor, 1)) return std::numeric_limits<std::int64_t>::max();
  const std::int64_t result = whole * factor + rest * factor / divisor;
  return result > limit ? std::numeric_limits<std::int64_t>::max() : result;
}

// n choose k, or max() when it exceeds `limit`. n <= 2^28.
inline std::int64_t BoundedBinomial(std::int64_t n, std::int64_t k, std::int64_t limit) {
  k = std::min(k, n - k);
  std::int64_t value = 1;
  for (std::int64_t i = 1; i <= k; ++i) {
    value = MultiplyDivide(value, n - k + i, i, limit);
    if (value > limit) return value;
  }
  return value;
}

// Number of relabelings of each stratum, or empty when their product exceeds `limit`.
inline std::vector<std::int64_t> EnumerableCounts(std::span<const Stratum> strata, std::int64_t limit) {
  std::vector<std::int64_t> counts;
  std::int64_t total = 1;
  for (const Stratum& stratum : strata) {
    const std::int64_t count = BoundedBinomial(stratum.size(), stratum.n_observed, limit);
    if (count > limit || total > limit / count) return {};
    total *= count;
    counts.push_back(count);
  }
  return counts;
}

// The rank-th way to mark `chosen` of labels.size() items, in an order whose last entry marks the last items
// (the observed labeling). `count` is the number of ways.
inline void UnrankCombination(std::int64_t rank, std::int64_t chosen, std::int64_t count,
                              std::span<std::uint8_t> labels) {
  constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();
  auto left = static_cast<std::int64_t>(labels.size());
  for (std::uint8_t& label : labels) {
    // Of `count` labelings of the items from here on, those that mark this item come first.
    const std::int64_t marked = MultiplyDivide(count, chosen, left, kNoLimit);
    label = rank < marked ? 1 : 0;
    if (label == 0) rank -= marked;
    chosen -= label;
    count = label == 1 ? marked : count - marked;
    --left;
  }
}

// Words of a bit set of `n` items.
inline std::size_t BitWords(std::int64_t n) { return static_cast<std::size_t>((n + 31) / 32); }

// Sets every bit with chance sixteenths / 16, 1 to 15, independently: the binary digits of the chance, from
// the lowest one, are joined to random words by "or" (digit 1) and "and" (digit 0).
inline void DrawBits(unsigned sixteenths, CounterRng& rng, std::span<std::uint32_t> words) {
  const int lowest = std::countr_zero(sixteenths);
  for (std::uint32_t& word : words) {
    word = rng.Next32();
    for (int digit = lowest + 1; digit < 4; ++digit) {
      const std::uint32_t random = rng.Next32();
      word = (sixteenths >> digit & 1) != 0 ? word | random : word & random;
    }
  }
}

// Marks `picks` of `n` items, every set of that size with the same chance. Bits are drawn independently and
// their number is then corrected by turning random items over. Both steps treat all items alike, so all sets
// of one size stay equally likely; the cost is n / 8 random words or less. words.size() == BitWords(n).
inline void DrawSubset(std::uint32_t n, std::uint32_t picks, CounterRng& rng,
                       std::span<std::uint32_t> words) {
  const bool inverted = picks > n / 2;
  const std::uint32_t wanted = inverted ? n - picks : picks;
  std::uint32_t count = 0;
  if (wanted <= n / 8) {
    std::fill(words.begin(), words.end(), 0u);
  } else {
    DrawBits((16 * wanted + n / 2) / n, rng, words);
    if (n % 32 != 0) words.back() &= (1u << n % 32) - 1;
    for (const std::uint32_t word : words) count += static_cast<std::uint32_t>(std::popcount(word));
  }
  const std::uint32_t surplus = count > wanted ? 1 : 0;
  while (count != wanted) {
    const std::uint32_t i = rng.Below(n);
    if ((words[i / 32] >> i % 32 & 1) != surplus) continue;
    words[i / 32] ^= 1u << i % 32;
    count += surplus != 0 ? ~0u : 1u;
  }
  if (!inverted) return;
  for (std::uint32_t& word : words) word = ~word;
  if (n % 32 != 0) words.back() &= (1u << n % 32) - 1;
}

// Marks `n_observed` items chosen uniformly.
inline void DrawLabels(const Stratum& stratum, CounterRng& rng, std::vector<std::uint32_t>& scratch,
                       std::span<std::uint8_t> labels) {
  scratch.resize(BitWords(stratum.size()));
  DrawSubset(static_cast<std::uint32_t>(stratum.size()), static_cast<std::uint32_t>(stratum.n_observed), rng,
             scratch);
  std::size_t i = 0;
  for (std::uint32_t word : scratch) {
    const std::size_t end = std::min(labels.size(), i + 32);
    for (; i < end; ++i, word >>= 1) labels[i] = word & 1;
  }
}

inline absl::Status CheckStrata(std::span<const Stratum> strata, const PermutationOptions& options) {
  if (strata.empty())
    return absl::InvalidArgumentError("permutation test: no stratum has data on both sides");
  if (options.permutations < 1 || options.permutations > kMaxPermutations) {
    return absl::InvalidArgumentError("permutation test: permutations is " +
                                      std::to_string(options.permutations) + "; it must be 1 to 2^48");
  }
  if (options.stop_after < 0) {
    return absl::InvalidArgumentError("permutation test: stop_after is " +
                                      std::to_string(options.stop_after) + "; it must be 0 or more");
  }
  for (std::size_t s = 0; s < strata.size(); ++s) {
    for (const std::int64_t n : {strata[s].n_reference, strata[s].n_observed}) {
      if (n >= 1 && n <= kMaxSideItems) continue;
      return absl::InvalidArgumentError(
          "permutation test: stratum " + std::to_string(s) + " has " + std::to_string(n) + " items on the " +
          (n == strata[s].n_reference ? "reference" : "observed") +
          " side; every stratum needs 1 to 2^27 items on each side, so leave it out or draw a subsample");
    }
  }
  return absl::OkStatus();
}

}  // namespace internal

// Which relabelings a test looks at. Column 0 is the observed labeling; columns 1 .. columns() - 1 are the
// other relabelings, all of them once or random ones. A column of a stratum is a function of (seed, stratum,
// column) only, so columns can be made anew in any order and on any thread.
class RelabelingPlan {
 public:
  // InvalidArgument: no stratum, a side of a stratum that is empty or above 2^27 items, or permutations
  // outside 1 .. 2^48.
  [[nodiscard]] static absl::StatusOr<RelabelingPlan> Make(std::span<const Stratum> strata,
                                                           const PermutationOptions& options) {
    PINCHBECK_RETURN_IF_ERROR(internal::CheckStrata(strata, options));
    RelabelingPlan plan;
    plan.strata_.assign(strata.begin(), strata.end());
    plan.seed_ = options.seed;
    plan.counts_ = internal::EnumerableCounts(strata, options.permutations + 1);
    plan.columns_ = options.permutations + 1;
    if (plan.exact()) {
      plan.columns_ = 1;
      for (const std::int64_t count : plan.counts_) {
        plan.divisors_.push_back(plan.columns_);
        plan.columns_ *= count;
      }
    }
    std::int64_t largest = 1;
    for (const Stratum& stratum : strata) largest = std::max(largest, stratum.size());
    plan.batch_ = kMaxBatch;
    while (plan.batch_ > 8 && plan.batch_ * largest > kBatchLabels) plan.batch_ /= 2;
    return plan;
  }

  [[nodiscard]] std::int64_t columns() const { return columns_; }
  [[nodiscard]] bool exact() const { return !counts_.empty(); }
  [[nodiscard]] std::span<const Stratum> strata() const { return strata_; }
  [[nodiscard]] std::uint64_t seed() const { return seed_; }
  // Columns to fill at a time: a power of two, smaller where strata are large.
  [[nodiscard]] std::int64_t batch() const { return batch_; }

  // Labels of stratum `s` in columns first .. first + labels.cols() - 1. `first` is a multiple of batch(),
  // and `labels` has a row for each item and at most batch() columns.
  void FillLabels(std::size_t s, std::int64_t first, LabelMatrix& labels) const {
    const Stratum& stratum = strata_[s];
    if (!exact() && stratum.size() == 2) {
      FillSwaps(s, first, labels);
      return;
    }
    std::vector<std::uint32_t> scratch;
    for (Eigen::Index c = 0; c < labels.cols(); ++c) {
      const std::int64_t column = first + c;
      const std::span<std::uint8_t> out(labels.col(c).data(), static_cast<std::size_t>(labels.rows()));
      if (column == 0) {
        std::fill(out.begin(), out.begin() + stratum.n_reference, std::uint8_t{0});
        std::fill(out.begin() + stratum.n_reference, out.end(), std::uint8_t{1});
      } else if (exact()) {
        // The observed labeling is the last rank of every stratum.
        const std::int64_t rank = (columns_ - 1 - column) / divisors_[s] % counts_[s];
        internal::UnrankCombination(rank, stratum.n_observed, counts_[s], out);
      } else {
        CounterRng rng(MixSeed(seed_, s), static_cast<std::uint64_t>(column));
        internal::DrawLabels(stratum, rng, scratch, out);
      }
    }
  }

 private:
  static constexpr std::int64_t kMaxBatch = 128;
  // Labels that one batch of one stratum may take.
  static constexpr std::int64_t kBatchLabels = std::int64_t{1} << 22;

  RelabelingPlan() = default;

  // One random bit decides each relabeling of a pair; 128 columns share a block of the generator.
  void FillSwaps(std::size_t s, std::int64_t first, LabelMatrix& labels) const {
    CounterRng rng(MixSeed(seed_, s), static_cast<std::uint64_t>(first / 128));
    const std::array<std::uint32_t, 4> words = {rng.Next32(), rng.Next32(), rng.Next32(), rng.Next32()};
    for (Eigen::Index c = 0; c < labels.cols(); ++c) {
      const auto bit = static_cast<std::size_t>((first + c) % 128);
      const std::uint32_t swapped = first + c == 0 ? 0 : words[bit / 32] >> bit % 32 & 1;
      labels(0, c) = static_cast<std::uint8_t>(swapped);
      labels(1, c) = static_cast<std::uint8_t>(1 - swapped);
    }
  }

  std::vector<Stratum> strata_;
  std::uint64_t seed_ = 0;
  std::int64_t columns_ = 0;
  std::int64_t batch_ = kMaxBatch;
  // Of the enumeration; empty for random relabelings.
  std::vector<std::int64_t> counts_, divisors_;
};

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_RELABELING_H_
