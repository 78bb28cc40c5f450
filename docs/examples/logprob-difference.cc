// The example of docs/methods/logprob-difference.md.
#include <Eigen/Core>
#include <cstdio>
#include <vector>

#include "pinchbeck/stats/logprob_difference.h"
#include "pinchbeck/stats/margin_test.h"

int main() {
  using pinchbeck::stats::LogprobDifference;
  using pinchbeck::stats::LogprobStratum;
  using pinchbeck::stats::MeanAboveMarginPValue;
  using pinchbeck::stats::TwoSampleResult;
  // [page
  // Five answers a side to one probe, three tokens, in nats.
  Eigen::MatrixXd reference(5, 3), observed(5, 3);
  reference << -0.11, -2.90, -5.1, -0.12, -2.88, -5.0, -0.11, -2.91, -5.2, -0.10, -2.90, -5.1, -0.11, -2.89,
      -5.1;
  observed << -0.14, -2.70, -5.0, -0.15, -2.69, -5.1, -0.14, -2.72, -5.1, -0.13, -2.70, -5.0, -0.14, -2.71,
      -5.0;
  const LogprobStratum probe[] = {{reference, observed}};
  const TwoSampleResult equality = LogprobDifference(probe).value();
  std::printf("difference %.3f nats, equality p = %.4f\n", equality.statistic, equality.p_value);

  // Differences of eight probes. Are they larger than 0.5 nats on average?
  const std::vector<double> differences = {0.9, 1.1, 1.0, 1.3, 0.8, 1.2, 0.95, 1.05};
  std::printf("margin 0.5: p = %.4f\n", MeanAboveMarginPValue(differences, 0.5, 0).value());

  // Fails: the same differences against a margin of 0.7; eight probes must exceed it by far more.
  std::printf("margin 0.7: p = %.4f\n", MeanAboveMarginPValue(differences, 0.7, 0).value());
  // page]
  return 0;
}
