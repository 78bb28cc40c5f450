// The example of docs/methods/cramer-von-mises.md.
#include <cstdio>
#include <vector>

#include "pinchbeck/stats/cramer_von_mises.h"
#include "pinchbeck/stats/kolmogorov_smirnov.h"

int main() {
  using pinchbeck::stats::CramerVonMises;
  using pinchbeck::stats::KolmogorovSmirnov;
  using pinchbeck::stats::TwoSampleResult;
  // [page
  const std::vector<double> reference = {0.9, 1.1, 1.2, 1.4, 1.5, 1.7, 1.8, 2.0};
  const std::vector<double> observed = {1.6, 1.9, 2.1, 2.2, 2.4, 2.5, 2.7, 3.0};
  const TwoSampleResult result = CramerVonMises(reference, observed).value();
  std::printf("T = %.4f, p = %.5f, effect %.3f\n", result.statistic, result.p_value, result.effect);

  // Fails: 400 values, and the same with those between 0.4 and 0.54 all at 0.4.
  std::vector<double> smooth, lump;
  for (int i = 0; i < 400; ++i) {
    smooth.push_back((i + 0.5) / 400);
    lump.push_back(i >= 160 && i < 216 ? 0.4 : smooth.back());
  }
  std::printf("one lump: p = %.3f, Kolmogorov-Smirnov p = %.5f\n", CramerVonMises(smooth, lump)->p_value,
              KolmogorovSmirnov(smooth, lump)->p_value);
  // page]
  return 0;
}
