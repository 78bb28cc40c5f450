#include "bench/accuracy/choice_contestants.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "pinchbeck/stats/count_statistics.h"
#include "pinchbeck/stats/permutation.h"

namespace pinchbeck::accuracy {

std::int64_t Total(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

Counts CountAnswers(std::span<const int> answers, std::size_t categories) {
  Counts counts(categories, 0);
  for (const int answer : answers) ++counts[static_cast<std::size_t>(answer)];
  return counts;
}

double JensenShannonBits(const Counts& reference, const Counts& observed) {
  const double m = static_cast<double>(Total(reference)), n = static_cast<double>(Total(observed));
  auto term = [](double p) { return p > 0 ? p * std::log2(p) : 0.0; };
  double sum = 0;
  for (std::size_t k = 0; k < reference.size(); ++k) {
    if (reference[k] == 0 && observed[k] == 0) continue;
    const double p = static_cast<double>(reference[k]) / m, q = static_cast<double>(observed[k]) / n;
    sum += 0.5 * term(p) + 0.5 * term(q) - term(0.5 * (p + q));
  }
  return sum;
}

OmnibusPValues OmnibusTests(const Counts& reference, const Counts& observed, std::int64_t permutations,
                            std::uint64_t seed) {
  Counts seen_reference, seen_observed;
  for (std::size_t k = 0; k < reference.size(); ++k) {
    if (reference[k] + observed[k] == 0) continue;
    seen_reference.push_back(reference[k]);
    seen_observed.push_back(observed[k]);
  }
  std::vector<stats::CountCell> cells;
  cells.emplace_back(seen_reference, seen_observed);
  const double m = static_cast<double>(cells[0].stratum().n_reference),
               n = static_cast<double>(cells[0].stratum().n_observed);
  cells[0].AddJensenShannon(1);
  // The unbiased statistic of the kernel 1[a = b], whose means are sums over categories.
  cells[0].AddStatistic([m, n](std::size_t, std::int64_t x, std::int64_t y) {
    const double a = static_cast<double>(x), b = static_cast<double>(y);
    return (m > 1 ? a * (a - 1) / (m * (m - 1)) : 0) + (n > 1 ? b * (b - 1) / (n * (n - 1)) : 0) -
           2 * a * b / (m * n);
  });
  const auto table = stats::EvaluateCountRelabelings(cells, {.permutations = permutations, .seed = seed});
  OmnibusPValues p_values;
  if (!table.ok()) return p_values;
  p_values.jensen_shannon = stats::PermutationPValue(table->values.row(0));
  p_values.mmd = stats::PermutationPValue(table->values.row(1));
  return p_values;
}

}  // namespace pinchbeck::accuracy
