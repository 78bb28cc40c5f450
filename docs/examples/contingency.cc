// The example of docs/methods/contingency.md.
#include "pinchbeck/stats/contingency.h"

#include <cstdio>
#include <vector>

int main() {
  using pinchbeck::stats::ChiSquareTest;
  using pinchbeck::stats::ContingencyMethod;
  using pinchbeck::stats::LikelihoodRatioTest;
  using pinchbeck::stats::TwoSampleResult;
  // [page
  const std::vector<std::int64_t> reference = {30, 12, 6, 2};
  const std::vector<std::int64_t> observed = {18, 14, 10, 8};
  const TwoSampleResult x2 = ChiSquareTest(reference, observed).value();
  const TwoSampleResult g = LikelihoodRatioTest(reference, observed).value();
  std::printf("X2 = %.3f, V = %.3f, p = %.4f\n", x2.statistic, x2.effect, x2.p_value);
  std::printf("G = %.3f, p = %.4f\n", g.statistic, g.p_value);
  const auto limit = ChiSquareTest(reference, observed, {.method = ContingencyMethod::kAsymptotic}).value();
  std::printf("limit: p = %.4f\n", limit.p_value);

  // Fails: free answers that are all different, 10 on each side.
  std::vector<std::int64_t> first(20, 0), second(20, 0);
  for (std::size_t k = 0; k < 20; ++k) (k < 10 ? first : second)[k] = 1;
  const TwoSampleResult free = ChiSquareTest(first, second).value();
  std::printf("all different: X2 = %.0f, V = %.0f, p = %.0f\n", free.statistic, free.effect, free.p_value);
  // page]
  return 0;
}
