// One header of pinchbeck::stats, and nothing else to link.
// [page
#include <cstdio>

#include "pinchbeck/stats/kolmogorov_smirnov.h"

int main() {
  const double reference[] = {0.9, 1.1, 1.2, 1.4, 1.5, 1.7, 1.8, 2.0};
  const double observed[] = {1.6, 1.9, 2.1, 2.2, 2.4, 2.5, 2.7, 3.0};
  const auto result = pinchbeck::stats::KolmogorovSmirnov(reference, observed);
  if (!result.ok()) return 1;
  std::printf("D = %.3f, p = %.5f\n", result->statistic, result->p_value);
}
// page]
