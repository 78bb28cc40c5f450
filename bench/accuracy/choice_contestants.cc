#include "bench/accuracy/choice_contestants.h"

#include <algorithm>
#include <cmath>
#include <numeric>

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

}  // namespace pinchbeck::accuracy
