// The example of docs/methods/mann-whitney.md.
#include <cstdio>
#include <vector>

#include "pinchbeck/stats/anderson_darling.h"
#include "pinchbeck/stats/mann_whitney.h"

int main() {
  using pinchbeck::stats::Alternative;
  using pinchbeck::stats::AndersonDarling;
  using pinchbeck::stats::MannWhitney;
  using pinchbeck::stats::TwoSampleResult;
  // [page
  const std::vector<double> reference = {310, 355, 290, 402, 335, 371, 288, 340};
  const std::vector<double> observed = {250, 305, 298, 260, 331, 275, 244, 312};
  const TwoSampleResult both = MannWhitney(reference, observed).value();
  const TwoSampleResult less =
      MannWhitney(reference, observed, {.alternative = Alternative::kObservedLess}).value();
  std::printf("U = %.1f, delta %.3f, p = %.5f, fewer tokens p = %.5f\n", both.statistic, both.effect,
              both.p_value, less.p_value);

  // Fails: the same centre, three times the spread.
  std::vector<double> narrow, wide;
  for (int i = -20; i <= 20; ++i) {
    narrow.push_back(i);
    wide.push_back(3 * i);
  }
  std::printf("spread: p = %.3f, Anderson-Darling p = %.4f\n", MannWhitney(narrow, wide)->p_value,
              AndersonDarling(narrow, wide)->p_value);
  // page]
  return 0;
}
