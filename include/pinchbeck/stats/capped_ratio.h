// Choosing a capped likelihood ratio that still grows when it is charged for tolerance and for the
// reference's size.
#ifndef PINCHBECK_STATS_CAPPED_RATIO_H_
#define PINCHBECK_STATS_CAPPED_RATIO_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pinchbeck::stats::internal {

// Relative frequencies with half a count added to every category, so that none is 0.
inline std::vector<double> SmoothedFrequencies(std::span<const std::int64_t> counts) {
  double total = 0;
  for (const std::int64_t count : counts) total += static_cast<double>(count) + 0.5;
  std::vector<double> result;
  result.reserve(counts.size());
  for (const std::int64_t count : counts) result.push_back((static_cast<double>(count) + 0.5) / total);
  return result;
}

// A positive function f on the categories of a cell, scaled to mean 1 under the plug-in reference.
struct CappedRatio {
  std::vector<double> f;
  double smallest = 1;
  double largest = 1;
  // Variance under the plug-in reference.
  double variance = 0;
  // Expected log(f / bound) under the plug-in alternative; 0 where no bet is worth its charge.
  double growth = 0;

  [[nodiscard]] double range() const { return largest - smallest; }
  [[nodiscard]] bool constant() const { return !(growth > 0); }
};

struct CappedRatioTask {
  std::span<const double> reference;
  std::span<const double> alternative;
  // Share of the alternative in the mixture that the bet is made for.
  double fraction = 1;
  double tolerance = 0;
  double cap = 1;
  // Size of the bound part and log(1/level) of its confidence bound, as far as known beforehand.
  double n_bound = 1;
  double log_inverse_level = 0;
};

// Up to 8 values of the likelihood ratio, ascending and distinct, the extremes included.
inline std::vector<double> RatioLevels(std::span<const double> ratio) {
  std::vector<double> sorted(ratio.begin(), ratio.end());
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  constexpr std::size_t kLevels = 8;
  if (sorted.size() <= kLevels) return sorted;
  std::vector<double> levels;
  for (std::size_t i = 0; i < kLevels; ++i) levels.push_back(sorted[i * (sorted.size() - 1) / (kLevels - 1)]);
  return levels;
}

// f = 1 + stake * (clip(ratio, low, high) - 1), judged by its growth. Clipping on both sides is what the
// least favourable pair of two balls in total variation does (Huber 1965, doi:10.1214/aoms/1177699803).
inline CappedRatio JudgeRatio(const CappedRatioTask& task, std::span<const double> ratio, double low,
                              double high, double stake) {
  CappedRatio result;
  double mean = 0, square = 0, growth = 0;
  for (std::size_t k = 0; k < ratio.size(); ++k) {
    const double f = 1 + stake * (std::clamp(ratio[k], low, high) - 1);
    const double q = (1 - task.fraction) * task.reference[k] + task.fraction * task.alternative[k];
    mean += task.reference[k] * f;
    square += task.reference[k] * f * f;
    growth += q * std::log(f);
    result.f.push_back(f);
  }
  for (double& f : result.f) f /= mean;
  result.smallest = *std::min_element(result.f.begin(), result.f.end());
  result.largest = *std::max_element(result.f.begin(), result.f.end());
  result.variance = std::max(0.0, square / (mean * mean) - 1);
  const double error = std::sqrt(2 * result.variance * task.log_inverse_level / task.n_bound) +
                       result.range() * task.log_inverse_level / (3 * task.n_bound);
  const double bound = std::min(result.largest, 1 + error) + task.tolerance * result.range();
  result.growth = growth - std::log(mean) - std::log(bound);
  return result;
}

// The candidate with the largest growth; the constant 1 when none grows. Looks at the build part only, so
// what it returns is a fixed function for the bound part.
inline CappedRatio ChooseCappedRatio(const CappedRatioTask& task) {
  std::vector<double> ratio;
  for (std::size_t k = 0; k < task.reference.size(); ++k) {
    ratio.push_back(std::min(task.cap, task.alternative[k] / task.reference[k]));
  }
  const std::vector<double> levels = RatioLevels(ratio);
  CappedRatio best;
  best.f.assign(ratio.size(), 1);
  for (std::size_t a = 0; a < levels.size(); ++a) {
    for (std::size_t b = a + 1; b < levels.size(); ++b) {
      for (const double share : {1.0, 0.5, 0.25}) {
        CappedRatio candidate = JudgeRatio(task, ratio, levels[a], levels[b], share * task.fraction);
        if (candidate.growth > best.growth) best = std::move(candidate);
      }
    }
  }
  return best;
}

}  // namespace pinchbeck::stats::internal

#endif  // PINCHBECK_STATS_CAPPED_RATIO_H_
