// The example of docs/methods/mean-bound.md.
#include <cstdio>
#include <vector>

#include "pinchbeck/stats/mean_bound.h"

int main() {
  using pinchbeck::stats::MeanBoundMethod;
  using pinchbeck::stats::UpperMeanBound;
  // [page
  // 200 scores between 0 and 4, most of them small: how large can their expectation be?
  const std::vector<double> values = {0, 0.5, 1, 4};
  const std::vector<std::int64_t> counts = {150, 30, 18, 2};
  const auto betting = UpperMeanBound(values, counts, 0, 4, {.level = 0.01, .variance_guess = 0.3});
  const auto unguided = UpperMeanBound(values, counts, 0, 4, {.level = 0.01, .variance_guess = 4});
  const auto bernstein =
      UpperMeanBound(values, counts, 0, 4, {.method = MeanBoundMethod::kEmpiricalBernstein, .level = 0.01});
  std::printf("mean %.3f\n", (30 * 0.5 + 18 * 1 + 2 * 4) / 200.0);
  std::printf("betting: %.3f\n", *betting);
  std::printf("betting, variance guessed badly: %.3f\n", *unguided);
  std::printf("empirical Bernstein: %.3f\n", *bernstein);

  // Fails: two values say nothing at this level; the bound is the end of the range.
  const std::vector<std::int64_t> two = {2, 0, 0, 0};
  std::printf("two values: %.3f\n", *UpperMeanBound(values, two, 0, 4, {.level = 0.01}));
  // page]
  return 0;
}
