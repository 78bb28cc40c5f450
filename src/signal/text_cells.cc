#include "src/signal/text_cells.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <utility>

#include "absl/status/statusor.h"
#include "pinchbeck/stats/kernels.h"
#include "src/signal/effect.h"

namespace pinchbeck::internal {
namespace {

// Texts used of each side of a probe; the Gram matrix grows with the square.
constexpr std::size_t kMaxTextsPerSide = 400;
// Positions that the match counts compare. Answers that have parted by then agree by chance only, which adds
// noise.
constexpr std::size_t kMatchedPositions = 64;

TextCell BuildCell(const std::string& probe, const ProbeSample& reference, const ProbeSample& observed) {
  TextCell cell;
  cell.probe = probe;
  const Texts x = Spread(reference.texts, kMaxTextsPerSide), y = Spread(observed.texts, kMaxTextsPerSide);
  cell.stratum = {static_cast<std::int64_t>(x.size()), static_cast<std::int64_t>(y.size())};
  cell.items = x;
  cell.items.insert(cell.items.end(), y.begin(), y.end());
  cell.weight = StratumWeight(static_cast<double>(x.size()), static_cast<double>(y.size()));
  cell.conditions = &reference.conditions;
  return cell;
}

// Keeps every cell with more answers, and pairs spread evenly over the probes.
std::vector<TextCell> LimitPairs(std::vector<TextCell> cells) {
  const auto pairs = static_cast<std::size_t>(
      std::count_if(cells.begin(), cells.end(), [](const TextCell& cell) { return cell.pair(); }));
  if (pairs <= kMaxPairs) return cells;
  std::vector<TextCell> kept;
  std::size_t pair = 0;
  for (TextCell& cell : cells) {
    const bool keep = !cell.pair() || (pair + 1) * kMaxPairs / pairs > pair * kMaxPairs / pairs;
    pair += cell.pair() ? 1 : 0;
    if (keep) kept.push_back(std::move(cell));
  }
  return kept;
}

// The sequences that a kernel compares.
std::vector<std::vector<std::int32_t>> Sequences(TextKernel kernel, const Texts& items) {
  std::vector<std::vector<std::int32_t>> sequences;
  for (const TextFeatures* item : items) {
    if (kernel == TextKernel::kTokenMatches || kernel == TextKernel::kSharedTokens) {
      sequences.push_back(*item->token_ids);
    } else {
      sequences.emplace_back(item->prefix->begin(), item->prefix->end());
    }
  }
  return sequences;
}

std::vector<stats::SparseValue> SquareRootShares(const TextFeatures& text) {
  double total = 0;
  for (const auto& [bucket, count] : text.trigrams) total += count;
  std::vector<stats::SparseValue> values;
  values.reserve(text.trigrams.size());
  for (const auto& [bucket, count] : text.trigrams) values.push_back({bucket, std::sqrt(count / total)});
  return values;
}

// Replaces features by their places among all that occur, in the same order; returns how many there are.
std::size_t NumberFeatures(std::vector<std::vector<stats::SparseValue>>& items) {
  std::vector<std::uint32_t> features;
  for (const auto& item : items) {
    for (const stats::SparseValue& v : item) features.push_back(v.feature);
  }
  std::sort(features.begin(), features.end());
  features.erase(std::unique(features.begin(), features.end()), features.end());
  for (auto& item : items) {
    auto place = features.begin();
    for (stats::SparseValue& v : item) {
      place = std::lower_bound(place, features.end(), v.feature);
      v.feature = static_cast<std::uint32_t>(place - features.begin());
    }
  }
  return features.size();
}

}  // namespace

Texts Spread(const std::vector<TextFeatures>& texts, std::size_t count) {
  Texts chosen;
  count = std::min(texts.size(), count);
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(&texts[i * texts.size() / count]);
  return chosen;
}

std::vector<TextCell> BuildTextCells(const SampleSet& reference, const SampleSet& observed) {
  std::vector<TextCell> cells;
  for (const auto& [id, probe] : reference.probes) {
    const auto it = observed.probes.find(id);
    if (probe.texts.empty() || it == observed.probes.end() || it->second.texts.empty()) continue;
    cells.push_back(BuildCell(id, probe, it->second));
  }
  cells = LimitPairs(std::move(cells));
  double total = 0;
  for (const TextCell& cell : cells) total += cell.weight;
  for (TextCell& cell : cells) cell.weight /= total;
  return cells;
}

bool HasKernel(TextKernel kernel, const Texts& items) {
  return std::all_of(items.begin(), items.end(), [kernel](const TextFeatures* item) {
    switch (kernel) {
      case TextKernel::kTrigrams:
        return true;
      case TextKernel::kPrefixMatches:
      case TextKernel::kSharedPrefix:
        return item->prefix.has_value();
      case TextKernel::kTokenMatches:
      case TextKernel::kSharedTokens:
        return item->token_ids.has_value();
    }
    return false;
  });
}

Eigen::MatrixXd BalancedTrigramGram(const std::vector<Texts>& cells) {
  std::vector<std::vector<stats::SparseValue>> items;
  for (const Texts& cell : cells) {
    for (const TextFeatures* text : cell) items.push_back(SquareRootShares(*text));
  }
  std::vector<double> sums(NumberFeatures(items), 0.0), squares = sums;
  std::size_t begin = 0;
  for (const Texts& cell : cells) {
    for (std::size_t i = begin; i < begin + cell.size(); ++i) {
      for (const stats::SparseValue& v : items[i]) {
        sums[v.feature] += v.value;
        squares[v.feature] += v.value * v.value;
      }
    }
    for (std::size_t i = begin; i < begin + cell.size(); ++i) {
      for (const stats::SparseValue& v : items[i]) {
        squares[v.feature] -= sums[v.feature] * sums[v.feature] / static_cast<double>(cell.size());
        sums[v.feature] = 0;
      }
    }
    begin += cell.size();
  }
  for (std::vector<stats::SparseValue>& item : items) {
    // Below this a 3-gram varies by rounding only.
    constexpr double kConstant = 1e-12;
    for (stats::SparseValue& v : item)
      v.value = squares[v.feature] > kConstant ? v.value / std::pow(squares[v.feature], 0.25) : 0;
  }
  return stats::LinearGram(items).value();
}

Eigen::MatrixXd TextGram(TextKernel kernel, const Texts& items) {
  if (kernel == TextKernel::kTrigrams) {
    std::vector<std::span<const stats::GramCount>> counts;
    for (const TextFeatures* item : items) counts.emplace_back(item->trigrams);
    return stats::SpectrumGram(counts).value();
  }
  const std::vector<std::vector<std::int32_t>> sequences = Sequences(kernel, items);
  const std::vector<std::span<const std::int32_t>> views(sequences.begin(), sequences.end());
  const bool matches = kernel == TextKernel::kPrefixMatches || kernel == TextKernel::kTokenMatches;
  return matches ? stats::HammingGram(views, kMatchedPositions).value()
                 : stats::SharedPrefixGram(views).value();
}

}  // namespace pinchbeck::internal
