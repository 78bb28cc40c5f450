// The example of docs/methods/kolmogorov-smirnov.md.
#include <cstdio>
#include <iostream>
#include <vector>

#include "pinchbeck/stats/anderson_darling.h"
#include "pinchbeck/stats/kolmogorov_smirnov.h"

int main() {
  using pinchbeck::stats::Alternative;
  using pinchbeck::stats::AndersonDarling;
  using pinchbeck::stats::KolmogorovSmirnov;
  using pinchbeck::stats::TwoSampleResult;
  // [page
  const std::vector<double> reference = {0.9, 1.1, 1.2, 1.4, 1.5, 1.7, 1.8, 2.0};
  const std::vector<double> observed = {1.6, 1.9, 2.1, 2.2, 2.4, 2.5, 2.7, 3.0};
  const TwoSampleResult any = KolmogorovSmirnov(reference, observed).value();
  const TwoSampleResult slower =
      KolmogorovSmirnov(reference, observed, {.alternative = Alternative::kObservedGreater}).value();
  std::printf("D = %.3f, p = %.5f\n", any.statistic, any.p_value);
  std::printf("D+ = %.3f, p = %.5f\n", slower.statistic, slower.p_value);
  std::cout << any.method << "\n";

  // Fails: 300 values, and the same values spread by a quarter more.
  std::vector<double> narrow, wide;
  for (int i = 1; i <= 300; ++i) {
    narrow.push_back(i / 301.0 - 0.5);
    wide.push_back(1.25 * narrow.back());
  }
  std::printf("spread: p = %.3f, Anderson-Darling p = %.3f\n", KolmogorovSmirnov(narrow, wide)->p_value,
              AndersonDarling(narrow, wide)->p_value);
  // page]
  return 0;
}
