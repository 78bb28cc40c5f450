// The example of docs/methods/anderson-darling.md.
#include <cstdio>
#include <span>
#include <vector>

#include "pinchbeck/stats/anderson_darling.h"
#include "pinchbeck/stats/anderson_darling_k_sample.h"
#include "pinchbeck/stats/kolmogorov_smirnov.h"

int main() {
  using pinchbeck::stats::AndersonDarling;
  using pinchbeck::stats::AndersonDarlingKSample;
  using pinchbeck::stats::KolmogorovSmirnov;
  using pinchbeck::stats::KSampleResult;
  using pinchbeck::stats::TwoSampleResult;
  // [page
  const std::vector<double> first = {10, 11, 12, 12, 13, 13, 14, 14, 15, 16};
  const std::vector<double> second = {9, 11, 12, 12, 13, 13, 14, 15, 16, 17};
  const std::vector<double> third = {1, 2, 3, 4, 5, 22, 24, 25, 27, 30};
  const TwoSampleResult two = AndersonDarling(first, third).value();
  std::printf("2 samples: %.3f, p = %.4f\n", two.statistic, two.p_value);
  const std::vector<std::span<const double>> samples = {first, second, third};
  const KSampleResult all = AndersonDarlingKSample(samples).value();
  std::printf("3 samples: %.3f, p = %.4f\n", all.statistic, all.p_value);

  // Fails: 400 values, and the same with those between 0.4 and 0.54 all at 0.4.
  std::vector<double> smooth, lump;
  for (int i = 0; i < 400; ++i) {
    smooth.push_back((i + 0.5) / 400);
    lump.push_back(i >= 160 && i < 216 ? 0.4 : smooth.back());
  }
  std::printf("one lump: p = %.3f, Kolmogorov-Smirnov p = %.5f\n", AndersonDarling(smooth, lump)->p_value,
              KolmogorovSmirnov(smooth, lump)->p_value);
  // page]
  return 0;
}
