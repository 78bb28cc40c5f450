// The example of docs/methods/margin-test.md.
#include <cstdio>
#include <vector>

#include "pinchbeck/stats/margin_test.h"

int main() {
  using pinchbeck::stats::DetectableAboveMargin;
  using pinchbeck::stats::MeanAboveMarginPValue;
  // [page
  // Differences of mean log-probability in nats, one a probe, corrected for noise; none can be below -0.005.
  const std::vector<double> eight_bit = {0.012, 0.009, 0.014, 0.010, 0.011, 0.013, 0.008, 0.012};
  const std::vector<double> sibling = {0.62, 0.71, 0.35, 0.90, 0.55, 0.48, 0.77, 0.66};
  const double margin = 0.1, floor = 0.005;
  std::printf("8-bit weights: p = %.3f\n", *MeanAboveMarginPValue(eight_bit, margin, floor));
  std::printf("sibling: p = %.2g\n", *MeanAboveMarginPValue(sibling, margin, floor));
  std::printf("8 probes surely find %.3f nats\n", DetectableAboveMargin(margin, floor, 0.01, 8));
  std::printf("30 probes surely find %.3f nats\n", DetectableAboveMargin(margin, floor, 0.01, 30));

  // Fails: two probes cannot refute the margin unless they exceed it twentyfold.
  const std::vector<double> two = {0.62, 0.71};
  std::printf("two probes: p = %.3f\n", *MeanAboveMarginPValue(two, margin, floor));
  // page]
  return 0;
}
