// The statistics alone.
#include <cstdio>
#include <vector>

#include "pinchbeck/stats/mann_whitney.h"

int main() {
  const std::vector<double> reference = {1, 2, 3, 4, 5}, observed = {6, 7, 8, 9, 10};
  const auto result = pinchbeck::stats::MannWhitney(reference, observed);
  if (!result.ok()) return 2;
  std::printf("p = %.6f\n", result->p_value);
}
