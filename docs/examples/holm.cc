// The example of docs/methods/holm.md.
#include <cstdio>
#include <vector>

#include "pinchbeck/stats/multiplicity.h"

int main() {
  using pinchbeck::stats::HolmAdjust;
  // [page
  const std::vector<double> p_values = {0.01, 0.04, 0.03};
  for (const std::size_t family : {3, 4}) {
    const std::vector<double> adjusted = HolmAdjust(p_values, family);
    std::printf("family of %zu: %.2f %.2f %.2f\n", family, adjusted[0], adjusted[1], adjusted[2]);
  }

  // Fails: an audit that is repeated until its best p-value looks small. Each repetition is a test of the
  // family.
  const std::vector<double> best = {0.009};
  std::printf("alone %.3f, as the best of 20 audits %.3f\n", HolmAdjust(best, 1)[0], HolmAdjust(best, 20)[0]);
  // page]
  return 0;
}
