#include "bench/accuracy/choice_table.h"

#include <utility>
#include <vector>

#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/count_statistics.h"
#include "pinchbeck/stats/permutation.h"

namespace pinchbeck::accuracy {
namespace {

using internal::ChoiceCell;

// The answers that either side gave, by their places in the data.
std::vector<std::size_t> PooledAnswers(const Counts& reference, const Counts& observed) {
  std::vector<std::size_t> pooled;
  for (std::size_t k = 0; k < reference.size(); ++k) {
    if (reference[k] + observed[k] > 0) pooled.push_back(k);
  }
  return pooled;
}

// As the product smooths an alternative: half an answer added to each that any side gave.
std::vector<double> Smoothed(const Counts& alternative, const std::vector<std::size_t>& pooled) {
  constexpr double kAdded = 0.5;
  std::size_t support = pooled.size();
  std::int64_t total = 0;
  for (const std::int64_t count : alternative) {
    support += count > 0 ? 1 : 0;
    total += count;
  }
  for (const std::size_t k : pooled) support -= alternative[k] > 0 ? 1 : 0;
  const double sum = static_cast<double>(total) + kAdded * static_cast<double>(support);
  std::vector<double> probabilities;
  for (const std::size_t k : pooled) {
    probabilities.push_back((static_cast<double>(alternative[k]) + kAdded) / sum);
  }
  return probabilities;
}

std::vector<std::int64_t> Numbers(const ChoiceData& data, const std::vector<std::size_t>& pooled) {
  constexpr std::size_t kLeast = 3;
  std::vector<std::int64_t> numbers;
  for (const std::size_t k : pooled) {
    if (!data.numbers[k]) return {};
    numbers.push_back(*data.numbers[k]);
  }
  if (numbers.size() < kLeast) numbers.clear();
  return numbers;
}

ChoiceCell MakeCell(const ChoiceData& data, const Counts& reference, const Counts& observed,
                    std::span<const Counts* const> alternatives) {
  const std::vector<std::size_t> pooled = PooledAnswers(reference, observed);
  ChoiceCell cell;
  for (const std::size_t k : pooled) {
    cell.reference.push_back(reference[k]);
    cell.observed.push_back(observed[k]);
  }
  for (const Counts* alternative : alternatives) cell.alternatives.push_back(Smoothed(*alternative, pooled));
  cell.numbers = Numbers(data, pooled);
  return cell;
}

// The unbiased statistic of the kernel 1[a = b], whose means are sums over categories.
void AddMmd(stats::CountCell& table) {
  const auto m = static_cast<double>(table.stratum().n_reference),
             n = static_cast<double>(table.stratum().n_observed);
  table.AddStatistic([m, n](std::size_t, std::int64_t x, std::int64_t y) {
    const auto a = static_cast<double>(x), b = static_cast<double>(y);
    return (m > 1 ? a * (a - 1) / (m * (m - 1)) : 0) + (n > 1 ? b * (b - 1) / (n * (n - 1)) : 0) -
           2 * a * b / (m * n);
  });
}

}  // namespace

absl::StatusOr<ChoiceTable> ChoiceTable::Make(const ChoiceData& data, const Counts& reference,
                                              const Counts& observed,
                                              std::span<const Counts* const> alternatives,
                                              std::int64_t permutations, std::uint64_t seed) {
  const std::vector<ChoiceCell> cells = {MakeCell(data, reference, observed, alternatives)};
  internal::ChoiceStatistics statistics(cells, alternatives.size());
  std::vector<stats::CountCell> tables;
  tables.emplace_back(cells[0].reference, cells[0].observed);
  statistics.AddTo(cells[0], 1, tables[0]);
  AddMmd(tables[0]);
  PINCHBECK_ASSIGN_OR_RETURN(const stats::PermutationTable table,
                             stats::EvaluateCountRelabelings(
                                 tables, {.permutations = permutations, .seed = stats::MixSeed(seed, 1)}));
  return ChoiceTable(std::move(statistics), table.values);
}

double ChoiceTable::PValue(std::span<const std::size_t> alternatives) const {
  return stats::PermutationPValue(statistics_.Combine(ours_, alternatives));
}

double ChoiceTable::JensenShannonPValue() const { return stats::PermutationPValue(ours_.row(0)); }

double ChoiceTable::MmdPValue() const { return stats::PermutationPValue(mmd_); }

}  // namespace pinchbeck::accuracy
